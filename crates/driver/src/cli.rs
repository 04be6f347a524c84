//! The command line: raw arguments, and the dispatch to one file a verb.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand};

use crate::config::Device;
use crate::ranges::Ranges;
use crate::terminal::{Terminal, Verbosity};
use crate::{commands, interrupt};

/// Trains one single-hidden-layer autoencoder per timestep of a diffusion, samples from them, and draws what happened.
///
/// Everything about an experiment stands in one TOML file; its results go to one folder under results/.
#[derive(Debug, Parser)]
#[command(
    name = "driver",
    version,
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        driver experiments/smoke.toml                            under 10 seconds, no download\n  \
        driver plan experiments/mnist_T1000.toml                 what it would cost\n  \
        driver experiments/mnist_T100.toml --set model.hidden=800 --out results/wide\n  \
        driver experiments/sweeps/hidden_smoke.toml              several runs: every combination in its [sweep]\n  \
        driver analyze results/mnist_T100 --only kappa           measure an observable of a finished run\n  \
        driver figures results/mnist_T100                        draw the figures again\n  \
        driver report results/wide results/mnist_T100            both on one page, side by side\n  \
        driver explain train.stop                                what a setting means\n  \
        driver compare results/wide results/mnist_T100           what differs between two runs\n\n\
        Settings: defaults < file < environment (DRIVER_TRAIN__EPOCHS=3) < --set train.epochs=3.\n\
        Exit code: 0; 1 when some machines could not be trained (the others are kept), or runs differ (compare, verify);\n\
        2 for any other error; 130 or 143 after Ctrl-C or SIGTERM, from which the same command goes on."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Verb>,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    talk: Talk,
}

#[derive(Debug, Clone, Copy, Args)]
struct Talk {
    /// Say more: a line for every machine.
    #[arg(short, long, global = true, action = ArgAction::SetTrue, conflicts_with = "quiet")]
    verbose: bool,
    /// Say nothing but warnings and errors; what `plan`, `compare`, `verify`, `export`, `observables`, `explain`, `schema`, `figures`,
    /// `report`, `cite` and `completions` print stays.
    #[arg(short, long, global = true, action = ArgAction::SetTrue)]
    quiet: bool,
}

impl Talk {
    fn terminal(self) -> Terminal {
        Terminal::new(match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        })
    }
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run an experiment, or every cell of a sweep (the same as naming its file without a verb).
    Run(RunArgs),
    /// Print what an experiment would do and cost, and train nothing.
    #[command(after_help = "Examples:\n  \
        driver plan experiments/mnist_T1000.toml                                 what it would cost\n  \
        driver plan experiments/mnist_T1000.toml --emit slurm > job.sh           then: bash job.sh\n  \
        driver plan experiments/mnist_T1000.toml --emit hyperqueue > job.toml    then: hq job submit-file job.toml\n  \
        driver plan experiments/mnist_T100.toml --emit jsonl --tasks 4 \\\n    \
            | jq -r 'select(.after == []).command' | parallel --retries 3        then: driver collect results/mnist_T100")]
    Plan(PlanArgs),
    /// Measure the observables of a finished run and draw them: those its [analysis] lists, or all where it lists none.
    Analyze(AnalyzeArgs),
    /// List the observables by group, each with the question it answers.
    Observables,
    /// Draw the figures of a finished run again from its tables.
    Figures(FiguresArgs),
    /// Check a finished run against its manifest, and train some of its machines again: the same bytes, or DIFFERS.
    #[command(after_help = "Examples:\n  \
        driver verify results/mnist_T100                          every file, and three machines trained again\n  \
        driver verify results/mnist_T100 --sample 0               sums, keys, tables and figures only\n  \
        driver verify results/smoke --certificate smoke.json      what was checked, as JSON\n\n\
        Exit code: 0 verified; 1 something differs, each file named; 2 it could not be checked.")]
    Verify(VerifyArgs),
    /// Write the machines of a run into one safetensors file that PyTorch loads, whole or not at all.
    #[command(after_help = "Examples:\n  \
        driver export results/mnist_T100                             to results/mnist_T100.safetensors\n  \
        driver export results/mnist_T1000 --timesteps 1,500,1000     some machines only\n  \
        scripts/load_checkpoint.py results/mnist_T100.safetensors    load it, and compare its answers with ours\n\n\
        From Python: from load_checkpoint import Bank; bank = Bank.load(FILE); bank.eps_hat(x, t); bank.sample(16).")]
    Export(ExportArgs),
    /// Put together the run or the sweep that several processes have worked on with --timesteps or --cells.
    #[command(after_help = "Examples:\n  \
        driver run experiments/mnist_T100.toml --timesteps 1-50 --shard      in one process, on one computer\n  \
        driver run experiments/mnist_T100.toml --timesteps 51-100 --shard    in another, into the same folder\n  \
        driver collect results/mnist_T100                                    the same bytes as one `driver run`\n\n\
        `driver plan EXPERIMENT --emit slurm|hyperqueue|jsonl` writes such commands for a cluster.")]
    Collect(CollectArgs),
    /// Write one page about a run, or about several side by side: settings, transitions, samples, losses, quality, cost, figures.
    #[command(
        after_help = "Every run leaves the page of its own, report.html in its folder, which `figures`, `analyze` and `collect` renew.\n\
        Nothing is loaded when a page is read; links lead to the tables in the run folders, relative to the page.\n\n\
        Examples:\n  \
        driver report results/a results/b                        both side by side, to ./report.html\n  \
        driver report results/hidden/cells/* --out hidden.html   the cells of a sweep\n  \
        driver report results/a --out a.html                     the page of one run, to be kept elsewhere\n  \
        driver figures results/a                                 the run's own page again\n\n\
        Exit code: 0; 2 for any error, such as a table that was changed since its run wrote it."
    )]
    Report(ReportArgs),
    /// Print what runs rest on as BibTeX: this software, the thesis, the data, the papers behind what was trained and measured.
    #[command(after_help = "Examples:\n  \
        driver cite results/mnist_T100 > mnist_T100.bib          what one run rests on\n  \
        driver cite results/a results/b                          several, each work once\n\n\
        The same list stands in the run's report.html; how to cite the software alone says CITATION.cff.")]
    Cite(CiteArgs),
    /// Compare finished runs: settings, losses at each t, observables, transition times; exit code 1 where they differ.
    Compare(CompareArgs),
    /// Download MNIST to the user's cache, with checksums.
    Fetch(FetchArgs),
    /// Say what a setting means: its type, range, default, an example, and what it goes with.
    #[command(after_help = "Examples:\n  \
        driver explain                  all settings, a line or two each\n  \
        driver explain train            those of the table [train]\n  \
        driver explain train.stop       everything about one")]
    Explain {
        /// A key as train.batch or batch, or a table of keys as train [default: all].
        key: Option<String>,
    },
    /// Print the JSON Schema of an experiment's file, for editors that complete and check TOML.
    #[command(after_help = "Example:\n  \
        driver schema > experiment.schema.json      then begin a file with the line #:schema experiment.schema.json")]
    Schema,
    /// Print a shell's completion script.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Arguments of `run`, and of `plan` with its own.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    /// The experiment's TOML file; one with a [sweep] is several runs.
    #[arg(required = true)]
    pub(crate) experiment: Option<PathBuf>,
    /// Override a setting, e.g. --set train.epochs=3 (may be repeated).
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Seed of all random streams; the folder's name then ends in _sN.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,
    /// The run folder [default: results/NAME].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// What trains the machines; overrides run.device.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(Device::WORDS))]
    pub(crate) device: Option<String>,
    /// Threads [default: all cores]; no result depends on their number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Train only these machines, e.g. 1-20,300,500 (and with train.warm_start those they start from), and do not sample.
    /// Several processes may train machines into one folder.
    #[arg(long, value_name = "RANGES")]
    pub(crate) timesteps: Option<Ranges>,
    /// With --timesteps: leave tables and figures to `driver collect`.
    #[arg(long, requires = "timesteps")]
    pub(crate) shard: bool,
    /// Of a sweep, run only these cells, counted from 1, e.g. 1-20,30, and leave the summary to `driver collect`.
    #[arg(long, value_name = "RANGES")]
    pub(crate) cells: Option<Ranges>,
    /// Never touch the network.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Begin anew: a run that is in the folder is moved aside, whole, to FOLDER.old-1 (-2, ...).
    #[arg(long)]
    pub(crate) fresh: bool,
}

/// Arguments of `plan`.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Print the experiment as tasks of an engine: machines of a run or cells of a sweep in parts, and one task that
    /// collects; --threads are the cores of a task.
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub(crate) emit: Option<Engine>,
    /// With --emit: about so many tasks [default: tasks of some ten minutes, 1000 at most].
    #[arg(long, value_name = "N", requires = "emit", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) tasks: Option<u16>,
}

/// What carries out the tasks that `plan` emits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Engine {
    /// A script that submits itself as an array and a job that collects.
    Slurm,
    /// A job definition file.
    Hyperqueue,
    /// One task a line, for GNU parallel and others.
    Jsonl,
}

/// Arguments of `verify`.
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArgs {
    /// The run folder; nothing is written into it.
    pub(crate) run: PathBuf,
    /// Train so many machines again, drawn at random, and compare them with their files; 0 for none.
    #[arg(long, value_name = "K", default_value_t = 3)]
    pub(crate) sample: usize,
    /// Seed of the draw [default: from the manifest's own sum].
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Write what was checked as JSON to this file, outside the run folder; - for standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
    /// Threads [default: all cores]; no result depends on their number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Never touch the network.
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Arguments of `analyze`.
#[derive(Debug, Clone, Args)]
pub(crate) struct AnalyzeArgs {
    /// The run folder.
    pub(crate) run: PathBuf,
    /// Only these observables, names or groups (may be repeated), and those anew even where their tables are up to date.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(crate) only: Vec<String>,
    /// Threads [default: all cores]; no result depends on their number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Never touch the network.
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Arguments of `collect`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CollectArgs {
    /// The folder of a run or of a sweep.
    pub(crate) run: PathBuf,
    /// Threads [default: all cores]; no result depends on their number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Never touch the network.
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Arguments of `figures`.
#[derive(Debug, Clone, Args)]
pub(crate) struct FiguresArgs {
    /// The run folder.
    pub(crate) run: PathBuf,
    /// Only these figures, by name (may be repeated).
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(crate) only: Vec<String>,
}

/// Arguments of `export`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ExportArgs {
    /// The run folder; nothing is written into it.
    pub(crate) run: PathBuf,
    /// The file [default: RUN.safetensors, beside the run folder].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Only the machines of these timesteps, e.g. 1-20,300,500.
    #[arg(long, value_name = "RANGES")]
    pub(crate) timesteps: Option<Ranges>,
    /// Store our answers to so many states at five timesteps, by which the loader checks itself; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = at_most_a_thousand)]
    pub(crate) check: usize,
}

/// Arguments of `cite`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CiteArgs {
    /// The run folders, one or more; nothing is written into them.
    #[arg(required = true, num_args = 1.., value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
}

/// Arguments of `report`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReportArgs {
    /// The run folders, one or more; nothing is written into them.
    #[arg(required = true, num_args = 1.., value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    /// The page, outside of the run folders.
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    pub(crate) out: PathBuf,
}

/// Arguments of `compare`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Runs that differ only in `seed` count as one: their numbers are averaged and their scatter is the test's. \
        With one or two runs a side,\nlosses are judged by the scatter of neighbouring timesteps, observables by their \
        intervals.\n\n\
        Examples:\n  \
        driver compare results/a results/b                       what differs beyond chance\n  \
        driver compare results/a results/b --exact               the same bytes?\n  \
        driver compare results/a results/b --tol 1e-4            the same numbers to four digits?\n  \
        driver compare results/a* results/b* --out results/a_b   several seeds of each; report, tables and figures\n\n\
        Exit code: 0 the same; 1 different; 2 for any error, two lengths of the chain among them."
)]
pub(crate) struct CompareArgs {
    /// The run folders; the others are compared with the first.
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    /// Compare bytes: every file but manifest.json, timing.csv and report.html.
    #[arg(long, conflicts_with_all = ["tol", "test", "q"])]
    pub(crate) exact: bool,
    /// Compare the numbers of metrics, observables and transition times to this relative tolerance.
    #[arg(long, value_name = "X", value_parser = not_negative, conflicts_with_all = ["test", "q"])]
    pub(crate) tol: Option<f64>,
    /// Say in one line whether anything differs beyond chance, and not what.
    #[arg(long)]
    pub(crate) test: bool,
    /// Expected share of false ones among the differences found (Benjamini-Hochberg).
    #[arg(long, value_name = "Q", default_value_t = 0.05, value_parser = share)]
    pub(crate) q: f64,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    /// Also write compare.json, compare.html, differences.csv and the figures to this folder.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["exact", "tol"])]
    pub(crate) out: Option<PathBuf>,
}

/// What `compare` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ReportFormat {
    /// Tables for people.
    Text,
    /// Stable keys for scripts.
    Json,
    /// One page with the figures in it.
    Html,
}

fn not_negative(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|x: &f64| x.is_finite() && *x >= 0.0);
    number.ok_or_else(|| "use a number of 0 or more".to_owned())
}

fn at_most_a_thousand(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|n: &usize| *n <= 1000);
    number.ok_or_else(|| "use a whole number from 0 to 1000".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|x: &f64| *x > 0.0 && *x < 1.0);
    number.ok_or_else(|| "use a number between 0 and 1, both excluded".to_owned())
}

/// Arguments of `fetch`.
#[derive(Debug, Clone, Args)]
pub(crate) struct FetchArgs {
    /// Where to put the files [default: the user's cache].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// Base addresses to try in turn instead of the built-in ones (may be repeated).
    #[arg(long = "mirror", value_name = "URL")]
    pub(crate) mirrors: Vec<String>,
}

/// Parses the arguments, runs the command, prints its error: 0 for success, 1 for a run some of whose machines failed and for
/// runs that differ, 2 for any other error.
pub fn main() -> ExitCode {
    let Cli { command, run, talk } = Cli::parse();
    let terminal = talk.terminal();
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
        .collect();
    interrupt::listen(terminal);
    let result = match command.unwrap_or(Verb::Run(run)) {
        Verb::Run(args) => commands::run::run(&args, environment, terminal),
        Verb::Plan(args) => commands::plan::plan(&args, environment, terminal),
        Verb::Analyze(args) => commands::analyze::analyze(&args, &environment, terminal),
        Verb::Observables => {
            commands::observables::list(terminal);
            Ok(())
        }
        Verb::Explain { key } => commands::explain::explain(key.as_deref(), terminal),
        Verb::Schema => {
            commands::schema::print(terminal);
            Ok(())
        }
        Verb::Figures(args) => commands::figures::figures(&args, terminal),
        Verb::Export(args) => commands::export::export(&args, terminal),
        Verb::Collect(args) => commands::collect::collect(&args, &environment, terminal),
        Verb::Cite(args) => commands::cite::cite(&args, terminal),
        Verb::Report(args) => commands::report::report(&args, terminal),
        Verb::Verify(args) => match commands::verify::verify(&args, &environment, terminal) {
            Ok(true) => Ok(()),
            Ok(false) => return ExitCode::from(1),
            Err(error) => Err(error),
        },
        Verb::Compare(args) => match commands::compare::compare(&args, terminal) {
            Ok(same) => return ExitCode::from(u8::from(!same)),
            Err(error) => Err(error),
        },
        Verb::Fetch(args) => commands::fetch::fetch(&args, &environment, terminal),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "driver", &mut script);
            terminal.result(String::from_utf8_lossy(&script).trim_end());
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_is_in_the_help_and_in_the_completions_and_explains_itself() {
        Cli::command().debug_assert();
        let help = Cli::command().render_long_help().to_string();
        let mut script = Vec::new();
        clap_complete::generate(clap_complete::Shell::Bash, &mut Cli::command(), "driver", &mut script);
        let script = String::from_utf8(script).expect("text");
        for verb in Cli::command().get_subcommands() {
            let name = verb.get_name();
            assert!(help.contains(&format!("\n  {name} ")), "{name}");
            assert!(script.contains(&format!("driver,{name})")), "{name}");
            assert!(verb.get_about().is_some_and(|about| about.to_string().len() > 20), "{name}");
        }
    }
}
