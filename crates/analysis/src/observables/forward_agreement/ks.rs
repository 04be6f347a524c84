//! Kolmogorov-Smirnov distances of many sorted values.

use statrs::function::erf::erfc;

/// The 95% quantile of sqrt(n) D for large n (Smirnov 1948).
const QUANTILE: f64 = 1.3581;

/// The 95% quantile of the distance of n values from their law.
pub(super) fn quantile(n: usize) -> f64 {
    QUANTILE / (n as f64).sqrt()
}

/// The 95% quantile of the distance between n values and n others of the same law.
pub(super) fn quantile_of_two(n: usize) -> f64 {
    QUANTILE * (2.0 / n as f64).sqrt()
}

/// Phi(x).
pub(super) fn normal_cdf(x: f64) -> f64 {
    0.5 * erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// max |F_n - Phi| of increasing values; NaN where there is none or one is not finite.
pub(super) fn from_normal(sorted: &[f32]) -> f64 {
    if !are_numbers(sorted) {
        return f64::NAN;
    }
    let n = sorted.len() as f64;
    let distance = |(i, &x): (usize, &f32)| {
        let p = normal_cdf(f64::from(x));
        (p - i as f64 / n).max((i + 1) as f64 / n - p)
    };
    sorted.iter().enumerate().map(distance).fold(0.0, f64::max)
}

/// max |F_n - G_m| of two increasing sets; NaN where one has none or one is not finite.
pub(super) fn between(one: &[f32], other: &[f32]) -> f64 {
    if !are_numbers(one) || !are_numbers(other) {
        return f64::NAN;
    }
    let (mut i, mut j, mut most) = (0, 0, 0.0_f64);
    while i < one.len() && j < other.len() {
        let at = one[i].min(other[j]);
        while i < one.len() && one[i] <= at {
            i += 1;
        }
        while j < other.len() && other[j] <= at {
            j += 1;
        }
        most = most.max((i as f64 / one.len() as f64 - j as f64 / other.len() as f64).abs());
    }
    most
}

/// Whether there are values and the ends, and so all between, are finite.
fn are_numbers(sorted: &[f32]) -> bool {
    [sorted.first(), sorted.last()].iter().all(|end| end.is_some_and(|end| end.is_finite()))
}

#[cfg(test)]
mod tests {
    use schedule::{Purpose, Stream};

    use super::*;

    fn normals(stream: u64, n: usize, scale: f32, shift: f32) -> Vec<f32> {
        let mut values = vec![0.0; n];
        Stream::new(1, Purpose::Choice, stream, 7).fill_normal(&mut values);
        values.iter_mut().for_each(|value| *value = scale * *value + shift);
        values.sort_unstable_by(f32::total_cmp);
        values
    }

    #[test]
    fn distances_of_small_sets_by_hand() {
        assert_eq!(between(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), 0.0);
        assert_eq!(between(&[1.0, 2.0], &[3.0, 4.0, 5.0]), 1.0);
        // At 1 and 1.5: 1/2 against 0 and 1/2; at 2: 1 against 1/2.
        assert_eq!(between(&[1.0, 2.0], &[1.5, 2.5]), 0.5);
        assert_eq!(from_normal(&[0.0]), 0.5);
        assert!(from_normal(&[]).is_nan() && between(&[f32::NAN], &[0.0]).is_nan());
    }

    /// 5% of sets of normals lie beyond the quantiles; sets of another scale or place almost all do.
    #[test]
    fn quantiles_are_calibrated_and_the_distances_see_what_is_wrong() {
        const SETS: u64 = 1000;
        let n = 1000;
        let beyond = |scale: f32, shift: f32| {
            let pair = |k: u64| (normals(2 * k, n, scale, shift), normals(2 * k + 1, n, 1.0, 0.0));
            let far = (0..SETS).map(pair).map(|(one, other)| {
                [from_normal(&one) > quantile(n), between(&one, &other) > quantile_of_two(n)].map(u64::from)
            });
            far.fold([0, 0], |sum, far| [sum[0] + far[0], sum[1] + far[1]])
        };
        let expected = 0.05 * SETS as f64;
        for count in beyond(1.0, 0.0) {
            assert!((count as f64 - expected).abs() < 4.0 * (0.95 * expected).sqrt(), "{count} of {SETS}");
        }
        assert!(beyond(1.0, 0.2).into_iter().all(|count| count > 9 * SETS / 10));
        assert!(beyond(1.5, 0.0).into_iter().all(|count| count > 9 * SETS / 10));
    }
}
