//! A cubic on an interval, the warm-up of a machine with one hidden layer.

use crate::draw::{Split, check_counts};
use crate::{DataError, Dataset, Samples, Shape};

/// Points (x, y), y = 4 x^3 - 3 x + noise N(0, 1), x in [-1, 1]: Chebyshev's cubic, with its extrema 1 and -1 at x = -1/2 and
/// 1/2.  d = 2, no labels.
///
/// Training points have x uniform; test points are evenly spaced with both ends, so that a fit is seen everywhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Cubic {
    /// Number of training points.
    pub train: usize,
    /// Number of test points.
    pub test: usize,
    /// Standard deviation of the noise on y; 0 for points of the curve.
    pub noise: f64,
    /// Seed of x and of the noise.
    pub seed: u64,
}

impl Cubic {
    /// The curve: 4 x^3 - 3 x.
    pub fn at(x: f64) -> f64 {
        (4.0 * x * x - 3.0) * x
    }

    /// Draws both splits; counts must be positive and the noise finite and not negative.
    pub fn draw(&self) -> Result<Dataset, DataError> {
        check_counts(self.train, self.test, 2)?;
        if !(self.noise >= 0.0 && self.noise.is_finite()) {
            return Err(DataError::setting("data.noise", self.noise, "use a finite number, 0 or more"));
        }
        let spacing = 2.0 / self.test.saturating_sub(1).max(1) as f64;
        let train = self.split(Split::Train, self.train, |_, uniform| uniform);
        let test = self.split(Split::Test, self.test, |i, _| (i as f64 * spacing - 1.0) as f32);
        Ok(Dataset::new(train, test, Shape::Point, 0.0, false))
    }

    /// `place` gives x from the number of a point and a uniform of [-1, 1).
    fn split(&self, split: Split, n: usize, place: impl Fn(usize, f32) -> f32) -> Samples {
        let mut values = Vec::with_capacity(2 * n);
        for i in 0..n {
            let mut stream = split.stream(self.seed, i);
            let (mut uniform, mut eps) = ([0.0_f32], [0.0_f32]);
            stream.fill_symmetric(1.0, &mut uniform);
            stream.fill_normal(&mut eps);
            let x = place(i, uniform[0]);
            values.extend([x, (Self::at(f64::from(x)) + self.noise * f64::from(eps[0])) as f32]);
        }
        Samples { dim: 2, values, labels: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(noise: f64) -> Dataset {
        Cubic { train: 20_000, test: 201, noise, seed: 3 }.draw().unwrap()
    }

    #[test]
    fn both_extrema_lie_inside_and_the_ends_are_as_high() {
        for (x, y) in [(-1.0, -1.0), (-0.5, 1.0), (0.0, 0.0), (0.5, -1.0), (1.0, 1.0)] {
            assert_eq!(Cubic::at(x), y);
        }
        // cos 3 theta = 4 cos^3 theta - 3 cos theta.
        for theta in [0.3_f64, 1.1, 2.9] {
            assert!((Cubic::at(theta.cos()) - (3.0 * theta).cos()).abs() < 1e-12);
        }
    }

    #[test]
    fn clean_points_lie_on_the_curve_with_its_moments() {
        let data = drawn(0.0);
        assert!(
            data.train
                .rows()
                .chain(data.test.rows())
                .all(|p| (f64::from(p[1]) - Cubic::at(f64::from(p[0]))).abs() < 1e-6)
        );
        assert_eq!((data.test.values[0], data.test.values[400], data.test.values[200]), (-1.0, 1.0, 0.0));
        let mean = |of: fn(&[f32]) -> f32| data.train.rows().map(|p| f64::from(of(p))).sum::<f64>() / 20_000.0;
        // Uniform x: E x = 0, E x^2 = 1/3, E y^2 = 17/35.
        assert!(mean(|p| p[0]).abs() < 0.02 && (mean(|p| p[0] * p[0]) - 1.0 / 3.0).abs() < 0.01);
        assert!((mean(|p| p[1] * p[1]) - 17.0 / 35.0).abs() < 0.01);
    }

    #[test]
    fn noise_has_its_variance_and_moves_no_x() {
        let (clean, noisy) = (drawn(0.0), drawn(0.2));
        let pairs = clean.train.rows().zip(noisy.train.rows());
        assert!(pairs.clone().all(|(a, b)| a[0] == b[0]));
        let variance = pairs.map(|(a, b)| f64::from(b[1] - a[1]).powi(2)).sum::<f64>() / 20_000.0;
        assert!((variance - 0.04).abs() < 0.0015, "{variance}");
        assert!(Cubic { train: 1, test: 1, noise: -0.1, seed: 0 }.draw().is_err());
    }
}
