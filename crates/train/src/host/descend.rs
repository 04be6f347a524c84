//! Adam's step on the tiles of a gradient that is never stored, and the transpose of the new weights.

use pulp::{Simd, WithSimd};

use super::kernels::AdamStep;
use super::panels::{PAD, PANEL_VECTORS};
use super::tile::{Finish, MANY_ROWS, Place, tile_rows};
use super::upcoming::prefetch;

/// As many floats as the largest tile.
const LARGEST: usize = MANY_ROWS * PAD * PANEL_VECTORS;

/// A panel of the transpose.
#[derive(Clone, Copy)]
pub(super) struct TurnedPanel {
    /// Element (0, 0) of the transpose if its panels were one.
    pub(super) start: *mut f32,
    pub(super) stride: usize,
}

/// The weights, their moments and Adam's scalars, with the gradient of the tile summed last.
///
/// That tile is taken into Adam beside the sums of the next: Adam waits for memory, root and division, the sums for the
/// multipliers, and side by side neither waits for the other.
pub(super) struct Descend {
    /// Weights and both moments.
    arrays: [*mut f32; 3],
    step: AdamStep,
    /// Where the tiles to come are to be written transposed as well.
    pub(super) turned: Option<TurnedPanel>,
    pending: Pending,
}

/// The gradient of a tile, vector by vector down its columns, and how much of it has been taken.
struct Pending {
    gradient: Scratch,
    place: Place,
    turned: Option<TurnedPanel>,
    rows: usize,
    /// Vectors taken, and all of the tile.
    done: usize,
    vectors: usize,
    /// The row and the first float across of the next one.
    row: usize,
    across: usize,
}

#[repr(align(64))]
struct Scratch([f32; LARGEST]);

impl Descend {
    pub(super) fn new(arrays: [*mut f32; 3], step: AdamStep) -> Self {
        let pending = Pending {
            gradient: Scratch([0.0; LARGEST]),
            place: Place { at: 0, stride: 0, column: 0, row: 0 },
            turned: None,
            rows: 0,
            done: 0,
            vectors: 0,
            row: 0,
            across: 0,
        };
        Self { arrays, step, turned: None, pending }
    }

    /// Takes one vector of the pending gradient into Adam.
    ///
    /// # Safety
    /// A vector is left, and the pending tile, put there with the same `S`, lies within the weights.
    #[inline(always)]
    unsafe fn advance<S: Simd>(&mut self, simd: S) {
        let pending = &mut self.pending;
        // SAFETY: the caller keeps the tile within the weights, which the moments and the transpose match.
        unsafe {
            let at = pending.place.at + pending.row * pending.place.stride + pending.across;
            let gradient = pending.gradient.0.as_ptr().add(pending.done * S::F32_LANES).cast::<S::f32s>();
            let [value, first, second] = self.arrays.map(|array| array.add(at).cast::<S::f32s>());
            let (x, m, v) = self.step.apply(
                simd,
                value.read_unaligned(),
                gradient.read_unaligned(),
                first.read_unaligned(),
                second.read_unaligned(),
            );
            value.write_unaligned(x);
            first.write_unaligned(m);
            second.write_unaligned(v);
            pending.done += 1;
            pending.row += 1;
            if pending.row == pending.rows {
                if let Some(turned) = pending.turned {
                    let from = self.arrays[0].add(pending.place.at + pending.across);
                    let column = pending.place.column + pending.across;
                    let to = turned.start.add(column * turned.stride + pending.place.row);
                    turn::<S>(pending.rows, (from, pending.place.stride), (to, turned.stride));
                }
                pending.row = 0;
                pending.across += S::F32_LANES;
            }
        }
    }

    /// Takes all that is pending into Adam.
    ///
    /// # Safety
    /// The pending tile, put there with the same `S`, lies within the weights.
    #[inline(always)]
    pub(super) unsafe fn drain<S: Simd>(&mut self, simd: S) {
        if self.pending.done < self.pending.vectors {
            simd.vectorize(Drain(self));
        }
    }

    /// Makes the sums of a tile the pending gradient, once what was pending is taken.
    ///
    /// # Safety
    /// The tile, and the pending one, put there with the same `S`, lie within the weights.
    #[inline(always)]
    unsafe fn take<S: Simd, const ROWS: usize, const WIDTH: usize>(
        &mut self,
        simd: S,
        place: Place,
        sums: [[S::f32s; WIDTH]; ROWS],
    ) {
        // SAFETY: the caller's promise.
        unsafe { self.drain(simd) };
        let pending = &mut self.pending;
        let gradient = pending.gradient.0.as_mut_ptr().cast::<S::f32s>();
        for v in 0..WIDTH {
            for (row, sums) in sums.iter().enumerate() {
                // SAFETY: the scratch holds the largest tile.
                unsafe { gradient.add(v * ROWS + row).write_unaligned(sums[v]) };
            }
        }
        (pending.place, pending.turned) = (place, self.turned);
        (pending.rows, pending.vectors) = (ROWS, ROWS * WIDTH);
        (pending.done, pending.row, pending.across) = (0, 0, 0);
    }

    /// Fetches a line of the weights and moments of the tile below.
    #[inline(always)]
    fn fetch<S: Simd>(&self, place: Place, term: usize) {
        let (line, height) = (term * PAD, tile_rows::<S>(place.stride) * place.stride);
        if line < height {
            for array in self.arrays {
                prefetch(array.wrapping_add(place.at + height + line));
            }
        }
    }
}

/// [`Descend::drain`] as a function of its own, so that it is compiled once for an instruction set and not into every
/// size of tile.
struct Drain<'a>(&'a mut Descend);

impl WithSimd for Drain<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        while self.0.pending.done < self.0.pending.vectors {
            // SAFETY: a vector is left; `Descend::drain`, the only caller, promises the rest.
            unsafe { self.0.advance(simd) };
        }
    }
}

/// The largest tile, which takes the tile before it into Adam beside its own sums.
pub(super) struct Beside<'a>(pub(super) &'a mut Descend);

/// A tile of any size, after the one before it was taken into Adam.
pub(super) struct After<'a>(pub(super) &'a mut Descend);

impl Finish for Beside<'_> {
    #[inline(always)]
    unsafe fn begin<S: Simd>(&mut self, simd: S, _: usize, _: usize) -> S::f32s {
        simd.splat_f32s(0.0)
    }

    #[inline(always)]
    unsafe fn beside<S: Simd>(&mut self, simd: S, place: Place, term: usize) {
        if self.0.pending.done < self.0.pending.vectors {
            // SAFETY: a vector is left, and what is pending was put there by a tile within the weights.
            unsafe { self.0.advance(simd) };
        }
        self.0.fetch::<S>(place, term);
    }

    #[inline(always)]
    unsafe fn end<S: Simd, const ROWS: usize, const WIDTH: usize>(
        &mut self,
        simd: S,
        place: Place,
        sums: [[S::f32s; WIDTH]; ROWS],
    ) {
        // SAFETY: the caller keeps the tile within the weights.
        unsafe { self.0.take(simd, place, sums) };
    }
}

impl Finish for After<'_> {
    #[inline(always)]
    unsafe fn begin<S: Simd>(&mut self, simd: S, _: usize, _: usize) -> S::f32s {
        simd.splat_f32s(0.0)
    }

    #[inline(always)]
    unsafe fn beside<S: Simd>(&mut self, _: S, place: Place, term: usize) {
        self.0.fetch::<S>(place, term);
    }

    #[inline(always)]
    unsafe fn end<S: Simd, const ROWS: usize, const WIDTH: usize>(
        &mut self,
        simd: S,
        place: Place,
        sums: [[S::f32s; WIDTH]; ROWS],
    ) {
        // SAFETY: as for `Beside`.
        unsafe { self.0.take(simd, place, sums) };
    }
}

/// Writes vectors that lie `from_stride` apart as columns: lane l of all of them from `to + l * to_stride` on.
///
/// # Safety
/// Both blocks lie within their matrices.
#[inline(always)]
unsafe fn turn<S: Simd>(rows: usize, (from, from_stride): (*const f32, usize), (to, to_stride): (*mut f32, usize)) {
    // SAFETY: the caller's promise; a vector of S is F32_LANES floats.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if rows.is_multiple_of(4) && S::F32_LANES == 16 {
            for quad in (0..rows).step_by(4) {
                let row = |row| std::arch::x86_64::_mm512_loadu_ps(from.add((quad + row) * from_stride));
                turn_quad([row(0), row(1), row(2), row(3)], to.add(quad), to_stride);
            }
            return;
        }
        for lane in 0..S::F32_LANES {
            for row in 0..rows {
                *to.add(lane * to_stride + row) = *from.add(row * from_stride + lane);
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
