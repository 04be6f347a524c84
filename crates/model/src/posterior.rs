//! What is known of an exact denoiser beyond eps_hat: the posterior of z_0 given z_t.
//!
//! All methods take rows z_t `[n, d]` in f32, as the chain holds them, and answer in f64; the timestep belongs to the
//! schedule the denoiser was built with. A = alpha_bar_t, D = 1 - A. The score is s = -eps_hat / sqrt(D), and by the
//! second-order Tweedie formula the Jacobian of eps_hat is J = (I - (A/D) Cov(z_0 | z_t)) / sqrt(D), symmetric.

use schedule::Timestep;

use crate::Denoiser;

/// First and second moments of p(z_0 | z_t), and with them the Jacobian of eps_hat.
pub trait PosteriorMoments: Denoiser {
    /// alpha_bar_t of the schedule this denoiser belongs to.
    fn alpha_bar(&self, t: Timestep) -> f64;

    /// E[z_0 | z_t].  zt: `[n, d]` -> mean: `[n, d]`.
    fn posterior_mean(&self, t: Timestep, zt: &[f32], mean: &mut [f64]);

    /// u^T Cov(z_0 | z_t) u for one direction u `[d]` of any length.  zt: `[n, d]` -> variances: `[n]`.
    fn posterior_variance_along(&self, t: Timestep, zt: &[f32], direction: &[f64], variances: &mut [f64]);

    /// As [`Self::posterior_variance_along`], for several directions `[m, d]`.  zt: `[n, d]` -> variances: `[n, m]`.
    fn posterior_variances_along(&self, t: Timestep, zt: &[f32], directions: &[f64], variances: &mut [f64]) {
        let (d, m) = (self.dim(), directions.len() / self.dim());
        let mut along = vec![0.0; zt.len() / d];
        for (k, direction) in directions.chunks_exact(d).enumerate() {
            self.posterior_variance_along(t, zt, direction, &mut along);
            variances.iter_mut().skip(k).step_by(m).zip(&along).for_each(|(out, along)| *out = *along);
        }
    }

    /// tr Cov(z_0 | z_t) = E[|z_0 - E z_0|^2 | z_t].  zt: `[n, d]` -> traces: `[n]`.
    fn posterior_variance(&self, t: Timestep, zt: &[f32], traces: &mut [f64]);

    /// Cov(z_0 | z_t) v, each row with a direction of its own.  zt, directions: `[n, d]` -> products: `[n, d]`.
    fn posterior_covariance_times(&self, t: Timestep, zt: &[f32], directions: &[f64], products: &mut [f64]);

    /// u^T J u, J = d eps_hat / d z_t, for one direction u `[d]`.  zt: `[n, d]` -> slopes: `[n]`.
    ///
    /// The score's slope along a unit u is -u^T J u / sqrt(D): positive where z_t is unstable along u.
    fn jacobian_along(&self, t: Timestep, zt: &[f32], direction: &[f64], slopes: &mut [f64]) {
        let norm2: f64 = direction.iter().map(|u| u * u).sum();
        self.posterior_variance_along(t, zt, direction, slopes);
        let (snr, noise) = snr_and_noise(self.alpha_bar(t));
        slopes.iter_mut().for_each(|slope| *slope = (norm2 - snr * *slope) / noise);
    }

    /// As [`Self::jacobian_along`], for several directions `[m, d]`.  zt: `[n, d]` -> slopes: `[n, m]`.
    fn jacobians_along(&self, t: Timestep, zt: &[f32], directions: &[f64], slopes: &mut [f64]) {
        let rows = directions.chunks_exact(self.dim());
        let norms2: Vec<f64> = rows.map(|direction| direction.iter().map(|u| u * u).sum()).collect();
        self.posterior_variances_along(t, zt, directions, slopes);
        let (snr, noise) = snr_and_noise(self.alpha_bar(t));
        let norms2 = norms2.iter().cycle();
        slopes.iter_mut().zip(norms2).for_each(|(slope, norm2)| *slope = (norm2 - snr * *slope) / noise);
    }

    /// J v, each row with a direction of its own.  zt, directions: `[n, d]` -> products: `[n, d]`.
    fn jacobian_times(&self, t: Timestep, zt: &[f32], directions: &[f64], products: &mut [f64]) {
        self.posterior_covariance_times(t, zt, directions, products);
        let (snr, noise) = snr_and_noise(self.alpha_bar(t));
        products.iter_mut().zip(directions).for_each(|(product, v)| *product = (v - snr * *product) / noise);
    }

    /// div s = -tr J / sqrt(D) = -(d - (A/D) tr Cov(z_0 | z_t)) / D.  zt: `[n, d]` -> divergences: `[n]`.
    fn score_divergence(&self, t: Timestep, zt: &[f32], divergences: &mut [f64]) {
        self.posterior_variance(t, zt, divergences);
        let (snr, noise) = snr_and_noise(self.alpha_bar(t));
        let d = self.dim() as f64;
        divergences.iter_mut().for_each(|div| *div = -(d - snr * *div) / (noise * noise));
    }
}

/// (A/D, sqrt(D)).
fn snr_and_noise(alpha_bar: f64) -> (f64, f64) {
    let noise_variance = 1.0 - alpha_bar;
    (alpha_bar / noise_variance, noise_variance.sqrt())
}

/// The density of z_t.
pub trait LogDensity: Denoiser {
    /// ln p_t(z_t) in nats.  zt: `[n, d]` -> log_densities: `[n]`.
    fn log_density(&self, t: Timestep, zt: &[f32], log_densities: &mut [f64]);
}

/// The posterior of the class given z_t, for laws made of classes.
///
/// With p = p(c | z_t) the class entropy is E[-sum p ln p], and clones that share z_t agree with probability
/// E[sum p^2] (phi of the cloning experiment).
pub trait ClassPosterior: Denoiser {
    /// K, the number of classes.
    fn classes(&self) -> usize;

    /// p(c | z_t).  zt: `[n, d]` -> probabilities: `[n, K]`, each row of sum 1.
    fn class_probabilities(&self, t: Timestep, zt: &[f32], probabilities: &mut [f64]);
}

/// A law of which everything is known.
pub trait ExactLaw: PosteriorMoments + LogDensity + ClassPosterior {}

impl<L: PosteriorMoments + LogDensity + ClassPosterior> ExactLaw for L {}
