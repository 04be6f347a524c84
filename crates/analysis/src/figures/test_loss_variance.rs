//! How much the last test losses of a few machines vary as they train: what the thesis's stopping rule looks at.

use super::{Figure, spread};
use crate::learning_curves::{LearningCurve, WINDOW, learning_curves};
use crate::plot::axes::{Axes, Axis, Marker, bounds};
use crate::plot::drawing::{Dash, Drawing, Stroke};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{INK, PAPER, VERMILION, sequence};
use crate::{AnalysisError, Run, Split};

/// Machines shown, at most.
const CURVES: usize = 6;
/// Markers on a curve, at most.
const MARKERS: usize = 8;

pub(super) struct TestLossVariance;

/// The variances of one machine.
struct Curve {
    t: usize,
    points: Vec<(f64, f64)>,
    /// Where the tolerance ended its training.
    end: Option<(f64, f64)>,
}

impl Curve {
    fn of(curve: &LearningCurve, tolerance: Option<f64>) -> Self {
        let points: Vec<_> = curve.rolling_variance().into_iter().map(|(epoch, v)| (epoch as f64, v)).collect();
        let end = points.last().copied().filter(|(_, variance)| tolerance.is_some_and(|most| *variance < most));
        Self { t: curve.t, points, end }
    }
}

impl Figure for TestLossVariance {
    fn name(&self) -> &'static str {
        "test_loss_variance"
    }

    fn reading(&self) -> &'static str {
        "Variance of the last six test losses after each epoch for machines spread over the timesteps, (1/6) Σ (l − mean)²: it falls while a machine learns and ends at the scatter of the test noise; where train.stop = test_variance, training ends (ring) below the tolerance."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let tolerance = run.facts.training().and_then(|training| training.tolerance);
        let mut found = learning_curves(&run.metrics, Split::Test);
        found.retain(|curve| curve.losses.len() >= WINDOW);
        let curves: Vec<Curve> = spread(&found, CURVES).iter().map(|curve| Curve::of(curve, tolerance)).collect();
        if curves.is_empty() {
            return Ok(None);
        }
        let points = || curves.iter().flat_map(|curve| &curve.points);
        // One variance of each machine is no course, unless the rule ended there.
        let ends = bounds(points().map(|point| point.0)).filter(|(first, last)| first < last || tolerance.is_some());
        let Some((first, last)) = ends else { return Ok(None) };
        let height = 400.0;
        let mut drawing = page.drawing(height);
        let colors = sequence(curves.len());
        let mut entries: Vec<Entry> = Vec::new();
        for ((curve, &color), marker) in curves.iter().zip(&colors).zip(Marker::SERIES) {
            let label = format!("t = {}", curve.t);
            entries.push(Entry::line(label, Stroke::solid(color, 1.5)).with_marker(marker, color));
        }
        if let Some(tolerance) = tolerance {
            entries.push(Entry::line(format!("tolerance {tolerance:.0e}"), limit()));
            entries.push(Entry::marker("training ends", Marker::OpenDisc, INK));
        }
        let below = legend(&mut drawing, (Axes::LEFT, 8.0), Page::WIDTH - Axes::LEFT - Axes::RIGHT, &entries);
        let values = points().map(|point| point.1).chain(tolerance).filter(|value| *value > 0.0);
        let axes = Axes {
            frame: Axes::page_frame(below, height),
            x: Axis::counting("epoch", first as usize, last as usize),
            y: Axis::around("variance of the last six test losses", values, 3.0),
        };
        axes.draw(&mut drawing);
        if let Some(tolerance) = tolerance {
            axes.level(&mut drawing, tolerance, limit());
        }
        for ((curve, &color), marker) in curves.iter().zip(&colors).zip(Marker::SERIES) {
            axes.line(&mut drawing, &curve.points, Stroke::solid(color, 1.5));
            axes.markers(&mut drawing, &spread(&curve.points, MARKERS), marker, color);
            if let Some(at) = curve.end.and_then(|(epoch, variance)| axes.place(epoch, variance)) {
                drawing.dots(vec![at], 6.0, INK);
                drawing.dots(vec![at], 4.9, PAPER);
                marker.draw(&mut drawing, at, 3.0, color);
            }
        }
        Ok(Some(drawing))
    }
}

fn limit() -> Stroke {
    Stroke::solid(VERMILION, 1.3).dashed(Dash::Mixed)
}

#[cfg(test)]
mod tests {
    use super::super::fabricated;
    use super::*;
    use crate::MetricRow;

    /// Three machines that learn exponentially and settle, trained for as many epochs.
    fn run(epochs: usize) -> Run {
        let mut run = fabricated::empty();
        for (t, epoch) in [1, 5, 9].into_iter().flat_map(|t| (1..=epochs).map(move |epoch| (t, epoch))) {
            let value = 0.1 + 0.9 * (-(epoch as f64)).exp();
            run.metrics.push(MetricRow { t, epoch, split: Split::Test, metric: "mse".into(), value });
        }
        run
    }

    fn svg(run: &Run) -> Option<String> {
        let page = Page::new(&run.facts).unwrap();
        TestLossVariance.draw(run, &page).unwrap().map(|drawing| drawing.to_svg().unwrap())
    }

    #[test]
    fn more_than_six_losses_are_needed_and_the_tolerance_has_its_line_and_its_rings() {
        assert_eq!([svg(&run(5)), svg(&run(6))], [None, None]);
        let plain = svg(&run(20)).unwrap();
        assert!(plain.contains("t = 9<") && !plain.contains("tolerance"));
        let stopped = |tolerance| {
            let mut run = run(20);
            run.facts.recipe = Some(fabricated::stopping_by("test_variance", Some(tolerance)));
            let curve = &learning_curves(&run.metrics, Split::Test)[0];
            assert_eq!(Curve::of(curve, Some(tolerance)).end.is_some(), tolerance > 1e-10);
            svg(&run).unwrap()
        };
        assert!(stopped(1e-4).contains("tolerance 1e-4<"));
        // Nothing was below this one: the machines were trained to their last epoch.
        assert!(stopped(1e-30).contains("tolerance 1e-30<"));
    }
}
