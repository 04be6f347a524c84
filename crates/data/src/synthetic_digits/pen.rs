//! The pen: from a glyph to the pixels of one image.

use schedule::Stream;

use super::glyphs::{Glyph, Stroke};

/// Rows and columns of an image.
pub(super) const SIDE: usize = 28;
/// Side of the box that MNIST's digits fill.
const BOX: f64 = 20.0;
/// Straight pieces a smooth curve has between two control points.
const PIECES: usize = 6;
/// Width in pixels of the soft edge of a stroke.
const EDGE: f64 = 1.2;
/// Standard deviation of a control point's displacement, in units of the glyph's height.
const JITTER: f64 = 0.04;

type Point = [f64; 2];

/// How an image differs from others of the same glyph.
struct Style {
    /// Width of the glyph over its height.
    aspect: f64,
    /// Shift to the right at the top for a unit of height.
    slant: f64,
    /// Rotation in radians.
    angle: f64,
    /// Size of the digit's longer side in pixels.
    size: f64,
    /// Half the width of the stroke in pixels.
    half_width: f64,
    /// Displacement of the centre of mass from the image's centre, in pixels.
    offset: Point,
}

impl Style {
    fn draw(stream: &mut Stream) -> Self {
        let mut between = |low: f64, high: f64| low + (high - low) * stream.uniform();
        Self {
            aspect: between(0.6, 0.95),
            slant: between(-0.1, 0.5),
            angle: between(-0.12, 0.12),
            size: BOX * between(0.9, 1.0),
            half_width: between(0.9, 1.6),
            offset: [between(-0.6, 0.6), between(-0.6, 0.6)],
        }
    }

    /// A point of the unit square after aspect, slant and rotation.
    fn transform(&self, [x, y]: Point) -> Point {
        let (x, y) = ((x - 0.5) * self.aspect - self.slant * (y - 0.5), y - 0.5);
        let (sin, cos) = self.angle.sin_cos();
        [cos * x - sin * y, sin * x + cos * y]
    }
}

/// Draws `glyph` in a random style: `image` is `[28, 28]`, 0 for paper to 255 for ink.
pub(super) fn draw(glyph: &Glyph, stream: &mut Stream, image: &mut [u8]) {
    let style = Style::draw(stream);
    let points = moved_points(glyph, &style, stream);
    let mut segments = Vec::new();
    for stroke in glyph.strokes {
        trace(stroke, &points, &mut segments);
    }
    place(&mut segments, &style);
    for segment in &segments {
        ink(segment, style.half_width, image);
    }
}

/// The control points, displaced and transformed.
fn moved_points(glyph: &Glyph, style: &Style, stream: &mut Stream) -> Vec<Point> {
    let mut normals = vec![0.0; 2 * glyph.points.len()];
    stream.fill_normal(&mut normals);
    let displaced = glyph.points.iter().zip(normals.as_chunks::<2>().0).map(|(&[x, y], &[dx, dy])| {
        // A normal has no bounds, a legible digit has.
        let bounded = |e: f32| JITTER * f64::from(e).clamp(-2.5, 2.5);
        style.transform([x + bounded(dx), y + bounded(dy)])
    });
    displaced.collect()
}

type Segment = [Point; 2];

/// Appends the straight pieces of a stroke.
fn trace(stroke: &Stroke, points: &[Point], segments: &mut Vec<Segment>) {
    match stroke {
        Stroke::Line(indices) => segments.extend(indices.windows(2).map(|pair| [points[pair[0]], points[pair[1]]])),
        Stroke::Curve(indices) => {
            let last = indices.len() - 1;
            for i in 0..last {
                let at = |k: usize| points[indices[k]];
                spline([at(i.saturating_sub(1)), at(i), at(i + 1), at((i + 2).min(last))], segments);
            }
        }
        Stroke::Loop(indices) => {
            let n = indices.len();
            for i in 0..n {
                spline([n - 1, 0, 1, 2].map(|k| points[indices[(i + k) % n]]), segments);
            }
        }
    }
}

/// Appends the piece from p1 to p2 of the curve of Catmull and Rom (1974) through p0, p1, p2, p3.
fn spline([p0, p1, p2, p3]: [Point; 4], segments: &mut Vec<Segment>) {
    let at = |u: f64| -> Point {
        std::array::from_fn(|k| {
            let (a, b, c, d) = (p0[k], p1[k], p2[k], p3[k]);
            b + 0.5 * u * (c - a + u * (2.0 * a - 5.0 * b + 4.0 * c - d + u * (3.0 * (b - c) + d - a)))
        })
    };
    let mut from = p1;
    for piece in 1..=PIECES {
        let to = at(piece as f64 / PIECES as f64);
        segments.push([from, to]);
        from = to;
    }
}

/// Scales the strokes to the style's size and puts their centre of mass near the centre of the image, as MNIST does.
fn place(segments: &mut [Segment], style: &Style) {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    let (mut moment, mut length) = ([0.0; 2], 0.0);
    for [a, b] in segments.iter() {
        let piece = (b[0] - a[0]).hypot(b[1] - a[1]);
        length += piece;
        for k in 0..2 {
            low[k] = low[k].min(a[k]).min(b[k]);
            high[k] = high[k].max(a[k]).max(b[k]);
            moment[k] += piece * (a[k] + b[k]) / 2.0;
        }
    }
    let extent = (high[0] - low[0]).max(high[1] - low[1]);
    let scale = (style.size - 2.0 * style.half_width) / extent;
    let reach = style.half_width + EDGE / 2.0;
    let shift: Point = std::array::from_fn(|k| {
        let wanted = SIDE as f64 / 2.0 + style.offset[k] - scale * moment[k] / length;
        // Where the mass is far from the middle of the box, the outermost row or column of pixels stays paper.
        wanted.clamp(1.0 + reach - scale * low[k], SIDE as f64 - 1.0 - reach - scale * high[k])
    });
    for point in segments.as_flattened_mut() {
        *point = std::array::from_fn(|k| scale * point[k] + shift[k]);
    }
}

/// Inks the pixels near a segment: full up to the half width, then fading to nothing over the soft edge.
fn ink([a, b]: &Segment, half_width: f64, image: &mut [u8]) {
    let reach = half_width + EDGE / 2.0;
    // The pixels whose centres may be within reach, a range of columns and one of rows.
    let range = |k: usize| {
        let first = (a[k].min(b[k]) - reach - 0.5).ceil().max(0.0) as usize;
        let end = ((a[k].max(b[k]) + reach - 0.5).floor() + 1.0).clamp(0.0, SIDE as f64) as usize;
        first..end
    };
    for row in range(1) {
        for column in range(0) {
            let distance = distance([column as f64 + 0.5, row as f64 + 0.5], *a, *b);
            let value = 255.0 * ((reach - distance) / EDGE).clamp(0.0, 1.0);
            let pixel = &mut image[row * SIDE + column];
            *pixel = (*pixel).max(value.round() as u8);
        }
    }
}

/// Distance of p from the segment from a to b.
fn distance(p: Point, a: Point, b: Point) -> f64 {
    let (ab, ap) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let length2 = ab[0] * ab[0] + ab[1] * ab[1];
    let along = if length2 > 0.0 { ((ap[0] * ab[0] + ap[1] * ab[1]) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (ap[0] - along * ab[0]).hypot(ap[1] - along * ab[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_to_a_segment_by_hand() {
        assert_eq!(distance([1.0, 2.0], [0.0, 0.0], [4.0, 0.0]), 2.0);
        assert_eq!(distance([7.0, 4.0], [0.0, 0.0], [4.0, 0.0]), 5.0);
        assert_eq!(distance([3.0, 4.0], [0.0, 0.0], [0.0, 0.0]), 5.0);
    }

    #[test]
    fn a_curve_goes_through_its_control_points_and_is_straight_between_points_on_a_line() {
        let mut segments = Vec::new();
        spline([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], &mut segments);
        assert_eq!((segments[0][0], segments[PIECES - 1][1]), ([1.0, 1.0], [2.0, 2.0]));
        for (i, [_, end]) in segments.iter().enumerate() {
            let expected = 1.0 + (i + 1) as f64 / PIECES as f64;
            assert!((end[0] - expected).abs() < 1e-12 && (end[1] - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn ink_is_full_on_the_stroke_and_soft_at_its_edge() {
        let mut image = [0; SIDE * SIDE];
        ink(&[[5.5, 10.5], [20.5, 10.5]], 1.5, &mut image);
        let column: Vec<u8> = (6..16).map(|row| image[row * SIDE + 12]).collect();
        // Distances 4.5 to 0 and back: reach 2.1, full up to 0.9, so distance 1 gives 1.1 / 1.2 and distance 2 gives 0.1 / 1.2.
        assert_eq!(column, [0, 0, 21, 234, 255, 234, 21, 0, 0, 0]);
        assert_eq!(image[10 * SIDE + 2], 0);
    }
}
