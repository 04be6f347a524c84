//! The constants of Adam, shared by the engines.

/// Decay of the first moment.
pub(crate) const BETA_1: f64 = 0.9;
/// Decay of the second moment.
pub(crate) const BETA_2: f64 = 0.999;
/// Added to the root of the second moment (PyTorch's default).
pub(crate) const EPSILON: f64 = 1e-8;
