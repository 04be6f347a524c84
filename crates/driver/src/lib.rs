//! Runs experiments: one TOML in, one results folder out.
//!
//! The only crate that touches the terminal, the clock, git, the environment, configuration files and run folders.

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
