//! The equal mixture of two Gaussians, the solvable model of speciation.

use schedule::{Schedule, Timestep};

use super::level::{At, EpsHat, Level, by_blocks_with, by_rows};
use super::softmax::softplus;
use crate::{ClassPosterior, ClassSnr, Denoiser, LogDensity, ModelError, PosteriorMoments, Predictor};

/// z_0 ~ N(m, s2 I)/2 + N(-m, s2 I)/2; class 0 is +m.
///
/// With g = A s2 + D and tau = tanh(sqrt(A) m . z_t / g): eps_hat = sqrt(D)/g (z_t - sqrt(A) tau m).
/// Biroli, Bonnaire, de Bortoli and Mezard 2024.
#[derive(Debug, Clone)]
pub struct TwoGaussians {
    pub(super) levels: Vec<Level>,
    pub(super) mean: Vec<f64>,
    pub(super) norm2: f64,
    pub(super) variance: f64,
}

impl TwoGaussians {
    /// The mixture of means +m and -m, m = `mean` `[d]`, each of covariance `variance` I.
    ///
    /// # Errors
    /// [`ModelError::Setting`] when the mean is empty or not finite, or the variance negative or not finite.
    pub fn new(schedule: &Schedule, mean: &[f64], variance: f64) -> Result<Self, ModelError> {
        let norm2: f64 = mean.iter().map(|m| m * m).sum();
        if mean.is_empty() || !norm2.is_finite() {
            return Err(ModelError::setting("mean", format!("{mean:?}"), "use one or more finite numbers"));
        }
        if !(variance >= 0.0 && variance.is_finite()) {
            return Err(ModelError::setting("variance", variance, "use a finite number, 0 or more"));
        }
        Ok(Self { levels: Level::all(schedule), mean: mean.to_vec(), norm2, variance })
    }

    /// kappa_t = A |m|^2 / (A s2 + D), on which everything about the class depends.
    pub fn snr(&self, t: Timestep) -> ClassSnr {
        let level = self.levels[t.index()];
        ClassSnr(level.alpha_bar * self.norm2 / self.spread(level))
    }

    /// The slope of the score at the origin along m, (kappa_t - 1) / (A s2 + D): the origin turns unstable at kappa = 1.
    pub fn score_slope_at_origin(&self, t: Timestep) -> f64 {
        (self.snr(t).0 - 1.0) / self.spread(self.levels[t.index()])
    }

    /// Whether the drift z/2 + s of the reverse process is unstable at the origin: 1/2 + slope > 0.
    /// Raya and Ambrogioni 2023.
    pub fn reverse_drift_is_unstable(&self, t: Timestep) -> bool {
        0.5 + self.score_slope_at_origin(t) > 0.0
    }

    /// The multiplier (1 + beta_t s') / sqrt(alpha_t) of the mean of one reverse step at the origin along m.
    pub fn mean_map_slope(&self, schedule: &Schedule, t: Timestep) -> f64 {
        (1.0 + schedule.beta(t) * self.score_slope_at_origin(t)) / schedule.alpha(t).sqrt()
    }

    /// g = A s2 + D.
    fn spread(&self, level: Level) -> f64 {
        level.alpha_bar * self.variance + level.noise_variance
    }

    /// sqrt(A) m . z_t / g, half the log-odds of +m.
    fn half_log_odds(&self, level: Level, row: &[f32]) -> f64 {
        let along: f64 = self.mean.iter().zip(row).map(|(m, &z)| m * f64::from(z)).sum();
        level.signal * along / self.spread(level)
    }

    /// (s2 D / g, (D/g)^2 (1 - tau^2)): Cov(z_0 | z_t) = first I + second m m^T.
    fn covariance(&self, level: Level, row: &[f32]) -> (f64, f64) {
        let share = level.noise_variance / self.spread(level);
        let slope = self.half_log_odds(level, row).cosh().powi(-2);
        (self.variance * share, share * share * slope)
    }
}

impl Denoiser for TwoGaussians {
    fn dim(&self) -> usize {
        self.mean.len()
    }

    fn at(&self, t: Timestep) -> Result<Box<dyn Predictor + '_>, ModelError> {
        Ok(Box::new(At { law: self, level: self.levels[t.index()] }))
    }
}

impl EpsHat for TwoGaussians {
    fn eps_hat_at(&self, level: Level, zt: &[f32], eps_hat: &mut [f32]) {
        let d = self.dim();
        let gain = level.noise / self.spread(level);
        by_rows((zt, d), (eps_hat, d), |row, out| {
            let pull = level.signal * self.half_log_odds(level, row).tanh();
            for ((out, &z), m) in out.iter_mut().zip(row).zip(&self.mean) {
                *out = (gain * (f64::from(z) - pull * m)) as f32;
            }
        });
    }
}

impl PosteriorMoments for TwoGaussians {
    fn alpha_bar(&self, t: Timestep) -> f64 {
        self.levels[t.index()].alpha_bar
    }

    fn posterior_mean(&self, t: Timestep, zt: &[f32], mean: &mut [f64]) {
        let (d, level) = (self.dim(), self.levels[t.index()]);
        let g = self.spread(level);
        let (gain, share) = (self.variance * level.signal / g, level.noise_variance / g);
        by_rows((zt, d), (mean, d), |row, out| {
            let pull = share * self.half_log_odds(level, row).tanh();
            for ((out, &z), m) in out.iter_mut().zip(row).zip(&self.mean) {
                *out = gain * f64::from(z) + pull * m;
            }
        });
    }

    fn posterior_variance_along(&self, t: Timestep, zt: &[f32], direction: &[f64], variances: &mut [f64]) {
        let level = self.levels[t.index()];
        let norm2: f64 = direction.iter().map(|u| u * u).sum();
        let along: f64 = direction.iter().zip(&self.mean).map(|(u, m)| u * m).sum();
        by_rows((zt, self.dim()), (variances, 1), |row, out| {
            let (isotropic, between) = self.covariance(level, row);
            out[0] = isotropic * norm2 + between * along * along;
        });
    }

    fn posterior_variance(&self, t: Timestep, zt: &[f32], traces: &mut [f64]) {
        let level = self.levels[t.index()];
        by_rows((zt, self.dim()), (traces, 1), |row, out| {
            let (isotropic, between) = self.covariance(level, row);
            out[0] = isotropic * self.mean.len() as f64 + between * self.norm2;
        });
    }

    fn posterior_covariance_times(&self, t: Timestep, zt: &[f32], directions: &[f64], products: &mut [f64]) {
        let (d, level) = (self.dim(), self.levels[t.index()]);
        by_blocks_with(d, (zt, directions), products, 1, |row, v, out| {
            let (isotropic, between) = self.covariance(level, row);
            let pull = between * v.iter().zip(&self.mean).map(|(v, m)| v * m).sum::<f64>();
            for ((out, v), m) in out.iter_mut().zip(v).zip(&self.mean) {
                *out = isotropic * v + pull * m;
            }
        });
    }
}

impl LogDensity for TwoGaussians {
    fn log_density(&self, t: Timestep, zt: &[f32], log_densities: &mut [f64]) {
        let level = self.levels[t.index()];
        let g = self.spread(level);
        let volume = self.mean.len() as f64 * (std::f64::consts::TAU * g).ln();
        by_rows((zt, self.dim()), (log_densities, 1), |row, out| {
            let square: f64 = row.iter().map(|&z| f64::from(z) * f64::from(z)).sum();
            // ln cosh y = |y| + ln(1 + e^{-2|y|}) - ln 2.
            let y = self.half_log_odds(level, row).abs();
            let classes = y + softplus(-2.0 * y) - std::f64::consts::LN_2;
            out[0] = classes - 0.5 * (volume + (square + level.alpha_bar * self.norm2) / g);
        });
    }
}

impl ClassPosterior for TwoGaussians {
    fn classes(&self) -> usize {
        2
    }

    fn class_probabilities(&self, t: Timestep, zt: &[f32], probabilities: &mut [f64]) {
        let level = self.levels[t.index()];
        by_rows((zt, self.dim()), (probabilities, 2), |row, out| {
            let log_odds = 2.0 * self.half_log_odds(level, row);
            out[0] = (-softplus(-log_odds)).exp();
            out[1] = (-softplus(log_odds)).exp();
        });
    }
}
