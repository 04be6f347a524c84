//! What can go wrong in training.

use model::ModelError;
use thiserror::Error;

/// An error of a training engine.
#[derive(Debug, Error)]
pub enum TrainError {
    /// The loss of a machine is no longer a number.
    #[error(
        "timestep {t}: the loss is not finite after epoch {epoch}; lower train.learning_rate (the machine was not kept)"
    )]
    NotFinite {
        /// The 1-based timestep.
        t: usize,
        /// The 1-based epoch.
        epoch: usize,
    },
    /// The observer could not keep a finished machine.
    #[error(transparent)]
    Observer(Box<dyn std::error::Error + Send + Sync>),
    /// A device that cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// burn's tensors did not come back as expected.
    #[error("run.device: the tensors of the stacked engine cannot be read back: {0}")]
    Tensor(String),
}
