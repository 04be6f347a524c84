//! `driver analyze`: measures the observables of a run and draws them.

use crate::DriverError;
use crate::cli::AnalyzeArgs;
use crate::config::{self, Sources};
use crate::folder::RunFolder;
use crate::pipeline::bench::Bench;
use crate::pipeline::dataset::{self, Places};
use crate::pipeline::{draw, observe};
use crate::terminal::Terminal;
use schedule::Schedule;

/// Measures the observables that the run's settings list, or those named, and draws the figures.
///
/// # Errors
/// A run that cannot be read or whose data cannot be had, a name that no observable has, a missing machine.
pub(crate) fn analyze(
    args: &AnalyzeArgs,
    environment: &[(String, String)],
    terminal: Terminal,
) -> Result<(), DriverError> {
    let folder = RunFolder::open(&args.run)?;
    let file = folder.root().join(RunFolder::CONFIG);
    let experiment = config::load(&Sources { file, ..Sources::default() })?;
    let schedule = Schedule::new(experiment.schedule.law, experiment.schedule.timesteps)?;
    let dataset = dataset::load(&experiment, &Places::new(environment), args.offline, terminal)?;
    let bench = Bench::new(experiment, schedule, dataset)?;
    let words = if args.only.is_empty() { vec!["all".to_owned()] } else { args.only.clone() };
    let measured = observe::observe(&bench, &folder, &words, terminal)?;
    draw::draw(&folder, None)?;
    for name in measured {
        terminal.result(
            folder.root().join(analysis::observables::ObservableRow::FOLDER).join(format!("{name}.csv")).display(),
        );
    }
    Ok(())
}
