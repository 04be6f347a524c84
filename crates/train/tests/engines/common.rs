//! A small problem that every engine can be put to, and an observer that keeps what it finishes.

use std::sync::Mutex;

use data::{Frame, GaussianMixture, Pca, Samples};
use model::checkpoint::History;
use model::{ClassGauge, Device, Machine, MachineConfig, Moments, Net, SkipKind};
use schedule::{Law, LossWeight, Schedule, Timestep};
use train::{
    Decay, Job, Losses, MachineError, Observer, ObserverError, Settings, Stop, TrainError, TrainingSet, train,
};

/// Finished machines and their learning curves, by timestep.
pub(crate) type Trained = Vec<(usize, Machine, History)>;

/// Keeps what a training finishes.
#[derive(Default)]
struct Kept(Mutex<Trained>);

impl Observer for Kept {
    fn started(&self, _: Timestep) {}

    fn epoch(&self, _: Timestep, epoch: usize, losses: Option<Losses>) {
        assert!(epoch >= 1 && losses.is_none_or(|losses| losses.train > 0.0));
    }

    fn finished(&self, t: Timestep, machine: Net, history: History) -> Result<(), ObserverError> {
        let machine = machine.autoencoder().ok_or("no hidden layer")?;
        self.0.lock().unwrap().push((t.get(), machine, history));
        Ok(())
    }

    fn failed(&self, t: Timestep, error: &MachineError) {
        assert_eq!(error.t(), t.get());
    }

    fn trained(&self, t: Timestep) -> Result<Machine, ObserverError> {
        let kept = self.0.lock().unwrap();
        let machine = kept.iter().find(|(of, ..)| *of == t.get()).map(|(_, machine, _)| machine.clone());
        machine.ok_or_else(|| format!("t = {t} was not kept").into())
    }
}

pub(crate) struct Problem {
    pub(crate) schedule: Schedule,
    pub(crate) moments: Moments,
    pub(crate) set: TrainingSet,
    pub(crate) settings: Settings,
    pub(crate) config: MachineConfig,
    pub(crate) classes: Option<ClassGauge>,
}

/// Three clouds on a plane in five dimensions: one direction has little variance, two have none.
pub(crate) fn problem(skip: SkipKind) -> Problem {
    let means = vec![vec![2.0, 0.0, 0.0, 1.0, 0.0], vec![-1.0, 1.5, 0.0, 1.0, 0.0], vec![0.0, -2.0, 0.0, 1.0, 0.0]];
    let mixture = GaussianMixture { means, weights: vec![1.0, 2.0, 1.0], std: 0.3, train: 390, test: 70, seed: 11 };
    let mut data = mixture.draw().unwrap();
    for samples in [&mut data.train, &mut data.test] {
        for row in samples.values.chunks_exact_mut(5) {
            row[2] *= 0.1;
            row[3..].copy_from_slice(&[1.0, 0.0]);
        }
    }
    let (validation, train) = (data.train.select(330..390), data.train.select(0..330));
    let pca = Pca::fit(&train).unwrap();
    let schedule = Schedule::new(Law::Linear { beta_start: 5e-3, beta_end: 0.5 }, 20).unwrap();
    let (frame, inputs) = match skip {
        SkipKind::Wiener => (Frame::Principal(pca.clone()), pca.rank()),
        _ => (Frame::Identity { dim: 5 }, 5),
    };
    let [train, validation, test] = [&train, &validation, &data.test].map(|samples| frame.project_samples(samples));
    let second_moment = train.values.iter().map(|&v| f64::from(v * v)).sum::<f64>() / train.values.len() as f64;
    let two_classes = Samples { labels: train.labels.iter().map(|&label| label.min(1)).collect(), ..train.clone() };
    Problem {
        classes: ClassGauge::of(&two_classes, 5),
        schedule,
        moments: Moments { eigenvalues: pca.eigenvalues, second_moment },
        set: TrainingSet::new(&train, &test, inputs).with_validation(&validation),
        settings: Settings {
            epochs: 3,
            warm_start: None,
            batch: 32,
            learning_rates: (0..20).map(|i| 1e-2 + 1e-3 * f64::from(i)).collect(),
            decay: Decay::Cosine,
            local_rate: 10.0,
            effort: Vec::new(),
            stop: Stop::None,
            evaluate_every: 1,
            loss: LossWeight::Variational,
            seed: 5,
        },
        config: MachineConfig::dense(13, skip),
    }
}

impl Problem {
    pub(crate) fn job(&self) -> Job<'_> {
        let Self { schedule, moments, set, settings, config, classes } = self;
        Job { schedule, config: *config, moments, set, settings, classes: classes.as_ref() }
    }

    pub(crate) fn train_on(&self, timesteps: &[usize], device: Device, threads: usize) -> Trained {
        self.go_on(Vec::new(), timesteps, device, threads)
    }

    /// Trains more machines beside those that are there already.
    pub(crate) fn go_on(&self, there: Trained, timesteps: &[usize], device: Device, threads: usize) -> Trained {
        let (result, kept) = self.try_beside(there, timesteps, device, threads);
        result.unwrap();
        kept
    }

    pub(crate) fn try_on(
        &self,
        timesteps: &[usize],
        device: Device,
        threads: usize,
    ) -> (Result<(), TrainError>, Trained) {
        self.try_beside(Vec::new(), timesteps, device, threads)
    }

    fn try_beside(
        &self,
        there: Trained,
        timesteps: &[usize],
        device: Device,
        threads: usize,
    ) -> (Result<(), TrainError>, Trained) {
        let timesteps: Vec<Timestep> = timesteps.iter().map(|&t| self.schedule.timestep(t).unwrap()).collect();
        let kept = Kept(Mutex::new(there));
        let result = train(&self.job(), &timesteps, device, threads, &kept);
        let mut kept = kept.0.into_inner().unwrap();
        kept.sort_by_key(|(t, ..)| *t);
        (result, kept)
    }
}

pub(crate) const SKIPS: [SkipKind; 3] = [SkipKind::None, SkipKind::Learned, SkipKind::Wiener];
