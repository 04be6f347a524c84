//! The transition times of all groups: a line a convention and model, the groups beneath each other.

use super::{Overlay, color, entries};
use crate::AnalysisError;
use crate::compare::{Comparison, Group, Time};
use crate::figures::phase_diagram::rows::written;
use crate::observables::Transition;
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Marker, Scale, TICK_SIZE};
use crate::plot::drawing::{Align, Drawing, Rect, Stroke, TextStyle};
use crate::plot::font::text_width;
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{FAINT, GREY, INK, LIGHT, Rgb};

const TITLE: f64 = 24.0;
const NAME_SIZE: f64 = 10.5;
/// Height of a line beside that of its groups.
const LINE: f64 = 9.0;
const GROUP: f64 = 6.5;
/// Space for the names, at least and at most.
const LEFT: (f64, f64) = (120.0, 330.0);
const RADIUS: f64 = 3.1;
/// Behind every other line.
const GROUND: Rgb = (246, 246, 246);

/// A convention for one model with the times of the groups.
struct Line {
    transition: Transition,
    label: String,
    measured: bool,
    /// One a group; `None` where the group lacks the row, `Some(None)` where its criterion is never met.
    times: Vec<Option<Option<Time>>>,
    differs: bool,
}

/// The figure, where the groups have transition times of all trajectories in common.
pub(super) fn draw(
    page: &Page,
    groups: &[Group],
    comparisons: &[Comparison],
) -> Result<Option<Overlay>, AnalysisError> {
    let lines = lines(comparisons);
    if lines.is_empty() {
        return Ok(None);
    }
    let reading = format!(
        "Transition times with 95% intervals where they were measured (full marks), without where they are predicted (open \
         marks); bold are those that differ from {} beyond chance.",
        groups.first().map_or("", |group| &group.label)
    );
    Overlay::new("transitions".to_owned(), reading, drawing(page, groups, &lines)).map(Some)
}

/// The lines in the order in which a reverse trajectory meets them in the first group.
fn lines(comparisons: &[Comparison]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (i, comparison) in comparisons.iter().enumerate() {
        for pair in comparison.transitions.iter().filter(|pair| pair.group == "all") {
            let label = format!("{}, {}", written(&pair.convention), pair.model.replace('_', " "));
            let is = |line: &&mut Line| line.transition == pair.transition && line.label == label;
            if let Some(line) = lines.iter_mut().find(is) {
                line.times[i + 1] = Some(pair.other);
                line.differs |= pair.differs;
                continue;
            }
            let mut times = vec![None; comparisons.len() + 1];
            (times[0], times[i + 1]) = (Some(pair.base), Some(pair.other));
            let measured = pair.kind == "measured";
            lines.push(Line { transition: pair.transition, label, measured, times, differs: pair.differs });
        }
    }
    let first = |line: &Line| line.times[0].flatten().map_or(f64::NEG_INFINITY, |time| time.t);
    lines.sort_by(|a, b| a.transition.cmp(&b.transition).then(first(b).total_cmp(&first(a))));
    lines
}

fn drawing(page: &Page, groups: &[Group], lines: &[Line]) -> Drawing {
    let height = LINE + GROUP * groups.len() as f64;
    let titles = lines.chunk_by(|a, b| a.transition == b.transition).count();
    let inner = TITLE * titles as f64 + height * lines.len() as f64;
    let mut listed = entries(groups, true);
    listed.extend(lines.iter().any(|line| line.measured).then(|| Entry::marker("measured", Marker::Disc, GREY)));
    listed.extend(lines.iter().any(|line| !line.measured).then(|| Entry::marker("predicted", Marker::OpenDisc, GREY)));
    let width = Page::WIDTH - 20.0;
    let top = legend(&mut page.drawing(0.0), (10.0, 8.0), width, &listed) + 6.0;
    let mut drawing = page.drawing(top + inner + Axes::BELOW + 4.0);
    legend(&mut drawing, (10.0, 8.0), width, &listed);
    let names = lines.iter().map(|line| text_width(&line.label, NAME_SIZE, line.differs));
    let left = (names.fold(0.0, f64::max) + 22.0).clamp(LEFT.0, LEFT.1);
    let frame = Rect { x: left, y: top, width: Page::WIDTH - left - Axes::RIGHT, height: inner };
    let last = groups.iter().flat_map(|group| &group.runs).map(|run| run.facts.timesteps).max();
    let x = Axis::counting("t", 1, last.unwrap_or(2).max(2));
    let axes = Axes { frame, x, y: Axis::new("", Scale::Linear, 0.0, 1.0) };
    let mut y = top;
    for of in lines.chunk_by(|a, b| a.transition == b.transition) {
        y += TITLE;
        for (i, _) in of.iter().enumerate().step_by(2) {
            let (y, right) = (y + height * i as f64, frame.right());
            drawing.polygon(vec![(10.0, y), (right, y), (right, y + height), (10.0, y + height)], GROUND);
        }
        y += height * of.len() as f64;
    }
    draw_ticks(&mut drawing, &axes);
    let mut y = top;
    for of in lines.chunk_by(|a, b| a.transition == b.transition) {
        draw_title(&mut drawing, frame, y, of);
        y += TITLE;
        for line in of {
            draw_line(&mut drawing, &axes, (y, height), line);
            y += height;
        }
    }
    drawing.outline(frame, Stroke::solid(INK, 0.8));
    drawing
}

fn draw_ticks(drawing: &mut Drawing, axes: &Axes) {
    let (frame, thin) = (axes.frame, Stroke::solid(INK, 0.8));
    let style = TextStyle::new(TICK_SIZE, INK).aligned(Align::Middle);
    for (label, x) in axes.x_ticks() {
        drawing.line((x, frame.y), (x, frame.bottom()), Stroke::solid(LIGHT, 0.6));
        drawing.line((x, frame.bottom()), (x, frame.bottom() - 4.5), thin);
        drawing.text((x, frame.bottom() + 14.0), label, style);
    }
    let label = TextStyle::new(LABEL_SIZE, INK).aligned(Align::Middle);
    drawing.text((frame.x + frame.width / 2.0, frame.bottom() + 33.0), "t", label);
}

fn draw_title(drawing: &mut Drawing, frame: Rect, top: f64, lines: &[Line]) {
    if top > frame.y {
        drawing.line((10.0, top), (frame.right(), top), Stroke::solid(FAINT, 0.8));
    }
    let title = match lines.first().map(|line| line.transition) {
        Some(Transition::Collapse) => "Collapse",
        _ => "Speciation",
    };
    drawing.text((12.0, top + TITLE - 7.0), title, TextStyle::new(LABEL_SIZE, INK).bold());
}

fn draw_line(drawing: &mut Drawing, axes: &Axes, (top, height): (f64, f64), line: &Line) {
    let style = TextStyle::new(NAME_SIZE, INK).aligned(Align::End);
    let style = if line.differs { style.bold() } else { style };
    drawing.text((axes.frame.x - 8.0, top + height / 2.0 + 0.36 * NAME_SIZE), line.label.clone(), style);
    let level = |rank: usize| top + LINE / 2.0 + GROUP * (rank as f64 + 0.5);
    let times = || line.times.iter().enumerate().filter_map(|(rank, time)| Some((rank, (*time)?)));
    for (rank, time) in times().filter_map(|(rank, time)| Some((rank, time?))) {
        draw_time(drawing, axes, level(rank), (time, line.measured, color(rank)));
    }
    // A criterion that is never met has no place on the axis: it is named where t = 0 would be.
    let never = times().filter(|(_, time)| time.is_none());
    for (i, (rank, _)) in never.enumerate() {
        let at = (axes.frame.x + 8.0 + 38.0 * i as f64, top + height / 2.0 + 0.36 * TICK_SIZE);
        drawing.text(at, "never", TextStyle::new(TICK_SIZE - 1.0, color(rank)));
    }
}

fn draw_time(drawing: &mut Drawing, axes: &Axes, y: f64, (time, measured, hue): (Time, bool, Rgb)) {
    let place = |t: f64| axes.place(t, 0.0).map(|(x, _)| x.clamp(axes.frame.x, axes.frame.right()));
    if let Some((low, high)) = time.low.zip(time.high).and_then(|(low, high)| place(low).zip(place(high))) {
        drawing.line((low, y), (high, y), Stroke::solid(hue, 1.3));
        for end in [low, high] {
            drawing.line((end, y - 2.2), (end, y + 2.2), Stroke::solid(hue, 1.0));
        }
    }
    if let Some(x) = axes.x_of(time.t) {
        let marker = if measured { Marker::Disc } else { Marker::OpenDisc };
        marker.draw(drawing, (x, y), RADIUS, hue);
    }
}
