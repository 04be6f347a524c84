//! Images turned back at one time: x0, x_t and several independent ways home.

use super::Figure;
use crate::plot::axes::{LABEL_SIZE, TICK_SIZE};
use crate::plot::drawing::{Align, Drawing, TextStyle};
use crate::plot::page::Page;
use crate::plot::palette::INK;
use crate::plot::pixels::Grid;
use crate::{AnalysisError, Reconstruction, Run};

/// Rows and reversals, at most.
const ROWS: usize = 6;
const REVERSALS: usize = 10;

pub(super) struct Reconstructions;

impl Figure for Reconstructions {
    fn name(&self) -> &'static str {
        "reconstruction"
    }

    fn reading(&self) -> &'static str {
        "Real images x0 noised to x_t and taken back by independent reverse chains: below the speciation time nearly every reversal keeps the class of x0, above it the classes mix."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let (Some(image), Some(back)) = (run.facts.image, &run.trajectories.reconstruction) else { return Ok(None) };
        let reversals = back.x0_hat.iter().map(crate::Points::len).min().unwrap_or(0).min(REVERSALS);
        let gap = 1;
        let whole = Grid { image, columns: 2 + reversals, gap };
        let (margin, spacing, top) = (4.0, 14.0, 62.0);
        let cell = whole.cell(Page::WIDTH - 2.0 * margin - spacing);
        let (given, returned) = grids(back, image, reversals, gap);
        let given_width = given.width as f64 * cell;
        let left = ((Page::WIDTH - given_width - spacing - returned.width as f64 * cell) / 2.0).round();
        let right = left + given_width + spacing;
        let mut drawing = page.drawing(top + given.height as f64 * cell + 8.0);
        let style = TextStyle::new(TICK_SIZE, INK).aligned(Align::Middle);
        let title = format!("Turned back at t = {}", back.t);
        drawing.text((Page::WIDTH / 2.0, 18.0), title, TextStyle::new(LABEL_SIZE + 1.0, INK).aligned(Align::Middle));
        let column = |start: f64, i: usize| start + ((i * (image[1] + gap)) as f64 + image[1] as f64 / 2.0) * cell;
        drawing.text((column(left, 0), top - 8.0), "x₀", style);
        drawing.text((column(left, 1), top - 8.0), "xₜ", style);
        for i in 0..reversals {
            drawing.text((column(right, i), top - 8.0), (i + 1).to_string(), style);
        }
        let middle = right + returned.width as f64 * cell / 2.0;
        drawing.text((middle, top - 25.0), "independent reversals", style);
        drawing.image((left, top), given, cell);
        drawing.image((right, top), returned, cell);
        Ok(Some(drawing))
    }
}

/// The columns x0 and x_t, and the columns of the reversals.
fn grids(
    back: &Reconstruction,
    image: [usize; 2],
    reversals: usize,
    gap: usize,
) -> (crate::plot::pixels::Pixels, crate::plot::pixels::Pixels) {
    let rows = back.x0.len().min(ROWS);
    let given = Grid { image, columns: 2, gap }.render((0..rows).flat_map(|row| [back.x0.row(row), back.xt.row(row)]));
    let sets = back.x0_hat.iter().take(rows);
    let returned = Grid { image, columns: reversals.max(1), gap };
    (given, returned.render(sets.flat_map(|set| (0..reversals).map(|i| set.row(i)))))
}
