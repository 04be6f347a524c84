//! The laws beta_t of the noise rate: one file a law, one line each to register it here.

mod constant;
mod cosine;
mod linear;

use crate::ScheduleError;

/// How the noise rate beta_t depends on t.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// Straight line from `beta_start` at t = 1 to `beta_end` at t = T (Ho et al. 2020, section 4).
    Linear {
        /// beta_1.
        beta_start: f64,
        /// beta_T.
        beta_end: f64,
    },
    /// Squared-cosine alpha_bar with offset 0.008 (Nichol and Dhariwal 2021, eq. 17).
    Cosine,
    /// The same `beta` at every t.
    Constant {
        /// beta_t for all t.
        beta: f64,
    },
}

impl Law {
    /// The noise rates beta_1 .. beta_T of this law, T = `timesteps`.
    ///
    /// # Errors
    /// [`ScheduleError`] when `timesteps` is 0 or a rate lies outside `[1e-16, 1)`.
    pub fn betas(self, timesteps: usize) -> Result<Vec<f64>, ScheduleError> {
        if timesteps == 0 {
            return Err(ScheduleError::NoTimesteps);
        }
        match self {
            Self::Linear { beta_start, beta_end } => linear::betas(beta_start, beta_end, timesteps),
            Self::Cosine => Ok(cosine::betas(timesteps)),
            Self::Constant { beta } => constant::betas(beta, timesteps),
        }
    }
}

/// The smallest noise rate: at and below 2^-54, about 5.6e-17, 1 - beta is 1 in double precision.
const BETA_MIN: f64 = 1e-16;

/// Checks 1e-16 <= beta < 1.
fn checked(key: &'static str, value: f64) -> Result<f64, ScheduleError> {
    if (BETA_MIN..1.0).contains(&value) { Ok(value) } else { Err(ScheduleError::BetaOutOfRange { key, value }) }
}

#[cfg(test)]
pub(crate) mod tests;
