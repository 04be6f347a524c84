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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Law;

    fn weight(schedule: &Schedule, t: usize) -> f64 {
        schedule.loss_weight(schedule.timestep(t).unwrap(), LossWeight::Variational)
    }

    #[test]
    fn variational_weights_of_the_usual_schedule() {
        let schedule = Schedule::new(Law::Linear { beta_start: 1e-4, beta_end: 0.02 }, 1000).unwrap();
        // Printed by scripts/make_reference/schedule.py.
        let known = [
            (1, 5.000500050005e-1),
            (2, 5.996715121593e-1),
            (10, 8.643655975420e-2),
            (100, 1.026695344004e-2),
            (500, 5.508196510549e-3),
            (1000, 1.020450187380e-2),
        ];
        for (t, expected) in known {
            let w = weight(&schedule, t);
            assert!((w / expected - 1.0).abs() < 1e-9, "t = {t}: {w} {expected}");
            assert_eq!(schedule.loss_weight(schedule.timestep(t).unwrap(), LossWeight::Simple), 1.0);
        }
    }

    #[test]
    fn the_variational_weight_is_half_the_drop_of_the_signal_to_noise_ratio_in_terms_of_x0() {
        // Kingma et al. 2021, eq. 13: L_t = (SNR(t-1) - SNR(t)) |x0 - x0_hat|^2 / 2, and |x0 - x0_hat|^2 is
        // |eps - eps_hat|^2 / SNR(t).
        let schedule = Schedule::new(Law::Cosine, 50).unwrap();
        for t in 2..=50 {
            let (now, before) = (schedule.timestep(t).unwrap(), schedule.timestep(t - 1).unwrap());
            let expected = 0.5 * (schedule.snr(before) / schedule.snr(now) - 1.0);
            let w = weight(&schedule, t);
            assert!((w / expected - 1.0).abs() < 1e-10, "t = {t}: {w} {expected}");
        }
    }

    #[test]
    fn the_first_weight_is_finite() {
        // sigma^2 = beta and 1 - alpha_bar_1 = beta leave 1/(2 alpha).
        let schedule = Schedule::new(Law::Constant { beta: 0.2 }, 3).unwrap();
        assert!((weight(&schedule, 1) - 1.0 / 1.6).abs() < 1e-12);
    }
}
