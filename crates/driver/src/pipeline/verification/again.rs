//! Machines trained again from the run's settings and data, and compared with their files.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use model::checkpoint::{self, Checkpoint, History};
use model::{Device, Machine, ModelError, Net};
use schedule::{Purpose, Stream, Timestep};
use train::{Losses, MachineError, Observer, ObserverError, TrainError};

use super::{Checks, LOSS_TOLERANCE, Subject};
use crate::DriverError;
use crate::folder::RunFolder;
use crate::pipeline::problem::Problem;
use crate::pipeline::shelf::{Shelf, file};
use crate::pipeline::timing;
use crate::terminal::Progress;

/// Which machines are trained again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw {
    /// How many.
    pub(crate) count: usize,
    /// The seed of the stream (seed, choice, 0, 0) that they are drawn from.
    pub(crate) seed: u64,
}

impl Draw {
    /// Some of `all`, in order.
    fn of(self, all: &[Timestep]) -> Vec<Timestep> {
        let order = Stream::new(self.seed, Purpose::Choice, 0, 0).permutation(all.len());
        let mut chosen: Vec<Timestep> = order.into_iter().take(self.count).map(|i| all[i as usize]).collect();
        chosen.sort_unstable();
        chosen
    }
}

/// Trains some of the machines of `sound` again, each from its parent's file where it has one, on the device that the run
/// trained it on.
///
/// # Errors
/// A device that is not there, a file that cannot be read.
pub(crate) fn train_again(
    subject: &Subject<'_>,
    (problem, shelf): (&Problem<'_>, &Shelf<'_>),
    sound: &[Timestep],
    draw: Draw,
    checks: &mut Checks,
) -> Result<(), DriverError> {
    let job = problem.job();
    let has_parent = |t: &&Timestep| job.lineage().parent(**t).is_none_or(|parent| sound.contains(&parent));
    let chosen = draw.of(&sound.iter().filter(has_parent).copied().collect::<Vec<_>>());
    if chosen.is_empty() {
        checks.note("no machine was trained again, since none is known to be sound");
        return Ok(());
    }
    let mut groups: BTreeMap<&'static str, (Device, Vec<Timestep>)> = BTreeMap::new();
    for (&t, device) in chosen.iter().zip(devices(subject, &chosen)?) {
        device.check()?;
        groups.entry(device.name()).or_insert((device, Vec::new())).1.push(t);
    }
    let total: usize = chosen.iter().map(|&t| job.epochs(t)).sum();
    let progress = subject.terminal.progress("training", total as u64);
    for (device, timesteps) in groups.into_values() {
        let exact = subject.same_isa() && !matches!(device, Device::Cuda | Device::CudaHostNoise);
        let comparer = Comparer { subject, shelf, exact, progress: &progress, outcomes: Mutex::default() };
        match problem.train(&timesteps, (device, subject.threads), &comparer) {
            Ok(()) | Err(TrainError::Machines(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let outcomes = comparer.outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
        checks.done("trained", described(&outcomes, device));
        checks.trained_again.extend(outcomes.keys().map(|t| t.get()));
        for (t, outcome) in outcomes {
            if let Outcome::Other(what) = outcome {
                checks.found(&file(t), format!("trained again, {what}"));
            }
        }
    }
    checks.trained_again.sort_unstable();
    progress.finish();
    Ok(())
}

/// The device of each of `timesteps`: `timing.csv` knows it where machines of one run were trained on several.
fn devices(subject: &Subject<'_>, timesteps: &[Timestep]) -> Result<Vec<Device>, DriverError> {
    let known = timing::read(subject.folder)?;
    let device = |t: &Timestep| {
        let name = known.get(&t.get()).map_or(&subject.manifest.device, |row| &row.device);
        let all = [Device::Host, Device::Ndarray, Device::Cuda, Device::CudaHostNoise];
        let unknown = || {
            let path: PathBuf = subject.folder.root().join(RunFolder::MANIFEST);
            let message =
                format!("{}: device: `{name}` is none, use host, ndarray, cuda or cuda_host_noise", path.display());
            DriverError::Message(message)
        };
        all.into_iter().find(|device| device.name() == name).ok_or_else(unknown)
    };
    timesteps.iter().map(device).collect()
}

/// How a machine came out.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    SameBytes,
    /// The largest relative difference of a loss.
    SameLosses(f64),
    Other(String),
}

impl Outcome {
    /// Of a machine whose bytes are others, by the largest difference of its losses; `exact` where they had to be the same.
    pub(super) fn of_other_bytes(difference: Option<f64>, exact: bool) -> Self {
        match difference {
            Some(difference) if !exact && difference <= LOSS_TOLERANCE => Self::SameLosses(difference),
            Some(difference) => {
                Self::Other(format!("it has other bytes; its losses differ by {difference:.1e} of their size at most"))
            }
            None => Self::Other("it has losses at other epochs".to_owned()),
        }
    }
}

fn described(outcomes: &BTreeMap<Timestep, Outcome>, device: Device) -> String {
    let ranges = |of: &dyn Fn(&Outcome) -> bool| {
        let chosen = outcomes.iter().filter(|(_, outcome)| of(outcome)).map(|(t, _)| t.get());
        train::ranges(&chosen.collect::<Vec<_>>())
    };
    let largest = outcomes.values().filter_map(|outcome| match outcome {
        Outcome::SameLosses(difference) => Some(*difference),
        _ => None,
    });
    let parts = [
        (ranges(&|outcome| *outcome == Outcome::SameBytes), "the same bytes".to_owned()),
        (
            ranges(&|outcome| matches!(outcome, Outcome::SameLosses(_))),
            format!("the same losses to {:.1e} ({LOSS_TOLERANCE:e} is allowed)", largest.fold(0.0, f64::max)),
        ),
        (ranges(&|outcome| matches!(outcome, Outcome::Other(_))), "another machine".to_owned()),
    ];
    let said = parts.iter().filter(|(t, _)| !t.is_empty()).map(|(t, what)| format!("t = {t}: {what}"));
    let said: Vec<String> = said.collect();
    format!("again on the {} device: {}", device.name(), said.join("; "))
}

/// Compares every machine with its file as soon as it is trained, and hands out parents from their files.
struct Comparer<'a> {
    subject: &'a Subject<'a>,
    shelf: &'a Shelf<'a>,
    /// Whether the bytes must be the same.
    exact: bool,
    progress: &'a Progress,
    outcomes: Mutex<BTreeMap<Timestep, Outcome>>,
}

impl Comparer<'_> {
    fn note(&self, t: Timestep, outcome: Outcome) {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(t, outcome);
    }

    fn compare(&self, t: Timestep, machine: Net, history: History) -> Result<Outcome, DriverError> {
        let (alpha_bar, key) = (self.subject.bench.schedule.alpha_bar(t), self.shelf.key_of(t).to_owned());
        let made = Checkpoint { t: t.get(), alpha_bar, key, machine, history };
        if checkpoint::write(&made)? == self.subject.read(&file(t))? {
            return Ok(Outcome::SameBytes);
        }
        let there = checkpoint::read(&self.subject.folder.root().join(file(t)))?;
        Ok(Outcome::of_other_bytes(difference(&made.history, &there.history), self.exact))
    }
}

/// The largest relative difference of two losses; `None` where they were not measured after the same epochs.
pub(super) fn difference(one: &History, other: &History) -> Option<f64> {
    let curves = |of: &History| [of.train.clone(), of.test.clone(), of.validation.clone(), of.wiener_test.clone()];
    let (a, b) = (curves(one), curves(other));
    let lengths = |curves: &[Vec<f64>; 4]| curves.each_ref().map(Vec::len);
    if (&one.epoch, one.kept, lengths(&a)) != (&other.epoch, other.kept, lengths(&b)) {
        return None;
    }
    let relative = |(a, b): (&f64, &f64)| if a == b { 0.0 } else { (a - b).abs() / a.abs().max(b.abs()) };
    let all = a.iter().flatten().zip(b.iter().flatten()).map(relative);
    Some(all.fold(0.0, |most, here| if here.is_nan() { f64::INFINITY } else { f64::max(most, here) }))
}

impl Observer for Comparer<'_> {
    fn started(&self, _: Timestep) {}

    fn epoch(&self, _: Timestep, _: usize, _: Option<Losses>) {
        self.progress.advance(1);
    }

    fn finished(&self, t: Timestep, machine: Net, history: History) -> Result<(), ObserverError> {
        self.note(t, self.compare(t, machine, history)?);
        Ok(())
    }

    fn failed(&self, t: Timestep, error: &MachineError) {
        self.note(t, Outcome::Other(format!("it fails ({error})")));
    }

    fn trained(&self, t: Timestep) -> Result<Machine, ObserverError> {
        let there = checkpoint::read(&self.subject.folder.root().join(file(t)))?.machine;
        there.autoencoder().ok_or_else(|| ModelError::NoHiddenLayer { t: t.get() }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_keyed_ordered_and_never_larger_than_what_there_is() {
        let schedule = schedule::Schedule::new(schedule::Law::Cosine, 50).unwrap();
        let all: Vec<Timestep> = schedule.timesteps().collect();
        let draw = |count, seed| Draw { count, seed }.of(&all);
        assert!(draw(5, 1).is_sorted() && draw(5, 1).len() == 5);
        assert_eq!(draw(5, 1), draw(5, 1));
        assert_ne!(draw(5, 1), draw(5, 2));
        assert_eq!(draw(99, 1), all);
        assert!(draw(0, 1).is_empty());
    }

    #[test]
    fn the_difference_of_two_curves_is_that_of_their_farthest_losses() {
        let one =
            History { epoch: vec![1, 2], kept: 2, train: vec![1.0, 0.5], test: vec![1.0, 0.8], ..History::default() };
        let other = History { test: vec![1.0, 0.8 * (1.0 + 1e-3)], ..one.clone() };
        assert_eq!(difference(&one, &one), Some(0.0));
        let found = difference(&one, &other).unwrap();
        assert!((found - 1e-3).abs() < 2e-6, "{found}");
        assert_eq!(difference(&one, &History { kept: 1, ..one.clone() }), None);
        assert_eq!(difference(&one, &History { test: vec![1.0, f64::NAN], ..one.clone() }), Some(f64::INFINITY));
    }
}
