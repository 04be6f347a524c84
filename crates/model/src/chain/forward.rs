//! The forward process step by step: a trajectory, where [`Chain::noised`] draws a state.

use rayon::prelude::*;
use schedule::{Purpose, Stream};

use super::Chain;

impl Chain<'_> {
    /// Runs the trajectories `first`, `first + 1`, ... from z_0 up to z_T, in place, one kernel after the other:
    /// z_t = sqrt(alpha_t) z_{t-1} + sqrt(beta_t) noise.  z: `[n, d]`.  Ho et al. 2020, eq. 2.
    ///
    /// `observe(t, z)` is called with all T + 1 states, t = 0 first.  Every step of every trajectory has a stream of its own,
    /// shared with no jump: each z_t has the law of [`Chain::noised`], and only here are z_s and z_t states of one path.
    pub fn run_forward(&self, z: &mut [f32], first: u64, observe: &mut dyn FnMut(usize, &[f32])) {
        let d = self.denoiser.dim();
        observe(0, z);
        for t in self.schedule.timesteps() {
            let step = self.schedule.forward_step(t);
            let (signal, noise) = (step.signal as f32, step.noise as f32);
            z.par_chunks_mut(d).enumerate().for_each_init(
                || vec![0.0; d],
                |eps, (i, row)| {
                    Stream::new(self.seed, Purpose::ForwardStep, first + i as u64, t.get() as u64).fill_normal(eps);
                    row.iter_mut().zip(&*eps).for_each(|(z, eps)| *z = signal * *z + noise * eps);
                },
            );
            observe(t.get(), z);
        }
    }
}
