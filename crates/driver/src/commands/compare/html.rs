//! The report as one page that needs nothing beside it.

use analysis::compare::{Comparison, Overlay, in_words};
use maud::{Markup, html};

use super::report::Report;
use super::text;
use crate::DriverError;
use crate::html as common;

/// The page.
pub(super) fn page(report: &Report) -> Result<String, DriverError> {
    let figures = report.figures()?;
    let labels: Vec<&str> = report.groups.iter().map(|group| group.label.as_str()).collect();
    let title = format!("Comparison of {}", labels.join(", "));
    let body = html! {
        h1 { (title) }
        p.verdict style="white-space:pre-line" { (text::verdict(report).trim_end()) }
        (runs(report))
        (settings(report))
        (qualities(report))
        @for figure in &figures { (self::figure(figure)) }
        @for comparison in &report.comparisons { (self::comparison(comparison)) }
    };
    Ok(common::page(&title, &body))
}

fn runs(report: &Report) -> Markup {
    html! {
        (common::wide(&html! { table {
            thead { tr { th { "" } th { "run" } th { "name" } th { "seed" } th { "data" } } }
            tbody {
                @for (group, names) in report.groups.iter().zip(&report.names) {
                    @for (run, name) in group.runs.iter().zip(names) {
                        tr {
                            th { (group.label) }
                            td { code { (name) } }
                            td { (run.facts.name) }
                            td.n { (run.facts.seed) }
                            td { (run.facts.data_note.as_deref().unwrap_or(&run.facts.source)) }
                        }
                    }
                }
            }
        } }))
    }
}

fn settings(report: &Report) -> Markup {
    html! {
        h2 { "Settings that differ" }
        @if report.settings.is_empty() { p { "None." } } @else {
            (common::wide(&html! { table {
                thead { tr { th { "key" } @for group in &report.groups { th { (group.label) } } } }
                tbody {
                    @for setting in &report.settings {
                        tr {
                            th { code { (setting.key) } }
                            @for value in &setting.values {
                                td { code { (value.as_deref().unwrap_or("(absent)")) } }
                            }
                        }
                    }
                }
            } }))
        }
    }
}

fn qualities(report: &Report) -> Markup {
    html! {
        @if !report.qualities.is_empty() {
            h2 { "Quality of the samples (less is better)" }
            (common::wide(&html! { table {
                thead { tr { th { "measure" } @for group in &report.groups { th { (group.label) } } } }
                tbody {
                    @for quality in &report.qualities {
                        tr { th { (quality.measure) } @for text in quality.texts() { td.n { (text) } } }
                    }
                }
            } }))
        }
    }
}

fn figure(figure: &Overlay) -> Markup {
    html! { figure { div.card { (common::svg(&figure.svg)) } figcaption { (figure.reading) } } }
}

fn comparison(comparison: &Comparison) -> Markup {
    html! {
        h2 { (comparison.other) " against " (comparison.base) }
        @for note in &comparison.notes { p { "Note: " (note) "." } }
        (curves(comparison))
        (observables(comparison))
        (transitions(comparison))
    }
}

fn curves(comparison: &Comparison) -> Markup {
    html! {
        p { "Losses, judged by the " (comparison.design.of_losses()) "." }
        (common::wide(&html! { table {
            thead { tr { th { "metric" } th { "timesteps" } th { "tested" } th { "differs for" } } }
            tbody {
                @for curve in &comparison.curves {
                    tr.differs[!curve.windows.is_empty()] {
                        th { (curve.name()) }
                        td.n { (curve.points.len()) }
                        td.n { (curve.tested()) }
                        td { (if curve.is_identical() { "identical".to_owned() } else { in_words(&curve.windows) }) }
                    }
                }
            }
        } }))
    }
}

fn observables(comparison: &Comparison) -> Markup {
    html! {
        @if !comparison.observables.is_empty() {
            p { "Observables, judged by " (comparison.design.of_observables()) "." }
            (common::wide(&html! { table {
                thead { tr { th { "observable" } th { "rows" } th { "equal" } th { "tested" } th { "differ" } th { "where" } } }
                tbody {
                    @for table in &comparison.observables {
                        tr.differs[table.differing > 0] {
                            th { (table.name) }
                            td.n { (table.compared) }
                            td.n { (table.equal) }
                            td.n { (table.tested) }
                            td.n { (table.differing) }
                            td {
                                @for place in &table.places {
                                    div { (place.model) " " (place.quantity) " (" (place.group) ") " (in_words(&place.windows)) }
                                }
                            }
                        }
                    }
                }
            } }))
        }
    }
}

fn transitions(comparison: &Comparison) -> Markup {
    html! {
        @if !comparison.transitions.is_empty() {
            p { "Transition times with their 95% intervals." }
            (common::wide(&html! { table {
                thead {
                    tr {
                        th { "transition" } th { "convention" } th { "model" } th { "group" }
                        th { (comparison.base) } th { (comparison.other) } th { "difference" } th { "intervals" }
                    }
                }
                tbody {
                    @for pair in &comparison.transitions {
                        tr.differs[pair.differs] {
                            th { (pair.transition.word()) }
                            td { (pair.convention) }
                            td { (pair.model) }
                            td { (pair.group) }
                            td { (text::time(pair.base)) }
                            td { (text::time(pair.other)) }
                            td.n { (pair.difference.map_or(String::new(), |difference| format!("{difference:+.1}"))) }
                            td { (pair.overlap.map_or("", |overlap| if overlap { "overlap" } else { "apart" })) }
                        }
                    }
                }
            } }))
        }
    }
}
