//! The finished machines of a run folder: which of them belong to the experiment, and what they hold.

use std::path::Path;

use model::checkpoint::{self, Checkpoint, History, Midway};
use model::{Bank, Machine, ModelError, Net};
use schedule::{Schedule, Timestep};
use sha2::{Digest, Sha256};

use super::manifest::hex;
use super::mark::Mark;
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

    /// What the checkpoint of t must have for its key.
    pub(crate) fn key_of(&self, t: Timestep) -> &str {
        &self.keys[t.index()]
    }

    /// Identifies all machines together.
    pub(crate) fn key(&self) -> String {
        hex(&Sha256::digest(self.keys.concat()))
    }

    /// What the folder holds of the machine of t.
    ///
    /// # Errors
    /// A file that is there and cannot be read, or a sound machine that belongs to other settings or another version.
    pub(crate) fn look(&self, t: Timestep) -> Result<Found, DriverError> {
        let name = file(t);
        let path = self.folder.root().join(&name);
        let (bytes, mark) = (self.folder.bytes_if_present(&name)?, Mark::read(self.folder, t)?);
        let Some(bytes) = bytes else {
            return Ok(if mark.is_some() { Found::Damaged("is gone".to_owned()) } else { Found::Absent });
        };
        let is_marked = match &mark {
            Some(Ok(mark)) if !mark.is_of(&bytes) => {
                let reason = "is damaged: these are not the bytes that its training left".to_owned();
                return Ok(Found::Damaged(reason));
            }
            mark => matches!(mark, Some(Ok(_))),
        };
        let foreign = |reason: &str| {
            let way_out = "name another folder with --out, or set this one aside with --fresh";
            Err(DriverError::Message(format!("{}: {reason}; {way_out}", path.display())))
        };
        match checkpoint::from_bytes(&path, &bytes) {
            Ok(checkpoint) if checkpoint.key == self.keys[t.index()] => {
                let unmarked = (!is_marked).then(|| Mark::of(&checkpoint.key, &bytes));
                Ok(Found::Sound { checkpoint: Box::new(checkpoint), unmarked })
            }
            Ok(_) => foreign("a machine of other settings, other data or another version of this program"),
            Err(_) if is_marked => foreign("a machine in the format of another version of this program"),
            Err(error) => Ok(Found::Damaged(format!("is damaged: {}", reason(&error)))),
        }
    }

    /// The checkpoint of t, if it is there and sound.
    ///
    /// # Errors
    /// As [`Self::look`].
    pub(crate) fn kept(&self, t: Timestep) -> Result<Option<Checkpoint>, DriverError> {
        Ok(match self.look(t)? {
            Found::Sound { checkpoint, .. } => Some(*checkpoint),
            Found::Absent | Found::Damaged(_) => None,
        })
    }

    /// Whether the machine of t need not be trained.  One that is damaged or gone is named; what is left of it is kept
    /// beside it.
    ///
    /// # Errors
    /// As [`Self::look`]; a file that cannot be renamed or removed.
    pub(crate) fn settle(&self, t: Timestep, terminal: Terminal) -> Result<bool, DriverError> {
        let name = file(t);
        let shown = self.folder.root().join(&name);
        match self.look(t)? {
            Found::Absent => Ok(false),
            Found::Sound { unmarked, .. } => {
                // The run was ended between the two, or somebody has removed or changed the marker.
                unmarked.map_or(Ok(()), |mark| mark.write(self.folder, t))?;
                self.folder.remove_if_present(&state(t))?;
                Ok(true)
            }
            Found::Damaged(reason) => {
                if shown.exists() {
                    self.folder.set_aside(&name)?;
                    let kept = format_args!("kept as {}.damaged and trained again", Bank::file_name(t));
                    terminal.warn(format_args!("{}: {reason}; {kept}", shown.display()));
                } else {
                    terminal.warn(format_args!("{}: {reason}; trained again", shown.display()));
                }
                self.folder.remove_if_present(&Mark::path(t))?;
                Ok(false)
            }
        }
    }

    /// Errs unless every machine that is there is sound and of this experiment.
    pub(crate) fn check(&self) -> Result<(), DriverError> {
        for t in self.problem.bench.schedule.timesteps() {
            if let Found::Damaged(reason) = self.look(t)? {
                let path = self.folder.root().join(file(t));
                let way_out = "run the experiment again to have it trained again";
                return Err(DriverError::Message(format!("{}: {reason}; {way_out}", path.display())));
            }
        }
        Ok(())
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
        let bytes = self.encode(t, machine, history)?;
        self.folder.write(&file(t), &bytes)?;
        Mark::of(&self.keys[t.index()], &bytes).write(self.folder, t)?;
        self.folder.remove_if_present(&state(t))
    }

    /// Where the training of t was left; one whose file is damaged begins anew, with a warning.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub(crate) fn left_off(&self, t: Timestep, terminal: Terminal) -> Result<Option<Midway>, DriverError> {
        let path = self.folder.root().join(state(t));
        let Some(bytes) = self.folder.bytes_if_present(&state(t))? else { return Ok(None) };
        let begins_anew = |reason: &str| {
            terminal.warn(format_args!("{}: {reason}; the training of t = {t} begins anew", path.display()));
            None
        };
        let Some(bytes) = unsealed(&bytes) else {
            return Ok(begins_anew("is damaged: its sum is not the one it begins with"));
        };
        Ok(match checkpoint::midway_from_bytes(&path, bytes) {
            Ok((key, state)) if key == self.keys[t.index()] => Some(state),
            Ok(_) => begins_anew("is of a machine of other settings, other data or another version of this program"),
            Err(error) => begins_anew(&reason(&error)),
        })
    }

    /// Writes the state that the training of t is in.
    pub(crate) fn keep_state(&self, t: Timestep, midway: &Midway) -> Result<(), DriverError> {
        let bytes = checkpoint::write_midway(t.get(), &self.keys[t.index()], midway)?;
        self.folder.write(&state(t), sealed(&bytes))
    }

    /// The learning curves of the machines that are there, by timestep.
    pub(crate) fn curves(&self) -> Result<Vec<(Timestep, History)>, DriverError> {
        let curve = |t| Ok(self.kept(t)?.map(|checkpoint| (t, checkpoint.history)));
        self.problem.bench.schedule.timesteps().filter_map(|t| curve(t).transpose()).collect()
    }
}

/// What a run folder holds of a machine.
pub(crate) enum Found {
    Absent,
    /// The machine of this experiment, with the marker that it lacks, where it lacks one.
    Sound {
        checkpoint: Box<Checkpoint>,
        unmarked: Option<Mark>,
    },
    /// It was there once, and no longer is as it was; why.
    Damaged(String),
}

/// The name of a machine's file in the run folder.
pub(crate) fn file(t: Timestep) -> String {
    format!("machines/{}", Bank::file_name(t))
}

/// Where a machine in training is kept in the run folder.
fn state(t: Timestep) -> String {
    Path::new(&file(t)).with_extension("midway").display().to_string()
}

/// Bytes behind a line with their sum, since a state has no marker.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let sum = hex(&Sha256::digest(bytes));
    [sum.as_bytes(), b"\n", bytes].concat()
}

/// The bytes of [`sealed`], if the sum is theirs.
fn unsealed(sealed: &[u8]) -> Option<&[u8]> {
    let at = sealed.iter().position(|&byte| byte == b'\n')?;
    let (sum, bytes) = (&sealed[..at], &sealed[at + 1..]);
    (sum == hex(&Sha256::digest(bytes)).as_bytes()).then_some(bytes)
}

/// What is wrong with a checkpoint, without its path.
fn reason(error: &ModelError) -> String {
    match error {
        ModelError::Checkpoint { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}

/// The key of every machine, parents before their children, whose keys hold theirs; `data` identifies the data set.
pub(crate) fn keys(experiment: &Experiment, schedule: &Schedule, machines: Machines, data: &str) -> Vec<String> {
    let train = &experiment.train;
    let lineage = train.lineage(schedule);
    let shape = shape(machines);
    let mut keys = vec![String::new(); schedule.len()];
    for t in lineage.ordered(&schedule.timesteps().collect::<Vec<_>>()) {
        let parent = lineage.parent(t);
        let epochs = train.warm_start.filter(|_| parent.is_some()).map_or(train.epochs, |warm| warm.epochs);
        let parent = parent.map_or("none", |parent| keys[parent.index()].as_str());
        keys[t.index()] = key((experiment, schedule, &shape, data), t, epochs, parent);
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
