//! `driver run`: one experiment from its TOML to its figures.

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use analysis::observables::TransitionRow;
use analysis::{MetricRow, RunFacts, Table, to_csv};
use model::Device;
use schedule::{Schedule, Timestep};
use train::{FailedMachines, TrainError};

use super::{fresh, sweep};
use crate::DriverError;
use crate::cli::RunArgs;
use crate::config::{self, Experiment, Machines, Model, Sources, Task};
use crate::folder::RunFolder;
use crate::lock::Lock;
use crate::pipeline::bench::Bench;
use crate::pipeline::conditioned::Conditioned;
use crate::pipeline::damage::Damage;
use crate::pipeline::dataset::{self, Places};
use crate::pipeline::effort::Effort;
use crate::pipeline::manifest::{self, Circumstances, Code, Manifest};
use crate::pipeline::observe::{self, Wanted};
use crate::pipeline::problem::Problem;
use crate::pipeline::record::{Floor, Summary};
use crate::pipeline::sharing::Sharing;
use crate::pipeline::shelf::Shelf;
use crate::pipeline::{draw, models, record, regression, sampling, training, transitions};
use crate::terminal::{Terminal, duration};

/// Runs an experiment, or the cells of a sweep.
pub(crate) fn run(args: &RunArgs, environment: Vec<(String, String)>, terminal: Terminal) -> Result<(), DriverError> {
    let places = Places::new(&environment);
    let task = configure(args, environment)?;
    let means = Means { args, places: &places, threads: threads(args.threads)?, terminal };
    match task {
        Task::Run(experiment) => {
            let finished = run_experiment(*experiment, means, args.out.clone(), None)?;
            summarise(&finished.bench, &finished.folder, &finished.figures, terminal)?;
            finished.trained.map_err(|failed| TrainError::from(failed).into())
        }
        Task::Sweep(sweep) => sweep::run(&sweep, means),
    }
}

/// What runs are carried out with.
#[derive(Clone, Copy)]
pub(crate) struct Means<'a> {
    pub(crate) args: &'a RunArgs,
    pub(crate) places: &'a Places,
    pub(crate) threads: usize,
    pub(crate) terminal: Terminal,
}

/// A run that has come to its end.
pub(crate) struct Finished {
    bench: Bench,
    folder: RunFolder,
    figures: Vec<&'static str>,
    /// Names the machines that could not be trained.
    pub(crate) trained: Result<(), FailedMachines>,
}

/// Runs one experiment in the folder `out`, or in that of its name; machines that `sharing` knows are not trained again.
pub(crate) fn run_experiment(
    experiment: Experiment,
    Means { args, places, threads, terminal }: Means<'_>,
    out: Option<PathBuf>,
    sharing: Option<&Sharing>,
) -> Result<Finished, DriverError> {
    let (started, clock) = (SystemTime::now(), Instant::now());
    let code = Code::present();
    let device = device(&experiment)?;
    explain_auto(&experiment, device, terminal);
    let schedule = Schedule::new(experiment.schedule.law, experiment.schedule.timesteps)?;
    let timesteps = timesteps(args, &experiment, &schedule)?;
    let dataset = dataset::load(&experiment, places, args.offline, terminal)?;
    let bench = Bench::new(experiment, schedule, dataset)?;
    let root = out.unwrap_or_else(|| default_folder(args, &bench.experiment.name, bench.data_note()));
    if args.fresh {
        fresh::set_aside(&root, terminal)?;
    }
    refuse_another_run(&bench, &root)?;
    let folder = RunFolder::create(&root)?;
    let _lock = Lock::to_write(&root, "run", terminal)?;
    folder.tidy()?;
    let damage = Damage::find(&folder, Damage::but_machines, terminal)?;
    damage.announce();
    let chain = !bench.experiment.model.is_regression();
    let mut warnings: Vec<String> = bench.schedule.thermalisation_warning().filter(|_| chain).into_iter().collect();
    warnings.iter().for_each(|warning| terminal.warn(warning));
    announce(&bench, &timesteps, device, threads, terminal);
    record::before_training(&bench, &folder)?;
    let Made { model, trained } = make_model(&bench, &folder, &timesteps, sharing, (device, threads), terminal)?;
    // What was trained is kept and drawn; a chain with machines missing cannot be run.
    if args.timesteps.is_none() && trained.is_ok() {
        sample_and_observe(&bench, &folder, &model, terminal)?;
    }
    warnings.extend(trained.as_ref().err().map(ToString::to_string));
    damage.refuse_to_draw_changed()?;
    let figures = draw::draw(&folder, None)?;
    warnings.extend(damage.settle());
    manifest::write(&bench, &folder, Circumstances { started, code, device, threads, warnings })?;
    terminal.say(format_args!("finished in {}", duration(clock.elapsed())));
    Ok(Finished { bench, folder, figures, trained })
}

/// What a run samples from.
struct Made {
    /// Identifies it.
    model: String,
    /// Names the machines that could not be trained.
    trained: Result<(), FailedMachines>,
}

/// Trains the machines of the run, or measures the losses of its exact law.
fn make_model(
    bench: &Bench,
    folder: &RunFolder,
    timesteps: &[Timestep],
    sharing: Option<&Sharing>,
    (device, threads): (Device, usize),
    terminal: Terminal,
) -> Result<Made, DriverError> {
    match bench.experiment.model {
        Model::Machines(machines) => {
            let problem = Problem::new(bench, machines);
            let shelf = Shelf::new(&problem, folder);
            if let Some(sharing) = sharing {
                sharing.adopt(&problem, &shelf, folder, timesteps, terminal)?;
            }
            let trained = training::train(&problem, &shelf, folder, timesteps, (device, threads), terminal)?;
            record::metrics(bench, folder, &shelf.curves()?)?;
            if let (Machines::Regression { .. }, Ok(())) = (machines, &trained) {
                let machine = shelf.machine(bench.schedule.last())?;
                regression::tables(bench, &machine)?
                    .into_iter()
                    .try_for_each(|(name, text)| folder.write(name, text))?;
            }
            Ok(Made { model: shelf.key(), trained })
        }
        Model::Conditioned { hidden } => {
            let problem = Problem::for_all(bench, hidden);
            let machine = Conditioned::new(&problem, folder);
            if let Some(sharing) = sharing {
                sharing.adopt_one(&machine, folder, terminal)?;
            }
            let trained = machine.train(threads, terminal)?;
            record::metrics(bench, folder, &machine.curves()?)?;
            Ok(Made { model: machine.key().to_owned(), trained })
        }
        Model::Exact(law) => {
            let denoiser = models::denoiser(bench, folder)?;
            let losses = models::losses(bench, law, &*denoiser, terminal)?;
            folder.write(MetricRow::FILE, to_csv(&losses)?)?;
            Ok(Made { model: models::key(bench, folder)?, trained: Ok(()) })
        }
    }
}

fn sample_and_observe(bench: &Bench, folder: &RunFolder, model: &str, terminal: Terminal) -> Result<(), DriverError> {
    if bench.experiment.sample.count > 0 {
        sampling::sample(bench, folder, &*models::denoiser(bench, folder)?, terminal)?;
    }
    let words = &bench.experiment.analysis.observables;
    if !words.is_empty() {
        observe::observe(bench, folder, &Wanted { words, anew: false, model }, terminal)?;
    }
    Ok(())
}

/// The checked settings: the file, the environment, `--set`, and the flags that stand for settings.
pub(crate) fn configure(args: &RunArgs, environment: Vec<(String, String)>) -> Result<Task, DriverError> {
    let Some(file) = args.experiment.clone() else {
        let message = "EXPERIMENT: no file was named; try `driver experiments/smoke.toml`";
        return Err(DriverError::Message(message.to_owned()));
    };
    let mut set = args.set.clone();
    set.extend(args.seed.map(|seed| format!("seed={seed}")));
    set.extend(args.device.as_ref().map(|device| format!("run.device={device}")));
    Ok(config::load_task(&Sources { file, environment, set })?)
}

/// The device of the run, checked to be there.
pub(crate) fn device(experiment: &Experiment) -> Result<Device, DriverError> {
    let stackable = matches!(experiment.model, Model::Machines(Machines::Autoencoders { .. }) | Model::Exact(_));
    let device = match experiment.run.device {
        config::Device::Auto if !stackable => Device::Host,
        config::Device::Host => Device::Host,
        config::Device::Ndarray => Device::Ndarray,
        config::Device::Cuda => Device::Cuda,
        config::Device::CudaHostNoise => Device::CudaHostNoise,
        config::Device::Auto => Device::auto(),
    };
    device.check()?;
    Ok(device)
}

/// Says which device `auto` has taken and why it is not the card, to those who want to know.
fn explain_auto(experiment: &Experiment, device: Device, terminal: Terminal) {
    if experiment.run.device == config::Device::Auto {
        let why = Device::Cuda.check().err().map_or(String::new(), |error| format!("; {error}"));
        terminal.detail(format_args!("run.device: auto takes {}{why}", device.name()));
    }
}

/// The timesteps asked for, or all.
pub(crate) fn timesteps(
    args: &RunArgs,
    experiment: &Experiment,
    schedule: &Schedule,
) -> Result<Vec<Timestep>, DriverError> {
    match &args.timesteps {
        Some(_) if matches!(experiment.model, Model::Exact(_)) => {
            let message = "--timesteps: not allowed with model.kind = exact, which has no machines to train";
            Err(DriverError::Message(message.to_owned()))
        }
        Some(_) if matches!(experiment.model, Model::Conditioned { .. }) => {
            let message =
                "--timesteps: not allowed with model.kind = conditioned, which has one machine for all of them";
            Err(DriverError::Message(message.to_owned()))
        }
        Some(ranges) => ranges.of(schedule).map_err(|error| DriverError::Message(format!("--timesteps: {error}"))),
        None => Ok(schedule.timesteps().collect()),
    }
}

/// The threads asked for, or all cores; they are also those of the sampler.
pub(crate) fn threads(asked: Option<u16>) -> Result<usize, DriverError> {
    let all = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = asked.map_or_else(all, usize::from);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|error| DriverError::Message(format!("--threads: {threads} threads cannot be started: {error}")))?;
    Ok(threads)
}

/// results/NAME, with the seed where `--seed` chose it and a mark where the digits are not MNIST's.
pub(crate) fn default_folder(args: &RunArgs, name: &str, data_note: Option<&str>) -> PathBuf {
    let seed = args.seed.map_or(String::new(), |seed| format!("_s{seed}"));
    let mark = if data_note.is_some() { "-synthetic" } else { "" };
    Path::new("results").join(format!("{name}{seed}{mark}"))
}

/// A folder that holds a run of other settings or data, or no run at all, is left alone.
fn refuse_another_run(bench: &Bench, root: &Path) -> Result<(), DriverError> {
    let path = root.join(RunFolder::CONFIG);
    let manifest = manifest::read(root)?;
    if !path.exists() {
        return RunFolder::refuse_foreign(root);
    }
    refuse_other_settings(&bench.experiment, path, root, manifest.as_ref())?;
    if !root.join(RunFacts::FILE).exists() {
        return Ok(());
    }
    // The settings say where to look for data, not whether a stand-in was taken.
    let (there, here) = (RunFacts::read(root)?.data_note, bench.data_note());
    if there.as_deref() == here {
        return Ok(());
    }
    let source = bench.experiment.data.source().word();
    Err(DriverError::Message(format!(
        "{}: holds a run on {}, and this one would be on {}; name another folder with --out, or move this one aside with \
         --fresh",
        root.display(),
        there.as_deref().unwrap_or(source),
        here.unwrap_or(source),
    )))
}

fn refuse_other_settings(
    experiment: &Experiment,
    path: PathBuf,
    root: &Path,
    manifest: Option<&Manifest>,
) -> Result<(), DriverError> {
    let there = config::load(&Sources { file: path.clone(), ..Sources::default() })?;
    // Where it runs is no part of what it is; nor is what is measured or drawn of it, which changes no machine and no
    // sample.
    let Experiment { analysis, figures, run, .. } = experiment.clone();
    let there = Experiment { analysis, figures, run, ..there }.to_toml();
    let is_changed = |there: &&Manifest| manifest::sha256_of(&path).is_ok_and(|sum| sum != there.config_sha256);
    let remark = manifest.filter(is_changed).map_or(String::new(), |manifest| {
        format!("\n  {}: was changed since the run of {} wrote it", path.display(), manifest.ended)
    });
    refuse_difference(&there, &experiment.to_toml(), ("a run", &remark), root)
}

/// Refuses settings that are not those there, and shows the lines that differ.
pub(crate) fn refuse_difference(
    there: &str,
    here: &str,
    (what, remark): (&str, &str),
    root: &Path,
) -> Result<(), DriverError> {
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let (there, here) = (lines(there), lines(here));
    if there == here {
        return Ok(());
    }
    let removed = there.iter().filter(|line| !here.contains(line)).map(|line| format!("\n  there: {line}"));
    let added = here.iter().filter(|line| !there.contains(line)).map(|line| format!("\n  asked: {line}"));
    let difference: String = removed.chain(added).collect();
    Err(DriverError::Message(format!(
        "{}: holds {what} of other settings; name another folder with --out, or move this one aside with \
         --fresh{difference}{remark}",
        root.display()
    )))
}

fn announce(bench: &Bench, timesteps: &[Timestep], device: Device, threads: usize, terminal: Terminal) {
    let experiment = &bench.experiment;
    let note = bench.data_note().map_or(String::new(), |note| format!(" ({note})"));
    let model = match experiment.model {
        Model::Machines(machines) => {
            let what = match machines {
                Machines::Autoencoders { hidden, skip } => format!("machines of {hidden} hidden units (skip = {skip})"),
                Machines::Sigmoid { rule } => format!("layers of sigmoids (rule = {rule})"),
                Machines::Regression { hidden } => format!("machine of {hidden} hidden units without a chain"),
            };
            let effort = Effort::of(&experiment.train, &bench.schedule, timesteps);
            format!("{} {what}, {effort} on", timesteps.len())
        }
        Model::Conditioned { hidden } => format!(
            "one machine of {hidden} hidden units for all {} timesteps, {} passes on",
            timesteps.len(),
            experiment.train.epochs * timesteps.len(),
        ),
        Model::Exact(law) => format!("the exact denoiser {law} at T = {},", bench.schedule.len()),
    };
    let device = bench.machines().map_or(String::new(), |_| format!("{} device, ", device.name()));
    terminal.say(format_args!(
        "{}: {model} {} samples of {}{note}; {device}{threads} thread(s)",
        experiment.name,
        bench.dataset.train.len(),
        experiment.data.source(),
    ));
}

/// The losses of some machines as a table, or that of a regression in a line.
fn losses(bench: &Bench, folder: &RunFolder) -> Result<String, DriverError> {
    let rows = record::summary(folder)?;
    if bench.experiment.model.is_regression() {
        let line = |row: &Summary| {
            format!("\nMSE on y: {:.4e} of training points, {:.4e} of test points\n", row.train, row.test)
        };
        return Ok(rows.iter().map(line).collect());
    }
    let mut text = format!(
        "\n{:>6} {:>12} {:>12} {:>12}   mean squared error on eps per coordinate\n",
        "t", "train", "test", "Wiener"
    );
    for row in rows {
        text += &format!("{:>6} {:>12.4e} {:>12.4e} {:>12.4e}\n", row.t, row.train, row.test, row.wiener);
    }
    Ok(text)
}

/// Says what came out and where it is.
fn summarise(bench: &Bench, folder: &RunFolder, figures: &[&str], terminal: Terminal) -> Result<(), DriverError> {
    let root = folder.root().display();
    let mut text = losses(bench, folder)?;
    text += &record::floor(bench).map_or(String::new(), Floor::sentence);
    if let Some(note) = bench.data_note() {
        text += &format!("NOTE: these are {note}\n");
    }
    let transitions = transitions::table(folder)?;
    if !transitions.is_empty() {
        text += &format!("\n{transitions}");
    }
    text += &format!("\nresults   {root}\n");
    text += &format!("losses    {root}/metrics.csv\n");
    if folder.root().join(analysis::Run::SAMPLES_FILE).exists() {
        text += &format!("samples   {root}/{}\n", analysis::Run::SAMPLES_FILE);
    }
    if !transitions.is_empty() {
        text += &format!("analysis  {root}/observables/*.csv, {root}/{}\n", TransitionRow::FILE);
    }
    text += &format!("figures   {}/*.png: {}", folder.figures().display(), figures.join(", "));
    terminal.summary(text);
    Ok(())
}
