//! Images and grids of images as one RGB buffer.

use super::palette::{PAPER, Rgb};
use crate::AnalysisError;

/// An RGB image, row-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pixels {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgb: Vec<u8>,
}

impl Pixels {
    /// An image of one colour.
    pub(crate) fn filled(width: usize, height: usize, (r, g, b): Rgb) -> Self {
        Self { width, height, rgb: [r, g, b].repeat(width * height) }
    }

    /// Colours the pixel in column i and row j, both counted from the upper left corner.
    pub(crate) fn put(&mut self, (i, j): (usize, usize), (r, g, b): Rgb) {
        let start = 3 * (j * self.width + i);
        if let Some(pixel) = self.rgb.get_mut(start..start + 3) {
            pixel.copy_from_slice(&[r, g, b]);
        }
    }

    /// Writes grey levels, [-1, 1] from black to white and clipped there, with the upper left corner at (x, y).
    fn put_grey(&mut self, (x, y): (usize, usize), image: &[f32], width: usize) {
        for (i, line) in image.chunks_exact(width).enumerate() {
            let start = 3 * ((y + i) * self.width + x);
            if let Some(target) = self.rgb.get_mut(start..start + 3 * width) {
                for (pixel, &value) in target.chunks_exact_mut(3).zip(line) {
                    pixel.fill(grey_level(value));
                }
            }
        }
    }

    /// The image as a PNG file.
    pub(crate) fn to_png(&self) -> Result<Vec<u8>, AnalysisError> {
        let failed = |reason: String| AnalysisError::Render { reason };
        let side = |n: usize| u32::try_from(n).map_err(|_| failed(format!("an image side of {n} pixels is too long")));
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, side(self.width)?, side(self.height)?);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(|error| failed(error.to_string()))?;
        writer.write_image_data(&self.rgb).map_err(|error| failed(error.to_string()))?;
        writer.finish().map_err(|error| failed(error.to_string()))?;
        Ok(bytes)
    }
}

fn grey_level(value: f32) -> u8 {
    // NaN casts to 0: a diverged pixel is black.
    ((value + 1.0) * 127.5).round().clamp(0.0, 255.0) as u8
}

/// A grid of grey images of equal size, filled row by row, with white gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    /// Height and width of an image in pixels.
    pub(crate) image: [usize; 2],
    pub(crate) columns: usize,
    /// Pixels between neighbours.
    pub(crate) gap: usize,
}

impl Grid {
    /// Width in pixels.
    pub(crate) fn width(&self) -> usize {
        (self.columns * (self.image[1] + self.gap)).saturating_sub(self.gap)
    }

    /// The grid of `images`; a `None` leaves its place empty.
    pub(crate) fn render<'a>(&self, images: impl IntoIterator<Item = Option<&'a [f32]>>) -> Pixels {
        let images: Vec<_> = images.into_iter().collect();
        let [height, width] = self.image;
        let rows = images.len().div_ceil(self.columns.max(1));
        let total_height = (rows * (height + self.gap)).saturating_sub(self.gap);
        let mut pixels = Pixels::filled(self.width(), total_height, PAPER);
        for (i, image) in images.into_iter().enumerate() {
            let corner = ((i % self.columns) * (width + self.gap), (i / self.columns) * (height + self.gap));
            if let Some(image) = image {
                pixels.put_grey(corner, image, width);
            }
        }
        pixels
    }

    /// The side of a pixel on the page that makes the grid at most `width` page units wide: a multiple of 1/2, so that
    /// it is whole in the PNG, and at least 1/2.
    pub(crate) fn cell(&self, width: f64) -> f64 {
        ((2.0 * width / self.width().max(1) as f64).floor() / 2.0).max(0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_levels_run_from_black_to_white_and_clip() {
        assert_eq!([-1.0, 1.0, 0.0, -3.0, 8.0, f32::NAN].map(grey_level), [0, 255, 128, 0, 255, 0]);
    }

    #[test]
    fn a_grid_puts_each_image_in_its_place() {
        let grid = Grid { image: [2, 3], columns: 2, gap: 1 };
        let (black, white) = ([-1.0_f32; 6], [1.0_f32; 6]);
        let pixels = grid.render([Some(&white[..]), Some(&black[..]), Some(&black[..])]);
        assert_eq!((pixels.width, pixels.height), (7, 5));
        let at = |x: usize, y: usize| pixels.rgb[3 * (y * pixels.width + x)];
        assert_eq!([at(0, 0), at(3, 0), at(4, 1), at(6, 1), at(2, 4), at(4, 4)], [255, 255, 0, 0, 0, 255]);
    }

    #[test]
    fn cells_are_half_units_that_fit() {
        let grid = Grid { image: [28, 28], columns: 8, gap: 1 };
        assert_eq!(grid.width(), 231);
        assert_eq!(grid.cell(350.0), 1.5);
        assert_eq!(grid.cell(10.0), 0.5);
    }
}
