//! Heat maps over windows of timesteps.

use super::Figure;
use crate::observables::ObservableRow;
use crate::plot::axes::{LABEL_SIZE, TICK_SIZE};
use crate::plot::drawing::{Align, Drawing, Rect, Stroke, TextStyle};
use crate::plot::page::Page;
use crate::plot::palette::{INK, PAPER, Rgb, sequence};
use crate::{AnalysisError, Run};

pub(super) struct WindowSurgery;

/// Shades of the colour scale.
const SHADES: usize = 64;
/// Space left of the first map for its labels, between maps, and above the first.
const LEFT: f64 = 60.0;
const BETWEEN: f64 = 22.0;
const TOP: f64 = 46.0;
/// Space between two rows of maps.
const ROW: f64 = 70.0;

/// One operation: what its maps are called.
struct Operation<'a> {
    suffix: &'a str,
    title: String,
}

impl Figure for WindowSurgery {
    fn name(&self) -> &'static str {
        "window_surgery"
    }

    fn reading(&self) -> &'static str {
        "Fréchet distance (above) and confidence of the classifier (below) of samples whose machines are replaced outside, or inside, the window [a, b]: dark cells in the left maps are windows of machines that suffice."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(rows) = run.observables.get(self.name()) else { return Ok(None) };
        let operations = operations(rows);
        let measures = [("frechet_50", "FD₅₀"), ("confidence", "confidence")];
        let present = |(quantity, _): &&(&str, &str)| {
            rows.iter().any(|row| row.quantity.starts_with(quantity) && row.t.is_some())
        };
        let measures: Vec<_> = measures.iter().filter(present).collect();
        if operations.is_empty() || measures.is_empty() {
            return Ok(None);
        }
        let count = operations.len() as f64;
        let side = ((Page::WIDTH - LEFT - 14.0 - BETWEEN * (count - 1.0)) / count).min(260.0);
        let mut drawing = page.drawing(TOP + measures.len() as f64 * (side + ROW));
        for (i, (quantity, label)) in measures.into_iter().enumerate() {
            let maps: Vec<Map<'_>> = operations.iter().map(|o| Map::of(rows, quantity, o)).collect();
            let scale =
                Shading::of(maps.iter().flat_map(|map| map.cells.iter().map(|cell| cell.2)), *quantity == "frechet_50");
            for (j, map) in maps.iter().enumerate() {
                let (x, y) = (LEFT + j as f64 * (side + BETWEEN), TOP + i as f64 * (side + ROW));
                let frame = Rect { x, y, width: side, height: side };
                map.draw(&mut drawing, frame, &scale, label, j == 0);
            }
        }
        Ok(Some(drawing))
    }
}

/// The operations of the table in the order they were made.
fn operations(rows: &[ObservableRow]) -> Vec<Operation<'_>> {
    let mut found: Vec<Operation<'_>> = Vec::new();
    for suffix in rows.iter().filter_map(|row| row.quantity.strip_prefix("frechet_50_")) {
        if found.iter().all(|operation| operation.suffix != suffix) {
            let title = suffix.replacen("_", " the window: ", 1);
            found.push(Operation { suffix, title });
        }
    }
    found
}

/// Colours for values, linear or logarithmic between the least and the greatest.
struct Shading {
    low: f64,
    high: f64,
    log: bool,
    shades: Vec<Rgb>,
}

impl Shading {
    fn of(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let (low, high) = crate::plot::axes::bounds(values).unwrap_or((0.0, 1.0));
        Self { low, high, log: log && low > 0.0, shades: sequence(SHADES) }
    }

    /// The colour, and that of a text over it.
    fn shade(&self, value: f64) -> (Rgb, Rgb) {
        let share = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        let k = (share.clamp(0.0, 1.0) * (SHADES - 1) as f64).round() as usize;
        (self.shades[k.min(SHADES - 1)], if k > SHADES * 2 / 3 { INK } else { PAPER })
    }
}

/// One map: the value of every window.
struct Map<'a> {
    title: &'a str,
    /// (a, b, value).
    cells: Vec<(usize, usize, f64)>,
    /// The value of the empty window.
    none: Option<f64>,
}

impl<'a> Map<'a> {
    fn of(rows: &[ObservableRow], quantity: &str, operation: &'a Operation<'a>) -> Self {
        let quantity = format!("{quantity}_{}", operation.suffix);
        let own = || rows.iter().filter(|row| row.quantity == quantity && row.group == "all");
        let cells = own().filter_map(|row| Some((row.t?, row.x? as usize, row.value))).collect();
        let none = own().find(|row| row.t.is_none()).map(|row| row.value);
        Self { title: &operation.title, cells, none }
    }

    /// a downwards, b to the right; every cell carries its value.
    fn draw(&self, drawing: &mut Drawing, frame: Rect, scale: &Shading, label: &str, labelled: bool) {
        let distinct = |of: fn(&(usize, usize, f64)) -> usize| {
            let mut values: Vec<usize> = self.cells.iter().map(of).collect();
            values.sort_unstable();
            values.dedup();
            values
        };
        let (firsts, lasts) = (distinct(|cell| cell.0), distinct(|cell| cell.1));
        let (width, height) = (frame.width / lasts.len().max(1) as f64, frame.height / firsts.len().max(1) as f64);
        for &(a, b, value) in &self.cells {
            let (Ok(i), Ok(j)) = (firsts.binary_search(&a), lasts.binary_search(&b)) else { continue };
            let (x, y) = (frame.x + j as f64 * width, frame.y + i as f64 * height);
            let (fill, ink) = scale.shade(value);
            drawing.polygon(vec![(x, y), (x + width, y), (x + width, y + height), (x, y + height)], fill);
            let style = TextStyle::new(9.5, ink).aligned(Align::Middle);
            drawing.text((x + width / 2.0, y + height / 2.0 + 3.4), digits(value), style);
        }
        drawing.outline(frame, Stroke::solid(INK, 0.8));
        let style = TextStyle::new(TICK_SIZE, INK).aligned(Align::Middle);
        for (j, b) in lasts.iter().enumerate() {
            drawing.text((frame.x + (j as f64 + 0.5) * width, frame.bottom() + 14.0), b.to_string(), style);
        }
        let label_style = TextStyle::new(LABEL_SIZE, INK).aligned(Align::Middle);
        drawing.text((frame.x + frame.width / 2.0, frame.bottom() + 31.0), "last timestep b", label_style);
        if labelled {
            for (i, a) in firsts.iter().enumerate() {
                let at = (frame.x - 6.0, frame.y + (i as f64 + 0.5) * height + 4.0);
                drawing.text(at, a.to_string(), TextStyle::new(TICK_SIZE, INK).aligned(Align::End));
            }
            let at = (frame.x - 40.0, frame.y + frame.height / 2.0);
            drawing.text(at, format!("{label}: first timestep a"), label_style.upwards());
        }
        drawing.text((frame.x + frame.width / 2.0, frame.y - 22.0), self.title, label_style);
        if let Some(none) = self.none {
            let text = format!("empty window: {}", digits(none));
            drawing.text((frame.x + frame.width / 2.0, frame.y - 7.0), text, style);
        }
    }
}

/// Three significant digits.
fn digits(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_run_from_the_least_to_the_greatest() {
        let scale = Shading::of([1.0, 100.0, f64::NAN].into_iter(), true);
        assert_eq!(scale.shade(1.0), (scale.shades[0], PAPER));
        assert_eq!(scale.shade(100.0), (scale.shades[SHADES - 1], INK));
        assert_eq!(scale.shade(10.0).0, scale.shades[SHADES / 2]);
    }

    #[test]
    fn three_digits() {
        assert_eq!([0.123_45, 1.234, 12.34, 123.4].map(digits), ["0.123", "1.23", "12.3", "123"]);
    }
}
