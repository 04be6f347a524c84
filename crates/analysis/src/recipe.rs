//! How a run was trained and sampled, as its algorithm box says it.

use serde::{Deserialize, Serialize};

/// The settings of training and sampling that a reader of the algorithm asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Word of the noise schedule's law.
    pub law: String,
    /// How machines are trained; `None` for an exact law.
    pub training: Option<Training>,
    /// Timesteps a reverse step.
    pub stride: usize,
}

/// How machines are trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Samples a step.
    pub batch: usize,
    /// Step size of Adam: knots (t, rate), one for a constant rate.
    pub learning_rate: Vec<(usize, f64)>,
    /// Word of its decay over the epochs.
    pub decay: String,
    /// Word of the loss weight.
    pub loss: String,
    /// Spacing of the machines that start from initial weights; `None` where all do.
    pub anchor_spacing: Option<usize>,
    /// Epochs of machines that start from a neighbour.
    pub warm_epochs: Option<usize>,
    /// Word of the rule that may end the training early.
    pub stop: String,
    /// The variance of the last six test losses below which it ends, for the rule that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}
