//! Every number that was compared as one tidy table.

use analysis::compare::{Comparison, Curve, Scale, TablePair};
use analysis::to_csv;
use serde::Serialize;

use super::report::Report;
use crate::DriverError;

/// The columns of the table, each with what it holds.
#[cfg(test)]
pub(crate) const COLUMNS: analysis::Columns = &[
    ("base_group", "label of the group of runs that the others are compared with"),
    ("other_group", "label of the other group"),
    ("table", "`metrics`, `transitions` or the observable"),
    ("t", "timestep, where there is one"),
    ("x", "second coordinate of the observable, where there is one"),
    ("model", "whose it is"),
    ("quantity", "what was measured; of transitions the convention"),
    ("group", "which trajectories"),
    ("base", "value of the first group, a mean over its runs"),
    ("other", "value of the other group"),
    ("difference", "other - base"),
    ("relative", "difference over base"),
    ("low", "lower end of the 95% interval of what `interval_of` names"),
    ("high", "upper end"),
    ("interval_of", "`difference` or `relative`"),
    ("p", "p-value of no difference"),
    ("p_adjusted", "the same adjusted for all that was tested"),
    ("differs", "whether it differs beyond chance"),
];

/// A number of the first group beside another group's.
#[derive(Debug, Default, Serialize)]
struct Row<'a> {
    base_group: &'a str,
    other_group: &'a str,
    /// `metrics`, `transitions` or the observable.
    table: &'a str,
    t: Option<usize>,
    x: Option<f64>,
    model: &'a str,
    quantity: String,
    group: &'a str,
    base: Option<f64>,
    other: Option<f64>,
    difference: Option<f64>,
    relative: Option<f64>,
    /// Ends of the 95% interval of what `interval_of` names.
    low: Option<f64>,
    high: Option<f64>,
    interval_of: &'static str,
    p: Option<f64>,
    p_adjusted: Option<f64>,
    differs: bool,
}

/// The text of differences.csv.
pub(super) fn differences(report: &Report) -> Result<String, DriverError> {
    let mut rows = Vec::new();
    for comparison in &report.comparisons {
        comparison.curves.iter().for_each(|curve| of_curve(comparison, curve, &mut rows));
        comparison.observables.iter().for_each(|table| of_table(comparison, table, &mut rows));
        of_transitions(comparison, &mut rows);
    }
    Ok(to_csv(&rows)?)
}

fn of<'a>(comparison: &'a Comparison, table: &'a str) -> Row<'a> {
    Row { base_group: &comparison.base, other_group: &comparison.other, table, ..Row::default() }
}

fn of_curve<'a>(comparison: &'a Comparison, curve: &'a Curve, rows: &mut Vec<Row<'a>>) {
    rows.extend(curve.points.iter().map(|point| Row {
        t: Some(point.t),
        quantity: curve.name(),
        base: Some(point.base),
        other: Some(point.other),
        difference: Some(point.difference),
        relative: point.relative,
        low: point.low,
        high: point.high,
        interval_of: if curve.scale == Scale::Relative { "relative" } else { "difference" },
        p: point.p,
        p_adjusted: point.adjusted,
        differs: point.differs,
        ..of(comparison, "metrics")
    }));
}

fn of_table<'a>(comparison: &'a Comparison, table: &'a TablePair, rows: &mut Vec<Row<'a>>) {
    rows.extend(table.rows.iter().map(|row| Row {
        t: row.key.t,
        x: row.key.x,
        model: &row.key.model,
        quantity: row.key.quantity.clone(),
        group: &row.key.group,
        base: Some(row.numbers.base),
        other: Some(row.numbers.other),
        difference: Some(row.numbers.difference),
        low: row.numbers.low,
        high: row.numbers.high,
        interval_of: "difference",
        p: row.numbers.p,
        p_adjusted: row.adjusted,
        differs: row.differs,
        ..of(comparison, &table.name)
    }));
}

fn of_transitions<'a>(comparison: &'a Comparison, rows: &mut Vec<Row<'a>>) {
    rows.extend(comparison.transitions.iter().map(|pair| Row {
        model: &pair.model,
        quantity: format!("{}: {}", pair.transition.word(), pair.convention),
        group: &pair.group,
        base: pair.base.map(|time| time.t),
        other: pair.other.map(|time| time.t),
        difference: pair.difference,
        low: pair.low,
        high: pair.high,
        interval_of: "difference",
        p: pair.p,
        p_adjusted: pair.adjusted,
        differs: pair.differs,
        ..of(comparison, "transitions")
    }));
}
