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

    /// The sample and the noise at a position of the epoch's order (training) or of the data (test).
    pub(crate) fn pair<'a>(&'a self, set: &'a TrainingSet, split: Split, position: usize) -> (&'a [f32], &'a [f32]) {
        let r = set.inputs;
        let (samples, noise, sample) = match split {
            Split::Train => (&set.train, &self.train_noise, self.order[position] as usize),
            Split::Test => (&set.test, &self.test_noise, position),
        };
        (&samples[sample * r..(sample + 1) * r], &noise[position * r..(position + 1) * r])
    }

    /// Writes the inputs z and targets u, row-major `[rows, r]`, of as many samples from position `first` on as fit.
    pub(crate) fn batch(
        &self,
        set: &TrainingSet,
        wiring: &Parametrisation,
        (split, first): (Split, usize),
        inputs: &mut [f32],
        targets: &mut [f32],
    ) {
        let r = set.inputs;
        for (row, (z, u)) in inputs.chunks_exact_mut(r).zip(targets.chunks_exact_mut(r)).enumerate() {
            let (z0, eps) = self.pair(set, split, first + row);
            wire(self.isa, wiring, z0, eps, z, u);
        }
    }
}

kernel! {
    /// One row: z = input_z0 z_0 + input_eps eps, u = target_eps eps - target_z0 z_0.
    fn wire<'a>(wiring: &'a Parametrisation, z0: &'a [f32], eps: &'a [f32], z: &'a mut [f32], u: &'a mut [f32]) {
        wire_from(wiring, 0, z0, eps, z, u);
    }
}

/// The coordinates from `first` on of one row, as many as the slices hold.
#[inline(always)]
pub(crate) fn wire_from(
    wiring: &Parametrisation,
    first: usize,
    z0: &[f32],
    eps: &[f32],
    z: &mut [f32],
    u: &mut [f32],
) {
    let n = z0.len();
    let (iz, ie) = (&wiring.input_z0[first..][..n], &wiring.input_eps[first..][..n]);
    let (tz, te) = (&wiring.target_z0[first..][..n], &wiring.target_eps[first..][..n]);
    let (eps, z, u) = (&eps[..n], &mut z[..n], &mut u[..n]);
    for k in 0..n {
        z[k] = iz[k] * z0[k] + ie[k] * eps[k];
        u[k] = te[k] * eps[k] - tz[k] * z0[k];
    }
}
