//! Losses against t, and what limits each machine.

use analysis::ReferenceRow;
use analysis::observables::ObservableRow;
use maud::{Markup, html};

use super::figure;
use super::places::Part;
use super::source::Source;
use crate::html::wide;
use crate::pipeline::record::{Summary, summary_of};

/// The verdicts of the observable `loss_landscape`: the word in its table, what it is called, what it says.
const VERDICTS: [(&str, &str, &str); 6] = [
    (
        "capacity_limited",
        "limited by its size",
        "test error more than 5% above the best affine predictor's, or more than nine tenths of it the floor 1 - H/d",
    ),
    ("memorising", "memorising", "more than a tenth of the test error is missing on the training samples"),
    (
        "linear",
        "linear",
        "test error within 3% below or 5% above the best affine predictor's: an affine map does the same",
    ),
    (
        "mixture_level",
        "at the level of the reference law",
        "as good as the exact denoiser of the law fitted to the classes",
    ),
    ("beyond_mixture", "beyond the reference law", "more than 3% below the error of the exact denoiser of that law"),
    ("nonlinear", "nonlinear", "below the best affine predictor, but nearer to it than to the reference law"),
];

/// The section's title.
pub(super) fn title(source: &Source) -> &'static str {
    if source.run.facts.is_regression() { "Loss" } else { "Loss against t" }
}

/// Losses at some timesteps, verdicts, figures; `None` without machines.
pub(super) fn content(source: &Source) -> Option<Markup> {
    let run = &source.run;
    let rows = summary_of(&run.metrics, &run.references, &run.training);
    if rows.is_empty() {
        return None;
    }
    if run.facts.is_regression() {
        return Some(html! {
            @for row in &rows {
                p { "Mean squared error on y: " (number(row.train)) " of the training points, " (number(row.test)) " of the test points." }
            }
        });
    }
    let verdicts = verdicts(source);
    Some(html! {
        (floors(source))
        @if !verdicts.is_empty() { (limits(&verdicts)) }
        @if let Some(figures) = figure::of_part(source, Part::Losses) { (figures) }
        (table(&rows, &verdicts))
        p.soft {
            "Mean squared error on the noise per coordinate, as each machine is kept, at " (rows.len())
            " timesteps; all of them and all epochs: " (source.link("metrics.csv")) "."
        }
    })
}

/// The losses that no machine of the run can go below.
fn floors(source: &Source) -> Markup {
    let rank = source.floor(ReferenceRow::RANK_FLOOR);
    let sigmoid = source.floor(ReferenceRow::SIGMOID_FLOOR);
    html! {
        @if let Some(floor) = rank { p { "Without a skip no machine goes below 1 - H/d = " (format!("{floor:.4}")) "." } }
        @if let Some(floor) = sigmoid {
            p { "Answers within (-1, 1) leave " (format!("{floor:.4}")) " of the noise itself." }
        }
    }
}

/// The timesteps at which a verdict was given, with its word, by increasing t.
fn verdicts(source: &Source) -> Vec<(usize, &str)> {
    let rows = source.table("loss_landscape").iter().filter(|row| row.quantity == "verdict");
    let mut found: Vec<(usize, &str)> =
        rows.filter_map(|row: &ObservableRow| Some((row.t?, row.group.as_str()))).collect();
    found.sort_unstable();
    found
}

/// For each verdict the timesteps it was given at.
fn limits(verdicts: &[(usize, &str)]) -> Markup {
    let given = |word: &str| spans(verdicts, word);
    wide(&html! {
        table {
            thead { tr { th { "verdict" } th { "t" } th { "what it says" } } }
            tbody {
                @for (word, called, says) in VERDICTS.iter().filter(|(word, ..)| !given(word).is_empty()) {
                    tr { th.keep { (called) } td { (given(word)) } td.about { (says) } }
                }
            }
        }
    })
}

/// The stretches of neighbouring looked-at timesteps that have a verdict, as `1 to 12, 40`.
fn spans(verdicts: &[(usize, &str)], word: &str) -> String {
    let stretches = verdicts.chunk_by(|a, b| a.1 == b.1).filter(|stretch| stretch.iter().all(|(_, of)| *of == word));
    let text = stretches.filter_map(|stretch| match stretch {
        [] => None,
        [(t, _)] => Some(t.to_string()),
        [(first, _), .., (last, _)] => Some(format!("{first} to {last}")),
    });
    text.collect::<Vec<_>>().join(", ")
}

fn table(rows: &[Summary], verdicts: &[(usize, &str)]) -> Markup {
    let called = |t: usize| {
        let word = verdicts.iter().find(|(at, _)| *at == t).map(|(_, word)| *word)?;
        VERDICTS.iter().find(|(of, ..)| *of == word).map(|(_, called, _)| *called)
    };
    wide(&html! {
        table {
            thead {
                tr {
                    th.n { "t" } th.n { "train" } th.n { "test" } th.n { "Wiener, test" } th.n { "test / Wiener" }
                    @if !verdicts.is_empty() { th { "verdict" } }
                }
            }
            tbody {
                @for row in rows {
                    tr {
                        th.n { (row.t) }
                        td.n { (number(row.train)) }
                        td.n { (number(row.test)) }
                        td.n { (number(row.wiener)) }
                        td.n { @if row.wiener > 0.0 && row.test.is_finite() { (format!("{:.4}", row.test / row.wiener)) } }
                        @if !verdicts.is_empty() { td { @if let Some(called) = called(row.t) { (called) } } }
                    }
                }
            }
        }
    })
}

/// A loss; empty where it was not measured.
pub(super) fn number(value: f64) -> String {
    match value {
        value if !value.is_finite() => String::new(),
        0.0 => "0".to_owned(),
        value if (1e-3..1e4).contains(&value.abs()) => format!("{value:.4}"),
        value => format!("{value:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_told_in_stretches_of_what_was_looked_at() {
        let verdicts =
            [(1, "nonlinear"), (3, "nonlinear"), (5, "linear"), (7, "nonlinear"), (9, "linear"), (20, "linear")];
        assert_eq!(spans(&verdicts, "nonlinear"), "1 to 3, 7");
        assert_eq!(spans(&verdicts, "linear"), "5, 9 to 20");
        assert_eq!(spans(&verdicts, "memorising"), "");
    }

    #[test]
    fn losses_are_short() {
        let shown = [0.12345, 1.0, 2.5e-7, 0.0, f64::NAN].map(number);
        assert_eq!(shown, ["0.1235", "1.0000", "2.500e-7", "0", ""]);
    }
}
