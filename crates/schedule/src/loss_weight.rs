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
    /// w_t = alpha_t / (2 sigma_t^4 alpha_bar_t), sigma_t^2 the posterior variance, and beta_1 at t = 1: the weights that the
    /// thesis's program trained with, by a slip.
    ///
    /// Its helper returns (alpha, alpha_bar, beta, alpha_bar before the step), its caller unpacks them as (beta, alpha,
    /// alpha_bar, alpha_bar before the step), and the posterior variance, a variance already, is squared once more.  So
    /// beta^2 / (2 sigma^2 alpha (1 - alpha_bar)) of [`LossWeight::Variational`] becomes, name by name,
    /// alpha^2 / (2 sigma^4 alpha_bar (1 - beta)), and 1 - beta is alpha.  The numbers, 5e7 at t = 1 and 6e4 at t = 500 of
    /// the usual schedule, mean nothing; they are here so that the thesis's losses can be had as they were.
    Accidental,
}

impl Schedule {
    /// The factor in front of |eps - eps_hat|^2 at t.
    pub fn loss_weight(&self, t: Timestep, weight: LossWeight) -> f64 {
        match weight {
            LossWeight::Simple => 1.0,
            LossWeight::Variational => {
                let beta = self.beta(t);
                beta * beta / (2.0 * self.weighing_variance(t) * self.alpha(t) * (1.0 - self.alpha_bar(t)))
            }
            LossWeight::Accidental => self.alpha(t) / (2.0 * self.weighing_variance(t).powi(2) * self.alpha_bar(t)),
        }
    }

    /// The posterior variance, and beta_t at t = 1 where that vanishes.
    fn weighing_variance(&self, t: Timestep) -> f64 {
        self.variance(t, if t.get() == 1 { ReverseVariance::Beta } else { ReverseVariance::Posterior })
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
    fn accidental_weights_are_hos_formula_with_its_names_mixed_up() {
        let schedule = Schedule::new(Law::Linear { beta_start: 1e-4, beta_end: 0.02 }, 1000).unwrap();
        // Printed by scripts/make_reference/schedule.py, which follows the slip step by step.
        let known = [
            (1, 5.000000000000e7),
            (2, 1.681560701364e8),
            (10, 8.827838935245e6),
            (100, 1.343728317075e5),
            (500, 6.259164210512e4),
            (1000, 3.035316376593e7),
        ];
        for (t, expected) in known {
            let w = schedule.loss_weight(schedule.timestep(t).unwrap(), LossWeight::Accidental);
            assert!((w / expected - 1.0).abs() < 1e-9, "t = {t}: {w:e} {expected:e}");
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
