//! What a sweep would do and cost, with machines that cells have in common counted once.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cost::{Cost, Rates, exact_cost};
use super::{Todo, text};
use crate::DriverError;
use crate::cli::RunArgs;
use crate::commands::run::device;
use crate::commands::sweep::is_asked;
use crate::config::{Cell, Machines, Model, Sweep};
use crate::pipeline::conditioned;
use crate::pipeline::shelf::keys;
use crate::terminal::{Terminal, bytes, duration};

/// The sums over the cells.
#[derive(Default)]
struct Total {
    /// Machines of all cells.
    machines: usize,
    /// Those of them that are trained.
    trained: usize,
    operations: f64,
    seconds: f64,
    /// Of the largest cell.
    memory: f64,
    disk: f64,
}

/// What is known of the cells before.
#[derive(Default)]
struct Known {
    /// The number of the cell that trains a machine, by its key.
    trained_in: BTreeMap<String, usize>,
    rates: Rates,
    total: Total,
}

/// Prints the resolved sweep, the cost of each cell and of all.
pub(super) fn plan(sweep: &Sweep, args: &RunArgs, threads: usize, terminal: Terminal) -> Result<(), DriverError> {
    let mut known = Known::default();
    let (mut lines, mut device_name) = (Vec::new(), "");
    let asked = |(number, _): &(usize, &Cell)| is_asked(args, *number);
    for (number, cell) in sweep.cells.iter().enumerate().filter(asked) {
        device_name = device(&cell.experiment)?.name();
        let todo = Todo::of(&cell.experiment, args)?;
        let said = match cell.experiment.model {
            Model::Machines(machines) => known.add(sweep, (number, cell), &todo, machines, threads),
            Model::Conditioned { hidden } => known.add_one(sweep, (number, cell), &todo, hidden, threads),
            Model::Exact(law) => exact_cost(&cell.experiment, law, &todo.size).join("; "),
        };
        lines.push(format!("{}: {said}", cell.folder));
    }
    let Total { machines, trained, operations, seconds, memory, disk } = known.total;
    let mut all = vec![format!("{} cells", lines.len())];
    if machines > 0 {
        let shared = machines - trained;
        all[0] += &format!(": {machines} machines, {trained} trained and {shared} shared with a cell before");
        all.push(format!("arithmetic: {operations:.3e} operations"));
        let time = duration(Duration::from_secs_f64(seconds));
        all.push(format!("time: about {time} on {threads} thread(s) of the host engine, one cell after the other"));
        all.push(format!("memory: about {}", bytes(memory)));
        all.push(format!("disk: about {}", bytes(disk)));
        all.push(format!("device: {device_name}"));
    }
    all.extend(lines);
    terminal.result(text(&sweep.to_toml(), &all));
    Ok(())
}

impl Known {
    /// Adds what a cell has to do beyond the cells before it; the cost of it in words.
    fn add(
        &mut self,
        sweep: &Sweep,
        (number, cell): (usize, &Cell),
        Todo { schedule, size, asked }: &Todo,
        model: Machines,
        threads: usize,
    ) -> String {
        let experiment = &cell.experiment;
        // The settings of the data stand for the numbers, which are not looked at here.
        let keys = keys(experiment, schedule, model, &format!("{:?}", experiment.data));
        let lineage = experiment.train.lineage(schedule);
        let whole = lineage.closure(asked, |_| false).len();
        let needed = lineage.closure(asked, |t| self.trained_in.contains_key(&keys[t.index()]));
        let mut from: Vec<usize> =
            asked.iter().filter_map(|t| self.trained_in.get(&keys[t.index()]).copied()).collect();
        from.sort_unstable();
        from.dedup();
        let cost = Cost::of(experiment, model, schedule, size, &needed, threads, &mut self.rates);
        self.trained_in.extend(needed.iter().map(|t| (keys[t.index()].clone(), number)));
        self.total.machines += whole;
        self.total.trained += needed.len();
        self.count(&cost);
        let shared = match &from[..] {
            [] => String::new(),
            cells => {
                let names: Vec<&str> = cells.iter().map(|&i| sweep.cells[i].folder.as_str()).collect();
                format!(", {} shared with {}", whole - needed.len(), names.join(", "))
            }
        };
        in_words(&cost, &shared)
    }

    /// As [`Self::add`], for a cell of one machine for all timesteps.
    fn add_one(
        &mut self,
        sweep: &Sweep,
        (number, cell): (usize, &Cell),
        Todo { schedule, size, .. }: &Todo,
        hidden: usize,
        threads: usize,
    ) -> String {
        let experiment = &cell.experiment;
        let key = conditioned::key(experiment, schedule, hidden, &format!("{:?}", experiment.data));
        let cost = Cost::for_all(experiment, hidden, schedule, size, threads, &mut self.rates);
        self.total.machines += 1;
        let trained_in = *self.trained_in.entry(key).or_insert(number);
        if trained_in != number {
            return format!("one machine for all timesteps, shared with {}", sweep.cells[trained_in].folder);
        }
        self.total.trained += 1;
        self.count(&cost);
        in_words(&cost, "")
    }

    fn count(&mut self, cost: &Cost) {
        let total = &mut self.total;
        total.operations += cost.training + cost.sampling;
        total.seconds += cost.seconds;
        total.memory = total.memory.max(cost.memory);
        total.disk += cost.disk;
    }
}

fn in_words(cost: &Cost, shared: &str) -> String {
    let time = duration(Duration::from_secs_f64(cost.seconds));
    format!("{}{shared}, about {time}", cost.training_in_words())
}
