//! One machine for all timesteps: t/T is an input more, and an output more that stays 0.
//!
//! The last column of W2 and b2 begin at 0 and the last target is 0, so the last error, every gradient that comes of it and
//! every sum of squares it is added to are exactly those of a net without that output.

use model::{ConditionedMachine, Weights};
use schedule::{Purpose, Stream, Timestep};

use super::super::batch::{Level, Levels};
use super::{AdamStep, ErrorSums, Gauge, Split, Trainer};
use crate::isa::Isa;
use crate::{Job, Losses};

impl<'a> Trainer<'a> {
    /// A trainer of one machine for all timesteps, of a job without a skip.
    pub(crate) fn conditioned(job: &'a Job<'a>, isa: Isa, block: usize) -> Self {
        let levels = Levels::Same(level(job, job.schedule.last()));
        Self::with_inputs(job, isa, block, (job.set.inputs + 1, levels))
    }

    /// Starts the machine for all timesteps from these weights.
    pub(crate) fn begin_conditioned(&mut self, weights: &Weights) {
        self.begin(self.job.schedule.last(), weights);
    }

    /// Trains one pass (1-based) over the data, every sample at a timestep of its own, uniform over 1..=T.
    /// Stream: (seed, timesteps, pass, 0).
    pub(crate) fn pass(&mut self, pass: usize) {
        let job = self.job;
        self.epoch.restart_pass(job, pass);
        let mut stream = Stream::new(job.settings.seed, Purpose::Timesteps, pass as u64, 0);
        let levels: Vec<Level> = job.schedule.timesteps().map(|t| level(job, t)).collect();
        let drawn = (0..job.set.train_len()).map(|_| levels[stream.below(levels.len() as u64) as usize]);
        self.levels = Levels::Each(drawn.collect());
        let (steps, all) = (job.steps_per_epoch(), job.passes() * job.steps_per_epoch());
        let rate = job.settings.learning_rates[job.schedule.last().index()];
        let factor = 2.0 / (job.settings.batch * job.set.inputs) as f64;
        self.walk(|trainer, step| {
            let step = (pass - 1) * steps + step;
            trainer.descend(|_| AdamStep::new(step, rate * job.settings.decay.factor(step, all), factor));
        });
    }

    /// Looks at the machine as that of t, without a change to it.
    pub(crate) fn look_at(&mut self, t: Timestep) {
        self.t = t;
        self.wiring = self.job.parametrisation(t);
        self.levels = Levels::Same(level(self.job, t));
        self.epoch.begin(self.job, t);
        self.gauge = Gauge::new(self.job, &self.wiring);
    }

    /// The losses at t after as many passes as `epoch` epochs of a bank are, on the noise that the bank's machine of t has then.
    ///
    /// Of the training samples as many are looked at as there are test samples, the first of the epoch's order.
    pub(crate) fn losses_at(&mut self, t: Timestep, epoch: usize) -> Losses {
        self.look_at(t);
        self.epoch.restart(self.job, t, epoch);
        let set = self.job.set;
        let looked_at = set.train_len().min(set.test_len());
        let (train, _) = self.evaluate(Split::Train, looked_at);
        let (test, skip_test) = self.evaluate(Split::Test, set.test_len());
        let (validation, _) = self.evaluate(Split::Validation, set.validation_len());
        let losses = self.job.losses(&self.wiring, ErrorSums { train, validation, test, skip_test });
        Losses { train: self.wiring.mse(train / looked_at as f64, 0.0), classes: self.class_reading(), ..losses }
    }
}

fn level(job: &Job<'_>, t: Timestep) -> Level {
    let forward = job.schedule.forward(t);
    let time = ConditionedMachine::time(t, job.schedule.len());
    Level { signal: forward.signal as f32, noise: forward.noise as f32, time }
}
