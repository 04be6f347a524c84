//! Runs experiments: one TOML in, one results folder out.
//!
//! The only crate that touches the terminal, the clock, git, the environment, configuration files and run folders.
//!
//! Its commands are those of the program (`driver --help`); what a library can use of it is the check of an experiment,
//! which reports every fault at once with its place:
//!
//! ```
//! use driver::config::{Sources, load_bytes};
//!
//! let sources = Sources { file: "roll.toml".into(), ..Sources::default() };
//! let text = "[data]\nsource = \"swiss_roll\"\n[schedule]\ntimesteps = 100\nbeta_start = 1e-3\nbeta_end = 0.2\n";
//! let experiment = load_bytes(&sources, text.as_bytes())?;
//! assert_eq!((experiment.name.as_str(), experiment.schedule.timesteps), ("roll", 100));
//!
//! let faulty = format!("{text}[train]\nepoch = 3\n");
//! let faults = load_bytes(&sources, faulty.as_bytes()).unwrap_err();
//! assert!(faults.to_string().contains("train.epochs"), "{faults}");
//! # Ok::<(), driver::config::ConfigErrors>(())
//! ```

#[doc(hidden)]
pub mod cli;
mod commands;
pub mod config;
mod error;
mod folder;
mod html;
mod interrupt;
mod lock;
#[cfg(test)]
mod manual;
mod pipeline;
mod ranges;
mod references;
mod report;
mod settings;
mod terminal;

pub use error::DriverError;

/// Reads the bytes of a manifest, for those who test its reader; `path` is what errors name.
///
/// # Errors
/// Bytes that are not those of a manifest.
#[doc(hidden)]
pub fn read_manifest(path: &std::path::Path, bytes: &[u8]) -> Result<(), DriverError> {
    pipeline::manifest::parse(path, bytes).map(drop)
}
