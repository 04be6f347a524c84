//! What the threads of the host engine share: the list of machines, and what became of them.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use schedule::Timestep;

use crate::{FailedMachines, MachineError, Observer, TrainError};

/// What became of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Trained,
    Failed,
}

#[derive(Debug, Default)]
struct State {
    next: usize,
    /// `None` while a machine waits or is in work; a machine that is not on the list is not here.
    outcomes: BTreeMap<Timestep, Option<Outcome>>,
    failures: Vec<MachineError>,
    /// The first error that ends the whole training.
    ended: Option<TrainError>,
    stop: bool,
}

/// The machines to train, handed out in their order.
///
/// A thread waits only for a machine that was handed out before its own, so the earliest machine in work never waits.
#[derive(Debug)]
struct Board<'a> {
    timesteps: &'a [Timestep],
    state: Mutex<State>,
    changed: Condvar,
}

/// A thread's hold of one machine; one that is dropped without an end counts as failed, so that nobody waits for it.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    board: &'a Board<'a>,
    t: Timestep,
}

/// Hands the machines out to `threads` threads, each with a trainer of its own, and tells the observer of those that fail.
///
/// `train` returns `None` once the training of all has ended.
///
/// # Errors
/// What ended the training; with nothing that did, the machines that failed.
pub(crate) fn train_each<T>(
    timesteps: &[Timestep],
    threads: usize,
    observer: &dyn Observer,
    trainer: impl Fn() -> T + Sync,
    train: impl Fn(&mut T, &Turn<'_>) -> Option<Result<Result<(), MachineError>, TrainError>> + Sync,
) -> Result<(), TrainError> {
    let board = Board::new(timesteps);
    let work = || {
        let mut trainer = trainer();
        while let Some(turn) = board.take() {
            let Some(result) = train(&mut trainer, &turn) else { break };
            if let Ok(Err(failure)) = &result {
                observer.failed(turn.t(), failure);
            }
            turn.end(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.clamp(1, timesteps.len().max(1)) {
            scope.spawn(work);
        }
        work();
    });
    Ok(FailedMachines::check(board.failures()?)?)
}

impl<'a> Board<'a> {
    fn new(timesteps: &'a [Timestep]) -> Self {
        let outcomes = timesteps.iter().map(|&t| (t, None)).collect();
        Self { timesteps, state: Mutex::new(State { outcomes, ..State::default() }), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next machine; `None` when all are handed out or the training has ended.
    fn take(&'a self) -> Option<Turn<'a>> {
        let mut state = self.state();
        let t = *self.timesteps.get(state.next).filter(|_| !state.stop)?;
        state.next += 1;
        Some(Turn { board: self, t })
    }

    /// The machines that failed.
    ///
    /// # Errors
    /// What ended the training.
    fn failures(self) -> Result<Vec<MachineError>, TrainError> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.ended.map_or(Ok(state.failures), Err)
    }
}

impl Turn<'_> {
    pub(crate) fn t(&self) -> Timestep {
        self.t
    }

    /// Waits until `parent` is done; one that is not on the list was trained before.  `None` when the training of all has
    /// ended meanwhile.
    pub(crate) fn wait_for(&self, parent: Timestep) -> Option<Outcome> {
        let waits = |state: &mut State| !state.stop && state.outcomes.get(&parent) == Some(&None);
        let state = self.board.changed.wait_while(self.board.state(), waits).unwrap_or_else(PoisonError::into_inner);
        match state.outcomes.get(&parent) {
            None => Some(Outcome::Trained),
            Some(_) if state.stop => None,
            Some(outcome) => *outcome,
        }
    }

    /// Records what became of the machine; an outer error ends the training.
    fn end(self, result: Result<Result<(), MachineError>, TrainError>) {
        let mut state = self.board.state();
        let outcome = if matches!(result, Ok(Ok(()))) { Outcome::Trained } else { Outcome::Failed };
        state.outcomes.insert(self.t, Some(outcome));
        match result {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => state.failures.push(failure),
            Err(error) => {
                state.stop = true;
                state.ended.get_or_insert(error);
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.board.state();
        if let Some(outcome @ None) = state.outcomes.get_mut(&self.t) {
            *outcome = Some(Outcome::Failed);
            state.stop = true;
        }
        drop(state);
        self.board.changed.notify_all();
    }
}
