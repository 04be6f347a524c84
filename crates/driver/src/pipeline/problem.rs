//! The training problem: the data as the machines see them, and how the machines are trained.

use model::{Canvas, ClassGauge, Device, MachineConfig, Moments, SkipKind};
use schedule::Timestep;
use train::{Job, Observer, Settings, TrainError, TrainingSet};

use super::bench::Bench;
use crate::DriverError;
use crate::config::{Decay, Machines, Rule, Skip};

/// The machines of a bench, ready to train.
pub(crate) struct Problem<'a> {
    pub(crate) bench: &'a Bench,
    pub(crate) machines: Machines,
    pub(crate) config: MachineConfig,
    moments: Moments,
    set: TrainingSet,
    settings: Settings,
    classes: Option<ClassGauge>,
}

impl<'a> Problem<'a> {
    /// The problem of training `machines` on the data of `bench`.
    ///
    /// # Errors
    /// Local units on what are no images.
    pub(crate) fn new(bench: &'a Bench, machines: Machines) -> Result<Self, DriverError> {
        let config = machine_config(machines);
        let frame = &bench.frame;
        let train = frame.project_samples(&bench.dataset.train);
        let test = frame.project_samples(&bench.dataset.test);
        let validation = frame.project_samples(&bench.validation);
        let inputs = bench.inputs(config.skip);
        let squares: f64 = train.values.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
        let moments =
            Moments { eigenvalues: bench.pca.eigenvalues.clone(), second_moment: squares / train.values.len() as f64 };
        let mut set = TrainingSet::new(&train, &test, inputs).with_validation(&validation);
        if config.local.is_some() {
            set = set.with_canvas(Canvas::new(frame, inputs)?);
        }
        let classes = ClassGauge::of(&train, bench.experiment.seed);
        Ok(Self { bench, machines, config, moments, set, settings: settings(bench), classes })
    }

    /// The problem of training one machine of `hidden` units for all timesteps.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn for_all(bench: &'a Bench, hidden: usize) -> Result<Self, DriverError> {
        Self::new(bench, Machines::dense(hidden, Skip::None))
    }

    pub(crate) fn job(&self) -> Job<'_> {
        Job {
            schedule: &self.bench.schedule,
            config: self.config,
            moments: &self.moments,
            set: &self.set,
            settings: &self.settings,
            classes: self.classes.as_ref(),
        }
    }

    /// Trains the machines of `timesteps` with the engine that they have.
    pub(crate) fn train(
        &self,
        timesteps: &[Timestep],
        (device, threads): (Device, usize),
        observer: &dyn Observer,
    ) -> Result<(), TrainError> {
        let rule = match self.machines {
            Machines::Autoencoders { .. } => {
                return train::train(&self.job(), timesteps, device, threads, observer);
            }
            Machines::Regression { .. } => {
                return timesteps.iter().try_for_each(|&t| train::train_regression(&self.job(), t, observer));
            }
            Machines::Sigmoid { rule: Rule::Delta } => train::Rule::Delta,
            Machines::Sigmoid { rule: Rule::Gradient } => train::Rule::Gradient,
        };
        train::train_layers(&self.job(), rule, timesteps, threads, observer)
    }
}

/// The machines in the model's words.
pub(crate) fn machine_config(machines: Machines) -> MachineConfig {
    match machines {
        Machines::Autoencoders { hidden, skip, axes, local, local_last } => {
            MachineConfig { hidden, skip: skip.kind(), axes, local, local_last }
        }
        Machines::Regression { hidden } => MachineConfig::dense(hidden, SkipKind::None),
        Machines::Sigmoid { .. } => MachineConfig::LAYER,
    }
}

/// What the machines are, in the words of their keys.
pub(crate) fn shape(machines: Machines) -> String {
    match machines {
        Machines::Autoencoders { hidden, skip, axes, local, .. } => {
            let axes = axes.map_or(String::new(), |axes| format!(", axes: {axes}"));
            let local = local.map_or(String::new(), |local| format!(", {local:?}"));
            format!("MachineConfig {{ hidden: {hidden}, skip: {:?}{axes}{local} }}", skip.kind())
        }
        Machines::Regression { hidden } => format!("regression of {hidden} units"),
        Machines::Sigmoid { rule } => format!("layer of sigmoids, {rule} rule"),
    }
}

fn settings(bench: &Bench) -> Settings {
    let train = &bench.experiment.train;
    Settings {
        epochs: train.epochs,
        effort: bench.schedule.timesteps().map(|t| train.effort.at(t.get())).collect(),
        warm_start: train.warm_start,
        batch: train.batch,
        learning_rates: bench.schedule.timesteps().map(|t| train.learning_rate.at(t.get())).collect(),
        decay: match train.decay {
            Decay::None => train::Decay::None,
            Decay::Cosine => train::Decay::Cosine,
        },
        local_rate: train.local_rate,
        stop: train.stop,
        evaluate_every: train.evaluate_every,
        loss: train.loss,
        seed: bench.experiment.seed,
    }
}
