//! Figures of one frame a model, side by side: the run's own first, then the exact law.

use crate::Run;
use crate::observables::ObservableRow;
use crate::plot::axes::{Axes, LABEL_SIZE};
use crate::plot::drawing::{Align, Drawing, Rect, TextStyle};
use crate::plot::page::Page;
use crate::plot::palette::INK;

/// The models of a table, the run's own first, each with what it is called in a figure.
pub(super) fn models<'a>(run: &'a Run, rows: &'a [ObservableRow], quantity: &str) -> Vec<(&'a str, &'static str)> {
    let has = |model: &str| rows.iter().any(|row| row.model == model && row.quantity == quantity);
    let own = run.facts.model.as_str();
    let own_title = match run.facts.exact_law() {
        None if run.facts.is_conditioned() => "one machine for all t",
        None => "trained machines",
        Some(_) => "exact law",
    };
    let laws = [("law", "exact law"), ("mixture", "exact law: one Gaussian a class")];
    let others = laws.into_iter().filter(|(name, _)| *name != own);
    [(own, own_title)].into_iter().chain(others).filter(|(name, _)| has(name)).collect()
}

/// The rows of one quantity of one model.
pub(super) fn of<'a>(rows: &'a [ObservableRow], model: &str, quantity: &str) -> Vec<&'a ObservableRow> {
    rows.iter().filter(|row| row.model == model && row.quantity == quantity).collect()
}

/// The i-th of `count` frames side by side between `top` and `bottom`, `right` units kept free beside each.
pub(super) fn column(i: usize, count: usize, (top, bottom): (f64, f64), right: f64) -> Rect {
    let width = Page::WIDTH / count as f64;
    let outer = Rect { x: i as f64 * width, y: top, width, height: bottom - top };
    outer.inset(Axes::LEFT, 6.0, right, Axes::BELOW)
}

/// The name of a frame, above it.
pub(super) fn title(drawing: &mut Drawing, frame: Rect, text: &str) {
    let style = TextStyle::new(LABEL_SIZE, INK).aligned(Align::Middle);
    drawing.text((frame.x + frame.width / 2.0, frame.y - 6.0), text, style);
}
