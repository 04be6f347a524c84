//! The checked configuration: every invariant of these types holds once [`load`](super::load) has returned them.

mod data;
mod over_t;

pub use data::{Components, Counts, Data, Limits};
pub use over_t::OverT;

use std::collections::BTreeMap;
use std::path::PathBuf;

use model::LocalConfig;
use schedule::{Law, LossWeight, ReverseVariance, Schedule};
use train::{Lineage, Stop, WarmStart};

use super::choices::{Decay, Device, ExactLaw, Rule, Skip};
use super::error::{ConfigError, Origin, Place};

/// One experiment, ready to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Name of the run and of its folder: 1 to 100 of letters, digits, `_`, `-`, `.`, no `.` at the start.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Seed of all random streams, at most 2^63 - 1.
    pub seed: u64,
    /// What is learnt.
    pub data: Data,
    /// Noise schedule.
    pub schedule: ScheduleSettings,
    /// What predicts the noise.
    pub model: Model,
    /// How machines are trained; the defaults where there are none.
    pub train: Train,
    /// How samples are drawn.
    pub sample: Sample,
    /// What is measured.
    pub analysis: Analysis,
    /// What is drawn.
    pub figures: Figures,
    /// Where it runs.
    pub run: Run,
    /// Where the settings were written.
    pub origins: Origins,
}

/// The noise schedule: alpha_bar_T > 0 in f64.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScheduleSettings {
    /// beta_t as a function of t.
    pub law: Law,
    /// T, at least 1.
    pub timesteps: usize,
}

impl ScheduleSettings {
    /// What stands in the place of a schedule where there is no chain: one timestep.
    pub const NONE: Self = Self { law: Law::Constant { beta: 0.5 }, timesteps: 1 };
}

/// What predicts the noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Trained machines.
    Machines(Machines),
    /// One trained machine for all timesteps, without a skip; its training has no warm start, no stopping rule, the loss
    /// weight 1 and one learning rate.
    Conditioned {
        /// Units of the hidden layer, at least 1.
        hidden: usize,
    },
    /// The exact denoiser of a law that the data allow.
    Exact(ExactLaw),
}

impl Model {
    /// The machines of its timesteps, where it has any.
    pub fn machines(self) -> Option<Machines> {
        match self {
            Self::Machines(machines) => Some(machines),
            Self::Conditioned { .. } | Self::Exact(_) => None,
        }
    }

    /// The shape of its local units, where it has any.
    pub fn local(self) -> Option<LocalConfig> {
        self.machines().and_then(Machines::local)
    }

    /// Whether it is a fit without a chain.
    pub fn is_regression(self) -> bool {
        matches!(self, Self::Machines(Machines::Regression { .. }))
    }

    /// Its name in tables and figures: `machines`, `law` for the law that the data come from, or the law's own word.
    pub fn name(self) -> &'static str {
        use ExactLaw::{CurieWeiss, Empirical, Gaussian, Mixture, Spiral, TwoDeltas, TwoGaussians, Wiener};
        match self {
            Self::Machines(_) => "machines",
            Self::Conditioned { .. } => "conditioned",
            Self::Exact(TwoGaussians | TwoDeltas | CurieWeiss | Spiral) => "law",
            Self::Exact(law @ (Wiener | Gaussian | Mixture | Empirical)) => law.word(),
        }
    }
}

/// The machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machines {
    /// One hidden layer each.
    Autoencoders {
        /// Units of the hidden layer, at least 1.
        hidden: usize,
        /// What stands beside it.
        skip: Skip,
        /// The leading principal axes that its units see and correct; all where absent.
        axes: Option<usize>,
        /// Its local units, where it has any; the data are images then.
        local: Option<LocalConfig>,
        /// The last timestep whose machine has them.
        local_last: usize,
    },
    /// One layer of sigmoids each.
    Sigmoid {
        /// By what they are moved.
        rule: Rule,
    },
    /// One machine with a hidden layer, of one input and one output, that no chain goes with: the warm-up.
    Regression {
        /// Units of the hidden layer, at least 1.
        hidden: usize,
    },
}

impl Machines {
    /// Dense units that see all coordinates.
    pub fn dense(hidden: usize, skip: Skip) -> Self {
        Self::Autoencoders { hidden, skip, axes: None, local: None, local_last: usize::MAX }
    }

    /// Units of the hidden layer; 0 without one.
    pub fn hidden(self) -> usize {
        match self {
            Self::Autoencoders { hidden, .. } | Self::Regression { hidden } => hidden,
            Self::Sigmoid { .. } => 0,
        }
    }

    /// What the machine of t is.
    pub fn at(self, t: usize) -> Self {
        match self {
            Self::Autoencoders { hidden, skip, axes, local, local_last } => {
                Self::Autoencoders { hidden, skip, axes, local: local.filter(|_| t <= local_last), local_last }
            }
            other => other,
        }
    }

    /// Its local units, where it has any.
    pub fn local(self) -> Option<LocalConfig> {
        match self {
            Self::Autoencoders { local, .. } => local,
            Self::Sigmoid { .. } | Self::Regression { .. } => None,
        }
    }

    /// Whether some of its weights have a learning rate of their own ([`Train::local_rate`]).
    pub fn has_local_rate(self) -> bool {
        matches!(self, Self::Autoencoders { skip, local, .. } if skip == Skip::Diagonal || local.is_some())
    }

    /// What stands beside it.
    pub fn skip(self) -> Skip {
        match self {
            Self::Autoencoders { skip, .. } => skip,
            Self::Sigmoid { .. } | Self::Regression { .. } => Skip::None,
        }
    }
}

/// How the machines are trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Train {
    /// Passes over the data, at least 1.
    pub epochs: usize,
    /// The share of them that the machine of t has.
    pub effort: OverT,
    /// Images a step, at least 1; that the data has as many is for the caller to check.
    pub batch: usize,
    /// Step size of Adam over t.
    pub learning_rate: OverT,
    /// What it is multiplied by for local units and for the gains of a diagonal skip.
    pub local_rate: f64,
    /// Step size of Adam over the epochs.
    pub decay: Decay,
    /// Weight of the error over t.
    pub loss: LossWeight,
    /// How machines start from trained neighbours, if they do.
    pub warm_start: Option<WarmStart>,
    /// Training images held out; that enough are left is for the caller to check.
    pub validation: usize,
    /// Epochs between two measurements of the losses, at least 1.
    pub evaluate_every: usize,
    /// What may end a machine's training early; a plateau goes with validation images only.
    pub stop: Stop,
}

impl Train {
    /// The greatest weight of a loss: Adam's second moments, squares of gradients in f32, end at 3e38.
    pub(super) const HEAVIEST: f64 = 1e15;

    /// The timestep of the greatest weight of the loss, and the weight, where it is too great.
    pub(super) fn too_heavy_on(&self, schedule: &ScheduleSettings) -> Option<(usize, f64)> {
        let schedule = Schedule::new(schedule.law, schedule.timesteps).ok()?;
        let weights = schedule.timesteps().map(|t| (t.get(), schedule.loss_weight(t, self.loss)));
        weights.max_by(|one, other| one.1.total_cmp(&other.1)).filter(|(_, weight)| *weight > Self::HEAVIEST)
    }

    /// The key at fault, and why, where a batch and the validation images do not fit into a training set of n samples.
    pub(crate) fn too_many_for(&self, n: usize) -> Option<(&'static str, String)> {
        let Self { batch, validation, .. } = self;
        match n.checked_sub(*batch) {
            None => {
                Some(("train.batch", format!("{batch} is not allowed, use 1 to {n}: there are {n} training samples")))
            }
            Some(most) if *validation > most => {
                let message = format!(
                    "{validation} is not allowed, use 0 to {most}: of {n} training samples a batch of {batch} must be left"
                );
                Some(("train.validation", message))
            }
            Some(_) => None,
        }
    }

    /// The epochs of the machine of t, which starts from initial weights or from its neighbour.
    pub(crate) fn epochs_at(&self, t: usize, from_neighbour: bool) -> usize {
        train::epochs_of(self.epochs, self.warm_start.filter(|_| from_neighbour), self.effort.at(t))
    }

    /// Which machine starts from which.
    pub(crate) fn lineage<'a>(&self, schedule: &'a Schedule) -> Lineage<'a> {
        Lineage::new(schedule, self.warm_start.map(|warm| warm.spacing))
    }
}

/// How samples are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Number of samples, 0 for none.
    pub count: usize,
    /// Variance of the reverse step.
    pub variance: ReverseVariance,
    /// The same of chains that start from a given x_t.
    pub return_variance: ReverseVariance,
    /// Timesteps a reverse step, in 1..=T.
    pub stride: usize,
    /// Last reverse steps without noise, in 0..=T.
    pub noiseless_steps: usize,
}

/// What is measured of the finished run; nothing of it changes a machine or a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// Words of `analysis::observables::select`; empty for nothing.
    pub observables: Vec<String>,
    /// N, the trajectories of an estimate, at least 2.
    pub trajectories: usize,
    /// Timesteps of observables that run chains, at least 1.
    pub times: usize,
    /// Resamples of the bootstrap, at least 1.
    pub resamples: usize,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Timesteps u from which images are reconstructed: 1 to [`Figures::MOST_TIMES`] of 1..=T, increasing.
    pub reconstruction_t: Vec<usize>,
    /// Test images, and as many training images, whose reconstructions are counted by class; 0 for none.
    pub reconstruction_images: usize,
}

impl Figures {
    /// Timesteps from which images are reconstructed, at most: more do not fit a page.
    pub const MOST_TIMES: usize = 8;
}

/// Where the experiment runs; no result depends on it beyond rounding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// What trains the machines.
    pub device: Device,
    /// Seconds of training after which a machine's state is saved, at least 0.
    pub save_seconds: f64,
}

impl Experiment {
    /// A fault of `key` found after loading, at the place that set the key.
    pub fn error(&self, key: &str, message: impl Into<String>) -> ConfigError {
        ConfigError::new(self.origins.of(key), Some(key), message)
    }
}

/// Where each given key was written.  All origins compare equal: they are not part of an experiment.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    pub(crate) file: PathBuf,
    pub(crate) given: BTreeMap<&'static str, Origin>,
}

impl PartialEq for Origins {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Origins {
    /// The place of `key`, or the file as a whole for a key left at its default.
    pub fn of(&self, key: &str) -> Origin {
        let whole = || Origin { place: Place::File { path: self.file.clone(), position: None }, snippet: None };
        self.given.get(key).cloned().unwrap_or_else(whole)
    }
}
