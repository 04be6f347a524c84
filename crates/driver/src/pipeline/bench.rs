//! Everything a run computes with: the chain, the data in their frame, what the figures need to know of them.

use analysis::{Recipe, RunFacts, Training};
use data::{Dataset, Frame, Pca, Samples, Shape};
use model::SkipKind;
use schedule::{Law, Purpose, Schedule, Stream, Timestep};
use train::Stop;

use super::dataset::{self, Places, SYNTHETIC_NOTE};
use crate::DriverError;
use crate::config::{Experiment, LossWord, Machines, Model, OverT, Skip, StopWord, VarianceWord};
use crate::terminal::Terminal;

/// An experiment with its data, ready for its machines or its exact law.
pub(crate) struct Bench {
    pub(crate) experiment: Experiment,
    pub(crate) schedule: Schedule,
    pub(crate) dataset: Dataset,
    /// Training samples held out of the training.
    pub(crate) validation: Samples,
    /// Principal components of the training set, for the Wiener reference under every curve.
    pub(crate) pca: Pca,
    /// The coordinates in which the model lives.
    pub(crate) frame: Frame,
}

impl Bench {
    /// The bench of an experiment, with its data read or made.
    ///
    /// # Errors
    /// A schedule that cannot be built, data that cannot be had or are too few.
    pub(crate) fn load(
        experiment: Experiment,
        places: &Places,
        offline: bool,
        terminal: Terminal,
    ) -> Result<Self, DriverError> {
        let schedule = Schedule::new(experiment.schedule.law, experiment.schedule.timesteps)?;
        let dataset = dataset::load(&experiment, places, offline, terminal)?;
        Self::new(experiment, schedule, dataset)
    }

    pub(crate) fn new(experiment: Experiment, schedule: Schedule, mut dataset: Dataset) -> Result<Self, DriverError> {
        check_counts(&experiment, dataset.train.len())?;
        let validation = hold_out(&mut dataset.train, experiment.train.validation, experiment.seed);
        let pca = Pca::fit(&dataset.train)?;
        let frame = match experiment.model {
            Model::Machines(machines) if !machines.skip().kind().is_affine() => {
                Frame::Identity { dim: dataset.train.dim }
            }
            Model::Conditioned { .. } => Frame::Identity { dim: dataset.train.dim },
            Model::Machines(_) if pca.rank() == 0 => {
                let skip = experiment.model.machines().map_or(Skip::Wiener, Machines::skip);
                let message = format!("{skip} is not allowed for training samples that are all the same");
                return Err(experiment.error("model.skip", message).into());
            }
            Model::Machines(_) | Model::Exact(_) => Frame::Principal(pca.clone()),
        };
        Ok(Self { experiment, schedule, dataset, validation, pca, frame })
    }

    /// The machines of the experiment, or what the one for all timesteps is at each of them, where it has any.
    pub(crate) fn machines(&self) -> Option<Machines> {
        match self.experiment.model {
            Model::Machines(machines) => Some(machines),
            Model::Conditioned { hidden } => Some(Machines::dense(hidden, Skip::None)),
            Model::Exact(_) => None,
        }
    }

    /// r, the coordinates that nets beside such a skip see: with the affine one those in which the data vary.
    pub(crate) fn inputs(&self, skip: SkipKind) -> usize {
        if skip.is_affine() { self.pca.rank() } else { self.dim() }
    }

    /// d.
    pub(crate) fn dim(&self) -> usize {
        self.dataset.train.dim
    }

    /// What may spoil the samples of the chain, where there is one.
    pub(crate) fn warning(&self) -> Option<String> {
        self.schedule.thermalisation_warning().filter(|_| !self.experiment.model.is_regression())
    }

    /// What a reader must know of the data.
    pub(crate) fn data_note(&self) -> Option<&'static str> {
        let asked_for_mnist = matches!(self.experiment.data, crate::config::Data::Mnist { .. });
        (asked_for_mnist && self.dataset.synthetic).then_some(SYNTHETIC_NOTE)
    }

    /// Samples in frame coordinates at t (`None` for x_0), as a reader sees them: in the units of the data, images in
    /// `[-1, 1]` with the scalar mean added back at the strength sqrt(alpha_bar_t) it has there.
    pub(crate) fn shown(&self, z: &[f32], t: Option<Timestep>) -> Vec<f32> {
        let signal = t.map_or(1.0, |t| self.schedule.forward(t).signal);
        let shift = (f64::from(self.dataset.shift) * signal) as f32;
        let mut x = self.frame.lift(z, signal);
        x.iter_mut().for_each(|value| *value += shift);
        x
    }

    /// What the figures need to know.
    pub(crate) fn facts(&self) -> RunFacts {
        let (experiment, machines) = (&self.experiment, self.machines());
        RunFacts {
            name: experiment.name.clone(),
            source: experiment.data.source().word().to_owned(),
            data_note: self.data_note().map(str::to_owned),
            image: match self.dataset.shape {
                Shape::Image { height, width } => Some([height, width]),
                Shape::Point => None,
            },
            dim: self.dim(),
            classes: self.dataset.train.label_counts().into_iter().map(|(label, _)| label).collect(),
            timesteps: self.schedule.len(),
            model: experiment.model.name().to_owned(),
            hidden: machines.map_or(0, Machines::hidden),
            skip: machines.map_or(Skip::None, Machines::skip).word().to_owned(),
            seed: experiment.seed,
            epochs: machines.map_or(0, |_| experiment.train.epochs),
            variance: VarianceWord::of(experiment.sample.variance).word().to_owned(),
            recipe: Some(self.recipe()),
        }
    }

    /// What the algorithm box says of the settings.
    fn recipe(&self) -> Recipe {
        let Experiment { schedule, train, sample, .. } = &self.experiment;
        let law = match schedule.law {
            Law::Linear { .. } => "linear",
            Law::Cosine => "cosine",
            Law::Constant { .. } => "constant",
        };
        let training = self.machines().map(|_| Training {
            batch: train.batch,
            learning_rate: match &train.learning_rate {
                OverT::Constant(rate) => vec![(1, *rate)],
                OverT::Knots(knots) => knots.clone(),
            },
            decay: train.decay.word().to_owned(),
            loss: LossWord::of(train.loss).word().to_owned(),
            anchor_spacing: train.warm_start.map(|warm| warm.spacing),
            warm_epochs: train.warm_start.map(|warm| warm.epochs),
            stop: StopWord::of(train.stop).word().to_owned(),
            tolerance: match train.stop {
                Stop::TestVariance { tolerance } => Some(tolerance),
                Stop::None | Stop::Plateau { .. } | Stop::Minimum => None,
            },
        });
        Recipe { law: law.to_owned(), training, stride: sample.stride }
    }
}

/// A batch and the validation images fit into the training set of n samples.
///
/// # Errors
/// A fault of `train.batch` or of `train.validation`.
pub(crate) fn check_counts(experiment: &Experiment, n: usize) -> Result<(), DriverError> {
    if let Model::Exact(_) = experiment.model {
        return Ok(());
    }
    match experiment.train.too_many_for(n) {
        Some((key, message)) => Err(experiment.error(key, message).into()),
        None => Ok(()),
    }
}

/// Takes `count` samples out of the training set; both parts stay in file order.  Stream: (seed, validation, 0, 0).
fn hold_out(train: &mut Samples, count: usize, seed: u64) -> Samples {
    let mut held_out = vec![false; train.len()];
    for i in Stream::new(seed, Purpose::Validation, 0, 0).permutation(train.len()).into_iter().take(count) {
        held_out[i as usize] = true;
    }
    let chosen = |out: bool| (0..held_out.len()).filter(|&i| held_out[i] == out).collect::<Vec<_>>();
    let validation = train.select(chosen(true));
    *train = train.select(chosen(false));
    validation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_out_samples_are_a_random_part_and_both_parts_keep_their_order() {
        let all = Samples { dim: 1, values: (0..100_u8).map(f32::from).collect(), labels: (0..100).collect() };
        let mut train = all.clone();
        let validation = hold_out(&mut train, 30, 7);
        assert_eq!((train.len(), validation.len()), (70, 30));
        let mut both = [train.labels.clone(), validation.labels.clone()].concat();
        assert!(train.labels.is_sorted() && validation.labels.is_sorted());
        both.sort_unstable();
        assert_eq!(both, all.labels);
        assert_eq!(f32::from(validation.labels[3]), validation.values[3]);
        // Neither the first nor the last ones, and others for another seed.
        assert!(validation.labels[0] < 20 && validation.labels[29] > 80);
        assert_ne!(hold_out(&mut all.clone(), 30, 8), validation);
        let mut untouched = all.clone();
        assert!(hold_out(&mut untouched, 0, 7).is_empty() && untouched == all);
    }
}
