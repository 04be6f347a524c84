//! The noise schedule of the chain.

use super::Figure;
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Scale};
use crate::plot::drawing::{Dash, Drawing, Rect, Stroke, TextStyle};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREY, INK, VERMILION};
use crate::{AnalysisError, Run, ScheduleRow};

pub(super) struct Schedule;

impl Figure for Schedule {
    fn name(&self) -> &'static str {
        "schedule"
    }

    fn reading(&self) -> &'static str {
        "(a) The share ᾱ of signal variance left at t; (b) the signal-to-noise ratio ᾱ / (1 − ᾱ), which crosses 1 where noise takes over, and the variance β of the noise that step t adds."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let mut rows = run.schedule.clone();
        rows.sort_by_key(|row| row.t);
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(None) };
        let (top, height) = (30.0, 280.0);
        let mut drawing = page.drawing(height);
        let points = |value: fn(&ScheduleRow) -> f64| rows.iter().map(|r| (r.t as f64, value(r))).collect::<Vec<_>>();
        let half = Rect { x: 0.0, y: top, width: Page::WIDTH / 2.0, height: height - top };
        let time = || Axis::counting("t", first.t, last.t);
        let left = Axes {
            frame: half.inset(Axes::LEFT, 0.0, Axes::RIGHT, Axes::BELOW),
            x: time(),
            y: Axis::new("ᾱₜ", Scale::Linear, -0.03, 1.03),
        };
        let (signal, noise) = (Stroke::solid(BLUE, 1.7), Stroke::solid(VERMILION, 1.7).dashed(Dash::Long));
        left.draw(&mut drawing);
        left.line(&mut drawing, &points(|row| row.alpha_bar), signal);

        let (snr, beta) = (points(|row| row.snr), points(|row| row.beta));
        let positive = snr.iter().chain(&beta).map(|point| point.1).filter(|value| *value > 0.0);
        let right = Axes {
            frame: Rect { x: half.right(), ..half }.inset(Axes::LEFT, 0.0, Axes::RIGHT, Axes::BELOW),
            x: time(),
            y: Axis::around("SNRₜ, βₜ", positive, 8.0),
        };
        right.draw(&mut drawing);
        right.level(&mut drawing, 1.0, Stroke::solid(GREY, 1.1).dashed(Dash::Mixed));
        right.line(&mut drawing, &snr, signal);
        right.line(&mut drawing, &beta, noise);
        let entries = [Entry::line("SNRₜ = ᾱₜ / (1 − ᾱₜ)", signal), Entry::line("βₜ", noise)];
        legend(&mut drawing, (right.frame.x + 30.0, 7.0), right.frame.width, &entries);
        for (axes, letter) in [(&left, "(a)"), (&right, "(b)")] {
            drawing.text((axes.frame.x, 21.0), letter, TextStyle::new(LABEL_SIZE, INK));
        }
        Ok(Some(drawing))
    }
}
