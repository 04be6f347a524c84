//! Two groups of runs side by side: losses at each timestep, observables, transition times.
//!
//! Runs that differ by their seed alone form a [`Group`]; two groups are compared by a [`Design`] that says what the spread
//! of their difference is taken from.  The hypotheses of a curve, of an observable's table and of the transition times
//! are families; [`bh`] decides which families differ and where.

pub mod bh;
mod curves;
mod design;
mod difference;
pub mod neighbours;
mod rows;
mod student;
pub mod tolerance;
mod windows;

use serde::Serialize;

pub use crate::figures::comparison::{Overlay, draw};
pub use curves::{Curve, Point, Scale};
pub use design::{Design, Group, RunTables};
pub use difference::{Difference, Number};
pub use rows::{Place, RowKey, RowPair, TablePair, Time, TransitionPair};
pub use student::Estimate;
pub use windows::{Window, in_words, windows};

/// One group compared with the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The first group's label.
    pub base: String,
    /// The other's.
    pub other: String,
    /// What differences are judged by.
    #[serde(flatten)]
    pub design: Design,
    /// The expected share of false ones among the differences found.
    pub q: f64,
    /// Whether anything differs.
    pub differs: bool,
    /// Hypotheses with a p-value.
    pub tested: usize,
    /// What a reader must know before trusting the numbers.
    pub notes: Vec<String>,
    /// What `metrics.csv` holds, at each timestep.
    pub curves: Vec<Curve>,
    /// The observables that both groups have.
    pub observables: Vec<TablePair>,
    /// The transition times that both groups have.
    pub transitions: Vec<TransitionPair>,
}

/// Seeds below which little is found.
const FEW: usize = 6;

/// Compares two groups of runs with chains of one length.
///
/// `q`: the expected share of false ones among the differences found, in (0, 1).
pub fn compare(base: &Group, other: &Group, q: f64) -> Comparison {
    let design = Design::of(base, other);
    let mut curves = curves::curves(base, other, &design);
    let mut tables = rows::tables(base, other, &design);
    let mut transitions = rows::transitions(base, other, &design);
    let of_curve = |curve: &Curve| curve.points.iter().filter_map(|point| point.adjusted).collect();
    let of_table = |table: &TablePair| table.rows.iter().filter_map(|row| row.adjusted).collect();
    let of_transitions = transitions.iter().filter_map(|pair| pair.adjusted).collect();
    let families: Vec<Vec<f64>> =
        curves.iter().map(of_curve).chain(tables.iter().map(of_table)).chain([of_transitions]).collect();
    let levels = bh::levels(&families, q);
    let (of_curves, rest) = levels.split_at(curves.len());
    curves.iter_mut().zip(of_curves).for_each(|(curve, level)| curve.judge(*level));
    tables.iter_mut().zip(rest).for_each(|(table, level)| table.judge(*level));
    if let Some(Some(level)) = levels.last() {
        transitions.iter_mut().for_each(|pair| pair.differs = pair.adjusted.is_some_and(|p| p <= *level));
    }
    Comparison {
        base: base.label.clone(),
        other: other.label.clone(),
        q,
        differs: levels.iter().any(Option::is_some),
        tested: families.iter().map(Vec::len).sum(),
        notes: notes(base, other, &design, &curves),
        curves,
        observables: tables,
        transitions,
        design,
    }
}

/// What the numbers do not say by themselves.
fn notes(base: &Group, other: &Group, design: &Design, curves: &[Curve]) -> Vec<String> {
    let mut notes = Vec::new();
    let (Some(x), Some(y)) = (base.runs.first(), other.runs.first()) else { return notes };
    if x.schedule != y.schedule {
        notes.push("the noise schedules differ: the same t is another noise level".to_owned());
    }
    let data = |run: &RunTables| (run.facts.source.clone(), run.facts.data_note.clone(), run.facts.dim);
    if data(x) != data(y) {
        notes.push("the data differ: losses are those of different tasks".to_owned());
    }
    for (group, runs) in [(base, &base.runs), (other, &other.runs)] {
        let there = timesteps(runs);
        if there.len() < x.facts.timesteps {
            let grid: Vec<(usize, bool)> = (1..=x.facts.timesteps).map(|t| (t, there.contains(&t))).collect();
            notes.push(format!("{} has machines for {} only", group.label, in_words(&windows(&grid))));
        }
    }
    for (group, run, than) in [(base, x, y), (other, y, x)] {
        let only: Vec<&str> =
            run.observables.keys().filter(|name| !than.observables.contains_key(*name)).copied().collect();
        if !only.is_empty() {
            notes.push(format!("only {} has the observables {}", group.label, only.join(", ")));
        }
    }
    if let Design::Paired { seeds } = design
        && seeds.len() < FEW
    {
        let df = seeds.len() - 1;
        notes.push(format!(
            "Student's t with {df} degrees of freedom, at each t for itself, finds only what is far above the scatter"
        ));
    }
    if let Design::Alone { seeds, .. } = design {
        if seeds.is_empty() {
            notes.push(
                "no seed is in both: what the machines of a run share (data drawn by its seed) counts as a difference"
                    .to_owned(),
            );
        }
        if curves.iter().all(|curve| curve.tested() == 0) {
            notes.push(
                "no test of the losses is possible: one run a side and too few independent timesteps to take a spread from; \
                 run three or more seeds of each"
                    .to_owned(),
            );
        }
    }
    notes
}

/// The timesteps that all of the runs have measurements of.
fn timesteps(runs: &[RunTables]) -> std::collections::BTreeSet<usize> {
    let of = |run: &RunTables| run.metrics.iter().map(|row| row.t).collect::<std::collections::BTreeSet<_>>();
    runs.iter().map(of).reduce(|all, own| &all & &own).unwrap_or_default()
}

#[cfg(test)]
mod tests;
