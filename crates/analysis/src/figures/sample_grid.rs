//! Generated images beside real ones.

use super::Figure;
use crate::plot::axes::LABEL_SIZE;
use crate::plot::drawing::{Drawing, TextStyle};
use crate::plot::page::Page;
use crate::plot::palette::INK;
use crate::plot::pixels::Grid;
use crate::{AnalysisError, Points, Run};

/// Images in a row and rows of images, at most.
const SIDE: usize = 8;

pub(super) struct SampleGrid;

impl Figure for SampleGrid {
    fn name(&self) -> &'static str {
        "sample_grid"
    }

    fn reading(&self) -> &'static str {
        "Generated images beside real test images, in the order they were drawn, none picked: a good chain makes the two halves hard to tell apart."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let (Some(image), Some(samples)) = (run.facts.image, &run.samples) else { return Ok(None) };
        let halves = [("Generated", Some(samples)), ("Real", run.trajectories.real.as_ref())];
        let halves: Vec<(&str, &Points)> = halves.into_iter().filter_map(|(label, p)| Some((label, p?))).collect();
        let (gap, margin, top) = (16.0, 4.0, 28.0);
        let width = (Page::WIDTH - 2.0 * margin - gap) / 2.0;
        let columns = (1..=SIDE).rev().find(|&columns| {
            let grid = Grid { image, columns, gap: 1 };
            grid.width() as f64 * grid.cell(width) <= width
        });
        let grid = Grid { image, columns: columns.unwrap_or(1), gap: 1 };
        let cell = grid.cell(width);
        let grids: Vec<_> =
            halves.iter().map(|(_, points)| grid.render(points.rows().take(grid.columns * SIDE).map(Some))).collect();
        let height = grids.iter().map(|pixels| pixels.height as f64 * cell).fold(0.0, f64::max);
        let total = grids.len() as f64 * (grid.width() as f64 * cell + gap) - gap;
        let mut drawing = page.drawing(top + height + 8.0);
        // Half units keep the pixels of the images on the pixels of the PNG.
        let mut left = ((Page::WIDTH - total) / 2.0).round();
        for ((label, _), pixels) in halves.iter().zip(grids) {
            drawing.text((left, top - 9.0), *label, TextStyle::new(LABEL_SIZE, INK));
            let width = pixels.width as f64 * cell;
            drawing.image((left, top), pixels, cell);
            left += width + gap;
        }
        Ok(Some(drawing))
    }
}
