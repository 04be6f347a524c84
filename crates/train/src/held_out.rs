//! The validation samples of one machine and their noise, which is the same in every epoch.

use model::Parametrisation;
use schedule::{Purpose, Stream, Timestep};

use crate::epoch::wire;
use crate::isa::Isa;
use crate::{Job, TrainingSet};

/// The noise on the validation samples of one machine.  Stream: (seed, validation noise, t, 0).
#[derive(Debug)]
pub(crate) struct HeldOut {
    isa: Isa,
    noise: Vec<f32>,
}

impl HeldOut {
    pub(crate) fn new(isa: Isa) -> Self {
        Self { isa, noise: Vec::new() }
    }

    /// Draws the noise of timestep t, reusing the buffer.
    pub(crate) fn draw(&mut self, job: &Job<'_>, t: Timestep) {
        self.noise.resize(job.set.validation.len(), 0.0);
        Stream::new(job.settings.seed, Purpose::ValidationNoise, t.get() as u64, 0).fill_normal(&mut self.noise);
    }

    /// Writes the inputs and targets of the samples from `first` on, as many as the matrices have rows of `stride`
    /// values; what follows the r values of a row is left alone.
    pub(crate) fn batch(
        &self,
        set: &TrainingSet,
        wiring: &Parametrisation,
        (first, stride): (usize, usize),
        inputs: &mut [f32],
        targets: &mut [f32],
    ) {
        let start = first * set.inputs;
        let samples = set.validation[start..].chunks_exact(set.inputs);
        let rows = samples.zip(self.noise[start..].chunks_exact(set.inputs));
        let matrices = inputs.chunks_exact_mut(stride).zip(targets.chunks_exact_mut(stride));
        for ((z0, eps), (z, u)) in rows.zip(matrices) {
            wire(self.isa, wiring, z0, eps, z, u);
        }
    }
}
