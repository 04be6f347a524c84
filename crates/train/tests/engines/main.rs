//! The engines against each other, and the properties that every engine must have.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
mod conditioned;
mod course;
mod gauge;
mod local;
mod resume;

use common::{SKIPS, problem};
use model::checkpoint::History;
use model::{Device, Machine, Net, SkipKind};
use schedule::Timestep;
use train::{Losses, MachineError, Observer, ObserverError, TrainError, WarmStart, train};

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
        (problem.settings.learning_rates[1], problem.settings.learning_rates[4]) = (1e30, 1e30);
        let (result, kept) = problem.try_on(&[1, 2, 3, 5], device, 2);
        let Err(TrainError::Machines(failed)) = result else { panic!("{device:?} {result:?}") };
        let diverged = |t| MachineError::NotFinite { t, epoch: 1 };
        assert_eq!(failed.iter().cloned().collect::<Vec<_>>(), [diverged(2), diverged(5)], "{device:?}");
        assert_eq!(kept.iter().map(|(t, ..)| *t).collect::<Vec<_>>(), [1, 3]);
    }
}

#[test]
fn an_observer_that_cannot_keep_a_machine_ends_the_run() {
    struct Full;
    impl Observer for Full {
        fn started(&self, _: Timestep) {}
        fn epoch(&self, _: Timestep, _: usize, _: Option<Losses>) {}
        fn finished(&self, _: Timestep, _: Net, _: History) -> Result<(), ObserverError> {
            Err("disk full".into())
        }
        fn failed(&self, _: Timestep, _: &MachineError) {}
        fn trained(&self, _: Timestep) -> Result<Machine, ObserverError> {
            Err("nothing was kept".into())
        }
    }
    let mut problem = problem(SkipKind::None);
    for warm_start in [None, Some(WarmStart { spacing: 20, epochs: 1 })] {
        problem.settings.warm_start = warm_start;
        let job = problem.job();
        let timesteps: Vec<Timestep> = job.schedule.timesteps().collect();
        for device in [Device::Host, Device::Ndarray] {
            let error = train(&job, &timesteps, device, 3, &Full).unwrap_err();
            assert_eq!(error.to_string(), "disk full");
        }
    }
}
