//! Films: a page on which something moves, as an animated PNG.

use super::drawing::{Drawing, Shape};
use super::pixels::Pixels;
use super::raster::Raster;
use crate::AnalysisError;

/// Pixels for each page unit: a film is looked at on a screen.
const RESOLUTION: usize = 1;

/// A page and what is drawn on it for a while, again and again.
#[derive(Debug, Clone, PartialEq)]
pub struct Animation {
    pub(crate) page: Drawing,
    pub(crate) frames: Vec<Frame>,
}

/// What is on the page for a while.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    pub(crate) shapes: Vec<Shape>,
    /// How long, in thousandths of a second.
    pub(crate) milliseconds: u16,
}

/// A part of the page, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Animation {
    /// The film as an animated PNG that repeats for ever; a viewer that knows no animation shows its last frame.
    ///
    /// Frames after the first hold the part of the page that changes, nothing else.  APNG, <https://www.w3.org/TR/png-3>.
    ///
    /// # Errors
    /// [`AnalysisError::Render`] from the rasteriser or the encoder.
    pub fn to_apng(&self) -> Result<Vec<u8>, AnalysisError> {
        let page = Raster::of(&self.page, RESOLUTION)?;
        let drawn = |frame: &Frame| {
            let mut raster = page.clone();
            raster.add(&frame.shapes)?;
            Ok(raster.pixels())
        };
        let frames: Vec<Pixels> = self.frames.iter().map(drawn).collect::<Result<_, AnalysisError>>()?;
        let still = frames.last().cloned().unwrap_or_else(|| page.pixels());
        self.encoded(&still, &frames).map_err(|error| AnalysisError::Render { reason: error.to_string() })
    }

    fn encoded(&self, still: &Pixels, frames: &[Pixels]) -> Result<Vec<u8>, png::EncodingError> {
        let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, side(still.width), side(still.height));
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        if !frames.is_empty() {
            encoder.set_animated(side(frames.len()), 0)?;
            encoder.set_sep_def_img(true)?;
            encoder.set_blend_op(png::BlendOp::Source)?;
            encoder.set_dispose_op(png::DisposeOp::None)?;
        }
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&still.rgb)?;
        let mut before: Option<&Pixels> = None;
        for (pixels, frame) in frames.iter().zip(&self.frames) {
            let part = before.map_or_else(|| whole(pixels), |before| changed(before, pixels));
            // The part of the frame before would be too far right or down for a larger one.
            writer.set_frame_position(0, 0)?;
            writer.set_frame_dimension(side(part.width), side(part.height))?;
            writer.set_frame_position(side(part.x), side(part.y))?;
            writer.set_frame_delay(frame.milliseconds, 1000)?;
            writer.write_image_data(&cut(pixels, part))?;
            before = Some(pixels);
        }
        writer.finish()?;
        Ok(bytes)
    }
}

fn whole(pixels: &Pixels) -> Part {
    Part { x: 0, y: 0, width: pixels.width, height: pixels.height }
}

/// The smallest part that holds every pixel that differs, one pixel where none does.
fn changed(before: &Pixels, after: &Pixels) -> Part {
    let line = 3 * after.width.max(1);
    let lines = || before.rgb.chunks_exact(line).zip(after.rgb.chunks_exact(line));
    let (mut rows, mut columns) = (None::<(usize, usize)>, None::<(usize, usize)>);
    let widen = |range: &mut Option<(usize, usize)>, low: usize, high: usize| {
        let (first, last) = range.unwrap_or((low, high));
        *range = Some((first.min(low), last.max(high)));
    };
    for (row, (a, b)) in lines().enumerate() {
        let differs = |&i: &usize| a.get(i) != b.get(i);
        if let (Some(first), Some(last)) = ((0..line).find(differs), (0..line).rev().find(differs)) {
            widen(&mut rows, row, row);
            widen(&mut columns, first / 3, last / 3);
        }
    }
    match (rows, columns) {
        (Some((top, bottom)), Some((left, right))) => {
            Part { x: left, y: top, width: right - left + 1, height: bottom - top + 1 }
        }
        _ => Part { x: 0, y: 0, width: 1, height: 1 },
    }
}

fn cut(pixels: &Pixels, part: Part) -> Vec<u8> {
    let lines = pixels.rgb.chunks_exact(3 * pixels.width.max(1)).skip(part.y).take(part.height);
    lines.flat_map(|line| &line[3 * part.x..3 * (part.x + part.width)]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::palette::INK;

    /// A page of 40 by 20 units on which a square walks.
    fn film() -> Animation {
        let frame = |i: usize| {
            let (x, y) = (5.0 * i as f64, 3.0);
            let points = vec![(x, y), (x + 4.0, y), (x + 4.0, y + 4.0), (x, y + 4.0)];
            Frame { shapes: vec![Shape::Polygon { points, fill: INK }], milliseconds: 40 + i as u16 }
        };
        let mut page = Drawing::new(40.0, 20.0);
        page.line((0.0, 15.0), (40.0, 15.0), super::super::drawing::Stroke::solid(INK, 1.0));
        Animation { page, frames: vec![frame(1), frame(1), frame(4), frame(6)] }
    }

    #[test]
    fn what_is_decoded_is_what_was_drawn_frame_by_frame() {
        let film = film();
        let bytes = film.to_apng().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let control = *reader.info().animation_control().unwrap();
        assert_eq!((control.num_frames, control.num_plays), (4, 0));
        let still = Raster::of(&film.page, 1).unwrap();
        let drawn = |i: usize| {
            let mut raster = still.clone();
            raster.add(&film.frames[i].shapes).unwrap();
            raster.pixels()
        };
        let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut buffer).unwrap();
        assert_eq!(buffer, drawn(3).rgb, "the default image is the last frame");
        let mut shown = vec![0; buffer.len()];
        for i in 0..4 {
            let info = reader.next_frame(&mut buffer).unwrap();
            let control = *reader.info().frame_control().unwrap();
            assert_eq!((control.delay_num, control.delay_den), (40 + [1, 1, 4, 6][i], 1000));
            let (x, y, width) = (control.x_offset as usize, control.y_offset as usize, info.width as usize);
            for (row, line) in buffer.chunks_exact(3 * width).take(info.height as usize).enumerate() {
                let start = 3 * ((y + row) * 40 + x);
                shown[start..start + 3 * width].copy_from_slice(line);
            }
            assert!(shown == drawn(i).rgb, "frame {i}");
            // Nothing but the square is written again.
            assert!(i == 0 || info.width * info.height <= 20 * 6, "{} x {}", info.width, info.height);
        }
    }

    #[test]
    fn the_bytes_do_not_depend_on_when_they_are_made() {
        let film = film();
        let other = std::thread::scope(|scope| scope.spawn(|| film.to_apng().unwrap()).join().unwrap());
        assert!(film.to_apng().unwrap() == other);
        let empty = Animation { frames: Vec::new(), ..film };
        assert!(empty.to_apng().unwrap().starts_with(b"\x89PNG"));
    }
}
