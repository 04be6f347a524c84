//! The tables of the observables and the transition times, row by row.

use std::collections::BTreeMap;

use serde::Serialize;

use super::bh;
use super::design::{Design, Group, RunTables};
use super::difference::{Difference, Number};
use super::windows::{Window, windows};
use crate::observables::{ObservableRow, Transition, TransitionRow};

/// What identifies a row of an observable.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowKey {
    /// Timestep, where the quantity belongs to one.
    pub t: Option<usize>,
    /// Its second coordinate.
    pub x: Option<f64>,
    /// Whose it is.
    pub model: String,
    /// What was measured.
    pub quantity: String,
    /// Which trajectories.
    pub group: String,
}

/// One number of an observable in both groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowPair {
    /// Which number.
    #[serde(flatten)]
    pub key: RowKey,
    /// The two and what lies between them.
    #[serde(flatten)]
    pub numbers: Difference,
    /// The p-value adjusted for the number of rows.
    pub adjusted: Option<f64>,
    /// Whether it is judged to differ.
    pub differs: bool,
}

/// Where a quantity of an observable differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Whose it is.
    pub model: String,
    /// What was measured.
    pub quantity: String,
    /// Which trajectories.
    pub group: String,
    /// The timesteps; empty for a quantity that belongs to none.
    pub windows: Vec<Window>,
}

/// The table of one observable in both groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TablePair {
    /// The observable.
    pub name: String,
    /// Rows that both have.
    pub compared: usize,
    /// Those among them that are equal to the bit.
    pub equal: usize,
    /// Those with a p-value.
    pub tested: usize,
    /// Rows of one group alone.
    pub unmatched: usize,
    /// Those judged to differ.
    pub differing: usize,
    /// Where they are.
    pub places: Vec<Place>,
    /// The adjusted p-value at which rows were judged; `None` where nothing differs.
    pub level: Option<f64>,
    /// The rows, in the order of the first group's table.
    #[serde(skip)]
    pub rows: Vec<RowPair>,
}

/// A key that can be looked up: coordinates by their bits.
type Id<'a> = (Option<usize>, Option<u64>, &'a str, &'a str, &'a str);

fn id(row: &ObservableRow) -> Id<'_> {
    (row.t, row.x.map(f64::to_bits), &row.model, &row.quantity, &row.group)
}

/// The tables that all runs of the design have.
pub(super) fn tables(base: &Group, other: &Group, design: &Design) -> Vec<TablePair> {
    let (base, other) = design.runs(base, other);
    let Some(first) = base.first() else { return Vec::new() };
    let table = |name: &&'static str| {
        let of = |runs: &[&'_ RunTables]| -> Option<Vec<Lookup>> {
            runs.iter().map(|run| run.observables.get(name).map(|rows| lookup(rows))).collect()
        };
        Some(table(name, &first.observables[name], (&of(&base)?, &of(&other)?), design))
    };
    first.observables.keys().filter_map(table).collect()
}

type Lookup = BTreeMap<(Option<usize>, Option<u64>, String, String, String), Number>;

fn lookup(rows: &[ObservableRow]) -> Lookup {
    let entry = |row: &ObservableRow| {
        let (t, x, model, quantity, group) = id(row);
        let key = (t, x, model.to_owned(), quantity.to_owned(), group.to_owned());
        (key, Number { value: row.value, interval: row.low.zip(row.high) })
    };
    rows.iter().map(entry).collect()
}

fn table(name: &str, rows: &[ObservableRow], (base, other): (&[Lookup], &[Lookup]), design: &Design) -> TablePair {
    let pair = |row: &ObservableRow| {
        let (t, x, model, quantity, group) = id(row);
        let key = (t, x, model.to_owned(), quantity.to_owned(), group.to_owned());
        let of = |runs: &[Lookup]| runs.iter().map(|run| run.get(&key).copied()).collect::<Option<Vec<_>>>();
        let numbers = Difference::new(&of(base)?, &of(other)?, design);
        let (.., model, quantity, group) = key.clone();
        let key = RowKey { t, x: row.x, model, quantity, group };
        Some(RowPair { key, numbers, adjusted: None, differs: false })
    };
    let mut rows: Vec<RowPair> = rows.iter().filter_map(pair).collect();
    adjust(&mut rows, |row| row.numbers.p, |row, p| row.adjusted = Some(p));
    let equal = rows.iter().filter(|row| same(&row.numbers)).count();
    let most = base.iter().chain(other).map(BTreeMap::len).max().unwrap_or(0);
    TablePair {
        name: name.to_owned(),
        compared: rows.len(),
        equal,
        tested: rows.iter().filter(|row| row.numbers.p.is_some()).count(),
        unmatched: most - rows.len(),
        differing: 0,
        places: Vec::new(),
        level: None,
        rows,
    }
}

fn same(numbers: &Difference) -> bool {
    numbers.base == numbers.other || (numbers.base.is_nan() && numbers.other.is_nan())
}

/// Sets the adjusted p-value of every row that has one.
fn adjust<R>(rows: &mut [R], p: impl Fn(&R) -> Option<f64>, set: impl Fn(&mut R, f64)) {
    let tested: Vec<f64> = rows.iter().filter_map(&p).collect();
    let mut adjusted = bh::adjusted(&tested).into_iter();
    for row in rows.iter_mut().filter(|row| p(row).is_some()) {
        if let Some(p) = adjusted.next() {
            set(row, p);
        }
    }
}

impl TablePair {
    pub(super) fn judge(&mut self, level: Option<f64>) {
        for row in &mut self.rows {
            row.differs = level.zip(row.adjusted).is_some_and(|(level, p)| p <= level);
        }
        self.level = level;
        self.differing = self.rows.iter().filter(|row| row.differs).count();
        self.places = places(&self.rows);
    }
}

/// Where quantities differ, in the order of the table.
fn places(rows: &[RowPair]) -> Vec<Place> {
    let mut order: Vec<(&str, &str, &str)> = Vec::new();
    let mut grids: BTreeMap<(&str, &str, &str), BTreeMap<Option<usize>, bool>> = BTreeMap::new();
    for RowPair { key, differs, .. } in rows {
        let of = (key.model.as_str(), key.quantity.as_str(), key.group.as_str());
        let grid = grids.entry(of).or_insert_with(|| {
            order.push(of);
            BTreeMap::new()
        });
        *grid.entry(key.t).or_default() |= differs;
    }
    let place = |of: &(&str, &str, &str)| {
        let grid = &grids[of];
        let timed: Vec<(usize, bool)> = grid.iter().filter_map(|(t, flag)| Some(((*t)?, *flag))).collect();
        let (model, quantity, group) = (of.0.to_owned(), of.1.to_owned(), of.2.to_owned());
        grid.values().any(|flag| *flag).then(|| Place { model, quantity, group, windows: windows(&timed) })
    };
    order.iter().filter_map(place).collect()
}

/// One transition time in both groups; over several seeds the mean of those that have one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TransitionPair {
    /// The transition.
    pub transition: Transition,
    /// The criterion.
    pub convention: String,
    /// Whose it is.
    pub model: String,
    /// Which trajectories.
    pub group: String,
    /// `predicted` or `measured`.
    pub kind: String,
    /// The first group's; `None` where its criterion is never met.
    pub base: Option<Time>,
    /// The other's.
    pub other: Option<Time>,
    /// Whether the intervals overlap; `None` where one has none.
    pub overlap: Option<bool>,
    /// other - base, where both have a time.
    pub difference: Option<f64>,
    /// Lower end of its 95% interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// p-value of no difference.
    pub p: Option<f64>,
    /// The same adjusted for the number of transition times.
    pub adjusted: Option<f64>,
    /// Whether it is judged to differ.
    pub differs: bool,
}

/// A transition time with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Time {
    /// The time in timesteps.
    pub t: f64,
    /// Lower end of its 95% interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// The transition times that all runs of the design have a row for.
pub(super) fn transitions(base: &Group, other: &Group, design: &Design) -> Vec<TransitionPair> {
    let (base, other) = design.runs(base, other);
    let Some(first) = base.first() else { return Vec::new() };
    let pair = |row: &TransitionRow| {
        let of = |runs: &[&'_ RunTables]| -> Option<Vec<TransitionRow>> {
            runs.iter().map(|run| run.transitions.iter().find(|other| is_same_time(row, other)).cloned()).collect()
        };
        Some(transition(row, &of(&base)?, &of(&other)?, design))
    };
    let mut pairs: Vec<TransitionPair> = first.transitions.iter().filter_map(pair).collect();
    adjust(&mut pairs, |row| row.p, |row, p| row.adjusted = Some(p));
    pairs
}

fn is_same_time(row: &TransitionRow, other: &TransitionRow) -> bool {
    row.transition == other.transition
        && (&row.convention, &row.model, &row.group) == (&other.convention, &other.model, &other.group)
}

fn transition(row: &TransitionRow, base: &[TransitionRow], other: &[TransitionRow], design: &Design) -> TransitionPair {
    let numbers = |rows: &[TransitionRow]| -> Option<Vec<Number>> {
        rows.iter().map(|row| Some(Number { value: row.t?, interval: row.low.zip(row.high) })).collect()
    };
    let difference = numbers(base).zip(numbers(other)).map(|(x, y)| Difference::new(&x, &y, design));
    let (x, y) = (time(base), time(other));
    let ends = |time: Option<Time>| time.and_then(|time| time.low.zip(time.high));
    TransitionPair {
        transition: row.transition,
        convention: row.convention.clone(),
        model: row.model.clone(),
        group: row.group.clone(),
        kind: row.kind.clone(),
        base: x,
        other: y,
        overlap: ends(x).zip(ends(y)).map(|(x, y)| x.0 <= y.1 && y.0 <= x.1),
        difference: difference.map(|difference| difference.difference),
        low: difference.and_then(|difference| difference.low),
        high: difference.and_then(|difference| difference.high),
        p: difference.and_then(|difference| difference.p),
        adjusted: None,
        differs: false,
    }
}

/// The time of one run; of several the mean of those that have one, with the interval of Student's t over three or
/// more.
fn time(rows: &[TransitionRow]) -> Option<Time> {
    let times: Vec<f64> = rows.iter().filter_map(|row| row.t).collect();
    match (rows, &times[..]) {
        (_, []) => None,
        ([row], [t]) => Some(Time { t: *t, low: row.low, high: row.high }),
        _ => {
            let t = times.iter().sum::<f64>() / times.len() as f64;
            let spread = super::student::Estimate::of_pairs(&times).filter(|_| times.len() > 2);
            let interval = spread.map(|spread| spread.interval());
            Some(Time { t, low: interval.map(|ends| ends.0), high: interval.map(|ends| ends.1) })
        }
    }
}
