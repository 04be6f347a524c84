//! How matrices lie in memory: batches by rows, weights cut into panels of columns, so that every product streams
//! through contiguous memory.

use crate::isa::Isa;

/// Floats that a row is rounded up to: one vector of the widest instruction set.
pub(super) const PAD: usize = 16;
/// The most vectors of [`PAD`] floats across a panel: a register tile is one panel wide.
pub(super) const PANEL_VECTORS: usize = 3;

/// Floats that a row of a panelled matrix is rounded up to: half such a vector, a whole one of the next instruction set.
const HALF: usize = PAD / 2;

/// `n` rounded up to whole vectors.
pub(super) fn padded(n: usize) -> usize {
    n.next_multiple_of(PAD)
}

/// The layout of a `[rows, cols]` matrix: panels of up to [`PANEL_VECTORS`] vectors of columns, one after the other,
/// each row-major, and a last panel of half a vector where that is enough for the columns left.  Columns up to the next
/// half are padding and hold zeros.
///
/// Panels of whole vectors are of nearly equal width, so that none is too narrow to hide the latency of the multiplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) rows: usize,
    pub(super) cols: usize,
}

impl Layout {
    /// The floats of the whole matrix.
    pub(super) fn len(self) -> usize {
        self.rows * self.cols.next_multiple_of(HALF)
    }

    pub(super) fn panels(self) -> impl Iterator<Item = Panel> + Clone {
        Part::ALL.into_iter().flat_map(move |part| self.panels_of(part))
    }

    pub(super) fn panels_of(self, part: Part) -> impl Iterator<Item = Panel> + Clone {
        let halves = self.cols.div_ceil(HALF);
        let (first, vectors, panels, unit) = match part {
            Part::Whole => (0, halves / 2, (halves / 2).div_ceil(PANEL_VECTORS), PAD),
            Part::Half => (halves / 2 * PAD, halves % 2, halves % 2, HALF),
        };
        (0..panels).map(move |panel| {
            let next = first + unit * (vectors * (panel + 1) / panels);
            let first = first + unit * (vectors * panel / panels);
            Panel { first, stride: next - first, offset: self.rows * first, used: next.min(self.cols) - first }
        })
    }

    /// Copies a row-major `[rows, cols]` into this layout.
    pub(super) fn pack(self, dense: &[f32], packed: &mut [f32]) {
        for panel in self.panels() {
            for (row, values) in dense.chunks_exact(self.cols).enumerate() {
                packed[panel.row(row)][..panel.used].copy_from_slice(&values[panel.first..][..panel.used]);
            }
        }
    }

    /// The product with a column `[cols]`, in f64: `[rows]`.
    pub(super) fn times(self, packed: &[f32], column: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.rows];
        for panel in self.panels() {
            let column = &column[panel.first..][..panel.used];
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum += packed[panel.row(row)].iter().zip(column).map(|(&w, u)| f64::from(w) * u).sum::<f64>();
            }
        }
        sums
    }

    /// The row-major `[rows, cols]` without padding.
    pub(super) fn dense(self, packed: &[f32]) -> Vec<f32> {
        let mut dense = vec![0.0; self.rows * self.cols];
        for panel in self.panels() {
            for (row, values) in dense.chunks_exact_mut(self.cols).enumerate() {
                values[panel.first..][..panel.used].copy_from_slice(&packed[panel.row(row)][..panel.used]);
            }
        }
        dense
    }
}

/// The panels of one kind of vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Panels of vectors of [`PAD`] floats.
    Whole,
    /// The panel of half a vector, if there is one.
    Half,
}

impl Part {
    /// Both, in the order of their columns.
    pub(super) const ALL: [Self; 2] = [Self::Whole, Self::Half];

    /// The instruction set with vectors that divide the panels.
    pub(super) fn isa(self, isa: Isa) -> Isa {
        match self {
            Self::Whole => isa,
            Self::Half => isa.narrow(),
        }
    }
}

/// One panel of a matrix.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panel {
    /// The first column.
    pub(super) first: usize,
    /// Floats of a row, padding included: the distance between rows.
    pub(super) stride: usize,
    /// Where the panel begins in the matrix.
    pub(super) offset: usize,
    /// Columns that are not padding.
    pub(super) used: usize,
}

impl Panel {
    /// Where a row lies in the matrix.
    pub(super) fn row(self, row: usize) -> std::ops::Range<usize> {
        let start = self.offset + row * self.stride;
        start..start + self.stride
    }
}

/// A batch: row-major `[rows, cols]`, rows padded to whole vectors with zeros.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) values: &'a [f32],
    pub(super) rows: usize,
    pub(super) cols: usize,
}

impl Rows<'_> {
    /// The distance between rows.
    pub(super) fn stride(self) -> usize {
        row_stride(self.cols)
    }

    /// Panics unless the rows lie within the array.
    pub(super) fn check(self) {
        assert!(self.values.len() >= self.rows * self.stride(), "the rows lie within their array");
    }
}

/// The distance between rows of `cols` columns: whole vectors, and no multiple of 1024 bytes, at which the rows of a
/// batch would compete for the same few sets of the cache.
pub(super) fn row_stride(cols: usize) -> usize {
    let stride = padded(cols);
    if stride.is_multiple_of(256) { stride + PAD } else { stride }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers in [-1, 1) that look random.
    pub(in crate::host) fn numbers(len: usize, salt: u32) -> Vec<f32> {
        let mut state = 12_345 + salt;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        (0..len).map(|_| next()).collect()
    }

    /// A dense matrix as rows of a batch.
    pub(in crate::host) fn by_rows(dense: &[f32], cols: usize) -> Vec<f32> {
        dense
            .chunks_exact(cols)
            .flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(0.0, row_stride(cols) - cols)))
            .collect()
    }

    proptest! {
        #[test]
        fn panels_cover_every_column_once_in_vectors_and_a_half(rows in 1_usize..20, cols in 1_usize..2000) {
            let layout = Layout { rows, cols };
            let mut column = 0;
            for panel in layout.panels() {
                prop_assert_eq!(panel.first, column);
                prop_assert_eq!(panel.offset, rows * column);
                let unit = if panel.stride == HALF { HALF } else { PAD };
                prop_assert!(panel.stride.is_multiple_of(unit) && (1..=PANEL_VECTORS * PAD).contains(&panel.stride));
                prop_assert!(panel.used > panel.stride - HALF && panel.used <= panel.stride);
                prop_assert!(panel.stride > HALF || panel.first + panel.used == cols);
                column += panel.stride;
            }
            prop_assert_eq!(rows * column, layout.len());
            prop_assert!(row_stride(cols) >= padded(cols) && !row_stride(cols).is_multiple_of(256));
        }

        #[test]
        fn packing_moves_nothing_into_the_padding_and_comes_back(rows in 1_usize..9, cols in 1_usize..200) {
            let layout = Layout { rows, cols };
            let dense = numbers(rows * cols, 3);
            let mut packed = vec![0.0; layout.len()];
            layout.pack(&dense, &mut packed);
            prop_assert_eq!(layout.dense(&packed), dense.clone());
            let column: Vec<f64> = numbers(cols, 4).into_iter().map(f64::from).collect();
            for (row, found) in dense.chunks_exact(cols).zip(layout.times(&packed, &column)) {
                let exact: f64 = row.iter().zip(&column).map(|(&w, u)| f64::from(w) * u).sum();
                prop_assert!((found - exact).abs() < 1e-12 * cols as f64);
            }
            prop_assert_eq!(packed.iter().filter(|v| **v != 0.0).count(), dense.iter().filter(|v| **v != 0.0).count());
        }
    }
}
