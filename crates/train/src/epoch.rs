//! The order and the noise of one machine's epoch, and the batches they make.

use model::Parametrisation;
use schedule::{Purpose, Stream, Timestep};

use crate::isa::{Isa, kernel};
use crate::{Job, TrainingSet, pages};

/// Which samples a batch is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Split {
    Train,
    Validation,
    Test,
}

impl Split {
    /// What keys the noise of a split besides the seed: (train | test noise, machine, round), and (validation noise,
    /// machine, 0) for the validation samples, whose noise is the same in every epoch.
    pub(crate) fn noise_key(self, machine: u64, round: u64) -> (Purpose, u64, u64) {
        match self {
            Self::Train => (Purpose::TrainNoise, machine, round),
            Self::Validation => (Purpose::ValidationNoise, machine, 0),
            Self::Test => (Purpose::TestNoise, machine, round),
        }
    }

    /// The stream of the noise of a split.
    pub(crate) fn noise(self, seed: u64, machine: u64, round: u64) -> Stream {
        let (purpose, first, second) = self.noise_key(machine, round);
        Stream::new(seed, purpose, first, second)
    }

    /// n, m or k: the samples of the split.
    pub(crate) fn len(self, set: &TrainingSet) -> usize {
        match self {
            Self::Train => set.train_len(),
            Self::Validation => set.validation_len(),
            Self::Test => set.test_len(),
        }
    }
}

/// The order of the training samples: stream (seed, shuffle, machine, round).
pub(crate) fn order(job: &Job<'_>, machine: u64, round: u64) -> Vec<u32> {
    Stream::new(job.settings.seed, Purpose::Shuffle, machine, round).permutation(job.set.train_len())
}

/// The random numbers of one epoch of one machine: its [`order`] and the noise of the splits ([`Split::noise_key`]).
#[derive(Debug)]
pub(crate) struct Epoch {
    isa: Isa,
    order: Vec<u32>,
    train_noise: Noise,
    validation_noise: Noise,
    test_noise: Noise,
}

/// The noise of a split, drawn as far as it was needed so far.
#[derive(Debug, Default)]
struct Noise {
    stream: Option<Stream>,
    values: Vec<f32>,
    drawn: usize,
}

impl Noise {
    fn restart(&mut self, stream: Stream, len: usize) {
        self.stream = Some(stream);
        if self.values.len() != len {
            self.values = pages::zeros(len);
        }
        self.drawn = 0;
    }

    fn draw_to(&mut self, end: usize) {
        if let (Some(stream), Some(rest)) = (&mut self.stream, self.values.get_mut(self.drawn..end)) {
            stream.fill_normal(rest);
            self.drawn = end;
        }
    }
}

impl Epoch {
    pub(crate) fn new(isa: Isa) -> Self {
        let noise = Noise::default;
        Self { isa, order: Vec::new(), train_noise: noise(), validation_noise: noise(), test_noise: noise() }
    }

    /// Begins the machine of timestep t, reusing the buffers.
    pub(crate) fn begin(&mut self, job: &Job<'_>, t: Timestep) {
        let stream = Split::Validation.noise(job.settings.seed, t.get() as u64, 0);
        self.validation_noise.restart(stream, job.set.validation.len());
    }

    /// Starts the epoch `epoch` (1-based) of timestep t, reusing the buffers.
    pub(crate) fn restart(&mut self, job: &Job<'_>, t: Timestep, epoch: usize) {
        self.restart_keyed(job, t.get() as u64, epoch as u64);
    }

    /// Starts a pass (1-based) of the machine for all timesteps, whose streams have 0 in the place of t.
    pub(crate) fn restart_pass(&mut self, job: &Job<'_>, pass: usize) {
        self.restart_keyed(job, 0, pass as u64);
    }

    fn restart_keyed(&mut self, job: &Job<'_>, machine: u64, round: u64) {
        let seed = job.settings.seed;
        self.order = order(job, machine, round);
        self.train_noise.restart(Split::Train.noise(seed, machine, round), job.set.train.len());
        self.test_noise.restart(Split::Test.noise(seed, machine, round), job.set.test.len());
    }

    /// Draws the noise of all positions of a split before `end` that has not been drawn: just before its first use, so
    /// that it is still in the cache.
    pub(crate) fn draw_to(&mut self, set: &TrainingSet, split: Split, end: usize) {
        match split {
            Split::Train => self.train_noise.draw_to(end * set.inputs),
            Split::Validation => self.validation_noise.draw_to(end * set.inputs),
            Split::Test => self.test_noise.draw_to(end * set.inputs),
        }
    }

    /// The sample and the noise, drawn before, at a position of the epoch's order (training) or of the data (elsewhere).
    pub(crate) fn pair<'a>(&'a self, set: &'a TrainingSet, split: Split, position: usize) -> (&'a [f32], &'a [f32]) {
        let r = set.inputs;
        let (samples, noise, sample) = match split {
            Split::Train => (&set.train, &self.train_noise.values, self.order[position] as usize),
            Split::Validation => (&set.validation, &self.validation_noise.values, position),
            Split::Test => (&set.test, &self.test_noise.values, position),
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
            wire_row(self.isa, wiring, z0, eps, z, u);
        }
    }
}

kernel! {
    /// [`wire`] for the instruction set.
    fn wire_row<'a>(wiring: &'a Parametrisation, z0: &'a [f32], eps: &'a [f32], z: &'a mut [f32], u: &'a mut [f32]) {
        wire(wiring, z0, eps, z, u);
    }
}

/// One row: z = input_z0 z_0 + input_eps eps, u = target_eps eps - target_z0 z_0.
#[inline(always)]
pub(crate) fn wire(wiring: &Parametrisation, z0: &[f32], eps: &[f32], z: &mut [f32], u: &mut [f32]) {
    let r = z0.len();
    let (iz, ie) = (&wiring.input_z0[..r], &wiring.input_eps[..r]);
    let (tz, te) = (&wiring.target_z0[..r], &wiring.target_eps[..r]);
    let (eps, z, u) = (&eps[..r], &mut z[..r], &mut u[..r]);
    for k in 0..r {
        z[k] = iz[k] * z0[k] + ie[k] * eps[k];
        u[k] = te[k] * eps[k] - tz[k] * z0[k];
    }
}
