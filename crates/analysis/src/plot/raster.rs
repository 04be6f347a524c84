//! A drawing as PNG: drawn large by plotters, then averaged down, so that every edge is smooth.

use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::style::{Color, RGBColor, ShapeStyle};

use super::drawing::{Align, At, Drawing, Shape, Stroke, TextStyle};
use super::font::{self, rasterise, text_width};
use super::palette::{PAPER, Rgb};
use super::pixels::Pixels;
use crate::AnalysisError;

/// Pixels of the PNG for each page unit: 192 an inch, for print.
const RESOLUTION: usize = 2;
/// Pixels drawn for each pixel kept, in each direction.
const OVERSAMPLING: usize = 3;

impl Drawing {
    /// The drawing as a PNG file, two pixels for each page unit.
    ///
    /// # Errors
    /// [`AnalysisError::Render`] from the rasteriser or the encoder.
    pub fn to_png(&self) -> Result<Vec<u8>, AnalysisError> {
        Raster::of(self, RESOLUTION)?.pixels().to_png()
    }
}

/// A page drawn large, to which more may be added.
#[derive(Debug, Clone)]
pub(super) struct Raster {
    large: Pixels,
    /// Pixels drawn for each page unit.
    scale: usize,
}

impl Raster {
    /// The drawing at `resolution` pixels for each page unit.
    pub(super) fn of(drawing: &Drawing, resolution: usize) -> Result<Self, AnalysisError> {
        font::check()?;
        let scale = resolution * OVERSAMPLING;
        let (width, height) = (drawing.width.ceil() as usize * scale, drawing.height.ceil() as usize * scale);
        let mut raster = Self { large: Pixels::filled(width, height, PAPER), scale };
        raster.add(&drawing.shapes)?;
        Ok(raster)
    }

    /// Draws more shapes on the page.
    pub(super) fn add(&mut self, shapes: &[Shape]) -> Result<(), AnalysisError> {
        let Pixels { width, height, rgb } = &mut self.large;
        let size = u32::try_from(*width).ok().zip(u32::try_from(*height).ok());
        let size = size.ok_or_else(|| failed(format!("{width} x {height} pixels are too many")))?;
        let backend = BitMapBackend::with_buffer_and_format(rgb, size).map_err(failed)?;
        let mut canvas = Canvas { backend, scale: self.scale as f64 };
        shapes.iter().try_for_each(|shape| canvas.draw(shape))?;
        canvas.backend.present().map_err(failed)
    }

    /// The page at its resolution.
    pub(super) fn pixels(&self) -> Pixels {
        averaged(&self.large, OVERSAMPLING)
    }
}

struct Canvas<'a> {
    backend: BitMapBackend<'a>,
    /// Pixels for each page unit.
    scale: f64,
}

impl Canvas<'_> {
    fn draw(&mut self, shape: &Shape) -> Result<(), AnalysisError> {
        match shape {
            Shape::Path { points, stroke } => self.path(points, stroke),
            Shape::Polygon { points, fill } => {
                let points: Vec<_> = points.iter().map(|&at| self.device(at)).collect();
                self.backend.fill_polygon(points, &style(*fill)).map_err(failed)
            }
            Shape::Dots { centres, radius, fill } => {
                let (radius, style) = (self.pixels(*radius).max(1), style(*fill));
                let centres: Vec<_> = centres.iter().map(|&at| self.device(at)).collect();
                let mut centres = centres.into_iter();
                centres.try_for_each(|at| self.backend.draw_circle(at, radius, &style, true)).map_err(failed)
            }
            Shape::Text { at, text, style } => self.text(*at, text, style),
            Shape::Image { at, pixels, cell } => {
                let factor = (cell * self.scale).round() as usize;
                let large = enlarged(pixels, factor);
                let (Ok(w), Ok(h)) = (u32::try_from(large.width), u32::try_from(large.height)) else { return Ok(()) };
                self.backend.blit_bitmap(self.device(*at), (w, h), &large.rgb).map_err(failed)
            }
        }
    }

    fn device(&self, (x, y): At) -> (i32, i32) {
        ((x * self.scale).round() as i32, (y * self.scale).round() as i32)
    }

    fn pixels(&self, length: f64) -> u32 {
        (length * self.scale).round() as u32
    }

    fn path(&mut self, points: &[At], stroke: &Stroke) -> Result<(), AnalysisError> {
        let pattern: Vec<f64> = stroke.dash.pattern().iter().map(|length| length * stroke.width).collect();
        for piece in dashes(points, &pattern) {
            let piece: Vec<_> = piece.into_iter().map(|at| self.device(at)).collect();
            self.stroke(&piece, self.pixels(stroke.width).max(1), stroke.color)?;
        }
        Ok(())
    }

    /// An unbroken line with round joints, piece by piece: the backend's own thick paths leave holes at sharp turns.
    fn stroke(&mut self, points: &[(i32, i32)], width: u32, color: Rgb) -> Result<(), AnalysisError> {
        let style = style(color);
        // The backend's polygons must have an area.
        for pair in points.windows(2).filter(|pair| pair[0] != pair[1]) {
            self.backend.fill_polygon(segment(pair[0], pair[1], width), &style).map_err(failed)?;
        }
        let joints = points.get(1..points.len().saturating_sub(1)).unwrap_or_default();
        joints
            .iter()
            .try_for_each(|&at| self.backend.draw_circle(at, width.saturating_sub(1) / 2, &style, true))
            .map_err(failed)
    }

    fn text(&mut self, at: At, text: &str, style: &TextStyle) -> Result<(), AnalysisError> {
        let width = text_width(text, style.size, style.bold);
        let along = match style.align {
            Align::Start => 0.0,
            Align::Middle => -width / 2.0,
            Align::End => -width,
        };
        let start = self.device(if style.upwards { (at.0, at.1 - along) } else { (at.0 + along, at.1) });
        let mut ink = Vec::new();
        rasterise(text, style.size * self.scale, style.bold, |x, y, coverage| ink.push((x, y, coverage)));
        let (width, height) = self.backend.get_size();
        for (x, y, coverage) in ink {
            let (x, y) = if style.upwards { (start.0 + y, start.1 - x) } else { (start.0 + x, start.1 + y) };
            if (0..width as i32).contains(&x) && (0..height as i32).contains(&y) {
                let color = color(style.color).mix(f64::from(coverage)).to_backend_color();
                self.backend.draw_pixel((x, y), color).map_err(failed)?;
            }
        }
        Ok(())
    }
}

fn failed(reason: impl std::fmt::Display) -> AnalysisError {
    AnalysisError::Render { reason: reason.to_string() }
}

fn color((r, g, b): Rgb) -> RGBColor {
    RGBColor(r, g, b)
}

fn style(color: Rgb) -> ShapeStyle {
    ShapeStyle { color: self::color(color).into(), filled: true, stroke_width: 1 }
}

/// The corners of a straight stroke from `a` to `b`.
fn segment(a: (i32, i32), b: (i32, i32), width: u32) -> [(i32, i32); 4] {
    let (dx, dy) = (f64::from(b.0 - a.0), f64::from(b.1 - a.1));
    // The backend fills the pixels on the edge too.
    let half = f64::from(width.saturating_sub(1)) / 2.0 / dx.hypot(dy);
    let corner = |p: (i32, i32), side: f64| {
        let (x, y) = (f64::from(p.0) - side * half * dy, f64::from(p.1) + side * half * dx);
        (x.round() as i32, y.round() as i32)
    };
    [corner(a, 1.0), corner(b, 1.0), corner(b, -1.0), corner(a, -1.0)]
}

/// The strokes of a line broken by `pattern` (lengths of strokes and gaps in turn).
fn dashes(points: &[At], pattern: &[f64]) -> Vec<Vec<At>> {
    if pattern.iter().sum::<f64>() <= 0.0 {
        return vec![points.to_vec()];
    }
    let mut lengths = pattern.iter().copied().cycle();
    let mut left = lengths.next().unwrap_or(f64::INFINITY);
    let mut drawing = true;
    let mut pieces = Vec::new();
    let mut piece: Vec<At> = points.first().copied().into_iter().collect();
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        let mut length = (to.0 - from.0).hypot(to.1 - from.1);
        while length > left {
            let w = left / length;
            from = (from.0 + w * (to.0 - from.0), from.1 + w * (to.1 - from.1));
            length -= left;
            if drawing {
                piece.push(from);
                pieces.push(std::mem::take(&mut piece));
            }
            drawing = !drawing;
            left = lengths.next().unwrap_or(f64::INFINITY);
            if drawing {
                piece.push(from);
            }
        }
        left -= length;
        if drawing {
            piece.push(to);
        }
    }
    pieces.extend(Some(piece).filter(|piece| piece.len() > 1));
    pieces
}

/// Every pixel as a square of `factor` pixels a side.
fn enlarged(image: &Pixels, factor: usize) -> Pixels {
    let mut rgb = Vec::with_capacity(image.rgb.len() * factor * factor);
    for line in image.rgb.chunks_exact(3 * image.width.max(1)) {
        let wide: Vec<u8> = line.chunks_exact(3).flat_map(|pixel| pixel.repeat(factor)).collect();
        for _ in 0..factor {
            rgb.extend_from_slice(&wide);
        }
    }
    Pixels { width: image.width * factor, height: image.height * factor, rgb }
}

/// The mean of each square of `factor` pixels a side.
fn averaged(image: &Pixels, factor: usize) -> Pixels {
    let (width, height) = (image.width / factor, image.height / factor);
    let count = (factor * factor) as u32;
    let mut rgb = Vec::with_capacity(3 * width * height);
    let mut sums = vec![0_u32; 3 * width];
    for band in image.rgb.chunks_exact(3 * image.width.max(1) * factor) {
        sums.fill(0);
        for line in band.chunks_exact(3 * image.width) {
            for (sum, square) in sums.chunks_exact_mut(3).zip(line.chunks_exact(3 * factor)) {
                for pixel in square.chunks_exact(3) {
                    sum.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += u32::from(value));
                }
            }
        }
        rgb.extend(sums.iter().map(|sum| ((sum + count / 2) / count) as u8));
    }
    Pixels { width, height, rgb }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plot::palette::INK;

    #[test]
    fn enlarging_and_averaging_undo_each_other() {
        let image = Pixels { width: 2, height: 2, rgb: (0..12).map(|i| i * 20).collect() };
        assert_eq!(averaged(&enlarged(&image, 3), 3), image);
    }

    #[test]
    fn a_dash_goes_round_a_corner() {
        let pieces = dashes(&[(0.0, 0.0), (3.0, 0.0), (3.0, 3.0)], &[4.0, 1.0]);
        assert_eq!(pieces, vec![vec![(0.0, 0.0), (3.0, 0.0), (3.0, 1.0)], vec![(3.0, 2.0), (3.0, 3.0)]]);
    }

    proptest! {
        #[test]
        fn strokes_cover_their_share_of_a_straight_line(length in 1.0_f64..500.0, on in 0.5_f64..9.0, off in 0.5_f64..9.0) {
            let pieces = dashes(&[(0.0, 0.0), (length, 0.0)], &[on, off]);
            let drawn: f64 = pieces.iter().map(|piece| piece[piece.len() - 1].0 - piece[0].0).sum();
            let whole = (length / (on + off)).floor();
            let expected = whole * on + (length - whole * (on + off)).min(on);
            prop_assert!((drawn - expected).abs() < 1e-6 * length, "{drawn} {expected}");
        }
    }

    fn decoded(drawing: &Drawing) -> (u32, u32, Vec<u8>) {
        let bytes = std::io::Cursor::new(drawing.to_png().unwrap());
        let mut reader = png::Decoder::new(bytes).read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        (info.width, info.height, rgb)
    }

    #[test]
    fn a_line_leaves_ink_where_it_runs_and_nowhere_else() {
        let mut drawing = Drawing::new(40.0, 20.0);
        drawing.path(vec![(10.0, 10.0), (10.0, 10.0), (30.0, 10.0), (30.0, 10.0)], Stroke::solid(INK, 1.0));
        let (width, _, rgb) = decoded(&drawing);
        let inked = rgb.chunks_exact(3).enumerate().filter(|(_, pixel)| pixel[0] < 255);
        let mut ink = 0.0;
        for (i, pixel) in inked {
            let (x, y) = (i % width as usize, i / width as usize);
            assert!((19..=61).contains(&x) && (18..=21).contains(&y), "({x}, {y})");
            ink += (255.0 - f64::from(pixel[0])) / (255.0 - f64::from(INK.0));
        }
        // 20 by 1 units are 80 pixels.
        assert!((ink - 80.0).abs() < 4.0, "{ink}");
    }

    #[test]
    fn the_png_has_two_pixels_a_unit_and_text_leaves_ink() {
        let mut drawing = Drawing::new(40.0, 20.0);
        drawing.text((20.0, 15.0), "\u{1fb1}", TextStyle::new(12.0, INK).aligned(Align::Middle));
        let (width, height, rgb) = decoded(&drawing);
        assert_eq!((width, height), (80, 40));
        let dark = |x: usize, y: usize| rgb[3 * (y * 80 + x)] < 128;
        let inked: Vec<_> = (0..40).flat_map(|y| (0..80).map(move |x| (x, y))).filter(|&(x, y)| dark(x, y)).collect();
        // The glyph is centred on x = 40 and stands on the baseline y = 30.
        let mean_x = inked.iter().map(|p| p.0 as f64).sum::<f64>() / inked.len() as f64;
        assert!((mean_x - 40.0).abs() < 2.0, "{mean_x}");
        assert!(inked.iter().all(|&(_, y)| (10..=31).contains(&y)));
    }
}
