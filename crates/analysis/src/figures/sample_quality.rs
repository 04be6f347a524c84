//! The quality of the run's samples beside that of as many real ones.

use super::Figure;
use crate::observables::ObservableRow;
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Marker, Scale};
use crate::plot::drawing::{Align, Drawing, Rect, Stroke, TextStyle};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREY, INK, Rgb};
use crate::{AnalysisError, Run};

pub(super) struct SampleQuality;

/// A metric of the samples as a reader meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleMetric {
    /// Its quantity in the table of `sample_quality`.
    pub quantity: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// Which way is better.
    pub better: &'static str,
}

const fn metric(quantity: &'static str, label: &'static str, better: &'static str) -> SampleMetric {
    SampleMetric { quantity, label, better }
}

/// What is better: as the real ones.
const LOW: &str = "smaller is better";
const HIGH: &str = "larger is better";
const ALIKE: &str = "best like real ones";

/// The metrics of samples in the order of the figure's strips; a run has those that its table holds.
pub const SAMPLE_METRICS: [SampleMetric; 17] = [
    metric("frechet_50", "Fréchet distance, 50 axes", LOW),
    metric("frechet_features", "Fréchet distance, classifier features", LOW),
    metric("sliced_wasserstein", "sliced Wasserstein distance", LOW),
    metric("mmd2", "MMD²", LOW),
    metric("mmd2_0.25", "MMD², σ = 0.25", LOW),
    metric("mmd2_0.05", "MMD², σ = 0.05", LOW),
    metric("precision", "precision", HIGH),
    metric("recall", "recall", HIGH),
    metric("density", "density", ALIKE),
    metric("coverage", "coverage", HIGH),
    metric("confidence", "confidence of the class rule", ALIKE),
    metric("nearest_distance", "d₁ to training samples", ALIKE),
    metric("nearest_ratio", "d₁/d₂ to training samples", ALIKE),
    metric("memorised", "share memorised, d₁/d₂ < 1/3", LOW),
    metric("curve_distance", "distance to the curve, mean", LOW),
    metric("curve_distance_95", "distance to the curve, 95% quantile", LOW),
    metric("off_curve", "share farther than 0.1 from the curve", LOW),
];

/// Height of a strip with its title and ticks, and of its frame.
const STRIP: f64 = 76.0;
const FRAME: f64 = 30.0;
/// Space for the title above the frame.
const TITLE: f64 = 22.0;
/// Space left and right of the frames of a column.
const SIDE: f64 = 24.0;
/// Width of the widest interval's whisker ends, up and down.
const WHISKER: f64 = 3.0;
const RADIUS: f64 = 3.6;
const TICKS: usize = 5;

/// A strip with the rows it draws.
struct Strip<'a> {
    title: String,
    better: &'static str,
    own: &'a ObservableRow,
    real: Option<&'a ObservableRow>,
}

impl Figure for SampleQuality {
    fn name(&self) -> &'static str {
        "sample_quality"
    }

    fn reading(&self) -> &'static str {
        "Every metric of the samples beside its value for as many real ones, with 95% intervals: samples as good as real ones lie at the open disc, which no metric has at its ideal value."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(rows) = run.observables.get("sample_quality") else { return Ok(None) };
        let strips = strips(rows, &run.facts.model);
        if strips.is_empty() {
            return Ok(None);
        }
        let n = strips.iter().filter_map(|strip| strip.own.trajectories).max().unwrap_or_default();
        let entries = [
            Entry::marker(format!("{n} samples of the run"), Marker::Disc, BLUE),
            Entry::marker("as many real ones", Marker::OpenDisc, GREY),
        ];
        let top = legend(&mut page.drawing(0.0), (10.0, 8.0), Page::WIDTH - 20.0, &entries) + 8.0;
        let mut drawing = page.drawing(top + STRIP * strips.len().div_ceil(2) as f64);
        legend(&mut drawing, (10.0, 8.0), Page::WIDTH - 20.0, &entries);
        let width = Page::WIDTH / 2.0;
        for (i, strip) in strips.iter().enumerate() {
            let (x, y) = ((i % 2) as f64 * width + SIDE, top + (i / 2) as f64 * STRIP + TITLE);
            strip.draw(&mut drawing, Rect { x, y, width: width - 2.0 * SIDE, height: FRAME });
        }
        Ok(Some(drawing))
    }
}

/// The strips that the table has values of the samples for: metrics, then the share of each class.
fn strips<'a>(rows: &'a [ObservableRow], model: &str) -> Vec<Strip<'a>> {
    let find = |model: &str, quantity: &str, group: &str| {
        rows.iter().find(|row| row.model == model && row.quantity == quantity && row.group == group)
    };
    let strip = |quantity: &str, group: &str, title: String, better| {
        let own = find(model, quantity, group).filter(|row| row.value.is_finite())?;
        Some(Strip { title, better, own, real: find("data", quantity, group) })
    };
    let metrics = SAMPLE_METRICS.iter().filter_map(|m| strip(m.quantity, "all", m.label.to_owned(), m.better));
    let shares = rows.iter().filter(|row| row.model == model && row.quantity == "class_share");
    let mut labels: Vec<&str> = shares.map(|row| row.group.as_str()).collect();
    if labels.len() == 2 {
        // The other share is what is left.
        labels.truncate(1);
    }
    let shares =
        labels.into_iter().filter_map(|label| strip("class_share", label, format!("share of class {label}"), ALIKE));
    metrics.chain(shares).collect()
}

impl Strip<'_> {
    fn draw(&self, drawing: &mut Drawing, frame: Rect) {
        let ends = |row: &ObservableRow| [Some(row.value), row.low, row.high];
        let values = || ends(self.own).into_iter().chain(self.real.into_iter().flat_map(ends)).flatten();
        // A share of 0 is the least there is.
        let nothing = values().all(|value| value == 0.0).then_some(1.0);
        let x = Axis::around("", values().chain(nothing), 20.0).with_ticks(TICKS);
        let axes = Axes { frame, x, y: Axis::new("", Scale::Linear, 0.0, 1.0).without_ticks() };
        axes.draw(drawing);
        let at = frame.y - 7.0;
        drawing.text((frame.x, at), self.title.as_str(), TextStyle::new(LABEL_SIZE, INK));
        let style = TextStyle::new(LABEL_SIZE - 3.0, GREY).aligned(Align::End);
        drawing.text((frame.right(), at), self.better, style);
        if let Some(real) = self.real {
            mark(drawing, &axes, 0.7, real, (Marker::OpenDisc, GREY));
        }
        mark(drawing, &axes, 0.3, self.own, (Marker::Disc, BLUE));
    }
}

/// A value with its interval at a height of the strip.
fn mark(drawing: &mut Drawing, axes: &Axes, height: f64, row: &ObservableRow, (marker, color): (Marker, Rgb)) {
    let place = |value: f64| axes.place_inside(value, height);
    if let (Some(low), Some(high)) = (row.low.and_then(place), row.high.and_then(place)) {
        let stroke = Stroke::solid(color, 1.4);
        drawing.line(low, high, stroke);
        for (x, y) in [low, high] {
            drawing.line((x, y - WHISKER), (x, y + WHISKER), stroke);
        }
    }
    if let Some(at) = place(row.value) {
        marker.draw(drawing, at, RADIUS, color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::fabricated;
    use crate::figures::render;
    use crate::stats::Interval;

    #[test]
    fn a_strip_for_every_metric_that_was_measured() {
        let mut run = fabricated::empty();
        let row = |model: &str, quantity: &str, value: f64| {
            let interval = Interval { value, low: 0.9 * value, high: 1.1 * value };
            ObservableRow::timeless(model, quantity, value).with_interval(interval, 50)
        };
        let measured = |model: &str| {
            let shares = ["1", "3"].map(|label| row(model, "class_share", 0.5).of_group(label));
            [row(model, "frechet_50", 3.0), row(model, "precision", 0.8)].into_iter().chain(shares)
        };
        let only = ["sample_quality".to_owned()];
        assert_eq!(render(&run, Some(&only)).unwrap(), []);
        run.observables.insert("sample_quality", measured("data").chain(measured("machines")).collect());
        let svg = &render(&run, Some(&only)).unwrap()[0].svg;
        for text in ["Fréchet distance, 50 axes<", ">precision<", "share of class 1<", "50 samples of the run<"] {
            assert_eq!(svg.matches(text).count(), 1, "{text}");
        }
        assert!(!svg.contains("share of class 3<") && !svg.contains("recall"));
        // Of another model's samples nothing is drawn.
        run.facts.model = "mixture".to_owned();
        assert_eq!(render(&run, Some(&only)).unwrap(), []);
    }
}
