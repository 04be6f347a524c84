//! The order and the noise of one machine's epoch, and the batches they make.

use model::Parametrisation;
use schedule::{Purpose, Stream, Timestep};

use crate::isa::{Isa, kernel};
use crate::{Job, TrainingSet};

/// Which samples a batch is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Split {
    Train,
    Test,
}

/// The samples of a batch and where their rows go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) split: Split,
    /// The position in the epoch's order (training) or in the data (test) of the first.
    pub(crate) first: usize,
    /// The distance between rows of the matrices they are written to.
    pub(crate) stride: usize,
}

/// The random numbers of one epoch of one machine.  Streams: (seed, shuffle | train noise | test noise, t, epoch).
#[derive(Debug)]
pub(crate) struct Epoch {
    isa: Isa,
    order: Vec<u32>,
    train_noise: Vec<f32>,
    test_noise: Vec<f32>,
}

impl Epoch {
    pub(crate) fn new(isa: Isa) -> Self {
        Self { isa, order: Vec::new(), train_noise: Vec::new(), test_noise: Vec::new() }
    }

    /// Draws the epoch `epoch` (1-based) of timestep t, reusing the buffers.
    pub(crate) fn draw(&mut self, job: &Job<'_>, t: Timestep, epoch: usize) {
        let stream = |purpose| Stream::new(job.settings.seed, purpose, t.get() as u64, epoch as u64);
        self.order = stream(Purpose::Shuffle).permutation(job.set.train_len());
        self.train_noise.resize(job.set.train.len(), 0.0);
        self.test_noise.resize(job.set.test.len(), 0.0);
        stream(Purpose::TrainNoise).fill_normal(&mut self.train_noise);
        stream(Purpose::TestNoise).fill_normal(&mut self.test_noise);
    }

    /// Writes the inputs z and targets u of as many samples as the matrices have rows; what follows the r values of a
    /// row is left alone.
    pub(crate) fn batch(
        &self,
        set: &TrainingSet,
        wiring: &Parametrisation,
        rows: Rows,
        inputs: &mut [f32],
        targets: &mut [f32],
    ) {
        let r = set.inputs;
        let Rows { split, first, stride } = rows;
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
            wire(self.isa, wiring, &samples[sample * r..(sample + 1) * r], eps, z, u);
        }
    }
}

kernel! {
    /// One row: z = input_z0 z_0 + input_eps eps, u = target_eps eps - target_z0 z_0.
    pub(crate) fn wire<'a>(wiring: &'a Parametrisation, z0: &'a [f32], eps: &'a [f32], z: &'a mut [f32], u: &'a mut [f32]) {
        let r = z0.len();
        let (iz, ie) = (&wiring.input_z0[..r], &wiring.input_eps[..r]);
        let (tz, te) = (&wiring.target_z0[..r], &wiring.target_eps[..r]);
        let (eps, z, u) = (&eps[..r], &mut z[..r], &mut u[..r]);
        for k in 0..r {
            z[k] = iz[k] * z0[k] + ie[k] * eps[k];
            u[k] = te[k] * eps[k] - tz[k] * z0[k];
        }
    }
}
