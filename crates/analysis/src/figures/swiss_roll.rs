//! Clouds of points in the plane along a chain: one panel a time.

use super::{Figure, spread};
use crate::plot::axes::{Axes, LABEL_SIZE, Marker};
use crate::plot::drawing::{Align, Drawing, Rect, TextStyle};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, FAINT, INK};
use crate::plot::scatter::{cloud, extent, square_axes};
use crate::{AnalysisError, Frames, Points, Run};

/// Panels, at most, and panels in a row.
const PANELS: usize = 6;
const COLUMNS: usize = 3;

/// Panels along one of the two processes.
pub(super) struct Panels {
    name: &'static str,
    reading: &'static str,
    moving: &'static str,
    frames: fn(&Run) -> Option<&Frames>,
    backdrop: fn(&Run) -> Option<&Points>,
}

pub(super) static FORWARD: Panels = Panels {
    name: "swiss_roll_forward",
    reading: "The data on their way into noise, one panel a time, all on the same axes: at t = T the cloud is a unit Gaussian.",
    moving: "forward process",
    frames: |run| run.trajectories.forward.as_ref(),
    backdrop: |_| None,
};

pub(super) static REVERSE: Panels = Panels {
    name: "swiss_roll_reverse",
    reading: "Chains on their way out of noise over the real data in grey, one panel a time, all on the same axes: the last panel should lie on the data.",
    moving: "reverse process",
    frames: |run| run.trajectories.reverse.as_ref(),
    backdrop: |run| run.trajectories.real.as_ref(),
};

impl Figure for Panels {
    fn name(&self) -> &'static str {
        self.name
    }

    fn reading(&self) -> &'static str {
        self.reading
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(frames) = (self.frames)(run).filter(|_| run.facts.dim == 2) else { return Ok(None) };
        let panels = spread(&frames.iter().collect::<Vec<_>>(), PANELS);
        let backdrop = (self.backdrop)(run);
        let extent = extent(panels.iter().map(|(_, points)| *points).chain(backdrop));
        let (step_x, first_y) = ((Page::WIDTH - 8.0) / COLUMNS as f64, 34.0);
        let side = step_x - Axes::LEFT - 4.0;
        let step_y = side + 46.0;
        let rows = panels.len().div_ceil(COLUMNS);
        let mut drawing = page.drawing(first_y + rows as f64 * step_y + Axes::BELOW - 22.0);
        let mut entries = vec![Entry::marker(self.moving, Marker::Disc, BLUE)];
        entries.extend(backdrop.map(|_| Entry::marker("real data", Marker::Disc, FAINT)));
        legend(&mut drawing, (Axes::LEFT, 8.0), Page::WIDTH - Axes::LEFT, &entries);
        for (i, (t, points)) in panels.iter().enumerate() {
            let corner = (Axes::LEFT + (i % COLUMNS) as f64 * step_x, first_y + 20.0 + (i / COLUMNS) as f64 * step_y);
            let mut axes = square_axes(Rect { x: corner.0, y: corner.1, width: side, height: side }, extent);
            // Shared axes are named once, at the outer panels.
            if i % COLUMNS > 0 {
                axes.y = axes.y.unlabelled();
            }
            if i + COLUMNS < panels.len() {
                axes.x = axes.x.unlabelled();
            }
            axes.draw(&mut drawing);
            let title = TextStyle::new(LABEL_SIZE, INK).aligned(Align::Middle);
            drawing.text((corner.0 + side / 2.0, corner.1 - 7.0), format!("t = {t}"), title);
            if let Some(real) = backdrop {
                cloud(&mut drawing, &axes, real, 1.7, FAINT);
            }
            cloud(&mut drawing, &axes, points, 0.8, BLUE);
        }
        Ok(Some(drawing))
    }
}
