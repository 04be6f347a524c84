//! The training of one machine for all timesteps, with as many steps as a bank's T machines have together.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use model::checkpoint::{ConditionedMidway, History};
use model::{ConditionedMachine, Weights};
use schedule::Timestep;

use super::trainer::{EVALUATION_BLOCK, Trainer};
use crate::course::Course;
use crate::isa::Isa;
use crate::{ConditionedObserver, FailedMachines, Job, MachineError, TrainError, Wish};

/// Trains the machine on one thread, and measures it at the timesteps on `threads`.
pub(crate) fn train(job: &Job<'_>, threads: usize, observer: &dyn ConditionedObserver) -> Result<(), TrainError> {
    let mut training = Training::begin(job, threads, observer)?;
    loop {
        if let Some(epoch) = training.due() {
            training.measure(epoch)?;
        }
        if training.done == job.passes() {
            break;
        }
        training.done += 1;
        training.trainer.pass(training.done);
        observer.pass(training.done);
        let wish = observer.wish();
        if wish != Wish::GoOn {
            training.keep()?;
        }
        if wish == Wish::End {
            return Err(TrainError::Interrupted);
        }
    }
    let machine = ConditionedMachine::new(job.schedule.len(), &training.trainer.weights());
    let curves = training.courses.into_iter().map(Course::into_history).collect();
    observer.finished(machine, curves).map_err(TrainError::Observer)
}

struct Training<'a> {
    job: &'a Job<'a>,
    threads: usize,
    observer: &'a dyn ConditionedObserver,
    trainer: Trainer<'a>,
    /// Of every t.
    courses: Vec<Course>,
    /// Passes trained.
    done: usize,
}

impl<'a> Training<'a> {
    /// From initial weights, or where it was left.
    fn begin(job: &'a Job<'a>, threads: usize, observer: &'a dyn ConditionedObserver) -> Result<Self, TrainError> {
        let (inputs, hidden) = (job.set.inputs, job.config.hidden);
        let trainer = Trainer::conditioned(job, Isa::detect(), EVALUATION_BLOCK);
        let courses = job.schedule.timesteps().map(|t| Course::new(job, t)).collect();
        let mut training = Self { job, threads, observer, trainer, courses, done: 0 };
        match observer.left_off().map_err(TrainError::Observer)? {
            Some(midway) => training.go_on(midway)?,
            None => {
                training.trainer.begin_conditioned(&Weights::init_conditioned(inputs, hidden, job.settings.seed));
            }
        }
        if training.done == 0 && training.courses.iter().all(|course| course.history().class_gain.is_empty()) {
            training.read_classes()?;
        }
        Ok(training)
    }

    /// What the machine knows of two classes before its training.
    fn read_classes(&mut self) -> Result<(), TrainError> {
        let readings = self.at_all_timesteps(|trainer, t| {
            trainer.look_at(t);
            trainer.class_reading()
        })?;
        self.courses.iter_mut().zip(readings).for_each(|(course, reading)| course.begun(reading));
        Ok(())
    }

    fn go_on(&mut self, ConditionedMidway { state, curves }: ConditionedMidway) -> Result<(), TrainError> {
        let (job, timesteps) = (self.job, self.job.schedule.len());
        let fits = state.fits(job.config, job.set.inputs + 1) && state.done <= job.passes();
        if !fits || ![0, timesteps].contains(&curves.len()) {
            return Err(TrainError::ConditionedMidway);
        }
        self.trainer.resume(job.schedule.last(), &state);
        self.done = state.done;
        if !curves.is_empty() {
            let resumed = job.schedule.timesteps().zip(curves).map(|(t, curve)| Course::resumed(job, t, curve).0);
            self.courses = resumed.collect();
        }
        Ok(())
    }

    /// The epoch of a bank that has just ended, if the losses are to be measured after it and were not.
    fn due(&self) -> Option<usize> {
        let (timesteps, last) = (self.job.schedule.len(), self.job.schedule.last());
        let epoch = self.done / timesteps;
        let ends = self.done > 0 && self.done.is_multiple_of(timesteps) && self.job.evaluates(last, epoch);
        let measured = self.courses.first().and_then(|course| course.history().epoch.last().copied());
        (ends && measured != Some(epoch)).then_some(epoch)
    }

    fn measure(&mut self, epoch: usize) -> Result<(), TrainError> {
        let losses = self.at_all_timesteps(|trainer, t| trainer.losses_at(t, epoch))?;
        for ((course, losses), t) in self.courses.iter_mut().zip(losses).zip(self.job.schedule.timesteps()) {
            if course.evaluated(epoch, losses).is_err() {
                let failed = FailedMachines::check(vec![MachineError::Conditioned { t: t.get(), epoch }]);
                return failed.map_err(TrainError::from);
            }
        }
        Ok(())
    }

    /// What `look` finds at every t, on all threads: no finding depends on another.
    fn at_all_timesteps<X: Send>(
        &mut self,
        look: impl Fn(&mut Trainer<'_>, Timestep) -> X + Sync,
    ) -> Result<Vec<X>, TrainError> {
        let (job, observer, weights) = (self.job, self.observer, self.trainer.weights());
        let timesteps: Vec<Timestep> = job.schedule.timesteps().collect();
        let (next, ended, found) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(BTreeMap::new()));
        let work = |trainer: &mut Trainer<'_>| {
            while let Some(&t) = timesteps.get(next.fetch_add(1, Ordering::Relaxed)) {
                if observer.wish() == Wish::End {
                    ended.store(true, Ordering::Relaxed);
                    break;
                }
                let one = look(trainer, t);
                found.lock().unwrap_or_else(PoisonError::into_inner).insert(t, one);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.threads.clamp(1, timesteps.len()) {
                scope.spawn(|| {
                    let mut trainer = Trainer::conditioned(job, Isa::detect(), EVALUATION_BLOCK);
                    trainer.begin_conditioned(&weights);
                    work(&mut trainer);
                });
            }
            work(&mut self.trainer);
        });
        if ended.into_inner() {
            self.keep()?;
            return Err(TrainError::Interrupted);
        }
        Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect())
    }

    fn keep(&self) -> Result<(), TrainError> {
        let state = self.trainer.midway(self.done, None, History::default());
        let curves: Vec<History> = self.courses.iter().map(|course| course.history().clone()).collect();
        self.observer.midway(&ConditionedMidway { state, curves }).map_err(TrainError::Observer)
    }
}
