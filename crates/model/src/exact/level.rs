//! What every exact denoiser needs of its schedule, and the walk over rows.

use rayon::prelude::*;
use schedule::Schedule;

use crate::Predictor;

/// The noise level of one timestep: z_t = signal z_0 + noise eps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Level {
    /// A = alpha_bar_t.
    pub(crate) alpha_bar: f64,
    /// D = 1 - A.
    pub(crate) noise_variance: f64,
    /// sqrt(A).
    pub(crate) signal: f64,
    /// sqrt(D).
    pub(crate) noise: f64,
}

impl Level {
    /// The levels of t = 1..=T, at the position `t.index()`.
    pub(crate) fn all(schedule: &Schedule) -> Vec<Self> {
        let level = |t| {
            let alpha_bar = schedule.alpha_bar(t);
            let noise_variance = 1.0 - alpha_bar;
            Self { alpha_bar, noise_variance, signal: alpha_bar.sqrt(), noise: noise_variance.sqrt() }
        };
        schedule.timesteps().map(level).collect()
    }

    /// eps_hat = (z_t - sqrt(A) E[z_0 | z_t]) / sqrt(D), coordinate by coordinate.
    pub(crate) fn eps_hat(self, zt: &[f32], mean: &[f64], eps_hat: &mut [f32]) {
        for ((out, &z), mean) in eps_hat.iter_mut().zip(zt).zip(mean) {
            *out = ((f64::from(z) - self.signal * mean) / self.noise) as f32;
        }
    }
}

/// A law whose eps_hat is known at any level.
pub(crate) trait EpsHat: Sync {
    /// eps_hat of some rows.  zt: `[n, d]` -> eps_hat: `[n, d]`.
    fn eps_hat_at(&self, level: Level, zt: &[f32], eps_hat: &mut [f32]);
}

/// A law at one level: the predictor of that timestep.
pub(crate) struct At<'a, M> {
    pub(crate) law: &'a M,
    pub(crate) level: Level,
}

impl<M: EpsHat> Predictor for At<'_, M> {
    fn eps_hat(&self, zt: &[f32], eps_hat: &mut [f32]) {
        self.law.eps_hat_at(self.level, zt, eps_hat);
    }
}

/// Rows handled together by the laws without a block size of their own.
pub(crate) const ROWS: usize = 64;

/// Calls `f` on blocks of at most `rows` rows in parallel.  zt: `[n, d]`, out: `[n, width]`.
pub(crate) fn by_blocks<T: Send>(
    (zt, d): (&[f32], usize),
    (out, width): (&mut [T], usize),
    rows: usize,
    f: impl Fn(&[f32], &mut [T]) + Sync,
) {
    out.par_chunks_mut(rows * width).zip(zt.par_chunks(rows * d)).for_each(|(out, zt)| f(zt, out));
}

/// Calls `f` on every row in parallel.  zt: `[n, d]`, out: `[n, width]`.
pub(crate) fn by_rows<T: Send>(
    (zt, d): (&[f32], usize),
    (out, width): (&mut [T], usize),
    f: impl Fn(&[f32], &mut [T]) + Sync,
) {
    by_blocks((zt, d), (out, width), ROWS, |zt, out| {
        for (row, out) in zt.chunks_exact(d).zip(out.chunks_exact_mut(width)) {
            f(row, out);
        }
    });
}

/// As [`by_blocks`], with a second input row for every row.  zt, v, out: `[n, d]`.
pub(crate) fn by_blocks_with(
    d: usize,
    (zt, v): (&[f32], &[f64]),
    out: &mut [f64],
    rows: usize,
    f: impl Fn(&[f32], &[f64], &mut [f64]) + Sync,
) {
    let block = rows * d;
    let inputs = zt.par_chunks(block).zip(v.par_chunks(block));
    out.par_chunks_mut(block).zip(inputs).for_each(|(out, (zt, v))| f(zt, v, out));
}
