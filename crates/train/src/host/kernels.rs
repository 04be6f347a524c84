//! Elementwise kernels, compiled for the widest vectors of the processor at run time.

use pulp::Arch;

use crate::adam::{BETA_1, BETA_2, EPSILON};

/// The scalars of one Adam step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdamStep {
    gradient_factor: f32,
    step_size: f32,
    root_factor: f32,
}

impl AdamStep {
    /// The step number `step` (0-based) at this learning rate; gradients are read times `gradient_factor`.
    pub(crate) fn new(step: usize, learning_rate: f64, gradient_factor: f64) -> Self {
        let exponent = (step + 1) as f64;
        let (correction_1, correction_2) = (1.0 - BETA_1.powf(exponent), 1.0 - BETA_2.powf(exponent));
        Self {
            gradient_factor: gradient_factor as f32,
            step_size: (learning_rate / correction_1) as f32,
            root_factor: correction_2.sqrt().recip() as f32,
        }
    }
}

/// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, x -= lr m_hat / (sqrt(v_hat) + eps).  Kingma and Ba 2015, alg. 1.
pub(crate) fn adam(step: AdamStep, value: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
    let (b1, b2, eps) = (BETA_1 as f32, BETA_2 as f32, EPSILON as f32);
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (((x, &g), m), v) in value.iter_mut().zip(gradient).zip(first).zip(second) {
                let g = g * step.gradient_factor;
                *m = b1 * *m + (1.0 - b1) * g;
                *v = b2 * *v + (1.0 - b2) * g * g;
                *x -= step.step_size * *m / (v.sqrt() * step.root_factor + eps);
            }
        },
    );
}

/// x = max(x, 0).
pub(crate) fn relu(values: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for x in values {
                *x = if *x > 0.0 { *x } else { 0.0 };
            }
        },
    );
}

/// Zeroes the errors of hidden units that are off.
pub(crate) fn mask(hidden: &[f32], errors: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (e, &h) in errors.iter_mut().zip(hidden) {
                *e = if h > 0.0 { *e } else { 0.0 };
            }
        },
    );
}

/// out = row - values, the row repeated over [n, r].
pub(crate) fn subtract_from_row(row: &[f32], values: &[f32], out: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (out, values) in out.chunks_exact_mut(row.len()).zip(values.chunks_exact(row.len())) {
                for ((o, &v), &b) in out.iter_mut().zip(values).zip(row) {
                    *o = b - v;
                }
            }
        },
    );
}

/// out += factor values.
pub(crate) fn add_scaled(factor: f32, values: &[f32], out: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (o, &v) in out.iter_mut().zip(values) {
                *o += factor * v;
            }
        },
    );
}

/// The sums over rows of a row-major [n, r]: sums [r].
pub(crate) fn column_sums(values: &[f32], sums: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            sums.fill(0.0);
            for row in values.chunks_exact(sums.len()) {
                for (sum, &v) in sums.iter_mut().zip(row) {
                    *sum += v;
                }
            }
        },
    );
}

/// sum_i a_i b_i: f32 products, added in f64 over 16 lanes in a fixed order.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 16;
    Arch::new().dispatch(
        #[inline(always)]
        || {
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
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_adam_step_is_the_learning_rate_against_the_gradient() {
        // At the first step m_hat = g and v_hat = g^2, so x moves by lr g / (|g| + eps).
        let (mut x, g) = ([1.0, 1.0, 1.0], [0.5, -2.0, 0.0]);
        let (mut m, mut v) = ([0.0; 3], [0.0; 3]);
        adam(AdamStep::new(0, 0.1, 1.0), &mut x, &g, &mut m, &mut v);
        for (x, expected) in x.iter().zip([0.9, 1.1, 1.0]) {
            assert!((x - expected).abs() < 1e-6, "{x} {expected}");
        }
    }

    #[test]
    fn adam_follows_the_textbook_recursion() {
        let gradients = [0.3, -0.1, 0.7, 0.2, -0.9];
        let (mut x, mut m, mut v) = ([0.2_f32], [0.0], [0.0]);
        let (mut x64, mut m64, mut v64) = (0.2_f64, 0.0, 0.0);
        for (i, g) in gradients.into_iter().enumerate() {
            adam(AdamStep::new(i, 0.01, 2.0), &mut x, &[g as f32], &mut m, &mut v);
            let g = 2.0 * g;
            m64 = BETA_1 * m64 + (1.0 - BETA_1) * g;
            v64 = BETA_2 * v64 + (1.0 - BETA_2) * g * g;
            let n = i as i32 + 1;
            let (m_hat, v_hat): (f64, f64) = (m64 / (1.0 - BETA_1.powi(n)), v64 / (1.0 - BETA_2.powi(n)));
            x64 -= 0.01 * m_hat / (v_hat.sqrt() + EPSILON);
        }
        assert!((f64::from(x[0]) - x64).abs() < 1e-6, "{} {x64}", x[0]);
    }

    #[test]
    fn sums_and_masks_by_hand() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut sums = [9.0; 3];
        column_sums(&values, &mut sums);
        assert_eq!(sums, [5.0, 7.0, 9.0]);
        let mut errors = values;
        mask(&[1.0, 0.0, -0.0, 2.0, 0.0, 1.0], &mut errors);
        assert_eq!(errors, [1.0, 0.0, 0.0, 4.0, 0.0, 6.0]);
        let ones = [1.0; 40];
        assert!((dot(&ones, &ones) - 40.0).abs() < 1e-12);
        let mut out = [0.0; 6];
        subtract_from_row(&[1.0, 1.0, 2.0], &values, &mut out);
        assert_eq!(out, [0.0, -1.0, -1.0, -3.0, -4.0, -4.0]);
    }
}
