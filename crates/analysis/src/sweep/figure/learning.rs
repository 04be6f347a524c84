//! Learning curves: test MSE against the epoch at a few timesteps, a curve for each value of an axis.

use super::super::aggregate::{Points, exact};
use super::super::{Cell, Sweep};
use super::values::Value;
use crate::figures::spread;
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Marker, bounds};
use crate::plot::drawing::{Align, Drawing, Rect, TextStyle};
use crate::plot::page::Page;
use crate::plot::palette::INK;
use crate::stats::Interval;

/// Timesteps shown.
const TIMES: usize = 3;
/// Evaluations up to which each has a marker.
const MARKED: usize = 12;

/// The curves at one timestep.
pub(super) struct Panel {
    t: usize,
    /// By the values shown.
    curves: Vec<Points>,
}

/// The panels of axis `a`; none where no machine was evaluated twice.
pub(super) fn panels(sweep: &Sweep, a: usize, values: &[Value]) -> Vec<Panel> {
    let curves = || sweep.cells.iter().flat_map(|cell| &cell.run.curves).filter(|curve| curve.losses.len() > 1);
    let mut timesteps: Vec<usize> = curves().map(|curve| curve.t).collect();
    timesteps.sort_unstable();
    timesteps.dedup();
    let panel = |t: usize| {
        let of_one = curves().filter(|curve| curve.t == t);
        let mut epochs: Vec<usize> = of_one.flat_map(|curve| curve.losses.iter().map(|(epoch, _)| *epoch)).collect();
        epochs.sort_unstable();
        epochs.dedup();
        let at = |value: &Value, epoch: usize| {
            let mean = sweep.mean_at(a, value.index, |cell| loss_at(cell, t, epoch))?;
            Some((epoch as f64, mean))
        };
        let curve = |value: &Value| epochs.iter().filter_map(|&epoch| at(value, epoch)).collect();
        Panel { t, curves: values.iter().map(curve).collect() }
    };
    spread(&timesteps, TIMES).into_iter().map(panel).collect()
}

fn loss_at(cell: &Cell, t: usize, epoch: usize) -> Option<Interval> {
    let losses = &cell.run.curves.iter().find(|curve| curve.t == t)?.losses;
    losses.iter().find(|(of, _)| *of == epoch).map(|(_, loss)| exact(*loss))
}

/// Draws the panels side by side between `top` and `bottom`.
pub(super) fn draw(drawing: &mut Drawing, (top, bottom): (f64, f64), panels: &[Panel], values: &[Value]) {
    let width = Page::WIDTH / panels.len().max(1) as f64;
    for (i, panel) in panels.iter().enumerate() {
        let outer = Rect { x: i as f64 * width, y: top, width, height: bottom - top };
        let points = || panel.curves.iter().flatten();
        let Some((first, last)) = bounds(points().map(|(epoch, _)| *epoch)) else { continue };
        let losses = points().map(|(_, mean)| mean.value).filter(|loss| *loss > 0.0);
        let axes = Axes {
            frame: outer.inset(Axes::LEFT, 24.0, Axes::RIGHT, Axes::BELOW),
            x: Axis::counting("epoch", first as usize, last as usize).with_ticks(4),
            y: Axis::around(if i == 0 { "test MSE" } else { "" }, losses, 3.0),
        };
        axes.draw(drawing);
        let style = TextStyle::new(LABEL_SIZE, INK).aligned(Align::Middle);
        let middle = axes.frame.x + axes.frame.width / 2.0;
        drawing.text((middle, axes.frame.y - 6.0), format!("t = {}", panel.t), style);
        let marked = panel.curves.iter().all(|curve| curve.len() <= MARKED);
        for (curve, value) in panel.curves.iter().zip(values) {
            let points: Vec<(f64, f64)> = curve.iter().map(|&(epoch, mean)| (epoch, mean.value)).collect();
            axes.line(drawing, &points, value.stroke());
            if marked {
                axes.markers(drawing, &points, Marker::Disc, value.color);
            }
        }
    }
}
