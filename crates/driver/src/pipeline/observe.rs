//! Measures the observables of a run and writes their tables.

use std::path::Path;

use analysis::lab::{ClassRule, Classifier, Lab, Settings};
use analysis::observables::{Named, Observable, ObservableRow, TransitionRow, observables, select};
use analysis::{
    AnalysisError, MetricRow, Run, Table, TrainingRow, read_rows_if_present, read_table, read_table_if_present,
    samples_from_bytes, to_csv,
};
use data::Frame;
use model::Denoiser;

use super::bench::Bench;
use super::freshness::Freshness;
use super::models;
use super::principal::Principal;
use crate::DriverError;
use crate::config::Machines;
use crate::folder::RunFolder;
use crate::terminal::Terminal;

/// What is to be measured.
pub(crate) struct Wanted<'a> {
    /// Words that name observables.
    pub(crate) words: &'a [String],
    /// Whether tables that are up to date are measured again.
    pub(crate) anew: bool,
    /// Identifies the run's model.
    pub(crate) model: &'a str,
}

/// Measures the observables wanted that the run has, and returns the names of those whose tables are there.
///
/// # Errors
/// A word that names none, a machine that is missing, a table that cannot be written.
pub(crate) fn observe(
    bench: &Bench,
    folder: &RunFolder,
    wanted: &Wanted<'_>,
    terminal: Terminal,
) -> Result<Vec<&'static str>, DriverError> {
    let chosen = select(wanted.words)?;
    if !wanted.anew {
        give_up_damaged_transitions(folder, terminal)?;
    }
    let mut freshness = Freshness::read(bench, folder, wanted.model)?;
    let is_fresh = |observable: &&dyn Observable| !wanted.anew && freshness.is_fresh(observable.name());
    let (there, missing): (Vec<_>, Vec<_>) = chosen.into_iter().partition(is_fresh);
    let mut names: Vec<&'static str> = there.iter().map(|observable| observable.name()).collect();
    if !names.is_empty() {
        terminal.say(format_args!("up to date: {}", names.join(", ")));
    }
    if !missing.is_empty() {
        names.extend(measure(bench, folder, &missing, &mut freshness, terminal)?);
    }
    names.sort_by_key(|name| rank(name));
    Ok(names)
}

/// Removes transitions that cannot be read: all that they are made of is then measured again.
fn give_up_damaged_transitions(folder: &RunFolder, terminal: Terminal) -> Result<(), DriverError> {
    let Err(error) = read_table_if_present::<TransitionRow>(folder.root()) else { return Ok(()) };
    let AnalysisError::Row { path, .. } = &error else { return Err(error.into()) };
    terminal.warn(format_args!("{error}; measured again"));
    std::fs::remove_file(path).map_err(DriverError::io(path, "cannot be removed"))
}

/// Builds the lab and measures in it.
fn measure(
    bench: &Bench,
    folder: &RunFolder,
    chosen: &[&'static dyn Observable],
    freshness: &mut Freshness<'_>,
    terminal: Terminal,
) -> Result<Vec<&'static str>, DriverError> {
    let principal = Principal::of(bench);
    let metrics: Vec<MetricRow> = read_table(folder.root())?;
    let training: Vec<TrainingRow> = read_table_if_present(folder.root())?;
    // An exact law lives in the principal frame; machines may live elsewhere and are turned.
    let frame = &principal.frame;
    let bank = models::bank(bench, folder)?.map(|bank| bank.seen_from(frame, &bench.schedule));
    let truth = models::truth(bench, frame)?;
    let law;
    let denoiser: &dyn Denoiser = match &bank {
        Some(bank) => bank,
        None => {
            law = models::denoiser(bench, folder)?;
            &*law
        }
    };
    let model = Named { name: bench.experiment.model.name(), denoiser };
    let mut lab = Lab::new(&bench.schedule, principal.data(bench), model, settings(bench));
    match (&bank, bench.machines()) {
        (Some(_), Some(Machines::Sigmoid { .. })) => lab = lab.with_curves(&metrics, &training),
        (Some(bank), _) => lab = lab.with_machines(bank, &metrics, &training),
        (None, _) => {}
    }
    if let Some(truth) = &truth {
        lab = lab.with_truth(truth);
    }
    let samples = samples(bench, folder, frame)?;
    if let Some(samples) = &samples {
        lab = lab.with_samples(samples);
    }
    if let Some(Machines::Sigmoid { .. }) = bench.machines() {
        say_what_is_left_out(&lab, chosen, terminal);
    }
    measure_in(&lab, folder, chosen, freshness, terminal)
}

/// The samples of the run in the frame of the lab, where there are any.
fn samples(bench: &Bench, folder: &RunFolder, frame: &Frame) -> Result<Option<Vec<f32>>, DriverError> {
    let path = folder.root().join(Run::SAMPLES_FILE);
    if bench.experiment.sample.count == 0 || !path.exists() {
        return Ok(None);
    }
    let bytes = std::fs::read(&path).map_err(DriverError::io(&path, "cannot be read"))?;
    let shown = samples_from_bytes(&path, &bytes)?;
    if shown.dim() != bench.dim() {
        let message = format!("{}: {} coordinates, the data have {}", path.display(), shown.dim(), bench.dim());
        return Err(DriverError::Message(message));
    }
    let x: Vec<f32> = shown.values().iter().map(|value| value - bench.dataset.shift).collect();
    Ok(Some(frame.project(&x, 1.0)))
}

/// Names what cannot be measured of machines without a hidden layer, or of these data.
fn say_what_is_left_out(lab: &Lab<'_>, chosen: &[&'static dyn Observable], terminal: Terminal) {
    let left_out = chosen.iter().filter(|observable| observable.work(lab).is_none());
    let names: Vec<&str> = left_out.map(|observable| observable.name()).collect();
    if !names.is_empty() {
        let why = "they need a hidden layer, or classes that these data do not have";
        terminal.say(format_args!("not measured, since {why}: {}", names.join(", ")));
    }
}

fn settings(bench: &Bench) -> Settings {
    let (experiment, analysis) = (&bench.experiment, &bench.experiment.analysis);
    Settings {
        trajectories: analysis.trajectories,
        times: analysis.times,
        resamples: analysis.resamples,
        seed: experiment.seed,
        variance: experiment.sample.variance,
    }
}

/// Every table is written as soon as it is measured.
fn measure_in(
    lab: &Lab<'_>,
    folder: &RunFolder,
    chosen: &[&'static dyn Observable],
    freshness: &mut Freshness<'_>,
    terminal: Terminal,
) -> Result<Vec<&'static str>, DriverError> {
    let mut names = Vec::new();
    for observable in chosen {
        let Some(work) = observable.work(lab) else { continue };
        let name = observable.name();
        let progress = terminal.progress(name, work);
        let measured = observable.measure(lab, &|units| progress.advance(units))?;
        progress.finish();
        folder.write(&format!("{}/{name}.csv", ObservableRow::FOLDER), to_csv(&measured.rows)?)?;
        let transitions: Vec<TransitionRow> =
            measured.transitions.into_iter().map(|row| TransitionRow { observable: name.to_owned(), ..row }).collect();
        keep_transitions(folder, name, transitions)?;
        freshness.note(name)?;
        names.push(name);
    }
    if let Some(ClassRule::Trained(classifier)) = lab.class_rule_if_made() {
        folder.write(Classifier::FILE, classifier.to_safetensors()?)?;
    }
    Ok(names)
}

/// The place of an observable in the registry.
fn rank(name: &str) -> Option<usize> {
    observables().iter().position(|observable| observable.name() == name)
}

/// Puts the transition times of one observable in the place of those it left before; in the order of the registry.
fn keep_transitions(folder: &RunFolder, name: &str, new: Vec<TransitionRow>) -> Result<(), DriverError> {
    let path = folder.root().join(TransitionRow::FILE);
    let mut rows: Vec<TransitionRow> = read_rows_if_present(Path::new(&path))?;
    rows.retain(|row| row.observable != name && rank(&row.observable).is_some());
    rows.extend(new);
    rows.sort_by_key(|row| rank(&row.observable));
    folder.write(TransitionRow::FILE, to_csv(&rows)?)
}
