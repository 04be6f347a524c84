//! Measures the observables of a run and writes their tables.

use std::path::Path;

use analysis::lab::{ClassRule, Classifier, Lab, Settings};
use analysis::observables::{Named, Observable, ObservableRow, TransitionRow, observables, select};
use analysis::{
    AnalysisError, MetricRow, Table, TrainingRow, read_rows_if_present, read_table, read_table_if_present, to_csv,
};
use model::{Bank, Denoiser};

use super::bench::Bench;
use super::freshness::Freshness;
use super::models;
use super::principal::Principal;
use crate::DriverError;
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
    let bank = Bank::open(&folder.machines(), bench.dim()).seen_from(&principal.frame, &bench.schedule);
    let (own, truth) = (models::denoiser(bench, folder)?, models::truth(bench, &principal.frame)?);
    // An exact law lives in the principal frame; machines may live elsewhere and are turned.
    let denoiser: &dyn Denoiser = if bench.machines().is_some() { &bank } else { &*own };
    let model = Named { name: bench.experiment.model.name(), denoiser };
    let mut lab = Lab::new(&bench.schedule, principal.data(bench), model, settings(bench));
    if bench.machines().is_some() {
        lab = lab.with_machines(&bank, &metrics, &training);
    }
    if let Some(truth) = &truth {
        lab = lab.with_truth(truth);
    }
    measure_in(&lab, folder, chosen, freshness, terminal)
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
