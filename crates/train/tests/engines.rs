//! The engines against each other, and the properties that every engine must have.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Mutex;

use data::{Frame, GaussianMixture, Pca};
use model::checkpoint::History;
use model::{Device, Machine, MachineConfig, Moments, SkipKind};
use schedule::{Law, LossWeight, Schedule, Timestep};
use train::{Decay, Job, Losses, Observer, Settings, TrainError, TrainingSet, train};

/// Finished machines and their learning curves, by timestep.
type Trained = Vec<(usize, Machine, History)>;

/// Keeps what a training finishes.
#[derive(Default)]
struct Kept(Mutex<Trained>);

impl Observer for Kept {
    fn started(&self, _: Timestep) {}

    fn epoch(&self, _: Timestep, epoch: usize, losses: Losses) {
        assert!(epoch >= 1 && losses.train > 0.0);
    }

    fn finished(
        &self,
        t: Timestep,
        machine: Machine,
        history: History,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.0.lock().unwrap().push((t.get(), machine, history));
        Ok(())
    }
}

struct Problem {
    schedule: Schedule,
    moments: Moments,
    set: TrainingSet,
    settings: Settings,
    config: MachineConfig,
}

/// Three clouds on a plane in five dimensions: one direction has little variance, two have none.
fn problem(skip: SkipKind) -> Problem {
    let means = vec![vec![2.0, 0.0, 0.0, 1.0, 0.0], vec![-1.0, 1.5, 0.0, 1.0, 0.0], vec![0.0, -2.0, 0.0, 1.0, 0.0]];
    let mixture = GaussianMixture { means, weights: vec![1.0, 2.0, 1.0], std: 0.3, train: 330, test: 70, seed: 11 };
    let mut data = mixture.draw().unwrap();
    for samples in [&mut data.train, &mut data.test] {
        for row in samples.values.chunks_exact_mut(5) {
            row[2] *= 0.1;
            row[3..].copy_from_slice(&[1.0, 0.0]);
        }
    }
    let pca = Pca::fit(&data.train).unwrap();
    let schedule = Schedule::new(Law::Linear { beta_start: 5e-3, beta_end: 0.5 }, 20).unwrap();
    let (frame, inputs) = match skip {
        SkipKind::Wiener => (Frame::Principal(pca.clone()), pca.rank()),
        _ => (Frame::Identity { dim: 5 }, 5),
    };
    let (train, test) = (frame.project_samples(&data.train), frame.project_samples(&data.test));
    let second_moment = train.values.iter().map(|&v| f64::from(v * v)).sum::<f64>() / train.values.len() as f64;
    Problem {
        schedule,
        moments: Moments { eigenvalues: pca.eigenvalues, second_moment },
        set: TrainingSet::new(&train, &test, inputs),
        settings: Settings {
            epochs: 3,
            batch: 32,
            learning_rates: (0..20).map(|i| 1e-2 + 1e-3 * f64::from(i)).collect(),
            decay: Decay::Cosine,
            loss: LossWeight::Variational,
            seed: 5,
        },
        config: MachineConfig { hidden: 13, skip },
    }
}

impl Problem {
    fn train_on(&self, timesteps: &[usize], device: Device, threads: usize) -> Trained {
        let (result, kept) = self.try_on(timesteps, device, threads);
        result.unwrap();
        kept
    }

    fn try_on(&self, timesteps: &[usize], device: Device, threads: usize) -> (Result<(), TrainError>, Trained) {
        let Self { schedule, moments, set, settings, config } = self;
        let job = Job { schedule, config: *config, moments, set, settings };
        let timesteps: Vec<Timestep> = timesteps.iter().map(|&t| schedule.timestep(t).unwrap()).collect();
        let kept = Kept::default();
        let result = train(&job, &timesteps, device, threads, &kept);
        let mut kept = kept.0.into_inner().unwrap();
        kept.sort_by_key(|(t, ..)| *t);
        (result, kept)
    }
}

const SKIPS: [SkipKind; 3] = [SkipKind::None, SkipKind::Learned, SkipKind::Wiener];

#[test]
fn host_and_ndarray_agree_on_the_same_noise_and_weights() {
    for skip in SKIPS {
        let problem = problem(skip);
        let timesteps: Vec<usize> = (1..=20).collect();
        let host = problem.train_on(&timesteps, Device::Host, 2);
        let ndarray = problem.train_on(&timesteps, Device::Ndarray, 1);
        assert_eq!((host.len(), ndarray.len()), (20, 20));
        for ((t, machine, history), (_, other_machine, other)) in host.iter().zip(&ndarray) {
            let curves = [(&history.train, &other.train), (&history.test, &other.test)];
            for (a, b) in curves.into_iter().flat_map(|(a, b)| a.iter().zip(b)) {
                assert!((a / b - 1.0).abs() < 1e-4, "{skip:?} t = {t}: {a} {b}");
            }
            let far = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(far(&machine.w1, &other_machine.w1) < 1e-3, "{skip:?} t = {t}");
            assert_eq!(history.wiener_test.len(), if skip == SkipKind::Wiener { 3 } else { 0 });
        }
    }
}

#[test]
fn no_result_depends_on_threads_or_on_the_company_of_other_timesteps() {
    for skip in SKIPS {
        let problem = problem(skip);
        let all = problem.train_on(&[1, 2, 3, 10, 20], Device::Host, 1);
        assert!(all == problem.train_on(&[20, 3, 1, 2, 10], Device::Host, 3), "{skip:?}");
        let alone = problem.train_on(&[10], Device::Host, 1);
        assert!(all[3] == alone[0], "{skip:?}");
    }
}

#[test]
fn training_lowers_the_loss_below_the_skip() {
    for skip in SKIPS {
        let mut problem = problem(skip);
        problem.settings.epochs = 60;
        for (t, _, history) in problem.train_on(&[4, 8], Device::Host, 2) {
            let (first, last) = (history.train[0], history.train[59]);
            assert!(last < 0.95 * first, "{skip:?} t = {t}: {first} {last}");
            if skip == SkipKind::Wiener {
                assert!(history.test[59] < 0.95 * history.wiener_test[59], "t = {t}: {:?}", history.test);
            }
        }
    }
}

#[test]
fn a_machine_that_diverges_is_named_and_leaves_the_others_alone() {
    for device in [Device::Host, Device::Ndarray] {
        let mut problem = problem(SkipKind::None);
        problem.settings.learning_rates[1] = 1e30;
        let (result, kept) = problem.try_on(&[1, 2, 3], device, 2);
        assert!(matches!(result, Err(TrainError::NotFinite { t: 2, .. })), "{device:?} {result:?}");
        assert_eq!(kept.iter().map(|(t, ..)| *t).collect::<Vec<_>>(), [1, 3]);
    }
}

#[test]
fn an_observer_that_cannot_keep_a_machine_ends_the_run() {
    struct Full;
    impl Observer for Full {
        fn started(&self, _: Timestep) {}
        fn epoch(&self, _: Timestep, _: usize, _: Losses) {}
        fn finished(
            &self,
            _: Timestep,
            _: Machine,
            _: History,
        ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            Err("disk full".into())
        }
    }
    let problem = problem(SkipKind::None);
    let Problem { schedule, moments, set, settings, config } = &problem;
    let job = Job { schedule, config: *config, moments, set, settings };
    let timesteps: Vec<Timestep> = schedule.timesteps().collect();
    let error = train(&job, &timesteps, Device::Host, 2, &Full).unwrap_err();
    assert_eq!(error.to_string(), "disk full");
}
