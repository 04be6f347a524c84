//! The numbers of several runs, a column each.

use analysis::observables::{Transition, TransitionRow};
use maud::{Markup, html};

use super::super::losses::number;
use super::super::quality::{Line, lines};
use super::super::transitions::{in_order, interval, moment};
use super::super::{cost, source::Source};
use super::Labelled;
use crate::html::wide;
use crate::terminal::duration;

/// Transition times by convention and model; `None` where no run has any.
pub(super) fn transitions(runs: &[Labelled<'_>]) -> Option<Markup> {
    let mut kinds: Vec<&TransitionRow> = Vec::new();
    for row in runs.iter().flat_map(|run| in_order(&run.source.run.transitions)) {
        if !kinds.iter().any(|kind| is_same(kind, row)) {
            kinds.push(row);
        }
    }
    (!kinds.is_empty()).then(|| {
        html! {
            @for transition in [Transition::Speciation, Transition::Collapse] {
                @let rows: Vec<&TransitionRow> = kinds.iter().copied().filter(|row| row.transition == transition).collect();
                @if !rows.is_empty() { (times(runs, transition, &rows)) }
            }
            p.soft { "Times in timesteps t of each run's own chain, with 95% intervals where they were measured." }
        }
    })
}

/// Whether two times are of one criterion and one model.
fn is_same(a: &TransitionRow, b: &TransitionRow) -> bool {
    a.transition == b.transition && a.convention == b.convention && a.model == b.model && a.kind == b.kind
}

/// The times of one transition, a line a criterion and model.
fn times(runs: &[Labelled<'_>], transition: Transition, rows: &[&TransitionRow]) -> Markup {
    let of = |run: &Labelled<'_>, kind: &TransitionRow| {
        in_order(&run.source.run.transitions).find(|row| is_same(kind, row)).map_or(String::new(), |row| {
            let interval = interval(row);
            if interval.is_empty() { moment(row) } else { format!("{} ({interval})", moment(row)) }
        })
    };
    wide(&html! {
        table {
            thead { tr { th { (transition.word()) } th { "model" } @for run in runs { th.n { (run.label) } } th { "kind" } } }
            tbody {
                @for row in rows {
                    tr {
                        th { (row.convention) }
                        td { (row.model) }
                        @for run in runs { td.n { (of(run, row)) } }
                        td { (row.kind) }
                    }
                }
            }
        }
    })
}

/// Mean losses over all timesteps; `None` where no run has machines at all of them.
pub(super) fn losses(runs: &[Labelled<'_>]) -> Option<Markup> {
    let mean = |run: &Labelled<'_>| run.losses.mean_test_mse();
    let wiener = |run: &Labelled<'_>| run.losses.mean_wiener_mse();
    let shown = |value: Option<f64>| value.map_or(String::new(), number);
    runs.iter().find_map(mean)?;
    Some(wide(&html! {
        table {
            thead { tr { th { "mean over all t" } @for run in runs { th.n { (run.label) } } } }
            tbody {
                tr { th { "test MSE per coordinate on the noise" } @for run in runs { td.n { (shown(mean(run))) } } }
                tr { th { "the best affine predictor's (Wiener)" } @for run in runs { td.n { (shown(wiener(run))) } } }
                tr {
                    th { "test MSE over it" }
                    @for run in runs { td.n { (shown(mean(run).zip(wiener(run)).map(|(mean, wiener)| mean / wiener))) } }
                }
            }
        }
    }))
}

/// The metrics of the samples, each with its floor; `None` where no run has measured any.
pub(super) fn quality(runs: &[Labelled<'_>]) -> Option<Markup> {
    let of = |source: &Source| lines(source.table("sample_quality"), &source.run.facts.model);
    let all: Vec<Vec<Line>> = runs.iter().map(|run| of(run.source)).collect();
    let mut metrics: Vec<(&str, &str)> = Vec::new();
    for line in all.iter().flatten() {
        if !metrics.iter().any(|(metric, _)| *metric == line.metric) {
            metrics.push((&line.metric, line.better));
        }
    }
    let cell = |lines: &[Line], metric: &str| {
        let line = lines.iter().find(|line| line.metric == metric);
        line.map(|line| {
            (number(line.own.value), line.floor.as_ref().map_or(String::new(), |floor| number(floor.value)))
        })
    };
    (!metrics.is_empty()).then(|| {
        html! {
            (wide(&html! {
                table {
                    thead {
                        tr { th { "metric" } @for run in runs { th.n { (run.label) } th.n { "its floor" } } th { "" } }
                    }
                    tbody {
                        @for (metric, better) in metrics {
                            tr {
                                th { (metric) }
                                @for lines in &all {
                                    @let (own, floor) = cell(lines, metric).unwrap_or_default();
                                    td.n { (own) } td.n.soft { (floor) }
                                }
                                td.soft { (better) }
                            }
                        }
                    }
                }
            }))
            p.soft { "The floor is the same metric of as many real training samples as the run has samples." }
        }
    })
}

/// What each run cost; `None` where nothing is known of any.
pub(super) fn cost(runs: &[Labelled<'_>]) -> Option<Markup> {
    runs.iter().find(|run| !cost::lines(run.source).is_empty())?;
    let host = |source: &Source| {
        source.manifest.as_ref().map_or(String::new(), |manifest| {
            let processor = manifest.processor.as_deref().or(manifest.host.as_deref()).unwrap_or("unknown");
            format!("{}, {} thread(s), {processor}", manifest.device, manifest.threads)
        })
    };
    Some(wide(&html! {
        table {
            thead { tr { th { "" } th { "whole" } th { "training" } th { "where" } } }
            tbody {
                @for run in runs {
                    tr {
                        th { b { (run.label) } }
                        td.keep { @if let Some(time) = run.source.manifest.as_ref().and_then(cost::total) { (duration(time)) } }
                        td { @for (_, said) in cost::of_devices(run.source) { div { (said) } } }
                        td { (host(run.source)) }
                    }
                }
            }
        }
    }))
}
