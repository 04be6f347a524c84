//! The one machine for all timesteps of a run: its file, and its training.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::checkpoint::{self, ConditionedCheckpoint, ConditionedMidway, History};
use model::{ConditionedMachine, Device, ModelError};
use schedule::{Schedule, Timestep};
use sha2::{Digest, Sha256};
use train::{ConditionedObserver, FailedMachines, ObserverError, TrainError, Wish};

use super::kept::{Content, Kept};
use super::manifest::hex;
use super::problem::Problem;
use super::timing;
use crate::config::Experiment;
use crate::folder::RunFolder;
use crate::terminal::{Progress, Terminal};
use crate::{DriverError, interrupt};

/// The machine's place in a run folder, and what must lie there.
pub(crate) struct Conditioned<'a> {
    problem: &'a Problem<'a>,
    folder: &'a RunFolder,
    key: String,
}

impl Content for ConditionedCheckpoint {
    fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, ModelError> {
        checkpoint::conditioned_from_bytes(path, bytes)
    }

    fn key(&self) -> &str {
        &self.key
    }
}

impl<'a> Conditioned<'a> {
    /// The name of its file in the run folder.
    pub(crate) const FILE: &'static str = "machines/conditioned.safetensors";

    pub(crate) fn new(problem: &'a Problem<'a>, folder: &'a RunFolder) -> Self {
        let bench = problem.bench;
        let key = key(&bench.experiment, &bench.schedule, problem.config.hidden, &bench.dataset.digest);
        Self { problem, folder, key }
    }

    /// Identifies everything that the machine depends on.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    fn kept(&self) -> Kept<'_> {
        let (folder, key) = (self.folder, self.key.as_str());
        Kept { folder, file: Self::FILE.to_owned(), key, whose: "the machine for all t".to_owned() }
    }

    /// Errs where it is damaged.
    pub(crate) fn check(&self) -> Result<(), DriverError> {
        self.kept().check::<ConditionedCheckpoint>()
    }

    /// Whether it need not be trained; see [`Kept::settle`].
    ///
    /// # Errors
    /// As there.
    pub(crate) fn settle(&self, terminal: Terminal) -> Result<bool, DriverError> {
        self.kept().settle::<ConditionedCheckpoint>(terminal)
    }

    /// The learning curves by timestep, if it is there.
    pub(crate) fn curves(&self) -> Result<Vec<(Timestep, History)>, DriverError> {
        let curves = self.kept().content::<ConditionedCheckpoint>()?.map_or(Vec::new(), |found| found.curves);
        Ok(self.problem.bench.schedule.timesteps().zip(curves).collect())
    }

    /// The bytes of its file.
    pub(crate) fn encode(&self, machine: ConditionedMachine, curves: Vec<History>) -> Result<Vec<u8>, DriverError> {
        Ok(checkpoint::write_conditioned(&ConditionedCheckpoint { key: self.key.clone(), machine, curves })?)
    }

    /// Trains it where it is missing or belongs to another configuration.
    ///
    /// The inner error says that it could not be trained.
    ///
    /// # Errors
    /// Any other that ended the training.
    pub(crate) fn train(&self, threads: usize, terminal: Terminal) -> Result<Result<(), FailedMachines>, DriverError> {
        if self.settle(terminal)? {
            terminal.say("the machine is there already");
            return Ok(Ok(()));
        }
        let job = self.problem.job();
        let save_seconds = self.problem.bench.experiment.run.save_seconds;
        let training = interrupt::training();
        let keeper = Keeper {
            place: self,
            terminal,
            save_after: Duration::try_from_secs_f64(save_seconds).unwrap_or(Duration::MAX),
            progress: terminal.progress("training", job.passes() as u64),
            saved: Mutex::new(Instant::now()),
        };
        let clock = Instant::now();
        let result = train::train_conditioned(&job, threads, &keeper);
        keeper.progress.finish();
        if result.is_ok() {
            let seconds = [(ALL, clock.elapsed().as_secs_f64())].into();
            timing::record(self.folder, &timing::rows(seconds, Device::Host, threads))?;
        }
        training.over()?;
        match result {
            Ok(()) => Ok(Ok(())),
            Err(TrainError::Machines(failed)) => Ok(Err(failed)),
            Err(error) => Err(error.into()),
        }
    }
}

/// What stands for all timesteps in `timing.csv`.
const ALL: usize = 0;

/// Counts the passes, and writes the states and the finished machine to the run folder.
struct Keeper<'a> {
    place: &'a Conditioned<'a>,
    terminal: Terminal,
    /// The time after which the state is written.
    save_after: Duration,
    progress: Progress,
    saved: Mutex<Instant>,
}

impl ConditionedObserver for Keeper<'_> {
    fn left_off(&self) -> Result<Option<ConditionedMidway>, ObserverError> {
        let midway = self.place.kept().left_off(checkpoint::conditioned_midway_from_bytes, self.terminal)?;
        if let Some(midway) = &midway {
            self.progress.advance(midway.state.done as u64);
            self.progress.remark(format!("goes on after pass {}", midway.state.done));
        }
        Ok(midway)
    }

    fn pass(&self, _: usize) {
        self.progress.advance(1);
    }

    fn wish(&self) -> Wish {
        let saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        match interrupt::signal() {
            Some(_) => Wish::End,
            None if saved.elapsed() >= self.save_after => Wish::Keep,
            None => Wish::GoOn,
        }
    }

    fn midway(&self, midway: &ConditionedMidway) -> Result<(), ObserverError> {
        let bytes = checkpoint::write_conditioned_midway(&self.place.key, midway)?;
        self.place.kept().keep_state(&bytes)?;
        *self.saved.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(())
    }

    fn finished(&self, machine: ConditionedMachine, curves: Vec<History>) -> Result<(), ObserverError> {
        let bytes = self.place.encode(machine, curves)?;
        Ok(self.place.kept().keep(&bytes)?)
    }
}

/// Identifies everything that a machine for all timesteps depends on: the same key means the same machine, to the bit on
/// one instruction set; `data` identifies the data set.
pub(crate) fn key(experiment: &Experiment, schedule: &Schedule, hidden: usize, data: &str) -> String {
    let train = &experiment.train;
    let alpha_bar: Vec<f64> = schedule.timesteps().map(|t| schedule.alpha_bar(t)).collect();
    let facts = format!(
        "conditioned | format {} | alpha_bar {alpha_bar:?} | hidden {hidden} | epochs {} batch {} rate {:?} {:?} {:?} | \
         validation {} every {} | data {data} | seed {}",
        checkpoint::FORMAT,
        train.epochs,
        train.batch,
        train.learning_rate,
        train.decay,
        train.loss,
        train.validation,
        train.evaluate_every,
        experiment.seed,
    );
    hex(&Sha256::digest(facts))
}

#[cfg(test)]
mod tests {
    use model::Bank;

    use super::*;

    #[test]
    fn the_file_is_the_one_that_a_bank_opens() {
        assert_eq!(Conditioned::FILE, format!("{}/{}", RunFolder::MACHINES, Bank::CONDITIONED_FILE));
    }
}
