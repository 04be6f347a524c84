//! What can go wrong with machines and their files.

use std::path::PathBuf;

use thiserror::Error;

/// An error of the model crate; messages begin with the file or the configuration key they concern.
#[derive(Debug, Error)]
pub enum ModelError {
    /// A checkpoint that cannot be read.
    #[error("{path}: cannot be read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A checkpoint whose content is not what its format says.
    #[error("{path}: not a valid checkpoint: {reason}", path = path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A machine whose arrays do not fit its shape.
    #[error("a machine cannot be written: {0}")]
    Encode(#[from] safetensors::SafeTensorError),
    /// No machine was trained for a timestep that is needed.
    #[error("timestep {t}: no trained machine; train all timesteps before sampling")]
    MissingMachine {
        /// The 1-based timestep.
        t: usize,
    },
    /// The hidden layer of a machine that has none.
    #[error("model.kind: the machine of timestep {t} is one layer of sigmoids, without hidden units")]
    NoHiddenLayer {
        /// The 1-based timestep.
        t: usize,
    },
    /// A parameter of an exact denoiser is outside what is allowed.
    #[error("{key}: {value} is not allowed, {allowed}")]
    Setting {
        /// The parameter.
        key: &'static str,
        /// The value given.
        value: String,
        /// What to use instead.
        allowed: String,
    },
    /// Data that an exact denoiser cannot be built from.
    #[error(transparent)]
    Data(#[from] data::DataError),
    /// A device that this build or this machine does not have.
    #[error("run.device: {device} is not available: {reason}")]
    Device {
        /// The device asked for.
        device: &'static str,
        /// Why it cannot be used and what to do.
        reason: String,
    },
}

impl ModelError {
    pub(crate) fn setting(key: &'static str, value: impl ToString, allowed: impl Into<String>) -> Self {
        Self::Setting { key, value: value.to_string(), allowed: allowed.into() }
    }
}
