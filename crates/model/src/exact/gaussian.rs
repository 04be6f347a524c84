//! Gaussian data: the affine denoiser is exact and everything is closed form.

use schedule::{ReverseVariance, Schedule, Timestep};

use super::level::{Level, by_rows};
use crate::parametrisation::wiener_gain;
use crate::{Denoiser, LogDensity, ModelError, PosteriorMoments, Predictor, Wiener};

/// z_0 ~ N(0, diag(lambda)) in principal coordinates, so z_t ~ N(0, diag(g)), g_k = A lambda_k + D.
///
/// Its eps_hat is that of [`Wiener`]; the other quantities hold for Gaussian data only.
#[derive(Debug, Clone)]
pub struct Gaussian {
    wiener: Wiener,
    levels: Vec<Level>,
    eigenvalues: Vec<f64>,
}

impl Gaussian {
    /// The Gaussian of principal variances `eigenvalues` `[d]`, zero allowed.
    pub fn new(schedule: &Schedule, eigenvalues: &[f64]) -> Self {
        let wiener = Wiener::new(schedule, eigenvalues);
        Self { wiener, levels: Level::all(schedule), eigenvalues: eigenvalues.to_vec() }
    }

    /// E|eps - eps_hat|^2 / d = (1/d) sum_k A lambda_k / g_k.
    pub fn mse(&self, t: Timestep) -> f64 {
        self.wiener.mse(t, &self.eigenvalues)
    }

    /// KL(p_t || N(0, I)) = sum_k (g_k - 1 - ln g_k) / 2, in nats, with g_k - 1 = A (lambda_k - 1).
    pub fn kl_to_normal(&self, t: Timestep) -> f64 {
        let alpha_bar = self.levels[t.index()].alpha_bar;
        let excess = self.eigenvalues.iter().map(|lambda| alpha_bar * (lambda - 1.0));
        excess.map(|delta| 0.5 * (delta - delta.ln_1p())).sum()
    }

    /// div s = -sum_k 1 / g_k, the same at every z_t.
    pub fn divergence(&self, t: Timestep) -> f64 {
        -self.spreads(self.levels[t.index()]).map(|g| 1.0 / g).sum::<f64>()
    }

    /// The variances along the axes at which the reverse chain ends when started from N(0, I): `[d]`.
    ///
    /// v <- m^2 v + sigma^2, m = (1 - beta/g) / sqrt(alpha): below lambda at finite T.  The optimal variance has
    /// sigma^2 (1 + k (1 - D/g)), which leaves v at lambda but for the last step, without noise, and for the start.
    pub fn chain_variances(&self, schedule: &Schedule, variance: ReverseVariance, stride: usize) -> Vec<f64> {
        let stride = stride.max(1);
        let mut variances = vec![1.0; self.eigenvalues.len()];
        for t in schedule.timesteps().rev().step_by(stride) {
            let (step, alpha_bar) = (schedule.reverse(t, stride, variance), schedule.alpha_bar(t));
            for (v, &lambda) in variances.iter_mut().zip(&self.eigenvalues) {
                let multiplier = step.scale * (1.0 - step.eps_factor * wiener_gain(alpha_bar, lambda));
                let unsettled = 1.0 - (1.0 - alpha_bar).sqrt() * wiener_gain(alpha_bar, lambda);
                let added = step.sigma * step.sigma * (1.0 + step.excess * unsettled);
                *v = multiplier * multiplier * *v + added;
            }
        }
        variances
    }

    /// g_k = A lambda_k + D.
    fn spreads(&self, level: Level) -> impl Iterator<Item = f64> {
        self.eigenvalues.iter().map(move |lambda| level.alpha_bar * lambda + level.noise_variance)
    }

    /// The posterior variances along the axes, lambda_k D / g_k.
    fn posterior_variances(&self, level: Level) -> Vec<f64> {
        self.eigenvalues.iter().zip(self.spreads(level)).map(|(l, g)| l * level.noise_variance / g).collect()
    }
}

impl Denoiser for Gaussian {
    fn dim(&self) -> usize {
        self.eigenvalues.len()
    }

    fn at(&self, t: Timestep) -> Result<Box<dyn Predictor + '_>, ModelError> {
        self.wiener.at(t)
    }
}

impl PosteriorMoments for Gaussian {
    fn alpha_bar(&self, t: Timestep) -> f64 {
        self.levels[t.index()].alpha_bar
    }

    fn posterior_mean(&self, t: Timestep, zt: &[f32], mean: &mut [f64]) {
        let (d, level) = (self.dim(), self.levels[t.index()]);
        let gains: Vec<f64> =
            self.eigenvalues.iter().zip(self.spreads(level)).map(|(l, g)| level.signal * l / g).collect();
        by_rows((zt, d), (mean, d), |row, mean| {
            for ((mean, &z), gain) in mean.iter_mut().zip(row).zip(&gains) {
                *mean = gain * f64::from(z);
            }
        });
    }

    fn posterior_variance_along(&self, t: Timestep, _zt: &[f32], direction: &[f64], variances: &mut [f64]) {
        let along = self.posterior_variances(self.levels[t.index()]);
        variances.fill(along.iter().zip(direction).map(|(v, u)| v * u * u).sum());
    }

    fn posterior_variance(&self, t: Timestep, _zt: &[f32], traces: &mut [f64]) {
        traces.fill(self.posterior_variances(self.levels[t.index()]).iter().sum());
    }

    fn posterior_covariance_times(&self, t: Timestep, _zt: &[f32], directions: &[f64], products: &mut [f64]) {
        let along = self.posterior_variances(self.levels[t.index()]);
        for (out, (v, variance)) in products.iter_mut().zip(directions.iter().zip(along.iter().cycle())) {
            *out = v * variance;
        }
    }
}

impl LogDensity for Gaussian {
    fn log_density(&self, t: Timestep, zt: &[f32], log_densities: &mut [f64]) {
        let spreads: Vec<f64> = self.spreads(self.levels[t.index()]).collect();
        let volume: f64 = spreads.iter().map(|g| (std::f64::consts::TAU * g).ln()).sum();
        by_rows((zt, self.dim()), (log_densities, 1), |row, out| {
            let square: f64 = row.iter().zip(&spreads).map(|(&z, g)| f64::from(z) * f64::from(z) / g).sum();
            out[0] = -0.5 * (volume + square);
        });
    }
}

#[cfg(test)]
mod tests {
    use schedule::Law;

    use super::*;

    fn t1000() -> Schedule {
        Schedule::new(Law::Linear { beta_start: 1e-4, beta_end: 0.02 }, 1000).unwrap()
    }

    /// Printed by scripts/make_reference/exact_denoisers.py.
    #[test]
    fn variance_four_through_the_chain() {
        let schedule = t1000();
        let gaussian = Gaussian::new(&schedule, &[4.0]);
        let rows = [
            (300, 0.724_299_334, 0.202_848_010, -0.456_775_499),
            (500, 0.254_376_685, 0.012_037_082, -0.809_217_487),
            (700, 0.027_294_042, 0.000_107_687, -0.979_529_468),
        ];
        for (t, mse, kl, divergence) in rows {
            let t = schedule.timestep(t).unwrap();
            assert!((gaussian.mse(t) - mse).abs() < 1e-9, "{t}: {}", gaussian.mse(t));
            assert!((gaussian.kl_to_normal(t) - kl).abs() < 1e-9, "{t}: {}", gaussian.kl_to_normal(t));
            assert!((gaussian.divergence(t) - divergence).abs() < 1e-9, "{t}: {}", gaussian.divergence(t));
        }
    }

    #[test]
    fn chain_ends_with_the_variances_of_the_recursion() {
        let t100 = Schedule::new(Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 100).unwrap();
        let cases = [
            (t1000(), ReverseVariance::Posterior, [3.974_777, 0.246_125]),
            (t1000(), ReverseVariance::Beta, [3.990_569, 0.250_752]),
            (t100.clone(), ReverseVariance::Posterior, [3.759_693, 0.219_228]),
            (t100.clone(), ReverseVariance::Beta, [3.904_355, 0.257_776]),
            (t1000(), ReverseVariance::Optimal, [3.999_900, 0.249_900]),
            (t100, ReverseVariance::Optimal, [3.998_999, 0.249_003]),
        ];
        for (schedule, choice, expected) in cases {
            let found = Gaussian::new(&schedule, &[4.0, 0.25]).chain_variances(&schedule, choice, 1);
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "T = {}, {choice:?}: {found} {expected}", schedule.len());
            }
        }
    }

    #[test]
    fn kl_keeps_its_digits_where_it_is_tiny() {
        let schedule = t1000();
        let gaussian = Gaussian::new(&schedule, &[1.5]);
        let delta = 0.5 * schedule.alpha_bar(schedule.last());
        let leading = 0.25 * delta * delta * (1.0 - 2.0 / 3.0 * delta);
        assert!((gaussian.kl_to_normal(schedule.last()) / leading - 1.0).abs() < 1e-9);
    }
}
