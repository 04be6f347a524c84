//! The stretch of t in which the class is decided, as bands under phi and as bars.

use super::Figure;
use crate::observables::{ObservableRow, Transition};
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Marker, Scale};
use crate::plot::drawing::{Align, Dash, Drawing, Rect, Stroke, TextStyle};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREY, INK, ORANGE, Rgb, lighter};
use crate::{AnalysisError, Run};

/// phi over t with the window of each way to know phi, from phi = 0.6 to phi = 0.95.
pub(super) struct CriticalWindow;

/// The height of the page.
const HEIGHT: f64 = 470.0;
/// The height of a bar's lane.
const LANE: f64 = 26.0;

/// One way to know phi: its curve and its window.
struct Way<'a> {
    label: &'static str,
    color: Rgb,
    /// Markers for a measured curve, a dash for one of theory.
    look: Result<Marker, Dash>,
    curve: Vec<&'a ObservableRow>,
    begin: Option<&'a ObservableRow>,
    end: Option<&'a ObservableRow>,
}

impl Figure for CriticalWindow {
    fn name(&self) -> &'static str {
        "critical_window"
    }

    fn reading(&self) -> &'static str {
        "The critical window, from φ = 0.6 to φ = 0.95: φ of clones and of theory over t, with the model's window shaded, and below it the window of each as a bar whose ends carry their 95% intervals; a reverse trajectory passes from right to left and decides its class within the bar."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(rows) = run.observables.get("critical_window") else { return Ok(None) };
        let ways: Vec<Way<'_>> = ways(run, rows).into_iter().filter(|way| !way.curve.is_empty()).collect();
        if ways.is_empty() {
            return Ok(None);
        }
        let mut drawing = page.drawing(HEIGHT);
        let entries: Vec<Entry> = ways.iter().map(Way::entry).collect();
        let below = legend(&mut drawing, (Axes::LEFT, 8.0), Page::WIDTH - Axes::LEFT - Axes::RIGHT, &entries);
        let whole = Axes::page_frame(below + 12.0, HEIGHT);
        let lanes = LANE * ways.len() as f64 + 10.0;
        let x = Axis::counting("t", 0, run.facts.timesteps);
        let y = Axis::new("φ", Scale::Linear, 0.45, 1.02);
        let curves =
            Axes { frame: Rect { height: whole.height - lanes - 14.0, ..whole }, x: x.clone().unlabelled(), y };
        let frame = Rect { y: whole.bottom() - lanes, height: lanes, ..whole };
        // One lane a way, counted from the top; the lanes have no scale.
        let lane = Axis::new("window", Scale::Linear, 0.0, ways.len() as f64).with_ticks(0);
        let bars = Axes { frame, x, y: lane };
        draw_curves(&mut drawing, &curves, run, &ways);
        draw_bars(&mut drawing, &bars, &ways);
        Ok(Some(drawing))
    }
}

fn ways<'a>(run: &Run, rows: &'a [ObservableRow]) -> Vec<Way<'a>> {
    let own = |model: &str| model == run.facts.model;
    let exact = |model: &str| model == "law" || model == "mixture";
    let beside = move |model: &str| exact(model) && model != run.facts.model;
    let find = |whose: &dyn Fn(&str) -> bool, quantity: &str| -> Vec<&'a ObservableRow> {
        rows.iter().filter(|row| row.quantity == quantity && row.group == "all" && whose(&row.model)).collect()
    };
    let way = |label, color, look, whose: &dyn Fn(&str) -> bool, curve: &str, prefix: &str| {
        let end = |name: &str| find(whose, &format!("{prefix}{name}")).first().copied();
        Way { label, color, look, curve: find(whose, curve), begin: end("window_begin"), end: end("window_end") }
    };
    vec![
        way("model, clones", BLUE, Ok(Marker::Disc), &own, "phi_c", ""),
        way("exact law, clones", ORANGE, Ok(Marker::OpenSquare), &beside, "phi_c", ""),
        way("exact posterior", INK, Err(Dash::Solid), &exact, "phi_posterior", "exact_"),
        way("two Gaussians at κ", GREY, Err(Dash::Long), &|model| model == "data", "phi_of_kappa", ""),
    ]
}

impl Way<'_> {
    fn stroke(&self) -> Stroke {
        match self.look {
            Ok(_) => Stroke::solid(self.color, 1.7),
            Err(dash) => Stroke::solid(self.color, 1.4).dashed(dash),
        }
    }

    fn entry(&self) -> Entry {
        let entry = Entry::line(self.label.to_owned(), self.stroke());
        match self.look {
            Ok(marker) => entry.with_marker(marker, self.color),
            Err(_) => entry,
        }
    }

    /// From phi = 0.95 to phi = 0.6.
    fn window(&self) -> Option<(f64, f64)> {
        Some((self.end?.value, self.begin?.value))
    }
}

fn draw_curves(drawing: &mut Drawing, axes: &Axes, run: &Run, ways: &[Way<'_>]) {
    axes.draw(drawing);
    if let Some((end, begin)) = ways.first().and_then(Way::window) {
        axes.band(drawing, &[(end, 0.45, 1.02), (begin, 0.45, 1.02)], lighter(BLUE));
        axes.draw(drawing);
    }
    for level in [0.6, 0.95] {
        axes.level(drawing, level, Stroke::solid(GREY, 1.1).dashed(Dash::Mixed));
    }
    if let Some(t) = run.predicted(Transition::Speciation) {
        axes.upright(drawing, t, Stroke::solid(GREY, 1.1).dashed(Dash::Dots));
        if let Some(x) = axes.x_of(t) {
            let style = TextStyle::new(LABEL_SIZE, GREY).aligned(Align::Middle);
            drawing.text((x, axes.frame.y - 4.0), format!("t_S = {t:.0}"), style);
        }
    }
    for way in ways.iter().rev() {
        let points: Vec<(f64, f64)> = way.curve.iter().filter_map(|row| Some((row.t? as f64, row.value))).collect();
        axes.line(drawing, &points, way.stroke());
        if let Ok(marker) = way.look {
            axes.markers(drawing, &points, marker, way.color);
        }
    }
}

/// A bar a window, with whiskers at its ends and its two times beside it.
fn draw_bars(drawing: &mut Drawing, axes: &Axes, ways: &[Way<'_>]) {
    axes.draw(drawing);
    for (i, way) in ways.iter().enumerate() {
        let Some((end, begin)) = way.window() else { continue };
        let lane = ways.len() as f64 - 0.5 - i as f64;
        let rows = [(end, lane - 0.22, lane + 0.22), (begin, lane - 0.22, lane + 0.22)];
        axes.band(drawing, &rows, lighter(way.color));
        axes.line(drawing, &[(end, lane), (begin, lane)], Stroke::solid(way.color, 1.7));
        for row in [way.end, way.begin].into_iter().flatten() {
            axes.line(drawing, &[(row.value, lane - 0.22), (row.value, lane + 0.22)], Stroke::solid(way.color, 1.7));
            if let (Some(low), Some(high)) = (row.low, row.high) {
                axes.line(drawing, &[(low, lane), (high, lane)], Stroke::solid(way.color, 4.0));
            }
        }
        let style = TextStyle::new(LABEL_SIZE - 1.5, way.color);
        if let Some((x, y)) = axes.place(begin, lane) {
            drawing.text((x + 14.0, y + 4.0), format!("{end:.1} to {begin:.1}"), style);
        }
    }
}
