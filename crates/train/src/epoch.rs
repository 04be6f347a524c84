//! The order and the noise of one machine's epoch, and the batches they make.

use model::Parametrisation;
use schedule::{Purpose, Stream, Timestep};

use crate::{Job, TrainingSet};

/// Which samples a batch is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Split {
    Train,
    Test,
}

/// The random numbers of one epoch of one machine.  Streams: (seed, shuffle | train noise | test noise, t, epoch).
#[derive(Debug, Default)]
pub(crate) struct Epoch {
    order: Vec<u32>,
    train_noise: Vec<f32>,
    test_noise: Vec<f32>,
}

impl Epoch {
    /// Draws the epoch `epoch` (1-based) of timestep t, reusing the buffers.
    pub(crate) fn draw(&mut self, job: &Job<'_>, t: Timestep, epoch: usize) {
        let stream = |purpose| Stream::new(job.settings.seed, purpose, t.get() as u64, epoch as u64);
        self.order = stream(Purpose::Shuffle).permutation(job.set.train_len());
        self.train_noise.resize(job.set.train.len(), 0.0);
        self.test_noise.resize(job.set.test.len(), 0.0);
        stream(Purpose::TrainNoise).fill_normal(&mut self.train_noise);
        stream(Purpose::TestNoise).fill_normal(&mut self.test_noise);
    }

    /// Writes the inputs z and targets u of the samples at positions `first`, `first + 1`, ... into matrices with rows
    /// `stride` apart; what follows the r values of a row is left alone.
    pub(crate) fn batch(
        &self,
        set: &TrainingSet,
        wiring: &Parametrisation,
        split: Split,
        first: usize,
        stride: usize,
        inputs: &mut [f32],
        targets: &mut [f32],
    ) {
        let r = set.inputs;
        let (samples, noise) = match split {
            Split::Train => (&set.train, &self.train_noise),
            Split::Test => (&set.test, &self.test_noise),
        };
        let rows = inputs.chunks_exact_mut(stride).zip(targets.chunks_exact_mut(stride));
        let rows = rows.zip(noise[first * r..].chunks_exact(r));
        for (position, ((z, u), eps)) in rows.enumerate() {
            let sample = match split {
                Split::Train => self.order[first + position] as usize,
                Split::Test => first + position,
            };
            wire(wiring, &samples[sample * r..(sample + 1) * r], eps, z, u);
        }
    }
}

/// One row: z = input_z0 z_0 + input_eps eps, u = target_eps eps - target_z0 z_0.
fn wire(wiring: &Parametrisation, z0: &[f32], eps: &[f32], z: &mut [f32], u: &mut [f32]) {
    let r = z0.len();
    let (iz, ie) = (&wiring.input_z0[..r], &wiring.input_eps[..r]);
    let (tz, te) = (&wiring.target_z0[..r], &wiring.target_eps[..r]);
    let (eps, z, u) = (&eps[..r], &mut z[..r], &mut u[..r]);
    for k in 0..r {
        z[k] = iz[k] * z0[k] + ie[k] * eps[k];
        u[k] = te[k] * eps[k] - tz[k] * z0[k];
    }
}
