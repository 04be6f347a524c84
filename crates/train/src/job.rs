//! What is to be trained: the same description for every engine.

use data::Samples;
use model::checkpoint::History;
use model::{MachineConfig, Moments, Parametrisation, SkipKind, Weights};
use schedule::{LossWeight, Schedule, Timestep};

use crate::Losses;

/// How the learning rate falls over a machine's training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decay {
    /// It does not.
    None,
    /// lr_i = lr/2 (1 + cos(pi i / n)) at step i of n.  Loshchilov and Hutter 2017, eq. 5, without restarts.
    Cosine,
}

impl Decay {
    /// The factor on the learning rate at step `step` (0-based) of `steps`.
    pub fn factor(self, step: usize, steps: usize) -> f64 {
        match self {
            Self::None => 1.0,
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / steps as f64).cos()),
        }
    }
}

/// How every machine is trained: Adam with beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-8 (Kingma and Ba 2015).
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Passes over the training set, each with noise and an order of its own.
    pub epochs: usize,
    /// Samples a step; a last partial batch is left out.
    pub batch: usize,
    /// The learning rate of each t: `[T]`.
    pub learning_rates: Vec<f64>,
    /// How it falls over the training.
    pub decay: Decay,
    /// The weight of the loss over t.
    pub loss: LossWeight,
    /// The seed of all streams.
    pub seed: u64,
}

/// The samples in the coordinates that the nets see.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingSet {
    /// r, the coordinates kept.
    pub inputs: usize,
    /// Row-major `[n, r]`.
    pub train: Vec<f32>,
    /// Row-major `[m, r]`.
    pub test: Vec<f32>,
    /// The mean over the test samples of |z_0|^2 in the coordinates left out.
    pub test_beyond: f64,
}

impl TrainingSet {
    /// Keeps the first `inputs` coordinates of both splits.
    pub fn new(train: &Samples, test: &Samples, inputs: usize) -> Self {
        let keep = |samples: &Samples| samples.rows().flat_map(|row| row[..inputs].iter().copied()).collect();
        let beyond: f64 = test.rows().flat_map(|row| &row[inputs..]).map(|&v| f64::from(v) * f64::from(v)).sum();
        Self { inputs, train: keep(train), test: keep(test), test_beyond: beyond / test.len().max(1) as f64 }
    }

    /// n, the training samples.
    pub fn train_len(&self) -> usize {
        self.train.len() / self.inputs
    }

    /// m, the test samples.
    pub fn test_len(&self) -> usize {
        self.test.len() / self.inputs
    }
}

/// A bank to be trained.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The chain.
    pub schedule: &'a Schedule,
    /// The shape of the machines.
    pub config: MachineConfig,
    /// The data's moments, which the skips are made of.
    pub moments: &'a Moments,
    /// The samples.
    pub set: &'a TrainingSet,
    /// How to train.
    pub settings: &'a Settings,
}

impl Job<'_> {
    /// Steps an epoch: floor(n / batch).
    pub fn steps_per_epoch(&self) -> usize {
        self.set.train_len() / self.settings.batch
    }

    pub(crate) fn parametrisation(&self, t: Timestep) -> Parametrisation {
        Parametrisation::new(self.config, self.schedule, t, self.moments)
    }

    pub(crate) fn initial_weights(&self, t: Timestep) -> Weights {
        Weights::init(self.config, self.set.inputs, self.settings.seed, t)
    }

    /// The learning rate of t at step `step` (0-based) of its whole training.
    pub(crate) fn learning_rate(&self, t: Timestep, step: usize) -> f64 {
        let steps = self.settings.epochs * self.steps_per_epoch();
        self.settings.learning_rates[t.index()] * self.settings.decay.factor(step, steps)
    }

    /// The factor between the sum of (net - u)^2 over a batch and the loss that is minimised: w_t / (batch r).
    pub(crate) fn loss_factor(&self, t: Timestep) -> f64 {
        let weight = self.schedule.loss_weight(t, self.settings.loss);
        weight / (self.settings.batch * self.set.inputs) as f64
    }

    /// The losses of an epoch from the sums over samples of (net - u)^2 and u^2.
    pub(crate) fn losses(&self, wiring: &Parametrisation, sums: ErrorSums) -> Losses {
        let (n, m) = (self.set.train_len() as f64, self.set.test_len() as f64);
        let test = |sum: f64| wiring.mse(sum / m, self.set.test_beyond);
        Losses { train: wiring.mse(sums.train / n, 0.0), test: test(sums.test), skip_test: test(sums.skip_test) }
    }

    /// Adds an epoch to a learning curve.
    pub(crate) fn record(&self, history: &mut History, losses: Losses) {
        history.train.push(losses.train);
        history.test.push(losses.test);
        if self.config.skip == SkipKind::Wiener {
            history.wiener_test.push(losses.skip_test);
        }
    }
}

/// Sums over samples and coordinates of squared errors in scaled units.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ErrorSums {
    pub(crate) train: f64,
    pub(crate) test: f64,
    pub(crate) skip_test: f64,
}
