//! How good the samples of the cells are, against the values of an axis: all that axes of the chain's options change.

use super::super::{Axis as SweepAxis, Cell, Sweep};
use super::places::{Places, shortened};
use super::series::Series;
use super::{SAMPLES, draw_series, head};
use crate::plot::axes::{Axes, Axis};
use crate::plot::drawing::{Drawing, Rect};
use crate::plot::page::Page;
use crate::stats::Interval;

/// A frame: what is measured, and the name of its axis.
const FRAMES: [(&str, &str); 2] =
    [("frechet_50", "Fréchet distance, 50 axes"), ("sliced_wasserstein", "sliced Wasserstein distance")];

/// Values of the other axis of two up to which each has a curve of its own.
const MOST_PARTS: usize = 5;

/// The frames that some cell has values for, each with the samples and as many real ones.
pub(super) struct Quality {
    frames: Vec<(&'static str, Vec<Series>)>,
}

impl Quality {
    pub(super) fn of(sweep: &Sweep, a: usize, places: &Places) -> Self {
        let parts = Part::of(sweep, a);
        let series = |quantity: &str| -> Vec<Series> {
            let own = parts.iter().enumerate().map(|(rank, part)| {
                let points = places.series(sweep, a, |cell| value(cell, quantity, false).filter(|_| part.has(cell)));
                Series::measured(part.label.clone(), rank, points)
            });
            let real = places.series(sweep, a, |cell| value(cell, quantity, true));
            let floor = Series::predicted("as many real samples".to_owned(), parts.len(), real);
            own.chain([floor]).filter(|series| !series.points.is_empty()).collect()
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

/// The cells that a curve shows: those of one value of the other axis, where there is one of few values, else all.
struct Part {
    label: String,
    /// The other axis and the index of its value.
    at: Option<(usize, usize)>,
}

impl Part {
    fn of(sweep: &Sweep, a: usize) -> Vec<Self> {
        let others = || sweep.axes.iter().enumerate().filter(|(b, axis)| *b != a && axis.key != SweepAxis::SEED);
        let (first, more) = (others().next(), others().count() > 1);
        // In a zip the other axis goes with this one.
        let is_grid = |b: usize| sweep.cells.iter().any(|cell| cell.at.get(a) != cell.at.get(b));
        match first {
            Some((b, axis)) if !more && axis.values.len() <= MOST_PARTS && is_grid(b) => {
                let label = |value: &String| format!("{} = {}", axis.key, shortened(value));
                axis.values
                    .iter()
                    .enumerate()
                    .map(|(i, value)| Self { label: label(value), at: Some((b, i)) })
                    .collect()
            }
            _ => vec![Self { label: "samples".to_owned(), at: None }],
        }
    }

    fn has(&self, cell: &Cell) -> bool {
        self.at.is_none_or(|(b, i)| cell.at.get(b) == Some(&i))
    }
}

/// The distance of the cell's samples, or of as many real ones.
fn value(cell: &Cell, quantity: &str, real: bool) -> Option<Interval> {
    let is_wanted = |model: &str| if real { model == "data" } else { model == cell.run.facts.model };
    let row = cell.run.quality.iter().find(|row| row.quantity == quantity && is_wanted(&row.model))?;
    let value = row.value;
    Some(Interval { value, low: row.low.unwrap_or(value), high: row.high.unwrap_or(value) })
}
