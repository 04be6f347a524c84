//! Strips of images along a chain: one row a sample, one column a time.

use super::{Figure, spread};
use crate::plot::axes::TICK_SIZE;
use crate::plot::drawing::{Align, Drawing, TextStyle};
use crate::plot::page::Page;
use crate::plot::palette::INK;
use crate::plot::pixels::Grid;
use crate::{AnalysisError, Frames, Run};

/// Rows and columns, at most.
const ROWS: usize = 4;
const COLUMNS: usize = 12;

/// A strip along one of the two processes.
pub(super) struct Strip {
    name: &'static str,
    reading: &'static str,
    frames: fn(&Run) -> Option<&Frames>,
}

pub(super) static FORWARD: Strip = Strip {
    name: "forward_strip",
    reading: "Real images on their way into noise, one row an image, the time t above each column; the eye loses the digit well before its class is lost.",
    frames: |run| run.trajectories.forward.as_ref(),
};

pub(super) static REVERSE: Strip = Strip {
    name: "reverse_strip",
    reading: "Generated images on their way out of noise, one row a chain, the time t above each column: a chain commits to a class at the speciation time and to details after it.",
    frames: |run| run.trajectories.reverse.as_ref(),
};

impl Figure for Strip {
    fn name(&self) -> &'static str {
        self.name
    }

    fn reading(&self) -> &'static str {
        self.reading
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let (Some(image), Some(frames)) = (run.facts.image, (self.frames)(run)) else { return Ok(None) };
        let (margin, top) = (4.0, 26.0);
        let width = Page::WIDTH - 2.0 * margin;
        let columns = spread(&frames.iter().collect::<Vec<_>>(), COLUMNS);
        let grid = Grid { image, columns: columns.len(), gap: 1 };
        let rows = columns.iter().map(|(_, points)| points.len()).min().unwrap_or(0).min(ROWS);
        let pixels = grid.render((0..rows).flat_map(|row| columns.iter().map(move |(_, points)| points.row(row))));
        let cell = grid.cell(width);
        let left = ((Page::WIDTH - pixels.width as f64 * cell) / 2.0).round();
        let mut drawing = page.drawing(top + pixels.height as f64 * cell + 8.0);
        for (i, (t, _)) in columns.iter().enumerate() {
            let x = left + ((i * (image[1] + grid.gap)) as f64 + image[1] as f64 / 2.0) * cell;
            let label = if i == 0 { format!("t = {t}") } else { t.to_string() };
            drawing.text((x, top - 8.0), label, TextStyle::new(TICK_SIZE, INK).aligned(Align::Middle));
        }
        drawing.image((left, top), pixels, cell);
        Ok(Some(drawing))
    }
}
