//! The loss of a few machines as they train.

use super::{Figure, spread};
use crate::learning_curves::{LearningCurve, learning_curves};
use crate::plot::axes::{Axes, Axis, Marker, bounds};
use crate::plot::drawing::{Dash, Drawing, Stroke};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{GREY, INK, Rgb, sequence};
use crate::{AnalysisError, Run, Split};

/// Machines shown, at most.
const CURVES: usize = 6;
/// Markers on a curve, at most.
const MARKERS: usize = 8;

pub(super) struct LossVsEpoch;

/// The losses of one machine, epoch and value.
struct Curve {
    t: usize,
    train: Vec<(f64, f64)>,
    test: Vec<(f64, f64)>,
}

impl Figure for LossVsEpoch {
    fn name(&self) -> &'static str {
        "loss_vs_epoch"
    }

    fn reading(&self) -> &'static str {
        "MSE per coordinate on ε (of a regression: on y) after each epoch for machines spread over the timesteps, train solid and test dashed: a dashed curve that leaves its solid one is a machine that memorises."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        if run.facts.exact_law().is_some() {
            return Ok(None);
        }
        let curves = curves(run);
        let points = || curves.iter().flat_map(|curve| curve.train.iter().chain(&curve.test));
        let Some((first, last)) = bounds(points().map(|point| point.0)) else { return Ok(None) };
        let height = 400.0;
        let mut drawing = page.drawing(height);
        let colors = sequence(curves.len());
        let (left, width) = (Axes::LEFT, Page::WIDTH - Axes::LEFT - Axes::RIGHT);
        let below = legend(&mut drawing, (left, 8.0), width, &machine_entries(&curves, &colors));
        let mut splits = vec![Entry::line("train", train_stroke(INK)), Entry::line("test", test_stroke(INK))];
        let noise = noise_on_y(run);
        splits.extend(noise.map(|_| Entry::line("noise on y, test", noise_stroke())));
        let below = legend(&mut drawing, (left, below), width, &splits);
        let label = if run.facts.is_regression() { "MSE on y" } else { "MSE per coordinate on ε" };
        let axes = Axes {
            frame: Axes::page_frame(below, height),
            x: Axis::counting("epoch", first as usize, last as usize),
            y: Axis::around(label, points().map(|point| point.1).chain(noise), 5.0),
        };
        axes.draw(&mut drawing);
        if let Some(noise) = noise {
            axes.level(&mut drawing, noise, noise_stroke());
        }
        for ((curve, &color), marker) in curves.iter().zip(&colors).zip(Marker::SERIES) {
            axes.line(&mut drawing, &curve.train, train_stroke(color));
            axes.line(&mut drawing, &curve.test, test_stroke(color));
            for points in [&curve.train, &curve.test] {
                axes.markers(&mut drawing, &spread(points, MARKERS), marker, color);
            }
        }
        Ok(Some(drawing))
    }
}

/// The mean of (y - target)^2 over the test points of a regression with noise, which no fit goes below.
fn noise_on_y(run: &Run) -> Option<f64> {
    let squares = run.fit.iter().filter(|row| row.split == Split::Test).map(|row| (row.y - row.target).powi(2));
    let (sum, n) = squares.fold((0.0, 0.0), |(sum, n), square| (sum + square, n + 1.0));
    // Values are stored in f32.
    Some(sum / n).filter(|noise| *noise > 1e-12)
}

fn noise_stroke() -> Stroke {
    Stroke::solid(GREY, 1.1).dashed(Dash::Mixed)
}

fn train_stroke(color: Rgb) -> Stroke {
    Stroke::solid(color, 1.5)
}

fn test_stroke(color: Rgb) -> Stroke {
    train_stroke(color).dashed(Dash::Long)
}

fn curves(run: &Run) -> Vec<Curve> {
    let [train, test] = [Split::Train, Split::Test].map(|split| learning_curves(&run.metrics, split));
    let mut present: Vec<usize> = train.iter().chain(&test).map(|curve| curve.t).collect();
    present.sort_unstable();
    present.dedup();
    let of = |curves: &[LearningCurve], t: usize| {
        curves.iter().find(|curve| curve.t == t).map(LearningCurve::points).unwrap_or_default()
    };
    spread(&present, CURVES).into_iter().map(|t| Curve { t, train: of(&train, t), test: of(&test, t) }).collect()
}

fn machine_entries(curves: &[Curve], colors: &[Rgb]) -> Vec<Entry> {
    let entry = |((curve, &color), marker): ((&Curve, &Rgb), Marker)| {
        Entry::line(format!("t = {}", curve.t), Stroke::solid(color, 1.5)).with_marker(marker, color)
    };
    curves.iter().zip(colors).zip(Marker::SERIES).map(entry).collect()
}
