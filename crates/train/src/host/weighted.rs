//! A weight matrix with Adam's moments, and its gradient fused with Adam's step.

use pulp::{Simd, WithSimd};

use super::descend::{After, Beside, Descend, TurnedPanel};
use super::kernels::{self, AdamStep};
use super::panels::{Layout, Panel, Part, Rows, padded};
use super::product::Matrix;
use super::tile::{Factors, Place, VECTORS, largest_tile, tile, tile_rows, tiles};
use super::upcoming::Upcoming;
use crate::isa::Isa;
use crate::pages;

/// A panelled weight matrix `[m, n]` with both moments of its gradient.
#[derive(Debug)]
pub(super) struct Weighted {
    layout: Layout,
    pub(super) value: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
}

/// The transpose `[n, m]` of a weight matrix, kept up to date by [`Weighted::descend`].
#[derive(Debug)]
pub(super) struct Transposed {
    layout: Layout,
    values: Vec<f32>,
}

impl Transposed {
    /// Room for the transpose of a `[rows, cols]`.
    pub(super) fn new(rows: usize, cols: usize) -> Self {
        // Rows for the padding of the columns, so that whole vectors can be written.
        let layout = Layout { rows: padded(cols), cols: rows };
        Self { layout, values: pages::zeros(layout.len()) }
    }

    /// Takes the transpose of a row-major matrix.
    pub(super) fn reset(&mut self, dense: &[f32]) {
        let rows = self.layout.cols;
        let cols = dense.len() / rows;
        let mut turned = vec![0.0; rows * self.layout.rows];
        for (i, row) in dense.chunks_exact(cols).enumerate() {
            row.iter().enumerate().for_each(|(j, &value)| turned[j * rows + i] = value);
        }
        self.layout.pack(&turned, &mut self.values);
    }

    pub(super) fn matrix(&self) -> Matrix<'_> {
        Matrix { layout: self.layout, values: &self.values }
    }
}

impl Weighted {
    pub(super) fn new(rows: usize, cols: usize) -> Self {
        let layout = Layout { rows, cols };
        let zeros = || pages::zeros(padded(layout.len()));
        Self { layout, value: zeros(), first: zeros(), second: zeros() }
    }

    /// Takes a row-major `[m, n]` as the new value and forgets the moments.
    pub(super) fn reset(&mut self, dense: &[f32]) {
        self.first.fill(0.0);
        self.second.fill(0.0);
        self.layout.pack(dense, &mut self.value);
    }

    /// The value as a row-major `[m, n]`.
    pub(super) fn dense(&self) -> Vec<f32> {
        self.layout.dense(&self.value)
    }

    /// Adam's first moment as a row-major `[m, n]`.
    pub(super) fn first_moment(&self) -> Vec<f32> {
        self.layout.dense(&self.first)
    }

    /// Adam's second moment as a row-major `[m, n]`.
    pub(super) fn second_moment(&self) -> Vec<f32> {
        self.layout.dense(&self.second)
    }

    /// Takes row-major `[m, n]` as Adam's moments.
    pub(super) fn set_moments(&mut self, first: &[f32], second: &[f32]) {
        self.layout.pack(first, &mut self.first);
        self.layout.pack(second, &mut self.second);
    }

    /// The product of the value with a column `[n]`: `[m]`.
    pub(super) fn times(&self, column: &[f64]) -> Vec<f64> {
        self.layout.times(&self.value, column)
    }

    pub(super) fn matrix(&self) -> Matrix<'_> {
        Matrix { layout: self.layout, values: &self.value }
    }

    /// How its numbers lie, those of its gradient too.
    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// One Adam step with a gradient at hand, laid out as the value is.
    pub(super) fn descend_along(&mut self, isa: Isa, gradient: &[f32], step: AdamStep) {
        kernels::adam(isa, step, &mut self.value, gradient, &mut self.first, &mut self.second);
    }

    /// One Adam step with the gradient a^T b, which is never stored; a: `[k, m]`, b: `[k, n]`.  The new weights are
    /// written to `turned` as well, if that is given.
    pub(super) fn descend(
        &mut self,
        isa: Isa,
        (a, b): (Rows<'_>, Rows<'_>),
        step: AdamStep,
        turned: Option<&mut Transposed>,
        upcoming: &Upcoming,
    ) {
        let Layout { rows, cols } = self.layout;
        a.check();
        b.check();
        assert!(a.cols == rows && b.cols == cols && a.rows == b.rows, "the factors fit the weights");
        let turned = turned.map(|turned| {
            assert!(turned.layout.cols == rows && turned.layout.rows >= padded(cols), "the transpose fits the weights");
            (turned.values.as_mut_ptr(), turned.layout)
        });
        let arrays = [self.value.as_mut_ptr(), self.first.as_mut_ptr(), self.second.as_mut_ptr()];
        for part in Part::ALL {
            part.isa(isa).dispatch(Gradient { layout: self.layout, part, a, b, arrays, step, turned, upcoming });
        }
    }
}

struct Gradient<'a> {
    layout: Layout,
    part: Part,
    a: Rows<'a>,
    b: Rows<'a>,
    /// Weights and both moments.
    arrays: [*mut f32; 3],
    step: AdamStep,
    /// The transpose to write.
    turned: Option<(*mut f32, Layout)>,
    upcoming: &'a Upcoming,
}

impl WithSimd for Gradient<'_> {
    type Output = ();

    /// Down each panel of the weights, whose memory is walked through once.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut descend = Descend::new(self.arrays, self.step);
        for panel in self.layout.panels_of(self.part) {
            let Some((values, layout)) = self.turned else {
                self.down(simd, 0..self.layout.rows, panel, &mut descend);
                continue;
            };
            for turned in layout.panels() {
                let start = values.wrapping_add(turned.offset).wrapping_sub(turned.first);
                descend.turned = Some(TurnedPanel { start, stride: turned.stride });
                self.down(simd, turned.first..turned.first + turned.used, panel, &mut descend);
            }
        }
        // SAFETY: what is pending was put there by a tile within the weights.
        unsafe { descend.drain(simd) };
    }
}

impl Gradient<'_> {
    #[inline(always)]
    fn down<S: Simd>(&self, simd: S, rows: std::ops::Range<usize>, panel: Panel, descend: &mut Descend) {
        let tallest = tile_rows::<S>(panel.stride);
        for row in rows.clone().step_by(tallest) {
            let height = (rows.end - row).min(tallest);
            for (across, width) in tiles::<S>(panel.stride) {
                let column = panel.first + across;
                let factors = Factors::of_outer((self.a, self.b), row, column);
                let at = panel.offset + row * panel.stride + across;
                let place = Place { at, stride: panel.stride, column, row };
                self.upcoming.fetch();
                // SAFETY: the asserts of `Weighted::descend` keep rows, columns and depth within the arrays.
                unsafe {
                    if (height, width) == (tallest, VECTORS) {
                        largest_tile(simd, factors, place, &mut Beside(descend));
                    } else {
                        tile(simd, factors, place, (height, width), &mut After(descend));
                    }
                }
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
            let mut exact = vec![0.0; padded(layout.len())];
            layout.pack(&gradient(&a, &b, shape), &mut exact);
            let (a, b) = (by_rows(&a, m), by_rows(&b, n));
            for isa in Isa::available() {
                let (mut weighted, mut transposed) = (Weighted::new(m, n), Transposed::new(m, n));
                let mut alone = Weighted::new(m, n);
                weighted.reset(&value);
                transposed.reset(&value);
                alone.reset(&value);
                for i in 0..3 {
                    let step = AdamStep::new(i, 0.01, 0.5);
                    let (a, b) = (Rows { values: &a, rows: k, cols: m }, Rows { values: &b, rows: k, cols: n });
                    weighted.descend(isa, (a, b), step, Some(&mut transposed), &Upcoming::default());
                    alone.descend_along(isa, &exact, step);
                }
                let pairs = weighted.value.iter().zip(&alone.value);
                let worst = pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
                assert!(worst < 2e-4, "{isa:?} {shape:?}: {worst}");
                let (dense, turned) = (weighted.dense(), transposed.matrix());
                let turned = turned.layout.dense(turned.values);
                for (at, value) in dense.iter().enumerate() {
                    assert_eq!(turned[at % n * m + at / n], *value, "{isa:?} {shape:?}");
                }
            }
        }
    }

    #[test]
    fn a_reset_forgets_the_moments() {
        let mut weighted = Weighted::new(3, 5);
        let value = numbers(15, 4);
        let (a, b) = (by_rows(&numbers(6, 1), 3), by_rows(&numbers(10, 2), 5));
        let descend = |weighted: &mut Weighted| {
            weighted.reset(&value);
            let (a, b) = (Rows { values: &a, rows: 2, cols: 3 }, Rows { values: &b, rows: 2, cols: 5 });
            weighted.descend(Isa::detect(), (a, b), AdamStep::new(0, 0.1, 1.0), None, &Upcoming::default());
            weighted.dense()
        };
        let first = descend(&mut weighted);
        assert_ne!(first, value);
        assert_eq!(descend(&mut weighted), first);
    }
}
