//! `driver run` of a sweep: its cells one after the other, each a run folder of its own, and what they come to together.

mod folder;
mod summary;

use std::path::Path;

use schedule::Schedule;
use train::TrainError;

use super::run::{Means, default_folder, device, run_experiment, timesteps};
use super::{fresh, plan};
use crate::DriverError;
use crate::cli::RunArgs;
use crate::config::{Cell, Data, Sweep};
use crate::pipeline::bench::check_counts;
use crate::pipeline::dataset::{self, SYNTHETIC_NOTE};
use crate::pipeline::finished::is_finished;
use crate::pipeline::sharing::Sharing;
use crate::ranges::Ranges;
use crate::terminal::Terminal;
use folder::SweepFolder;

/// Runs every cell that is not finished and writes the summary.
///
/// A cell some of whose machines cannot be trained does not stop the others; any other error does.
///
/// # Errors
/// What ends a cell, with the cell named; at the end, the cells with machines missing.
pub(crate) fn run(sweep: &Sweep, means: Means<'_>) -> Result<(), DriverError> {
    check(sweep, means.args)?;
    let note = data_note(sweep, means)?;
    let root = means.args.out.clone().unwrap_or_else(|| default_folder(means.args, &sweep.name, note));
    if means.args.fresh {
        fresh::set_aside(&root, means.terminal)?;
    }
    let folder = SweepFolder::open(sweep, &root)?;
    let cells = folder.cells();
    let mut sharing = Sharing::among(&cells);
    let mut failed: Vec<(&Cell, String)> = Vec::new();
    for (i, cell) in sweep.cells.iter().enumerate().filter(|(i, _)| is_asked(means.args, *i)) {
        means.terminal.say(format_args!("cell {} of {}: {}", i + 1, sweep.cells.len(), cell.folder));
        let root = cells.join(&cell.folder);
        if means.args.timesteps.is_none() && is_finished(&cell.experiment, &root) {
            means.terminal.say("finished already");
            continue;
        }
        let run = run_experiment(cell.experiment.clone(), means, Some(root.clone()), Some(&sharing));
        if let Err(machines) = run.map_err(|error| in_cell(&root, error))?.trained {
            failed.push((cell, TrainError::from(machines).to_string()));
        }
        sharing.learn(&root);
    }
    if means.args.cells.is_some() || means.args.shard {
        let root = root.display();
        means
            .terminal
            .summary(format_args!("cells     {root}; once all are there, `driver collect {root}` sums them up"));
    } else {
        summary::write(sweep, &folder, means.terminal)?;
    }
    report(sweep, &root, &failed)
}

/// Whether the cell of this index (from 0 on) is among those asked for.
pub(crate) fn is_asked(args: &RunArgs, index: usize) -> bool {
    args.cells.as_ref().is_none_or(|cells| cells.has(index + 1))
}

/// Writes the summary of a sweep all of whose cells are there.
///
/// # Errors
/// A cell that cannot be read, a folder that cannot be written to.
pub(super) fn summarise(sweep: &Sweep, root: &Path, terminal: Terminal) -> Result<(), DriverError> {
    summary::write(sweep, &SweepFolder::open(sweep, root)?, terminal)
}

/// What can be known of the cells to be wrong before the first of them has run for hours.
fn check(sweep: &Sweep, args: &RunArgs) -> Result<(), DriverError> {
    check_cells(sweep, args)?;
    for cell in &sweep.cells {
        let experiment = &cell.experiment;
        device(experiment)?;
        timesteps(args, experiment, &Schedule::new(experiment.schedule.law, experiment.schedule.timesteps)?)?;
        // How many images a folder of CSV files holds only reading them tells.
        if !matches!(experiment.data, Data::MnistCsv { .. }) {
            check_counts(experiment, plan::size(&experiment.data).train)?;
        }
    }
    Ok(())
}

/// The cells asked for are there.
pub(crate) fn check_cells(sweep: &Sweep, args: &RunArgs) -> Result<(), DriverError> {
    let count = sweep.cells.len();
    match args.cells.as_ref().map(Ranges::greatest).filter(|last| *last > count) {
        Some(last) => Err(DriverError::Message(format!("--cells: {last}: not in this sweep, use 1 to {count}"))),
        None => Ok(()),
    }
}

/// What a reader must know of the data; data from files are looked at before anything is written.
fn data_note(sweep: &Sweep, means: Means<'_>) -> Result<Option<&'static str>, DriverError> {
    let from_files = |cell: &&Cell| matches!(&cell.experiment.data, Data::Mnist { .. } | Data::MnistCsv { .. });
    let Some(cell) = sweep.cells.iter().find(from_files) else { return Ok(None) };
    let dataset = dataset::load(&cell.experiment, means.places, means.args.offline, means.terminal)?;
    Ok(dataset.synthetic.then_some(SYNTHETIC_NOTE))
}

fn in_cell(root: &Path, error: DriverError) -> DriverError {
    DriverError::Cell { cell: root.to_owned(), error: Box::new(error) }
}

/// Names the cells with machines missing.
fn report(sweep: &Sweep, root: &Path, failed: &[(&Cell, String)]) -> Result<(), DriverError> {
    if failed.is_empty() {
        return Ok(());
    }
    let lines = failed.iter().map(|(cell, error)| format!("\n{}: {error}", cell.folder));
    let (count, all) = (failed.len(), sweep.cells.len());
    let message = format!(
        "{}: {count} of {all} cells have machines that could not be trained{}",
        root.display(),
        lines.collect::<String>()
    );
    Err(DriverError::Cells(message))
}
