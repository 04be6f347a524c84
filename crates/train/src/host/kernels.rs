//! Elementwise kernels and sums, compiled for the instruction set chosen at run time.

use pulp::{Simd, WithSimd};

use super::panels::PAD;
use crate::adam::{BETA_1, BETA_2, EPSILON};
use crate::isa::{Isa, kernel};

/// The scalars of one Adam step.
#[derive(Debug, Clone, Copy)]
pub(super) struct AdamStep {
    gradient_factor: f32,
    step_size: f32,
    root_factor: f32,
}

impl AdamStep {
    /// The step number `step` (0-based) at this learning rate; gradients are read times `gradient_factor`.
    pub(super) fn new(step: usize, learning_rate: f64, gradient_factor: f64) -> Self {
        let exponent = (step + 1) as f64;
        let (correction_1, correction_2) = (1.0 - BETA_1.powf(exponent), 1.0 - BETA_2.powf(exponent));
        Self {
            gradient_factor: gradient_factor as f32,
            step_size: (learning_rate / correction_1) as f32,
            root_factor: correction_2.sqrt().recip() as f32,
        }
    }

    /// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, x -= lr m_hat / (sqrt(v_hat) + eps); returns (x, m, v).
    /// Kingma and Ba 2015, algorithm 1.
    #[inline(always)]
    pub(super) fn apply<S: Simd>(
        self,
        simd: S,
        x: S::f32s,
        g: S::f32s,
        m: S::f32s,
        v: S::f32s,
    ) -> (S::f32s, S::f32s, S::f32s) {
        let all = |value: f32| simd.splat_f32s(value);
        let (b1, b2) = (BETA_1 as f32, BETA_2 as f32);
        let g = simd.mul_f32s(g, all(self.gradient_factor));
        let m = simd.mul_add_e_f32s(all(b1), m, simd.mul_f32s(all(1.0 - b1), g));
        let v = simd.mul_add_e_f32s(all(b2), v, simd.mul_f32s(all(1.0 - b2), simd.mul_f32s(g, g)));
        let root = simd.mul_add_e_f32s(simd.sqrt_f32s(v), all(self.root_factor), all(EPSILON as f32));
        let x = simd.sub_f32s(x, simd.div_f32s(simd.mul_f32s(all(self.step_size), m), root));
        (x, m, v)
    }
}

/// One Adam step of a whole array, whose length is a multiple of every vector.
pub(super) fn adam(
    isa: Isa,
    step: AdamStep,
    value: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
) {
    assert!(value.len().is_multiple_of(PAD) && gradient.len() == value.len(), "whole vectors with a gradient for each");
    isa.dispatch(Adam { step, value, gradient, first, second });
}

struct Adam<'a> {
    step: AdamStep,
    value: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl WithSimd for Adam<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (value, _) = S::as_mut_simd_f32s(self.value);
        let (gradient, _) = S::as_simd_f32s(self.gradient);
        let (first, _) = S::as_mut_simd_f32s(self.first);
        let (second, _) = S::as_mut_simd_f32s(self.second);
        for (((x, &g), m), v) in value.iter_mut().zip(gradient).zip(first).zip(second) {
            (*x, *m, *v) = self.step.apply(simd, *x, g, *m, *v);
        }
    }
}

kernel! {
    /// sum_i a_i b_i: f32 products, added in f64 over 16 lanes in a fixed order.
    pub(super) fn dot<'a>(a: &'a [f32], b: &'a [f32]) -> f64 {
        const LANES: usize = 16;
        let (a_lanes, a_rest) = a.as_chunks::<LANES>();
        let (b_lanes, b_rest) = b.as_chunks::<LANES>();
        let mut sums = [0.0_f64; LANES];
        for (a, b) in a_lanes.iter().zip(b_lanes) {
            for lane in 0..LANES {
                sums[lane] += f64::from(a[lane] * b[lane]);
            }
        }
        let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| f64::from(x * y)).sum();
        sums.iter().sum::<f64>() + rest
    }
}

kernel! {
    /// sums_k = sum_n a_nk b_nk over rows `stride` apart: `[n, stride]` -> `[k]`, a chain of fused multiply-adds each.
    pub(super) fn column_dots<'a>(a: &'a [f32], b: &'a [f32], stride: usize, sums: &'a mut [f32]) {
        sums.fill(0.0);
        for (a, b) in a.chunks_exact(stride).zip(b.chunks_exact(stride)) {
            sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum = a.mul_add(*b, *sum));
        }
    }
}

kernel! {
    /// sums_k += sum_n a_nk for the columns k >= first of rows `stride` apart: `[n, stride]`.
    pub(super) fn add_column_sums<'a>(a: &'a [f32], stride: usize, first: usize, sums: &'a mut [f32]) {
        for row in a.chunks_exact(stride) {
            sums[first..].iter_mut().zip(&row[first..]).for_each(|(sum, a)| *sum += a);
        }
    }
}

kernel! {
    /// Adds the squares of the columns k >= first of rows `stride` apart, `[n, stride]`, to the lanes of each row, `[n, PAD]`.
    pub(super) fn add_squares<'a>(a: &'a [f32], stride: usize, first: usize, lanes: &'a mut [f32]) {
        for (row, lanes) in a.chunks_exact(stride).zip(lanes.chunks_exact_mut(PAD)) {
            for values in row[first..].chunks(PAD) {
                lanes.iter_mut().zip(values).for_each(|(lane, v)| *lane = v.mul_add(*v, *lane));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One value in an array that every vector divides.
    fn alone(value: f32) -> [f32; 16] {
        let mut array = [0.0; 16];
        array[0] = value;
        array
    }

    #[test]
    fn first_adam_step_is_the_learning_rate_against_the_gradient() {
        // At the first step m_hat = g and v_hat = g^2, so x moves by lr g / (|g| + eps).
        for isa in Isa::available() {
            for (g, expected) in [(0.5, 0.9), (-2.0, 1.1), (0.0, 1.0)] {
                let (mut x, mut m, mut v) = (alone(1.0), alone(0.0), alone(0.0));
                adam(isa, AdamStep::new(0, 0.1, 1.0), &mut x, &alone(g), &mut m, &mut v);
                assert!((x[0] - expected).abs() < 1e-6, "{isa:?} {} {expected}", x[0]);
                assert!(x[1..].iter().all(|x| *x == 0.0));
            }
        }
    }

    #[test]
    fn adam_follows_the_textbook_recursion() {
        for isa in Isa::available() {
            let (mut x, mut m, mut v) = (alone(0.2), alone(0.0), alone(0.0));
            let (mut x64, mut m64, mut v64) = (0.2_f64, 0.0, 0.0);
            for (i, g) in [0.3, -0.1, 0.7, 0.2, -0.9].into_iter().enumerate() {
                adam(isa, AdamStep::new(i, 0.01, 2.0), &mut x, &alone(g as f32), &mut m, &mut v);
                let g = 2.0 * g;
                m64 = BETA_1 * m64 + (1.0 - BETA_1) * g;
                v64 = BETA_2 * v64 + (1.0 - BETA_2) * g * g;
                let n = i as i32 + 1;
                let (m_hat, v_hat): (f64, f64) = (m64 / (1.0 - BETA_1.powi(n)), v64 / (1.0 - BETA_2.powi(n)));
                x64 -= 0.01 * m_hat / (v_hat.sqrt() + EPSILON);
            }
            assert!((f64::from(x[0]) - x64).abs() < 1e-6, "{isa:?} {} {x64}", x[0]);
        }
    }

    #[test]
    fn the_columns_beyond_are_summed_and_squared() {
        let rows: Vec<f32> = (0..64).map(|i| (i % 7) as f32 - 2.0).collect();
        for isa in Isa::available() {
            let (mut sums, mut lanes) = (vec![5.0; 32], vec![1.0; 2 * PAD]);
            add_column_sums(isa, &rows, 32, 3, &mut sums);
            add_squares(isa, &rows, 32, 3, &mut lanes);
            for (k, sum) in sums.iter().enumerate() {
                assert_eq!(*sum, if k < 3 { 5.0 } else { 5.0 + rows[k] + rows[32 + k] }, "{isa:?} {k}");
            }
            for (row, lanes) in rows.chunks_exact(32).zip(lanes.chunks_exact(PAD)) {
                let exact: f32 = row[3..].iter().map(|v| v * v).sum();
                assert_eq!(lanes.iter().sum::<f32>(), exact + PAD as f32, "{isa:?}");
            }
        }
    }

    #[test]
    fn dot_by_hand() {
        for isa in Isa::available() {
            let ones = [1.0; 41];
            assert!((dot(isa, &ones, &ones) - 41.0).abs() < 1e-12);
        }
    }
}
