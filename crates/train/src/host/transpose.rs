//! The transpose of a padded matrix.

use pulp::{Simd, WithSimd};

use super::product::{PAD, padded};
use crate::isa::Isa;

/// Writes the transpose of a padded `[m, n]` as a padded `[n, m]`.
pub(super) fn transpose(isa: Isa, m: usize, n: usize, from: &[f32], to: &mut [f32]) {
    assert!(from.len() >= m * padded(n) && to.len() >= n * padded(m), "both sides fit their arrays");
    isa.dispatch(Transpose { m, n, from, to });
}

struct Transpose<'a> {
    m: usize,
    n: usize,
    from: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Transpose<'_> {
    type Output = ();

    /// Blocks of [`PAD`] by [`PAD`] that the compiler transposes in registers; a last partial block goes by elements.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (from_stride, to_stride) = (padded(self.n), padded(self.m));
        for i in (0..self.m).step_by(PAD) {
            for j in (0..self.n).step_by(PAD) {
                let (height, width) = (PAD.min(self.m - i), PAD.min(self.n - j));
                let mut block = [[0.0; PAD]; PAD];
                for (row, line) in block.iter_mut().enumerate().take(height) {
                    let at = (i + row) * from_stride + j;
                    line.copy_from_slice(&self.from[at..at + PAD]);
                }
                for column in 0..width {
                    let at = (j + column) * to_stride + i;
                    let mut line = [0.0; PAD];
                    for (value, row) in line.iter_mut().zip(&block) {
                        *value = row[column];
                    }
                    self.to[at..at + PAD].copy_from_slice(&line);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::product::tests::matrix;

    #[test]
    fn transposition_moves_every_element_and_clears_padding() {
        for (m, n) in [(1, 1), (16, 16), (17, 3), (5, 40), (100, 605)] {
            let from = matrix(m, n, 4);
            for isa in Isa::available() {
                let mut to = vec![7.0; n * padded(m)];
                transpose(isa, m, n, &from, &mut to);
                for j in 0..n {
                    for i in 0..padded(m) {
                        let expected = if i < m { from[i * padded(n) + j] } else { 0.0 };
                        assert_eq!(to[j * padded(m) + i], expected, "{isa:?} {m} {n}");
                    }
                }
            }
        }
    }
}
