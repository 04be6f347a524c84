//! Eigendecomposition of symmetric matrices.

use faer::{MatRef, Side};

use crate::DataError;

/// Eigenvalues below this share of the largest are rounding, not data.
const RELATIVE_RANK_TOLERANCE: f64 = 1e-11;

/// S = U diag(lambda) U^T for a symmetric, positive semidefinite S.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigen {
    /// lambda: `[d]`, decreasing, rounding noise set to 0.
    pub values: Vec<f64>,
    /// U, row-major `[d, d]`: column k is axis k, signed so that its largest component is positive.
    pub axes: Vec<f64>,
}

impl Eigen {
    /// The decomposition of the symmetric, positive semidefinite matrix `symmetric`, row-major `[d, d]`.
    ///
    /// # Errors
    /// [`DataError::Eigen`] when it does not converge (values that are not finite).
    pub fn of(symmetric: &[f64], d: usize) -> Result<Self, DataError> {
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
                axes[i * d + k] = column[i] * largest.signum();
            }
        }
        let keep = |lambda: f64| if lambda > floor { lambda } else { 0.0 };
        Ok(Self { values: (0..d).map(|k| keep(increasing[d - 1 - k])).collect(), axes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_diagonal_is_found_with_its_axes() {
        // diag(9, 0) turned by the angle whose cosine is 0.6.
        let eigen = Eigen::of(&[3.24, 4.32, 4.32, 5.76], 2).unwrap();
        assert!((eigen.values[0] - 9.0).abs() < 1e-13 && eigen.values[1] == 0.0, "{eigen:?}");
        assert!((eigen.axes[0] - 0.6).abs() < 1e-14 && (eigen.axes[2] - 0.8).abs() < 1e-14, "{eigen:?}");
    }

    #[test]
    fn values_that_are_not_finite_are_refused() {
        assert!(Eigen::of(&[f64::NAN, 0.0, 0.0, 1.0], 2).is_err());
    }
}
