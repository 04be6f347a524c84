//! A quantity against the values of an axis.

use super::super::aggregate::Points;
use super::super::{Cell, Sweep};
use super::places::Places;
use crate::figures::written;
use crate::observables::{Transition, TransitionRow};
use crate::plot::axes::{Axes, Marker};
use crate::plot::drawing::{Dash, Drawing, Stroke};
use crate::plot::legend::Entry;
use crate::plot::palette::{Rgb, class_color};
use crate::stats::Interval;

/// Transitions that are drawn; all are in the summary.
const MOST: usize = 8;

pub(super) struct Series {
    label: String,
    color: Rgb,
    marker: Marker,
    dash: Dash,
    /// By increasing place.
    pub(super) points: Points,
}

impl Series {
    /// The `rank`-th measured series.
    pub(super) fn measured(label: String, rank: usize, points: Points) -> Self {
        let marker = Marker::SERIES[rank % Marker::SERIES.len()];
        Self { label, color: class_color(rank), marker, dash: Dash::Solid, points }
    }

    /// The `rank`-th series of theory.
    pub(super) fn predicted(label: String, rank: usize, points: Points) -> Self {
        Self { label, color: class_color(rank), marker: Marker::OpenDisc, dash: Dash::Long, points }
    }

    pub(super) fn entry(&self) -> Entry {
        Entry::line(self.label.clone(), self.stroke()).with_marker(self.marker, self.color)
    }

    fn stroke(&self) -> Stroke {
        Stroke::solid(self.color, 1.5).dashed(self.dash)
    }

    /// Values and ends of intervals, for the extent of an axis.
    pub(super) fn extent(&self) -> impl Iterator<Item = f64> {
        self.points.iter().flat_map(|(_, mean)| {
            let (low, high) = mean.ends.unwrap_or((mean.value, mean.value));
            [low, mean.value, high]
        })
    }

    /// A line with markers, and the intervals as bars.
    pub(super) fn draw(&self, drawing: &mut Drawing, axes: &Axes) {
        let points: Vec<(f64, f64)> = self.points.iter().map(|&(x, mean)| (x, mean.value)).collect();
        axes.line(drawing, &points, self.stroke());
        for &(x, mean) in &self.points {
            let Some((low, high)) = mean.ends else { continue };
            // On a logarithmic scale a bar that ends below 0 goes down to the frame.
            let bottom = axes.x_of(x).map(|x| (x, axes.frame.bottom()));
            if let (Some(from), Some(to)) = (axes.place(x, low).or(bottom), axes.place(x, high)) {
                let from = (from.0, from.1.min(axes.frame.bottom()));
                drawing.line(from, to, Stroke::solid(self.color, 1.1));
            }
        }
        axes.markers(drawing, &points, self.marker, self.color);
    }
}

/// The transition times of each run's own model and the two that the figures of a run draw as lines.
pub(super) fn transitions(sweep: &Sweep, a: usize, places: &Places) -> Vec<Series> {
    let mut kinds: Vec<(&TransitionRow, &Cell)> = Vec::new();
    for cell in &sweep.cells {
        for row in cell.run.transitions.iter().filter(|row| is_drawn(row, &cell.run.facts.model)) {
            if !kinds.iter().any(|kind| same(*kind, (row, cell))) {
                kinds.push((row, cell));
            }
        }
    }
    let drawn = kinds.into_iter().filter_map(|(kind, of)| {
        let time = |cell: &Cell| {
            let row = cell.run.transitions.iter().find(|row| same((kind, of), (row, cell)))?;
            let value = row.t?;
            Some(Interval { value, low: row.low.unwrap_or(value), high: row.high.unwrap_or(value) })
        };
        let points = places.series(sweep, a, time);
        (!points.is_empty()).then_some((kind, points))
    });
    let series = |(rank, (kind, points)): (usize, (&TransitionRow, Points))| {
        let label = format!("{}: {}", name(kind.transition), written(&kind.convention));
        if is_predicted(kind) {
            Series::predicted(format!("{label}, predicted"), rank, points)
        } else {
            Series::measured(label, rank, points)
        }
    };
    drawn.take(MOST).enumerate().map(series).collect()
}

fn name(transition: Transition) -> &'static str {
    match transition {
        Transition::Speciation => "t_S",
        Transition::Collapse => "t_C",
    }
}

fn is_predicted(row: &TransitionRow) -> bool {
    row.kind == "predicted"
}

/// Whether a time is drawn: the model's own, or the convention that stands for the theory.
fn is_drawn(row: &TransitionRow, own: &str) -> bool {
    let line = match row.transition {
        Transition::Speciation => TransitionRow::SPECIATION_LINE,
        Transition::Collapse => TransitionRow::COLLAPSE_LINE,
    };
    if is_predicted(row) { row.convention == line } else { row.model == own }
}

/// Whether two rows are the same time of two runs: that of each run's own model, or of one that both know.
fn same(one: (&TransitionRow, &Cell), other: (&TransitionRow, &Cell)) -> bool {
    let of = |(row, cell): (&TransitionRow, &Cell)| {
        let own = !is_predicted(row) && row.model == cell.run.facts.model;
        let model = (!own).then(|| row.model.clone());
        (row.transition, row.convention.clone(), row.kind.clone(), model)
    };
    of(one) == of(other)
}
