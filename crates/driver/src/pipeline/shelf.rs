//! The finished machines of a run folder: which of them belong to the experiment, and what they hold.

use std::path::Path;

use model::checkpoint::{self, Checkpoint, History, Midway};
use model::{Bank, Machine, ModelError, Net};
use schedule::{Schedule, Timestep};
use sha2::{Digest, Sha256};

use super::kept::{Content, Found, Kept};
use super::manifest::hex;
use super::problem::{Problem, shape};
use crate::DriverError;
use crate::config::{Experiment, Machines};
use crate::folder::RunFolder;
use crate::terminal::Terminal;

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
        let keys = keys(&bench.experiment, &bench.schedule, problem.machines, &bench.dataset.digest);
        Self { problem, folder, keys }
    }

    /// The problem that the machines solve.
    pub(crate) fn problem(&self) -> &'a Problem<'a> {
        self.problem
    }

    /// The folder that they lie in.
    pub(crate) fn folder(&self) -> &'a RunFolder {
        self.folder
    }

    /// What the checkpoint of t must have for its key.
    pub(crate) fn key_of(&self, t: Timestep) -> &str {
        &self.keys[t.index()]
    }

    /// Identifies all machines together.
    pub(crate) fn key(&self) -> String {
        hex(&Sha256::digest(self.keys.concat()))
    }

    /// The place of the machine of t.
    fn kept_at(&self, t: Timestep) -> Kept<'_> {
        Kept { folder: self.folder, file: file(t), key: self.key_of(t), whose: format!("t = {t}") }
    }

    /// The checkpoint of t, if it is there and sound.
    ///
    /// # Errors
    /// As [`Kept::look`].
    pub(crate) fn kept(&self, t: Timestep) -> Result<Option<Checkpoint>, DriverError> {
        self.kept_at(t).content()
    }

    /// Whether the machine of t need not be trained.  One that is damaged or gone is named; what is left of it is kept
    /// beside it.
    ///
    /// # Errors
    /// As [`Kept::settle`].
    pub(crate) fn settle(&self, t: Timestep, terminal: Terminal) -> Result<bool, DriverError> {
        self.kept_at(t).settle::<Checkpoint>(terminal)
    }

    /// What is known of the machine of t; nothing is changed.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub(crate) fn standing(&self, t: Timestep) -> Result<Standing, DriverError> {
        let path = || self.folder.root().join(file(t)).display().to_string();
        Ok(match self.kept_at(t).look::<Checkpoint>() {
            Ok(Found::Sound { .. }) => Standing::Sound,
            Ok(Found::Absent) => Standing::Absent,
            Ok(Found::Damaged(reason)) => Standing::Otherwise(format!("{}: {reason}", path())),
            Err(DriverError::Message(message)) => Standing::Otherwise(message),
            Err(error) => return Err(error),
        })
    }

    /// Errs unless every machine that is there is sound and of this experiment.
    pub(crate) fn check(&self) -> Result<(), DriverError> {
        self.problem.bench.schedule.timesteps().try_for_each(|t| self.kept_at(t).check::<Checkpoint>())
    }

    /// The machine of t, which a neighbour starts from.
    pub(crate) fn machine(&self, t: Timestep) -> Result<Machine, DriverError> {
        let gone = || {
            let path = self.folder.root().join(file(t));
            DriverError::Message(format!("{}: gone or changed since the run began; run it again", path.display()))
        };
        self.kept(t)?.and_then(|checkpoint| checkpoint.machine.autoencoder()).ok_or_else(gone)
    }

    /// The bytes of the checkpoint of t.
    pub(crate) fn encode(&self, t: Timestep, machine: Net, history: History) -> Result<Vec<u8>, DriverError> {
        let (alpha_bar, key) = (self.problem.bench.schedule.alpha_bar(t), self.keys[t.index()].clone());
        Ok(checkpoint::write(&Checkpoint { t: t.get(), alpha_bar, key, machine, history })?)
    }

    /// Writes the machine of t, whole or not at all, then its marker, and removes the state it was in.
    pub(crate) fn keep(&self, t: Timestep, machine: Net, history: History) -> Result<(), DriverError> {
        self.kept_at(t).keep(&self.encode(t, machine, history)?)
    }

    /// Where the training of t was left; one whose file is damaged begins anew, with a warning.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub(crate) fn left_off(&self, t: Timestep, terminal: Terminal) -> Result<Option<Midway>, DriverError> {
        self.kept_at(t).left_off(checkpoint::midway_from_bytes, terminal)
    }

    /// Writes the state that the training of t is in.
    pub(crate) fn keep_state(&self, t: Timestep, midway: &Midway) -> Result<(), DriverError> {
        self.kept_at(t).keep_state(&checkpoint::write_midway(t.get(), &self.keys[t.index()], midway)?)
    }

    /// The learning curves of the machines that are there, by timestep.
    pub(crate) fn curves(&self) -> Result<Vec<(Timestep, History)>, DriverError> {
        let curve = |t| Ok(self.kept(t)?.map(|checkpoint| (t, checkpoint.history)));
        self.problem.bench.schedule.timesteps().filter_map(|t| curve(t).transpose()).collect()
    }
}

/// What is known of a machine.
pub(crate) enum Standing {
    Sound,
    Absent,
    /// It is damaged or of other settings; the message names its file.
    Otherwise(String),
}

impl Content for Checkpoint {
    fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, ModelError> {
        checkpoint::from_bytes(path, bytes)
    }

    fn key(&self) -> &str {
        &self.key
    }
}

/// The name of a machine's file in the run folder.
pub(crate) fn file(t: Timestep) -> String {
    format!("machines/{}", Bank::file_name(t))
}

/// The key of every machine, parents before their children, whose keys hold theirs; `data` identifies the data set.
pub(crate) fn keys(experiment: &Experiment, schedule: &Schedule, machines: Machines, data: &str) -> Vec<String> {
    let train = &experiment.train;
    let lineage = train.lineage(schedule);
    let of_machine = |t: Timestep| {
        let at = machines.at(t.get());
        let rate = if at.has_local_rate() { format!(", local rate {:?}", train.local_rate) } else { String::new() };
        shape(at) + &rate
    };
    let mut keys = vec![String::new(); schedule.len()];
    for t in lineage.ordered(&schedule.timesteps().collect::<Vec<_>>()) {
        let parent = lineage.parent(t);
        let epochs = train.epochs_at(t.get(), parent.is_some());
        let parent = parent.map_or("none", |parent| keys[parent.index()].as_str());
        keys[t.index()] = key((experiment, schedule, &of_machine(t), data), t, epochs, parent);
    }
    keys
}

/// Identifies everything that the machine of t depends on: the same key means the same machine, to the bit on the
/// host engine of one instruction set.
fn key(
    (experiment, schedule, shape, data): (&Experiment, &Schedule, &str, &str),
    t: Timestep,
    epochs: usize,
    parent: &str,
) -> String {
    let train = &experiment.train;
    let facts = format!(
        "format {} | alpha_bar {:?} beta {:?} | {shape} | epochs {epochs} batch {} rate {:?} {:?} {:?} | parent {parent} | \
         validation {} every {} {:?} | data {} | seed {} | t {t}",
        checkpoint::FORMAT,
        schedule.alpha_bar(t),
        schedule.beta(t),
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
