//! A drawing as SVG, with exact coordinates, native dashes and embedded images.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::drawing::{Align, At, Drawing, Shape, Stroke, TextStyle};
use super::font::FAMILY;
use super::palette::{PAPER, Rgb};
use super::pixels::Pixels;
use crate::AnalysisError;

impl Drawing {
    /// The drawing as an SVG document.
    ///
    /// # Errors
    /// [`AnalysisError::Render`] when an embedded image cannot be encoded.
    pub fn to_svg(&self) -> Result<String, AnalysisError> {
        let (width, height) = (number(self.width), number(self.height));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"{FAMILY}\" fill=\"none\">\n{}<rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n",
            description(&self.reading),
            color(PAPER)
        );
        for shape in &self.shapes {
            svg += &match shape {
                Shape::Path { points, stroke } => path(points, stroke),
                Shape::Polygon { points, fill } => {
                    format!("<polygon points=\"{}\" fill=\"{}\"/>\n", coordinates(points), color(*fill))
                }
                Shape::Dots { centres, radius, fill } => dots(centres, *radius, *fill),
                Shape::Text { at, text, style } => text_element(*at, text, style),
                Shape::Image { at, pixels, cell } => image(*at, pixels, *cell)?,
            };
        }
        Ok(svg + "</svg>\n")
    }
}

/// The sentence that readers of a screen are told.
fn description(reading: &str) -> String {
    if reading.is_empty() { String::new() } else { format!("<desc>{}</desc>\n", escape(reading)) }
}

/// A coordinate to a hundredth of a unit, without trailing zeros.
fn number(value: f64) -> String {
    // Adding zero turns -0 into 0.
    format!("{}", (value * 100.0).round() / 100.0 + 0.0)
}

fn color((r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn coordinates(points: &[At]) -> String {
    points.iter().map(|&(x, y)| format!("{},{}", number(x), number(y))).collect::<Vec<_>>().join(" ")
}

fn path(points: &[At], stroke: &Stroke) -> String {
    let mut element = format!(
        "<polyline points=\"{}\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"",
        coordinates(points),
        color(stroke.color),
        number(stroke.width)
    );
    let lengths: Vec<String> = stroke.dash.pattern().iter().map(|length| number(length * stroke.width)).collect();
    if !lengths.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(element, " stroke-dasharray=\"{}\"", lengths.join(" "));
    }
    element + "/>\n"
}

/// Discs as one path of zero-length strokes with round ends: a scatter of thousands stays small.
fn dots(centres: &[At], radius: f64, fill: Rgb) -> String {
    let moves: String = centres.iter().map(|&(x, y)| format!("M{} {}h0", number(x), number(y))).collect();
    let width = number(2.0 * radius);
    format!("<path d=\"{moves}\" stroke=\"{}\" stroke-width=\"{width}\" stroke-linecap=\"round\"/>\n", color(fill))
}

fn text_element((x, y): At, text: &str, style: &TextStyle) -> String {
    let (x, y) = (number(x), number(y));
    let anchor = match style.align {
        Align::Start => "",
        Align::Middle => " text-anchor=\"middle\"",
        Align::End => " text-anchor=\"end\"",
    };
    let weight = if style.bold { " font-weight=\"bold\"" } else { "" };
    let turn = if style.upwards { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
    format!(
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" fill=\"{}\"{anchor}{weight}{turn}>{}</text>\n",
        number(style.size),
        color(style.color),
        escape(text)
    )
}

/// XML text: markup escaped, control characters (which XML does not allow) left out.
fn escape(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn image((x, y): At, pixels: &Pixels, cell: f64) -> Result<String, AnalysisError> {
    let (width, height) = (pixels.width as f64 * cell, pixels.height as f64 * cell);
    Ok(format!(
        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" \
         href=\"data:image/png;base64,{}\"/>\n",
        number(x),
        number(y),
        number(width),
        number(height),
        STANDARD.encode(pixels.to_png()?)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::drawing::Dash;
    use crate::plot::palette::INK;

    #[test]
    fn shapes_become_elements() {
        let mut drawing = Drawing::new(20.0, 10.0);
        drawing.line((0.0, 1.005), (2.5, -0.001), Stroke::solid(INK, 2.0).dashed(Dash::Long));
        drawing.text((1.0, 2.0), "a < b & c\u{7}", TextStyle::new(12.0, INK).aligned(Align::End).upwards());
        drawing.dots(vec![(1.0, 2.0), (3.0, 4.0)], 0.5, INK);
        let svg = drawing.to_svg().unwrap();
        assert!(svg.contains("points=\"0,1 2.5,0\" stroke=\"#1a1a1a\" stroke-width=\"2\""), "{svg}");
        assert!(svg.contains("stroke-dasharray=\"8 4.8\""), "{svg}");
        assert!(svg.contains("transform=\"rotate(-90 1 2)\">a &lt; b &amp; c</text>"), "{svg}");
        assert!(svg.contains("<path d=\"M1 2h0M3 4h0\""), "{svg}");
    }

    #[test]
    fn an_image_is_embedded_as_a_png() {
        let mut drawing = Drawing::new(20.0, 10.0);
        drawing.image((0.0, 0.0), Pixels::filled(3, 2, INK), 1.5);
        let svg = drawing.to_svg().unwrap();
        // The first bytes of every PNG file.
        assert!(
            svg.contains("width=\"4.5\" height=\"3\"") && svg.contains("href=\"data:image/png;base64,iVBORw0KGgo"),
            "{svg}"
        );
    }
}
