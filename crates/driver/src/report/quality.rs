//! How good the samples are, each number beside that of as many real samples.

use analysis::SAMPLE_METRICS;
use analysis::observables::ObservableRow;
use maud::{Markup, html};

use super::figure;
use super::losses::number;
use super::places::Part;
use super::source::Source;
use crate::html::wide;

/// A metric of the samples, and its floor: the same of real training samples against the same test samples.
pub(super) struct Line {
    pub(super) metric: String,
    pub(super) better: &'static str,
    pub(super) own: ObservableRow,
    pub(super) floor: Option<ObservableRow>,
}

/// The metrics that a table of `sample_quality` holds, and the share of each class.
pub(super) fn lines(rows: &[ObservableRow], model: &str) -> Vec<Line> {
    let find = |model: &str, quantity: &str, group: &str| {
        let mut rows = rows.iter().filter(|row| row.model == model && row.quantity == quantity && row.group == group);
        rows.next().cloned()
    };
    let line = |quantity: &str, group: &str, metric: String, better| {
        Some(Line { metric, better, own: find(model, quantity, group)?, floor: find("data", quantity, group) })
    };
    let mut lines: Vec<Line> =
        SAMPLE_METRICS.iter().filter_map(|m| line(m.quantity, "all", m.label.to_owned(), m.better)).collect();
    let shares = rows.iter().filter(|row| row.model == model && row.quantity == "class_share");
    lines.extend(shares.filter_map(|row| {
        line("class_share", &row.group, format!("share of class {}", row.group), "best like real ones")
    }));
    lines
}

/// The metrics beside their floors; `None` where the quality was not measured.
pub(super) fn content(source: &Source) -> Option<Markup> {
    let lines = lines(source.table("sample_quality"), &source.run.facts.model);
    let n = lines.iter().find_map(|line| line.own.trajectories)?;
    Some(html! {
        p {
            (n) " samples of the run, and as the floor " (n) " real training samples, each compared with the same " (n)
            " real test samples: samples as good as real ones have the values of the floor, up to chance. "
            "Intervals are of 95%."
        }
        (wide(&table(&lines)))
        @if let Some(figures) = figure::of_part(source, Part::Quality) { (figures) }
    })
}

fn table(lines: &[Line]) -> Markup {
    html! {
        table {
            thead {
                tr {
                    th { "metric" } th.n { "samples" } th { "interval" } th.n { "floor" } th { "interval" } th { "" }
                }
            }
            tbody {
                @for line in lines {
                    tr {
                        th { (line.metric) }
                        td.n { (number(line.own.value)) }
                        td.keep { (interval(&line.own)) }
                        td.n { @if let Some(floor) = &line.floor { (number(floor.value)) } }
                        td.keep { @if let Some(floor) = &line.floor { (interval(floor)) } }
                        td.soft { (line.better) }
                    }
                }
            }
        }
    }
}

/// The 95% interval of a number, where it has one.
fn interval(row: &ObservableRow) -> String {
    row.low.zip(row.high).map_or(String::new(), |(low, high)| format!("{} to {}", number(low), number(high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_stands_beside_its_floor() {
        let row = |model: &str, quantity: &str, value| ObservableRow::timeless(model, quantity, value);
        let rows = [
            row("data", "frechet_50", 0.5),
            row("machines", "frechet_50", 2.0),
            row("data", "mmd2_width", 9.0),
            row("machines", "class_share", 0.4).of_group(3),
            row("data", "class_share", 0.5).of_group(3),
        ];
        let lines = lines(&rows, "machines");
        let found: Vec<_> = lines
            .iter()
            .map(|line| (line.metric.as_str(), line.own.value, line.floor.as_ref().map(|floor| floor.value)))
            .collect();
        assert_eq!(found, [("Fréchet distance, 50 axes", 2.0, Some(0.5)), ("share of class 3", 0.4, Some(0.5))]);
    }
}
