//! The discrete Gaussian diffusion process of a schedule.

use crate::{Law, ScheduleError, Timestep};

/// alpha_bar_T above which the last state still carries visible signal.
const THERMAL_ALPHA_BAR: f64 = 1e-2;

/// The noise rates of a chain of T steps and everything that follows from them, in f64.
///
/// x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps, alpha_t = 1 - beta_t, alpha_bar_t = prod_{s<=t} alpha_s.
/// Ho et al. 2020, section 2.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    betas: Vec<f64>,
    alpha_bars: Vec<f64>,
}

impl Schedule {
    /// Builds the schedule of `law` with T = `timesteps` steps.
    ///
    /// # Errors
    /// [`ScheduleError`] when `timesteps` is 0 or a noise rate lies outside `[1e-16, 1)`.
    pub fn new(law: Law, timesteps: usize) -> Result<Self, ScheduleError> {
        Ok(Self::from_betas(law.betas(timesteps)?))
    }

    /// The schedule of these noise rates, of which there is at least one and each is checked.
    pub(crate) fn from_betas(betas: Vec<f64>) -> Self {
        let alpha_bars = betas
            .iter()
            .scan(1.0, |product, beta| {
                *product *= 1.0 - beta;
                Some(*product)
            })
            .collect();
        Self { betas, alpha_bars }
    }

    /// T, the number of timesteps.
    pub fn len(&self) -> usize {
        self.betas.len()
    }

    /// Always false: a schedule has at least one step.
    pub fn is_empty(&self) -> bool {
        self.betas.is_empty()
    }

    /// The checked timestep `t`, 1-based.
    ///
    /// # Errors
    /// [`ScheduleError::TimestepOutOfRange`] when `t` is not in `1..=T`.
    pub fn timestep(&self, t: usize) -> Result<Timestep, ScheduleError> {
        if (1..=self.len()).contains(&t) {
            Ok(Timestep::new(t))
        } else {
            Err(ScheduleError::TimestepOutOfRange { t, timesteps: self.len() })
        }
    }

    /// The last timestep, T.
    pub fn last(&self) -> Timestep {
        Timestep::new(self.len())
    }

    /// All timesteps 1..=T in increasing order.
    pub fn timesteps(&self) -> impl DoubleEndedIterator<Item = Timestep> + ExactSizeIterator + use<> {
        (0..self.len()).map(|i| Timestep::new(i + 1))
    }

    /// beta_1 .. beta_T.
    pub fn betas(&self) -> &[f64] {
        &self.betas
    }

    /// beta_t, the variance added in step t.
    pub fn beta(&self, t: Timestep) -> f64 {
        self.betas[t.index()]
    }

    /// alpha_t = 1 - beta_t.
    pub fn alpha(&self, t: Timestep) -> f64 {
        1.0 - self.beta(t)
    }

    /// alpha_bar_t = prod_{s <= t} alpha_s, the share of the data's variance left at t.
    pub fn alpha_bar(&self, t: Timestep) -> f64 {
        self.alpha_bars[t.index()]
    }

    /// alpha_bar_{t - stride}, with alpha_bar_s = 1 for s <= 0.
    pub fn alpha_bar_before(&self, t: Timestep, stride: usize) -> f64 {
        if t.get() > stride { self.alpha_bars[t.index() - stride] } else { 1.0 }
    }

    /// Signal-to-noise ratio alpha_bar_t / (1 - alpha_bar_t).  Kingma et al. 2021, eq. 2.
    pub fn snr(&self, t: Timestep) -> f64 {
        self.alpha_bar(t) / (1.0 - self.alpha_bar(t))
    }

    /// A sentence for the user when the chain does not thermalise: alpha_bar_T > 0.01 leaves more than one part
    /// in a hundred of the data's variance in x_T, while the reverse process starts from pure noise.
    pub fn thermalisation_warning(&self) -> Option<String> {
        let left = self.alpha_bar(self.last());
        (left > THERMAL_ALPHA_BAR).then(|| {
            format!(
                "schedule: alpha_bar_T = {left:.3}: the chain does not thermalise, x_T keeps {:.1}% of the data's \
                 variance but sampling starts from pure noise; use more timesteps or larger noise rates",
                100.0 * left
            )
        })
    }
}

#[cfg(test)]
mod tests;
