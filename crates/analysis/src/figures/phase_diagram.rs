//! Every transition time of a run on one page: predicted and measured, by convention and by model.

pub(super) mod rows;

use super::Figure;
use crate::observables::{Transition, TransitionRow};
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Marker, Scale, TICK_SIZE};
use crate::plot::drawing::{Align, Dash, Drawing, Rect, Stroke, TextStyle};
use crate::plot::font::text_width;
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, FAINT, GREEN, GREY, INK, LIGHT, ORANGE, PURPLE, Rgb, SKY, VERMILION};
use crate::{AnalysisError, Run};
pub(crate) use rows::written;
use rows::{Line, lines};

/// The height of a line, and of the title above the lines of a transition.
const LINE: f64 = 19.0;
const TITLE: f64 = 26.0;
/// The font sizes of the names of the conventions and of the labels of classes.
const NAME_SIZE: f64 = 11.0;
const CLASS_SIZE: f64 = 9.5;
/// Space for the names, at least and at most.
const LEFT: (f64, f64) = (120.0, 320.0);
/// Space above the first line, for the ticks of alpha_bar.
const ABOVE: f64 = 34.0;
/// Values of alpha_bar marked along the top.
const ALPHA_BARS: [(f64, &str); 7] =
    [(0.99, "0.99"), (0.9, "0.9"), (0.5, "0.5"), (0.1, "0.1"), (0.01, "10⁻²"), (1e-3, "10⁻³"), (1e-4, "10⁻⁴")];
const RADIUS: f64 = 3.6;

pub(super) struct PhaseDiagram;

impl Figure for PhaseDiagram {
    fn name(&self) -> &'static str {
        "phase_diagram"
    }

    fn reading(&self) -> &'static str {
        "Where a reverse trajectory commits to a class (speciation) and to a training sample (collapse), a line a convention: open marks are predicted, full marks with their 95% intervals measured, numerals the classes alone, where they stand apart; machines that stand on the mark of the exact denoiser have learned the transition."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let groups: Vec<(Transition, Vec<Line<'_>>)> = [Transition::Speciation, Transition::Collapse]
            .map(|transition| (transition, lines(&run.transitions, transition)))
            .into_iter()
            .filter(|(_, lines)| !lines.is_empty())
            .collect();
        if groups.is_empty() {
            return Ok(None);
        }
        let inner: f64 = groups.iter().map(|(_, lines)| TITLE + LINE * lines.len() as f64).sum();
        let legend_height = legend(&mut page.drawing(0.0), (10.0, 8.0), Page::WIDTH - 20.0, &entries(&groups));
        let top = legend_height + ABOVE;
        let mut drawing = page.drawing(top + inner + Axes::BELOW + 4.0);
        legend(&mut drawing, (10.0, 8.0), Page::WIDTH - 20.0, &entries(&groups));
        let names =
            groups.iter().flat_map(|(_, lines)| lines.iter().map(|line| text_width(&line.label, NAME_SIZE, false)));
        let left = (names.fold(0.0, f64::max) + 22.0).clamp(LEFT.0, LEFT.1);
        let frame = Rect { x: left, y: top, width: Page::WIDTH - left - Axes::RIGHT, height: inner };
        let x = Axis::counting("t", 1, run.facts.timesteps.max(2));
        let axes = Axes { frame, x, y: Axis::new("", Scale::Linear, 0.0, 1.0) };
        let mut y = top;
        for (_, lines) in &groups {
            shade(&mut drawing, frame, (y, lines.len()));
            y += TITLE + LINE * lines.len() as f64;
        }
        draw_ticks(&mut drawing, &axes, run);
        let mut y = top;
        for (transition, lines) in &groups {
            draw_group(&mut drawing, &axes, (run, *transition), (y, lines));
            y += TITLE + LINE * lines.len() as f64;
        }
        drawing.outline(frame, Stroke::solid(INK, 0.8));
        Ok(Some(drawing))
    }
}

/// The colour of a model, the same in every run.
fn color(model: &str) -> Rgb {
    match model {
        "machines" | "conditioned" => BLUE,
        "law" | "mixture" => ORANGE,
        "empirical" | "empirical_train" => VERMILION,
        "empirical_test" => PURPLE,
        "gaussian" => GREEN,
        "wiener" => SKY,
        "data" => INK,
        _ => GREY,
    }
}

/// How a model is called in the legend.
fn called(model: &str) -> String {
    match model {
        "law" => "exact law".to_owned(),
        "conditioned" => "one machine for all t".to_owned(),
        "data" => "the data".to_owned(),
        other => other.replace('_', ", "),
    }
}

fn is_measured(row: &TransitionRow) -> bool {
    row.kind == "measured"
}

fn entries(groups: &[(Transition, Vec<Line<'_>>)]) -> Vec<Entry> {
    let all = || groups.iter().flat_map(|(_, lines)| lines.iter().flat_map(|line| &line.times));
    let mut models: Vec<&str> = Vec::new();
    for row in all() {
        if !models.contains(&row.model.as_str()) {
            models.push(&row.model);
        }
    }
    models.sort_by_key(|model| (!["machines", "conditioned"].contains(model), *model == "data"));
    let squares = models.iter().map(|model| Entry::marker(called(model), Marker::Square, color(model)));
    let predicted = all().any(|row| !is_measured(row)).then(|| Entry::marker("predicted", Marker::OpenDisc, GREY));
    let measured = all().any(|row| is_measured(row)).then(|| {
        Entry::line("measured, with its 95% interval", Stroke::solid(GREY, 1.6)).with_marker(Marker::Disc, GREY)
    });
    squares.chain(predicted).chain(measured).collect()
}

/// Every other line of a group on a faint ground, so that the eye keeps to its line.
fn shade(drawing: &mut Drawing, frame: Rect, (top, lines): (f64, usize)) {
    for i in (0..lines).step_by(2) {
        let (y, right) = (top + TITLE + LINE * i as f64, frame.right());
        let corners = vec![(10.0, y), (right, y), (right, y + LINE), (10.0, y + LINE)];
        drawing.polygon(corners, (246, 246, 246));
    }
}

/// Ticks of t below and of alpha_bar above.
fn draw_ticks(drawing: &mut Drawing, axes: &Axes, run: &Run) {
    let frame = axes.frame;
    let (style, thin) = (TextStyle::new(TICK_SIZE, INK).aligned(Align::Middle), Stroke::solid(INK, 0.8));
    for (label, x) in axes.x_ticks() {
        if !label.is_empty() {
            drawing.line((x, frame.y), (x, frame.bottom()), Stroke::solid(LIGHT, 0.6));
        }
        drawing.line((x, frame.bottom()), (x, frame.bottom() - 4.5), thin);
        drawing.text((x, frame.bottom() + 14.0), label, style);
    }
    let middle = frame.x + frame.width / 2.0;
    let label = TextStyle::new(LABEL_SIZE, INK).aligned(Align::Middle);
    drawing.text((middle, frame.bottom() + 33.0), "t  (a sample is generated from right to left)".to_owned(), label);
    let mut last = f64::NEG_INFINITY;
    for (alpha_bar, label) in ALPHA_BARS {
        let Some(x) = time_of(run, alpha_bar).and_then(|t| axes.x_of(t)).filter(|x| *x > last + 30.0) else { continue };
        last = x;
        drawing.line((x, frame.y), (x, frame.y + 4.5), thin);
        drawing.text((x, frame.y - 5.0), label.to_owned(), style);
    }
    if last.is_finite() {
        drawing.text((frame.x - 8.0, frame.y - 5.0), "ᾱ".to_owned(), style.aligned(Align::End));
    }
}

/// Where alpha_bar falls through a value, in fractions of a step.
fn time_of(run: &Run, alpha_bar: f64) -> Option<f64> {
    let pair = run.schedule.windows(2).find(|pair| pair[0].alpha_bar >= alpha_bar && pair[1].alpha_bar < alpha_bar)?;
    let (above, below) = (&pair[0], &pair[1]);
    let share = (above.alpha_bar / alpha_bar).ln() / (above.alpha_bar / below.alpha_bar).ln();
    Some(above.t as f64 + share * (below.t as f64 - above.t as f64))
}

/// The title, the line of the theory, and the lines of one transition.
fn draw_group(
    drawing: &mut Drawing,
    axes: &Axes,
    (run, transition): (&Run, Transition),
    (top, lines): (f64, &[Line<'_>]),
) {
    let (frame, bottom) = (axes.frame, top + TITLE + LINE * lines.len() as f64);
    let (title, symbol) = match transition {
        Transition::Speciation => ("Speciation", "t_S"),
        Transition::Collapse => ("Collapse", "t_C"),
    };
    let baseline = top + TITLE - 8.0;
    if top > frame.y {
        drawing.line((10.0, top), (frame.right(), top), Stroke::solid(FAINT, 0.8));
    }
    drawing.text((12.0, baseline), title.to_owned(), TextStyle::new(LABEL_SIZE, INK).bold());
    if let Some((t, x)) = run.predicted(transition).and_then(|t| Some((t, axes.x_of(t)?))) {
        drawing.line((x, top + TITLE), (x, bottom), Stroke::solid(GREY, 1.1).dashed(Dash::Dots));
        let style = TextStyle::new(TICK_SIZE, GREY).aligned(Align::Middle);
        drawing.text((x, baseline), format!("{symbol} = {t:.0}"), style);
    }
    for (i, line) in lines.iter().enumerate() {
        draw_line(drawing, axes, top + TITLE + LINE * (i as f64 + 0.5), line);
    }
}

/// The name of a convention and its times, those of several models side by side.
fn draw_line(drawing: &mut Drawing, axes: &Axes, middle: f64, line: &Line<'_>) {
    let name = TextStyle::new(NAME_SIZE, INK).aligned(Align::End);
    drawing.text((axes.frame.x - 8.0, middle + 0.36 * NAME_SIZE), line.label.clone(), name);
    let step = (12.0 / line.times.len() as f64).min(5.0);
    let level = |i: usize| middle + step * (i as f64 - (line.times.len() - 1) as f64 / 2.0);
    // Intervals first, so that no bar crosses a mark.
    for (i, row) in line.times.iter().enumerate().filter(|(_, row)| row.t.is_some()) {
        draw_interval(drawing, axes, level(i), row);
    }
    for row in &line.classes {
        let of_all = line.times.iter().position(|of_all| of_all.model == row.model);
        let taken = of_all.and_then(|i| reach(axes, line.times[i]));
        let is_clear = |x: &f64| taken.is_none_or(|(from, to)| *x < from || *x > to);
        let Some(x) = row.t.and_then(|t| axes.x_of(t)).filter(is_clear) else { continue };
        let y = of_all.map_or(middle, level);
        let style = TextStyle::new(CLASS_SIZE, color(&row.model)).aligned(Align::Middle);
        drawing.text((x, y + 0.36 * CLASS_SIZE), row.group.clone(), style);
    }
    for (i, row) in line.times.iter().enumerate() {
        match row.t.and_then(|t| axes.x_of(t)) {
            Some(x) if is_measured(row) => Marker::Disc.draw(drawing, (x, level(i)), RADIUS, color(&row.model)),
            Some(x) => Marker::OpenDisc.draw(drawing, (x, level(i)), RADIUS + 0.3, color(&row.model)),
            None => {}
        }
    }
    // A criterion that is never met has no place on the axis: it is named where t = 0 would be.
    for (i, row) in line.times.iter().filter(|row| row.t.is_none()).enumerate() {
        let at = (axes.frame.x + 8.0 + 40.0 * i as f64, middle + 0.36 * TICK_SIZE);
        drawing.text(at, "never".to_owned(), TextStyle::new(TICK_SIZE - 1.0, color(&row.model)));
    }
}

/// What the mark of a time and its interval take up of its line, with the room that a numeral beside them needs.
fn reach(axes: &Axes, row: &TransitionRow) -> Option<(f64, f64)> {
    let x = axes.x_of(row.t?)?;
    let end = |t: Option<f64>| t.and_then(|t| axes.x_of(t)).unwrap_or(x);
    Some((end(row.low).min(x - RADIUS) - 4.5, end(row.high).max(x + RADIUS) + 4.5))
}

fn draw_interval(drawing: &mut Drawing, axes: &Axes, y: f64, row: &TransitionRow) {
    let Some((low, high)) = row.low.zip(row.high) else { return };
    let (first, last) = (axes.frame.x, axes.frame.right());
    let (Some((from, _)), Some((to, _))) = (axes.place(low, 0.0), axes.place(high, 0.0)) else { return };
    let (from, to) = (from.clamp(first, last), to.clamp(first, last));
    let (hue, width) = (color(&row.model), if is_measured(row) { 1.6 } else { 0.9 });
    drawing.line((from, y), (to, y), Stroke::solid(hue, width));
    for end in [from, to] {
        drawing.line((end, y - 2.6), (end, y + 2.6), Stroke::solid(hue, 0.75 * width));
    }
}
