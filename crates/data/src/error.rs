//! What can be wrong with a data set.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A data set that cannot be read, fetched or drawn; each message begins with the configuration key or the file.
#[derive(Debug, Error)]
pub enum DataError {
    /// A setting is outside what is allowed.
    #[error("{key}: {value} is not allowed, {allowed}")]
    Setting {
        /// The configuration key.
        key: &'static str,
        /// The value given.
        value: String,
        /// What to use instead.
        allowed: String,
    },
    /// A file cannot be opened or read.
    #[error("{}: cannot be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file cannot be written.
    #[error("{}: cannot be written: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{place}: {problem}")]
    Malformed {
        /// The file, with the line where there is one.
        place: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// A file has another content than the published one.
    #[error("{}: uncompressed content has sha256 {found}, expected {expected}", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The published checksum.
        expected: String,
        /// The checksum of the file.
        found: String,
    },
    /// A file of images and its file of labels do not belong together.
    #[error("{}: {image_count} images, but {} has {label_count} labels", images.display(), labels.display())]
    CountsDiffer {
        /// The file of images.
        images: PathBuf,
        /// Its number of images.
        image_count: usize,
        /// The file of labels.
        labels: PathBuf,
        /// Its number of labels.
        label_count: usize,
    },
    /// No mirror gave a file.
    #[error("{file}: no mirror gave it: {}", reasons.join("; "))]
    Fetch {
        /// The file's name.
        file: String,
        /// For each mirror, its address and what went wrong.
        reasons: Vec<String>,
    },
    /// The covariance of the training set has no eigendecomposition.
    #[error("data: the principal components of the training set cannot be computed, its values must be finite numbers")]
    Eigen,
    /// A matrix has no singular value decomposition.
    #[error("a matrix has no singular values, its elements must be finite numbers")]
    Singular,
}

impl DataError {
    pub(crate) fn setting(key: &'static str, value: impl ToString, allowed: impl Into<String>) -> Self {
        Self::Setting { key, value: value.to_string(), allowed: allowed.into() }
    }

    pub(crate) fn read(path: &Path, error: io::Error) -> Self {
        Self::Read { path: path.into(), error }
    }

    pub(crate) fn write(path: &Path, error: io::Error) -> Self {
        Self::Write { path: path.into(), error }
    }

    pub(crate) fn malformed(path: &Path, problem: impl Into<String>) -> Self {
        Self::Malformed { place: path.display().to_string(), problem: problem.into() }
    }

    pub(crate) fn malformed_line(path: &Path, line: usize, problem: impl Into<String>) -> Self {
        Self::Malformed { place: format!("{}:{line}", path.display()), problem: problem.into() }
    }
}
