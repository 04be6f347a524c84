//! The one machine for all timesteps of a run: readable, of the run's settings, and the same when it is trained again.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use model::ConditionedMachine;
use model::checkpoint::{ConditionedCheckpoint, History, conditioned_from_bytes};
use schedule::Timestep;
use train::{ConditionedObserver, ObserverError, TrainError};

use super::again::{Outcome, difference};
use super::machines::finite;
use super::{Checks, LOSS_TOLERANCE, Subject};
use crate::DriverError;
use crate::pipeline::conditioned::Conditioned;
use crate::pipeline::problem::Problem;
use crate::terminal::Progress;

/// Reads the machine that the manifest lists; the learning curves of a sound one, by timestep.
pub(crate) fn check(subject: &Subject<'_>, machine: &Conditioned<'_>, checks: &mut Checks) -> Vec<(Timestep, History)> {
    let schedule = &subject.bench.schedule;
    let mut curves = Vec::new();
    if !subject.manifest.outputs.contains_key(Conditioned::FILE) {
        checks.note("the run has no machine");
    } else if checks.is_sound(Conditioned::FILE) {
        match read(subject) {
            Err(error) => checks.found(Conditioned::FILE, format!("cannot be read ({error})")),
            Ok(there) => match fault(&there, machine.key(), schedule.len()) {
                Some(fault) => checks.found(Conditioned::FILE, fault),
                None => curves = schedule.timesteps().zip(there.curves).collect(),
            },
        }
    }
    let sound = usize::from(!curves.is_empty());
    checks.done("machines", format!("{sound} of 1 readable, with the key of config.toml"));
    curves
}

fn read(subject: &Subject<'_>) -> Result<ConditionedCheckpoint, DriverError> {
    Ok(conditioned_from_bytes(Path::new(Conditioned::FILE), &subject.read(Conditioned::FILE)?)?)
}

/// What is wrong with the machine of a run of `timesteps` timesteps.
fn fault(there: &ConditionedCheckpoint, key: &str, timesteps: usize) -> Option<String> {
    let ConditionedMachine { w1, b1, w2, b2, .. } = &there.machine;
    if there.key != key {
        Some("belongs to other settings or data than config.toml's (its key is another one)".to_owned())
    } else if there.machine.timesteps != timesteps {
        Some(format!("is for {} timesteps, the schedule has {timesteps}", there.machine.timesteps))
    } else if ![w1, b1, w2, b2].into_iter().all(|values| finite(values)) {
        Some("holds weights that are no numbers".to_owned())
    } else {
        None
    }
}

/// Trains the machine again: it is the one that there is to draw.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn train_again(
    subject: &Subject<'_>,
    (problem, machine): (&Problem<'_>, &Conditioned<'_>),
    checks: &mut Checks,
) -> Result<(), DriverError> {
    if !checks.is_sound(Conditioned::FILE) || !subject.manifest.outputs.contains_key(Conditioned::FILE) {
        checks.note("no machine was trained again, since none is known to be sound");
        return Ok(());
    }
    let job = problem.job();
    let progress = subject.terminal.progress("training", job.passes() as u64);
    let comparer = Comparer { subject, machine, progress: &progress, outcome: Mutex::default() };
    let failure = match train::train_conditioned(&job, subject.threads, &comparer) {
        Ok(()) => None,
        Err(TrainError::Machines(failed)) => Some(Outcome::Other(format!("it fails ({failed})"))),
        Err(error) => return Err(error.into()),
    };
    let outcome = comparer.outcome.into_inner().unwrap_or_else(PoisonError::into_inner).or(failure);
    progress.finish();
    let said = match outcome {
        Some(Outcome::SameBytes) => "the same bytes".to_owned(),
        Some(Outcome::SameLosses(most)) => format!("the same losses to {most:.1e} ({LOSS_TOLERANCE:e} is allowed)"),
        Some(Outcome::Other(what)) => {
            checks.found(Conditioned::FILE, format!("trained again, {what}"));
            "another machine".to_owned()
        }
        None => return Ok(()),
    };
    checks.done("trained", format!("again on the host device: the machine for all t: {said}"));
    checks.trained_again.extend(subject.bench.schedule.timesteps().map(Timestep::get));
    Ok(())
}

/// Compares the machine with its file once it is trained.
struct Comparer<'a> {
    subject: &'a Subject<'a>,
    machine: &'a Conditioned<'a>,
    progress: &'a Progress,
    outcome: Mutex<Option<Outcome>>,
}

impl Comparer<'_> {
    fn compare(&self, machine: ConditionedMachine, curves: Vec<History>) -> Result<Outcome, DriverError> {
        let there = self.subject.read(Conditioned::FILE)?;
        if self.machine.encode(machine, curves.clone())? == there {
            return Ok(Outcome::SameBytes);
        }
        let there = read(self.subject)?.curves;
        let all: Option<Vec<f64>> = curves.iter().zip(&there).map(|(one, other)| difference(one, other)).collect();
        let largest = all.filter(|_| curves.len() == there.len()).map(|all| all.into_iter().fold(0.0, f64::max));
        Ok(Outcome::of_other_bytes(largest, self.subject.same_isa()))
    }
}

impl ConditionedObserver for Comparer<'_> {
    fn pass(&self, _: usize) {
        self.progress.advance(1);
    }

    fn finished(&self, machine: ConditionedMachine, curves: Vec<History>) -> Result<(), ObserverError> {
        let outcome = self.compare(machine, curves)?;
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        Ok(())
    }
}
