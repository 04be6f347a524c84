//! Estimates with a standard error, and Student's t-tests.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// An estimate whose error, in units of its standard error, follows Student's t (the normal law for infinite `df`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// Degrees of freedom of the standard error; infinite where it is known.
    pub df: f64,
}

impl Estimate {
    /// The 95% interval: value -+ t_{0.975, df} se.
    pub fn interval(&self) -> (f64, f64) {
        let half = quantile(0.975, self.df) * self.se;
        (self.value - half, self.value + half)
    }

    /// The two-sided p-value of the hypothesis that 0 is estimated, 2 P(T_df > |value| / se); without any spread 1 for
    /// the value 0 and 0 for all others.
    pub fn p(&self) -> f64 {
        if self.se > 0.0 {
            (2.0 * upper_tail((self.value / self.se).abs(), self.df)).min(1.0)
        } else if self.value == 0.0 {
            1.0
        } else {
            0.0
        }
    }

    /// From the differences of pairs: the mean, s / sqrt(n) and n - 1; `None` for fewer than two.
    pub fn of_pairs(differences: &[f64]) -> Option<Self> {
        let (mean, variance) = moments(differences)?;
        let n = differences.len() as f64;
        Some(Self { value: mean, se: (variance / n).sqrt(), df: n - 1.0 })
    }

    /// Of mean(other) - mean(base) for independent sets of unequal variances, v = s^2 / n each: standard error
    /// sqrt(v_1 + v_2), degrees of freedom (v_1 + v_2)^2 / sum v_i^2 / (n_i - 1) (Welch 1947); `None` for fewer than two
    /// in either.
    pub fn of_sets(base: &[f64], other: &[f64]) -> Option<Self> {
        let ((base_mean, base_variance), (mean, variance)) = (moments(base)?, moments(other)?);
        let (n1, n2) = (base.len() as f64, other.len() as f64);
        let (v1, v2) = (base_variance / n1, variance / n2);
        let (sum, value) = (v1 + v2, mean - base_mean);
        let df = if sum > 0.0 { sum * sum / (v1 * v1 / (n1 - 1.0) + v2 * v2 / (n2 - 1.0)) } else { n1 + n2 - 2.0 };
        Some(Self { value, se: sum.sqrt(), df })
    }
}

/// The mean and the unbiased variance; `None` for fewer than two values.
fn moments(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (values.len() > 1).then_some((mean, variance))
}

/// P(T_df > t).
fn upper_tail(t: f64, df: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, df) {
        Ok(law) if df.is_finite() => law.sf(t),
        _ => Normal::standard().sf(t),
    }
}

/// The p-quantile of Student's t.
pub(crate) fn quantile(p: f64, df: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, df) {
        Ok(law) if df.is_finite() => law.inverse_cdf(p),
        _ => Normal::standard().inverse_cdf(p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Student 1908: additional hours of sleep of ten patients under two drugs.
    const DEXTRO: [f64; 10] = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    const LAEVO: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    // What scripts/make_reference/tests.py prints.
    const PAIRED: [f64; 4] = [4.062127683382037, 0.002832890197384273, 0.7001142367230175, 2.459885763276983];
    const WELCH: [f64; 3] = [1.8608134674868526, 17.776473516178488, 0.0793941401873583];
    const TAILS: [(f64, f64, f64); 4] = [
        (2.0, 2.0, 0.09175170953613698),
        (4.0, 9.0, 0.0015552141551929272),
        (30.0, 4.5, 1.17198714939426e-06),
        (8.0, 99.0, 1.2001519105284427e-12),
    ];
    const QUANTILES: [(f64, f64, f64); 4] = [
        (0.975, 2.0, 4.302652729749462),
        (0.975, 9.0, 2.262157162798205),
        (0.975, 2.25, 3.875480223220667),
        (0.9995, 99.0, 3.391528833363685),
    ];

    #[test]
    fn students_sleep_data_paired_and_welch() {
        // scripts/make_reference/tests.py (scipy); the paired t = 4.0621, p = 0.0028 is also that of Student's paper.
        let differences: Vec<f64> = LAEVO.iter().zip(DEXTRO).map(|(laevo, dextro)| laevo - dextro).collect();
        let paired = Estimate::of_pairs(&differences).unwrap();
        let [t, p, low, high] = PAIRED;
        close(paired.value / paired.se, t);
        close(paired.p(), p);
        close(paired.interval().0, low);
        close(paired.interval().1, high);
        let welch = Estimate::of_sets(&DEXTRO, &LAEVO).unwrap();
        let [t, df, p] = WELCH;
        close(welch.value / welch.se, t);
        close(welch.df, df);
        close(welch.p(), p);
    }

    #[track_caller]
    fn close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-7, "{found} {expected}");
    }

    #[test]
    fn tails_and_quantiles_far_out_and_of_broken_degrees_of_freedom() {
        for (t, df, tail) in TAILS {
            close(upper_tail(t, df), tail);
        }
        for (p, df, t) in QUANTILES {
            close(quantile(p, df), t);
        }
    }

    #[test]
    fn without_spread_only_equality_is_no_difference() {
        let of = |values: &[f64]| Estimate::of_pairs(values).unwrap();
        assert_eq!((of(&[0.0; 3]).p(), of(&[2.0; 3]).p(), of(&[2.0; 3]).interval()), (1.0, 0.0, (2.0, 2.0)));
        assert_eq!(Estimate::of_sets(&[1.0, 1.0], &[1.0, 1.0]).unwrap().p(), 1.0);
        assert_eq!((Estimate::of_pairs(&[1.0]), Estimate::of_sets(&[1.0], &[1.0, 2.0])), (None, None));
    }
}
