//! The potential between the classes, one curve a timestep.

use super::Figure;
use super::columns::{column, models, of, title};
use crate::observables::ObservableRow;
use crate::plot::axes::{Axes, Axis, Scale, TICK_SIZE, bounds};
use crate::plot::drawing::{Align, Drawing, Stroke, TextStyle};
use crate::plot::page::Page;
use crate::plot::palette::{GREY, INK, PAPER, Rgb, sequence};
use crate::{AnalysisError, Run};

pub(super) struct Potential;

/// How many rows high a curve is.
const ROWS_HIGH: f64 = 2.6;

impl Figure for Potential {
    fn name(&self) -> &'static str {
        "potential"
    }

    fn reading(&self) -> &'static str {
        "The potential V_t = −∫ s·dx along the line between the class means (0 and 1), one curve a timestep from t = T at the back to t = 1 in front, each scaled to its own range, whose size in nats stands beside it: one well far from the data; near it the mixture of classes has two where a barrier separates them."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(rows) = run.observables.get("potential") else { return Ok(None) };
        let models = models(run, rows, "potential");
        let profiles = rows.iter().filter(|row| row.quantity == "potential");
        let Some((low, high)) = bounds(profiles.filter_map(|row| row.x)) else { return Ok(None) };
        let height = 560.0;
        let mut drawing = page.drawing(height);
        for (i, (model, name)) in models.iter().enumerate() {
            let curves = curves(rows, model);
            let frame = column(i, models.len(), (24.0, height), 62.0);
            let axes = Axes {
                frame,
                x: Axis::new("place on the line", Scale::Linear, low, high),
                y: Axis::new("", Scale::Linear, 0.0, curves.len() as f64 + ROWS_HIGH),
            };
            waterfall(&mut drawing, &axes, &curves);
            title(&mut drawing, axes.frame, name);
        }
        Ok(Some(drawing))
    }
}

/// (t, V over x) by decreasing t.
fn curves(rows: &[ObservableRow], model: &str) -> Vec<(usize, Vec<(f64, f64)>)> {
    let mut curves: Vec<(usize, Vec<(f64, f64)>)> = Vec::new();
    for row in of(rows, model, "potential") {
        let (Some(t), Some(x)) = (row.t, row.x) else { continue };
        match curves.last_mut() {
            Some((last, points)) if *last == t => points.push((x, row.value)),
            _ => curves.push((t, vec![(x, row.value)])),
        }
    }
    curves.sort_by_key(|(t, _)| std::cmp::Reverse(*t));
    curves
}

fn waterfall(drawing: &mut Drawing, axes: &Axes, curves: &[(usize, Vec<(f64, f64)>)]) {
    let colors: Vec<Rgb> = sequence(curves.len());
    let label = TextStyle::new(TICK_SIZE, INK).aligned(Align::End);
    let size = TextStyle::new(TICK_SIZE, GREY);
    for (row, ((t, points), color)) in curves.iter().zip(colors).enumerate() {
        let base = (curves.len() - 1 - row) as f64;
        let most = points.iter().map(|point| point.1).fold(f64::MIN_POSITIVE, f64::max);
        let raised: Vec<(f64, f64)> = points.iter().map(|(x, v)| (*x, base + 0.15 + ROWS_HIGH * v / most)).collect();
        let mut outline: Vec<_> = raised.iter().filter_map(|&(x, y)| axes.place(x, y)).collect();
        let ends = [raised.last(), raised.first()].into_iter().flatten();
        outline.extend(ends.filter_map(|&(x, _)| axes.place(x, base)));
        drawing.polygon(outline, PAPER);
        axes.line(drawing, &raised, Stroke::solid(color, 1.6));
        if let (Some((left, y)), Some((right, _))) =
            (axes.place(points[0].0, base + 0.15), points.last().and_then(|last| axes.place(last.0, base)))
        {
            drawing.text((left - 8.0, y), format!("t = {t}"), label);
            drawing.text((right + 8.0, y), nats(most), size);
        }
    }
    frame_below(drawing, axes);
}

/// The axis of places, and where the class means are.
fn frame_below(drawing: &mut Drawing, axes: &Axes) {
    let frame = axes.frame;
    let thin = Stroke::solid(INK, 0.8);
    drawing.line((frame.x, frame.bottom()), (frame.right(), frame.bottom()), thin);
    let centred = TextStyle::new(TICK_SIZE, INK).aligned(Align::Middle);
    for (place, name) in [(0.0, "first class"), (0.5, "½"), (1.0, "second class")] {
        if let Some(x) = axes.x_of(place) {
            drawing.line((x, frame.bottom()), (x, frame.bottom() - 5.0), thin);
            drawing.text((x, frame.bottom() + 15.0), name, centred);
        }
    }
}

fn nats(range: f64) -> String {
    match range {
        10.0.. => format!("{range:.0} nats"),
        0.1.. => format!("{range:.1} nats"),
        _ => format!("{range:.0e} nats"),
    }
}
