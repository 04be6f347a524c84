//! What `benches/speed.rs` measures of the host engine's inside; no part of the interface.

use model::Weights;
use schedule::Timestep;

use crate::Job;
use crate::epoch::Split;
use crate::host::{EVALUATION_BLOCK, Trainer};
use crate::isa::Isa;

/// One machine that takes Adam steps on one batch, again and again.
pub struct StepBench<'a> {
    trainer: Trainer<'a>,
    batch: usize,
    step: usize,
}

impl<'a> StepBench<'a> {
    /// The machine of timestep t after the first epoch of `job`, which leaves that epoch's noise drawn.
    pub fn new(job: &'a Job<'a>, t: Timestep) -> Self {
        let mut trainer = Trainer::new(job, Isa::detect(), EVALUATION_BLOCK);
        trainer.begin(t, &Weights::init(job.config, job.set.inputs, job.settings.seed, t));
        trainer.epoch(1);
        Self { trainer, batch: job.settings.batch, step: job.steps_per_epoch() }
    }

    /// Loads the first batch and takes an Adam step on it, `steps` times.
    pub fn run(&mut self, steps: usize) {
        for _ in 0..steps {
            self.trainer.load(Split::Train, 0, self.batch);
            self.trainer.step(self.step);
            self.step += 1;
        }
    }
}
