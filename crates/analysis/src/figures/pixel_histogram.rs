//! Grey levels of generated against real samples.

use serde::Serialize;

use super::Figure;
use crate::plot::axes::{Axes, Axis, Scale, TICK_SIZE, bounds};
use crate::plot::drawing::{Align, Drawing, Stroke, TextStyle};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, FAINT, GREY, INK};
use crate::{AnalysisError, Columns, HistogramRow, Origin, Run, to_csv};

pub(super) struct PixelHistogram;

/// What its table holds.
pub(super) const COLUMNS: Columns = &[
    ("low", "lower edge of the bin"),
    ("high", "upper edge"),
    ("split", "`real` or `generated`"),
    ("density", "share of the coordinates in the bin over its width"),
];

/// A bin as a density: it integrates to 1 over the histogram.
#[derive(Debug, Clone, Copy, Serialize)]
struct Bin {
    low: f64,
    high: f64,
    split: Origin,
    density: f64,
}

impl Figure for PixelHistogram {
    fn name(&self) -> &'static str {
        "pixel_histogram"
    }

    fn reading(&self) -> &'static str {
        "Density of the coordinate values of generated and real samples, values beyond the range counted in the edge bins: ink where the real histogram has none is noise the chain left behind."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let (real, generated) = (densities(&run.histogram, Origin::Real), densities(&run.histogram, Origin::Generated));
        let bins: Vec<Bin> = real.iter().chain(&generated).copied().collect();
        let positive = bins.iter().map(|bin| bin.density).filter(|density| *density > 0.0);
        let edges = bins.iter().flat_map(|bin| [bin.low, bin.high]);
        let (Some((least, most)), Some((low, high))) = (bounds(positive), bounds(edges)) else { return Ok(None) };
        let height = 380.0;
        let mut drawing = page.drawing(height);
        let (outline, line) = (Stroke::solid(INK, 1.0), Stroke::solid(BLUE, 1.8));
        let named = |name: &str, split| match samples_of(run, split) {
            Some(count) => format!("{name} ({count})"),
            None => name.to_owned(),
        };
        let of_real = Entry::line(named("real test samples", Origin::Real), Stroke::solid(FAINT, 9.0));
        let of_real = Some(of_real).filter(|_| !real.is_empty());
        let of_generated = Entry::line(named("generated", Origin::Generated), line);
        let of_generated = Some(of_generated).filter(|_| !generated.is_empty());
        let entries: Vec<Entry> = of_real.into_iter().chain(of_generated).collect();
        let below = legend(&mut drawing, (Axes::LEFT, 8.0), Page::WIDTH - Axes::LEFT - Axes::RIGHT, &entries);
        let label = if run.facts.image.is_some() { "pixel value" } else { "coordinate value" };
        let floor = least / 1.5;
        let axes = Axes {
            frame: Axes::page_frame(below, height),
            x: Axis::new(label, Scale::Linear, low, high),
            y: Axis::new("density", Scale::Log, floor, most * 1.5),
        };
        for run in filled_runs(&real) {
            let steps = steps(run, floor).into_iter().filter_map(|(x, y)| axes.place(x, y)).collect();
            drawing.polygon(steps, FAINT);
        }
        axes.draw(&mut drawing);
        for (bins, stroke) in [(&real, outline), (&generated, line)] {
            for run in filled_runs(bins) {
                axes.line(&mut drawing, &steps(run, floor), stroke);
            }
        }
        name_edges(&mut drawing, &axes, &run.histogram);
        drawing.set_table(to_csv(&bins)?);
        Ok(Some(drawing))
    }
}

/// Samples behind a histogram of all their coordinates.
fn samples_of(run: &Run, split: Origin) -> Option<u64> {
    let total: u64 = run.histogram.iter().filter(|row| row.split == split).map(|row| row.count).sum();
    let dim = run.facts.dim as u64;
    (dim > 0 && total > 0 && total.is_multiple_of(dim)).then(|| total / dim)
}

/// Says at the edge bins that they hold what lies beyond, where they hold anything.
fn name_edges(drawing: &mut Drawing, axes: &Axes, rows: &[HistogramRow]) {
    let Some((low, high)) = bounds(rows.iter().flat_map(|row| [row.low, row.high])) else { return };
    let style = TextStyle::new(TICK_SIZE - 1.0, GREY);
    let filled = |edge: &dyn Fn(&&HistogramRow) -> bool| rows.iter().filter(edge).any(|row| row.count > 0);
    if filled(&|row| row.low == low) {
        drawing.text((axes.frame.x + 5.0, axes.frame.y + 14.0), "← and below", style);
    }
    if filled(&|row| row.high == high) {
        drawing.text((axes.frame.right() - 5.0, axes.frame.y + 14.0), "and above →", style.aligned(Align::End));
    }
}

fn densities(rows: &[HistogramRow], split: Origin) -> Vec<Bin> {
    let own = || rows.iter().filter(|row| row.split == split);
    let total: u64 = own().map(|row| row.count).sum();
    if total == 0 {
        return Vec::new();
    }
    own()
        .map(|row| {
            let density = row.count as f64 / total as f64 / (row.high - row.low);
            Bin { low: row.low, high: row.high, split, density }
        })
        .collect()
}

/// Runs of bins that hold something: a log axis has no place for an empty bin.
fn filled_runs(bins: &[Bin]) -> impl Iterator<Item = &[Bin]> {
    bins.split(|bin| bin.density <= 0.0).filter(|run| !run.is_empty())
}

/// The outline of a run of bins, from the floor up, along and down again.
fn steps(bins: &[Bin], floor: f64) -> Vec<(f64, f64)> {
    let tops = bins.iter().flat_map(|bin| [(bin.low, bin.density), (bin.high, bin.density)]);
    let (first, last) = (bins.first().map(|bin| (bin.low, floor)), bins.last().map(|bin| (bin.high, floor)));
    first.into_iter().chain(tops).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixel_histogram;

    #[test]
    fn densities_integrate_to_one() {
        let rows = pixel_histogram(&[-1.0, 0.2, 0.3, 5.0], &[]);
        let bins = densities(&rows, Origin::Real);
        let integral: f64 = bins.iter().map(|bin| bin.density * (bin.high - bin.low)).sum();
        assert!((integral - 1.0).abs() < 1e-12);
        assert!(densities(&rows, Origin::Generated).is_empty());
    }

    #[test]
    fn an_empty_bin_breaks_the_outline() {
        let bin = |low: f64, density: f64| Bin { low, high: low + 1.0, split: Origin::Real, density };
        let bins = [bin(0.0, 0.5), bin(1.0, 0.0), bin(2.0, 0.3), bin(3.0, 0.2)];
        let outlines: Vec<_> = filled_runs(&bins).map(|run| steps(run, 0.1)).collect();
        assert_eq!(outlines[0], [(0.0, 0.1), (0.0, 0.5), (1.0, 0.5), (1.0, 0.1)]);
        assert_eq!((outlines.len(), outlines[1].len()), (2, 6));
    }
}
