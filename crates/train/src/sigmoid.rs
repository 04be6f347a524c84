//! The training of layers of sigmoids by plain gradient descent, one layer a thread.

mod trainer;

use schedule::Timestep;

use crate::course::Course;
use crate::host::board::train_each;
use crate::{Job, MachineError, Observer, TrainError, Wish};
use trainer::Trainer;

/// By what a layer's weights are moved: W += rate mean x^T e, b += rate mean e over a batch, with eps_hat = tanh((x W + b) / 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// e = eps - eps_hat, without the slope of the sigmoid.  Widrow and Hoff 1960.
    Delta,
    /// e = (eps - eps_hat) (1 - eps_hat^2) / 2, the gradient of (eps - eps_hat)^2 / 2.
    Gradient,
}

/// Trains the layers of `timesteps`, each on one of `threads` threads, and hands each to the observer as it is done.
///
/// The job is that of machines of [`MachineConfig::LAYER`](model::MachineConfig::LAYER); layers start from 0, and are short
/// work, so that none is ever left midway.  No number depends on the threads or on which layers are trained together.
///
/// # Errors
/// [`TrainError::Machines`] with every layer that failed, after the others were trained; [`TrainError::Interrupted`]
/// after a [`Wish::End`]; any other error ends the training.
pub fn train_layers(
    job: &Job<'_>,
    rule: Rule,
    timesteps: &[Timestep],
    threads: usize,
    observer: &dyn Observer,
) -> Result<(), TrainError> {
    let trainer = || Trainer::new(job, rule);
    train_each(timesteps, threads, observer, trainer, |trainer, turn| Some(train_one(trainer, job, turn.t(), observer)))
}

/// The outer error ends the training of all layers, the inner one is this layer's alone.
fn train_one(
    trainer: &mut Trainer<'_>,
    job: &Job<'_>,
    t: Timestep,
    observer: &dyn Observer,
) -> Result<Result<(), MachineError>, TrainError> {
    observer.started(t);
    trainer.begin(t);
    let mut course = Course::new(job, t);
    for epoch in 1..=job.epochs(t) {
        let losses = trainer.epoch(epoch);
        if let Some(Err(failure)) = losses.map(|losses| course.evaluated(epoch, losses)) {
            return Ok(Err(failure));
        }
        observer.epoch(t, epoch, losses);
        if epoch < job.epochs(t) && observer.wish(t) == Wish::End {
            return Err(TrainError::Interrupted);
        }
    }
    observer.finished(t, trainer.layer().into(), course.into_history()).map_err(TrainError::Observer)?;
    Ok(Ok(()))
}
