//! The finished machines of a run folder: which of them belong to the experiment, and what they hold.

use model::checkpoint::{self, Checkpoint, History};
use model::{Bank, Machine};
use schedule::Timestep;
use sha2::{Digest, Sha256};

use super::manifest::hex;
use super::problem::Problem;
use crate::DriverError;
use crate::folder::RunFolder;

/// The checkpoints of a run folder, by their keys.
pub(crate) struct Shelf<'a> {
    problem: &'a Problem<'a>,
    folder: &'a RunFolder,
    /// By t - 1.
    keys: Vec<String>,
}

impl<'a> Shelf<'a> {
    pub(crate) fn new(problem: &'a Problem<'a>, folder: &'a RunFolder) -> Self {
        Self { problem, folder, keys: keys(problem) }
    }

    /// Identifies all machines together.
    pub(crate) fn key(&self) -> String {
        hex(&Sha256::digest(self.keys.concat()))
    }

    /// The key that the machine of t must have.
    pub(crate) fn key_of(&self, t: Timestep) -> &str {
        &self.keys[t.index()]
    }

    /// The checkpoint of t, if it can be read and belongs to this experiment.
    pub(crate) fn kept(&self, t: Timestep) -> Option<Checkpoint> {
        let checkpoint = checkpoint::read(&self.folder.machines().join(Bank::file_name(t))).ok()?;
        (checkpoint.key == self.keys[t.index()]).then_some(checkpoint)
    }

    /// The machine of t, which a neighbour starts from.
    pub(crate) fn machine(&self, t: Timestep) -> Result<Machine, DriverError> {
        let gone = || {
            let path = self.folder.machines().join(Bank::file_name(t));
            DriverError::Message(format!("{}: gone or changed since the run began; run it again", path.display()))
        };
        self.kept(t).map(|checkpoint| checkpoint.machine).ok_or_else(gone)
    }

    /// Writes the machine of t: whole or not at all.
    pub(crate) fn keep(&self, t: Timestep, machine: Machine, history: History) -> Result<(), DriverError> {
        let (alpha_bar, key) = (self.problem.bench.schedule.alpha_bar(t), self.keys[t.index()].clone());
        let bytes = checkpoint::write(&Checkpoint { t: t.get(), alpha_bar, key, machine, history })?;
        self.folder.write(&format!("machines/{}", Bank::file_name(t)), bytes)
    }

    /// The learning curves of the machines that are there, by timestep.
    pub(crate) fn curves(&self) -> Vec<(Timestep, History)> {
        self.problem.bench.schedule.timesteps().filter_map(|t| Some((t, self.kept(t)?.history))).collect()
    }
}

/// The key of every machine, parents before their children, whose keys hold theirs.
fn keys(problem: &Problem<'_>) -> Vec<String> {
    let job = problem.job();
    let mut keys = vec![String::new(); job.schedule.len()];
    for t in job.lineage().ordered(&job.schedule.timesteps().collect::<Vec<_>>()) {
        let parent = job.lineage().parent(t).map_or("none", |parent| keys[parent.index()].as_str());
        keys[t.index()] = key(problem, t, job.epochs(t), parent);
    }
    keys
}

/// Identifies everything that the machine of t depends on: the same key means the same machine, to the bit on the
/// host engine of one instruction set.
fn key(problem: &Problem<'_>, t: Timestep, epochs: usize, parent: &str) -> String {
    let bench = problem.bench;
    let train = &bench.experiment.train;
    let facts = format!(
        "format {} | alpha_bar {:?} beta {:?} | {:?} | epochs {epochs} batch {} rate {:?} {:?} {:?} | parent {parent} | \
         validation {} every {} {:?} | data {} | seed {} | t {t}",
        checkpoint::FORMAT,
        bench.schedule.alpha_bar(t),
        bench.schedule.beta(t),
        problem.config,
        train.batch,
        train.learning_rate.at(t.get()),
        train.decay,
        train.loss,
        train.validation,
        train.evaluate_every,
        train.stop,
        bench.dataset.digest,
        bench.experiment.seed,
    );
    hex(&Sha256::digest(facts))
}
