//! Trains the machines that the run folder does not hold yet and keeps each as it is done.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use model::checkpoint::{History, Midway};
use model::{Device, Machine, Net};
use schedule::Timestep;
use train::{FailedMachines, Losses, MachineError, Observer, ObserverError, TrainError, Wish};

use super::problem::Problem;
use super::shelf::Shelf;
use super::timing;
use crate::terminal::{Progress, Terminal};
use crate::{DriverError, interrupt};

/// What is to be trained: the machines that are missing, and the missing ones that they start from.
struct Plan {
    asked: usize,
    there: usize,
    needed: Vec<Timestep>,
    /// Those of `needed` that were not asked for.
    ancestors: Vec<usize>,
}

impl Plan {
    fn new(
        problem: &Problem<'_>,
        shelf: &Shelf<'_>,
        timesteps: &[Timestep],
        terminal: Terminal,
    ) -> Result<Self, DriverError> {
        // Every checkpoint is looked at once: all those asked for, and ancestors as they come up.
        let look = |t| shelf.settle(t, terminal);
        let there = timesteps.iter().map(|&t| Ok((t, look(t)?))).collect::<Result<BTreeMap<_, _>, DriverError>>()?;
        let count = there.values().filter(|there| **there).count();
        let (looked_up, refused) = (RefCell::new(there), RefCell::new(None));
        let is_there = |t| {
            let look = || {
                look(t).unwrap_or_else(|error| {
                    refused.borrow_mut().get_or_insert(error);
                    true
                })
            };
            *looked_up.borrow_mut().entry(t).or_insert_with(look)
        };
        let needed = problem.job().lineage().closure(timesteps, is_there);
        let ancestors = needed.iter().filter(|t| !timesteps.contains(t)).map(|t| t.get()).collect();
        refused.into_inner().map_or(Ok(Self { asked: timesteps.len(), there: count, needed, ancestors }), Err)
    }

    fn announce(&self, terminal: Terminal) {
        if self.there > 0 {
            terminal.say(format_args!("{} of {} machines are there already", self.there, self.asked));
        }
        if !self.ancestors.is_empty() {
            terminal.say(format_args!(
                "train.warm_start: {} more machines are trained for others to start from, t = {}",
                self.ancestors.len(),
                train::ranges(&self.ancestors)
            ));
        }
    }
}

/// Trains those of `timesteps` whose checkpoint is missing or belongs to another configuration, and with a warm start
/// the missing machines that they start from.
///
/// The inner error names the machines that could not be trained; the others were, and are kept.  `keep` takes the times of
/// those trained, also where a signal ends the training.
///
/// # Errors
/// What ended the training of all.
pub(crate) fn train(
    shelf: &Shelf<'_>,
    timesteps: &[Timestep],
    (device, threads): (Device, usize),
    keep: timing::Keep<'_>,
    terminal: Terminal,
) -> Result<Result<(), FailedMachines>, DriverError> {
    let problem = shelf.problem();
    let plan = Plan::new(problem, shelf, timesteps, terminal)?;
    plan.announce(terminal);
    if plan.needed.is_empty() {
        return Ok(Ok(()));
    }
    let job = problem.job();
    let total: usize = plan.needed.iter().map(|&t| job.epochs(t)).sum();
    let training = interrupt::training();
    let keeper = Keeper {
        shelf,
        terminal,
        save_after: Duration::try_from_secs_f64(problem.bench.experiment.run.save_seconds).unwrap_or(Duration::MAX),
        epochs: plan.needed.iter().map(|&t| (t, job.epochs(t) as u64)).collect(),
        progress: terminal.progress("training", total as u64),
        at_work: Mutex::default(),
        seconds: Mutex::default(),
    };
    let result = problem.train(&plan.needed, (device, threads), &keeper);
    keeper.progress.finish();
    let seconds = keeper.seconds.into_inner().unwrap_or_else(PoisonError::into_inner);
    keep(&timing::rows(seconds, device, threads))?;
    training.over()?;
    match result {
        Ok(()) => Ok(Ok(())),
        Err(TrainError::Machines(failed)) => Ok(Err(failed)),
        Err(error) => Err(error.into()),
    }
}

/// A machine in training.
struct Begun {
    since: Instant,
    saved: Instant,
    epochs: u64,
}

impl Begun {
    fn after(epochs: u64) -> Self {
        Self { since: Instant::now(), saved: Instant::now(), epochs }
    }
}

/// Writes every finished machine to the run folder and counts the epochs.
struct Keeper<'a> {
    shelf: &'a Shelf<'a>,
    terminal: Terminal,
    /// The time after which the state of a machine is written.
    save_after: Duration,
    /// The epochs of each machine if nothing ends it early.
    epochs: BTreeMap<Timestep, u64>,
    progress: Progress,
    at_work: Mutex<BTreeMap<Timestep, Begun>>,
    seconds: Mutex<BTreeMap<usize, f64>>,
}

impl Keeper<'_> {
    fn at_work(&self) -> MutexGuard<'_, BTreeMap<Timestep, Begun>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the epochs that a machine no longer needs; its start, if it began.
    fn ended(&self, t: Timestep) -> Option<Instant> {
        let begun = self.at_work().remove(&t);
        let done = begun.as_ref().map_or(0, |begun| begun.epochs);
        self.progress.advance(self.epochs.get(&t).map_or(0, |all| all.saturating_sub(done)));
        begun.map(|begun| begun.since)
    }
}

impl Observer for Keeper<'_> {
    fn started(&self, t: Timestep) {
        let mut at_work = self.at_work();
        // A stack asks where its machines were left before it starts them.
        let epochs = at_work.get(&t).map_or(0, |begun| begun.epochs);
        at_work.insert(t, Begun::after(epochs));
    }

    fn left_off(&self, t: Timestep) -> Result<Option<Midway>, ObserverError> {
        let state = self.shelf.left_off(t, self.terminal)?;
        if let Some(state) = &state {
            self.at_work().insert(t, Begun::after(state.done as u64));
            self.progress.advance(state.done as u64);
            self.progress.remark(format!("t = {t}: goes on after epoch {}", state.done));
        }
        Ok(state)
    }

    fn epoch(&self, t: Timestep, _: usize, _: Option<Losses>) {
        if let Some(begun) = self.at_work().get_mut(&t) {
            begun.epochs += 1;
        }
        self.progress.advance(1);
    }

    fn wish(&self, t: Timestep) -> Wish {
        let is_due = |begun: &Begun| begun.saved.elapsed() >= self.save_after;
        match interrupt::signal() {
            Some(_) => Wish::End,
            None if self.at_work().get(&t).is_some_and(is_due) => Wish::Keep,
            None => Wish::GoOn,
        }
    }

    fn midway(&self, t: Timestep, state: &Midway) -> Result<(), ObserverError> {
        self.shelf.keep_state(t, state)?;
        if let Some(begun) = self.at_work().get_mut(&t) {
            begun.saved = Instant::now();
        }
        Ok(())
    }

    fn finished(&self, t: Timestep, machine: Net, history: History) -> Result<(), ObserverError> {
        let at = history.epoch.iter().position(|epoch| *epoch == history.kept);
        let loss = at.and_then(|i| history.test.get(i)).copied().unwrap_or(f64::NAN);
        let (kept, epochs) = (history.kept, history.epoch.last().copied().unwrap_or(0));
        self.shelf.keep(t, machine, history)?;
        let since = self.ended(t);
        if let Some(since) = since {
            let seconds = since.elapsed().as_secs_f64();
            self.seconds.lock().unwrap_or_else(PoisonError::into_inner).insert(t.get(), seconds);
        }
        let early = if self.epochs.get(&t).is_some_and(|all| (kept as u64) < *all) {
            format!(" (epoch {kept} of {epochs})")
        } else {
            String::new()
        };
        self.progress.remark(format!("t = {t}: test MSE {loss:.3e}{early}"));
        Ok(())
    }

    fn failed(&self, t: Timestep, error: &MachineError) {
        self.ended(t);
        self.progress.remark(error.to_string());
    }

    fn trained(&self, t: Timestep) -> Result<Machine, ObserverError> {
        Ok(self.shelf.machine(t)?)
    }
}
