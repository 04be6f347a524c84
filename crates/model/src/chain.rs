//! The reverse process: from x_t back to x_0 with any denoiser.

use rayon::prelude::*;
use schedule::{Purpose, Reverse, ReverseVariance, Schedule, Stream, Timestep};

use crate::{Denoiser, ModelError, Predictor};

mod forward;

/// Trajectories handled together; a constant, so that no result depends on the number of threads.
const BLOCK: usize = 256;

/// How far along the noise the slope of eps_hat is taken, in sigma_t: small enough that a curved eps_hat is as good as straight,
/// large enough that f32 answers to both ends differ.
const SLOPE_STEP: f64 = 0.125;

/// Ancestral sampling with a denoiser.
///
/// z_{t-1} = (z_t - beta_t/sqrt(1 - alpha_bar_t) eps_hat(z_t, t))/sqrt(alpha_t) + sigma_t noise, no noise in the last
/// step (or in more or fewer of the last steps).  Ho et al. 2020, algorithm 2.  With [`ReverseVariance::Optimal`] the noise n
/// becomes (1 + k P)^(1/2) n, nearly: n + k/(1 + sqrt(1 + k p)) P n with p = |P n|^2 / n^T P n, the root where P n is an eigenvector.
/// P n = n - sqrt(1 - alpha_bar_t) J n with J n = (eps_hat(z_t + h n) - eps_hat(z_t))/h, h = sigma_t/8, for which every
/// predictor answers twice.  Each trajectory has streams of its own, keyed by its number and by t.
#[derive(Clone, Copy)]
pub struct Chain<'a> {
    /// The noise predictors.
    pub denoiser: &'a dyn Denoiser,
    /// The schedule they belong to.
    pub schedule: &'a Schedule,
    /// sigma_t^2.
    pub variance: ReverseVariance,
    /// Take every `stride`-th step, with the coefficients of the strided chain; at least 1.
    pub stride: usize,
    /// The last steps that add no noise, in steps of the strided chain; 1 in Ho et al. 2020.
    pub noiseless_steps: usize,
    /// The seed of the streams.
    pub seed: u64,
}

/// Trajectories that [`Chain::run_together`] runs beside others.
#[derive(Debug, Clone, PartialEq)]
pub struct Walk {
    /// z_t at `from`, in the end z_0: `[n, d]`.
    pub z: Vec<f32>,
    /// The timestep they start from.
    pub from: Timestep,
    /// The number of the first trajectory.
    pub first: u64,
}

impl Chain<'_> {
    /// z_T ~ N(0, I) for the trajectories `first`, `first + 1`, ...: `[count, d]`.
    pub fn start(&self, count: usize, first: u64) -> Vec<f32> {
        let d = self.denoiser.dim();
        let mut z = vec![0.0; count * d];
        z.par_chunks_mut(d).enumerate().for_each(|(i, row)| {
            Stream::new(self.seed, Purpose::Start, first + i as u64, 0).fill_normal(row);
        });
        z
    }

    /// z_t = sqrt(alpha_bar_t) z_0 + sqrt(1 - alpha_bar_t) eps for the trajectories `first`, ...: z0: `[n, d]` -> `[n, d]`.
    pub fn noised(&self, z0: &[f32], t: Timestep, first: u64) -> Vec<f32> {
        let d = self.denoiser.dim();
        let forward = self.schedule.forward(t);
        let (signal, noise) = (forward.signal as f32, forward.noise as f32);
        let mut zt = vec![0.0; z0.len()];
        zt.par_chunks_mut(d).zip(z0.par_chunks(d)).enumerate().for_each(|(i, (row, z0))| {
            Stream::new(self.seed, Purpose::Forward, first + i as u64, t.get() as u64).fill_normal(row);
            row.iter_mut().zip(z0).for_each(|(z, z0)| *z = signal * z0 + noise * *z);
        });
        zt
    }

    /// Runs the trajectories `first`, `first + 1`, ... from z_t at `from` down to z_0, in place.  z: `[n, d]`.
    ///
    /// `observe(s, z)` is called after every step with the timestep s that was reached, the last time with s = 0.
    ///
    /// # Errors
    /// [`ModelError`] when the denoiser of a step cannot be had.
    pub fn run(
        &self,
        z: &mut [f32],
        from: Timestep,
        first: u64,
        observe: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<(), ModelError> {
        let stride = self.stride.max(1);
        for t in self.schedule.timesteps().take(from.get()).rev().step_by(stride) {
            self.step(t, &mut [(&mut *z, first)])?;
            observe(t.get().saturating_sub(stride), z);
        }
        Ok(())
    }

    /// Runs every walk from its own timestep down to z_0, in place; the results are those of [`Self::run`].
    ///
    /// All walks take the step of a timestep together, so that each predictor is made once.  `observe(walk)` is called
    /// after every step of every walk with the walk's index.
    ///
    /// # Errors
    /// [`ModelError`] when the denoiser of a step cannot be had.
    pub fn run_together(&self, walks: &mut [Walk], observe: &mut dyn FnMut(usize)) -> Result<(), ModelError> {
        let stride = self.stride.max(1);
        let moves = |walk: &Walk, t: Timestep| {
            walk.from.get().checked_sub(t.get()).is_some_and(|passed| passed.is_multiple_of(stride))
        };
        for t in self.schedule.timesteps().rev() {
            let moving: Vec<usize> = (0..walks.len()).filter(|&i| moves(&walks[i], t)).collect();
            if moving.is_empty() {
                continue;
            }
            let active = walks.iter_mut().filter(|walk| moves(walk, t));
            self.step(t, &mut active.map(|walk| (&mut walk.z[..], walk.first)).collect::<Vec<_>>())?;
            moving.into_iter().for_each(&mut *observe);
        }
        Ok(())
    }

    /// The step of timestep t for some arrays of trajectories, each with the number of its first.
    fn step(&self, t: Timestep, walks: &mut [(&mut [f32], u64)]) -> Result<(), ModelError> {
        let predictor = self.denoiser.at(t)?;
        let reverse = self.schedule.reverse_noiseless(t, self.stride.max(1), self.variance, self.noiseless_steps);
        let size = BLOCK * self.denoiser.dim();
        let blocks: Vec<(&mut [f32], u64)> =
            walks.iter_mut().flat_map(|(z, first)| z.chunks_mut(size).zip((*first..).step_by(BLOCK))).collect();
        blocks.into_par_iter().for_each(|(block, first)| self.step_block(&*predictor, reverse, t, block, first));
        Ok(())
    }

    fn step_block(&self, predictor: &dyn Predictor, reverse: Reverse, t: Timestep, block: &mut [f32], first: u64) {
        let d = self.denoiser.dim();
        let (scale, eps_factor, sigma) = (reverse.scale as f32, reverse.eps_factor as f32, reverse.sigma as f32);
        let mut eps_hat = vec![0.0; block.len()];
        predictor.eps_hat(block, &mut eps_hat);
        let mut noise = vec![0.0; block.len()];
        if sigma > 0.0 {
            for (row, i) in noise.chunks_exact_mut(d).zip(0_u64..) {
                Stream::new(self.seed, Purpose::Reverse, first + i, t.get() as u64).fill_normal(row);
            }
        }
        if reverse.excess > 0.0 {
            self.spread(predictor, reverse, t, (block, &eps_hat), &mut noise);
        }
        for ((z, eps_hat), noise) in block.iter_mut().zip(&eps_hat).zip(&noise) {
            *z = scale * (*z - eps_factor * eps_hat) + sigma * noise;
        }
    }

    /// Gives the noise n of every row the covariance 1 + k P.
    fn spread(
        &self,
        predictor: &dyn Predictor,
        reverse: Reverse,
        t: Timestep,
        (z, eps_hat): (&[f32], &[f32]),
        noise: &mut [f32],
    ) {
        let d = self.denoiser.dim();
        let moved_by = SLOPE_STEP * reverse.sigma;
        let slope = (self.schedule.forward(t).noise / moved_by) as f32;
        let moved: Vec<f32> = z.iter().zip(&*noise).map(|(z, n)| z + moved_by as f32 * n).collect();
        let mut there = vec![0.0; z.len()];
        predictor.eps_hat(&moved, &mut there);
        let answers = there.chunks_exact_mut(d).zip(eps_hat.chunks_exact(d));
        for (n, (unsettled, here)) in noise.chunks_exact_mut(d).zip(answers) {
            unsettled.iter_mut().zip(here).zip(&*n).for_each(|((u, here), n)| *u = n - slope * (*u - here));
            let dot =
                |other: &[f32]| unsettled.iter().zip(other).map(|(&u, &o)| f64::from(u) * f64::from(o)).sum::<f64>();
            let (along, square) = (dot(n), dot(unsettled));
            let share = if along > 0.0 { square / along } else { 0.0 };
            let factor = (reverse.excess / (1.0 + (1.0 + reverse.excess * share).sqrt())) as f32;
            n.iter_mut().zip(&*unsettled).for_each(|(n, u)| *n += factor * u);
        }
    }
}
