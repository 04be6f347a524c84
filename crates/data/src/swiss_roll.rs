//! The Swiss roll: a plane spiral.

use std::f64::consts::PI;

use crate::draw::{Split, check_counts};
use crate::{DataError, Dataset, Samples, Shape};

/// Radius at theta = 0, in units of the scale.
const INNER_RADIUS: f64 = 5.0;
/// The angle at the outer end: one and a half turns.
const THETA_END: f64 = 3.0 * PI;
/// Divides every coordinate, so that the variances are below 1.
const SCALE: f64 = 12.0;

/// n points of the spiral in order of theta: x0 = (r cos theta, r sin theta) / 12, r = 5 + theta, theta evenly spaced
/// over [0, 3 pi] with both ends. Returns `[n, 2]`.
pub fn curve(n: usize) -> Vec<[f64; 2]> {
    let step = THETA_END / n.saturating_sub(1).max(1) as f64;
    (0..n)
        .map(|i| {
            let theta = i as f64 * step;
            let r = (INNER_RADIUS + theta) / SCALE;
            [r * theta.cos(), r * theta.sin()]
        })
        .collect()
}

/// The spiral, with isotropic Gaussian noise if wanted: x0 = [`curve`] + noise * N(0, I).  d = 2, not centred, no labels.
#[derive(Debug, Clone, PartialEq)]
pub struct SwissRoll {
    /// Number of training points.
    pub train: usize,
    /// Number of test points: the same curve with its own spacing.
    pub test: usize,
    /// Standard deviation of the noise of each coordinate; 0 for the curve itself.
    pub noise: f64,
    /// Seed of the noise.
    pub seed: u64,
}

impl SwissRoll {
    /// The angle theta at the outer end, 3 pi; the curve begins at theta = 0.
    pub const THETA_END: f64 = THETA_END;

    /// Draws both splits; counts must be positive and the noise finite and not negative.
    pub fn draw(&self) -> Result<Dataset, DataError> {
        check_counts(self.train, self.test, 2)?;
        if !(self.noise >= 0.0 && self.noise.is_finite()) {
            return Err(DataError::setting("data.noise", self.noise, "use a finite number, 0 or more"));
        }
        let (train, test) = (self.split(Split::Train, self.train), self.split(Split::Test, self.test));
        Ok(Dataset::new(train, test, Shape::Point, 0.0, false))
    }

    fn split(&self, split: Split, n: usize) -> Samples {
        let mut values = Vec::with_capacity(2 * n);
        for (i, point) in curve(n).into_iter().enumerate() {
            let mut eps = [0.0_f32; 2];
            if self.noise > 0.0 {
                split.stream(self.seed, i).fill_normal(&mut eps);
            }
            values.extend(point.iter().zip(eps).map(|(x, e)| (x + self.noise * f64::from(e)) as f32));
        }
        Samples { dim: 2, values, labels: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roll(noise: f64, seed: u64) -> Dataset {
        SwissRoll { train: 20_000, test: 500, noise, seed }.draw().unwrap()
    }

    /// Mean of each coordinate and the covariance (xx, yy, xy).
    fn moments(samples: &Samples) -> ([f64; 2], [f64; 3]) {
        let n = samples.len() as f64;
        let mut sums = [0.0; 5];
        for row in samples.rows() {
            let (x, y) = (f64::from(row[0]), f64::from(row[1]));
            for (sum, term) in sums.iter_mut().zip([x, y, x * x, y * y, x * y]) {
                *sum += term / n;
            }
        }
        let [x, y, xx, yy, xy] = sums;
        ([x, y], [xx - x * x, yy - y * y, xy - x * y])
    }

    #[test]
    fn moments_of_20000_points_are_the_reference_ones() {
        let (mean, [xx, yy, xy]) = moments(&roll(0.0, 0).train);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 6e-6, "{a} is not {b}");
        close(mean[0], -0.01770);
        close(mean[1], 0.17174);
        let (half_sum, root) = ((xx + yy) / 2.0, ((xx - yy).powi(2) / 4.0 + xy * xy).sqrt());
        close(half_sum + root, 0.37310);
        close(half_sum - root, 0.30357);
        close(xx + yy + mean[0].powi(2) + mean[1].powi(2), 0.70648);
    }

    #[test]
    fn ends_of_the_curve() {
        let points = curve(3);
        assert_eq!(points[0], [5.0 / 12.0, 0.0]);
        // theta = 3 pi / 2: straight down; theta = 3 pi: to the left.
        let (middle, end) = ((5.0 + 1.5 * PI) / 12.0, (5.0 + 3.0 * PI) / 12.0);
        assert!(points[1][0].abs() < 1e-14 && (points[1][1] + middle).abs() < 1e-14);
        assert!((points[2][0] + end).abs() < 1e-14 && points[2][1].abs() < 1e-14);
        assert_eq!(curve(1), [[5.0 / 12.0, 0.0]]);
        assert!(curve(0).is_empty());
    }

    #[test]
    fn noise_has_its_standard_deviation_and_its_seed() {
        let (clean, noisy) = (roll(0.0, 3), roll(0.05, 3));
        let residual = |i: usize| f64::from(noisy.train.values[i] - clean.train.values[i]);
        let variance = (0..40_000).map(|i| residual(i).powi(2)).sum::<f64>() / 40_000.0;
        // Relative error of a variance over n normals: sqrt(2 / n) = 0.7 %.
        assert!((variance / 0.0025 - 1.0).abs() < 0.03, "{variance}");
        assert_eq!(roll(0.05, 3), noisy);
        assert_ne!(roll(0.05, 4).digest, noisy.digest);
        assert_eq!(roll(0.0, 4).digest, clean.digest);
    }

    #[test]
    fn faulty_settings_name_their_key() {
        for noise in [-1.0, f64::NAN, f64::INFINITY] {
            let error = SwissRoll { train: 1, test: 1, noise, seed: 0 }.draw().unwrap_err().to_string();
            assert_eq!(error, format!("data.noise: {noise} is not allowed, use a finite number, 0 or more"));
        }
        assert!(SwissRoll { train: 0, test: 1, noise: 0.0, seed: 0 }.draw().is_err());
    }
}
