//! What can be wrong with a run folder or a figure.

use std::path::PathBuf;

use thiserror::Error;

/// A run that cannot be read or a figure that cannot be drawn; messages begin with the file or the key concerned.
#[derive(Debug, Error)]
pub enum AnalysisError {
    /// A file of the run cannot be opened or read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A table or a JSON file holds something that is not allowed there.
    #[error("{}: line {line}: {reason}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1 with the header.
        line: u64,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// A tensor file is damaged, or a tensor of it has the wrong type or shape.
    #[error("{}: {reason}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// Numbers handed over in memory do not have the shape they claim.
    #[error("{what}: {reason}")]
    Shape {
        /// What the numbers are.
        what: &'static str,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// Rows or tensors cannot be written out.
    #[error("{what}: cannot be encoded: {reason}")]
    Encode {
        /// What was being written.
        what: &'static str,
        /// What the encoder said.
        reason: String,
    },
    /// A figure was asked for by a name that no figure has.
    #[error("figures: `{name}` is not a figure, use one of {known}")]
    UnknownFigure {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// An observable was asked for by a word that names none.
    #[error("analysis.observables: `{name}` is not an observable, use some of {known}")]
    UnknownObservable {
        /// The word.
        name: String,
        /// The words there are.
        known: String,
    },
    /// A machine or an exact law cannot be had.
    #[error(transparent)]
    Model(#[from] model::ModelError),
    /// The rasteriser or the embedded fonts failed.
    #[error("figure: {reason}")]
    Render {
        /// What went wrong.
        reason: String,
    },
}
