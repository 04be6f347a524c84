//! The phase diagram, and every transition time in a table.

use analysis::Table;
use analysis::observables::{Transition, TransitionRow};
use maud::{Markup, html};

use super::figure;
use super::places::Part;
use super::source::Source;
use crate::html::wide;
use crate::pipeline::transitions::time;

/// What is known of the transitions; `None` where no observable that has any was measured.
pub(super) fn content(source: &Source) -> Option<Markup> {
    let rows: Vec<&TransitionRow> = in_order(&source.run.transitions).collect();
    let figures = figure::of_part(source, Part::Transitions);
    if rows.is_empty() && figures.is_none() {
        return None;
    }
    let classes = source.run.transitions.len() - rows.len();
    Some(html! {
        @if let Some(figures) = figures { (figures) }
        @if !rows.is_empty() { (table(source, &rows)) }
        p.soft {
            "Times are timesteps t; the reverse chain runs from t = " (source.run.facts.timesteps) " down to 1. "
            @if classes > 0 { (classes) " more times, of single classes or of single sets, are in " } @else { "Numbers: " }
            (source.link(TransitionRow::FILE)) "."
        }
    })
}

/// The times over all trajectories, speciation before collapse, each in the order of the table.
pub(super) fn in_order(rows: &[TransitionRow]) -> impl Iterator<Item = &TransitionRow> {
    [Transition::Speciation, Transition::Collapse]
        .into_iter()
        .flat_map(move |transition| rows.iter().filter(move |row| row.transition == transition && row.group == "all"))
}

fn table(source: &Source, rows: &[&TransitionRow]) -> Markup {
    wide(&html! {
        table {
            thead {
                tr {
                    th { "transition" } th.n { "t" } th { "95% interval" } th { "convention" } th { "model" } th { "kind" }
                    th.n { "trajectories" } th { "read off" }
                }
            }
            tbody {
                @for row in rows {
                    tr {
                        th { (row.transition.word()) }
                        td.n { (moment(row)) }
                        td.keep { (interval(row)) }
                        td { (row.convention) }
                        td { (row.model) }
                        td { (row.kind) }
                        td.n { @if let Some(n) = row.trajectories { (n) } }
                        td { @if !row.observable.is_empty() { (read_off(source, &row.observable)) } }
                    }
                }
            }
        }
    })
}

/// The observable, with a link to its figure where there is one, else to its table.
fn read_off(source: &Source, observable: &str) -> Markup {
    match source.figure(observable) {
        Some(figure) => html! { a href=(format!("#figure-{}", figure.name)) { (observable) } },
        None => source.link(&format!("observables/{observable}.csv")),
    }
}

/// The time; `never` where its criterion is not met.
pub(super) fn moment(row: &TransitionRow) -> String {
    row.t.map_or("never".to_owned(), time)
}

/// Its 95% interval, where it was measured.
pub(super) fn interval(row: &TransitionRow) -> String {
    row.low.zip(row.high).map_or(String::new(), |(low, high)| format!("{low:.1} to {high:.1}"))
}
