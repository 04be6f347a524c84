//! The histogram of x_T against the exact mixture and the Gaussian.

use super::super::ObservableRow;
use super::WAYS;
use super::ks::normal_cdf;
use super::noise::Origin;
use crate::lab::Lab;
use crate::stats::Interval;

/// Bins.
const BINS: usize = 60;
/// The histogram reaches this many standard deviations of the noise beyond the signal, and at least from -6 to 6.
const REACH: f64 = 6.0;
/// Levels to which the coordinates of x_0 are rounded for the exact mixture: an error of 1e-8 of a density.
const LEVELS: usize = 4096;
/// Counts expected in a bin of the chi-square, at least.
const LEAST_EXPECTED: f64 = 5.0;

/// The rows of t = T.
pub(super) fn rows(lab: &Lab<'_>, origin: &Origin, states: [&[f32]; 2]) -> Vec<ObservableRow> {
    let t = lab.schedule.last();
    let forward = lab.schedule.forward(t);
    let x0 = lab.data.frame.lift(&origin.z0, 1.0);
    let largest = x0.iter().map(|x| f64::from(x.abs())).filter(|x| x.is_finite()).fold(0.0, f64::max);
    let bins = Bins { reach: REACH.max(forward.signal * largest + REACH * forward.noise) };
    let exact = bins.shares_of_mixture(&x0, forward.signal, forward.noise);
    let normal = bins.shares(&normal_cdf);
    let row = |model: &str, bin: usize, share: f64| {
        ObservableRow::exact(t, model, "noise_density", share / bins.width()).at(bins.centre(bin))
    };
    let mut rows: Vec<ObservableRow> = Vec::new();
    for (model, shares) in [("exact", &exact), ("normal", &normal)] {
        rows.extend(shares.iter().enumerate().map(|(bin, &share)| row(model, bin, share)));
    }
    for (way, z) in WAYS.into_iter().zip(states) {
        let counts = bins.counts(&lab.data.frame.lift(z, forward.signal));
        let total = z.len() as f64;
        rows.extend(counts.iter().enumerate().map(|(bin, &count)| {
            let (low, high) = poisson(count);
            let density = |count: f64| count / total / bins.width();
            let interval = Interval { value: density(count), low: density(low), high: density(high) };
            row(way, bin, 0.0).with_interval(interval, origin.n)
        }));
        for (quantity, shares) in [("chi2_exact", &exact), ("chi2_normal", &normal)] {
            let value = chi2(&counts, &shares.iter().map(|share| share * total).collect::<Vec<_>>());
            rows.push(ObservableRow { trajectories: Some(origin.n), ..ObservableRow::exact(t, way, quantity, value) });
        }
    }
    rows
}

/// Equal bins from -reach to reach.
struct Bins {
    reach: f64,
}

impl Bins {
    fn width(&self) -> f64 {
        2.0 * self.reach / BINS as f64
    }

    fn edge(&self, i: usize) -> f64 {
        -self.reach + i as f64 * self.width()
    }

    fn centre(&self, bin: usize) -> f64 {
        self.edge(bin) + 0.5 * self.width()
    }

    /// How many values lie in each bin; those beyond the ends, and those that are no numbers, in none.
    fn counts(&self, values: &[f32]) -> Vec<f64> {
        let mut counts = vec![0.0; BINS];
        for &value in values {
            let place = (f64::from(value) + self.reach) / self.width();
            if let (true, Some(count)) = (place >= 0.0, counts.get_mut(place as usize)) {
                *count += 1.0;
            }
        }
        counts
    }

    /// What a law of this distribution function has in each bin.
    fn shares(&self, cdf: &dyn Fn(f64) -> f64) -> Vec<f64> {
        let below: Vec<f64> = (0..=BINS).map(|i| cdf(self.edge(i))).collect();
        below.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// What the mixture of N(signal x, noise^2) over all values x has in each bin.
    fn shares_of_mixture(&self, x0: &[f32], signal: f64, noise: f64) -> Vec<f64> {
        let (low, high) =
            x0.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &x| (x.min(low), x.max(high)));
        let step = ((f64::from(high) - f64::from(low)) / LEVELS as f64).max(f64::MIN_POSITIVE);
        let mut levels = vec![0_u64; LEVELS + 1];
        for &x in x0 {
            let level = ((f64::from(x) - f64::from(low)) / step).round() as usize;
            levels[level.min(LEVELS)] += 1;
        }
        let mut shares = vec![0.0; BINS];
        for (level, &count) in levels.iter().enumerate().filter(|(_, count)| **count > 0) {
            let centre = signal * (f64::from(low) + level as f64 * step);
            let weight = count as f64 / x0.len() as f64;
            let own = self.shares(&|x| normal_cdf((x - centre) / noise));
            shares.iter_mut().zip(own).for_each(|(share, own)| *share += weight * own);
        }
        shares
    }
}

/// The 95% interval of the mean of a Poisson count (Byar's approximation: Breslow and Day 1987, section 2.3).
fn poisson(count: f64) -> (f64, f64) {
    let end = |n: f64, z: f64| n * (1.0 - 1.0 / (9.0 * n) + z / (3.0 * n.sqrt())).powi(3);
    let low = if count > 0.0 { end(count, -1.96).max(0.0) } else { 0.0 };
    (low, end(count + 1.0, 1.96))
}

/// (1/k) sum (n - m)^2 / m over the k bins where m is at least [`LEAST_EXPECTED`].
fn chi2(counts: &[f64], expected: &[f64]) -> f64 {
    let terms = counts.iter().zip(expected).filter(|(_, m)| **m >= LEAST_EXPECTED).map(|(n, m)| (n - m).powi(2) / m);
    let (sum, k) = terms.fold((0.0, 0_usize), |(sum, k), term| (sum + term, k + 1));
    sum / k as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_the_mixture_of_one_point_is_a_gaussian() {
        let bins = Bins { reach: 8.0 };
        let normal = bins.shares(&normal_cdf);
        assert!((normal.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let moved = bins.shares(&|x| normal_cdf((x - 1.5) / 0.6));
        let found = bins.shares_of_mixture(&[3.0; 5], 0.5, 0.6);
        assert!(found.iter().zip(&moved).all(|(a, b)| (a - b).abs() < 1e-12));
        // Two points and their mean density; the levels between them hold neither.
        let both = bins.shares_of_mixture(&[3.0, -3.0, 3.0, 3.0], 0.5, 0.6);
        let other = bins.shares(&|x| normal_cdf((x + 1.5) / 0.6));
        assert!(both.iter().zip(moved.iter().zip(&other)).all(|(f, (a, b))| (f - 0.75 * a - 0.25 * b).abs() < 1e-9));
    }

    #[test]
    fn values_are_counted_where_they_lie() {
        let bins = Bins { reach: 6.0 };
        let counts = bins.counts(&[-6.0, -5.81, 0.1, 5.99, 6.0, -6.1, f32::NAN, f32::INFINITY]);
        assert_eq!((counts[0], counts[30], counts[59], counts.iter().sum::<f64>()), (2.0, 1.0, 1.0, 4.0));
        assert!((bins.centre(30) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn poisson_intervals_are_those_of_the_tables() {
        // Exact: 0: 0 to 3.689; 1: 0.0253 to 5.572; 10: 4.795 to 18.39; 100: 81.36 to 121.6 (Garwood 1936).
        for (count, low, high) in [(0.0, 0.0, 3.689), (1.0, 0.0253, 5.572), (10.0, 4.795, 18.39), (100.0, 81.36, 121.6)]
        {
            let found = poisson(count);
            assert!((found.0 - low).abs() < 0.05 && (found.1 - high).abs() < 0.05, "{count}: {found:?}");
        }
    }

    #[test]
    fn chi_square_is_per_bin_that_holds_enough() {
        assert_eq!(chi2(&[12.0, 6.0, 3.0], &[10.0, 10.0, 1.0]), (0.4 + 1.6) / 2.0);
    }
}
