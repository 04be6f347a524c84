//! One machine's weights, moments and buffers, and the training of one epoch.

use data::linalg::{View, multiply};
use model::{Machine, Parametrisation, Weights};
use schedule::Timestep;

use super::kernels::{self, AdamStep};
use crate::epoch::{Epoch, Split};
use crate::job::ErrorSums;
use crate::{Job, Losses};

/// Samples evaluated at a time: their inputs, targets and activations stay in the second-level cache.
const EVALUATION_BLOCK: usize = 125;

/// A parameter tensor with its gradient and Adam's moments.
#[derive(Debug, Default)]
struct Parameter {
    value: Vec<f32>,
    gradient: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Parameter {
    fn reset(&mut self, value: Vec<f32>) {
        for buffer in [&mut self.gradient, &mut self.first, &mut self.second] {
            buffer.clear();
            buffer.resize(value.len(), 0.0);
        }
        self.value = value;
    }

    fn update(&mut self, step: AdamStep) {
        kernels::adam(step, &mut self.value, &self.gradient, &mut self.first, &mut self.second);
    }
}

/// A thread's machine in training; the buffers are reused from one timestep to the next.
pub(crate) struct Trainer<'a> {
    job: &'a Job<'a>,
    t: Timestep,
    wiring: Parametrisation,
    w1: Parameter,
    b1: Parameter,
    w2: Parameter,
    b2: Parameter,
    gain: Parameter,
    epoch: Epoch,
    inputs: Vec<f32>,
    errors: Vec<f32>,
    targets: Vec<f32>,
    hidden: Vec<f32>,
    hidden_errors: Vec<f32>,
}

impl<'a> Trainer<'a> {
    pub(crate) fn new(job: &'a Job<'a>) -> Self {
        let rows = EVALUATION_BLOCK.max(job.settings.batch);
        let (wide, narrow) = (rows * job.set.inputs, rows * job.config.hidden);
        let t = job.schedule.last();
        Self {
            job,
            t,
            wiring: job.parametrisation(t),
            w1: Parameter::default(),
            b1: Parameter::default(),
            w2: Parameter::default(),
            b2: Parameter::default(),
            gain: Parameter::default(),
            epoch: Epoch::default(),
            inputs: vec![0.0; wide],
            errors: vec![0.0; wide],
            targets: vec![0.0; wide],
            hidden: vec![0.0; narrow],
            hidden_errors: vec![0.0; narrow],
        }
    }

    /// Starts the machine of timestep t from its initial weights.
    pub(crate) fn begin(&mut self, t: Timestep) {
        self.t = t;
        self.wiring = self.job.parametrisation(t);
        let weights = self.job.initial_weights(t);
        self.w1.reset(weights.w1);
        self.b1.reset(weights.b1);
        self.w2.reset(weights.w2);
        self.b2.reset(weights.b2);
        self.gain.reset(vec![weights.gain]);
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
        self.wiring.machine(&Weights {
            w1: self.w1.value.clone(),
            b1: self.b1.value.clone(),
            w2: self.w2.value.clone(),
            b2: self.b2.value.clone(),
            gain: self.gain.value[0],
        })
    }

    fn load(&mut self, split: Split, first: usize, rows: usize) {
        let len = rows * self.job.set.inputs;
        let (inputs, targets) = (&mut self.inputs[..len], &mut self.targets[..len]);
        self.epoch.batch(self.job.set, &self.wiring, split, first, inputs, targets);
    }

    /// hidden = relu(z W1 + b1), errors = hidden W2 + b2 (+ gain z) - u for the loaded rows.
    fn forward(&mut self, rows: usize) {
        let (r, h) = (self.job.set.inputs, self.job.config.hidden);
        let (inputs, hidden) = (&self.inputs[..rows * r], &mut self.hidden[..rows * h]);
        hidden.chunks_exact_mut(h).for_each(|row| row.copy_from_slice(&self.b1.value));
        multiply(hidden, View::new(inputs, rows, r), View::new(&self.w1.value, r, h), 1.0);
        kernels::relu(hidden);
        let (errors, targets) = (&mut self.errors[..rows * r], &self.targets[..rows * r]);
        kernels::subtract_from_row(&self.b2.value, targets, errors);
        if self.wiring.trained_gain {
            kernels::add_scaled(self.gain.value[0], inputs, errors);
        }
        multiply(errors, View::new(hidden, rows, h), View::new(&self.w2.value, h, r), 1.0);
    }

    /// One Adam step on the loaded batch; `step` counts from 0 over the machine's whole training.
    fn step(&mut self, step: usize) {
        let (rows, r, h) = (self.job.settings.batch, self.job.set.inputs, self.job.config.hidden);
        self.forward(rows);
        let inputs = View::new(&self.inputs, rows, r);
        let errors = View::new(&self.errors, rows, r);
        let hidden = View::new(&self.hidden, rows, h);
        let hidden_errors = &mut self.hidden_errors[..rows * h];
        multiply(&mut self.w2.gradient, hidden.transposed(), errors, 0.0);
        multiply(hidden_errors, errors, View::new(&self.w2.value, h, r).transposed(), 0.0);
        kernels::mask(&self.hidden[..rows * h], hidden_errors);
        multiply(&mut self.w1.gradient, inputs.transposed(), View::new(hidden_errors, rows, h), 0.0);
        kernels::column_sums(hidden_errors, &mut self.b1.gradient);
        kernels::column_sums(&self.errors[..rows * r], &mut self.b2.gradient);
        // d/dx of factor * sum e^2 is 2 factor e dx: the constant goes into Adam's reading of the gradient.
        let adam = AdamStep::new(step, self.job.learning_rate(self.t, step), 2.0 * self.job.loss_factor(self.t));
        for parameter in [&mut self.w1, &mut self.b1, &mut self.w2, &mut self.b2] {
            parameter.update(adam);
        }
        if self.wiring.trained_gain {
            self.gain.gradient[0] = kernels::dot(&self.errors[..rows * r], &self.inputs[..rows * r]) as f32;
            self.gain.update(adam);
        }
    }

    /// Sums over the samples of a split of |net - u|^2 and |u|^2.
    fn evaluate(&mut self, split: Split, samples: usize) -> (f64, f64) {
        let r = self.job.set.inputs;
        let (mut net, mut skip) = (0.0, 0.0);
        for first in (0..samples).step_by(EVALUATION_BLOCK) {
            let rows = EVALUATION_BLOCK.min(samples - first);
            self.load(split, first, rows);
            self.forward(rows);
            net += kernels::dot(&self.errors[..rows * r], &self.errors[..rows * r]);
            skip += kernels::dot(&self.targets[..rows * r], &self.targets[..rows * r]);
        }
        (net, skip)
    }
}
