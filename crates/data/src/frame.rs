//! Coordinates in which a diffusion is run: those of the data, or the principal axes of the training set.

use crate::linalg::{Eigen, View, multiply, multiply_into};
use crate::{DataError, Samples};

/// The principal components of a training set.
///
/// Sigma = (1/n) sum_i (x_i - mu)(x_i - mu)^T = U diag(lambda) U^T, lambda in decreasing order.
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    /// mu: `[d]`.
    pub mean: Vec<f64>,
    /// lambda: `[d]`, decreasing, rounding noise set to 0.
    pub eigenvalues: Vec<f64>,
    /// U as f32, row-major `[d, d]`: column k is axis k, signed so that its largest component is positive.
    pub axes: Vec<f32>,
}

impl Pca {
    /// The principal components of `samples`, in f64.
    ///
    /// # Errors
    /// [`DataError::Eigen`] when the decomposition does not converge (values that are not finite).
    pub fn fit(samples: &Samples) -> Result<Self, DataError> {
        let (mean, covariance) = samples.mean_and_covariance();
        let Eigen { values: eigenvalues, axes } = Eigen::of(&covariance, samples.dim)?;
        let axes = axes.into_iter().map(|component| component as f32).collect();
        Ok(Self { mean, eigenvalues, axes })
    }

    /// The number of directions in which the training set varies.
    pub fn rank(&self) -> usize {
        self.eigenvalues.iter().take_while(|lambda| **lambda > 0.0).count()
    }
}

/// The coordinates z in which a diffusion is run; x_t = U z_t + sqrt(alpha_bar_t) mu.
///
/// A rotation leaves the noise isotropic, so the chain in z is the same chain.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// z = x.
    Identity {
        /// d.
        dim: usize,
    },
    /// z = U^T (x - mu), the principal components of the training set.
    Principal(Pca),
}

impl Frame {
    /// d, the number of coordinates (the same on both sides).
    pub fn dim(&self) -> usize {
        match self {
            Self::Identity { dim } => *dim,
            Self::Principal(pca) => pca.mean.len(),
        }
    }

    /// z = U^T (x - signal mu).  x: `[n, d]` at signal = sqrt(alpha_bar_t) -> z: `[n, d]`.
    pub fn project(&self, x: &[f32], signal: f64) -> Vec<f32> {
        let Self::Principal(pca) = self else { return x.to_vec() };
        let d = self.dim();
        let mean = scaled_mean(pca, signal);
        let centred: Vec<f32> =
            x.chunks_exact(d).flat_map(|row| row.iter().zip(&mean).map(|(value, m)| value - m)).collect();
        let mut z = vec![0.0; centred.len()];
        multiply(&mut z, View::new(&centred, x.len() / d, d), View::new(&pca.axes, d, d), 0.0);
        z
    }

    /// z = U^T (x - mu) of one point in f64.  x: `[d]` -> z: `[d]`.
    pub fn project_point(&self, x: &[f64]) -> Vec<f64> {
        let Self::Principal(pca) = self else { return x.to_vec() };
        self.project_direction(&x.iter().zip(&pca.mean).map(|(x, mean)| x - mean).collect::<Vec<_>>())
    }

    /// U^T v, a direction without the mean.  v: `[d]` -> `[d]`.
    pub fn project_direction(&self, v: &[f64]) -> Vec<f64> {
        let Self::Principal(pca) = self else { return v.to_vec() };
        let mut turned = vec![0.0; self.dim()];
        for (v, axes) in v.iter().zip(pca.axes.chunks_exact(self.dim())) {
            turned.iter_mut().zip(axes).for_each(|(z, &axis)| *z += v * f64::from(axis));
        }
        turned
    }

    /// U v, a direction without the mean.  v: `[d]` -> `[d]`.
    pub fn lift_direction(&self, v: &[f64]) -> Vec<f64> {
        let Self::Principal(pca) = self else { return v.to_vec() };
        let row = |axes: &[f32]| axes.iter().zip(v).map(|(&axis, v)| f64::from(axis) * v).sum();
        pca.axes.chunks_exact(self.dim()).map(row).collect()
    }

    /// x = U z + signal mu.  z: `[n, d]` at signal = sqrt(alpha_bar_t) -> x: `[n, d]`.
    pub fn lift(&self, z: &[f32], signal: f64) -> Vec<f32> {
        let Self::Principal(pca) = self else { return z.to_vec() };
        let d = self.dim();
        let mean = scaled_mean(pca, signal);
        let mut x: Vec<f32> = mean.iter().copied().cycle().take(z.len()).collect();
        multiply_into(&mut x, d, View::new(z, z.len() / d, d), View::new(&pca.axes, d, d).transposed(), 1.0);
        x
    }

    /// The samples in this frame, labels kept.
    pub fn project_samples(&self, samples: &Samples) -> Samples {
        Samples { dim: samples.dim, values: self.project(&samples.values, 1.0), labels: samples.labels.clone() }
    }
}

fn scaled_mean(pca: &Pca, signal: f64) -> Vec<f32> {
    pca.mean.iter().map(|m| (signal * m) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud() -> Samples {
        // x = mean + 2 a u + 0.5 b v in three dimensions: the third principal variance is zero.
        let (u, v) = ([0.6, 0.8, 0.0], [0.0, 0.0, 1.0]);
        let values = (0..400)
            .flat_map(|i| {
                let (a, b) = ((0.37 * f64::from(i)).sin(), (1.91 * f64::from(i)).cos());
                (0..3).map(move |k| ([1.0, -2.0, 3.0][k] + 2.0 * a * u[k] + 0.5 * b * v[k]) as f32)
            })
            .collect();
        Samples { dim: 3, values, labels: Vec::new() }
    }

    #[test]
    fn finds_axes_variances_and_rank() {
        let pca = Pca::fit(&cloud()).unwrap();
        assert_eq!(pca.rank(), 2);
        assert!((pca.eigenvalues[0] - 2.0).abs() < 0.05 && (pca.eigenvalues[1] - 0.125).abs() < 0.01, "{pca:?}");
        assert!((pca.axes[0] - 0.6).abs() < 1e-2 && (pca.axes[3] - 0.8).abs() < 1e-2);
    }

    #[test]
    fn lift_undoes_project_at_any_signal() {
        let samples = cloud();
        let frame = Frame::Principal(Pca::fit(&samples).unwrap());
        for signal in [1.0, 0.3] {
            let back = frame.lift(&frame.project(&samples.values, signal), signal);
            let worst = back.iter().zip(&samples.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-5, "{worst}");
        }
    }

    #[test]
    fn a_point_is_projected_as_a_sample_is() {
        let samples = cloud();
        for frame in [Frame::Identity { dim: 3 }, Frame::Principal(Pca::fit(&samples).unwrap())] {
            let point: Vec<f64> = samples.row(7).iter().map(|&x| f64::from(x)).collect();
            let expected = frame.project(samples.row(7), 1.0);
            let found = frame.project_point(&point);
            assert!(found.iter().zip(&expected).all(|(a, &b)| (a - f64::from(b)).abs() < 1e-6), "{found:?}");
        }
    }

    #[test]
    fn principal_coordinates_are_centred_and_uncorrelated() {
        let samples = cloud();
        let pca = Pca::fit(&samples).unwrap();
        let z = Frame::Principal(pca.clone()).project_samples(&samples);
        for (j, k) in [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)] {
            let second: f64 = z.rows().map(|row| f64::from(row[j] * row[k])).sum::<f64>() / z.len() as f64;
            let expected = if j == k { pca.eigenvalues[j] } else { 0.0 };
            assert!((second - expected).abs() < 1e-5, "{j} {k}: {second} {expected}");
        }
    }

    #[test]
    fn values_that_are_not_finite_are_refused() {
        let samples = Samples { dim: 2, values: vec![1.0, f32::NAN, 0.0, 2.0], labels: Vec::new() };
        assert!(Pca::fit(&samples).is_err());
    }
}
