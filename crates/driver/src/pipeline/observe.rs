//! Measures the observables of a run and writes their tables.

use std::path::Path;

use analysis::lab::{ClassRule, Classifier, Lab, LabData, Settings, Truth};
use analysis::observables::{Named, Observable, ObservableRow, TransitionRow, observables, select};
use analysis::{MetricRow, Table, TrainingRow, read_rows_if_present, read_table, read_table_if_present, to_csv};
use data::Frame;
use model::{Bank, Mixture, Spiral};

use super::bench::Bench;
use super::dataset;
use crate::DriverError;
use crate::config::Data;
use crate::folder::RunFolder;
use crate::terminal::Terminal;

/// Arcs that the spiral's classes are: its inner and its outer half.
const ARCS: usize = 2;

/// Measures the observables named by `words` that the run has, and returns their names.
///
/// # Errors
/// A word that names none, a machine that is missing, a table that cannot be written.
pub(crate) fn observe(
    bench: &Bench,
    folder: &RunFolder,
    words: &[String],
    terminal: Terminal,
) -> Result<Vec<&'static str>, DriverError> {
    let chosen = select(words)?;
    let frame = Frame::Principal(bench.pca.clone());
    let (train, test) = (frame.project_samples(&bench.dataset.train), frame.project_samples(&bench.dataset.test));
    let data = LabData {
        frame: &frame,
        eigenvalues: &bench.pca.eigenvalues,
        train: &train,
        test: &test,
        shape: bench.dataset.shape,
        shift: bench.dataset.shift,
    };
    let bank = Bank::open(&folder.machines(), bench.dim()).seen_from(&frame, &bench.schedule);
    let metrics: Vec<MetricRow> = read_table(folder.root())?;
    let training: Vec<TrainingRow> = read_table_if_present(folder.root())?;
    let truth = truth(bench, &frame)?;
    let settings = Settings {
        trajectories: 1000,
        times: 20,
        resamples: 500,
        seed: bench.experiment.seed,
        variance: bench.experiment.sample.variance,
    };
    let model = Named { name: "machines", denoiser: &bank as &dyn model::Denoiser };
    let lab = Lab::new(&bench.schedule, data, model, settings).with_machines(&bank, &metrics, &training);
    let lab = match &truth {
        Some(truth) => lab.with_truth(truth),
        None => lab,
    };
    measure(&lab, folder, &chosen, terminal)
}

fn measure(
    lab: &Lab<'_>,
    folder: &RunFolder,
    chosen: &[&'static dyn Observable],
    terminal: Terminal,
) -> Result<Vec<&'static str>, DriverError> {
    let mut names = Vec::new();
    for observable in chosen {
        let Some(work) = observable.work(lab) else { continue };
        let progress = terminal.progress(observable.name(), work);
        let measured = observable.measure(lab, &|units| progress.advance(units))?;
        progress.finish();
        let name = observable.name();
        folder.write(&format!("{}/{name}.csv", ObservableRow::FOLDER), to_csv(&measured.rows)?)?;
        let transitions: Vec<TransitionRow> =
            measured.transitions.into_iter().map(|row| TransitionRow { observable: name.to_owned(), ..row }).collect();
        keep_transitions(folder, name, transitions)?;
        names.push(name);
    }
    if let Some(ClassRule::Trained(classifier)) = lab.class_rule_if_made() {
        folder.write(Classifier::FILE, classifier.to_safetensors()?)?;
    }
    Ok(names)
}

/// Puts the transition times of one observable in the place of those it left before; in the order of the registry.
fn keep_transitions(folder: &RunFolder, name: &str, new: Vec<TransitionRow>) -> Result<(), DriverError> {
    let path = folder.root().join(TransitionRow::FILE);
    let mut rows: Vec<TransitionRow> = read_rows_if_present(Path::new(&path))?;
    rows.retain(|row| row.observable != name);
    rows.extend(new);
    let rank = |row: &TransitionRow| observables().iter().position(|observable| observable.name() == row.observable);
    rows.sort_by_key(rank);
    folder.write(TransitionRow::FILE, to_csv(&rows)?)
}

/// The law that the data were generated from, where there is one.
fn truth(bench: &Bench, frame: &Frame) -> Result<Option<Truth>, DriverError> {
    Ok(match &bench.experiment.data {
        Data::GaussianMixture { counts, components, std } => {
            let law = dataset::mixture(*counts, components, *std, bench.experiment.seed)?;
            Some(Truth::Law(Box::new(Mixture::of_law(&bench.schedule, &law, frame)?)))
        }
        Data::SwissRoll { noise, .. } if *noise == 0.0 => {
            let spiral = Spiral::new(&bench.schedule, frame, Spiral::GRID, ARCS)?;
            Some(Truth::Spiral(Box::new(spiral)))
        }
        _ => None,
    })
}
