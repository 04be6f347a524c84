//! The warm-up: what a machine with one hidden layer makes of a cubic.

use super::{Figure, spread};
use crate::plot::axes::{Axes, Axis, Marker, Scale};
use crate::plot::drawing::{Dash, Drawing, Rect, Stroke};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, FAINT, GREY, INK, VERMILION};
use crate::{AnalysisError, FitRow, KinkRow, Run, Split};

/// Training points shown, at most.
const SHOWN: usize = 400;
const HEIGHT: f64 = 560.0;
/// The share of the lower frame.
const LOWER: f64 = 0.27;

pub(super) struct CubicFit;

impl Figure for CubicFit {
    fn name(&self) -> &'static str {
        "cubic_fit"
    }

    fn reading(&self) -> &'static str {
        "Training points, the cubic they come from and the fit, straight between the kinks of its hidden units; below, how much each unit bends the fit, |w1| w2, at its kink: together they follow its curvature, 24x."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let of = |split: Split| run.fit.iter().filter(|row| row.split == split).collect::<Vec<&FitRow>>();
        let (train, test) = (spread(&of(Split::Train), SHOWN), of(Split::Test));
        let (Some(first), Some(last)) = (test.first(), test.last()) else { return Ok(None) };
        let (low, high) = (first.x, last.x);
        let within: Vec<&KinkRow> = run.kinks.iter().filter(|kink| (low..=high).contains(&kink.x)).collect();
        let (true_curve, fit) = (Stroke::solid(INK, 1.4).dashed(Dash::Long), Stroke::solid(BLUE, 1.8));
        let kinks = format!("kinks of {} of {} units, the others outside", within.len(), run.kinks.len());
        let entries = [
            Entry::line("cubic 4x³ − 3x", true_curve),
            Entry::line("fit", fit),
            Entry::marker("training points", Marker::Disc, FAINT),
            Entry::marker(kinks, Marker::Diamond, VERMILION),
        ];
        let mut drawing = page.drawing(HEIGHT);
        let below = legend(&mut drawing, (Axes::LEFT, 8.0), Page::WIDTH - Axes::LEFT - Axes::RIGHT, &entries);
        let frame = Axes::page_frame(below, HEIGHT);
        let lower = LOWER * frame.height;
        let x = Axis::new("x", Scale::Linear, low - 0.02 * (high - low), high + 0.02 * (high - low));
        let heights = train.iter().map(|row| row.y).chain(test.iter().flat_map(|row| [row.y_hat, row.target]));
        let upper = Axes {
            frame: Rect { height: frame.height - lower - 24.0, ..frame },
            x: x.clone().unlabelled(),
            y: Axis::around("y", heights, f64::INFINITY),
        };
        upper.draw(&mut drawing);
        let points =
            |rows: &[&FitRow], y: fn(&FitRow) -> f64| rows.iter().map(|row| (row.x, y(row))).collect::<Vec<_>>();
        let dots = points(&train, |row| row.y).into_iter().filter_map(|(x, y)| upper.place_inside(x, y));
        drawing.dots(dots.collect(), 1.8, FAINT);
        upper.line(&mut drawing, &points(&test, |row| row.y_hat), fit);
        upper.line(&mut drawing, &points(&test, |row| row.target), true_curve);
        let on_fit: Vec<(f64, f64)> = within.iter().map(|kink| (kink.x, kink.y_hat)).collect();
        upper.markers(&mut drawing, &on_fit, Marker::Diamond, VERMILION);
        draw_bends(&mut drawing, Rect { y: frame.bottom() - lower, height: lower, ..frame }, x, &within);
        Ok(Some(drawing))
    }
}

fn draw_bends(drawing: &mut Drawing, frame: Rect, x: Axis, kinks: &[&KinkRow]) {
    let bends = kinks.iter().map(|kink| kink.bend).chain([0.0]);
    let axes = Axes { frame, x, y: Axis::around("bend |w1| w2", bends, f64::INFINITY).with_ticks(4) };
    axes.draw(drawing);
    axes.level(drawing, 0.0, Stroke::solid(GREY, 1.0));
    for kink in kinks {
        axes.line(drawing, &[(kink.x, 0.0), (kink.x, kink.bend)], Stroke::solid(VERMILION, 1.4));
    }
    let tips: Vec<(f64, f64)> = kinks.iter().map(|kink| (kink.x, kink.bend)).collect();
    axes.markers(drawing, &tips, Marker::Diamond, VERMILION);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::fabricated;
    use crate::plot::page::Page;

    #[test]
    fn kinks_outside_the_points_are_counted_and_not_drawn() {
        let mut run = fabricated::empty();
        let page = Page::new(&run.facts).unwrap();
        assert!(CubicFit.draw(&run, &page).unwrap().is_none());
        let row = |x: f64| FitRow { split: Split::Test, x, y: x, y_hat: 0.5 * x, target: x };
        run.fit = [-1.0, 0.0, 1.0].map(row).into();
        let kink = |unit, x| KinkRow { unit, x, y_hat: 0.0, bend: 0.5 };
        run.kinks = vec![kink(1, -0.5), kink(2, 1.5)];
        let svg = CubicFit.draw(&run, &page).unwrap().unwrap().to_svg().unwrap();
        assert!(svg.contains("kinks of 1 of 2 units, the others outside"));
    }
}
