//! `driver run`: one experiment from its TOML to its figures.

mod refusal;
mod shard;
mod words;

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use analysis::{MetricRow, Table, to_csv};
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
use crate::pipeline::manifest::{self, Circumstances, Code};
use crate::pipeline::observe::{self, Wanted};
use crate::pipeline::problem::Problem;
use crate::pipeline::sharing::Sharing;
use crate::pipeline::shelf::Shelf;
use crate::pipeline::{draw, models, record, regression, sampling, timing, training};
use crate::terminal::{Terminal, duration};
pub(crate) use refusal::refuse_difference;
pub(crate) use words::summarise;

/// Runs an experiment, or the cells of a sweep.
pub(crate) fn run(args: &RunArgs, environment: Vec<(String, String)>, terminal: Terminal) -> Result<(), DriverError> {
    let places = Places::new(&environment);
    let task = configure(args, environment)?;
    let means = Means { args, places: &places, threads: threads(args.threads)?, terminal };
    match task {
        Task::Run(experiment) => {
            refuse_cells(args)?;
            let finished = run_experiment(*experiment, means, args.out.clone(), None)?;
            if let Some(figures) = &finished.figures {
                summarise(&finished.bench, &finished.folder, figures, terminal)?;
            }
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
    pub(crate) bench: Bench,
    pub(crate) folder: RunFolder,
    /// The figures drawn; `None` for machines trained into a folder whose tables are left to `collect`.
    pub(crate) figures: Option<Vec<&'static str>>,
    /// Names the machines that could not be trained.
    pub(crate) trained: Result<(), FailedMachines>,
}

/// When, with what code and on what a command is carried out.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) started: SystemTime,
    pub(crate) clock: Instant,
    pub(crate) code: Code,
    pub(crate) device: Device,
    pub(crate) threads: usize,
    pub(crate) terminal: Terminal,
}

impl Setting {
    /// That of a command that begins now.
    pub(crate) fn new(device: Device, threads: usize, terminal: Terminal) -> Self {
        Self { started: SystemTime::now(), clock: Instant::now(), code: Code::present(), device, threads, terminal }
    }
}

/// Runs one experiment in the folder `out`, or in that of its name; machines that `sharing` knows are not trained again.
pub(crate) fn run_experiment(
    experiment: Experiment,
    Means { args, places, threads, terminal }: Means<'_>,
    out: Option<PathBuf>,
    sharing: Option<&Sharing>,
) -> Result<Finished, DriverError> {
    let setting = Setting::new(device(&experiment)?, threads, terminal);
    explain_auto(&experiment, setting.device, terminal);
    let schedule = Schedule::new(experiment.schedule.law, experiment.schedule.timesteps)?;
    let timesteps = timesteps(args, &experiment, &schedule)?;
    let dataset = dataset::load(&experiment, places, args.offline, terminal)?;
    let bench = Bench::new(experiment, schedule, dataset)?;
    let root = out.unwrap_or_else(|| default_folder(args, &bench.experiment.name, bench.data_note()));
    if args.fresh {
        fresh::set_aside(&root, terminal)?;
    }
    refusal::refuse_another_run(&bench, &root)?;
    let folder = RunFolder::create(&root)?;
    if args.timesteps.is_some() {
        return shard::run(bench, folder, (&timesteps, sharing), args.shard, &setting);
    }
    let lock = Lock::to_write(&root, "run", terminal)?;
    complete(bench, folder, &lock, Todo::Everything { timesteps: &timesteps, sharing }, &setting)
}

/// What is left of a run to be done.
#[derive(Clone, Copy)]
pub(crate) enum Todo<'a> {
    /// All.
    Everything { timesteps: &'a [Timestep], sharing: Option<&'a Sharing> },
    /// All but the training.
    AllTrained,
    /// The tables and figures of the machines that are there.
    Tables,
}

/// Does what is left to be done of a run whose folder is held.
pub(crate) fn complete(
    bench: Bench,
    folder: RunFolder,
    _held: &Lock,
    todo: Todo<'_>,
    setting: &Setting,
) -> Result<Finished, DriverError> {
    let terminal = setting.terminal;
    folder.tidy()?;
    let damage = Damage::find(&folder, Damage::but_machines, terminal)?;
    damage.announce();
    let mut warnings: Vec<String> = bench.warning().into_iter().collect();
    if let Todo::Everything { timesteps, .. } = todo {
        words::announce(&bench, timesteps, setting);
    }
    record::before_training(&bench, &folder)?;
    let Made { model, trained } = make_model(&bench, &folder, todo, setting)?;
    // What was trained is kept and drawn; a chain with machines missing cannot be run.
    if !matches!(todo, Todo::Tables) && trained.is_ok() {
        sample_and_observe(&bench, &folder, &model, terminal)?;
    }
    warnings.extend(trained.as_ref().err().map(ToString::to_string));
    damage.refuse_to_draw_changed()?;
    let figures = draw::draw(&folder, None)?;
    warnings.extend(damage.settle());
    let Setting { started, clock, ref code, device, threads, .. } = *setting;
    manifest::write(&bench, &folder, Circumstances { started, code: code.clone(), device, threads, warnings })?;
    terminal.say(format_args!("finished in {}", duration(clock.elapsed())));
    Ok(Finished { bench, folder, figures: Some(figures), trained })
}

/// What a run samples from.
struct Made {
    /// Identifies it.
    model: String,
    /// Names the machines that could not be trained.
    trained: Result<(), FailedMachines>,
}

/// Trains the machines of the run as far as that is to be done, or measures the losses of its exact law.
fn make_model(bench: &Bench, folder: &RunFolder, todo: Todo<'_>, setting: &Setting) -> Result<Made, DriverError> {
    match bench.experiment.model {
        Model::Machines(machines) => {
            let problem = Problem::new(bench, machines)?;
            let shelf = Shelf::new(&problem, folder);
            let trained = match todo {
                Todo::Everything { timesteps, sharing } => {
                    let keep = |times: &[timing::TimingRow]| timing::record(folder, times);
                    train(&shelf, (timesteps, sharing), &keep, setting)?
                }
                Todo::AllTrained | Todo::Tables => Ok(()),
            };
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
            let problem = Problem::for_all(bench, hidden)?;
            let machine = Conditioned::new(&problem, folder);
            if let Todo::Everything { sharing: Some(sharing), .. } = todo {
                sharing.adopt_one(&machine, folder, setting.terminal)?;
            }
            let trained = machine.train(setting.threads, setting.terminal)?;
            record::metrics(bench, folder, &machine.curves()?)?;
            Ok(Made { model: machine.key().to_owned(), trained })
        }
        Model::Exact(law) => {
            let denoiser = models::denoiser(bench, folder)?;
            let losses = models::losses(bench, law, &*denoiser, setting.terminal)?;
            folder.write(MetricRow::FILE, to_csv(&losses)?)?;
            Ok(Made { model: models::key(bench, folder)?, trained: Ok(()) })
        }
    }
}

/// Trains the machines of `timesteps` that neither the shelf nor a cell beside the run has.
fn train(
    shelf: &Shelf<'_>,
    (timesteps, sharing): (&[Timestep], Option<&Sharing>),
    keep: timing::Keep<'_>,
    setting: &Setting,
) -> Result<Result<(), FailedMachines>, DriverError> {
    if let Some(sharing) = sharing {
        sharing.adopt(shelf, timesteps, setting.terminal)?;
    }
    training::train(shelf, timesteps, (setting.device, setting.threads), keep, setting.terminal)
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

/// Refuses `--cells` for a single run.
pub(crate) fn refuse_cells(args: &RunArgs) -> Result<(), DriverError> {
    if args.cells.is_none() {
        return Ok(());
    }
    let message = "--cells: only an experiment with a [sweep] has cells; --timesteps names machines of a run";
    Err(DriverError::Message(message.to_owned()))
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
