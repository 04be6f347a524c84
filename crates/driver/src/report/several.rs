//! Several runs on one page, side by side.

mod tables;

use analysis::sweep::CellRun;
use maud::{Markup, html};

use super::figure;
use super::head::in_a_line;
use super::source::Source;
use crate::DriverError;
use crate::folder::RunFolder;
use crate::html::{self as common, wide};
use crate::settings::{Settings, differing};

/// The figures that are laid beside one another, with a heading each.
const KEY_FIGURES: [(&str, &str); 8] = [
    ("phase_diagram", "Phase diagram"),
    ("loss_vs_t", "Loss against t"),
    ("loss_landscape", "Loss against its references"),
    ("cubic_fit", "Fit"),
    ("loss_vs_epoch", "Loss against the epoch"),
    ("sample_grid", "Samples"),
    ("samples_scatter", "Samples"),
    ("sample_quality", "Quality of the samples"),
];

/// A run with the letter that stands for it.
struct Labelled<'a> {
    label: String,
    source: &'a Source,
    losses: CellRun,
}

/// The page of several runs.
///
/// # Errors
/// A table that cannot be read.
pub(crate) fn several(sources: &[Source]) -> Result<String, DriverError> {
    let label = |rank: usize| match u8::try_from(rank) {
        Ok(rank @ 0..26) => char::from(b'A' + rank).to_string(),
        _ => format!("run {}", rank + 1),
    };
    let labelled = sources.iter().enumerate().map(|(rank, source)| labelled(label(rank), source));
    let runs: Vec<Labelled<'_>> = labelled.collect::<Result<_, _>>()?;
    let sections = [
        ("runs", "Runs", Some(list(&runs))),
        ("settings", "Settings that differ", settings(&runs)),
        ("transitions", "Transitions", tables::transitions(&runs)),
        ("losses", "Losses", tables::losses(&runs)),
        ("quality", "Quality of the samples", tables::quality(&runs)),
        ("cost", "Cost", tables::cost(&runs)),
        ("figures", "Figures", figures(&runs)),
    ];
    let there = || sections.iter().filter(|(.., content)| content.is_some());
    let title = format!("Report of {} runs", runs.len());
    let body = html! {
        h1 { (title) }
        nav aria-label="Contents" { ul { @for (anchor, title, _) in there() { li { a href=(format!("#{anchor}")) { (title) } } } } }
        main {
            @for (anchor, title, content) in there() {
                section id=(anchor) { h2 { (title) } @if let Some(content) = content { (content) } }
            }
        }
    };
    Ok(common::page(&title, &body))
}

fn labelled(label: String, source: &Source) -> Result<Labelled<'_>, DriverError> {
    Ok(Labelled { label, source, losses: CellRun::read(source.folder.root())? })
}

/// The runs, each with the way to its own page.
fn list(runs: &[Labelled<'_>]) -> Markup {
    html! {
        (wide(&html! {
            table {
                thead { tr { th { "" } th { "run" } th { "folder" } th { "what" } } }
                tbody {
                    @for Labelled { label, source, .. } in runs {
                        tr {
                            th { b { (label) } }
                            td { (source.run.facts.name) }
                            td {
                                code { (source.place.name()) } " "
                                @for file in [RunFolder::REPORT, RunFolder::CONFIG].into_iter().filter(|file| source.has(file)) {
                                    span.keep { a href=(source.place.address(file)) { (file) } } " "
                                }
                            }
                            td.about { (in_a_line(&source.run.facts)) }
                        }
                    }
                }
            }
        }))
        @for Labelled { label, source, .. } in runs {
            @if let Some(note) = &source.run.facts.data_note { p.warning { (label) ": the data are " (note) "." } }
            @if !source.left_out.is_empty() {
                p.warning { (label) ": left out, since they are not as the run wrote them: " (source.left_out.join(", ")) "." }
            }
        }
    }
}

/// The keys whose values are not the same in all runs; `None` where the settings of one are not known.
fn settings(runs: &[Labelled<'_>]) -> Option<Markup> {
    let all: Option<Vec<&Settings>> = runs.iter().map(|run| run.source.settings.as_ref()).collect();
    let differing = differing(&all?);
    Some(html! {
        @if differing.is_empty() { p { "None." } } @else {
            (wide(&html! {
                table {
                    thead { tr { th { "key" } @for run in runs { th { (run.label) } } } }
                    tbody {
                        @for setting in &differing {
                            tr {
                                th { code { (setting.key) } }
                                @for value in &setting.values { td { code { (value.as_deref().unwrap_or("(absent)")) } } }
                            }
                        }
                    }
                }
            }))
        }
    })
}

/// The key figures that some run has, those of one kind beside one another.
fn figures(runs: &[Labelled<'_>]) -> Option<Markup> {
    let of = |name: &str| -> Vec<_> { runs.iter().filter_map(|run| Some((run, run.source.figure(name)?))).collect() };
    let there = || KEY_FIGURES.iter().map(|(name, title)| (title, of(name))).filter(|(_, found)| !found.is_empty());
    there().next()?;
    Some(html! {
        @for (title, found) in there() {
            h3 { (title) }
            @if let Some((_, first)) = found.first() { p.soft { (first.reading) } }
            div.beside {
                @for (run, pictured) in &found {
                    figure id=(format!("figure-{}-{}", pictured.name, run.label.replace(' ', "-"))) {
                        (figure::card(pictured))
                        figcaption { b { (run.label) } " " (run.source.run.facts.name) " " (figure::links(run.source, pictured)) }
                    }
                }
            }
        }
    })
}
