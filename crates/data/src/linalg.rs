//! Safe row-major views over host arrays, their product, eigenvalues of symmetric and singular values of any matrices.

mod eigen;
mod svd;

pub use eigen::Eigen;
use gemm::Parallelism;
pub use svd::Svd;

/// A read-only matrix over a host array: element (i, j) is `values[i * row_stride + j * col_stride]`.
#[derive(Debug, Clone, Copy)]
pub struct View<'a, T> {
    values: &'a [T],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a, T> View<'a, T> {
    /// The row-major `[rows, cols]` matrix at the beginning of `values`.
    pub fn new(values: &'a [T], rows: usize, cols: usize) -> Self {
        Self::strided(values, rows, cols, cols)
    }

    /// The first `cols` columns of a row-major matrix whose rows are `row_stride` apart.
    pub fn strided(values: &'a [T], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert!(cols <= row_stride, "a row is at least as long as its visible part");
        assert!(rows == 0 || (rows - 1) * row_stride + cols <= values.len(), "the view lies within its array");
        Self { values, rows, cols, row_stride, col_stride: 1 }
    }

    /// The transpose, without a copy.
    pub fn transposed(self) -> Self {
        let Self { values, rows, cols, row_stride, col_stride } = self;
        Self { values, rows: cols, cols: rows, row_stride: col_stride, col_stride: row_stride }
    }
}

/// out = keep * out + lhs rhs, on the calling thread.  lhs: `[m, k]`, rhs: `[k, n]`, out: row-major `[m, n]`.
///
/// `keep` is 0 (out is only written) or a factor for what `out` holds.
pub fn multiply<T: Scalar>(out: &mut [T], lhs: View<'_, T>, rhs: View<'_, T>, keep: T) {
    let n = rhs.cols;
    multiply_into(out, n, lhs, rhs, keep);
}

/// As [`multiply`], with the rows of `out` `out_stride` apart (at least n).
pub fn multiply_into<T: Scalar>(out: &mut [T], out_stride: usize, lhs: View<'_, T>, rhs: View<'_, T>, keep: T) {
    let (m, k, n) = (lhs.rows, lhs.cols, rhs.cols);
    assert_eq!(k, rhs.rows, "the inner dimensions agree");
    if m == 0 || n == 0 {
        return;
    }
    assert!(n <= out_stride && (m - 1) * out_stride + n <= out.len(), "the product fits its array");
    // SAFETY: the two asserts above and those of `View::strided` keep every element that these shapes and strides
    // reach inside its slice; `out` is borrowed exclusively, so it overlaps neither factor.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            out_stride as isize,
            keep != T::ZERO,
            lhs.values.as_ptr(),
            lhs.col_stride as isize,
            lhs.row_stride as isize,
            rhs.values.as_ptr(),
            rhs.col_stride as isize,
            rhs.row_stride as isize,
            keep,
            T::ONE,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// The element types the product is compiled for.
pub trait Scalar: Copy + PartialEq + 'static {
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
}

impl Scalar for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
}

impl Scalar for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_of_small_matrices() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0_f64], [1.0, 0.0, 2.0, 1.0, 0.0, 3.0]);
        let mut out = [10.0; 4];
        multiply(&mut out, View::new(&a, 2, 3), View::new(&b, 3, 2), 0.0);
        assert_eq!(out, [5.0, 11.0, 14.0, 23.0]);
        multiply(&mut out, View::new(&a, 2, 3), View::new(&b, 2, 3).transposed(), 1.0);
        assert_eq!(out, [5.0 + 7.0, 11.0 + 10.0, 14.0 + 16.0, 23.0 + 22.0]);
    }

    #[test]
    fn strides_leave_the_rest_alone() {
        let a = [1.0, 2.0, 99.0, 3.0, 4.0, 99.0_f32];
        let mut out = [7.0; 6];
        multiply_into(&mut out, 3, View::strided(&a, 2, 2, 3), View::new(&[1.0, 0.0, 0.0, 1.0], 2, 2), 0.0);
        assert_eq!(out, [1.0, 2.0, 7.0, 3.0, 4.0, 7.0]);
    }
}
