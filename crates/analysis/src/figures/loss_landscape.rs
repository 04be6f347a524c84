//! The error of every machine against its references, with the verdicts.

use super::Figure;
use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::{ObservableRow, Transition};
use crate::plot::axes::{Axes, Marker};
use crate::plot::drawing::{Dash, Drawing};
use crate::plot::legend::Entry;
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Rgb, SKY, VERMILION};
use crate::{AnalysisError, Run};

pub(super) struct LossLandscape;

const fn curve(whose: Whose, quantity: &'static str, group: &'static str, label: &'static str, look: Look) -> Curve {
    Curve { whose, quantity, of: Of::Group(group), label, look }
}

const REFERENCE: Look = Look { dash: Dash::Long, ..Look::measured(GREEN, Marker::Triangle) };
const MEMORY: Look = Look::theory(GREY, Dash::Dots);
const MEMORY_GAP: Look = Look { dash: Dash::Dots, ..Look::measured(GREY, Marker::OpenDisc) };
const TRAIN: Look = Look { dash: Dash::Long, ..Look::measured(ORANGE, Marker::OpenSquare) };
const TEST: Look = Look::measured(BLUE, Marker::Disc);
const GAP: Look = Look::measured(VERMILION, Marker::Diamond);

static CURVES: Curves = Curves {
    name: "loss_landscape",
    reading: "Error of each machine beside the best affine predictor (Wiener), the reference law and the memoriser; over Wiener's, where the strip says what limits it; and the share of the test error that is missing on the training samples, which rises to 1 for a memoriser.",
    observable: "loss_landscape",
    panels: &[
        Panel {
            y: "MSE per coordinate on ε",
            range: Range::Log,
            levels: &[],
            curves: &[
                curve(Whose::Own, "rank_floor", "all", "floor 1 − H/d", Look::theory(VERMILION, Dash::Solid)),
                curve(Whose::Named("wiener"), "mse", "test", "Wiener", Look::theory(INK, Dash::Mixed)),
                curve(Whose::Named("empirical_train"), "mse", "test", "memoriser, test", MEMORY),
                curve(Whose::Reference, "mse", "test", "reference, test", REFERENCE),
                curve(Whose::Own, "mse", "train", "model, train", TRAIN),
                curve(Whose::Own, "mse", "test", "model, test", TEST),
            ],
        },
        Panel {
            y: "MSE / MSE Wiener",
            range: Range::Log,
            levels: &[1.0],
            curves: &[
                curve(Whose::Reference, "ratio_to_wiener", "test", "reference, test", REFERENCE),
                curve(Whose::Own, "ratio_to_wiener", "train", "model, train", TRAIN),
                curve(Whose::Own, "ratio_to_wiener", "test", "model, test", TEST),
            ],
        },
        Panel {
            y: "train–test gap",
            range: Range::Linear,
            levels: &[0.0, 0.1],
            curves: &[
                curve(Whose::Named("empirical_train"), "train_test_gap", "all", "memoriser, gap", MEMORY_GAP),
                curve(Whose::Own, "train_test_gap", "all", "model, gap", GAP),
            ],
        },
    ],
    transitions: &[Transition::Speciation, Transition::Collapse],
};

/// Colours of the verdicts, in the order of their codes.
const VERDICTS: [(&str, &str, Rgb); 6] = [
    ("capacity_limited", "capacity-limited", VERMILION),
    ("memorising", "memorising", PURPLE),
    ("linear", "linear", SKY),
    ("mixture_level", "mixture-level", GREEN),
    ("beyond_mixture", "beyond the mixture", BLUE),
    ("nonlinear", "nonlinear", ORANGE),
];

/// Height of the strip.
const STRIP: f64 = 9.0;

impl Figure for LossLandscape {
    fn name(&self) -> &'static str {
        CURVES.name
    }

    fn reading(&self) -> &'static str {
        CURVES.reading
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let rows = run.observables.get(CURVES.observable).map_or(&[][..], Vec::as_slice);
        let verdicts: Vec<&ObservableRow> = rows.iter().filter(|row| row.quantity == "verdict").collect();
        let present = |word: &str| verdicts.iter().any(|row| row.group == word);
        let entries = VERDICTS.iter().filter(|(word, ..)| present(word));
        let entries = entries.map(|(_, label, color)| Entry::marker(*label, Marker::Square, *color)).collect();
        let strip = |drawing: &mut Drawing, axes: &Axes, panel: usize| {
            if panel == 1 {
                draw_strip(drawing, axes, &verdicts);
            }
        };
        Ok(CURVES.draw_with(run, page, entries, strip))
    }
}

/// One cell a timestep along the lower edge, half-way to its neighbours.
fn draw_strip(drawing: &mut Drawing, axes: &Axes, verdicts: &[&ObservableRow]) {
    let at = |k: usize| verdicts.get(k).and_then(|row| row.t).map(|t| t as f64);
    for (k, row) in verdicts.iter().enumerate() {
        let Some(t) = at(k) else { continue };
        let before = k.checked_sub(1).and_then(at).map_or(t - 0.5, |before| 0.5 * (before + t));
        let after = at(k + 1).map_or(t + 0.5, |after| 0.5 * (t + after));
        let color = VERDICTS.iter().find(|(word, ..)| *word == row.group).map(|(.., color)| *color);
        let (Some(left), Some(right), Some(color)) = (axes.x_of(before), axes.x_of(after), color) else { continue };
        let bottom = axes.frame.bottom() - 1.0;
        let top = bottom - STRIP;
        drawing.polygon(vec![(left, top), (right, top), (right, bottom), (left, bottom)], color);
    }
}
