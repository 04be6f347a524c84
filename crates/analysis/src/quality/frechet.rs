//! The Frechet distance between two sets of samples.

use data::linalg::{Eigen, View, multiply};
use data::{DataError, Samples};

use crate::stats::{Bootstrap, Interval};

/// A set of real samples that others are compared with: FD = |m - m'|^2 + tr(C + C' - 2 (C^{1/2} C' C^{1/2})^{1/2}).
///
/// m and C are the mean and the covariance (divisor n - 1) of the coordinates or features compared; FD is the squared
/// 2-Wasserstein distance of the two Gaussians, blind to all else: features of a classifier see more of what is not
/// Gaussian than coordinates do. Dowson and Landau 1982; Heusel et al. 2017, equation 6. It is biased upwards by about 1/n: compare
/// with the distance of as many real samples.
#[derive(Debug, Clone)]
pub struct FrechetReference {
    axes: usize,
    mean: Vec<f64>,
    trace: f64,
    /// C^{1/2}, row-major `[axes, axes]`.
    root: Vec<f64>,
}

impl FrechetReference {
    /// Principal axes compared; all where there are fewer.
    pub const AXES: usize = 50;

    /// The reference of `samples` in principal coordinates, on the [`Self::AXES`] axes of largest variance.
    ///
    /// # Errors
    /// [`DataError::Eigen`] for values that are not finite.
    pub fn of(samples: &Samples) -> Result<Self, DataError> {
        Self::on(samples, samples.dim.min(Self::AXES))
    }

    /// The reference of `features`, all of them compared.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_features(features: &Samples) -> Result<Self, DataError> {
        Self::on(features, features.dim)
    }

    fn on(samples: &Samples, axes: usize) -> Result<Self, DataError> {
        let (mean, covariance) = moments(&head(&samples.values, samples.dim, axes), axes);
        let Eigen { values, axes: vectors } = Eigen::of(&covariance, axes)?;
        let mut scaled = vectors.clone();
        for row in scaled.chunks_exact_mut(axes) {
            row.iter_mut().zip(&values).for_each(|(entry, value)| *entry *= value.sqrt());
        }
        let mut root = vec![0.0; axes * axes];
        multiply(&mut root, View::new(&scaled, axes, axes), View::new(&vectors, axes, axes).transposed(), 0.0);
        Ok(Self { axes, mean, trace: trace(&covariance, axes), root })
    }

    /// The coordinates that are compared.  z: `[n, dim]` -> `[n, axes]`.
    pub fn leading(&self, z: &[f32], dim: usize) -> Vec<f64> {
        head(z, dim, self.axes)
    }

    /// The distance of samples given by [`Self::leading`]; NaN where they are not finite or fewer than two.
    pub fn distance(&self, leading: &[f64]) -> f64 {
        let (axes, n) = (self.axes, leading.len() / self.axes);
        let (mean, covariance) = moments(leading, axes);
        let (mut half, mut product) = (vec![0.0; axes * axes], vec![0.0; axes * axes]);
        let root = View::new(&self.root, axes, axes);
        multiply(&mut half, root, View::new(&covariance, axes, axes), 0.0);
        multiply(&mut product, View::new(&half, axes, axes), root, 0.0);
        let Ok(eigen) = Eigen::of(&product, axes) else { return f64::NAN };
        if n < 2 {
            return f64::NAN;
        }
        let shift: f64 = self.mean.iter().zip(&mean).map(|(a, b)| (a - b) * (a - b)).sum();
        shift + self.trace + trace(&covariance, axes) - 2.0 * eigen.values.iter().map(|value| value.sqrt()).sum::<f64>()
    }

    /// The distance with an interval by the bootstrap over the samples.
    ///
    /// Repeated samples make every resample's distance larger, as fewer samples would: the interval is that of the
    /// resamples moved so that their mean is the value.
    pub fn interval(&self, leading: &[f64], bootstrap: &Bootstrap) -> Interval {
        let row = |i: u32| &leading[i as usize * self.axes..(i as usize + 1) * self.axes];
        let resampled =
            |indices: &[u32]| self.distance(&indices.iter().flat_map(|&i| row(i)).copied().collect::<Vec<_>>());
        bootstrap.centred_interval(resampled)
    }
}

fn head(z: &[f32], dim: usize, axes: usize) -> Vec<f64> {
    z.chunks_exact(dim).flat_map(|row| row[..axes].iter().map(|&z| f64::from(z))).collect()
}

/// The mean `[axes]` and the covariance `[axes, axes]` of rows `[n, axes]`.
fn moments(rows: &[f64], axes: usize) -> (Vec<f64>, Vec<f64>) {
    let n = rows.len() / axes;
    let mut mean = vec![0.0; axes];
    for row in rows.chunks_exact(axes) {
        mean.iter_mut().zip(row).for_each(|(sum, z)| *sum += z);
    }
    mean.iter_mut().for_each(|sum| *sum /= n as f64);
    let centred: Vec<f64> = rows.chunks_exact(axes).flat_map(|row| row.iter().zip(&mean).map(|(z, m)| z - m)).collect();
    let mut covariance = vec![0.0; axes * axes];
    let view = View::new(&centred, n, axes);
    multiply(&mut covariance, view.transposed(), view, 0.0);
    covariance.iter_mut().for_each(|sum| *sum /= n as f64 - 1.0);
    (mean, covariance)
}

fn trace(matrix: &[f64], axes: usize) -> f64 {
    matrix.iter().step_by(axes + 1).sum()
}

#[cfg(test)]
mod tests {
    use schedule::{Purpose, Stream};

    use super::super::oracle;
    use super::*;

    /// Normal samples of these means and standard deviations.
    fn cloud(n: usize, stream: u64, axes: &[(f32, f32)]) -> Samples {
        let mut values = vec![0.0; n * axes.len()];
        Stream::new(9, Purpose::Choice, stream, 0).fill_normal(&mut values);
        for row in values.chunks_exact_mut(axes.len()) {
            row.iter_mut().zip(axes).for_each(|(value, (mean, std))| *value = mean + std * *value);
        }
        Samples { dim: axes.len(), values, labels: Vec::new() }
    }

    fn distance(a: &Samples, b: &Samples) -> f64 {
        let reference = FrechetReference::of(a).unwrap();
        reference.distance(&reference.leading(&b.values, b.dim))
    }

    #[test]
    fn the_numbers_of_the_oracle() {
        let samples = |values: &[f32]| Samples { dim: oracle::DIM, values: values.to_vec(), labels: Vec::new() };
        let found = distance(&samples(&oracle::REAL), &samples(&oracle::OWN));
        assert!((found - oracle::FRECHET).abs() < 1e-11, "{found}");
    }

    #[test]
    fn a_set_has_no_distance_to_itself_and_a_moved_one_that_of_the_move() {
        let samples = cloud(400, 0, &[(0.0, 3.0), (1.0, 0.5), (0.0, 0.1)]);
        assert!(distance(&samples, &samples).abs() < 1e-9);
        let mut moved = samples.clone();
        moved.values.chunks_exact_mut(3).for_each(|row| row[1] += 2.0);
        assert!((distance(&samples, &moved) - 4.0).abs() < 1e-5);
        // Stretched about its mean: C' = 4 C along every axis, FD = tr C.
        let (mean, covariance) = samples.mean_and_covariance();
        let mut wide = samples.clone();
        for row in wide.values.chunks_exact_mut(3) {
            row.iter_mut().zip(&mean).for_each(|(z, m)| *z = 2.0 * *z - *m as f32);
        }
        let expected = trace(&covariance, 3) * 400.0 / 399.0;
        assert!((distance(&samples, &wide) / expected - 1.0).abs() < 1e-5);
    }

    #[test]
    fn two_gaussians_have_the_distance_of_the_closed_form_whatever_their_axes() {
        // Diagonal covariances: |m - m'|^2 + sum (s - s')^2; then C' turned by 90 degrees, which does not commute.
        let a = cloud(200_000, 1, &[(0.0, 2.0), (0.0, 1.0)]);
        let b = cloud(200_000, 2, &[(0.5, 1.0), (0.0, 2.5)]);
        assert!((distance(&a, &b) - (0.25 + 1.0 + 2.25)).abs() < 0.06, "{}", distance(&a, &b));
        assert!((distance(&a, &b) - distance(&b, &a)).abs() < 1e-9);
        let mut turned = b.clone();
        let half = 0.5_f32.sqrt();
        for row in turned.values.chunks_exact_mut(2) {
            (row[0], row[1]) = (half * (row[0] - row[1]), half * (row[0] + row[1]));
        }
        // tr (C^{1/2} C' C^{1/2})^{1/2} of a 2 x 2 matrix M: sqrt(tr M + 2 sqrt(det M)).
        let (p, q) = (0.5 * (1.0 + 6.25), 0.5 * (1.0 - 6.25_f64));
        let (m_trace, m_det) = (4.0 * p + p, 4.0 * (p * p - q * q));
        let expected = 0.25 + 5.0 + 7.25 - 2.0 * (m_trace + 2.0 * m_det.sqrt()).sqrt();
        assert!((distance(&a, &turned) - expected).abs() < 0.06, "{} {expected}", distance(&a, &turned));
    }

    #[test]
    fn the_interval_lies_around_the_value_and_is_that_of_fresh_sets() {
        let axes: Vec<(f32, f32)> = (0..20).map(|k| (0.0, 1.0 + 0.1 * k as f32)).collect();
        let reference = FrechetReference::of(&cloud(20_000, 3, &axes)).unwrap();
        let leading = |stream| reference.leading(&cloud(300, stream, &axes).values, 20);
        let found = reference.interval(&leading(10), &Bootstrap::new(1, 200, 300));
        assert!(found.low < found.value && found.value < found.high, "{found:?}");
        let fresh: Vec<f64> = (20..60).map(|stream| reference.distance(&leading(stream))).collect();
        let within = fresh.iter().filter(|value| (found.low..found.high).contains(*value)).count();
        assert!(within >= 20, "{within} of 40 within {found:?}");
    }

    #[test]
    fn samples_that_are_not_finite_have_no_distance() {
        let reference = FrechetReference::of(&cloud(100, 4, &[(0.0, 1.0), (0.0, 1.0)])).unwrap();
        assert!(reference.distance(&[f64::NAN, 0.0, 1.0, 2.0]).is_nan());
        assert!(reference.distance(&[1.0, 2.0]).is_nan());
        assert!(FrechetReference::of(&Samples { dim: 1, values: vec![f32::NAN; 3], labels: Vec::new() }).is_err());
    }
}
