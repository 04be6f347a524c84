//! What the values of an axis have measured of the transitions, laid over one another.

use super::figure::{SweepFigure, head_line, name, page};
use super::{Axis, Cell, Sweep};
use crate::AnalysisError;
use crate::figures::{Curves, Figure as _, Member, OVERLAID};
use crate::plot::palette::class_color;

/// Values of an axis up to which each has a colour that can be told from the others.
const MOST: usize = 6;

/// Whether the table of this observable is needed.
pub(super) fn reads(observable: &str) -> bool {
    OVERLAID.iter().any(|curves| curves.observable() == observable)
}

/// The overlaid figures of every axis but the seeds, at the first value of the other axes; of one axis where all go together.
pub(super) fn render(sweep: &Sweep) -> Result<Vec<SweepFigure>, AnalysisError> {
    let mut line = head_line(sweep);
    if sweep.goes_together() {
        line += " · the axes go together";
    } else if sweep.axes.len() > 1 {
        line += " · the other axes at their first values";
    }
    let page = page(sweep, &line)?;
    let axes = sweep.axes.iter().enumerate().filter(|(_, axis)| axis.key != Axis::SEED && axis.values.len() <= MOST);
    let axes = axes.take(if sweep.goes_together() { 1 } else { sweep.axes.len() });
    let mut figures = Vec::new();
    for (a, axis) in axes {
        let cells = cells(sweep, a);
        let labels: Vec<String> = cells.iter().map(|(value, _)| format!("{} = {value}", axis.key)).collect();
        for curves in OVERLAID {
            if let Some(drawing) = curves.overlay(&members(curves, &cells, &labels), &page) {
                let name = format!("{}_{}", name(axis), curves.observable());
                figures.push(SweepFigure::new(name, &drawing.with_reading(curves.reading()))?);
            }
        }
    }
    Ok(figures)
}

/// The first cell of each value of axis `a`.
fn cells(sweep: &Sweep, a: usize) -> Vec<(&str, &Cell)> {
    let values = sweep.axes[a].values.iter().enumerate();
    let first = |i: usize| sweep.cells.iter().find(|cell| cell.at.get(a) == Some(&i));
    values.filter_map(|(i, value)| Some((value.as_str(), first(i)?))).collect()
}

fn members<'a>(curves: &Curves, cells: &[(&'a str, &'a Cell)], labels: &'a [String]) -> Vec<Member<'a>> {
    let member = |(rank, ((_, cell), label)): (usize, (&(&str, &'a Cell), &'a String))| Member {
        label,
        color: class_color(rank),
        facts: &cell.run.facts,
        rows: cell.run.observables.get(curves.observable()).map_or(&[], Vec::as_slice),
        transitions: &cell.run.transitions,
    };
    cells.iter().zip(labels).enumerate().map(member).collect()
}
