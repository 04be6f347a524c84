//! Points of the plane carried to x_t and back, coloured by where they started.

use std::f64::consts::PI;

use super::Figure;
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Scale};
use crate::plot::drawing::{Align, At, Dash, Drawing, Rect, Stroke, TextStyle};
use crate::plot::page::Page;
use crate::plot::palette::{FAINT, GREY, INK, sequence};
use crate::plot::scatter::{cloud, extent, square_axes};
use crate::{AnalysisError, Points, Reconstruction, Run};

/// Shades of the starting points.
const SHADES: usize = 48;
/// Width and height of the scale.
const SCALE: (f64, f64) = (150.0, 9.0);

pub(super) struct SwissRollReturns;

/// A point with its shade.
type Shaded<'a> = (&'a [f32], usize);

impl Figure for SwissRollReturns {
    fn name(&self) -> &'static str {
        "swiss_roll_returns"
    }

    fn reading(&self) -> &'static str {
        "Real points x0, the same noised to x_t, and where several reverse chains from each x_t end (over the real data in grey), coloured by the angle of x0; last, the angle of each end against that of its x0: on the diagonal a chain has come back, beside it to another place of the roll, so that x_t no longer held where its point came from."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        // One time fills the page: the first of `figures.reconstruction_t`, where the order is not lost yet.
        let back = run.trajectories.reconstructions.first().filter(|_| run.facts.dim == 2);
        let Some(back) = back else { return Ok(None) };
        let angle = Angle::of(&back.x0, run.facts.source == "swiss_roll");
        let shades: Vec<usize> = back.x0.rows().map(|row| angle.shade(row)).collect();
        let extent = extent(back.x0_hat.iter().chain([&back.x0, &back.xt]));
        let step = Page::WIDTH / 2.0;
        let (side, top) = (step - Axes::LEFT - Axes::RIGHT, 56.0);
        let frame = |i: usize| {
            let (x, y) = (Axes::LEFT + (i % 2) as f64 * step, top + (i / 2) as f64 * (side + 74.0));
            Rect { x, y, width: side, height: side }
        };
        let mut drawing = page.drawing(frame(2).bottom() + Axes::BELOW);
        angle.draw_scale(&mut drawing);
        let titles =
            ["x₀".to_owned(), format!("xₜ, t = {}", back.t), reversals(back), "where from, where to".to_owned()];
        for (i, title) in titles.into_iter().enumerate() {
            let style = TextStyle::new(LABEL_SIZE, INK).aligned(Align::Middle);
            drawing.text((frame(i).x + side / 2.0, frame(i).y - 7.0), title, style);
        }
        for (i, points) in [&back.x0, &back.xt].into_iter().enumerate() {
            let axes = square_axes(frame(i), extent);
            axes.draw(&mut drawing);
            dots(&mut drawing, &axes, points.rows().zip(shades.iter().copied()), 1.9);
        }
        let axes = square_axes(frame(2), extent);
        axes.draw(&mut drawing);
        if let Some(real) = run.trajectories.real.as_ref() {
            cloud(&mut drawing, &axes, real, 2.4, FAINT);
        }
        let ends = back.x0_hat.iter().zip(&shades).flat_map(|(set, &shade)| set.rows().map(move |row| (row, shade)));
        dots(&mut drawing, &axes, ends, 1.1);
        angle.draw_returns(&mut drawing, frame(3), back);
        Ok(Some(drawing))
    }
}

/// `10 reversals each`.
fn reversals(back: &Reconstruction) -> String {
    let count = back.x0_hat.first().map_or(0, Points::len);
    format!("x̂₀, {count} reversal{} each", if count == 1 { "" } else { "s" })
}

/// The angle of a point: along the roll, whose radius (5 + angle)/12 tells its turns apart, or the polar angle about the mean
/// of the starting points of other data.
struct Angle {
    mean: [f64; 2],
    is_roll: bool,
}

impl Angle {
    fn of(x0: &Points, is_roll: bool) -> Self {
        let n = x0.len().max(1) as f64;
        let mean = [0, 1].map(|k| x0.rows().map(|row| coordinate(row, k)).sum::<f64>() / n);
        Self { mean, is_roll }
    }

    fn at(&self, row: &[f32]) -> f64 {
        let (x, y) = (coordinate(row, 0), coordinate(row, 1));
        if self.is_roll { 12.0 * x.hypot(y) - 5.0 } else { (y - self.mean[1]).atan2(x - self.mean[0]) }
    }

    /// The least and the greatest angle, in words and in numbers.
    fn range(&self) -> [(f64, &'static str); 2] {
        if self.is_roll { [(0.0, "0"), (3.0 * PI, "3π")] } else { [(-PI, "−π"), (PI, "π")] }
    }

    /// The shade of a point, from the least to the greatest angle.
    fn shade(&self, row: &[f32]) -> usize {
        let [(low, _), (high, _)] = self.range();
        // A float to integer cast saturates, so that what lies below is the first shade, as is what is no number.
        (((self.at(row) - low) / (high - low) * SHADES as f64) as usize).min(SHADES - 1)
    }

    /// The scale of the shades, with what it stands for.
    fn draw_scale(&self, drawing: &mut Drawing) {
        let ((width, height), y) = (SCALE, 13.0);
        let left = (Page::WIDTH - width) / 2.0;
        let each = width / SHADES as f64;
        for (i, color) in sequence(SHADES).into_iter().enumerate() {
            let x = left + i as f64 * each;
            drawing.polygon(vec![(x, y), (x + each, y), (x + each, y + height), (x, y + height)], color);
        }
        let [(_, low), (_, high)] = self.range();
        let (style, baseline) = (TextStyle::new(LABEL_SIZE, INK), y + height - 0.5);
        drawing.text((left - 8.0, baseline), format!("angle of x₀: {low}"), style.aligned(Align::End));
        drawing.text((left + width + 8.0, baseline), high, style);
    }

    /// The angle of every end against that of its start.
    fn draw_returns(&self, drawing: &mut Drawing, frame: Rect, back: &Reconstruction) {
        let [(low, _), (high, _)] = self.range();
        let margin = 0.04 * (high - low);
        let axis = |label: &str| Axis::new(label, Scale::Linear, low - margin, high + margin);
        let axes = Axes { frame, x: axis("angle of x₀"), y: axis("angle of x̂₀") };
        axes.draw(drawing);
        axes.line(drawing, &[(low, low), (high, high)], Stroke::solid(GREY, 1.1).dashed(Dash::Mixed));
        let colors = sequence(SHADES);
        for (start, ends) in back.x0.rows().zip(&back.x0_hat) {
            let places = ends.rows().filter_map(|end| axes.place_inside(self.at(start), self.at(end)));
            drawing.dots(places.collect(), 1.3, colors[self.shade(start)]);
        }
    }
}

fn coordinate(row: &[f32], k: usize) -> f64 {
    row.get(k).map_or(f64::NAN, |&x| f64::from(x))
}

/// Points in the colours of their shades.
fn dots<'a>(drawing: &mut Drawing, axes: &Axes, points: impl Iterator<Item = Shaded<'a>>, radius: f64) {
    let mut places: Vec<Vec<At>> = vec![Vec::new(); SHADES];
    for (row, shade) in points {
        places[shade].extend(axes.place_inside(coordinate(row, 0), coordinate(row, 1)));
    }
    for (places, color) in places.into_iter().zip(sequence(SHADES)).filter(|(places, _)| !places.is_empty()) {
        drawing.dots(places, radius, color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_follow_the_roll_and_the_angle() {
        // Three points of the roll from its inner end out: angles 0, pi and 2 pi by their radii.
        let at = |angle: f64| ((5.0 + angle) / 12.0 * angle.cos()) as f32;
        let roll =
            Points::new([0.0, PI, 2.0 * PI].into_iter().flat_map(|angle| [at(angle), 0.0]).collect(), 2).unwrap();
        let angle = Angle::of(&roll, true);
        let found: Vec<f64> = roll.rows().map(|row| angle.at(row)).collect();
        assert!(found.iter().zip([0.0, PI, 2.0 * PI]).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?}");
        assert!(angle.shade(&[at(PI), 0.0]).abs_diff(SHADES / 3) <= 1);
        // About the mean: below, right, above.
        let around = Points::new(vec![0.0, -1.0, 1.0, 0.0, 0.0, 1.0, -1.0, 0.1], 2).unwrap();
        let angle = Angle::of(&around, false);
        let found: Vec<f64> = around.rows().map(|row| angle.at(row)).collect();
        assert!(found.windows(2).all(|pair| pair[0] < pair[1]), "{found:?}");
        assert_eq!(angle.shade(&[f32::NAN, 1.0]), 0);
    }
}
