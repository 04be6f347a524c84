//! Generated points over real ones, for data in the plane.

use super::Figure;
use crate::plot::axes::{Axes, Marker};
use crate::plot::drawing::{Drawing, Rect};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, FAINT};
use crate::plot::scatter::{cloud, extent, square_axes};
use crate::{AnalysisError, Run};

pub(super) struct SamplesScatter;

impl Figure for SamplesScatter {
    fn name(&self) -> &'static str {
        "samples_scatter"
    }

    fn reading(&self) -> &'static str {
        "Generated points over real ones in grey: a good chain covers the data and leaves the gaps empty."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(samples) = run.samples.as_ref().filter(|_| run.facts.dim == 2) else { return Ok(None) };
        let real = run.trajectories.real.as_ref();
        let side = 440.0;
        let left = (Page::WIDTH - side + Axes::LEFT / 2.0) / 2.0;
        let mut drawing = page.drawing(34.0 + side + Axes::BELOW);
        let mut entries = vec![Entry::marker("generated", Marker::Disc, BLUE)];
        entries.extend(real.map(|_| Entry::marker("real", Marker::Disc, FAINT)));
        legend(&mut drawing, (left, 8.0), side, &entries);
        let frame = Rect { x: left, y: 34.0, width: side, height: side };
        let axes = square_axes(frame, extent([samples].into_iter().chain(real)));
        axes.draw(&mut drawing);
        if let Some(real) = real {
            cloud(&mut drawing, &axes, real, 2.4, FAINT);
        }
        cloud(&mut drawing, &axes, samples, 1.1, BLUE);
        Ok(Some(drawing))
    }
}
