//! Everything that ends a command early.

use std::path::{Path, PathBuf};

use analysis::AnalysisError;
use data::DataError;
use model::ModelError;
use schedule::ScheduleError;
use thiserror::Error;
use train::TrainError;

use crate::config::{ConfigError, ConfigErrors};

/// An error shown to the user; the message begins with the configuration key, the argument or the file.
#[derive(Debug, Error)]
pub enum DriverError {
    /// Faulty settings.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// A schedule that cannot be built.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// Data that cannot be had.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Machines that cannot be read or a device that is not there.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Training that failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A run folder that cannot be read or drawn.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// A signal that asked the program to end; its number.
    #[error("interrupted: what is done is kept; the same command goes on from there")]
    Interrupted(u8),
    /// A signal that ended the writing of a file; its number.
    #[error("interrupted: no file was written; the same command begins anew")]
    Abandoned(u8),
    /// A file or folder that cannot be written or read.
    #[error("{path}: {action}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, e.g. `cannot be written`.
        action: &'static str,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// What ended a cell of a sweep.
    #[error("{cell}: {error}", cell = cell.display())]
    Cell {
        /// The cell's folder.
        cell: PathBuf,
        /// What ended it.
        error: Box<Self>,
    },
    /// Cells of a sweep some of whose machines could not be trained, as one finished message.
    #[error("{0}")]
    Cells(String),
    /// Anything else, as one finished message.
    #[error("{0}")]
    Message(String),
}

impl From<ConfigError> for DriverError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error.into())
    }
}

impl DriverError {
    /// 1 where a run or a sweep ended with some machines untrained, 128 + the number of a signal, 2 otherwise.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Train(TrainError::Machines(_)) | Self::Cells(_) => 1,
            Self::Cell { error, .. } => error.exit_code(),
            Self::Interrupted(signal) | Self::Abandoned(signal) => 128_u8.saturating_add(*signal),
            _ => 2,
        }
    }

    /// For `map_err`: `path: action: reason`.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, action, source }
    }
}
