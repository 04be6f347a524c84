//! The register tile: a few rows by a few vectors of a product, summed over the inner index.

use pulp::Simd;

use super::panels::Rows;

/// The most vectors across a register tile.
pub(super) const VECTORS: usize = 3;
/// Rows of a register tile where there are 32 registers: 24 sums, three vectors of b and one value of a.
pub(super) const MANY_ROWS: usize = 8;
/// Rows of a register tile where there are 16 registers.
const FEW_ROWS: usize = 4;

/// The rows of a register tile in a panel of `stride` floats: its sums fit the registers beside one row of the right
/// factor, and are enough to hide the latency of the multiplier.
#[inline(always)]
pub(super) const fn tile_rows<S: Simd>(stride: usize) -> usize {
    if many_registers::<S>() || stride == S::F32_LANES { MANY_ROWS } else { FEW_ROWS }
}

const fn many_registers<S: Simd>() -> bool {
    S::REGISTER_COUNT >= 32
}

/// The register tiles across a panel of `stride` floats: the first float and the width in vectors of each.
#[inline(always)]
pub(super) fn tiles<S: Simd>(stride: usize) -> impl Iterator<Item = (usize, usize)> {
    let vectors = stride / S::F32_LANES;
    let tiles = vectors.div_ceil(VECTORS);
    (0..tiles).map(move |tile| {
        let (first, next) = (vectors * tile / tiles, vectors * (tile + 1) / tiles);
        (first * S::F32_LANES, next - first)
    })
}

/// The factors of a tile: a (i, k) is `a[i * a_row + k * a_depth]`, row k of b begins at `b[k * b_stride]`.
#[derive(Clone, Copy)]
pub(super) struct Factors {
    pub(super) a: *const f32,
    pub(super) a_row: usize,
    pub(super) a_depth: usize,
    pub(super) b: *const f32,
    pub(super) b_stride: usize,
    pub(super) depth: usize,
}

impl Factors {
    /// Those of the tile of a^T b at (row, column), whose terms are the rows of both.
    #[inline(always)]
    pub(super) fn of_outer((a, b): (Rows<'_>, Rows<'_>), row: usize, column: usize) -> Self {
        Self {
            a: a.values.as_ptr().wrapping_add(row),
            a_row: 1,
            a_depth: a.stride(),
            b: b.values.as_ptr().wrapping_add(column),
            b_stride: b.stride(),
            depth: a.rows,
        }
    }
}

/// Where a tile lies in the output, in floats.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The first vector of the first row.
    pub(super) at: usize,
    /// The distance between rows.
    pub(super) stride: usize,
    /// The column of the first vector.
    pub(super) column: usize,
    /// The first row.
    pub(super) row: usize,
}

/// What a tile's sums begin with and what becomes of them.
pub(super) trait Finish {
    /// The value that the sum of a vector starts from.
    ///
    /// # Safety
    /// The vector at offset `at` (column `column`) lies within the output.
    unsafe fn begin<S: Simd>(&mut self, simd: S, at: usize, column: usize) -> S::f32s;

    /// Something small to do beside one term of the sums, such as a prefetch.
    ///
    /// # Safety
    /// Called while the tile at `place` is summed.
    #[inline(always)]
    unsafe fn beside<S: Simd>(&mut self, _: S, _: Place, _: usize) {}

    /// Takes the sums of all rows of a tile.
    ///
    /// # Safety
    /// The tile lies within the output.
    unsafe fn end<S: Simd, const ROWS: usize, const WIDTH: usize>(
        &mut self,
        simd: S,
        place: Place,
        sums: [[S::f32s; WIDTH]; ROWS],
    );
}

/// A tile of `rows` by `width` vectors, at most [`tile_rows`] by [`VECTORS`].
///
/// # Safety
/// All elements of the factors and of the output that the tile reaches lie within their arrays.
#[inline(always)]
pub(super) unsafe fn tile<S: Simd, F: Finish>(
    simd: S,
    factors: Factors,
    place: Place,
    (rows, width): (usize, usize),
    finish: &mut F,
) {
    // SAFETY: the caller's promise is the callee's.
    unsafe {
        match width {
            1 => of_width::<S, F, 1>(simd, factors, place, rows, finish),
            2 => of_width::<S, F, 2>(simd, factors, place, rows, finish),
            _ => of_width::<S, F, VECTORS>(simd, factors, place, rows, finish),
        }
    }
}

#[inline(always)]
unsafe fn of_width<S: Simd, F: Finish, const WIDTH: usize>(
    simd: S,
    factors: Factors,
    place: Place,
    rows: usize,
    finish: &mut F,
) {
    // SAFETY: the caller's promise is the callee's.
    unsafe {
        match rows {
            1 => sum::<S, F, 1, WIDTH>(simd, factors, place, finish),
            2 => sum::<S, F, 2, WIDTH>(simd, factors, place, finish),
            3 => sum::<S, F, 3, WIDTH>(simd, factors, place, finish),
            FEW_ROWS => sum::<S, F, FEW_ROWS, WIDTH>(simd, factors, place, finish),
            _ if !many_registers::<S>() && WIDTH > 1 => {}
            5 => sum::<S, F, 5, WIDTH>(simd, factors, place, finish),
            6 => sum::<S, F, 6, WIDTH>(simd, factors, place, finish),
            7 => sum::<S, F, 7, WIDTH>(simd, factors, place, finish),
            _ => sum::<S, F, MANY_ROWS, WIDTH>(simd, factors, place, finish),
        }
    }
}

/// A tile of [`tile_rows`] by [`VECTORS`], compiled alone where `finish` is long.
///
/// # Safety
/// As for [`tile`].
#[inline(always)]
pub(super) unsafe fn largest_tile<S: Simd, F: Finish>(simd: S, factors: Factors, place: Place, finish: &mut F) {
    // SAFETY: the caller's promise is the callee's.
    unsafe {
        if many_registers::<S>() {
            sum::<S, F, MANY_ROWS, VECTORS>(simd, factors, place, finish);
        } else {
            sum::<S, F, FEW_ROWS, VECTORS>(simd, factors, place, finish);
        }
    }
}

#[inline(always)]
unsafe fn sum<S: Simd, F: Finish, const ROWS: usize, const WIDTH: usize>(
    simd: S,
    factors: Factors,
    place: Place,
    finish: &mut F,
) {
    let Factors { mut a, a_row, a_depth, mut b, b_stride, depth } = factors;
    let mut sums = [[simd.splat_f32s(0.0); WIDTH]; ROWS];
    // SAFETY: the caller keeps the tile within the output and the factors within their arrays.
    unsafe {
        for (row, sums) in sums.iter_mut().enumerate() {
            for (v, sum) in sums.iter_mut().enumerate() {
                let across = v * S::F32_LANES;
                *sum = finish.begin(simd, place.at + row * place.stride + across, place.column + across);
            }
        }
        for term in 0..depth {
            finish.beside(simd, place, term);
            let mut line = [simd.splat_f32s(0.0); WIDTH];
            for (v, line) in line.iter_mut().enumerate() {
                *line = b.add(v * S::F32_LANES).cast::<S::f32s>().read_unaligned();
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let x = simd.splat_f32s(*a.add(row * a_row));
                for (sum, line) in sums.iter_mut().zip(line) {
                    *sum = simd.mul_add_e_f32s(x, line, *sum);
                }
            }
            // The last advance may leave the arrays; nothing is read there.
            a = a.wrapping_add(a_depth);
            b = b.wrapping_add(b_stride);
        }
        finish.end(simd, place, sums);
    }
}
