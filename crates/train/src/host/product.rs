//! Products of panelled matrices, with what comes before and after each done in registers.

use pulp::{Simd, WithSimd};

use super::panels::{Layout, PAD, Panel, Part, Rows, padded, row_stride};
use super::tile::{Factors, Finish, Place, tile, tile_rows, tiles};
use super::upcoming::Upcoming;
use crate::isa::Isa;

/// Terms of the inner sum taken at a time, so that a block of b stays in the nearest caches.
const DEPTH: usize = 512;

/// A panelled matrix to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) layout: Layout,
    pub(super) values: &'a [f32],
}

/// What an output starts from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start<'a> {
    /// What it holds.
    Itself,
    /// Zero.
    Zero,
    /// A row, repeated: `[padded(n)]`.
    Row(&'a [f32]),
}

/// What becomes of a finished output.
#[derive(Debug)]
pub(super) enum Then<'a> {
    /// out = max(out, 0).
    Relu,
    /// The sums of out over its rows are added to these, `[padded(n)]`.
    SumColumns(&'a mut [f32]),
    /// out = out where the mask (in the layout of out) is positive and 0 elsewhere, then as [`Self::SumColumns`].
    MaskAndSumColumns(&'a [f32], &'a mut [f32]),
    /// The squares of out are added to these lanes, `[rows, PAD]`; out itself is left undefined.
    SumSquares(&'a mut [f32]),
    /// Nothing more.
    Nothing,
}

/// out = then(start + a b); a: `[m, k]`, b: `[k, n]`, out: `[m, n]` with rows as [`row_stride`] says.
pub(super) fn product(
    isa: Isa,
    a: Rows<'_>,
    b: Matrix<'_>,
    start: Start<'_>,
    out: &mut [f32],
    then: Then<'_>,
    upcoming: &Upcoming,
) {
    a.check();
    let stride = row_stride(b.layout.cols);
    assert!(a.cols <= b.layout.rows && b.values.len() >= b.layout.len(), "the right factor fits the left");
    let rows_fit = |len: usize| len >= a.rows * stride;
    let columns_fit = |len: usize| len >= padded(b.layout.cols);
    assert!(rows_fit(out.len()), "the product fits its array");
    if let Start::Row(row) = start {
        assert!(columns_fit(row.len()), "a value for each column");
    }
    let then = match then {
        Then::Relu => Some(RawThen::Relu),
        Then::SumColumns(sums) => {
            assert!(columns_fit(sums.len()), "a sum for each column");
            Some(RawThen::SumColumns(sums.as_mut_ptr()))
        }
        Then::MaskAndSumColumns(mask, sums) => {
            assert!(rows_fit(mask.len()) && columns_fit(sums.len()), "a mask for each value, a sum for each column");
            Some(RawThen::MaskAndSumColumns(mask.as_ptr(), sums.as_mut_ptr()))
        }
        Then::SumSquares(lanes) => {
            assert!(lanes.len() >= a.rows * PAD, "lanes for each row");
            Some(RawThen::SumSquares(lanes.as_mut_ptr()))
        }
        Then::Nothing => None,
    };
    for part in Part::ALL {
        part.isa(isa).dispatch(Product { a, b, part, start, out: out.as_mut_ptr(), stride, then, upcoming });
    }
}

#[derive(Clone, Copy)]
enum RawThen {
    Relu,
    SumColumns(*mut f32),
    MaskAndSumColumns(*const f32, *mut f32),
    SumSquares(*mut f32),
}

struct Product<'a> {
    a: Rows<'a>,
    b: Matrix<'a>,
    part: Part,
    start: Start<'a>,
    out: *mut f32,
    /// The distance between rows of out.
    stride: usize,
    then: Option<RawThen>,
    upcoming: &'a Upcoming,
}

impl WithSimd for Product<'_> {
    type Output = ();

    /// A block of b, one panel wide, is used for all rows before the next is touched.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let terms = self.a.cols;
        let blocks = terms.div_ceil(DEPTH);
        for panel in self.b.layout.panels_of(self.part) {
            for block in 0..blocks {
                let (first, next) = (terms * block / blocks, terms * (block + 1) / blocks);
                let mut finish = Accumulate {
                    out: self.out,
                    start: if block == 0 { self.start } else { Start::Itself },
                    then: self.then.filter(|_| block + 1 == blocks),
                };
                self.rows(simd, (first, next - first), panel, &mut finish);
            }
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn rows<S: Simd>(&self, simd: S, (first, depth): (usize, usize), panel: Panel, finish: &mut Accumulate<'_>) {
        let tallest = tile_rows::<S>(panel.stride);
        for row in (0..self.a.rows).step_by(tallest) {
            let height = (self.a.rows - row).min(tallest);
            for (across, width) in tiles::<S>(panel.stride) {
                let factors = Factors {
                    a: self.a.values.as_ptr().wrapping_add(row * self.a.stride() + first),
                    a_row: self.a.stride(),
                    a_depth: 1,
                    b: self.b.values.as_ptr().wrapping_add(panel.offset + first * panel.stride + across),
                    b_stride: panel.stride,
                    depth,
                };
                let column = panel.first + across;
                let place = Place { at: row * self.stride + column, stride: self.stride, column, row };
                self.upcoming.fetch();
                // SAFETY: the asserts of `product` keep rows, columns and depth within the arrays.
                unsafe { tile(simd, factors, place, (height, width), finish) };
            }
        }
    }
}

struct Accumulate<'a> {
    out: *mut f32,
    start: Start<'a>,
    then: Option<RawThen>,
}

impl Finish for Accumulate<'_> {
    #[inline(always)]
    unsafe fn begin<S: Simd>(&mut self, simd: S, at: usize, column: usize) -> S::f32s {
        // SAFETY: the caller keeps the vector within the output; a row is as long as the output is wide.
        unsafe {
            match self.start {
                Start::Itself => self.out.add(at).cast::<S::f32s>().read_unaligned(),
                Start::Zero => simd.splat_f32s(0.0),
                Start::Row(row) => row.as_ptr().add(column).cast::<S::f32s>().read_unaligned(),
            }
        }
    }

    #[inline(always)]
    unsafe fn end<S: Simd, const ROWS: usize, const WIDTH: usize>(
        &mut self,
        simd: S,
        place: Place,
        mut sums: [[S::f32s; WIDTH]; ROWS],
    ) {
        let at = |row: usize, v: usize| place.at + row * place.stride + v * S::F32_LANES;
        let zero = simd.splat_f32s(0.0);
        // SAFETY: the caller keeps the tile within the output, which `product` compared with the other arrays.
        unsafe {
            match self.then {
                Some(RawThen::Relu) => {
                    for sum in sums.as_flattened_mut() {
                        *sum = simd.max_f32s(*sum, zero);
                    }
                }
                Some(RawThen::MaskAndSumColumns(mask, _)) => {
                    for (row, sums) in sums.iter_mut().enumerate() {
                        for (v, sum) in sums.iter_mut().enumerate() {
                            let on = mask.add(at(row, v)).cast::<S::f32s>().read_unaligned();
                            *sum = simd.select_f32s(simd.greater_than_f32s(on, zero), *sum, zero);
                        }
                    }
                }
                _ => {}
            }
            if let Some(RawThen::SumColumns(columns) | RawThen::MaskAndSumColumns(_, columns)) = self.then {
                for v in 0..WIDTH {
                    let column = columns.add(place.column + v * S::F32_LANES).cast::<S::f32s>();
                    let mut total = column.read_unaligned();
                    for sums in &sums {
                        total = simd.add_f32s(total, sums[v]);
                    }
                    column.write_unaligned(total);
                }
            }
            if let Some(RawThen::SumSquares(lanes)) = self.then {
                for (row, sums) in sums.iter().enumerate() {
                    let lane = lanes.add((place.row + row) * PAD).cast::<S::f32s>();
                    let mut total = lane.read_unaligned();
                    for sum in sums {
                        total = simd.mul_add_e_f32s(*sum, *sum, total);
                    }
                    lane.write_unaligned(total);
                }
            } else {
                for (row, sums) in sums.iter().enumerate() {
                    for (v, sum) in sums.iter().enumerate() {
                        self.out.add(at(row, v)).cast::<S::f32s>().write_unaligned(*sum);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::host::panels::tests::{by_rows, numbers};

    pub(in crate::host) const SHAPES: [(usize, usize, usize); 9] = [
        (1, 1, 1),
        (4, 16, 3),
        (5, 17, 256),
        (7, 113, 513),
        (50, 100, 784),
        (3, 256, 50),
        (2, 2, 600),
        (101, 33, 1),
        (9, 48, 30),
    ];

    /// The factors of a product and its exact value, dense.
    struct Case {
        a: Vec<f32>,
        b: Vec<f32>,
        bias: Vec<f32>,
        exact: Vec<f64>,
    }

    fn case((m, n, k): (usize, usize, usize)) -> Case {
        let (a, b, mut bias) = (numbers(m * k, 1), numbers(k * n, 2), numbers(n, 3));
        let sum = |i: usize, j: usize| -> f64 {
            (0..k).map(|p| f64::from(a[i * k + p]) * f64::from(b[p * n + j])).sum::<f64>() + f64::from(bias[j])
        };
        let exact = (0..m * n).map(|at| sum(at / n, at % n)).collect();
        bias.resize(padded(n), 0.0);
        Case { a: by_rows(&a, k), b, bias, exact }
    }

    fn run(isa: Isa, (m, n, k): (usize, usize, usize), case: &Case, then: Then<'_>) -> Vec<f32> {
        let layout = Layout { rows: k, cols: n };
        let mut b = vec![0.0; layout.len()];
        layout.pack(&case.b, &mut b);
        let mut out = vec![7.0; m * row_stride(n)];
        let a = Rows { values: &case.a, rows: m, cols: k };
        let b = Matrix { layout, values: &b };
        product(isa, a, b, Start::Row(&case.bias), &mut out, then, &Upcoming::default());
        out.chunks_exact(row_stride(n)).flat_map(|row| row[..n].to_vec()).collect()
    }

    fn tolerance(k: usize) -> f64 {
        2e-6 * (k as f64).sqrt() + 1e-6
    }

    #[test]
    fn products_match_f64_sums_on_every_instruction_set() {
        for shape in SHAPES {
            let (m, n, k) = shape;
            let case = case(shape);
            for isa in Isa::available() {
                let mut columns = vec![0.0; padded(n)];
                let out = run(isa, shape, &case, Then::SumColumns(&mut columns));
                for (value, exact) in out.iter().zip(&case.exact) {
                    assert!((f64::from(*value) - exact).abs() < tolerance(k), "{isa:?} {shape:?}");
                }
                for (j, sum) in columns[..n].iter().enumerate() {
                    let exact: f64 = (0..m).map(|i| case.exact[i * n + j]).sum();
                    assert!((f64::from(*sum) - exact).abs() < tolerance(k) * m as f64, "{isa:?} {shape:?}");
                }
            }
        }
    }

    #[test]
    fn outputs_are_rectified_masked_and_squared_in_passing() {
        for shape in SHAPES {
            let (m, n, k) = shape;
            let case = case(shape);
            let dense_mask: Vec<f32> = numbers(m * n, 5).iter().map(|v| v.max(0.0)).collect();
            let mask = by_rows(&dense_mask, n);
            for isa in Isa::available() {
                let rectified = run(isa, shape, &case, Then::Relu);
                let mut columns = vec![0.0; padded(n)];
                let masked = run(isa, shape, &case, Then::MaskAndSumColumns(&mask, &mut columns));
                for (at, exact) in case.exact.iter().enumerate() {
                    assert!((f64::from(rectified[at]) - exact.max(0.0)).abs() < tolerance(k), "{isa:?} {shape:?}");
                    let exact = if dense_mask[at] > 0.0 { *exact } else { 0.0 };
                    assert!((f64::from(masked[at]) - exact).abs() < tolerance(k), "{isa:?} {shape:?}");
                }
                let total: f64 = columns.iter().map(|&sum| f64::from(sum)).sum();
                let exact: f64 = masked.iter().map(|&v| f64::from(v)).sum();
                assert!((total - exact).abs() < 1e-4 * (m * n) as f64, "{isa:?} {shape:?}");
                let mut lanes = vec![0.0; m * PAD];
                run(isa, shape, &case, Then::SumSquares(&mut lanes));
                for (i, lanes) in lanes.chunks_exact(PAD).enumerate() {
                    let exact: f64 = case.exact[i * n..(i + 1) * n].iter().map(|v| v * v).sum();
                    let sum: f64 = lanes.iter().map(|&lane| f64::from(lane)).sum();
                    assert!((sum - exact).abs() < 1e-5 * exact + 1e-5, "{isa:?} {shape:?}: {sum} {exact}");
                }
            }
        }
    }
}
