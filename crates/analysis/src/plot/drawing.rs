//! The display list: what a figure puts on the page, in page units (1/96 inch, y downwards).

use super::palette::Rgb;
use super::pixels::Pixels;

/// A position on the page: x to the right, y downwards.
pub(crate) type At = (f64, f64);

/// A rectangle on the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    /// Left edge.
    pub(crate) x: f64,
    /// Upper edge.
    pub(crate) y: f64,
    /// Width.
    pub(crate) width: f64,
    /// Height.
    pub(crate) height: f64,
}

impl Rect {
    /// The x of the right edge.
    pub(crate) fn right(&self) -> f64 {
        self.x + self.width
    }

    /// The y of the lower edge.
    pub(crate) fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// What is left after taking margins off each side.
    pub(crate) fn inset(&self, left: f64, top: f64, right: f64, bottom: f64) -> Self {
        Self { x: self.x + left, y: self.y + top, width: self.width - left - right, height: self.height - top - bottom }
    }
}

/// How a line is broken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dash {
    /// Unbroken.
    Solid,
    /// Long dashes.
    Long,
    /// Dots.
    Dots,
    /// Dash, dot, dash.
    Mixed,
}

impl Dash {
    /// Lengths of the strokes and gaps, in turn, in multiples of the line's width; empty for a solid line.
    pub(crate) fn pattern(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Long => &[4.0, 2.4],
            Self::Dots => &[1.1, 1.7],
            Self::Mixed => &[5.0, 1.8, 1.2, 1.8],
        }
    }
}

/// Colour, width and dash of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stroke {
    /// Colour.
    pub(crate) color: Rgb,
    /// Width in page units.
    pub(crate) width: f64,
    /// Dash pattern.
    pub(crate) dash: Dash,
}

impl Stroke {
    /// An unbroken line.
    pub(crate) fn solid(color: Rgb, width: f64) -> Self {
        Self { color, width, dash: Dash::Solid }
    }

    /// The same line with another dash.
    pub(crate) fn dashed(self, dash: Dash) -> Self {
        Self { dash, ..self }
    }
}

/// Which point of a text its position names, along the line of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// Size, colour, weight and direction of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TextStyle {
    /// Font size (em) in page units.
    pub(crate) size: f64,
    /// Colour.
    pub(crate) color: Rgb,
    /// Bold face.
    pub(crate) bold: bool,
    /// Alignment.
    pub(crate) align: Align,
    /// Written upwards (rotated a quarter turn to the left).
    pub(crate) upwards: bool,
}

impl TextStyle {
    /// Level regular text that begins at its position.
    pub(crate) fn new(size: f64, color: Rgb) -> Self {
        Self { size, color, bold: false, align: Align::Start, upwards: false }
    }

    /// The same text, aligned otherwise.
    pub(crate) fn aligned(self, align: Align) -> Self {
        Self { align, ..self }
    }

    /// The same text in the bold face.
    pub(crate) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// The same text, written upwards.
    pub(crate) fn upwards(self) -> Self {
        Self { upwards: true, ..self }
    }
}

/// One thing on the page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Path {
        points: Vec<At>,
        stroke: Stroke,
    },
    Polygon {
        points: Vec<At>,
        fill: Rgb,
    },
    Dots {
        centres: Vec<At>,
        radius: f64,
        fill: Rgb,
    },
    /// The position is on the baseline.
    Text {
        at: At,
        text: String,
        style: TextStyle,
    },
    /// Every pixel of the image is a square of side `cell`.
    Image {
        at: At,
        pixels: Pixels,
        cell: f64,
    },
}

/// A figure ready to be written: shapes in drawing order, and the numbers behind them.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) table: Option<String>,
    /// What it shows, for those who cannot see it.
    pub(crate) reading: String,
}

impl Drawing {
    /// An empty page of the given size in page units.
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, shapes: Vec::new(), table: None, reading: String::new() }
    }

    /// The same with one sentence that says what it shows and how to read it.
    pub(crate) fn with_reading(self, reading: &str) -> Self {
        Self { reading: reading.to_owned(), ..self }
    }

    /// Keeps the CSV text of the numbers drawn, where they are not already a table of the run.
    pub(crate) fn set_table(&mut self, csv: String) {
        self.table = Some(csv);
    }

    /// An open line through `points`.
    pub(crate) fn path(&mut self, points: Vec<At>, stroke: Stroke) {
        if points.len() > 1 {
            self.shapes.push(Shape::Path { points, stroke });
        }
    }

    /// A line from one position to another.
    pub(crate) fn line(&mut self, from: At, to: At, stroke: Stroke) {
        self.path(vec![from, to], stroke);
    }

    /// The outline of `rect`.
    pub(crate) fn outline(&mut self, rect: Rect, stroke: Stroke) {
        let (left, top, right, bottom) = (rect.x, rect.y, rect.right(), rect.bottom());
        // Half a width longer at the start, so that the corner where the outline closes is not notched.
        let start = (left - stroke.width / 2.0, top);
        self.path(vec![start, (right, top), (right, bottom), (left, bottom), (left, top)], stroke);
    }

    /// A filled polygon.
    pub(crate) fn polygon(&mut self, points: Vec<At>, fill: Rgb) {
        if points.len() > 2 {
            self.shapes.push(Shape::Polygon { points, fill });
        }
    }

    /// Filled discs of one radius.
    pub(crate) fn dots(&mut self, centres: Vec<At>, radius: f64, fill: Rgb) {
        if !centres.is_empty() {
            self.shapes.push(Shape::Dots { centres, radius, fill });
        }
    }

    /// A line of text; `at` is on its baseline.
    pub(crate) fn text(&mut self, at: At, text: impl Into<String>, style: TextStyle) {
        self.shapes.push(Shape::Text { at, text: text.into(), style });
    }

    /// An image whose upper left corner is at `at`, each pixel a square of side `cell`.
    pub(crate) fn image(&mut self, at: At, pixels: Pixels, cell: f64) {
        self.shapes.push(Shape::Image { at, pixels, cell });
    }
}
