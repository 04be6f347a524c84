//! `driver plan`: what an experiment would do and cost; trains nothing.

mod cost;
mod emit;
mod size;
mod sweep;

use schedule::{Schedule, Timestep};

use super::run::{configure, device, refuse_cells, timesteps};
use super::sweep::check_cells;
use crate::DriverError;
use crate::cli::{PlanArgs, RunArgs};
use crate::config::{Experiment, Model, Task};
use crate::pipeline::bench::check_counts;
use crate::terminal::Terminal;
use cost::{Cost, Rates, exact_cost};
pub(crate) use size::{Size, size};

/// Prints the resolved configuration and its estimated cost.
pub(crate) fn plan(args: &PlanArgs, environment: Vec<(String, String)>, terminal: Terminal) -> Result<(), DriverError> {
    let run = &args.run;
    let threads =
        run.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get), usize::from);
    let task = configure(run, environment.clone())?;
    match &task {
        Task::Run(_) => refuse_cells(run)?,
        Task::Sweep(sweep) => check_cells(sweep, run)?,
    }
    match (&task, args.emit) {
        (Task::Run(experiment), None) => plan_run(experiment, run, threads, terminal),
        (Task::Sweep(sweep), None) => sweep::plan(sweep, run, threads, terminal),
        (Task::Run(experiment), Some(engine)) => emit::run(experiment, args, (engine, threads), &environment, terminal),
        (Task::Sweep(sweep), Some(engine)) => emit::sweep(sweep, args, (engine, threads), &environment, terminal),
    }
}

/// What is to be trained, checked as far as it can be without the data.
struct Todo {
    schedule: Schedule,
    size: Size,
    /// The machines asked for.
    asked: Vec<Timestep>,
}

impl Todo {
    fn of(experiment: &Experiment, args: &RunArgs) -> Result<Self, DriverError> {
        let schedule = Schedule::new(experiment.schedule.law, experiment.schedule.timesteps)?;
        let asked = timesteps(args, experiment, &schedule)?;
        let size = size(&experiment.data);
        check_counts(experiment, size.train)?;
        Ok(Self { schedule, size, asked })
    }
}

fn plan_run(experiment: &Experiment, args: &RunArgs, threads: usize, terminal: Terminal) -> Result<(), DriverError> {
    let device = device(experiment)?;
    let Todo { schedule, size, asked } = Todo::of(experiment, args)?;
    let machines = experiment.train.lineage(&schedule).closure(&asked, |_| false);
    let rates = &mut Rates::default();
    let trained = |cost: Cost| {
        let mut lines = cost.lines();
        lines.push(format!("device: {}", device.name()));
        lines
    };
    let lines = match experiment.model {
        Model::Machines(model) => trained(Cost::of(experiment, model, &schedule, &size, &machines, threads, rates)),
        Model::Conditioned { hidden } => trained(Cost::for_all(experiment, hidden, &schedule, &size, threads, rates)),
        Model::Exact(law) => exact_cost(experiment, law, &size),
    };
    terminal.result(text(&experiment.to_toml(), &lines));
    let chain = !experiment.model.is_regression();
    schedule.thermalisation_warning().filter(|_| chain).into_iter().for_each(|warning| terminal.warn(warning));
    Ok(())
}

/// The settings with the cost below them as comments.
fn text(settings: &str, lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("# {line}")).collect();
    format!("{settings}\n# cost (nothing was trained)\n{}", lines.join("\n"))
}
