//! `driver analyze`: measures the observables of a run and draws them.

use analysis::Table;
use analysis::observables::{ObservableRow, TransitionRow};

use super::run::threads;
use crate::DriverError;
use crate::cli::AnalyzeArgs;
use crate::config::{self, Sources};
use crate::folder::RunFolder;
use crate::lock::Lock;
use crate::pipeline::bench::Bench;
use crate::pipeline::damage::Damage;
use crate::pipeline::dataset::Places;
use crate::pipeline::freshness;
use crate::pipeline::manifest::Deviation;
use crate::pipeline::observe::{self, Wanted};
use crate::pipeline::{draw, manifest, models, transitions};
use crate::terminal::Terminal;

/// Measures the observables that the run's settings list (all, where they list none) as far as their tables are not up
/// to date, or anew those named, and draws the figures.
///
/// # Errors
/// A run that cannot be read or whose data cannot be had, a name that no observable has, a machine or a
/// table that is missing or was changed.
pub(crate) fn analyze(
    args: &AnalyzeArgs,
    environment: &[(String, String)],
    terminal: Terminal,
) -> Result<(), DriverError> {
    let folder = RunFolder::open(&args.run)?;
    analysis::observables::select(&args.only)?;
    manifest::read(folder.root())?;
    let _lock = Lock::to_write(folder.root(), "analyze", terminal)?;
    let damage = Damage::find(&folder, |_| true, terminal)?;
    damage.refuse(is_measured)?;
    damage.announce();
    threads(args.threads)?;
    let file = folder.root().join(RunFolder::CONFIG);
    let experiment = config::load(&Sources { file, ..Sources::default() })?;
    if experiment.model.is_regression() {
        let message = "RUN: a regression has no chain to be analysed; its figures are drawn by `driver figures`";
        return Err(DriverError::Message(message.to_owned()));
    }
    let bench = Bench::load(experiment, &Places::new(environment), args.offline, terminal)?;
    let words = match (&args.only[..], &bench.experiment.analysis.observables[..]) {
        ([], []) => &["all".to_owned()],
        ([], listed) => listed,
        (only, _) => only,
    };
    let wanted = Wanted { words, anew: !args.only.is_empty(), model: &models::key(&bench, &folder)? };
    let measured = observe::observe(&bench, &folder, &wanted, terminal)?;
    damage.refuse_to_draw()?;
    draw::draw(&folder, None)?;
    manifest::renew_outputs(&folder, &freshness::vouched(&folder)?)?;
    damage.settle();
    terminal.summary(transitions::table(&folder)?);
    for name in measured {
        terminal.result(folder.root().join(ObservableRow::FOLDER).join(format!("{name}.csv")).display());
    }
    Ok(())
}

/// Whether a file is needed before anything is measured; the tables of observables are measured again.
fn is_measured(name: &str, _: Deviation) -> bool {
    let made = name == TransitionRow::FILE || name.starts_with("observables/");
    !made && (name == RunFolder::CONFIG || name.starts_with("machines/") || Damage::is_drawn(name))
}
