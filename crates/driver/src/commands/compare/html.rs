//! The report as one page that needs nothing beside it.

use analysis::compare::{Comparison, Overlay, in_words};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::report::Report;
use super::text;
use crate::DriverError;

const STYLE: &str = "body{font-family:'DejaVu Sans',Verdana,sans-serif;font-size:14px;max-width:62em;margin:2em auto;\
    padding:0 1em;color:#1a1a1a;background:#fff;line-height:1.45}h1{font-size:1.5em}h2{font-size:1.2em;margin-top:2em;\
    border-bottom:1px solid #ccc}table{border-collapse:collapse;margin:.8em 0;font-variant-numeric:tabular-nums}\
    th,td{padding:.15em .8em .15em 0;text-align:left;vertical-align:top}thead th{border-bottom:1px solid #999}\
    tr.differs td,tr.differs th{font-weight:bold}tbody th{font-weight:normal}td.n{text-align:right}code{font-size:.95em}\
    .verdict{padding:.6em 1em;background:#f2f2f2;border-left:4px solid #0072b2}figure{margin:1.5em 0}\
    figcaption{color:#555;max-width:52em}svg{max-width:100%;height:auto}";

/// The page.
pub(super) fn page(report: &Report) -> Result<String, DriverError> {
    let figures = report.figures()?;
    let labels: Vec<&str> = report.groups.iter().map(|group| group.label.as_str()).collect();
    let title = format!("Comparison of {}", labels.join(", "));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p.verdict style="white-space:pre-line" { (text::verdict(report).trim_end()) }
                (runs(report))
                (settings(report))
                (qualities(report))
                @for figure in &figures { (self::figure(figure)) }
                @for comparison in &report.comparisons { (self::comparison(comparison)) }
            }
        }
    };
    Ok(page.into_string())
}

fn runs(report: &Report) -> Markup {
    html! {
        table {
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
        }
    }
}

fn settings(report: &Report) -> Markup {
    html! {
        h2 { "Settings that differ" }
        @if report.settings.is_empty() { p { "None." } } @else {
            table {
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
            }
        }
    }
}

fn qualities(report: &Report) -> Markup {
    html! {
        @if !report.qualities.is_empty() {
            h2 { "Quality of the samples (less is better)" }
            table {
                thead { tr { th { "measure" } @for group in &report.groups { th { (group.label) } } } }
                tbody {
                    @for quality in &report.qualities {
                        tr { th { (quality.measure) } @for text in quality.texts() { td.n { (text) } } }
                    }
                }
            }
        }
    }
}

/// An SVG within the page needs no namespace, and without it the page names no address at all.
fn figure(figure: &Overlay) -> Markup {
    let svg = figure.svg.replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1);
    html! { figure { (PreEscaped(svg)) figcaption { (figure.reading) } } }
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
        table {
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
        }
    }
}

fn observables(comparison: &Comparison) -> Markup {
    html! {
        @if !comparison.observables.is_empty() {
            p { "Observables, judged by " (comparison.design.of_observables()) "." }
            table {
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
            }
        }
    }
}

fn transitions(comparison: &Comparison) -> Markup {
    html! {
        @if !comparison.transitions.is_empty() {
            p { "Transition times with their 95% intervals." }
            table {
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
            }
        }
    }
}
