//! Products of panelled matrices, with what comes before and after each done in registers.

use pulp::{Simd, WithSimd};

use super::panels::{Layout, PAD, Panel};
use super::tile::{Factors, Finish, Place, tile, tile_rows, tiles};
use crate::isa::Isa;

/// A panelled matrix to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) layout: Layout,
    pub(super) values: &'a [f32],
}

/// What an output starts from.
#[derive(Debug, Clone, Copy)]
pub(super) enum From<'a> {
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
}

/// out = then(from + a b) for the first `rows` rows of a: `[m, k]`, b: `[k, n]`, out: `[m, n]`.
pub(super) fn product(isa: Isa, rows: usize, a: Matrix<'_>, b: Matrix<'_>, from: From<'_>, out: &mut [f32], then: Then<'_>) {
    let layout = Layout { rows: a.layout.rows, cols: b.layout.cols };
    assert!(rows <= layout.rows && a.layout.cols <= b.layout.rows, "the factors fit each other");
    assert!(a.values.len() >= a.layout.len() && b.values.len() >= b.layout.len(), "the factors fill their layouts");
    assert!(out.len() >= layout.len(), "the product fits its array");
    match &then {
        Then::Relu => {}
        Then::SumColumns(sums) => assert!(sums.len() * layout.rows >= layout.len(), "a sum for each column"),
        Then::MaskAndSumColumns(mask, sums) => {
            assert!(sums.len() * layout.rows >= layout.len() && mask.len() >= layout.len(), "a sum for each column");
        }
        Then::SumSquares(lanes) => assert!(lanes.len() >= rows * PAD, "lanes for each row"),
    }
    if let From::Row(row) = from {
        assert!(row.len() * layout.rows >= layout.len(), "a value for each column");
    }
    let then = match then {
        Then::Relu => RawThen::Relu,
        Then::SumColumns(sums) => RawThen::SumColumns(sums.as_mut_ptr()),
        Then::MaskAndSumColumns(mask, sums) => RawThen::MaskAndSumColumns(mask.as_ptr(), sums.as_mut_ptr()),
        Then::SumSquares(lanes) => RawThen::SumSquares(lanes.as_mut_ptr()),
    };
    isa.dispatch(Product { rows, a, b, from, out: out.as_mut_ptr(), layout, then });
}

#[derive(Clone, Copy)]
enum RawThen {
    Relu,
    SumColumns(*mut f32),
    MaskAndSumColumns(*const f32, *mut f32),
    SumSquares(*mut f32),
}

struct Product<'a> {
    rows: usize,
    a: Matrix<'a>,
    b: Matrix<'a>,
    from: From<'a>,
    out: *mut f32,
    layout: Layout,
    then: RawThen,
}

impl WithSimd for Product<'_> {
    type Output = ();

    /// A block of b, one panel of a deep and one panel of b wide, is used for all rows before the next is touched.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let blocks = self.b.layout.panels().zip(self.layout.panels());
        let mut blocks = blocks.flat_map(|panels| self.a.layout.panels().map(move |depth| (panels, depth))).peekable();
        while let Some(((from, to), depth)) = blocks.next() {
            let b = self.block(from, depth);
            let ahead = match blocks.peek() {
                Some(((from, _), depth)) => Ahead { lines: self.block(*from, *depth), stride: from.stride },
                None => Ahead { lines: std::ptr::null(), stride: 0 },
            };
            let first = depth.first == 0;
            let last = depth.first + depth.used == self.a.layout.cols;
            let finish = Accumulate {
                out: self.out,
                from: if first { self.from } else { From::Itself },
                then: last.then_some(self.then),
                ahead,
            };
            self.rows(simd, depth, b, (from.stride, to), &finish);
        }
    }
}

impl Product<'_> {
    fn block(&self, panel: Panel, depth: Panel) -> *const f32 {
        self.b.values.as_ptr().wrapping_add(panel.offset + depth.first * panel.stride)
    }

    #[inline(always)]
    fn rows<S: Simd>(&self, simd: S, depth: Panel, b: *const f32, (b_stride, to): (usize, Panel), finish: &Accumulate<'_>) {
        for row in (0..self.rows).step_by(tile_rows::<S>()) {
            let height = (self.rows - row).min(tile_rows::<S>());
            for (first, width) in tiles::<S>(to.stride) {
                let factors = Factors {
                    a: self.a.values.as_ptr().wrapping_add(depth.offset + row * depth.stride),
                    a_row: depth.stride,
                    a_depth: 1,
                    b: b.wrapping_add(first),
                    b_stride,
                    depth: depth.used,
                };
                let at = to.offset + row * to.stride + first;
                let place = Place { at, stride: to.stride, column: to.first + first, row };
                // SAFETY: the asserts of `product` keep rows, panels and depth within the three layouts.
                unsafe { tile(simd, factors, place, (height, width), finish) };
            }
        }
    }
}

/// The block of b that comes next, to be fetched row by row: each register tile fetches one line of every row.
#[derive(Clone, Copy)]
struct Ahead {
    lines: *const f32,
    stride: usize,
}

struct Accumulate<'a> {
    out: *mut f32,
    from: From<'a>,
    then: Option<RawThen>,
    ahead: Ahead,
}

impl Finish for Accumulate<'_> {
    #[inline(always)]
    unsafe fn begin<S: Simd>(&self, simd: S, at: usize, column: usize) -> S::f32s {
        // SAFETY: the caller keeps the vector within the output; a row is as long as the output is wide.
        unsafe {
            match self.from {
                From::Itself => self.out.add(at).cast::<S::f32s>().read_unaligned(),
                From::Zero => simd.splat_f32s(0.0),
                From::Row(row) => row.as_ptr().add(column).cast::<S::f32s>().read_unaligned(),
            }
        }
    }

    #[inline(always)]
    unsafe fn beside<S: Simd>(&self, _: S, place: Place, term: usize) {
        let line = place.row / tile_rows::<S>() * PAD;
        if line < self.ahead.stride {
            prefetch(self.ahead.lines.wrapping_add(term * self.ahead.stride + line));
        }
    }

    #[inline(always)]
    unsafe fn end<S: Simd, const ROWS: usize, const WIDTH: usize>(
        &self,
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

/// Asks for the cache line at this address, which need not be valid.
#[inline(always)]
pub(super) fn prefetch(line: *const f32) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch of any address is allowed and reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}
