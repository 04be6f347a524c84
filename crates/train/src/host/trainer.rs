//! One machine's weights, moments and buffers, and the training of one epoch.

use model::{Machine, Parametrisation, Weights};
use schedule::Timestep;

use super::kernels::{self, AdamStep};
use super::product::{Left, Shape, Weighted, add_product, padded};
use super::transpose::transpose;
use crate::epoch::{Epoch, Rows, Split};
use crate::isa::Isa;
use crate::job::ErrorSums;
use crate::{Job, Losses};

/// Samples evaluated at a time: their inputs, targets and activations stay in the second-level cache.
const EVALUATION_BLOCK: usize = 100;

/// A thread's machine in training; the buffers are reused from one timestep to the next.
///
/// All matrices are row-major with rows padded to whole vectors; the padding is zero and stays zero.
pub(crate) struct Trainer<'a> {
    job: &'a Job<'a>,
    isa: Isa,
    t: Timestep,
    wiring: Parametrisation,
    /// `[r, H]`.
    w1: Weighted,
    /// `[1, H]`.
    b1: Weighted,
    /// `[H, r]`.
    w2: Weighted,
    /// `[1, r]`.
    b2: Weighted,
    /// `[1, 1]`.
    gain: Weighted,
    /// W2 transposed, `[r, H]`.
    w2_transposed: Vec<f32>,
    epoch: Epoch,
    /// Of the rows in work: z, u and net - u `[rows, r]`; the activations and their errors `[rows, H]`.
    inputs: Vec<f32>,
    targets: Vec<f32>,
    errors: Vec<f32>,
    hidden: Vec<f32>,
    hidden_errors: Vec<f32>,
    /// Gradients of the biases and of the gain.
    narrow_gradient: Vec<f32>,
    wide_gradient: Vec<f32>,
    gain_gradient: Vec<f32>,
}

impl<'a> Trainer<'a> {
    pub(crate) fn new(job: &'a Job<'a>, isa: Isa) -> Self {
        let rows = EVALUATION_BLOCK.max(job.settings.batch);
        let (wide, narrow) = (padded(job.set.inputs), padded(job.config.hidden));
        let t = job.schedule.last();
        Self {
            job,
            isa,
            t,
            wiring: job.parametrisation(t),
            w1: Weighted::default(),
            b1: Weighted::default(),
            w2: Weighted::default(),
            b2: Weighted::default(),
            gain: Weighted::default(),
            w2_transposed: vec![0.0; job.set.inputs * narrow],
            epoch: Epoch::new(isa),
            inputs: vec![0.0; rows * wide],
            targets: vec![0.0; rows * wide],
            errors: vec![0.0; rows * wide],
            hidden: vec![0.0; rows * narrow],
            hidden_errors: vec![0.0; rows * narrow],
            narrow_gradient: vec![0.0; narrow],
            wide_gradient: vec![0.0; wide],
            gain_gradient: vec![0.0; padded(1)],
        }
    }

    /// Starts the machine of timestep t from its initial weights.
    pub(crate) fn begin(&mut self, t: Timestep) {
        let (r, h) = (self.job.set.inputs, self.job.config.hidden);
        self.t = t;
        self.wiring = self.job.parametrisation(t);
        let weights = self.job.initial_weights(t);
        self.w1.reset(&weights.w1, h);
        self.b1.reset(&weights.b1, h);
        self.w2.reset(&weights.w2, r);
        self.b2.reset(&weights.b2, r);
        self.gain.reset(&[weights.gain], 1);
    }

    /// Trains one epoch (1-based) and evaluates it on both splits.
    pub(crate) fn epoch(&mut self, epoch: usize) -> Losses {
        self.epoch.draw(self.job, self.t, epoch);
        let steps = self.job.steps_per_epoch();
        for step in 0..steps {
            self.load(Split::Train, step * self.job.settings.batch, self.job.settings.batch);
            self.step((epoch - 1) * steps + step);
        }
        let (train, _) = self.evaluate(Split::Train, self.job.set.train_len());
        let (test, skip_test) = self.evaluate(Split::Test, self.job.set.test_len());
        self.job.losses(&self.wiring, ErrorSums { train, test, skip_test })
    }

    /// The machine as trained so far.
    pub(crate) fn machine(&self) -> Machine {
        let (r, h) = (self.job.set.inputs, self.job.config.hidden);
        self.wiring.machine(&Weights {
            w1: self.w1.dense(h),
            b1: self.b1.dense(h),
            w2: self.w2.dense(r),
            b2: self.b2.dense(r),
            gain: self.gain.value[0],
        })
    }

    pub(crate) fn load(&mut self, split: Split, first: usize, rows: usize) {
        let stride = padded(self.job.set.inputs);
        let (inputs, targets) = (&mut self.inputs[..rows * stride], &mut self.targets[..rows * stride]);
        self.epoch.batch(self.job.set, &self.wiring, Rows { split, first, stride }, inputs, targets);
    }

    /// hidden = relu(z W1 + b1), errors = hidden W2 + b2 (+ gain z) - u for the loaded rows.
    fn forward(&mut self, rows: usize) {
        let (isa, r, h) = (self.isa, self.job.set.inputs, self.job.config.hidden);
        let (wide, narrow) = (padded(r), padded(h));
        let hidden = &mut self.hidden[..rows * narrow];
        hidden.chunks_exact_mut(narrow).for_each(|row| row.copy_from_slice(&self.b1.value));
        add_product(isa, Shape { m: rows, n: h, k: r }, Left::new(&self.inputs, wide), &self.w1.value, hidden);
        kernels::relu(isa, hidden);
        let (errors, targets) = (&mut self.errors[..rows * wide], &self.targets[..rows * wide]);
        kernels::subtract_from_row(isa, &self.b2.value, targets, errors);
        if self.wiring.trained_gain {
            kernels::add_scaled(isa, self.gain.value[0], &self.inputs[..rows * wide], errors);
        }
        add_product(isa, Shape { m: rows, n: r, k: h }, Left::new(hidden, narrow), &self.w2.value, errors);
    }

    /// One Adam step on the loaded batch; `step` counts from 0 over the machine's whole training.
    pub(crate) fn step(&mut self, step: usize) {
        let (isa, rows) = (self.isa, self.job.settings.batch);
        let (r, h) = (self.job.set.inputs, self.job.config.hidden);
        let (wide, narrow) = (padded(r), padded(h));
        self.forward(rows);
        let (errors, hidden) = (&self.errors[..rows * wide], &self.hidden[..rows * narrow]);
        let hidden_errors = &mut self.hidden_errors[..rows * narrow];
        transpose(isa, h, r, &self.w2.value, &mut self.w2_transposed);
        hidden_errors.fill(0.0);
        let shape = Shape { m: rows, n: h, k: r };
        add_product(isa, shape, Left::new(errors, wide), &self.w2_transposed, hidden_errors);
        kernels::mask(isa, hidden, hidden_errors);
        // d/dx of factor * sum e^2 is 2 factor e dx: the constant goes into Adam's reading of the gradient.
        let adam = AdamStep::new(step, self.job.learning_rate(self.t, step), 2.0 * self.job.loss_factor(self.t));
        self.w2.descend(isa, Shape { m: h, n: r, k: rows }, Left::transposed(hidden, narrow), errors, adam);
        self.w1.descend(isa, Shape { m: r, n: h, k: rows }, Left::transposed(&self.inputs, wide), hidden_errors, adam);
        kernels::column_sums(isa, hidden_errors, &mut self.narrow_gradient);
        self.b1.descend_along(isa, &self.narrow_gradient, adam);
        kernels::column_sums(isa, errors, &mut self.wide_gradient);
        self.b2.descend_along(isa, &self.wide_gradient, adam);
        if self.wiring.trained_gain {
            self.gain_gradient[0] = kernels::dot(isa, errors, &self.inputs[..rows * wide]) as f32;
            self.gain.descend_along(isa, &self.gain_gradient, adam);
        }
    }

    /// Sums over the samples of a split of |net - u|^2 and |u|^2.
    fn evaluate(&mut self, split: Split, samples: usize) -> (f64, f64) {
        let stride = padded(self.job.set.inputs);
        let (mut net, mut skip) = (0.0, 0.0);
        for first in (0..samples).step_by(EVALUATION_BLOCK) {
            let rows = EVALUATION_BLOCK.min(samples - first);
            self.load(split, first, rows);
            self.forward(rows);
            let (errors, targets) = (&self.errors[..rows * stride], &self.targets[..rows * stride]);
            net += kernels::dot(self.isa, errors, errors);
            skip += kernels::dot(self.isa, targets, targets);
        }
        (net, skip)
    }
}
