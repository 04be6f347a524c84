//! Trains the machines that the run folder does not hold yet and keeps each as it is done.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use model::checkpoint::{self, Checkpoint, History};
use model::{Bank, Device, Machine};
use schedule::Timestep;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use train::{Losses, Observer};

use super::bench::Bench;
use crate::DriverError;
use crate::folder::RunFolder;
use crate::terminal::{Progress, Terminal};

/// The wall-clock of one machine, as a row of `timing.csv`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct TimingRow {
    /// Timestep.
    t: usize,
    /// From the start of its training to its checkpoint; machines trained side by side overlap.
    seconds: f64,
    /// The device it was trained on.
    device: String,
    /// Threads of the run.
    threads: usize,
}

/// Identifies everything that the machine of t depends on: the same key means the same machine, to the bit on the
/// host engine of one instruction set.
fn key(bench: &Bench, t: Timestep) -> String {
    let train = &bench.experiment.train;
    let facts = format!(
        "format {} | alpha_bar {:?} beta {:?} | {:?} | epochs {} batch {} rate {:?} {:?} {:?} | data {} | seed {} | t {t}",
        checkpoint::FORMAT,
        bench.schedule.alpha_bar(t),
        bench.schedule.beta(t),
        bench.config,
        train.epochs,
        train.batch,
        train.learning_rate.at(t.get()),
        train.decay,
        train.loss,
        bench.dataset.digest,
        bench.experiment.seed,
    );
    super::manifest::hex(&Sha256::digest(facts))
}

/// Trains those of `timesteps` whose checkpoint is missing or belongs to another configuration.
///
/// # Errors
/// The first failure by timestep; the machines that were finished are kept.
pub(crate) fn train(
    bench: &Bench,
    folder: &RunFolder,
    timesteps: &[Timestep],
    device: Device,
    threads: usize,
    terminal: Terminal,
) -> Result<(), DriverError> {
    let missing: Vec<Timestep> = timesteps.iter().copied().filter(|&t| kept(bench, folder, t).is_none()).collect();
    if missing.len() < timesteps.len() {
        terminal.say(format_args!(
            "{} of {} machines are there already",
            timesteps.len() - missing.len(),
            timesteps.len()
        ));
    }
    if missing.is_empty() {
        return Ok(());
    }
    let total = (missing.len() * bench.experiment.train.epochs) as u64;
    let keeper = Keeper {
        bench,
        folder,
        progress: terminal.progress("training", total),
        started: Mutex::default(),
        seconds: Mutex::default(),
    };
    let result = train::train(&bench.job(), &missing, device, threads, &keeper);
    keeper.progress.finish();
    let seconds = keeper.seconds.into_inner().unwrap_or_else(PoisonError::into_inner);
    record_times(folder, seconds, device, threads)?;
    Ok(result?)
}

/// The learning curves of the machines that the folder holds for this configuration, by timestep.
pub(crate) fn curves(bench: &Bench, folder: &RunFolder) -> Vec<(Timestep, History)> {
    bench.schedule.timesteps().filter_map(|t| Some((t, kept(bench, folder, t)?.history))).collect()
}

/// The checkpoint of t, if it can be read and belongs to this configuration.
fn kept(bench: &Bench, folder: &RunFolder, t: Timestep) -> Option<Checkpoint> {
    let checkpoint = checkpoint::read(&folder.machines().join(Bank::file_name(t))).ok()?;
    (checkpoint.key == key(bench, t)).then_some(checkpoint)
}

/// Writes every finished machine to the run folder and counts the epochs.
struct Keeper<'a> {
    bench: &'a Bench,
    folder: &'a RunFolder,
    progress: Progress,
    started: Mutex<BTreeMap<usize, Instant>>,
    seconds: Mutex<BTreeMap<usize, f64>>,
}

impl Observer for Keeper<'_> {
    fn started(&self, t: Timestep) {
        self.started.lock().unwrap_or_else(PoisonError::into_inner).insert(t.get(), Instant::now());
    }

    fn epoch(&self, _: Timestep, _: usize, _: Losses) {
        self.progress.advance(1);
    }

    fn finished(
        &self,
        t: Timestep,
        machine: Machine,
        history: History,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let last = history.test.last().copied().unwrap_or(f64::NAN);
        let alpha_bar = self.bench.schedule.alpha_bar(t);
        let checkpoint = Checkpoint { t: t.get(), alpha_bar, key: key(self.bench, t), machine, history };
        self.folder.write(&format!("machines/{}", Bank::file_name(t)), checkpoint::write(&checkpoint)?)?;
        let started = self.started.lock().unwrap_or_else(PoisonError::into_inner).remove(&t.get());
        if let Some(start) = started {
            let seconds = start.elapsed().as_secs_f64();
            self.seconds.lock().unwrap_or_else(PoisonError::into_inner).insert(t.get(), seconds);
        }
        self.progress.remark(format!("t = {t}: test MSE {last:.3e}"));
        Ok(())
    }
}

/// Adds the times of the machines just trained to `timing.csv`.
fn record_times(
    folder: &RunFolder,
    seconds: BTreeMap<usize, f64>,
    device: Device,
    threads: usize,
) -> Result<(), DriverError> {
    let mut rows: BTreeMap<usize, TimingRow> = BTreeMap::new();
    if let Some(text) = folder.read_if_present(RunFolder::TIMING)? {
        // Times are a convenience: rows that cannot be read are left out rather than ending the run.
        let known = csv::Reader::from_reader(text.as_bytes()).into_deserialize::<TimingRow>().filter_map(Result::ok);
        rows.extend(known.map(|row| (row.t, row)));
    }
    rows.extend(
        seconds
            .into_iter()
            .map(|(t, seconds)| (t, TimingRow { t, seconds, device: device.name().to_owned(), threads })),
    );
    let rows: Vec<TimingRow> = rows.into_values().collect();
    folder.write(RunFolder::TIMING, analysis::to_csv(&rows)?)
}
