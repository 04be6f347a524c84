//! A weight matrix with Adam's moments, and its gradient fused with Adam's step.

use pulp::{Simd, WithSimd};

use super::kernels::{self, AdamStep};
use super::panels::{Layout, PAD, Panel, Rows, padded};
use super::product::Matrix;
use super::tile::{Factors, Finish, Place, tile, tile_rows, tiles};
use super::upcoming::{Upcoming, prefetch};
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
        let zeros = || pages::zeros(layout.len());
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

    pub(super) fn matrix(&self) -> Matrix<'_> {
        Matrix { layout: self.layout, values: &self.value }
    }

    /// One Adam step of a `[1, n]` with a gradient at hand.
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
        let finish = Descend {
            value: self.value.as_mut_ptr(),
            first: self.first.as_mut_ptr(),
            second: self.second.as_mut_ptr(),
            step,
            turned: None,
        };
        isa.dispatch(Gradient { layout: self.layout, a, b, finish, turned, upcoming });
    }
}

struct Gradient<'a> {
    layout: Layout,
    a: Rows<'a>,
    b: Rows<'a>,
    finish: Descend,
    /// The transpose to write.
    turned: Option<(*mut f32, Layout)>,
    upcoming: &'a Upcoming,
}

impl WithSimd for Gradient<'_> {
    type Output = ();

    /// Down each panel of the weights, whose memory is walked through once.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for panel in self.layout.panels() {
            let Some((values, layout)) = self.turned else {
                self.down(simd, 0..self.layout.rows, panel, &self.finish);
                continue;
            };
            for turned in layout.panels() {
                let start = values.wrapping_add(turned.offset).wrapping_sub(turned.first);
                let finish = Descend { turned: Some(TurnedPanel { start, stride: turned.stride }), ..self.finish };
                self.down(simd, turned.first..turned.first + turned.used, panel, &finish);
            }
        }
    }
}

impl Gradient<'_> {
    #[inline(always)]
    fn down<S: Simd>(&self, simd: S, rows: std::ops::Range<usize>, panel: Panel, finish: &Descend) {
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

#[derive(Clone, Copy)]
struct TurnedPanel {
    /// Element (0, 0) of the transpose if its panels were one.
    start: *mut f32,
    stride: usize,
}

#[derive(Clone, Copy)]
struct Descend {
    value: *mut f32,
    first: *mut f32,
    second: *mut f32,
    step: AdamStep,
    /// Where the new weights are written transposed as well.
    turned: Option<TurnedPanel>,
}

impl Finish for Descend {
    #[inline(always)]
    unsafe fn begin<S: Simd>(&self, simd: S, _: usize, _: usize) -> S::f32s {
        simd.splat_f32s(0.0)
    }

    /// Fetches the weights and moments of the tile below.
    #[inline(always)]
    unsafe fn beside<S: Simd>(&self, _: S, place: Place, term: usize) {
        let line = term * PAD;
        if line < tile_rows::<S>() * place.stride {
            let next = place.at + 2 * tile_rows::<S>() * place.stride + line;
            prefetch(self.value.wrapping_add(next));
            prefetch(self.first.wrapping_add(next));
            prefetch(self.second.wrapping_add(next));
        }
    }

    #[inline(always)]
    unsafe fn end<S: Simd, const ROWS: usize, const WIDTH: usize>(
        &self,
        simd: S,
        place: Place,
        sums: [[S::f32s; WIDTH]; ROWS],
    ) {
        // SAFETY: the caller keeps the tile within the output, which the moments and the transpose match.
        unsafe {
            for v in 0..WIDTH {
                let across = v * S::F32_LANES;
                let column = sums.map(|sums| sums[v]);
                let values = self.apply(simd, place.at + across, place.stride, column);
                if let Some(turned) = self.turned {
                    let to = turned.start.add((place.column + across) * turned.stride + place.row);
                    turn::<S, ROWS>(values, to, turned.stride);
                }
            }
        }
    }
}

impl Descend {
    /// One Adam step of vectors that lie `stride` floats apart; returns the new weights.
    ///
    /// # Safety
    /// The vectors lie within the weights.
    #[inline(always)]
    unsafe fn apply<S: Simd, const ROWS: usize>(
        &self,
        simd: S,
        at: usize,
        stride: usize,
        gradient: [S::f32s; ROWS],
    ) -> [S::f32s; ROWS] {
        let mut values = gradient;
        for (row, x) in values.iter_mut().enumerate() {
            let arrays = [self.value, self.first, self.second];
            // SAFETY: the caller keeps the vectors within the weights, which the moments match.
            unsafe {
                let [value, first, second] = arrays.map(|array| array.add(at + row * stride).cast::<S::f32s>());
                let (next, m, v) =
                    self.step.apply(simd, value.read_unaligned(), *x, first.read_unaligned(), second.read_unaligned());
                value.write_unaligned(next);
                first.write_unaligned(m);
                second.write_unaligned(v);
                *x = next;
            }
        }
        values
    }
}

/// Writes `ROWS` vectors as columns: lane l of all of them from `to + l * stride` on.
#[inline(always)]
unsafe fn turn<S: Simd, const ROWS: usize>(rows: [S::f32s; ROWS], to: *mut f32, stride: usize) {
    // SAFETY: the caller keeps the lines within the transpose; a vector of S is F32_LANES floats.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if ROWS.is_multiple_of(4) && S::F32_LANES == 16 {
            let rows: *const std::arch::x86_64::__m512 = std::ptr::from_ref(&rows).cast();
            for quad in 0..ROWS / 4 {
                turn_quad(std::array::from_fn(|row| *rows.add(4 * quad + row)), to.add(4 * quad), stride);
            }
            return;
        }
        for lane in 0..S::F32_LANES {
            for (row, vector) in rows.iter().enumerate() {
                *to.add(lane * stride + row) = *std::ptr::from_ref(vector).cast::<f32>().add(lane);
            }
        }
    }
}

/// Four rows of sixteen, transposed in registers.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn turn_quad(r: [std::arch::x86_64::__m512; 4], to: *mut f32, stride: usize) {
    use std::arch::x86_64::*;
    // SAFETY: as for `turn`; the caller runs with 512-bit vectors.
    unsafe {
        let low_01 = _mm512_castps_pd(_mm512_unpacklo_ps(r[0], r[1]));
        let high_01 = _mm512_castps_pd(_mm512_unpackhi_ps(r[0], r[1]));
        let low_23 = _mm512_castps_pd(_mm512_unpacklo_ps(r[2], r[3]));
        let high_23 = _mm512_castps_pd(_mm512_unpackhi_ps(r[2], r[3]));
        // Each 128-bit group of these holds one column of the four.
        let columns = [
            _mm512_castpd_ps(_mm512_unpacklo_pd(low_01, low_23)),
            _mm512_castpd_ps(_mm512_unpackhi_pd(low_01, low_23)),
            _mm512_castpd_ps(_mm512_unpacklo_pd(high_01, high_23)),
            _mm512_castpd_ps(_mm512_unpackhi_pd(high_01, high_23)),
        ];
        for (within, columns) in columns.into_iter().enumerate() {
            let at = |group: usize| to.add((4 * group + within) * stride);
            _mm_storeu_ps(at(0), _mm512_extractf32x4_ps::<0>(columns));
            _mm_storeu_ps(at(1), _mm512_extractf32x4_ps::<1>(columns));
            _mm_storeu_ps(at(2), _mm512_extractf32x4_ps::<2>(columns));
            _mm_storeu_ps(at(3), _mm512_extractf32x4_ps::<3>(columns));
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
