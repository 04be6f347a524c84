//! What the tests of the exact denoisers share.

use data::Samples;
use model::{Denoiser, PosteriorMoments};
use schedule::{Law, Purpose, Schedule, Stream, Timestep};

/// The linear schedule of Ho et al. 2020, its noise rates scaled to T steps.
pub(crate) fn schedule(timesteps: usize) -> Schedule {
    let scale = 1000.0 / timesteps as f64;
    Schedule::new(Law::Linear { beta_start: 1e-4 * scale, beta_end: 0.02 * scale }, timesteps).unwrap()
}

/// A schedule of one step at whose end alpha_bar is 1/2.
pub(crate) fn half() -> Schedule {
    Schedule::new(Law::Constant { beta: 0.5 }, 1).unwrap()
}

pub(crate) fn eps_hat(denoiser: &dyn Denoiser, t: Timestep, zt: &[f32]) -> Vec<f32> {
    let mut eps_hat = vec![f32::NAN; zt.len()];
    denoiser.at(t).unwrap().eps_hat(zt, &mut eps_hat);
    eps_hat
}

/// z_t = sqrt(A) z_0 + sqrt(D) eps for the first `count` rows of `z0`, over and over, with noise of its own for every row.
pub(crate) fn noised(schedule: &Schedule, t: Timestep, z0: &Samples, count: usize) -> Vec<f32> {
    let forward = schedule.forward(t);
    let mut zt = vec![0.0; count * z0.dim];
    for (i, row) in zt.chunks_exact_mut(z0.dim).enumerate() {
        Stream::new(11, Purpose::Forward, i as u64, t.get() as u64).fill_normal(row);
        for (z, &z0) in row.iter_mut().zip(z0.row(i % z0.len())) {
            *z = (forward.signal * f64::from(z0) + forward.noise * f64::from(*z)) as f32;
        }
    }
    zt
}

/// The MSE per coordinate on eps, (A/D) E|z_0 - E[z_0 | z_t]|^2 / d: eps - eps_hat without cancellation.
pub(crate) fn mse(denoiser: &dyn PosteriorMoments, schedule: &Schedule, t: Timestep, z0: &Samples, zt: &[f32]) -> f64 {
    let mut mean = vec![0.0; zt.len()];
    denoiser.posterior_mean(t, zt, &mut mean);
    let z0 = z0.values.iter().cycle();
    let squares: f64 = mean.iter().zip(z0).map(|(mean, &z0)| (mean - f64::from(z0)).powi(2)).sum();
    schedule.snr(t) * squares / zt.len() as f64
}

pub(crate) fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    sum / count
}

/// Standard normal samples `[n, d]` from the stream of `seed`.
pub(crate) fn normals(n: usize, dim: usize, seed: u64) -> Samples {
    let mut values = vec![0.0; n * dim];
    Stream::new(seed, Purpose::Data, 0, 0).fill_normal(&mut values);
    Samples { dim, values, labels: Vec::new() }
}

pub(crate) fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{what}: {a} for {b}");
    }
}

pub(crate) fn widened(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}
