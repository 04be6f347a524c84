//! Singular values of the nets, what they read and write, and the gain of the principal axes.

use std::collections::BTreeMap;

use super::Figure;
use super::columns::of;
use crate::observables::{ObservableRow, Transition};
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Scale, TICK_SIZE, bounds};
use crate::plot::drawing::{Dash, Drawing, Rect, Stroke, TextStyle};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREY, INK, PAPER, Rgb, VERMILION, class_color, sequence};
use crate::plot::pixels::Pixels;
use crate::{AnalysisError, Run};

pub(super) struct Spectrum;

/// Steps of the colour scale.
const SHADES: usize = 256;
/// Decades below the largest value that the colours span.
const DECADES: f64 = 5.0;

impl Figure for Spectrum {
    fn name(&self) -> &'static str {
        "spectrum"
    }

    fn reading(&self) -> &'static str {
        "(a) Singular values of the mean linear map W₁ diag(p) W₂ of each machine's net, largest first; (b) how far the ten leading directions that a net reads and writes are the ten leading principal axes (1: the same space); (c) the share of a displacement along principal axis k that is taken for noise: points the machines, solid the exact law, dashed one Gaussian."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(rows) = run.observables.get("spectrum") else { return Ok(None) };
        let own = run.facts.model.as_str();
        let Some(x) = Axis::of_timesteps(rows.iter().filter_map(|row| row.t)) else { return Ok(None) };
        let mut drawing = page.drawing(760.0);
        let frame = |top: f64, height: f64| Axes::page_frame(top, top + height);
        let values = of(rows, own, "mean_singular_value");
        let map = Rect { width: (frame(20.0, 250.0).width - 70.0).floor(), ..frame(20.0, 250.0) };
        heat_map(&mut drawing, map, x.clone(), &values);
        drawing.text((map.x, map.y - 5.0), "(a)", TextStyle::new(LABEL_SIZE, INK));

        let below = legend(&mut drawing, (Axes::LEFT + 30.0, 276.0), Page::WIDTH - Axes::LEFT, &overlap_entries());
        let y = Axis::new("overlap", Scale::Linear, -0.03, 1.03);
        let axes = Axes { frame: frame(below - 4.0, 190.0), x: x.clone(), y };
        axes.draw(&mut drawing);
        mark(&mut drawing, &axes, run);
        drawing.text((axes.frame.x, axes.frame.y - 8.0), "(b)", TextStyle::new(LABEL_SIZE, INK));
        for (model, quantity, stroke) in overlaps(own) {
            axes.line(&mut drawing, &points(&of(rows, model, quantity)), stroke);
        }

        let modes = modes(rows);
        let below = legend(&mut drawing, (Axes::LEFT + 30.0, 484.0), Page::WIDTH - Axes::LEFT, &mode_entries(&modes));
        let y = Axis::new("mean gain of axis k", Scale::Linear, -0.05, 1.05);
        let axes = Axes { frame: frame(below - 4.0, 240.0), x, y };
        axes.draw(&mut drawing);
        mark(&mut drawing, &axes, run);
        drawing.text((axes.frame.x, axes.frame.y - 8.0), "(c)", TextStyle::new(LABEL_SIZE, INK));
        for (rank, &mode) in modes.iter().enumerate() {
            draw_mode(&mut drawing, &axes, rows, own, (mode, class_color(rank)));
        }
        Ok(Some(drawing))
    }
}

/// The speciation time as a line.
fn mark(drawing: &mut Drawing, axes: &Axes, run: &Run) {
    if let Some(t) = run.predicted(Transition::Speciation) {
        axes.upright(drawing, t, Stroke::solid(GREY, 1.1).dashed(Dash::Dots));
    }
}

fn points(rows: &[&ObservableRow]) -> Vec<(f64, f64)> {
    rows.iter().filter_map(|row| Some((row.t? as f64, row.value))).collect()
}

fn overlaps(own: &str) -> [(&str, &'static str, Stroke); 3] {
    [
        (own, "read_overlap", Stroke::solid(BLUE, 1.7)),
        (own, "write_overlap", Stroke::solid(VERMILION, 1.7)),
        ("data", "random_overlap", Stroke::solid(GREY, 1.3).dashed(Dash::Long)),
    ]
}

fn overlap_entries() -> Vec<Entry> {
    let labels = ["read", "written", "random directions"];
    overlaps("").into_iter().zip(labels).map(|((_, _, stroke), label)| Entry::line(label, stroke)).collect()
}

/// The principal axes in the table, ascending.
fn modes(rows: &[ObservableRow]) -> Vec<usize> {
    let mut modes: Vec<usize> =
        rows.iter().filter(|row| row.quantity == "mode_gain").filter_map(|row| Some(row.x? as usize)).collect();
    modes.sort_unstable();
    modes.dedup();
    modes
}

fn mode_entries(modes: &[usize]) -> Vec<Entry> {
    let entry =
        |(rank, mode): (usize, &usize)| Entry::line(format!("k = {mode}"), Stroke::solid(class_color(rank), 1.7));
    modes.iter().enumerate().map(entry).collect()
}

fn draw_mode(drawing: &mut Drawing, axes: &Axes, rows: &[ObservableRow], own: &str, (mode, color): (usize, Rgb)) {
    let of_model = |model: &str| {
        let rows = of(rows, model, "mode_gain").into_iter().filter(|row| row.x == Some(mode as f64));
        points(&rows.collect::<Vec<_>>())
    };
    axes.line(drawing, &of_model("gaussian"), Stroke::solid(color, 1.1).dashed(Dash::Long));
    for law in ["law", "mixture"] {
        axes.line(drawing, &of_model(law), Stroke::solid(color, 1.4));
    }
    let dots = of_model(own).into_iter().filter_map(|(t, gain)| axes.place_inside(t, gain)).collect();
    drawing.dots(dots, 1.9, color);
}

/// Common logarithms of the values as colours: x is t, y the rank on a logarithmic axis.
fn heat_map(drawing: &mut Drawing, frame: Rect, x: Axis, rows: &[&ObservableRow]) {
    let Some((_, most)) = bounds(rows.iter().map(|row| row.value)).filter(|(_, most)| *most > 0.0) else { return };
    let ranks = rows.iter().filter_map(|row| row.x).fold(1.0, f64::max);
    let (low, high) = (0.8, ranks + 0.5);
    let axes = Axes { frame, x, y: Axis::new("rank", Scale::Log, low, high) };
    axes.draw(drawing);
    let table: BTreeMap<(usize, usize), f64> =
        rows.iter().filter_map(|row| Some(((row.t?, row.x? as usize), row.value))).collect();
    let mut times: Vec<usize> = table.keys().map(|&(t, _)| t).collect();
    times.dedup();
    let places: Vec<(f64, usize)> = times.iter().filter_map(|&t| Some((axes.x_of(t as f64)? - frame.x, t))).collect();
    let step = places.windows(2).map(|pair| pair[1].0 - pair[0].0).fold(4.0, f64::max);
    let (width, height) = (frame.width as usize, frame.height as usize);
    let top = most.log10().ceil();
    let colors = sequence(SHADES);
    let mut pixels = Pixels::filled(width, height, PAPER);
    for i in 0..width {
        let x = i as f64 + 0.5;
        let nearest = places.iter().min_by(|a, b| (a.0 - x).abs().total_cmp(&(b.0 - x).abs()));
        let Some(&(_, t)) = nearest.filter(|(place, _)| (place - x).abs() <= 0.5 * step + 0.5) else { continue };
        for j in 0..height {
            let rank = low * (high / low).powf(1.0 - (j as f64 + 0.5) / height as f64);
            if let Some(&value) = table.get(&(t, rank.round() as usize)) {
                pixels.put((i, j), colors[shade(value, top)]);
            }
        }
    }
    drawing.image((frame.x, frame.y), pixels, 1.0);
    drawing.outline(frame, Stroke::solid(INK, 0.8));
    color_bar(drawing, Rect { x: frame.right() + 12.0, width: 12.0, ..frame }, top, &colors);
}

/// The colour of a value, the brightest for 10^top.
fn shade(value: f64, top: f64) -> usize {
    let share = 1.0 - (top - value.log10()) / DECADES;
    (share.clamp(0.0, 1.0) * (SHADES - 1) as f64) as usize
}

fn color_bar(drawing: &mut Drawing, bar: Rect, top: f64, colors: &[Rgb]) {
    let (width, height) = (bar.width as usize, bar.height as usize);
    let mut pixels = Pixels::filled(width, height, PAPER);
    for j in 0..height {
        let color = colors[(SHADES - 1) * (height - 1 - j) / (height - 1).max(1)];
        (0..width).for_each(|i| pixels.put((i, j), color));
    }
    drawing.image((bar.x, bar.y), pixels, 1.0);
    drawing.outline(bar, Stroke::solid(INK, 0.8));
    for step in 0..=DECADES as usize {
        let y = bar.bottom() - bar.height * step as f64 / DECADES;
        let exponent = top - DECADES + step as f64;
        drawing.text(
            (bar.right() + 5.0, y + 0.36 * TICK_SIZE),
            power_of_ten(exponent as i32),
            TextStyle::new(TICK_SIZE, INK),
        );
    }
}

/// 10 to this power, as the ticks of an axis write it.
fn power_of_ten(exponent: i32) -> String {
    let digit = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        _ => char::from_u32('⁰' as u32 + c as u32 - '0' as u32).unwrap_or(c),
    };
    std::iter::once("10".to_owned()).chain([exponent.to_string().chars().map(digit).collect()]).collect()
}
