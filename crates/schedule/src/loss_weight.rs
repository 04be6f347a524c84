//! Weights of the denoising loss over t.

use crate::{ReverseVariance, Schedule, Timestep};

/// How the squared error on eps is weighted at each t.  With one machine a timestep the weight is a constant of that
/// machine's loss, which Adam all but divides out; it sets the scale of the reported variational terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossWeight {
    /// w_t = 1.  Ho et al. 2020, eq. 14.
    Simple,
    /// w_t = beta_t^2 / (2 sigma_t^2 alpha_t (1 - alpha_bar_t)), sigma_t^2 the posterior variance, and beta_t at t = 1
    /// where that vanishes.  Ho et al. 2020, eq. 12.
    Variational,
}

impl Schedule {
    /// The factor in front of |eps - eps_hat|^2 at t.
    pub fn loss_weight(&self, t: Timestep, weight: LossWeight) -> f64 {
        match weight {
            LossWeight::Simple => 1.0,
            LossWeight::Variational => {
                let choice = if t.get() == 1 { ReverseVariance::Beta } else { ReverseVariance::Posterior };
                let beta = self.beta(t);
                beta * beta / (2.0 * self.variance(t, choice) * self.alpha(t) * (1.0 - self.alpha_bar(t)))
            }
        }
    }
}
