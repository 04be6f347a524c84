//! Squared-cosine schedule.

use std::f64::consts::FRAC_PI_2;

/// The offset s that keeps beta_1 from vanishing.
const OFFSET: f64 = 0.008;
/// The largest beta_t, which prevents a singularity at t = T.
const BETA_MAX: f64 = 0.999;

/// alpha_bar(u) up to normalisation, u = t / T in [0, 1].
fn signal(u: f64) -> f64 {
    ((u + OFFSET) / (1.0 + OFFSET) * FRAC_PI_2).cos().powi(2)
}

/// beta_t = min(1 - f(t/T) / f((t-1)/T), 0.999), f(u) = cos^2((u + s)/(1 + s) pi/2), s = 0.008.
/// Nichol and Dhariwal 2021, eq. 17.
pub(super) fn betas(timesteps: usize) -> Vec<f64> {
    let total = timesteps as f64;
    (1..=timesteps).map(|t| (1.0 - signal(t as f64 / total) / signal((t - 1) as f64 / total)).min(BETA_MAX)).collect()
}
