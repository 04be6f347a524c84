//! How good the samples of the cells are, against the values of an axis: all that axes of the chain's options change.

use super::super::{Cell, Sweep};
use super::places::Places;
use super::series::Series;
use super::{SAMPLES, draw_series, head};
use crate::plot::axes::{Axes, Axis};
use crate::plot::drawing::{Drawing, Rect};
use crate::plot::page::Page;
use crate::stats::Interval;

/// A frame: what is measured, and the name of its axis.
const FRAMES: [(&str, &str); 2] =
    [("frechet_50", "Fréchet distance, 50 axes"), ("sliced_wasserstein", "sliced Wasserstein distance")];

/// The frames that some cell has values for, each with the samples and as many real ones.
pub(super) struct Quality {
    frames: Vec<(&'static str, Vec<Series>)>,
}

impl Quality {
    pub(super) fn of(sweep: &Sweep, a: usize, places: &Places) -> Self {
        let series = |quantity: &str| -> Vec<Series> {
            let own = places.series(sweep, a, |cell| value(cell, quantity, false));
            let real = places.series(sweep, a, |cell| value(cell, quantity, true));
            let both = [
                Series::measured("samples".to_owned(), 0, own),
                Series::predicted("as many real samples".to_owned(), 1, real),
            ];
            both.into_iter().filter(|series| !series.points.is_empty()).collect()
        };
        let frames = FRAMES.map(|(quantity, label)| (label, series(quantity)));
        Self { frames: frames.into_iter().filter(|(_, series)| !series.is_empty()).collect() }
    }

    pub(super) fn height(&self) -> f64 {
        if self.frames.is_empty() { 0.0 } else { SAMPLES }
    }

    pub(super) fn draw(&self, drawing: &mut Drawing, places: &Places, top: f64) {
        let Some((_, first)) = self.frames.first() else { return };
        let below = head(drawing, top, first);
        let width = Page::WIDTH / self.frames.len() as f64;
        for (i, (label, series)) in self.frames.iter().enumerate() {
            let outer = Rect { x: i as f64 * width, y: below, width, height: top + SAMPLES - below };
            let frame = outer.inset(Axes::LEFT, 6.0, Axes::RIGHT, Axes::BELOW);
            let y = Axis::around(label, series.iter().flat_map(Series::extent).filter(|v| *v > 0.0), 8.0);
            draw_series(drawing, &Axes { frame, x: places.axis(), y }, places, series);
        }
    }
}

/// The distance of the cell's samples, or of as many real ones.
fn value(cell: &Cell, quantity: &str, real: bool) -> Option<Interval> {
    let is_wanted = |model: &str| if real { model == "data" } else { model == cell.run.facts.model };
    let row = cell.run.quality.iter().find(|row| row.quantity == quantity && is_wanted(&row.model))?;
    let value = row.value;
    Some(Interval { value, low: row.low.unwrap_or(value), high: row.high.unwrap_or(value) })
}
