//! The rows in work: inputs, errors and activations of a batch.

use model::Parametrisation;
use pulp::{Simd, WithSimd};

use super::panels::row_stride;
use crate::TrainingSet;
use crate::epoch::{Epoch, Split, wire};
use crate::isa::Isa;

/// Matrices of the rows in work, laid out as [`row_stride`] says.
#[derive(Debug)]
pub(super) struct Batch {
    /// z, `[rows, r]`.
    pub(super) inputs: Vec<f32>,
    /// net - u, `[rows, r]`.
    pub(super) errors: Vec<f32>,
    /// `[rows, H]`.
    pub(super) hidden: Vec<f32>,
    /// `[rows, H]`.
    pub(super) hidden_errors: Vec<f32>,
}

impl Batch {
    /// Room for as many rows.
    pub(super) fn new(rows: usize, inputs: usize, hidden: usize) -> Self {
        let (wide, narrow) = (rows * row_stride(inputs), rows * row_stride(hidden));
        Self {
            inputs: vec![0.0; wide],
            errors: vec![0.0; wide],
            hidden: vec![0.0; narrow],
            hidden_errors: vec![0.0; narrow],
        }
    }

    /// Loads z and the errors of a net without weights, b2 + gain z - u, of `rows` samples from position `first` on;
    /// returns the sum of u^2 for the test split (0 for the other, where nobody asks).
    pub(super) fn load(
        &mut self,
        isa: Isa,
        (epoch, set, wiring): (&Epoch, &TrainingSet, &Parametrisation),
        (split, first, rows): (Split, usize, usize),
        (bias, gain): (&[f32], f32),
    ) -> f64 {
        let (inputs, errors) = (&mut self.inputs, &mut self.errors);
        let gain = wiring.trained_gain.then_some(gain);
        isa.dispatch(Load { epoch, set, wiring, split, first, rows, bias, gain, inputs, errors })
    }
}

struct Load<'a> {
    epoch: &'a Epoch,
    set: &'a TrainingSet,
    wiring: &'a Parametrisation,
    split: Split,
    first: usize,
    rows: usize,
    bias: &'a [f32],
    gain: Option<f32>,
    inputs: &'a mut [f32],
    errors: &'a mut [f32],
}

impl WithSimd for Load<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        let mut total = 0.0;
        let r = self.set.inputs;
        let stride = row_stride(r);
        let rows = self.inputs.chunks_exact_mut(stride).zip(self.errors.chunks_exact_mut(stride)).take(self.rows);
        for (row, (z, errors)) in rows.enumerate() {
            let (z0, eps) = self.epoch.pair(self.set, self.split, self.first + row);
            let (z, errors) = (&mut z[..r], &mut errors[..r]);
            wire(self.wiring, z0, eps, z, errors);
            if self.split == Split::Test {
                total += squares(errors);
            }
            for (error, b) in errors.iter_mut().zip(self.bias) {
                *error = b - *error;
            }
            if let Some(gain) = self.gain {
                errors.iter_mut().zip(z).for_each(|(error, z)| *error += gain * *z);
            }
        }
        total
    }
}

/// The sum of squares, in 16 lanes of f32.
#[inline(always)]
fn squares(values: &[f32]) -> f64 {
    let (lanes, rest) = values.as_chunks::<16>();
    let mut sums = [0.0_f32; 16];
    for values in lanes {
        for (sum, v) in sums.iter_mut().zip(values) {
            *sum += v * v;
        }
    }
    let whole: f64 = sums.iter().map(|&sum| f64::from(sum)).sum();
    whole + rest.iter().map(|v| f64::from(v * v)).sum::<f64>()
}
