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
mod value;
mod write;

#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::PathBuf;

pub use choices::{Decay, Device, ExactLaw, Offline, Skip, Source};
pub use error::{ConfigError, ConfigErrors, Origin, Place, Position};
pub use experiment::{
    Analysis, Components, Counts, Data, Experiment, Figures, LearningRate, Limits, Machines, Model, Origins, Run,
    Sample, ScheduleSettings, Train,
};
pub use keys::{Key, Kind, Range, Requirement, default_of, keys};

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

/// Reads, layers and checks the settings of one run.
///
/// # Errors
/// [`ConfigErrors`] with every fault found: an unreadable file, TOML syntax, unknown or missing keys, wrong types, values
/// out of range, keys that do not go together.
pub fn load(sources: &Sources) -> Result<Experiment, ConfigErrors> {
    let read = || {
        let mut bytes = Vec::new();
        std::fs::File::open(&sources.file)?.take(LONGEST_FILE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LONGEST_FILE {
            return Err(std::io::Error::other(format!("more than {LONGEST_FILE} bytes, which no experiment needs")));
        }
        Ok(bytes)
    };
    let bytes = read().map_err(|error| suggest::unreadable(&sources.file, &error))?;
    load_bytes(sources, &bytes)
}

/// [`load`] with the content of the file at hand.
///
/// # Errors
/// As [`load`].
pub fn load_bytes(sources: &Sources, bytes: &[u8]) -> Result<Experiment, ConfigErrors> {
    let text = SourceText::decode(&sources.file, bytes)?;
    let mut faults = Faults::default();
    let mut layers = Layers::read(text, &sources.environment, &sources.set, &mut faults)?;
    check(&mut layers, &mut faults);
    let experiment = match layers.merge() {
        Ok(raw) => build(raw, &layers, &mut faults),
        Err(error) => {
            faults.push(error);
            None
        }
    };
    match experiment {
        Some(experiment) if faults.is_empty() => Ok(experiment),
        _ => Err(faults.into_errors()),
    }
}
