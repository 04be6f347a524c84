//! A training that was interrupted goes on as if it had never been, in every engine.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use model::checkpoint::{History, Midway, midway_from_bytes, write_midway};
use model::{Device, Machine, Net, SkipKind};
use schedule::Timestep;
use train::{Decay, Losses, MachineError, Observer, ObserverError, Stop, TrainError, WarmStart, Wish, train};

use crate::common::{Problem, SKIPS, Trained, problem};

const DEVICES: [Device; 2] = [Device::Host, Device::Ndarray];

/// A run folder in memory, whose owner interrupts the training after a number of epochs of each machine.
#[derive(Default)]
struct Desk {
    finished: Mutex<BTreeMap<Timestep, (Machine, History)>>,
    /// The bytes of the states, as they would lie on a disk.
    states: Mutex<BTreeMap<Timestep, Vec<u8>>>,
    patience: Option<usize>,
    epochs: Mutex<BTreeMap<Timestep, usize>>,
    wish: Option<Wish>,
}

impl Observer for Desk {
    fn started(&self, t: Timestep) {
        self.epochs.lock().unwrap().insert(t, 0);
    }

    fn left_off(&self, t: Timestep) -> Result<Option<Midway>, ObserverError> {
        let states = self.states.lock().unwrap();
        let state = states.get(&t).map(|bytes| midway_from_bytes(Path::new("state"), bytes));
        Ok(state.transpose()?.map(|(_, state)| state))
    }

    fn epoch(&self, t: Timestep, _: usize, _: Option<Losses>) {
        *self.epochs.lock().unwrap().get_mut(&t).unwrap() += 1;
    }

    fn wish(&self, t: Timestep) -> Wish {
        let tired = self.patience == Some(self.epochs.lock().unwrap()[&t]);
        self.wish.filter(|_| tired).unwrap_or(Wish::GoOn)
    }

    fn midway(&self, t: Timestep, state: &Midway) -> Result<(), ObserverError> {
        self.states.lock().unwrap().insert(t, write_midway(t.get(), "key", state)?);
        Ok(())
    }

    fn finished(&self, t: Timestep, machine: Net, history: History) -> Result<(), ObserverError> {
        let machine = machine.autoencoder().ok_or("no hidden layer")?;
        self.states.lock().unwrap().remove(&t);
        self.finished.lock().unwrap().insert(t, (machine, history));
        Ok(())
    }

    fn failed(&self, _: Timestep, _: &MachineError) {}

    fn trained(&self, t: Timestep) -> Result<Machine, ObserverError> {
        Ok(self.finished.lock().unwrap().get(&t).ok_or("not there")?.0.clone())
    }
}

/// Trains with an interruption after every `patience` epochs of a machine; the number of interruptions.
fn in_pieces(problem: &Problem, timesteps: &[usize], device: Device, patience: usize) -> (Trained, usize) {
    let (job, schedule) = (problem.job(), &problem.schedule);
    let mut desk = Desk { patience: Some(patience), wish: Some(Wish::End), ..Desk::default() };
    for interruptions in 0.. {
        let left = timesteps.iter().map(|&t| schedule.timestep(t).unwrap());
        let left: Vec<Timestep> = left.filter(|t| !desk.finished.lock().unwrap().contains_key(t)).collect();
        match train(&job, &left, device, 2, &desk) {
            Ok(()) => {
                assert!(desk.states.lock().unwrap().is_empty());
                let finished = desk.finished.into_inner().unwrap();
                let trained = finished.into_iter().map(|(t, (machine, history))| (t.get(), machine, history));
                return (trained.collect(), interruptions);
            }
            Err(TrainError::Interrupted) => assert!(!desk.states.get_mut().unwrap().is_empty()),
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!()
}

#[test]
fn interruptions_leave_no_trace_in_any_engine() {
    for (device, skip) in DEVICES.into_iter().flat_map(|device| SKIPS.map(|skip| (device, skip))) {
        let mut problem = problem(skip);
        (problem.settings.epochs, problem.settings.decay) = (7, Decay::Cosine);
        problem.settings.warm_start = Some(WarmStart { spacing: 6, epochs: 5 });
        let timesteps: Vec<usize> = (1..=20).collect();
        for stop in [Stop::None, Stop::Plateau { patience: 2, min_improvement: 0.02 }, Stop::Minimum] {
            problem.settings.stop = stop;
            let whole = problem.train_on(&timesteps, device, 2);
            for patience in [1, 3] {
                let (pieces, interruptions) = in_pieces(&problem, &timesteps, device, patience);
                assert!(interruptions > 2, "{device:?} {skip:?}: {interruptions}");
                assert!(pieces == whole, "{device:?} {skip:?} {stop:?} every {patience}");
            }
        }
    }
}

#[test]
fn sparse_evaluations_and_the_thesis_rule_are_resumed_too() {
    for device in DEVICES {
        let mut problem = problem(SkipKind::Learned);
        (problem.settings.epochs, problem.settings.evaluate_every) = (9, 4);
        let whole = problem.train_on(&[3, 17], device, 1);
        assert!(in_pieces(&problem, &[3, 17], device, 1).0 == whole, "{device:?}");
        problem.settings.evaluate_every = 1;
        problem.settings.stop = Stop::TestVariance { tolerance: 1e9 };
        let whole = problem.train_on(&[3, 17], device, 1);
        assert_eq!(whole[0].2.epoch.len(), 6);
        assert!(in_pieces(&problem, &[3, 17], device, 2).0 == whole, "{device:?}");
    }
}

#[test]
fn a_state_that_is_kept_changes_nothing_and_one_of_another_shape_is_refused() {
    for device in DEVICES {
        let problem = problem(SkipKind::Wiener);
        let job = problem.job();
        let t = problem.schedule.timestep(9).unwrap();
        let desk = Desk { patience: Some(2), wish: Some(Wish::Keep), ..Desk::default() };
        // A thread that has to keep a state goes on; the state is gone once the machine is finished.
        train(&job, &[t], device, 1, &desk).unwrap();
        let (machine, history) = desk.finished.lock().unwrap().remove(&t).unwrap();
        assert!(problem.train_on(&[9], device, 1) == [(9, machine, history)]);

        let mut desk = Desk { patience: Some(1), wish: Some(Wish::End), ..Desk::default() };
        assert!(matches!(train(&job, &[t], device, 1, &desk), Err(TrainError::Interrupted)));
        desk.patience = None;
        let mut other = job;
        other.config.hidden += 1;
        let result = train(&other, &[t], device, 1, &desk);
        assert!(matches!(result, Err(TrainError::Midway { t: 9 })), "{result:?}");
    }
}
