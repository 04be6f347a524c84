//! The correlation length of x0_hat, and the share of every spatial frequency that is taken for signal.

use std::collections::BTreeMap;

use super::Figure;
use super::columns::{column, models, of, title};
use crate::observables::{ObservableRow, Transition};
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Marker, Scale, TICK_SIZE};
use crate::plot::drawing::{Align, Dash, Drawing, Rect, Stroke, TextStyle};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREY, INK, ORANGE, PAPER, Rgb, VERMILION, lighter, sequence};
use crate::plot::pixels::Pixels;
use crate::{AnalysisError, Run};

pub(super) struct ModeSoftening;

/// Steps of the colour scale.
const SHADES: usize = 256;
/// Decades below 1 that the colours span.
const DECADES: f64 = 3.0;
/// The least share drawn as a curve.
const LEAST: f64 = 1e-4;
/// Rings drawn as curves.
const CURVES: [usize; 5] = [1, 2, 4, 7, 11];
/// Where the frames of the panels begin and how high they are.
const LENGTH: (f64, f64) = (30.0, 190.0);
const MAPS: (f64, f64) = (288.0, 180.0);
const GAINS: (f64, f64) = (556.0, 220.0);
/// Space right of the maps for the colour scale.
const BAR: f64 = 52.0;

impl Figure for ModeSoftening {
    fn name(&self) -> &'static str {
        "mode_softening"
    }

    fn reading(&self) -> &'static str {
        "(a) Correlation length ξ of the denoised images in pixels: the fewer frequencies are resolved, the longer; dashed the best affine predictor, dotted the data, the limit t → 0; near t = T the errors of a trained ε̂ are divided by √ᾱ and shorten it. (b) The share 1 + Dλ(q) of a displacement along waves of spatial frequency q that is taken for signal, from exact Jacobians, with the times at which it is 1/2 (discs) and where the best affine predictor has them (line): coarse waves soften first. (c) The same over t for some frequencies: points the machines, solid the exact law, dashed the best affine predictor."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(rows) = run.observables.get("mode_softening") else { return Ok(None) };
        let Some(x) = Axis::of_timesteps(rows.iter().filter_map(|row| row.t)) else { return Ok(None) };
        let mut drawing = page.drawing(GAINS.0 + GAINS.1 + Axes::BELOW + 4.0);
        lengths(&mut drawing, run, rows, &x);
        maps(&mut drawing, run, rows, &x);
        gains(&mut drawing, run, rows, x);
        Ok(Some(drawing))
    }
}

fn frame((top, height): (f64, f64)) -> Rect {
    Rect { y: top, height, ..Axes::page_frame(top, top + height) }
}

fn points(rows: &[&ObservableRow]) -> Vec<(f64, f64)> {
    rows.iter().filter_map(|row| Some((row.t? as f64, row.value))).collect()
}

/// The speciation time as a line.
fn mark(drawing: &mut Drawing, axes: &Axes, run: &Run) {
    if let Some(t) = run.predicted(Transition::Speciation) {
        axes.upright(drawing, t, Stroke::solid(GREY, 1.1).dashed(Dash::Dots));
    }
}

fn letter(drawing: &mut Drawing, frame: Rect, text: &str) {
    drawing.text((frame.x - 56.0, frame.y - 6.0), text, TextStyle::new(LABEL_SIZE, INK));
}

/// The model and its look, the exact law first, so that the model's own marks lie over it.
fn drawn<'a>(run: &'a Run, rows: &'a [ObservableRow], quantity: &str) -> Vec<(&'a str, &'static str, Rgb, Marker)> {
    let looks = [("model", BLUE, Marker::Disc), ("exact law", ORANGE, Marker::OpenSquare)];
    let look = |((model, _), (label, color, marker))| (model, label, color, marker);
    let mut drawn: Vec<_> = models(run, rows, quantity).into_iter().zip(looks).map(look).collect();
    drawn.reverse();
    drawn
}

/// Panel (a).
fn lengths(drawing: &mut Drawing, run: &Run, rows: &[ObservableRow], x: &Axis) {
    const QUANTITY: &str = "correlation_length";
    let drawn = drawn(run, rows, QUANTITY);
    let (theory, limit) =
        (Stroke::solid(INK, 1.4).dashed(Dash::Long), Stroke::solid(VERMILION, 1.2).dashed(Dash::Dots));
    let mut entries = vec![Entry::line("best affine predictor", theory), Entry::line("data", limit)];
    let of_model = |(_, label, color, marker): &(&str, &'static str, Rgb, Marker)| {
        Entry::line(*label, Stroke::solid(*color, 1.7)).with_marker(*marker, *color)
    };
    entries.extend(drawn.iter().map(of_model));
    let frame = frame(LENGTH);
    legend(drawing, (Axes::LEFT, 4.0), Page::WIDTH - Axes::LEFT - Axes::RIGHT, &entries);
    let all = rows.iter().filter(|row| row.quantity == QUANTITY);
    let axes = Axes { frame, x: x.clone(), y: Axis::around("ξ, pixels", all.map(|row| row.value), f64::INFINITY) };
    axes.draw(drawing);
    letter(drawing, frame, "(a)");
    mark(drawing, &axes, run);
    for (model, _, color, _) in &drawn {
        let ends = of(rows, model, QUANTITY).into_iter().filter_map(|row| Some((row.t? as f64, row.low?, row.high?)));
        axes.band(drawing, &ends.collect::<Vec<_>>(), lighter(*color));
    }
    of(rows, "data", QUANTITY).iter().for_each(|row| axes.level(drawing, row.value, limit));
    axes.line(drawing, &points(&of(rows, "wiener", QUANTITY)), theory);
    for (model, _, color, marker) in drawn {
        let points = points(&of(rows, model, QUANTITY));
        axes.line(drawing, &points, Stroke::solid(color, 1.7));
        axes.markers(drawing, &points, marker, color);
    }
}

/// Panel (b): a map a model, side by side.
fn maps(drawing: &mut Drawing, run: &Run, rows: &[ObservableRow], x: &Axis) {
    let models = models(run, rows, "mode_multiplier");
    let (top, bottom) = (MAPS.0 - 6.0, MAPS.0 + MAPS.1 + Axes::BELOW);
    for (i, (model, name)) in models.iter().enumerate() {
        let whole = column(i, models.len(), (top, bottom), BAR);
        let frame = Rect { x: whole.x.round(), width: whole.width.floor(), ..whole };
        let values = of(rows, model, "mode_multiplier");
        let highest = values.iter().filter_map(|row| row.x).fold(1.0, f64::max);
        let y = Axis::new("q, in 2π / side", Scale::Linear, -0.5, highest + 0.5).with_ticks(5);
        let axes = Axes { frame, x: x.clone(), y };
        axes.draw(drawing);
        map(drawing, &axes, &values, highest);
        title(drawing, frame, name);
        mark(drawing, &axes, run);
        let times = |model: &str| -> Vec<(f64, f64)> {
            of(rows, model, "softening_time").iter().filter_map(|row| Some((row.value, row.x?))).collect()
        };
        axes.line(drawing, &times("wiener"), Stroke::solid(PAPER, 1.6));
        let places = times(model).into_iter().filter_map(|(t, ring)| axes.place_inside(t, ring)).collect::<Vec<_>>();
        drawing.dots(places.clone(), 3.0, PAPER);
        drawing.dots(places, 2.0, INK);
        if i == 0 {
            letter(drawing, frame, "(b)");
        }
        if i + 1 == models.len() {
            bar(drawing, Rect { x: frame.right() + 8.0, width: 10.0, ..frame });
        }
    }
}

/// The multiplier's common logarithm as colours.
fn map(drawing: &mut Drawing, axes: &Axes, rows: &[&ObservableRow], highest: f64) {
    let table: BTreeMap<(usize, usize), f64> =
        rows.iter().filter_map(|row| Some(((row.t?, row.x? as usize), row.value))).collect();
    let mut times: Vec<usize> = table.keys().map(|&(t, _)| t).collect();
    times.dedup();
    let frame = axes.frame;
    let places: Vec<(f64, usize)> = times.iter().filter_map(|&t| Some((axes.x_of(t as f64)? - frame.x, t))).collect();
    let (width, height) = (frame.width as usize, frame.height as usize);
    let colors = sequence(SHADES);
    let mut pixels = Pixels::filled(width, height, PAPER);
    for i in 0..width {
        let place = i as f64 + 0.5;
        let nearest = places.iter().min_by(|a, b| (a.0 - place).abs().total_cmp(&(b.0 - place).abs()));
        let Some(&(_, t)) = nearest else { continue };
        for j in 0..height {
            let ring = ((highest + 1.0) * (1.0 - (j as f64 + 0.5) / height as f64) - 0.5).round().max(0.0) as usize;
            if let Some(&value) = table.get(&(t, ring)) {
                pixels.put((i, j), colors[shade(value)]);
            }
        }
    }
    drawing.image((frame.x, frame.y), pixels, 1.0);
    drawing.outline(frame, Stroke::solid(INK, 0.8));
}

/// The colour of a share, the brightest for 1; what is not positive has the darkest.
fn shade(value: f64) -> usize {
    let share = 1.0 + value.max(f64::MIN_POSITIVE).log10() / DECADES;
    (share.clamp(0.0, 1.0) * (SHADES - 1) as f64) as usize
}

/// The scale of the colours.
fn bar(drawing: &mut Drawing, bar: Rect) {
    let (width, height) = (bar.width as usize, bar.height as usize);
    let colors = sequence(SHADES);
    let mut pixels = Pixels::filled(width, height, PAPER);
    for j in 0..height {
        let color = colors[(SHADES - 1) * (height - 1 - j) / (height - 1).max(1)];
        (0..width).for_each(|i| pixels.put((i, j), color));
    }
    drawing.image((bar.x, bar.y), pixels, 1.0);
    drawing.outline(bar, Stroke::solid(INK, 0.8));
    for (value, label) in [(0.0, "10⁻³"), (1.0, "10⁻²"), (2.0, "10⁻¹"), (DECADES, "1")] {
        let y = bar.bottom() - value / DECADES * bar.height;
        drawing.text((bar.right() + 4.0, y + 0.36 * TICK_SIZE), label, TextStyle::new(TICK_SIZE, INK));
    }
    let style = TextStyle::new(TICK_SIZE, INK).aligned(Align::Middle);
    drawing.text((bar.x + bar.width / 2.0, bar.y - 6.0), "1 + Dλ", style);
}

/// Panel (c): rings over t.
fn gains(drawing: &mut Drawing, run: &Run, rows: &[ObservableRow], x: Axis) {
    const QUANTITY: &str = "mode_multiplier";
    let has = |ring: &usize| rows.iter().any(|row| row.quantity == QUANTITY && row.x == Some(*ring as f64));
    let rings: Vec<usize> = CURVES.into_iter().filter(has).collect();
    let colors = sequence(rings.len());
    let entry = |(ring, color): (&usize, &Rgb)| Entry::line(format!("q = {ring}"), Stroke::solid(*color, 1.7));
    let frame = frame(GAINS);
    let entries: Vec<Entry> = rings.iter().zip(&colors).map(entry).collect();
    legend(drawing, (Axes::LEFT, frame.y - 24.0), Page::WIDTH - Axes::LEFT, &entries);
    let axes = Axes { frame, x, y: Axis::new("1 + Dλ(q)", Scale::Log, LEAST, 1.3) };
    axes.draw(drawing);
    letter(drawing, frame, "(c)");
    mark(drawing, &axes, run);
    axes.level(drawing, 0.5, Stroke::solid(GREY, 1.1).dashed(Dash::Mixed));
    for (&ring, &color) in rings.iter().zip(&colors) {
        let of_model = |model: &str| {
            let of_ring = of(rows, model, QUANTITY).into_iter().filter(|row| row.x == Some(ring as f64));
            let points = points(&of_ring.collect::<Vec<_>>()).into_iter();
            // A curve is broken where it leaves the frame.
            points.map(|(t, share)| (t, if share < LEAST { f64::NAN } else { share })).collect::<Vec<_>>()
        };
        axes.line(drawing, &of_model("wiener"), Stroke::solid(color, 1.1).dashed(Dash::Long));
        for law in ["law", "mixture"] {
            axes.line(drawing, &of_model(law), Stroke::solid(color, 1.4));
        }
        if run.facts.exact_law().is_none() {
            axes.markers(drawing, &of_model(&run.facts.model), Marker::Disc, color);
        }
    }
}
