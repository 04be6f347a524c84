//! A weight matrix with Adam's moments, and its gradient fused with Adam's step.

use pulp::{Simd, WithSimd};

use super::descend::{Descend, TurnedPanel};
use super::kernels::{self, AdamStep};
use super::panels::{Layout, PAD, Panel, Rows};
use super::product::Matrix;
use super::tile::{Factors, Place, tile, tile_rows, tiles};
use super::upcoming::Upcoming;
use crate::isa::Isa;
use crate::pages;

/// A panelled weight matrix `[m, n]` with both moments of its gradient and, if wanted, its transpose.
#[derive(Debug)]
pub(super) struct Weighted {
    layout: Layout,
    pub(super) value: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    /// The transpose `[n, m]`, kept up to date by [`Self::descend`].
    transpose: Option<Transposed>,
}

#[derive(Debug)]
struct Transposed {
    layout: Layout,
    values: Vec<f32>,
}

impl Weighted {
    pub(super) fn new(rows: usize, cols: usize) -> Self {
        let layout = Layout { rows, cols };
        let zeros = || pages::zeros(layout.len());
        Self { layout, value: zeros(), first: zeros(), second: zeros(), transpose: None }
    }

    /// Keeps the transpose too.
    pub(super) fn with_transpose(mut self) -> Self {
        // Rows for the padding of the columns, so that whole vectors can be written.
        let layout = Layout { rows: self.layout.cols.next_multiple_of(PAD), cols: self.layout.rows };
        self.transpose = Some(Transposed { layout, values: pages::zeros(layout.len()) });
        self
    }

    /// Takes a row-major `[m, n]` as the new value and forgets the moments.
    pub(super) fn reset(&mut self, dense: &[f32]) {
        let Layout { rows, cols } = self.layout;
        self.first.fill(0.0);
        self.second.fill(0.0);
        self.layout.pack(dense, &mut self.value);
        if let Some(transpose) = &mut self.transpose {
            let mut turned = vec![0.0; rows * transpose.layout.rows];
            for (i, row) in dense.chunks_exact(cols).enumerate() {
                row.iter().enumerate().for_each(|(j, &value)| turned[j * rows + i] = value);
            }
            transpose.layout.pack(&turned, &mut transpose.values);
        }
    }

    /// The value as a row-major `[m, n]`.
    pub(super) fn dense(&self) -> Vec<f32> {
        self.layout.dense(&self.value)
    }

    pub(super) fn matrix(&self) -> Matrix<'_> {
        Matrix { layout: self.layout, values: &self.value }
    }

    /// The transpose, if it is kept.
    pub(super) fn transpose(&self) -> Option<Matrix<'_>> {
        self.transpose.as_ref().map(|kept| Matrix { layout: kept.layout, values: &kept.values })
    }

    /// One Adam step of a `[1, n]` with a gradient at hand.
    pub(super) fn descend_along(&mut self, isa: Isa, gradient: &[f32], step: AdamStep) {
        kernels::adam(isa, step, &mut self.value, gradient, &mut self.first, &mut self.second);
    }

    /// One Adam step with the gradient a^T b, which is never stored; a: `[k, m]`, b: `[k, n]`.
    pub(super) fn descend(&mut self, isa: Isa, a: Rows<'_>, b: Rows<'_>, step: AdamStep, upcoming: &Upcoming) {
        let Layout { rows, cols } = self.layout;
        a.check();
        b.check();
        assert!(a.cols == rows && b.cols == cols && a.rows == b.rows, "the factors fit the weights");
        let (turned, turned_layout) = match &mut self.transpose {
            Some(kept) => (kept.values.as_mut_ptr(), kept.layout),
            None => (std::ptr::null_mut(), Layout { rows: 0, cols: 0 }),
        };
        let arrays = [self.value.as_mut_ptr(), self.first.as_mut_ptr(), self.second.as_mut_ptr()];
        isa.dispatch(Gradient { layout: self.layout, a, b, arrays, step, turned, turned_layout, upcoming });
    }
}

struct Gradient<'a> {
    layout: Layout,
    a: Rows<'a>,
    b: Rows<'a>,
    /// Weights and both moments.
    arrays: [*mut f32; 3],
    step: AdamStep,
    turned: *mut f32,
    turned_layout: Layout,
    upcoming: &'a Upcoming,
}

impl WithSimd for Gradient<'_> {
    type Output = ();

    /// Down each panel of the weights, whose memory is walked through once.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut finish = Descend::new(self.arrays, self.step);
        for panel in self.layout.panels() {
            for turned in self.turned_layout.panels() {
                let start = self.turned.wrapping_add(turned.offset).wrapping_sub(turned.first);
                finish.turned = Some(TurnedPanel { start, stride: turned.stride });
                self.down(simd, turned.first..turned.first + turned.used, panel, &mut finish);
            }
            if self.turned.is_null() {
                self.down(simd, 0..self.layout.rows, panel, &mut finish);
            }
        }
        // SAFETY: what is pending was put there by a tile within the weights.
        unsafe { finish.drain(simd) };
    }
}

impl Gradient<'_> {
    #[inline(always)]
    fn down<S: Simd>(&self, simd: S, rows: std::ops::Range<usize>, panel: Panel, finish: &mut Descend) {
        for row in rows.clone().step_by(tile_rows::<S>()) {
            let height = (rows.end - row).min(tile_rows::<S>());
            for (across, width) in tiles::<S>(panel.stride) {
                let column = panel.first + across;
                let factors = Factors {
                    a: self.a.values.as_ptr().wrapping_add(row),
                    a_row: 1,
                    a_depth: self.a.stride(),
                    b: self.b.values.as_ptr().wrapping_add(column),
                    b_stride: self.b.stride(),
                    depth: self.a.rows,
                };
                let at = panel.offset + row * panel.stride + across;
                let place = Place { at, stride: panel.stride, column, row };
                self.upcoming.fetch();
                // SAFETY: the asserts of `descend` keep rows, columns and depth within the arrays.
                unsafe { tile(simd, factors, place, (height, width), finish) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::panels::tests::{by_rows, numbers};
    use crate::host::product::tests::SHAPES;

    /// a^T b, dense.
    fn gradient(a: &[f32], b: &[f32], (m, n, k): (usize, usize, usize)) -> Vec<f32> {
        let sum =
            |i: usize, j: usize| -> f64 { (0..k).map(|p| f64::from(a[p * m + i]) * f64::from(b[p * n + j])).sum() };
        (0..m * n).map(|at| sum(at / n, at % n) as f32).collect()
    }

    #[test]
    fn fused_descent_is_the_gradient_then_adam_and_keeps_the_transpose() {
        for shape in SHAPES {
            let (m, n, k) = shape;
            let (a, b, value) = (numbers(k * m, 1), numbers(k * n, 2), numbers(m * n, 3));
            let layout = Layout { rows: m, cols: n };
            let mut exact = vec![0.0; layout.len()];
            layout.pack(&gradient(&a, &b, shape), &mut exact);
            let (a, b) = (by_rows(&a, m), by_rows(&b, n));
            for isa in Isa::available() {
                let mut weighted = Weighted::new(m, n).with_transpose();
                let mut alone = Weighted::new(m, n);
                weighted.reset(&value);
                alone.reset(&value);
                for i in 0..3 {
                    let step = AdamStep::new(i, 0.01, 0.5);
                    let (a, b) = (Rows { values: &a, rows: k, cols: m }, Rows { values: &b, rows: k, cols: n });
                    weighted.descend(isa, a, b, step, &Upcoming::default());
                    alone.descend_along(isa, &exact, step);
                }
                let pairs = weighted.value.iter().zip(&alone.value);
                let worst = pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
                assert!(worst < 2e-4, "{isa:?} {shape:?}: {worst}");
                let (dense, turned) = (weighted.dense(), weighted.transpose().unwrap());
                let turned = turned.layout.dense(turned.values);
                for (at, value) in dense.iter().enumerate() {
                    assert_eq!(turned[at % n * m + at / n], *value, "{isa:?} {shape:?}");
                }
            }
        }
    }

    #[test]
    fn a_reset_forgets_the_moments() {
        let mut weighted = Weighted::new(3, 5).with_transpose();
        let value = numbers(15, 4);
        let (a, b) = (by_rows(&numbers(6, 1), 3), by_rows(&numbers(10, 2), 5));
        let descend = |weighted: &mut Weighted| {
            weighted.reset(&value);
            let (a, b) = (Rows { values: &a, rows: 2, cols: 3 }, Rows { values: &b, rows: 2, cols: 5 });
            weighted.descend(Isa::detect(), a, b, AdamStep::new(0, 0.1, 1.0), &Upcoming::default());
            weighted.dense()
        };
        let first = descend(&mut weighted);
        assert_ne!(first, value);
        assert_eq!(descend(&mut weighted), first);
    }
}
