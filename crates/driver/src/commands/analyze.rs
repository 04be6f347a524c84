//! `driver analyze`: measures the observables of a run and draws them.

use analysis::observables::ObservableRow;

use super::run::threads;
use crate::DriverError;
use crate::cli::AnalyzeArgs;
use crate::config::{self, Sources};
use crate::folder::RunFolder;
use crate::pipeline::bench::Bench;
use crate::pipeline::dataset::{self, Places};
use crate::pipeline::observe::{self, Wanted};
use crate::pipeline::{draw, manifest, models, transitions};
use crate::terminal::Terminal;
use schedule::Schedule;

/// Measures the observables that the run's settings list (all, where they list none) as far as their tables are not up
/// to date, or anew those named, and draws the figures.
///
/// # Errors
/// A run that cannot be read or whose data cannot be had, a name that no observable has, a missing machine.
pub(crate) fn analyze(
    args: &AnalyzeArgs,
    environment: &[(String, String)],
    terminal: Terminal,
) -> Result<(), DriverError> {
    let folder = RunFolder::open(&args.run)?;
    analysis::observables::select(&args.only)?;
    threads(args.threads)?;
    let file = folder.root().join(RunFolder::CONFIG);
    let experiment = config::load(&Sources { file, ..Sources::default() })?;
    let schedule = Schedule::new(experiment.schedule.law, experiment.schedule.timesteps)?;
    let dataset = dataset::load(&experiment, &Places::new(environment), args.offline, terminal)?;
    let bench = Bench::new(experiment, schedule, dataset)?;
    let words = match (&args.only[..], &bench.experiment.analysis.observables[..]) {
        ([], []) => &["all".to_owned()],
        ([], listed) => listed,
        (only, _) => only,
    };
    let wanted = Wanted { words, anew: !args.only.is_empty(), model: &models::key(&bench, &folder)? };
    let measured = observe::observe(&bench, &folder, &wanted, terminal)?;
    draw::draw(&folder, None)?;
    manifest::renew_outputs(&folder)?;
    terminal.summary(transitions::table(&folder)?);
    for name in measured {
        terminal.result(folder.root().join(ObservableRow::FOLDER).join(format!("{name}.csv")).display());
    }
    Ok(())
}
