//! The rows in work: inputs, errors and activations of a batch.

use model::Parametrisation;
use pulp::{Simd, WithSimd};

use super::panels::Layout;
use super::product::Matrix;
use crate::TrainingSet;
use crate::epoch::{Epoch, Split, wire_from};
use crate::isa::Isa;

/// The rows of a batch: panels are laid out for `capacity` rows, of which the first `used` hold samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct BatchLayout {
    pub(super) capacity: usize,
    pub(super) used: usize,
}

impl BatchLayout {
    pub(super) fn matrix(self, values: &[f32], cols: usize) -> Matrix<'_> {
        Matrix { layout: self.layout(cols), values }
    }

    /// The floats of a matrix of `cols` columns.
    pub(super) fn len(self, cols: usize) -> usize {
        self.layout(cols).len()
    }

    fn layout(self, cols: usize) -> Layout {
        Layout { rows: self.capacity, cols }
    }
}

/// Panelled matrices of the rows in work.
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
        let (wide, narrow) = (Layout { rows, cols: inputs }.len(), Layout { rows, cols: hidden }.len());
        Self {
            inputs: vec![0.0; wide],
            errors: vec![0.0; wide],
            hidden: vec![0.0; narrow],
            hidden_errors: vec![0.0; narrow],
        }
    }

    /// Loads z and the errors of a net without weights, b2 + gain z - u, of the samples from position `first` on;
    /// returns the sum of u^2 for the test split (0 for the other, where nobody asks).
    pub(super) fn load(
        &mut self,
        isa: Isa,
        (epoch, set, wiring): (&Epoch, &TrainingSet, &Parametrisation),
        (split, first): (Split, usize),
        rows: BatchLayout,
        (bias, gain): (&[f32], f32),
    ) -> f64 {
        let layout = rows.layout(set.inputs);
        let (inputs, errors) = (&mut self.inputs, &mut self.errors);
        let gain = wiring.trained_gain.then_some(gain);
        isa.dispatch(Load { epoch, set, wiring, split, first, rows: rows.used, layout, bias, gain, inputs, errors })
    }
}

struct Load<'a> {
    epoch: &'a Epoch,
    set: &'a TrainingSet,
    wiring: &'a Parametrisation,
    split: Split,
    first: usize,
    rows: usize,
    layout: Layout,
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
        for row in 0..self.rows {
            let (z0, eps) = self.epoch.pair(self.set, self.split, self.first + row);
            for panel in self.layout.panels() {
                let columns = panel.first..panel.first + panel.used;
                let z = &mut self.inputs[panel.row(row)][..panel.used];
                let errors = &mut self.errors[panel.row(row)][..panel.used];
                wire_from(self.wiring, panel.first, &z0[columns.clone()], &eps[columns.clone()], z, errors);
                if self.split == Split::Test {
                    total += squares(errors);
                }
                for (error, b) in errors.iter_mut().zip(&self.bias[columns]) {
                    *error = b - *error;
                }
                if let Some(gain) = self.gain {
                    errors.iter_mut().zip(z).for_each(|(error, z)| *error += gain * *z);
                }
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
