//! What is to be trained: the same description for every engine.

use std::sync::Arc;

use data::Samples;
use model::{Canvas, ClassGauge, MachineConfig, Moments, Parametrisation};
use schedule::{LossWeight, Schedule, Timestep};

use crate::{Lineage, Losses, Stop, pages};

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

/// How the machines between the anchors start from trained neighbours: see [`Lineage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarmStart {
    /// s, the distance between anchors, at least 1.
    pub spacing: usize,
    /// Epochs of a machine that starts from its neighbour, at least 1.
    pub epochs: usize,
}

/// How every machine is trained: Adam with beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-8 (Kingma and Ba 2015).
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Passes over the training set of each machine that starts from initial weights, each with noise and an order of its
    /// own.
    pub epochs: usize,
    /// The share of them that the machine of each t has, at least one epoch: `[T]`, or empty for 1 at every t.
    pub effort: Vec<f64>,
    /// How machines start from their neighbours, if they do.
    pub warm_start: Option<WarmStart>,
    /// Samples a step; a last partial batch is left out.
    pub batch: usize,
    /// The learning rate of each t: `[T]`.
    pub learning_rates: Vec<f64>,
    /// How it falls over the training.
    pub decay: Decay,
    /// The rule that may end a machine's training before its last epoch.
    pub stop: Stop,
    /// The losses are measured after every so many epochs and after the last; at least 1.
    pub evaluate_every: usize,
    /// The weight of the loss over t.
    pub loss: LossWeight,
    /// What the learning rate is multiplied by for local units and for the gains of a diagonal skip: few weights, whose
    /// gradients are sums over many pixels or belong to one axis alone.
    pub local_rate: f64,
    /// The seed of all streams.
    pub seed: u64,
}

impl Settings {
    /// The epochs of the machine of t, which starts from initial weights or from its neighbour.
    pub fn epochs_at(&self, t: Timestep, from_neighbour: bool) -> usize {
        let share = self.effort.get(t.index()).copied().unwrap_or(1.0);
        epochs_of(self.epochs, self.warm_start.filter(|_| from_neighbour), share)
    }
}

/// A share of the epochs, or of those of a warm start where there is one: rounded, at least one.
pub fn epochs_of(epochs: usize, warm: Option<WarmStart>, share: f64) -> usize {
    let all = warm.map_or(epochs, |warm| warm.epochs);
    ((all as f64 * share).round() as usize).max(1)
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
    /// Row-major `[k, r]`, empty without validation; none of them is a training sample.
    pub validation: Vec<f32>,
    /// As [`Self::test_beyond`], over the validation samples.
    pub validation_beyond: f64,
    /// The images behind the samples, for local units.
    pub canvas: Option<Arc<Canvas>>,
}

impl TrainingSet {
    /// Keeps the first `inputs` coordinates of both splits; there is no validation.
    pub fn new(train: &Samples, test: &Samples, inputs: usize) -> Self {
        Self {
            inputs,
            train: kept(train, inputs),
            test: kept(test, inputs),
            test_beyond: beyond(test, inputs),
            validation: Vec::new(),
            validation_beyond: 0.0,
            canvas: None,
        }
    }

    /// The same with samples to validate on.
    pub fn with_validation(self, validation: &Samples) -> Self {
        Self { validation: kept(validation, self.inputs), validation_beyond: beyond(validation, self.inputs), ..self }
    }

    /// The same with the images that local units see.
    pub fn with_canvas(self, canvas: Canvas) -> Self {
        Self { canvas: Some(Arc::new(canvas)), ..self }
    }

    /// n, the training samples.
    pub fn train_len(&self) -> usize {
        self.train.len() / self.inputs
    }

    /// m, the test samples.
    pub fn test_len(&self) -> usize {
        self.test.len() / self.inputs
    }

    /// k, the validation samples.
    pub fn validation_len(&self) -> usize {
        self.validation.len() / self.inputs
    }
}

/// The first `inputs` coordinates.
fn kept(samples: &Samples, inputs: usize) -> Vec<f32> {
    let mut values = pages::zeros(samples.len() * inputs);
    for (to, row) in values.chunks_exact_mut(inputs.max(1)).zip(samples.rows()) {
        to.copy_from_slice(&row[..inputs]);
    }
    values
}

/// The mean over the samples of the sum of squares of the other coordinates.
fn beyond(samples: &Samples, inputs: usize) -> f64 {
    let sum: f64 = samples.rows().flat_map(|row| &row[inputs..]).map(|&v| f64::from(v) * f64::from(v)).sum();
    sum / samples.len().max(1) as f64
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
    /// What the learning of two classes is watched on, in the coordinates of `set`; it changes no machine.
    pub classes: Option<&'a ClassGauge>,
}

impl Job<'_> {
    /// Steps an epoch: floor(n / batch).
    pub fn steps_per_epoch(&self) -> usize {
        self.set.train_len() / self.settings.batch
    }

    /// Which machine starts from which.
    pub fn lineage(&self) -> Lineage<'_> {
        Lineage::new(self.schedule, self.settings.warm_start.map(|warm| warm.spacing))
    }

    /// The epochs of the machine of t, those of a warm start where it has a neighbour to start from.
    pub fn epochs(&self, t: Timestep) -> usize {
        self.settings.epochs_at(t, self.lineage().parent(t).is_some())
    }

    /// The passes over the data of one machine for all timesteps: as many as the T machines of a bank take together.
    pub fn passes(&self) -> usize {
        self.settings.epochs * self.schedule.len()
    }

    /// Whether the losses of t are measured after `epoch` (1-based).
    pub(crate) fn evaluates(&self, t: Timestep, epoch: usize) -> bool {
        epoch.is_multiple_of(self.settings.evaluate_every.max(1)) || epoch == self.epochs(t)
    }

    pub(crate) fn parametrisation(&self, t: Timestep) -> Parametrisation {
        Parametrisation::new(self.config, self.schedule, t, self.moments)
    }

    /// The learning rate of t at step `step` (0-based) of its whole training.
    pub(crate) fn learning_rate(&self, t: Timestep, step: usize) -> f64 {
        self.settings.learning_rates[t.index()] * self.decay(t, step)
    }

    /// How far the learning rate of t has fallen at step `step` (0-based).
    pub(crate) fn decay(&self, t: Timestep, step: usize) -> f64 {
        self.settings.decay.factor(step, self.epochs(t) * self.steps_per_epoch())
    }

    /// The factor between the sum of (net - u)^2 over a batch and the loss that is minimised: w_t / (batch r).
    pub(crate) fn loss_factor(&self, t: Timestep) -> f64 {
        let weight = self.schedule.loss_weight(t, self.settings.loss);
        weight / (self.settings.batch * self.set.inputs) as f64
    }

    /// The losses of an epoch from the sums over samples of (net - u)^2 and u^2.
    pub(crate) fn losses(&self, wiring: &Parametrisation, sums: ErrorSums) -> Losses {
        let set = self.set;
        let test = |sum: f64| wiring.mse(sum / set.test_len() as f64, set.test_beyond);
        let validation = || wiring.mse(sums.validation / set.validation_len() as f64, set.validation_beyond);
        Losses {
            train: wiring.mse(sums.train / set.train_len() as f64, 0.0),
            validation: (!set.validation.is_empty()).then(validation),
            test: test(sums.test),
            skip_test: test(sums.skip_test),
            classes: None,
        }
    }
}

/// Sums over samples and coordinates of squared errors in scaled units.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ErrorSums {
    pub(crate) train: f64,
    pub(crate) validation: f64,
    pub(crate) test: f64,
    pub(crate) skip_test: f64,
}
