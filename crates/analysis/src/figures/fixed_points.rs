//! The bifurcation diagram.

use super::Figure;
use super::columns::{column, models, of, title};
use crate::observables::{ObservableRow, Transition};
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Marker, Scale, bounds};
use crate::plot::drawing::{Align, Dash, Drawing, Stroke, TextStyle};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREY, INK, Rgb, VERMILION};
use crate::{AnalysisError, Run};

pub(super) struct FixedPoints;

/// Colour and name of each branch, by its number.
const BRANCHES: [(Rgb, &str); 4] =
    [(INK, "from the noise"), (BLUE, "first class"), (VERMILION, "second class"), (GREY, "between")];
/// A branch that moves further than this between two timesteps is not drawn as one line.
const JUMP: f64 = 0.3;

/// A fixed point of the diagram.
#[derive(Clone, Copy)]
struct Dot {
    t: usize,
    m: f64,
    stable: bool,
}

impl Figure for FixedPoints {
    fn name(&self) -> &'static str {
        "fixed_points"
    }

    fn reading(&self) -> &'static str {
        "Fixed points of the score, s(x*) = 0, by their place between the class means (−1 and 1): solid where stable, dashed where unstable. Symmetric classes give a pitchfork at t_S; classes of different width an imperfect one: the noise goes smoothly into one class, the other appears apart from it."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(rows) = run.observables.get("fixed_points") else { return Ok(None) };
        let models = models(run, rows, "order_parameter");
        let Some(x) = Axis::of_timesteps(rows.iter().filter_map(|row| row.t)) else { return Ok(None) };
        let height = 400.0;
        let mut drawing = page.drawing(height);
        let below = legend(&mut drawing, (Axes::LEFT, 8.0), Page::WIDTH - Axes::LEFT, &entries());
        let values = rows.iter().filter(|row| row.quantity == "order_parameter").map(|row| row.value);
        let (low, high) = bounds(values.chain([-1.1, 1.1])).unwrap_or((-1.1, 1.1));
        for (i, (model, name)) in models.iter().enumerate() {
            let frame = column(i, models.len(), (below + 32.0, height), Axes::RIGHT);
            let y = if i == 0 { "place between the classes" } else { "" };
            let axes =
                Axes { frame, x: x.clone(), y: Axis::new(y, Scale::Linear, low.max(-2.0) - 0.1, high.min(2.0) + 0.1) };
            axes.draw(&mut drawing);
            title(&mut drawing, axes.frame, name);
            if let Some(t) = run.predicted(Transition::Speciation) {
                axes.upright(&mut drawing, t, Stroke::solid(GREY, 1.1).dashed(Dash::Dots));
                if let Some(x) = axes.x_of(t) {
                    let style = TextStyle::new(LABEL_SIZE, GREY).aligned(Align::Start);
                    drawing.text((x + 4.0, axes.frame.bottom() - 6.0), format!("t_S = {t:.0}"), style);
                }
            }
            for (number, (color, _)) in BRANCHES.iter().enumerate() {
                branch(&mut drawing, &axes, &dots(rows, model, number), *color);
            }
        }
        Ok(Some(drawing))
    }
}

fn entries() -> Vec<Entry> {
    let branch = |(color, name): &(Rgb, &'static str)| Entry::line(*name, Stroke::solid(*color, 2.0));
    let unstable = Entry::line("unstable", Stroke::solid(INK, 1.5).dashed(Dash::Long));
    BRANCHES.iter().map(branch).chain([unstable]).collect()
}

/// The points of one branch by t.
fn dots(rows: &[ObservableRow], model: &str, number: usize) -> Vec<Dot> {
    let on_branch = |quantity| {
        let rows = of(rows, model, quantity).into_iter().filter(move |row| row.x == Some(number as f64));
        rows.filter_map(|row| Some((row.t?, row.value))).collect::<Vec<_>>()
    };
    let places = on_branch("order_parameter").into_iter().zip(on_branch("curvature"));
    let mut dots: Vec<Dot> = places.map(|((t, m), (_, curvature))| Dot { t, m, stable: curvature < 0.0 }).collect();
    dots.sort_by_key(|dot| dot.t);
    dots
}

/// Lines between neighbours that belong together, dashed where unstable; a point without neighbours is a dot.
fn branch(drawing: &mut Drawing, axes: &Axes, dots: &[Dot], color: Rgb) {
    let step = dots.windows(2).map(|pair| pair[1].t - pair[0].t).min().unwrap_or(1);
    let joined = |a: &Dot, b: &Dot| b.t - a.t <= step + 1 && (a.m - b.m).abs() <= JUMP && a.stable == b.stable;
    for run in dots.chunk_by(joined) {
        let points: Vec<(f64, f64)> = run.iter().map(|dot| (dot.t as f64, dot.m)).collect();
        let stable = run.iter().all(|dot| dot.stable);
        let stroke = if stable { Stroke::solid(color, 2.0) } else { Stroke::solid(color, 1.6).dashed(Dash::Long) };
        axes.line(drawing, &points, stroke);
        if let &[(t, m)] = &points[..] {
            axes.markers(drawing, &[(t, m)], if stable { Marker::Disc } else { Marker::OpenDisc }, color);
        }
    }
}
