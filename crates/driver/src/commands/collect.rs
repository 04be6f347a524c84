//! `driver collect`: the run that several processes have trained the machines of, put together.

mod check;

use std::path::{Path, PathBuf};

use super::run::{Finished, Setting, Todo, complete, device, summarise, threads};
use super::sweep;
use crate::DriverError;
use crate::cli::CollectArgs;
use crate::config::{self, Experiment, Model, Sources, Sweep, Task};
use crate::folder::RunFolder;
use crate::lock::Lock;
use crate::pipeline::bench::Bench;
use crate::pipeline::dataset::Places;
use crate::pipeline::finished::is_finished;
use crate::terminal::Terminal;

/// What runs are put together with.
#[derive(Clone, Copy)]
struct Means<'a> {
    places: &'a Places,
    offline: bool,
    threads: usize,
    terminal: Terminal,
}

/// Checks that all machines of a run or of all cells of a sweep are there and of one kind, and does all that the run would
/// do after its training.
///
/// # Errors
/// A folder that holds neither, or one that is incomplete or inconsistent, with the list of what is wrong.
pub(crate) fn collect(
    args: &CollectArgs,
    environment: &[(String, String)],
    terminal: Terminal,
) -> Result<(), DriverError> {
    let root = &args.run;
    let config = config_of(root)?;
    let places = Places::new(environment);
    let task = config::load_task(&Sources { file: config, ..Sources::default() })?;
    let means = Means { places: &places, offline: args.offline, threads: threads(args.threads)?, terminal };
    match task {
        Task::Run(experiment) => {
            let Finished { bench, folder, figures, .. } = collect_run(*experiment, root, means)?;
            summarise(&bench, &folder, &figures.unwrap_or_default(), terminal)
        }
        Task::Sweep(sweep) => collect_sweep(&sweep, root, means),
    }
}

/// The settings that the folder holds.
fn config_of(root: &Path) -> Result<PathBuf, DriverError> {
    let path = root.join(RunFolder::CONFIG);
    if path.is_file() {
        return Ok(path);
    }
    Err(DriverError::Message(format!(
        "{}: is missing; name the folder of a run or of a sweep, such as results/smoke",
        path.display()
    )))
}

/// A run whose folder is held, before anything is made of it.
struct Collected {
    bench: Bench,
    folder: RunFolder,
    lock: Lock,
    setting: Setting,
}

impl Collected {
    fn open(experiment: Experiment, root: &Path, means: Means<'_>) -> Result<Self, DriverError> {
        let setting = Setting::new(device(&experiment)?, means.threads, means.terminal);
        let bench = Bench::load(experiment, means.places, means.offline, means.terminal)?;
        let folder = RunFolder::create(root)?;
        let lock = Lock::to_write(root, "collect", means.terminal)?;
        Ok(Self { bench, folder, lock, setting })
    }

    fn complete(self) -> Result<Finished, DriverError> {
        let Self { bench, folder, lock, setting } = self;
        complete(bench, folder, &lock, Todo::AllTrained, &setting)
    }
}

fn collect_run(experiment: Experiment, root: &Path, means: Means<'_>) -> Result<Finished, DriverError> {
    refuse_untrained(&experiment, root)?;
    let collected = Collected::open(experiment, root, means)?;
    let wrong = check::machines(&collected.bench, &collected.folder)?;
    refuse(root, &wrong)?;
    collected.complete()
}

/// Only machines of timesteps are trained by several processes.
fn refuse_untrained(experiment: &Experiment, root: &Path) -> Result<(), DriverError> {
    if matches!(experiment.model, Model::Machines(_)) {
        return Ok(());
    }
    let (config, kind) = (root.join(RunFolder::CONFIG), experiment.model.name());
    Err(DriverError::Message(format!(
        "{}: model.kind: a run of `{kind}` has no machines of single timesteps to put together; `driver run` makes it whole",
        config.display()
    )))
}

fn refuse(root: &Path, wrong: &[String]) -> Result<(), DriverError> {
    if wrong.is_empty() {
        return Ok(());
    }
    let lines: String = wrong.iter().map(|line| format!("\n  {line}")).collect();
    Err(DriverError::Message(format!("{}: cannot be put together:{lines}", root.display())))
}

/// Puts together the cells that are not finished, once all of them can be, and writes the summary.
fn collect_sweep(sweep: &Sweep, root: &Path, means: Means<'_>) -> Result<(), DriverError> {
    let (mut wrong, mut left) = (Vec::new(), Vec::new());
    for (number, cell) in (1..).zip(&sweep.cells) {
        let folder = root.join(RunFolder::CELLS).join(&cell.folder);
        if is_finished(&cell.experiment, &folder) {
            continue;
        }
        let begun = folder.join(RunFolder::CONFIG).is_file() && matches!(cell.experiment.model, Model::Machines(_));
        if !begun {
            wrong.push(check::cell_is_missing(root, number, &cell.folder));
            continue;
        }
        let collected = Collected::open(cell.experiment.clone(), &folder, means)?;
        let of_cell = check::machines(&collected.bench, &collected.folder)?;
        wrong.extend(of_cell.into_iter().map(|line| format!("{}: {line}", cell.folder)));
        left.push((cell, folder));
    }
    refuse(root, &wrong)?;
    for (cell, folder) in left {
        means.terminal.say(format_args!("{}:", cell.folder));
        collect_run(cell.experiment.clone(), &folder, means)?;
    }
    sweep::summarise(sweep, root, means.terminal)
}
