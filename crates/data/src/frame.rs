//! Coordinates in which a diffusion is run: those of the data, or the principal axes of the training set.

use faer::{MatRef, Side};

use crate::linalg::{View, multiply, multiply_into};
use crate::{DataError, Samples};

/// Variances below this share of the largest are rounding, not data.
const RELATIVE_RANK_TOLERANCE: f64 = 1e-11;

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
        let (n, d) = (samples.len(), samples.dim);
        let mut mean = vec![0.0; d];
        for row in samples.rows() {
            for (sum, &value) in mean.iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
        mean.iter_mut().for_each(|sum| *sum /= n as f64);
        let centred: Vec<f64> =
            samples.rows().flat_map(|row| row.iter().zip(&mean).map(|(&x, m)| f64::from(x) - m)).collect();
        let mut covariance = vec![0.0; d * d];
        let view = View::new(&centred, n, d);
        multiply(&mut covariance, view.transposed(), view, 0.0);
        covariance.iter_mut().for_each(|sum| *sum /= n as f64);
        let (eigenvalues, axes) = eigen(&covariance, d)?;
        Ok(Self { mean, eigenvalues, axes })
    }

    /// The number of directions in which the training set varies.
    pub fn rank(&self) -> usize {
        self.eigenvalues.iter().take_while(|lambda| **lambda > 0.0).count()
    }
}

/// Eigenvalues in decreasing order and the matching axes (columns, row-major) of a symmetric matrix `[d, d]`.
fn eigen(symmetric: &[f64], d: usize) -> Result<(Vec<f64>, Vec<f32>), DataError> {
    let evd = MatRef::from_row_major_slice(symmetric, d, d).self_adjoint_eigen(Side::Lower);
    let evd = evd.map_err(|_| DataError::Eigen)?;
    let (increasing, vectors) = (evd.S().column_vector(), evd.U());
    if (0..d).any(|k| !increasing[k].is_finite()) {
        return Err(DataError::Eigen);
    }
    let floor = increasing[d - 1].max(0.0) * RELATIVE_RANK_TOLERANCE;
    let mut axes = vec![0.0; d * d];
    for k in 0..d {
        let column = vectors.col(d - 1 - k);
        let largest = (0..d).map(|i| column[i]).fold(0.0_f64, |a, b| if b.abs() > a.abs() { b } else { a });
        for i in 0..d {
            axes[i * d + k] = (column[i] * largest.signum()) as f32;
        }
    }
    let keep = |lambda: f64| if lambda > floor { lambda } else { 0.0 };
    Ok(((0..d).map(|k| keep(increasing[d - 1 - k])).collect(), axes))
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
