//! Points of the plane carried to x_u and back, coloured by where they started.

use super::{Figure, spread};
use crate::plot::axes::{Axes, LABEL_SIZE, bounds};
use crate::plot::drawing::{Align, At, Drawing, Rect, TextStyle};
use crate::plot::page::Page;
use crate::plot::palette::{FAINT, INK, Rgb, sequence};
use crate::plot::scatter::{cloud, extent, square_axes};
use crate::{AnalysisError, Points, Reconstruction, Run};

/// Columns: x0, and the times of turning back.
const COLUMNS: usize = 4;
/// Shades of the starting points.
const SHADES: usize = 48;
/// Width and height of the scale.
const SCALE: (f64, f64) = (150.0, 9.0);
/// Space between panels.
const BETWEEN: f64 = 12.0;

pub(super) struct SwissRollReturns;

impl Figure for SwissRollReturns {
    fn name(&self) -> &'static str {
        "swiss_roll_returns"
    }

    fn reading(&self) -> &'static str {
        "Real points x0, the same noised to x_u (above), and where several reverse chains from each x_u end (below, over the real data in grey), coloured by the place of x0: as long as the colours stay in order, x_u still holds where its point came from; once the arms have melted into each other a chain may return to another arm."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let chosen = spread(&run.trajectories.reconstructions, COLUMNS - 1);
        let Some(first) = chosen.first().filter(|_| run.facts.dim == 2) else { return Ok(None) };
        let is_roll = run.facts.source == "swiss_roll";
        let shades = shades(&places(&first.x0, is_roll));
        let extent = extent(chosen.iter().flat_map(|back| back.x0_hat.iter().chain([&back.x0, &back.xt])));
        let step = (Page::WIDTH - Axes::LEFT) / (1 + chosen.len()) as f64;
        let (side, top) = (step - BETWEEN, 56.0);
        let below = top + side + 40.0;
        let mut drawing = page.drawing(below + side + Axes::BELOW);
        scale(&mut drawing, is_roll);
        let panel = |column: usize, row: usize| {
            let (x, y) = (Axes::LEFT + column as f64 * step, if row == 0 { top } else { below });
            let mut axes = square_axes(Rect { x, y, width: side, height: side }, extent);
            let (at_left, at_bottom) = (column == 0 || (row == 1 && column == 1), column == 0 || row == 1);
            axes.x = if at_bottom { axes.x } else { axes.x.unlabelled() };
            axes.y = if at_left { axes.y } else { axes.y.unlabelled() };
            axes
        };
        let x0 = |k: usize| first.x0.row(k).into_iter().collect();
        draw_panel(&mut drawing, &panel(0, 0), "x₀".to_owned(), (&shades, 1.6), x0);
        for (i, back) in chosen.iter().enumerate() {
            let xt = |k: usize| back.xt.row(k).into_iter().collect();
            draw_panel(&mut drawing, &panel(i + 1, 0), format!("x_u, u = {}", back.t), (&shades, 1.6), xt);
            let axes = panel(i + 1, 1);
            if let Some(real) = &run.trajectories.real {
                cloud(&mut drawing, &axes, real, 2.4, FAINT);
            }
            let ends = |k: usize| back.x0_hat.get(k).map(|set| set.rows().collect()).unwrap_or_default();
            draw_panel(&mut drawing, &axes, reversals(back), (&shades, 1.1), ends);
        }
        Ok(Some(drawing))
    }
}

/// A frame with the points of every x0 in its shade.
fn draw_panel<'a>(
    drawing: &mut Drawing,
    axes: &Axes,
    title: String,
    (shades, radius): (&[usize], f64),
    points: impl Fn(usize) -> Vec<&'a [f32]>,
) {
    axes.draw(drawing);
    let style = TextStyle::new(LABEL_SIZE, INK).aligned(Align::Middle);
    drawing.text((axes.frame.x + axes.frame.width / 2.0, axes.frame.y - 7.0), title, style);
    for (shade, color) in sequence(SHADES).into_iter().enumerate() {
        let own = (0..shades.len()).filter(|&k| shades[k] == shade).flat_map(&points);
        dots(drawing, axes, own, radius, color);
    }
}

/// `10 reversals each`.
fn reversals(back: &Reconstruction) -> String {
    let count = back.x0_hat.first().map_or(0, Points::len);
    format!("x̂₀, {count} reversal{} each", if count == 1 { "" } else { "s" })
}

/// Where each point lies along the roll, by its radius, which grows with the angle; of other data its polar angle about
/// the mean of the points.  `[n]`.
fn places(x0: &Points, is_roll: bool) -> Vec<f64> {
    let n = x0.len().max(1) as f64;
    let coordinate = |row: &[f32], k: usize| row.get(k).map_or(f64::NAN, |&x| f64::from(x));
    let mean = [0, 1].map(|k| x0.rows().map(|row| coordinate(row, k)).sum::<f64>() / n);
    let place = |row: &[f32]| match is_roll {
        true => coordinate(row, 0).hypot(coordinate(row, 1)),
        false => (coordinate(row, 1) - mean[1]).atan2(coordinate(row, 0) - mean[0]),
    };
    x0.rows().map(place).collect()
}

/// The shade of each place, from the least to the greatest; the first where that is no number.
fn shades(places: &[f64]) -> Vec<usize> {
    let (low, high) = bounds(places.iter().copied()).unwrap_or((0.0, 1.0));
    let share = |place: f64| if high > low { (place - low) / (high - low) } else { 0.0 };
    places.iter().map(|&place| ((share(place) * SHADES as f64) as usize).min(SHADES - 1)).collect()
}

/// The scale of the shades, with what it stands for.
fn scale(drawing: &mut Drawing, is_roll: bool) {
    let (low, high) = if is_roll { ("place of x₀: inner end", "outer end") } else { ("angle of x₀: −π", "π") };
    let ((width, height), y) = (SCALE, 13.0);
    let left = (Page::WIDTH - width) / 2.0;
    let each = width / SHADES as f64;
    for (i, color) in sequence(SHADES).into_iter().enumerate() {
        let x = left + i as f64 * each;
        drawing.polygon(vec![(x, y), (x + each, y), (x + each, y + height), (x, y + height)], color);
    }
    let (style, baseline) = (TextStyle::new(LABEL_SIZE, INK), y + height - 0.5);
    drawing.text((left - 8.0, baseline), low, style.aligned(Align::End));
    drawing.text((left + width + 8.0, baseline), high, style);
}

fn dots<'a>(drawing: &mut Drawing, axes: &Axes, rows: impl Iterator<Item = &'a [f32]>, radius: f64, color: Rgb) {
    let inside = |row: &[f32]| match row {
        &[x, y] => axes.place_inside(f64::from(x), f64::from(y)),
        _ => None,
    };
    let places: Vec<At> = rows.filter_map(inside).collect();
    if !places.is_empty() {
        drawing.dots(places, radius, color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_follow_the_roll_and_the_angle() {
        // Three points of the roll from its inner end out, whose polar angles are 0, pi and 0 again.
        let roll = Points::new(vec![0.42, 0.0, -0.68, 0.0, 0.94, 0.0], 2).unwrap();
        assert_eq!(shades(&places(&roll, true)), [0, SHADES / 2, SHADES - 1]);
        // About the mean: below, right, above.
        let around = Points::new(vec![0.0, -1.0, 1.0, 0.0, 0.0, 1.0, -1.0, 0.0], 2).unwrap();
        let found = places(&around, false);
        assert!(found[0] < found[1] && found[1] < found[2] && found[2] < found[3]);
        assert_eq!(shades(&[f64::NAN, 1.0]), [0, 0]);
    }
}
