//! Matrix products for the skinny shapes of training, and the weight gradient fused with Adam.
//!
//! out (i, j) = sum_k a(i, k) b(k, j) in register tiles of 4 rows by up to 7 vectors.  The right factor is read in place,
//! row by row, so nothing is packed; rows of b and out are padded to [`PAD`] floats, and padding holds zeros.

use pulp::{Simd, WithSimd};

use super::kernels::{self, AdamStep};
use crate::isa::Isa;

/// Floats that every row length is rounded up to: one vector of the widest instruction set.
pub(super) const PAD: usize = 16;
/// Terms of the inner sum taken at a time, so that the part of b in use stays in the second-level cache.
const DEPTH_BLOCK: usize = 256;
/// Rows of a register tile.
const TILE_ROWS: usize = 4;

/// `n` rounded up to whole vectors.
pub(super) fn padded(n: usize) -> usize {
    n.next_multiple_of(PAD)
}

/// The left factor: element (i, k) is `values[i * row + k * depth]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left<'a> {
    pub(super) values: &'a [f32],
    pub(super) row: usize,
    pub(super) depth: usize,
}

impl<'a> Left<'a> {
    /// A row-major matrix with rows `stride` apart.
    pub(super) fn new(values: &'a [f32], stride: usize) -> Self {
        Self { values, row: stride, depth: 1 }
    }

    /// The transpose of a row-major matrix with rows `stride` apart.
    pub(super) fn transposed(values: &'a [f32], stride: usize) -> Self {
        Self { values, row: 1, depth: stride }
    }
}

/// The shape of a product: out is m by n, the inner sum has k terms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) m: usize,
    pub(super) n: usize,
    pub(super) k: usize,
}

/// out += a b.  b: `[k, padded(n)]`, out: `[m, padded(n)]`.
pub(super) fn add_product(isa: Isa, shape: Shape, a: Left<'_>, b: &[f32], out: &mut [f32]) {
    let stride = padded(shape.n);
    check(shape, a, b);
    assert!(out.len() >= shape.m * stride, "the product fits its array");
    let mut k = 0;
    while k < shape.k {
        let depth = DEPTH_BLOCK.min(shape.k - k);
        let finish = Add(out.as_mut_ptr());
        isa.dispatch(Product {
            shape: Shape { k: depth, ..shape },
            stride,
            a,
            b,
            skipped: k,
            finish,
            panels_first: true,
        });
        k += depth;
    }
}

/// A weight matrix with Adam's moments, all `[m, padded(n)]`.
#[derive(Debug, Default)]
pub(super) struct Weighted {
    pub(super) value: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Weighted {
    /// Takes a row-major `[m, n]` as the new value and forgets the moments.
    pub(super) fn reset(&mut self, value: &[f32], n: usize) {
        let stride = padded(n);
        let len = value.len() / n * stride;
        for buffer in [&mut self.value, &mut self.first, &mut self.second] {
            buffer.clear();
            buffer.resize(len, 0.0);
        }
        for (row, values) in self.value.chunks_exact_mut(stride).zip(value.chunks_exact(n)) {
            row[..n].copy_from_slice(values);
        }
    }

    /// The value without padding, row-major `[m, n]`.
    pub(super) fn dense(&self, n: usize) -> Vec<f32> {
        self.value.chunks_exact(padded(n)).flat_map(|row| &row[..n]).copied().collect()
    }

    /// One Adam step with a gradient at hand, in the layout of the value.
    pub(super) fn descend_along(&mut self, isa: Isa, gradient: &[f32], step: AdamStep) {
        kernels::adam(isa, step, &mut self.value, gradient, &mut self.first, &mut self.second);
    }

    /// One Adam step with the gradient a b, which is never stored.
    pub(super) fn descend(&mut self, isa: Isa, shape: Shape, a: Left<'_>, b: &[f32], step: AdamStep) {
        let stride = padded(shape.n);
        check(shape, a, b);
        let len = shape.m * stride;
        assert!(self.value.len() >= len && self.first.len() >= len && self.second.len() >= len, "moments fit");
        let finish = Descend {
            value: self.value.as_mut_ptr(),
            first: self.first.as_mut_ptr(),
            second: self.second.as_mut_ptr(),
            step,
        };
        isa.dispatch(Product { shape, stride, a, b, skipped: 0, finish, panels_first: false });
    }
}

fn check(shape: Shape, a: Left<'_>, b: &[f32]) {
    let Shape { m, n, k } = shape;
    assert!(m > 0 && n > 0 && k > 0, "a product has a shape");
    assert!((m - 1) * a.row + (k - 1) * a.depth < a.values.len(), "the left factor lies within its array");
    assert!(b.len() >= k * padded(n), "the right factor lies within its array");
}

/// What happens to a finished vector of sums at an offset of the output.
trait Finish: Copy {
    /// Announces that the vector at this offset is needed soon.
    ///
    /// # Safety
    /// The offset lies within the output.
    unsafe fn prefetch<S: Simd>(self, simd: S, at: usize);

    /// Takes the sums.
    ///
    /// # Safety
    /// The offset and the vector after it lie within the output.
    unsafe fn finish<S: Simd>(self, simd: S, at: usize, sums: S::f32s);
}

#[derive(Clone, Copy)]
struct Add(*mut f32);

impl Finish for Add {
    #[inline(always)]
    unsafe fn prefetch<S: Simd>(self, _: S, _: usize) {}

    #[inline(always)]
    unsafe fn finish<S: Simd>(self, simd: S, at: usize, sums: S::f32s) {
        // SAFETY: the caller keeps the vector within the output.
        unsafe {
            let out = self.0.add(at).cast::<S::f32s>();
            out.write_unaligned(simd.add_f32s(out.read_unaligned(), sums));
        }
    }
}

#[derive(Clone, Copy)]
struct Descend {
    value: *mut f32,
    first: *mut f32,
    second: *mut f32,
    step: AdamStep,
}

impl Finish for Descend {
    #[inline(always)]
    unsafe fn prefetch<S: Simd>(self, _: S, at: usize) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a prefetch reads nothing; the caller keeps the offset within the output.
            unsafe {
                for array in [self.value, self.first, self.second] {
                    _mm_prefetch::<_MM_HINT_T0>(array.add(at).cast());
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn finish<S: Simd>(self, simd: S, at: usize, sums: S::f32s) {
        // SAFETY: the caller keeps the vector within the output, which the three arrays match in length.
        unsafe {
            let [value, first, second] = [self.value, self.first, self.second].map(|p| p.add(at).cast::<S::f32s>());
            let (x, m, v) =
                self.step.apply(simd, value.read_unaligned(), sums, first.read_unaligned(), second.read_unaligned());
            value.write_unaligned(x);
            first.write_unaligned(m);
            second.write_unaligned(v);
        }
    }
}

struct Product<'a, F> {
    shape: Shape,
    stride: usize,
    a: Left<'a>,
    b: &'a [f32],
    /// Terms of the sum that come before the first of this pass.
    skipped: usize,
    finish: F,
    /// Whether a panel of b is used for all rows before the next (b is large), or a row of out is finished across all
    /// panels before the next (out is large, and streams).
    panels_first: bool,
}

impl<F: Finish> WithSimd for Product<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let vectors = self.shape.n.div_ceil(S::F32_LANES);
        let panels = vectors.div_ceil(most_vectors::<S>());
        let rows = self.shape.m.div_ceil(TILE_ROWS);
        // Panels of nearly equal width, so that none is too narrow to hide the latency of the multiplier.
        let bounds = |panel: usize| (vectors * panel / panels, vectors * (panel + 1) / panels);
        if self.panels_first {
            for panel in 0..panels {
                for row in 0..rows {
                    self.rows(simd, row * TILE_ROWS, bounds(panel));
                }
            }
        } else {
            for row in 0..rows {
                for panel in 0..panels {
                    self.rows(simd, row * TILE_ROWS, bounds(panel));
                }
            }
        }
    }
}

/// The widest tile whose sums, one row of b and a broadcast fit the registers.
const fn most_vectors<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 7 } else { 3 }
}

impl<F: Finish> Product<'_, F> {
    /// The tile of up to four rows from `i` on, in the vectors `first..next`.
    #[inline(always)]
    fn rows<S: Simd>(&self, simd: S, i: usize, (first, next): (usize, usize)) {
        let width = next - first;
        match (self.shape.m - i).min(TILE_ROWS) {
            1 => self.vectors::<S, 1>(simd, i, first, width),
            2 => self.vectors::<S, 2>(simd, i, first, width),
            3 => self.vectors::<S, 3>(simd, i, first, width),
            _ => self.vectors::<S, TILE_ROWS>(simd, i, first, width),
        }
    }

    #[inline(always)]
    fn vectors<S: Simd, const ROWS: usize>(&self, simd: S, i: usize, first: usize, width: usize) {
        match width {
            1 => self.tile::<S, ROWS, 1>(simd, i, first),
            2 => self.tile::<S, ROWS, 2>(simd, i, first),
            3 => self.tile::<S, ROWS, 3>(simd, i, first),
            4 if most_vectors::<S>() > 3 => self.tile::<S, ROWS, 4>(simd, i, first),
            5 if most_vectors::<S>() > 3 => self.tile::<S, ROWS, 5>(simd, i, first),
            6 if most_vectors::<S>() > 3 => self.tile::<S, ROWS, 6>(simd, i, first),
            _ if most_vectors::<S>() > 3 => self.tile::<S, ROWS, 7>(simd, i, first),
            _ => {}
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const WIDTH: usize>(&self, simd: S, i: usize, first: usize) {
        let mut sums = [[simd.splat_f32s(0.0); WIDTH]; ROWS];
        let at = |row: usize, v: usize| (i + row) * self.stride + (first + v) * S::F32_LANES;
        // SAFETY: `check` and the asserts of the two entry points keep every element of the factors and of the output
        // that rows i .. i + ROWS <= m, vectors first .. first + WIDTH <= padded(n) / lanes and terms skipped ..
        // skipped + k reach inside their arrays; rows are padded to whole vectors.
        unsafe {
            for row in 0..ROWS {
                for v in 0..WIDTH {
                    self.finish.prefetch(simd, at(row, v));
                }
            }
            let mut a = self.a.values.as_ptr().add(i * self.a.row + self.skipped * self.a.depth);
            let mut b = self.b.as_ptr().add(self.skipped * self.stride + first * S::F32_LANES);
            for term in 0..self.shape.k {
                let mut line = [simd.splat_f32s(0.0); WIDTH];
                for (v, line) in line.iter_mut().enumerate() {
                    *line = b.add(v * S::F32_LANES).cast::<S::f32s>().read_unaligned();
                }
                for (row, sums) in sums.iter_mut().enumerate() {
                    let x = simd.splat_f32s(*a.add(row * self.a.row));
                    for (sum, line) in sums.iter_mut().zip(line) {
                        *sum = simd.mul_add_e_f32s(x, line, *sum);
                    }
                }
                if term + 1 < self.shape.k {
                    a = a.add(self.a.depth);
                    b = b.add(self.stride);
                }
            }
            for (row, sums) in sums.into_iter().enumerate() {
                for (v, sums) in sums.into_iter().enumerate() {
                    self.finish.finish(simd, at(row, v), sums);
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn numbers(len: usize, salt: u32) -> Vec<f32> {
        let mut state = 12_345 + salt;
        (0..len)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect()
    }

    /// A padded matrix of random numbers, zeros in the padding.
    pub(in crate::host) fn matrix(rows: usize, cols: usize, salt: u32) -> Vec<f32> {
        let mut values = numbers(rows * padded(cols), salt);
        values.chunks_exact_mut(padded(cols)).for_each(|row| row[cols..].fill(0.0));
        values
    }

    const SHAPES: [(usize, usize, usize); 8] =
        [(1, 1, 1), (4, 16, 3), (5, 17, 256), (7, 113, 257), (50, 100, 784), (3, 250, 50), (2, 2, 600), (101, 33, 1)];

    #[test]
    fn products_match_f64_sums_on_every_instruction_set() {
        for (m, n, k) in SHAPES {
            let shape = Shape { m, n, k };
            let (a, b, start) = (numbers(m * k, 1), matrix(k, n, 2), matrix(m, n, 3));
            for isa in Isa::available() {
                for transposed in [false, true] {
                    let left = if transposed { Left::transposed(&a, m) } else { Left::new(&a, k) };
                    let mut out = start.clone();
                    add_product(isa, shape, left, &b, &mut out);
                    for i in 0..m {
                        for j in 0..padded(n) {
                            let sum: f64 = (0..k)
                                .map(|p| f64::from(a[i * left.row + p * left.depth]) * f64::from(b[p * padded(n) + j]))
                                .sum();
                            let at = i * padded(n) + j;
                            let expected = sum + f64::from(start[at]);
                            let error = (f64::from(out[at]) - expected).abs();
                            assert!(error < 2e-6 * (k as f64).sqrt() + 1e-6, "{isa:?} {m} {n} {k}: {error}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn fused_descent_is_the_gradient_then_adam() {
        for (m, n, k) in SHAPES {
            let shape = Shape { m, n, k };
            let (a, b, value) = (numbers(m * k, 1), matrix(k, n, 2), numbers(m * n, 3));
            let mut gradient = vec![0.0; m * padded(n)];
            add_product(Isa::detect(), shape, Left::new(&a, k), &b, &mut gradient);
            for isa in Isa::available() {
                let mut weighted = Weighted::default();
                weighted.reset(&value, n);
                let (mut plain, mut first, mut second) =
                    (weighted.value.clone(), vec![0.0; m * padded(n)], vec![0.0; m * padded(n)]);
                for i in 0..3 {
                    let step = AdamStep::new(i, 0.01, 0.5);
                    weighted.descend(isa, shape, Left::new(&a, k), &b, step);
                    kernels::adam(isa, step, &mut plain, &gradient, &mut first, &mut second);
                }
                let worst = weighted.value.iter().zip(&plain).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
                assert!(worst < 2e-4, "{isa:?} {m} {n} {k}: {worst}");
                let dense = weighted.dense(n);
                assert_eq!(dense.len(), m * n);
                assert_eq!(dense[n * (m - 1)..], weighted.value[padded(n) * (m - 1)..][..n]);
            }
        }
    }
}
