//! What observables are measured on: the chain, the data, the run's model and its exact counterparts.

mod class_line;
mod class_theory;
mod classes;
mod classifier;
mod local;
mod neighbours;
pub(crate) mod probes;
mod recall;
mod walks;

use std::sync::OnceLock;

use data::{Frame, Samples, Shape};
use model::{Bank, Chain, Denoiser, Empirical, ExactLaw, Gaussian, Mixture, Spiral, Wiener};
use schedule::{ReverseVariance, Schedule, Timestep};

pub(crate) use class_line::ClassLine;
pub use class_theory::{ClassTheory, ExactPhi};
pub use classes::ClassRule;
pub use classifier::Classifier;
pub(crate) use local::{LocalScore, Subject};
pub use neighbours::{Nearest, nearest};
pub use probes::Probes;
pub use recall::Recall;
pub(crate) use walks::starts;
pub use walks::{Clones, UTurns};

use crate::observables::{Law, Model, Named};
use crate::stats::Bootstrap;
use crate::{AnalysisError, MetricRow, TrainingRow};

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// N, the trajectories of an estimate.
    pub trajectories: usize,
    /// Timesteps of observables that run chains, evenly spread up to T.
    pub times: usize,
    /// Resamples of the bootstrap.
    pub resamples: usize,
    /// The seed of all streams.
    pub seed: u64,
    /// sigma_t^2 of the reverse chains.
    pub variance: ReverseVariance,
}

/// The law that generated data come from, in the coordinates of the lab.
pub enum Truth {
    /// A law with classes of its own.
    Law(Box<dyn ExactLaw>),
    /// The spiral, whose classes are arcs.
    Spiral(Box<Spiral>),
}

/// The run's data, in the principal axes of its training set: z = U^T (x - mu).
#[derive(Clone, Copy)]
pub struct LabData<'a> {
    /// The principal frame.
    pub frame: &'a Frame,
    /// Variances along its axes: `[d]`.
    pub eigenvalues: &'a [f64],
    /// The samples the machines were trained on.
    pub train: &'a Samples,
    /// The samples they never saw.
    pub test: &'a Samples,
    /// What a sample is.
    pub shape: Shape,
    /// What to add to every coordinate of x to see images in `[-1, 1]`.
    pub shift: f32,
}

/// The bench of all observables.
///
/// Everything is in the principal axes of the training set, whatever the coordinates of the machines; runs of chains and
/// fits that several observables need are made once.
pub struct Lab<'a> {
    /// The chain.
    pub schedule: &'a Schedule,
    /// The data.
    pub data: LabData<'a>,
    /// How much is measured.
    pub settings: Settings,
    /// The run's model: `machines`, or an exact law by its name.
    pub model: Model<'a>,
    /// The trained machines in the coordinates of the lab, where the model is made of them and they have a hidden layer.
    pub bank: Option<&'a Bank>,
    /// Learning curves.
    pub metrics: &'a [MetricRow],
    /// How long each machine was trained.
    pub training: &'a [TrainingRow],
    /// z_0 of the run's own samples, where there are any: `[n, d]`.
    pub samples: Option<&'a [f32]>,
    truth: Option<&'a Truth>,
    wiener: Wiener,
    gaussian: Gaussian,
    mixture: OnceLock<Mixture>,
    empirical_train: OnceLock<Empirical>,
    empirical_test: OnceLock<Empirical>,
    rule: OnceLock<Option<ClassRule<'a>>>,
    class_theory: OnceLock<ClassTheory>,
    uturns: [OnceLock<UTurns>; 2],
    clones: [OnceLock<Clones>; 2],
    recalls: [OnceLock<Recall>; 2],
    probes: [OnceLock<Probes>; 2],
}

impl<'a> Lab<'a> {
    /// A lab around `model`.
    pub fn new(schedule: &'a Schedule, data: LabData<'a>, model: Model<'a>, settings: Settings) -> Self {
        Self {
            schedule,
            data,
            settings,
            model,
            bank: None,
            metrics: &[],
            training: &[],
            samples: None,
            truth: None,
            wiener: Wiener::new(schedule, data.eigenvalues),
            gaussian: Gaussian::new(schedule, data.eigenvalues),
            mixture: OnceLock::new(),
            empirical_train: OnceLock::new(),
            empirical_test: OnceLock::new(),
            rule: OnceLock::new(),
            class_theory: OnceLock::new(),
            uturns: Default::default(),
            clones: Default::default(),
            recalls: Default::default(),
            probes: Default::default(),
        }
    }

    /// The same lab around trained machines, with how they were trained.
    pub fn with_machines(self, bank: &'a Bank, metrics: &'a [MetricRow], training: &'a [TrainingRow]) -> Self {
        Self { bank: Some(bank), metrics, training, ..self }
    }

    /// The same lab with the run's samples.  z: `[n, d]`.
    pub fn with_samples(self, z: &'a [f32]) -> Self {
        Self { samples: Some(z), ..self }
    }

    /// The same lab around predictors that were trained but have no hidden layer, with how they were trained.
    pub fn with_curves(self, metrics: &'a [MetricRow], training: &'a [TrainingRow]) -> Self {
        Self { metrics, training, ..self }
    }

    /// The same lab for data whose law is known.
    pub fn with_truth(self, truth: &'a Truth) -> Self {
        Self { truth: Some(truth), ..self }
    }

    /// d.
    pub fn dim(&self) -> usize {
        self.data.train.dim
    }

    /// N, as far as there are test samples to start from.
    pub fn trajectories(&self) -> usize {
        self.settings.trajectories.min(self.data.test.len())
    }

    /// Timesteps for observables that run chains: evenly spread, T among them.
    pub fn grid(&self) -> Vec<Timestep> {
        self.spread(self.settings.times)
    }

    /// Timesteps for observables that evaluate a law: at most 100, evenly spread, T among them.
    pub fn fine_grid(&self) -> Vec<Timestep> {
        self.spread(100)
    }

    /// The grid, and before its first timestep 1, 2, 4, ..., where a curve over t may be steep.
    pub(crate) fn with_early(&self, grid: Vec<Timestep>) -> Vec<Timestep> {
        let first = grid.first().map_or(1, |t| t.get());
        let before = self.schedule.timesteps().take(first - 1).filter(|t| t.get().is_power_of_two());
        before.chain(grid).collect()
    }

    fn spread(&self, count: usize) -> Vec<Timestep> {
        let (last, count) = (self.schedule.len(), count.min(self.schedule.len()).max(1));
        let wanted: Vec<usize> = (1..=count).map(|k| (k * last + count / 2) / count).collect();
        self.schedule.timesteps().filter(|t| wanted.binary_search(&t.get()).is_ok()).collect()
    }

    /// The resamples of `n` trajectories.
    pub fn bootstrap(&self, n: usize) -> Bootstrap {
        Bootstrap::new(self.settings.seed, self.settings.resamples, n)
    }

    /// The labels of the classes, ascending; empty without classes.
    pub fn labels(&self) -> Vec<u8> {
        self.data.train.label_counts().into_iter().map(|(label, _)| label).collect()
    }

    /// The chain of a denoiser, every step taken, under the run's reverse variance.
    pub fn chain<'b>(&'b self, denoiser: &'b dyn Denoiser) -> Chain<'b> {
        let Settings { seed, variance, .. } = self.settings;
        Chain { denoiser, schedule: self.schedule, variance, stride: 1, noiseless_steps: 1, seed }
    }

    /// The best affine predictor.
    pub fn wiener(&self) -> &Wiener {
        &self.wiener
    }

    /// The Gaussian of the training set's covariance.
    pub fn gaussian(&self) -> &Gaussian {
        &self.gaussian
    }

    /// The mixture of one Gaussian a class, fitted to the training set; `None` for fewer than two classes.
    ///
    /// # Errors
    /// [`AnalysisError::Model`] when a covariance cannot be decomposed.
    pub fn mixture(&self) -> Result<Option<&Mixture>, AnalysisError> {
        if self.labels().len() < 2 {
            return Ok(None);
        }
        once(&self.mixture, || Ok(Mixture::fit(self.schedule, self.data.train)?)).map(Some)
    }

    /// The training set as a law: the memoriser.
    ///
    /// # Errors
    /// [`AnalysisError::Model`] for an empty set.
    pub fn empirical_train(&self) -> Result<&Empirical, AnalysisError> {
        once(&self.empirical_train, || Ok(Empirical::new(self.schedule, self.data.train)?))
    }

    /// The test set as a law.
    ///
    /// # Errors
    /// [`AnalysisError::Model`] for an empty set.
    pub fn empirical_test(&self) -> Result<&Empirical, AnalysisError> {
        once(&self.empirical_test, || Ok(Empirical::new(self.schedule, self.data.test)?))
    }

    /// The exact law of the data, by the name `law`, where there is one.
    pub fn truth(&self) -> Option<Law<'_>> {
        let denoiser: &dyn ExactLaw = match self.truth? {
            Truth::Law(law) => &**law,
            Truth::Spiral(spiral) => &**spiral,
        };
        Some(Named { name: "law", denoiser })
    }

    /// The exact law that stands beside the run's model: that of the data, else the mixture fitted to the classes.
    ///
    /// # Errors
    /// As [`Self::mixture`].
    pub fn reference(&self) -> Result<Option<Law<'_>>, AnalysisError> {
        if let Some(truth) = self.truth() {
            return Ok(Some(truth));
        }
        Ok(self.mixture()?.map(|mixture| Named { name: "mixture", denoiser: mixture as &dyn ExactLaw }))
    }

    /// The models that chains are run with: the run's own, and the exact one beside it.
    ///
    /// # Errors
    /// As [`Self::mixture`].
    pub fn models(&self) -> Result<Vec<Model<'_>>, AnalysisError> {
        let own = Named { name: self.model.name, denoiser: self.model.denoiser as &dyn Denoiser };
        let beside = self.reference()?.filter(|law| law.name != own.name);
        let beside = beside.map(|Named { name, denoiser }| Named { name, denoiser: denoiser as &dyn Denoiser });
        Ok([own].into_iter().chain(beside).collect())
    }

    /// How many models [`Self::models`] gives, without fitting any.
    pub fn model_count(&self) -> u64 {
        let beside = if self.truth.is_some() { Some("law") } else { (self.labels().len() > 1).then_some("mixture") };
        1 + u64::from(beside.is_some_and(|name| name != self.model.name))
    }

    /// Whether final states can be given a class, without training the classifier.
    pub fn has_classes(&self) -> bool {
        ClassRule::is_there(self.data, self.truth)
    }

    /// What decides the class of a final state; `None` without classes.
    ///
    /// # Errors
    /// [`AnalysisError`] when the classifier cannot be trained.
    pub fn class_rule(&self) -> Result<Option<&ClassRule<'a>>, AnalysisError> {
        let rule = || ClassRule::of(self.schedule, self.data, self.truth, self.settings.seed);
        once(&self.rule, rule).map(Option::as_ref)
    }

    /// The rule of [`Self::class_rule`], if something has asked for it.
    pub fn class_rule_if_made(&self) -> Option<&ClassRule<'a>> {
        self.rule.get().and_then(Option::as_ref)
    }

    /// What moments and the exact law say of the class of a trajectory.
    ///
    /// # Errors
    /// As [`Self::mixture`].
    pub fn class_theory(&self) -> Result<&ClassTheory, AnalysisError> {
        once(&self.class_theory, || ClassTheory::of(self))
    }

    /// U-turns of the test set from every t of the grid with the k-th of [`Self::models`].
    ///
    /// Progress is reported in full whether they are run or at hand.
    ///
    /// # Errors
    /// [`AnalysisError::Model`] when a machine is missing.
    pub fn uturns(&self, k: usize, advance: &(dyn Fn(u64) + Sync)) -> Result<&UTurns, AnalysisError> {
        let run = || UTurns::run(self, self.models()?[k].denoiser, advance);
        once_reported(&self.uturns[k], UTurns::work(self), advance, run)
    }

    /// U-turns of the training set with the run's own model, which may have memorised it; run anew at every call.
    ///
    /// # Errors
    /// [`AnalysisError::Model`] when a machine is missing.
    pub fn uturns_from_training(&self, advance: &(dyn Fn(u64) + Sync)) -> Result<UTurns, AnalysisError> {
        UTurns::run_from_training(self, self.model.denoiser, advance)
    }

    /// Clones that part at every t of the grid with the k-th of [`Self::models`].
    ///
    /// Progress is reported in full whether they are run or at hand.
    ///
    /// # Errors
    /// [`AnalysisError::Model`] when a machine is missing.
    pub fn clones(&self, k: usize, advance: &(dyn Fn(u64) + Sync)) -> Result<&Clones, AnalysisError> {
        let run = || Clones::run(self, self.models()?[k].denoiser, advance);
        once_reported(&self.clones[k], Clones::work(self), advance, run)
    }

    /// The training set's posterior at noised test samples; [`Recall::work`] is reported even where it was made before.
    ///
    /// # Errors
    /// [`AnalysisError::Model`] for an empty set.
    pub fn recall_test(&self, advance: &(dyn Fn(u64) + Sync)) -> Result<&Recall, AnalysisError> {
        self.recall(&self.recalls[0], (self.data.test, self.trajectories(), 0), advance)
    }

    /// As [`Self::recall_test`], at noised training samples, on noise of their own.
    ///
    /// # Errors
    /// [`AnalysisError::Model`] for an empty set.
    pub fn recall_train(&self, advance: &(dyn Fn(u64) + Sync)) -> Result<&Recall, AnalysisError> {
        let count = self.settings.trajectories;
        let from = (self.data.train, count.min(self.data.train.len()), count as u64);
        self.recall(&self.recalls[1], from, advance)
    }

    fn recall<'b>(
        &'b self,
        cell: &'b OnceLock<Recall>,
        from: (&Samples, usize, u64),
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<&'b Recall, AnalysisError> {
        let run = || Ok(Recall::run(self, self.empirical_train()?, from, advance));
        once_reported(cell, Recall::work(self), advance, run)
    }

    /// Errors and drifts of the k-th of [`Self::models`] at noised test samples; progress is reported whether they are
    /// measured now or were before.
    ///
    /// # Errors
    /// [`AnalysisError::Model`] when a machine is missing.
    pub fn probes(&self, k: usize, advance: &(dyn Fn(u64) + Sync)) -> Result<&Probes, AnalysisError> {
        let run = || Probes::run(self, self.models()?[k].denoiser, advance);
        once_reported(&self.probes[k], Probes::work(self), advance, run)
    }
}

/// The value of `cell`, made on first use.
fn once<T>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T, AnalysisError>) -> Result<&T, AnalysisError> {
    match cell.get() {
        Some(value) => Ok(value),
        None => {
            let value = make()?;
            Ok(cell.get_or_init(|| value))
        }
    }
}

/// As [`once`], for what reports `work` units to `advance` while it is made; where it is at hand they are reported too.
fn once_reported<'c, T>(
    cell: &'c OnceLock<T>,
    work: u64,
    advance: &(dyn Fn(u64) + Sync),
    make: impl FnOnce() -> Result<T, AnalysisError>,
) -> Result<&'c T, AnalysisError> {
    if cell.get().is_some() {
        advance(work);
    }
    once(cell, make)
}
