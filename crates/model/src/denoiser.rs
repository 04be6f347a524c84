//! What the reverse process and every observable ask of a model.

use schedule::Timestep;

use crate::ModelError;

/// A family of noise predictors over t: trained machines or exact ones.
pub trait Denoiser: Sync {
    /// d, the number of coordinates.
    fn dim(&self) -> usize;

    /// The predictor of timestep t, loaded or computed once and then applied to any number of samples.
    ///
    /// # Errors
    /// [`ModelError`] when the machine of this t is missing or cannot be read.
    fn at(&self, t: Timestep) -> Result<Box<dyn Predictor + '_>, ModelError>;
}

/// The noise predictor of one timestep.
pub trait Predictor: Sync {
    /// Writes eps_hat(z_t), the estimate of E[eps | z_t].  zt: `[n, d]` -> eps_hat: `[n, d]`.
    fn eps_hat(&self, zt: &[f32], eps_hat: &mut [f32]);
}
