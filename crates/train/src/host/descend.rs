//! Adam's step on the tiles of a gradient that is never stored, and the transpose of the new weights.

use pulp::Simd;

use super::kernels::AdamStep;
use super::panels::{PAD, PANEL_VECTORS};
use super::tile::{Finish, MANY_ROWS, Place, tile_rows};
use super::upcoming::prefetch;

/// A panel of the transpose.
#[derive(Clone, Copy)]
pub(super) struct TurnedPanel {
    /// Element (0, 0) of the transpose if its panels were one.
    pub(super) start: *mut f32,
    pub(super) stride: usize,
}

/// The gradient of a finished tile, to be taken into Adam beside the sums of the next tile: Adam waits for memory and for
/// root and division, the sums for the multipliers, and side by side neither waits for the other.
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

/// As many floats as the largest tile.
#[repr(align(64))]
struct Scratch([f32; MANY_ROWS * PAD * PANEL_VECTORS]);

impl Pending {
    fn none() -> Self {
        Self {
            gradient: Scratch([0.0; MANY_ROWS * PAD * PANEL_VECTORS]),
            place: Place { at: 0, stride: 0, column: 0, row: 0 },
            turned: None,
            rows: 0,
            done: 0,
            vectors: 0,
            row: 0,
            across: 0,
        }
    }
}

/// Takes the sums of a gradient's tiles into Adam, each beside the next.
pub(super) struct Descend {
    /// Weights and both moments.
    arrays: [*mut f32; 3],
    step: AdamStep,
    /// Where the tiles to come are to be written transposed as well.
    pub(super) turned: Option<TurnedPanel>,
    pending: Pending,
}

impl Descend {
    pub(super) fn new(arrays: [*mut f32; 3], step: AdamStep) -> Self {
        Self { arrays, step, turned: None, pending: Pending::none() }
    }

    /// Takes one vector of the pending gradient into Adam.
    ///
    /// # Safety
    /// The pending tile lies within the weights.
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
    /// As for [`Self::advance`].
    #[inline(always)]
    pub(super) unsafe fn drain<S: Simd>(&mut self, simd: S) {
        while self.pending.done < self.pending.vectors {
            // SAFETY: the caller's promise is the callee's.
            unsafe { self.advance(simd) };
        }
    }
}

impl Finish for Descend {
    #[inline(always)]
    unsafe fn begin<S: Simd>(&mut self, simd: S, _: usize, _: usize) -> S::f32s {
        simd.splat_f32s(0.0)
    }

    /// Takes a vector of the tile before into Adam, and fetches the weights and moments of the tile below.
    #[inline(always)]
    unsafe fn beside<S: Simd>(&mut self, simd: S, place: Place, term: usize) {
        if self.pending.done < self.pending.vectors {
            // SAFETY: what is pending was put there by a tile within the weights.
            unsafe { self.advance(simd) };
        }
        let line = term * PAD;
        if line < tile_rows::<S>() * place.stride {
            let next = place.at + tile_rows::<S>() * place.stride + line;
            let _ = self.arrays.map(|array| prefetch(array.wrapping_add(next)));
        }
    }

    #[inline(always)]
    unsafe fn end<S: Simd, const ROWS: usize, const WIDTH: usize>(
        &mut self,
        simd: S,
        place: Place,
        sums: [[S::f32s; WIDTH]; ROWS],
    ) {
        // SAFETY: the caller keeps the tile within the weights; the scratch holds the largest tile.
        unsafe {
            self.drain(simd);
            let gradient = self.pending.gradient.0.as_mut_ptr().cast::<S::f32s>();
            for v in 0..WIDTH {
                for (row, sums) in sums.iter().enumerate() {
                    gradient.add(v * ROWS + row).write_unaligned(sums[v]);
                }
            }
        }
        let pending = &mut self.pending;
        (pending.place, pending.turned) = (place, self.turned);
        (pending.rows, pending.vectors) = (ROWS, ROWS * WIDTH);
        (pending.done, pending.row, pending.across) = (0, 0, 0);
    }
}

/// Writes vectors that lie `from_stride` apart as columns: lane l of all of them from `to + l * to_stride` on.
#[inline(always)]
unsafe fn turn<S: Simd>(rows: usize, (from, from_stride): (*const f32, usize), (to, to_stride): (*mut f32, usize)) {
    // SAFETY: the caller keeps both blocks within their matrices.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if rows.is_multiple_of(4) && S::F32_LANES == 16 {
            for quad in (0..rows).step_by(4) {
                let rows =
                    std::array::from_fn(|row| std::arch::x86_64::_mm512_loadu_ps(from.add((quad + row) * from_stride)));
                turn_quad(rows, to.add(quad), to_stride);
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
