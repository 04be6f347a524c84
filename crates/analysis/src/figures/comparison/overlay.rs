//! One metric of all groups over t, and below it how far each is from the first, with what is beyond chance marked.

use super::{Overlay, color, entries};
use crate::AnalysisError;
use crate::compare::{Comparison, Curve, Group, Point, Scale, Window};
use crate::plot::axes::{Axes, Axis, bounds};
use crate::plot::drawing::{Dash, Drawing, Rect, Stroke};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{GREY, Rgb, lighter};
use crate::stats::quantile;

const HEIGHT: f64 = 560.0;
/// Height of the bar that marks a window, and the space for it.
const BAR: (f64, f64) = (4.0, 7.0);
/// Behind the windows in which the groups differ.
const GROUND: Rgb = (240, 240, 240);

/// The figures of all curves that some comparison has.
pub(super) fn draw(page: &Page, groups: &[Group], comparisons: &[Comparison]) -> Result<Vec<Overlay>, AnalysisError> {
    let mut names: Vec<String> = Vec::new();
    let mut figures = Vec::new();
    for curve in comparisons.iter().flat_map(|comparison| &comparison.curves) {
        if names.contains(&curve.name()) {
            continue;
        }
        names.push(curve.name());
        let find = |comparison: &'_ Comparison| comparison.curves.iter().position(|other| other.name() == curve.name());
        let curves: Vec<Option<&Curve>> =
            comparisons.iter().map(|comparison| find(comparison).map(|i| &comparison.curves[i])).collect();
        let reading = format!(
            "{} of the machines as they are kept, and below its difference from {} with 95% intervals; bars and the grey \
             ground mark where a difference is beyond chance (false ones among them: {} expected at most).",
            curve.name(),
            groups.first().map_or("", |group| &group.label),
            comparisons.first().map_or(0.05, |comparison| comparison.q),
        );
        let name = format!("{}_{}_vs_t", curve.metric, curve.split.word());
        figures.push(Overlay::new(name, reading, drawing(page, groups, &curves))?);
    }
    Ok(figures)
}

fn drawing(page: &Page, groups: &[Group], curves: &[Option<&Curve>]) -> Drawing {
    let mut drawing = page.drawing(HEIGHT);
    let there: Vec<(usize, &Curve)> =
        curves.iter().enumerate().filter_map(|(i, curve)| Some((i + 1, (*curve)?))).collect();
    let mut listed = entries(groups, false);
    if there.iter().any(|(_, curve)| !curve.windows.is_empty()) {
        listed.push(Entry::line("beyond chance", Stroke::solid(GREY, BAR.0)));
    }
    let below = legend(&mut drawing, (Axes::LEFT, 8.0), Page::WIDTH - Axes::LEFT - Axes::RIGHT, &listed);
    let frame = Axes::page_frame(below, HEIGHT);
    let times = || there.iter().flat_map(|(_, curve)| curve.points.iter().map(|point| point.t));
    let x = Axis::counting("t", times().min().unwrap_or(1), times().max().unwrap_or(1));
    let lower = 0.42 * frame.height;
    let upper = Axes {
        frame: Rect { height: frame.height - lower - 24.0, ..frame },
        x: x.clone().unlabelled(),
        y: upper_axis(&there),
    };
    let lower =
        Axes { frame: Rect { y: frame.bottom() - lower, height: lower, ..frame }, x, y: lower_axis(groups, &there) };
    for axes in [&upper, &lower] {
        for window in there.iter().flat_map(|(_, curve)| &curve.windows) {
            ground(&mut drawing, axes, *window);
        }
        axes.draw(&mut drawing);
    }
    draw_upper(&mut drawing, &upper, &there);
    for (i, (rank, curve)) in there.iter().enumerate() {
        draw_lower(&mut drawing, &lower, (i, color(*rank)), curve);
    }
    lower.level(&mut drawing, 0.0, Stroke::solid(GREY, 1.1).dashed(Dash::Mixed));
    drawing
}

fn upper_axis(curves: &[(usize, &Curve)]) -> Axis {
    let (name, values) = match curves {
        [(_, first), ..] => {
            let points = curves.iter().flat_map(|(_, curve)| &curve.points);
            (first.name(), points.flat_map(|point| [point.base, point.other]).collect())
        }
        [] => (String::new(), Vec::new()),
    };
    let positive = curves.iter().all(|(_, curve)| curve.scale == Scale::Relative);
    Axis::around(&name, values.into_iter().filter(|value| *value > 0.0 || !positive), 3.0)
}

/// Percents on a relative scale.
fn lower_axis(groups: &[Group], curves: &[(usize, &Curve)]) -> Axis {
    let relative = curves.iter().all(|(_, curve)| curve.scale == Scale::Relative);
    let base = groups.first().map_or("", |group| &group.label);
    let other = match curves {
        [(rank, _)] => groups.get(*rank).map_or("other", |group| &group.label),
        _ => "other",
    };
    let label = if relative { format!("{other} / {base} − 1  (%)") } else { format!("{other} − {base}") };
    let points = || curves.iter().flat_map(|(_, curve)| curve.points.iter().map(|point| (curve.scale, point)));
    let shown: Vec<f64> = points().map(|(scale, point)| scaled(scale, point.shown())).collect();
    // Bands of few seeds can be far wider than what they surround: the middle one is shown whole.
    let mut widths: Vec<f64> = points()
        .filter_map(|(scale, point)| Some(scaled(scale, point.high? - point.low?) / 2.0))
        .filter(|width| width.is_finite())
        .collect();
    widths.sort_by(f64::total_cmp);
    let width = Some(quantile(&widths, 0.5)).filter(|width| width.is_finite()).unwrap_or(0.0);
    let (low, high) = bounds(shown).unwrap_or((0.0, 0.0));
    // Room above for the bars of windows.
    let (low, high) = (low.min(-width), high.max(width));
    Axis::around(&label, [low, high + 0.12 * (high - low), 0.0], f64::INFINITY).with_ticks(5)
}

fn scaled(scale: Scale, value: f64) -> f64 {
    if scale == Scale::Relative { 100.0 * value } else { value }
}

/// The ends of a window on the page, half a step beyond its first and last machine.
fn ends(axes: &Axes, window: Window) -> Option<(f64, f64)> {
    let end = |t: f64| axes.place(t, 1.0).map(|(x, _)| x.clamp(axes.frame.x, axes.frame.right()));
    end(window.first as f64 - 0.5).zip(end(window.last as f64 + 0.5))
}

fn ground(drawing: &mut Drawing, axes: &Axes, window: Window) {
    if let Some((left, right)) = ends(axes, window) {
        let (top, bottom) = (axes.frame.y, axes.frame.bottom());
        drawing.polygon(vec![(left, top), (right, top), (right, bottom), (left, bottom)], GROUND);
    }
}

fn draw_upper(drawing: &mut Drawing, axes: &Axes, curves: &[(usize, &Curve)]) {
    let line = |curve: &Curve, of: fn(&Point) -> f64| -> Vec<(f64, f64)> {
        curve.points.iter().map(|point| (point.t as f64, of(point))).collect()
    };
    if let Some((_, first)) = curves.first() {
        axes.line(drawing, &line(first, |point| point.base), Stroke::solid(color(0), 1.7));
    }
    for (rank, curve) in curves {
        axes.line(drawing, &line(curve, |point| point.other), Stroke::solid(color(*rank), 1.7).dashed(Dash::Long));
    }
}

/// The difference with its band; `row` is the place of its bar below the upper edge.
fn draw_lower(drawing: &mut Drawing, axes: &Axes, (row, hue): (usize, Rgb), curve: &Curve) {
    let scale = curve.scale;
    let band: Vec<(f64, f64, f64)> = curve
        .points
        .iter()
        .map(|point| {
            let end = |end: Option<f64>| scaled(scale, end.unwrap_or(f64::NAN));
            (point.t as f64, end(point.low), end(point.high))
        })
        .collect();
    axes.band(drawing, &band, lighter(hue));
    let line: Vec<(f64, f64)> =
        curve.points.iter().map(|point| (point.t as f64, scaled(scale, point.shown()))).collect();
    axes.line(drawing, &line, Stroke::solid(hue, 1.4));
    let y = axes.frame.y + 2.0 + BAR.1 * row as f64;
    for (left, right) in curve.windows.iter().filter_map(|window| ends(axes, *window)) {
        drawing.polygon(vec![(left, y), (right, y), (right, y + BAR.0), (left, y + BAR.0)], hue);
    }
}
