//! The configuration of a run: one table of keys, four layers, one checked [`Experiment`].
//!
//! Layers, each over the one before: defaults < TOML file < environment (`DRIVER_TRAIN__EPOCHS=3`) < `--set a.b=c`.
//! Every fault of every layer is reported at once, each with the place that wrote the offending value.

mod build;
mod check;
mod choices;
mod error;
mod experiment;
mod keys;
mod layers;
mod raw;
mod source_text;
mod suggest;
mod sweep;
mod syntax;
mod value;
mod write;

#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::PathBuf;

pub use choices::{Decay, Device, ExactLaw, Offline, Rule, Skip, Source, SweepMode};
pub(crate) use choices::{LossWord, StopWord, VarianceWord};
pub use error::{ConfigError, ConfigErrors, Origin, Place, Position};
pub use experiment::{
    Analysis, Components, Counts, Data, Experiment, Figures, Limits, Machines, Model, Origins, OverT, Run, Sample,
    ScheduleSettings, Train,
};
pub use keys::{Key, Kind, Range, Requirement, default_of, explain, keys, schema};
pub use sweep::{Axis, Cell, Sweep};

use build::build;
use check::check;
use error::Faults;
use layers::Layers;
use source_text::SourceText;

/// The most bytes of an experiment's file.
const LONGEST_FILE: u64 = 16 << 20;

/// Where the settings of one run come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// The experiment's TOML file.
    pub file: PathBuf,
    /// Environment variables as (name, value); those that do not begin with `DRIVER_` are ignored.
    pub environment: Vec<(String, String)>,
    /// `key=value` strings of the command line, the last one wins.
    pub set: Vec<String>,
}

/// What a file asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// One run.
    Run(Box<Experiment>),
    /// Several runs, by its `[sweep]`.
    Sweep(Sweep),
}

/// Reads, layers and checks the settings of one run.
///
/// # Errors
/// [`ConfigErrors`] with every fault found: an unreadable file, TOML syntax, unknown or missing keys, wrong types, values
/// out of range, keys that do not go together, a `[sweep]`.
pub fn load(sources: &Sources) -> Result<Experiment, ConfigErrors> {
    load_bytes(sources, &read(sources)?)
}

/// As [`load`], for one run or a sweep of several.
///
/// # Errors
/// As [`load`], of every cell of the sweep, and what is wrong with its axes.
pub fn load_task(sources: &Sources) -> Result<Task, ConfigErrors> {
    load_task_bytes(sources, &read(sources)?)
}

fn read(sources: &Sources) -> Result<Vec<u8>, ConfigErrors> {
    let read = || {
        let mut bytes = Vec::new();
        std::fs::File::open(&sources.file)?.take(LONGEST_FILE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LONGEST_FILE {
            return Err(std::io::Error::other(format!("more than {LONGEST_FILE} bytes, which no experiment needs")));
        }
        Ok(bytes)
    };
    Ok(read().map_err(|error| suggest::unreadable(&sources.file, &error))?)
}

/// [`load`] with the content of the file at hand.
///
/// # Errors
/// As [`load`].
pub fn load_bytes(sources: &Sources, bytes: &[u8]) -> Result<Experiment, ConfigErrors> {
    let (layers, mut faults) = layered(sources, bytes)?;
    if let Some(origin) = layers.origin_of_sweep() {
        let message =
            "not allowed here, where one run is expected; name an experiment without it, or a cell of the sweep";
        faults.push(ConfigError::new(origin, Some(layers::SWEEP), message));
    }
    finished(experiment(layers, &mut faults), faults)
}

/// [`load_task`] with the content of the file at hand.
///
/// # Errors
/// As [`load_task`].
pub fn load_task_bytes(sources: &Sources, bytes: &[u8]) -> Result<Task, ConfigErrors> {
    let (layers, mut faults) = layered(sources, bytes)?;
    if layers.origin_of_sweep().is_some() {
        let sweep = sweep::sweep(&layers, &mut faults);
        return finished(sweep, faults).map(Task::Sweep);
    }
    finished(experiment(layers, &mut faults), faults).map(|experiment| Task::Run(Box::new(experiment)))
}

fn layered(sources: &Sources, bytes: &[u8]) -> Result<(Layers, Faults), ConfigErrors> {
    let text = SourceText::decode(&sources.file, bytes)?;
    let mut faults = Faults::default();
    let layers = Layers::read(text, &sources.environment, &sources.set, &mut faults)?;
    Ok((layers, faults))
}

/// The checked experiment of the layers; the caller also looks at `faults`.
fn experiment(mut layers: Layers, faults: &mut Faults) -> Option<Experiment> {
    check(&mut layers, faults);
    match layers.merge() {
        Ok(raw) => build(raw, &layers, faults),
        Err(error) => {
            faults.push(error);
            None
        }
    }
}

fn finished<T>(made: Option<T>, faults: Faults) -> Result<T, ConfigErrors> {
    match made {
        Some(made) if faults.is_empty() => Ok(made),
        _ => Err(faults.into_errors()),
    }
}
