//! What the observables measured, a section a group: each with its question, its table and its figures.

use analysis::observables::{Group, Observable, ObservableRow, observables};
use maud::{Markup, html};

use super::Section;
use super::figure;
use super::places::Part;
use super::source::Source;

/// The sections of the groups that the run measured something of.
pub(super) fn sections(source: &Source) -> impl Iterator<Item = Section> {
    Group::ALL.into_iter().map(|group| {
        let (anchor, title) = heading(group);
        Section { anchor, title, content: content(source, group) }
    })
}

fn heading(group: Group) -> (&'static str, &'static str) {
    match group {
        Group::Forward => ("forward", "The forward process"),
        Group::Speciation => ("speciation", "Speciation: where a trajectory commits to a class"),
        Group::Collapse => ("collapse", "Collapse: where it commits to a training sample"),
        Group::Machines => ("machines", "What the machines are"),
        Group::Information => ("information", "Information and thermodynamics"),
        Group::Interventions => ("interventions", "When a part of the chain is changed"),
    }
}

fn content(source: &Source, group: Group) -> Option<Markup> {
    let is_measured = |observable: &&&dyn Observable| {
        observable.group() == group && source.run.observables.contains_key(observable.name())
    };
    let measured: Vec<_> = observables().iter().filter(is_measured).collect();
    let figures = figure::of_part(source, Part::Observed(group));
    if measured.is_empty() && figures.is_none() {
        return None;
    }
    Some(html! {
        ul {
            @for observable in measured {
                li { b { (observable.name()) } ": " (observable.question()) " " (table(source, observable.name())) }
            }
        }
        @if let Some(figures) = figures { (figures) }
    })
}

/// The ways to an observable's numbers and to its figure.
fn table(source: &Source, name: &str) -> Markup {
    html! {
        span.keep {
            (source.link(&format!("{}/{name}.csv", ObservableRow::FOLDER)))
            @if source.figure(name).is_some() { ", " a href=(format!("#figure-{name}")) { "figure" } }
        }
    }
}
