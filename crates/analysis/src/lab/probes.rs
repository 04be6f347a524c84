//! What a model answers at noised data: the source of every average over p_t.

use model::{Denoiser, Family};
use rayon::prelude::*;
use schedule::Timestep;

use super::Lab;
use super::walks::starts;
use crate::AnalysisError;

/// Rows answered together.
const BLOCK: usize = 64;

/// The errors and the drifts of a model at N noised test samples, for every t of [`Probes::times`].
///
/// The same samples and the same noise for every model, so that differences between models are paired.
pub struct Probes {
    /// The timesteps, ascending.
    pub times: Vec<Timestep>,
    /// |eps_hat(z_t) - eps|^2 / d of each probe, for each timestep: `[N]`.
    pub errors: Vec<Vec<f64>>,
    /// |z_t + s(z_t)|^2 / d of each probe, s = -eps_hat / sqrt(D), for each timestep: `[N]`.
    pub drifts: Vec<Vec<f64>>,
}

impl Probes {
    /// The timesteps of [`Lab::fine_grid`], and before the first of them 1, 2, 4, ..., where a curve over t is steep.
    pub fn times(lab: &Lab<'_>) -> Vec<Timestep> {
        lab.with_early(lab.fine_grid())
    }

    /// Timesteps of the probes of one model, the unit of progress.
    pub fn work(lab: &Lab<'_>) -> u64 {
        Self::times(lab).len() as u64
    }

    pub(super) fn run(
        lab: &Lab<'_>,
        denoiser: &dyn Denoiser,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, AnalysisError> {
        let (times, z0) = (Self::times(lab), test_starts(lab));
        let (mut errors, mut drifts) = (Vec::new(), Vec::new());
        for &t in &times {
            let answers = Answers::of(lab, denoiser, &z0, t)?;
            errors.push(answers.errors());
            drifts.push(answers.drifts());
            advance(1);
        }
        Ok(Self { times, errors, drifts })
    }
}

/// z_0 of the probes: the N test samples of [`starts`].  `[N, d]`.
pub(crate) fn test_starts(lab: &Lab<'_>) -> Vec<f32> {
    lab.data.test.select(starts(lab)).values
}

/// As [`test_starts`], of at most `count` samples.
pub(crate) fn few_starts(lab: &Lab<'_>, count: usize) -> Vec<f32> {
    lab.data.test.select(lab.data.test.spread(count.min(lab.trajectories()))).values
}

/// z_t of probes that start at `z0`: the noise depends on the row and on t alone.  z0: `[n, d]` -> `[n, d]`.
pub(crate) fn noised(lab: &Lab<'_>, z0: &[f32], t: Timestep) -> Vec<f32> {
    lab.chain(lab.model.denoiser).noised(z0, t, Family::Probes.first())
}

/// z_0 of `count` training samples, spread over the training set.  `[count, d]`.
pub(crate) fn train_starts(lab: &Lab<'_>, count: usize) -> Vec<f32> {
    let train = lab.data.train;
    train.select(train.spread(count.min(train.len()))).values
}

/// What a denoiser answers at noised samples.
pub(crate) struct Answers {
    /// d.
    dim: usize,
    /// sqrt(D).
    noise: f64,
    /// z_t: `[n, d]`.
    pub(crate) zt: Vec<f32>,
    /// eps: `[n, d]`.
    pub(crate) eps: Vec<f32>,
    /// eps_hat(z_t): `[n, d]`.
    pub(crate) eps_hat: Vec<f32>,
}

impl Answers {
    /// The answers of `denoiser` at z_t = sqrt(A) z_0 + sqrt(D) eps; eps depends on the row and on t alone.
    pub(crate) fn of(lab: &Lab<'_>, denoiser: &dyn Denoiser, z0: &[f32], t: Timestep) -> Result<Self, AnalysisError> {
        let zt = noised(lab, z0, t);
        let forward = lab.schedule.forward(t);
        let (signal, noise) = (forward.signal as f32, forward.noise as f32);
        let eps = zt.iter().zip(z0).map(|(zt, z0)| (zt - signal * z0) / noise).collect();
        let predictor = denoiser.at(t)?;
        let mut eps_hat = vec![0.0; zt.len()];
        let block = BLOCK * lab.dim();
        eps_hat.par_chunks_mut(block).zip(zt.par_chunks(block)).for_each(|(out, zt)| predictor.eps_hat(zt, out));
        Ok(Self { dim: lab.dim(), noise: forward.noise, zt, eps, eps_hat })
    }

    /// |eps_hat - eps|^2 / d of each row: `[n]`.
    pub(crate) fn errors(&self) -> Vec<f64> {
        self.by_row(|_, eps, eps_hat| (eps_hat - eps).powi(2))
    }

    /// |z_t + s|^2 / d of each row: `[n]`.
    pub(crate) fn drifts(&self) -> Vec<f64> {
        self.by_row(|zt, _, eps_hat| (zt - eps_hat / self.noise).powi(2))
    }

    /// The mean over the coordinates of f(z_t, eps, eps_hat), for each row: `[n]`.
    pub(crate) fn by_row(&self, f: impl Fn(f64, f64, f64) -> f64 + Sync) -> Vec<f64> {
        let d = self.dim;
        let rows = self.zt.par_chunks(d).zip(self.eps.par_chunks(d)).zip(self.eps_hat.par_chunks(d));
        rows.map(|((zt, eps), eps_hat)| {
            let terms = zt.iter().zip(eps).zip(eps_hat);
            terms.map(|((&z, &e), &h)| f(f64::from(z), f64::from(e), f64::from(h))).sum::<f64>() / d as f64
        })
        .collect()
    }
}
