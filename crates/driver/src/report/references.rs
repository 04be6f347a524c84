//! What the run rests on.

use maud::{Markup, html};

use super::source::Source;
use crate::references::{Reference, of_run};

/// The works that the run rests on, each with the way to it.
pub(super) fn content(source: &Source) -> Markup {
    let run = &source.run;
    html! {
        ol { @for reference in of_run(&run.facts, run.observables.keys().copied()) { (line(&reference)) } }
        p.soft { "As BibTeX: " code { "driver cite RUN" } "." }
    }
}

fn line(reference: &Reference) -> Markup {
    let named = html! {
        @match (reference.field("title"), reference.address()) {
            (Some(title), Some(address)) => a href=(address) { (title) },
            (Some(title), None) => i { (title) },
            (None, Some(address)) => a href=(address) { (reference.place()) },
            (None, None) => {},
        }
    };
    html! {
        li id=(format!("reference-{}", reference.key)) {
            @let authors = reference.authors();
            @if !authors.is_empty() { (authors) @if let Some(year) = reference.field("year") { " " (year) } ". " }
            (named)
            @if reference.field("title").is_some() { ". " (reference.place()) }
            @if let Some(version) = reference.field("version") { ", version " (version) }
            "."
        }
    }
}
