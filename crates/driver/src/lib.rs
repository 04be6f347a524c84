//! Runs experiments: one TOML in, one results folder out.
//!
//! The only crate that touches the terminal, the clock, git, the environment, configuration files and run folders.

#[doc(hidden)]
pub mod cli;
mod commands;
pub mod config;
mod error;
mod folder;
mod pipeline;
mod terminal;
mod timesteps;

pub use error::DriverError;
#[doc(hidden)]
pub use pipeline::manifest::parse as parse_manifest;
