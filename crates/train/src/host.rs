//! The host engine: one machine a thread, everything it needs resident with that thread.

mod kernels;
mod product;
mod trainer;
mod transpose;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use model::checkpoint::History;
use schedule::Timestep;

use crate::isa::Isa;
use crate::{Job, Observer, TrainError};
pub(crate) use trainer::Trainer;

/// Trains the machines of `timesteps`, in their order, on `threads` threads.
pub(crate) fn train(
    job: &Job<'_>,
    timesteps: &[Timestep],
    threads: usize,
    observer: &dyn Observer,
) -> Result<(), TrainError> {
    let isa = Isa::detect();
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let failures: Mutex<Vec<(Timestep, TrainError)>> = Mutex::new(Vec::new());
    let work = || {
        let mut trainer = Trainer::new(job, isa);
        while let Some(&t) = timesteps.get(next.fetch_add(1, Ordering::Relaxed)) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            if let Err(error) = train_one(&mut trainer, job, t, observer) {
                // A machine that diverges leaves the others alone; a machine that cannot be stored ends the run.
                stop.fetch_or(matches!(error, TrainError::Observer(_)), Ordering::Relaxed);
                failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((t, error));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.clamp(1, timesteps.len().max(1)) {
            scope.spawn(work);
        }
        work();
    });
    let mut failures = failures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    failures.sort_by_key(|(t, _)| *t);
    failures.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
}

fn train_one(trainer: &mut Trainer<'_>, job: &Job<'_>, t: Timestep, observer: &dyn Observer) -> Result<(), TrainError> {
    observer.started(t);
    trainer.begin(t);
    let mut history = History::default();
    for epoch in 1..=job.settings.epochs {
        let losses = trainer.epoch(epoch);
        if !(losses.train.is_finite() && losses.test.is_finite()) {
            return Err(TrainError::NotFinite { t: t.get(), epoch });
        }
        job.record(&mut history, losses);
        observer.epoch(t, epoch, losses);
    }
    observer.finished(t, trainer.machine(), history).map_err(TrainError::Observer)
}
