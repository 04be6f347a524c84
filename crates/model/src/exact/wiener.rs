//! The best affine denoiser.

use schedule::{Schedule, Timestep};

use crate::parametrisation::wiener_gain;
use crate::{Denoiser, ModelError, Predictor};

/// The linear minimum-mean-square-error (Wiener) predictor in principal coordinates, exact for Gaussian data.
///
/// eps_hat_k = sqrt(1 - alpha_bar) / (alpha_bar lambda_k + 1 - alpha_bar) z_k, that is
/// sqrt(D) (A Sigma + D)^{-1} (x_t - sqrt(A) mu) with A = alpha_bar_t, D = 1 - A.  Wiener 1949; Wang and Vastola 2024.
#[derive(Debug, Clone)]
pub struct Wiener {
    alpha_bars: Vec<f64>,
    eigenvalues: Vec<f64>,
}

impl Wiener {
    /// The Wiener denoiser of data with principal variances `eigenvalues` `[d]`.
    pub fn new(schedule: &Schedule, eigenvalues: &[f64]) -> Self {
        let alpha_bars = schedule.timesteps().map(|t| schedule.alpha_bar(t)).collect();
        Self { alpha_bars, eigenvalues: eigenvalues.to_vec() }
    }

    /// The error per coordinate on eps for data whose second moments along the axes are `second_moments` `[d]`:
    /// (1/d) sum_k [g_k^2 A m_k + (1 - g_k sqrt(D))^2], averaged over the noise exactly; g_k the gain.
    pub fn mse(&self, t: Timestep, second_moments: &[f64]) -> f64 {
        let alpha_bar = self.alpha_bars[t.index()];
        let noise_variance = 1.0 - alpha_bar;
        let sum: f64 = self
            .eigenvalues
            .iter()
            .zip(second_moments)
            .map(|(&lambda, &moment)| {
                let spread = alpha_bar * lambda + noise_variance;
                let (eps_left, z0_left) = (alpha_bar * lambda / spread, (alpha_bar * noise_variance).sqrt() / spread);
                eps_left * eps_left + z0_left * z0_left * moment
            })
            .sum();
        sum / self.eigenvalues.len() as f64
    }
}

impl Denoiser for Wiener {
    fn dim(&self) -> usize {
        self.eigenvalues.len()
    }

    fn at(&self, t: Timestep) -> Result<Box<dyn Predictor + '_>, ModelError> {
        let alpha_bar = self.alpha_bars[t.index()];
        Ok(Box::new(Gains(self.eigenvalues.iter().map(|&lambda| wiener_gain(alpha_bar, lambda) as f32).collect())))
    }
}

struct Gains(Vec<f32>);

impl Predictor for Gains {
    fn eps_hat(&self, zt: &[f32], eps_hat: &mut [f32]) {
        for (row, out) in zt.chunks_exact(self.0.len()).zip(eps_hat.chunks_exact_mut(self.0.len())) {
            for ((out, z), gain) in out.iter_mut().zip(row).zip(&self.0) {
                *out = gain * z;
            }
        }
    }
}
