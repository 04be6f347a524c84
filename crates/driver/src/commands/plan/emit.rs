//! `driver plan --emit`: the experiment as tasks of a cluster's own engine, each a `driver run` of a part, and one that
//! collects them.

mod hyperqueue;
mod jsonl;
mod slurm;
mod split;

use std::path::{Path, PathBuf};

use schedule::Timestep;

use super::Todo;
use super::cost::{Cost, Rates};
use crate::DriverError;
use crate::cli::{Engine, PlanArgs};
use crate::commands::run::{default_folder, device};
use crate::commands::sweep::is_asked;
use crate::config::{Experiment, Model, Sweep};
use crate::pipeline::effort::Effort;
use crate::terminal::Terminal;
use split::{Unit, split};

/// Seconds that a task should take at most, by the estimate, where no number of tasks is asked for.
const TASK_SECONDS: f64 = 600.0;
/// Tasks at most where no number is asked for: Slurm's own limit of an array.
const MOST_TASKS: usize = 1000;
/// How often a task whose process or computer was lost is begun again.
const RETRIES: u32 = 3;

/// A part of the work.
#[derive(Debug, Clone, PartialEq)]
struct Task {
    /// The machines or cells, as `1-20,300`.
    ranges: String,
    /// The estimate.
    seconds: f64,
}

/// All that an engine has to know.
#[derive(Debug, Clone, PartialEq)]
struct Batch {
    name: String,
    program: PathBuf,
    folder: PathBuf,
    /// Variables of the environment that the tasks need.
    environment: Vec<(String, String)>,
    /// What comes before the ranges, `run experiments/x.toml ... --timesteps`, and what after them.
    before: Vec<String>,
    after: Vec<String>,
    collect: Vec<String>,
    tasks: Vec<Task>,
    threads: usize,
    /// Bytes of a task.
    memory: f64,
}

impl Batch {
    /// The arguments of a task.
    fn arguments(&self, task: &Task) -> Vec<String> {
        [&self.before[..], std::slice::from_ref(&task.ranges), &self.after[..]].concat()
    }

    /// The seconds of the longest task.
    fn longest(&self) -> f64 {
        self.tasks.iter().map(|task| task.seconds).fold(0.0, f64::max)
    }
}

/// The machines of a run as tasks of the engine.
///
/// # Errors
/// An experiment that has no machines of single timesteps.
pub(super) fn run(
    experiment: &Experiment,
    args: &PlanArgs,
    (engine, threads): (Engine, usize),
    environment: &[(String, String)],
    terminal: Terminal,
) -> Result<(), DriverError> {
    device(experiment)?;
    let Model::Machines(model) = experiment.model else {
        let message = format!(
            "--emit: model.kind = {} has no machines of single timesteps, so there is nothing to divide",
            experiment.model.name()
        );
        return Err(DriverError::Message(message));
    };
    let Todo { schedule, size, asked } = Todo::of(experiment, &args.run)?;
    let lineage = experiment.train.lineage(&schedule);
    let needed = lineage.closure(&asked, |_| false);
    let cost = Cost::of(experiment, model, &schedule, &size, &needed, threads, &mut Rates::default());
    let together = |a: &Timestep, b: &Timestep| lineage.parent(*a) == Some(*b) || lineage.parent(*b) == Some(*a);
    let epoch = cost.training_seconds() / cost.effort.epochs().max(1) as f64;
    let unit = |tree: &[Timestep]| Unit {
        numbers: tree.iter().map(|t| t.get()).collect(),
        weight: epoch * Effort::of(&experiment.train, &schedule, tree).epochs() as f64,
    };
    let units: Vec<Unit> = needed.chunk_by(together).map(unit).collect();
    let batch = Batch {
        before: common(args, &["--shard"], "--timesteps"),
        tasks: tasks(&units, args.tasks),
        memory: cost.memory,
        ..batch(&experiment.name, args, threads, environment)?
    };
    terminal.result(written(&batch, engine));
    Ok(())
}

/// The cells of a sweep as tasks of the engine.
///
/// # Errors
/// A cell that cannot be run.
pub(super) fn sweep(
    sweep: &Sweep,
    args: &PlanArgs,
    (engine, threads): (Engine, usize),
    environment: &[(String, String)],
    terminal: Terminal,
) -> Result<(), DriverError> {
    let (mut units, mut memory, rates) = (Vec::new(), 0.0_f64, &mut Rates::default());
    for (i, cell) in sweep.cells.iter().enumerate().filter(|(i, _)| is_asked(&args.run, *i)) {
        let experiment = &cell.experiment;
        device(experiment)?;
        let Todo { schedule, size, asked } = Todo::of(experiment, &args.run)?;
        let weight = match experiment.model {
            Model::Machines(model) => {
                let needed = experiment.train.lineage(&schedule).closure(&asked, |_| false);
                let cost = Cost::of(experiment, model, &schedule, &size, &needed, threads, rates);
                memory = memory.max(cost.memory);
                cost.seconds
            }
            Model::Conditioned { hidden } => {
                let cost = Cost::for_all(experiment, hidden, &schedule, &size, threads, rates);
                memory = memory.max(cost.memory);
                cost.seconds
            }
            // Nothing is trained; its few seconds are not estimated.
            Model::Exact(_) => 0.0,
        };
        units.push(Unit { numbers: vec![i + 1], weight });
    }
    let batch = Batch {
        before: common(args, &[], "--cells"),
        tasks: tasks(&units, args.tasks),
        memory,
        ..batch(&sweep.name, args, threads, environment)?
    };
    terminal.result(written(&batch, engine));
    Ok(())
}

/// What a batch has whatever its tasks are.
fn batch(name: &str, args: &PlanArgs, threads: usize, environment: &[(String, String)]) -> Result<Batch, DriverError> {
    let program = std::env::current_exe().map_err(DriverError::io(Path::new("driver"), "its place cannot be found"))?;
    let folder = std::env::current_dir().map_err(DriverError::io(Path::new("."), "cannot be found"))?;
    let out = args.run.out.clone().unwrap_or_else(|| default_folder(&args.run, name, None)).display().to_string();
    let offline = args.run.offline.then(|| "--offline".to_owned());
    let how = ["--threads".to_owned(), threads.to_string(), "--quiet".to_owned()];
    let how: Vec<String> = how.into_iter().chain(offline).collect();
    Ok(Batch {
        name: name.to_owned(),
        program,
        folder,
        environment: environment
            .iter()
            .filter(|(name, _)| name == "MNIST_DIR" || name.starts_with("DRIVER_"))
            .cloned()
            .collect(),
        before: Vec::new(),
        after: [&["--out".to_owned(), out.clone()], &how[..]].concat(),
        collect: [&["collect".to_owned(), out], &how[..]].concat(),
        tasks: Vec::new(),
        threads,
        memory: 0.0,
    })
}

/// The arguments that all tasks have in common.
fn common(args: &PlanArgs, flags: &[&str], last: &str) -> Vec<String> {
    let run = &args.run;
    let mut words = vec!["run".to_owned()];
    words.extend(run.experiment.iter().map(|path| path.display().to_string()));
    words.extend(run.set.iter().flat_map(|set| ["--set".to_owned(), set.clone()]));
    words.extend(run.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
    words.extend(run.device.iter().flat_map(|device| ["--device".to_owned(), device.clone()]));
    words.extend(flags.iter().chain([&last]).map(|word| (*word).to_owned()));
    words
}

/// The units in as many tasks as are asked for, or in tasks of some minutes.
fn tasks(units: &[Unit], asked: Option<u16>) -> Vec<Task> {
    let total: f64 = units.iter().map(|unit| unit.weight).sum();
    let few = || ((total / TASK_SECONDS).ceil() as usize).clamp(1, MOST_TASKS);
    let count = asked.map_or_else(few, usize::from);
    let task = |units: &[Unit]| {
        let numbers: Vec<usize> = units.iter().flat_map(|unit| unit.numbers.iter().copied()).collect();
        let ranges = train::ranges(&numbers).replace(", ", ",");
        Task { ranges, seconds: units.iter().map(|unit| unit.weight).sum() }
    };
    split(units, count).into_iter().map(task).collect()
}

fn written(batch: &Batch, engine: Engine) -> String {
    match engine {
        Engine::Slurm => slurm::script(batch),
        Engine::Hyperqueue => hyperqueue::job_file(batch),
        Engine::Jsonl => jsonl::lines(batch),
    }
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Words as a shell reads them back.
fn line(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    words.into_iter().map(|word| quoted(word.as_ref())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn batch() -> Batch {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let task = |ranges: &str, seconds| Task { ranges: ranges.to_owned(), seconds };
        Batch {
            name: "two".to_owned(),
            program: PathBuf::from("/opt/driver"),
            folder: PathBuf::from("/home/a b"),
            environment: vec![("MNIST_DIR".to_owned(), "/data/m'n".to_owned())],
            before: words("run two.toml --set train.epochs=3 --shard --timesteps"),
            after: words("--out results/two --threads 2 --quiet"),
            collect: words("collect results/two --threads 2 --quiet"),
            tasks: vec![task("1-3", 100.0), task("4,6-7", 250.0)],
            threads: 2,
            memory: 3.0e8,
        }
    }

    #[test]
    fn words_survive_a_shell() {
        let words = ["plain-1.0", "two words", "it's", "", "$HOME", "a\"b"];
        let output = std::process::Command::new("sh").arg("-c").arg(format!("printf '%s\\n' {}", line(words))).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        assert_eq!(text.lines().collect::<Vec<_>>(), words);
        assert_eq!(quoted("plain-1.0"), "plain-1.0");
    }
}
