//! The host engine: one machine a thread, everything it needs resident with that thread.

mod batch;
pub(crate) mod board;
pub(crate) mod conditioned;
mod descend;
mod kernels;
mod local;
mod outer;
mod panels;
mod product;
mod tile;
mod trainer;
mod upcoming;
mod weighted;

use schedule::Timestep;

use crate::course::Course;
use crate::isa::Isa;
use crate::{Job, MachineError, Observer, TrainError, Wish};
use board::Outcome;
pub(crate) use trainer::{EVALUATION_BLOCK, Trainer};

/// Trains the machines of `timesteps`, parents before their children, on `threads` threads.
pub(crate) fn train(
    job: &Job<'_>,
    timesteps: &[Timestep],
    threads: usize,
    observer: &dyn Observer,
) -> Result<(), TrainError> {
    let isa = Isa::detect();
    let trainer = || Trainer::new(job, isa, EVALUATION_BLOCK);
    board::train_each(timesteps, threads, observer, trainer, |trainer, turn| {
        let t = turn.t();
        let parent = job.lineage().parent(t);
        let outcome = parent.map_or(Some(Outcome::Trained), |parent| turn.wait_for(parent))?;
        Some(match parent.filter(|_| outcome == Outcome::Failed) {
            Some(parent) => Ok(Err(MachineError::Neighbour { t: t.get(), neighbour: parent.get() })),
            None => train_one(trainer, job, t, observer),
        })
    })
}

/// The outer error ends the training of all machines, the inner one is this machine's alone.
fn train_one(
    trainer: &mut Trainer<'_>,
    job: &Job<'_>,
    t: Timestep,
    observer: &dyn Observer,
) -> Result<Result<(), MachineError>, TrainError> {
    observer.started(t);
    let (mut course, mut best, done) = match job.left_off(t, observer)? {
        Some(state) => {
            trainer.resume(t, &state);
            let (course, ended) = Course::resumed(job, t, state.history);
            (course, state.best, if ended { job.epochs(t) } else { state.done })
        }
        None => {
            trainer.begin(t, &job.starting_weights(t, observer)?);
            let mut course = Course::new(job, t);
            course.begun(trainer.class_reading());
            (course, None, 0)
        }
    };
    for epoch in done + 1..=job.epochs(t) {
        let losses = trainer.epoch(epoch);
        let verdict = match losses.map(|losses| course.evaluated(epoch, losses)) {
            Some(Err(failure)) => return Ok(Err(failure)),
            Some(Ok(verdict)) => Some(verdict),
            None => None,
        };
        observer.epoch(t, epoch, losses);
        if verdict.is_some_and(|verdict| verdict.best) {
            best = Some(trainer.weights());
        }
        if epoch == job.epochs(t) || verdict.is_some_and(|verdict| verdict.stop) {
            break;
        }
        let wish = observer.wish(t);
        if wish != Wish::GoOn {
            let state = trainer.midway(epoch, best.clone(), course.history().clone());
            observer.midway(t, &state).map_err(TrainError::Observer)?;
        }
        if wish == Wish::End {
            return Err(TrainError::Interrupted);
        }
    }
    let machine = trainer.wiring().machine(&best.unwrap_or_else(|| trainer.weights()));
    observer.finished(t, machine.into(), course.into_history()).map_err(TrainError::Observer)?;
    Ok(Ok(()))
}
