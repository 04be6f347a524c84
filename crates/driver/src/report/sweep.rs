//! The page of a sweep: its cells in a table, each with the way to its own page, and the figures over its axes.

use std::path::Path;

use analysis::observables::{Transition, TransitionRow};
use analysis::sweep::{Axis, Cell, Sweep as Measured, SweepFigure};
use maud::{Markup, PreEscaped, html};

use super::losses::number;
use super::transitions::moment;
use crate::config::Sweep;
use crate::folder::RunFolder;
use crate::html::{self as common, href, wide};

/// The page of the sweep whose folder is `root`.
pub(crate) fn sweep(root: &Path, sweep: &Sweep, measured: &Measured, figures: &[SweepFigure]) -> String {
    let axes: Vec<&str> = sweep.axes.iter().map(|axis| axis.key).collect();
    let mut notes: Vec<&str> = measured.cells.iter().filter_map(|cell| cell.run.facts.data_note.as_deref()).collect();
    notes.dedup();
    let body = html! {
        header {
            h1 { (sweep.name) }
            @if !sweep.purpose.is_empty() { p.lead { (sweep.purpose) } }
            p.soft { "A sweep of " (sweep.cells.len()) " runs over " (axes.join(", ")) "." }
            @for note in notes { p.warning { "The data are " (note) "." } }
        }
        nav aria-label="Contents" {
            ul {
                li { a href="#cells" { "Cells" } }
                @if !figures.is_empty() { li { a href="#figures" { "Figures" } } }
                li { a href="#settings" { "Settings" } }
            }
        }
        main {
            section id="cells" { h2 { "Cells" } (cells(root, sweep, measured)) }
            @if !figures.is_empty() {
                section id="figures" { h2 { "Figures" } @for figure in figures { (self::figure(figure)) } }
            }
            section id="settings" {
                h2 { "Settings" }
                p { "What all cells have in common, and the axes: " a href=(RunFolder::CONFIG) { code { (RunFolder::CONFIG) } } "." }
                pre { (sweep.to_toml()) }
            }
        }
    };
    common::page(&format!("{}: report of a sweep", sweep.name), &body)
}

/// The values of a cell on the axes.
fn values(measured: &Measured, cell: &Cell) -> Vec<String> {
    let of = |(axis, &i): (&Axis, &usize)| axis.values.get(i).cloned().unwrap_or_default();
    measured.axes.iter().zip(&cell.at).map(of).collect()
}

/// Where the cell's own model commits to a class, by the first convention it was measured under; empty where none was.
fn speciation(cell: &Cell) -> String {
    let is = |row: &&TransitionRow| {
        row.transition == Transition::Speciation && row.kind == "measured" && row.model == cell.run.facts.model
    };
    let row = cell.run.transitions.iter().find(is);
    row.map_or(String::new(), |row| format!("{} ({})", moment(row), row.convention))
}

fn cells(root: &Path, sweep: &Sweep, measured: &Measured) -> Markup {
    let shown = |value: Option<f64>| value.map_or(String::new(), number);
    let with_times = measured.cells.iter().any(|cell| !speciation(cell).is_empty());
    html! {
        (wide(&html! {
            table {
                thead {
                    tr {
                        th { "cell" } @for axis in &sweep.axes { th { code { (axis.key) } } }
                        th.n { "mean test MSE" } th.n { "over Wiener's" } @if with_times { th { "speciation of the model, t" } }
                    }
                }
                tbody {
                    @for cell in &measured.cells {
                        @let (mean, wiener) = (cell.run.mean_test_mse(), cell.run.mean_wiener_mse());
                        tr {
                            th { (report(root, cell)) }
                            @for value in values(measured, cell) { td { (value) } }
                            td.n { (shown(mean)) }
                            td.n { (shown(mean.zip(wiener).map(|(mean, wiener)| mean / wiener))) }
                            @if with_times { td { (speciation(cell)) } }
                        }
                    }
                }
            }
        }))
        p.soft {
            "Means over all timesteps. Losses by timestep, transition times and the quality of the samples: "
            a href="summary.csv" { code { "summary.csv" } } "."
        }
    }
}

/// The cell's name, with the way to its own page where it has one.
fn report(root: &Path, cell: &Cell) -> Markup {
    let path = format!("{}/{}/{}", RunFolder::CELLS, cell.name, RunFolder::REPORT);
    html! { @if root.join(&path).is_file() { a href=(href(&path)) { (cell.name) } } @else { (cell.name) } }
}

/// A figure with the sentence that it carries itself.
fn figure(figure: &SweepFigure) -> Markup {
    let said = figure.svg.split_once("<desc>").and_then(|(_, rest)| rest.split_once("</desc>")).map(|(said, _)| said);
    html! {
        figure id=(format!("figure-{}", figure.name)) {
            div.card tabindex="0" { (common::svg(&figure.svg)) }
            @if let Some(said) = said { figcaption { (PreEscaped(said)) } }
        }
    }
}
