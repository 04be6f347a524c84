//! The finished machines of a run folder: which of them belong to the experiment, and what they hold.

use model::checkpoint::{self, Checkpoint, History};
use model::{Bank, Machine, MachineConfig};
use schedule::{Schedule, Timestep};
use sha2::{Digest, Sha256};

use super::manifest::hex;
use super::problem::Problem;
use crate::DriverError;
use crate::config::Experiment;
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
        let bench = problem.bench;
        let keys = keys(&bench.experiment, &bench.schedule, problem.config, &bench.dataset.digest);
        Self { problem, folder, keys }
    }

    /// What the checkpoint of t must have for its key.
    pub(crate) fn key_of(&self, t: Timestep) -> &str {
        &self.keys[t.index()]
    }

    /// Identifies all machines together.
    pub(crate) fn key(&self) -> String {
        hex(&Sha256::digest(self.keys.concat()))
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

/// The key of every machine, parents before their children, whose keys hold theirs; `data` identifies the data set.
pub(crate) fn keys(experiment: &Experiment, schedule: &Schedule, config: MachineConfig, data: &str) -> Vec<String> {
    let train = &experiment.train;
    let lineage = train.lineage(schedule);
    let mut keys = vec![String::new(); schedule.len()];
    for t in lineage.ordered(&schedule.timesteps().collect::<Vec<_>>()) {
        let parent = lineage.parent(t);
        let epochs = train.warm_start.filter(|_| parent.is_some()).map_or(train.epochs, |warm| warm.epochs);
        let parent = parent.map_or("none", |parent| keys[parent.index()].as_str());
        keys[t.index()] = key((experiment, schedule, config, data), t, epochs, parent);
    }
    keys
}

/// Identifies everything that the machine of t depends on: the same key means the same machine, to the bit on the
/// host engine of one instruction set.
fn key(
    (experiment, schedule, config, data): (&Experiment, &Schedule, MachineConfig, &str),
    t: Timestep,
    epochs: usize,
    parent: &str,
) -> String {
    let train = &experiment.train;
    let facts = format!(
        "format {} | alpha_bar {:?} beta {:?} | {:?} | epochs {epochs} batch {} rate {:?} {:?} {:?} | parent {parent} | \
         validation {} every {} {:?} | data {} | seed {} | t {t}",
        checkpoint::FORMAT,
        schedule.alpha_bar(t),
        schedule.beta(t),
        config,
        train.batch,
        train.learning_rate.at(t.get()),
        train.decay,
        train.loss,
        train.validation,
        train.evaluate_every,
        train.stop,
        data,
        experiment.seed,
    );
    hex(&Sha256::digest(facts))
}
