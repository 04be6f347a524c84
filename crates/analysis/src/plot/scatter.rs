//! Clouds of points in the plane, in frames of equal aspect.

use super::axes::{Axes, Axis, Scale};
use super::drawing::{Drawing, Rect};
use super::palette::Rgb;
use crate::tensors::Points;

/// Points drawn of a cloud, at most: more would only blacken it.
const MOST_POINTS: usize = 2000;

/// Half the side of the square around the origin that holds all but a few outliers of every cloud.
pub(crate) fn extent<'a>(clouds: impl IntoIterator<Item = &'a Points>) -> f64 {
    clouds.into_iter().map(cloud_extent).fold(0.0, f64::max) * 1.08
}

/// The 99.5% quantile of |coordinate|.
fn cloud_extent(points: &Points) -> f64 {
    let mut sizes: Vec<f32> = points.values().iter().map(|value| value.abs()).filter(|size| size.is_finite()).collect();
    sizes.sort_by(f32::total_cmp);
    let last = sizes.len().saturating_sub(1);
    sizes.get((last as f64 * 0.995).round() as usize).map_or(0.0, |&size| f64::from(size))
}

/// Square axes [-extent, extent]² whose frame is the largest square at the upper left of `frame`.
pub(crate) fn square_axes(frame: Rect, extent: f64) -> Axes {
    let side = frame.width.min(frame.height);
    let axis = |label: &str| Axis::new(label, Scale::Linear, -extent, extent).with_ticks(4);
    Axes { frame: Rect { width: side, height: side, ..frame }, x: axis("x₁"), y: axis("x₂") }
}

/// Draws the points of a cloud that lie inside the frame.
pub(crate) fn cloud(drawing: &mut Drawing, axes: &Axes, points: &Points, radius: f64, color: Rgb) {
    let places = points.rows().take(MOST_POINTS).filter_map(|row| match row {
        &[x, y] => axes.place_inside(f64::from(x), f64::from(y)),
        _ => None,
    });
    drawing.dots(places.collect(), radius, color);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_outliers_do_not_set_the_extent() {
        let mut values: Vec<f32> = (0..2000).map(|i| (i as f32 / 1000.0) - 1.0).collect();
        values[7] = 1e6;
        values[8] = f32::NAN;
        let points = Points::new(values, 2).unwrap();
        assert!((1.0..1.2).contains(&extent([&points])));
    }
}
