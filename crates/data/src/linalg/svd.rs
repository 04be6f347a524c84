//! Singular values and vectors.

use faer::{Mat, MatRef};

use super::{View, multiply};
use crate::DataError;

/// M = U diag(sigma) V^T of a matrix `[m, n]`, k = min(m, n) terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Svd {
    /// sigma: `[k]`, decreasing.
    pub values: Vec<f64>,
    /// U, row-major `[m, k]`: column i is the i-th left singular vector.
    pub left: Vec<f64>,
    /// V, row-major `[n, k]`: column i is the i-th right singular vector.
    pub right: Vec<f64>,
}

impl Svd {
    /// The decomposition of the row-major matrix `[rows, cols]`.
    ///
    /// # Errors
    /// [`DataError::Singular`] when it does not converge (values that are not finite).
    pub fn of(matrix: &[f64], rows: usize, cols: usize) -> Result<Self, DataError> {
        finite(matrix)?;
        let svd = MatRef::from_row_major_slice(matrix, rows, cols).thin_svd().map_err(|_| DataError::Singular)?;
        let sigma = svd.S().column_vector();
        let values = (0..rows.min(cols)).map(|i| sigma[i]).collect();
        Ok(Self { values, left: row_major(svd.U()), right: row_major(svd.V()) })
    }

    /// The decomposition of a product of rank at most k = min(m, inner), through the QR decomposition of its first
    /// factor.  first: `[m, inner]`, second: `[inner, n]`.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_product(first: &[f64], second: &[f64], [m, inner, n]: [usize; 3]) -> Result<Self, DataError> {
        finite(first)?;
        let qr = MatRef::from_row_major_slice(first, m, inner).qr();
        let (q, r) = (row_major(qr.compute_thin_Q().as_ref()), row_major(qr.thin_R()));
        let k = m.min(inner);
        let mut core = vec![0.0; k * n];
        multiply(&mut core, View::new(&r, k, inner), View::new(second, inner, n), 0.0);
        let Self { values, left, right } = Self::of(&core, k, n)?;
        let rank = values.len();
        let mut turned = vec![0.0; m * rank];
        multiply(&mut turned, View::new(&q, m, k), View::new(&left, k, rank), 0.0);
        Ok(Self { values, left: turned, right })
    }
}

fn finite(matrix: &[f64]) -> Result<(), DataError> {
    if matrix.iter().all(|value| value.is_finite()) { Ok(()) } else { Err(DataError::Singular) }
}

fn row_major(matrix: MatRef<'_, f64>) -> Vec<f64> {
    let matrix: Mat<f64> = matrix.to_owned();
    (0..matrix.nrows()).flat_map(|i| (0..matrix.ncols()).map(move |j| (i, j))).map(|(i, j)| matrix[(i, j)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(count: usize, step: f64) -> Vec<f64> {
        (0..count).map(|i| (step * i as f64 + 0.3).sin()).collect()
    }

    fn product(a: &[f64], b: &[f64], [m, k, n]: [usize; 3]) -> Vec<f64> {
        let mut out = vec![0.0; m * n];
        multiply(&mut out, View::new(a, m, k), View::new(b, k, n), 0.0);
        out
    }

    /// U diag(sigma) V^T.
    fn rebuilt(svd: &Svd, m: usize, n: usize) -> Vec<f64> {
        let k = svd.values.len();
        let scaled: Vec<f64> = svd.left.iter().zip(svd.values.iter().cycle()).map(|(u, s)| u * s).collect();
        let mut out = vec![0.0; m * n];
        multiply(&mut out, View::new(&scaled, m, k), View::new(&svd.right, n, k).transposed(), 0.0);
        out
    }

    #[test]
    fn a_product_is_decomposed_as_its_matrix_is() {
        for shape in [[7, 3, 5], [4, 6, 5], [3, 8, 9]] {
            let [m, inner, n] = shape;
            let (first, second) = (wave(m * inner, 0.71), wave(inner * n, 1.37));
            let matrix = product(&first, &second, shape);
            let (direct, through) = (Svd::of(&matrix, m, n).unwrap(), Svd::of_product(&first, &second, shape).unwrap());
            for (a, b) in direct.values.iter().zip(&through.values) {
                assert!((a - b).abs() < 1e-12, "{shape:?}: {a} {b}");
            }
            assert!(through.values.is_sorted_by(|a, b| a >= b));
            for (svd, name) in [(&direct, "direct"), (&through, "through")] {
                let worst = rebuilt(svd, m, n).iter().zip(&matrix).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(worst < 1e-12, "{name} {shape:?}: {worst}");
            }
        }
    }

    #[test]
    fn values_that_are_not_finite_are_refused() {
        assert!(Svd::of(&[f64::NAN, 1.0], 1, 2).is_err());
        assert!(Svd::of_product(&[f64::INFINITY, 1.0], &[1.0, 1.0], [1, 2, 1]).is_err());
        assert!(Svd::of_product(&[1.0, 1.0], &[f64::NAN, 1.0], [1, 2, 1]).is_err());
    }
}
