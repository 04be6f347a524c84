//! Legends: a row of samples above the frame, where it cannot cover a curve.

use super::axes::{LABEL_SIZE, Marker};
use super::drawing::{Drawing, Stroke, TextStyle};
use super::font::text_width;
use super::palette::{INK, Rgb};

/// What a curve looks like and what it shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) label: String,
    pub(crate) stroke: Option<Stroke>,
    pub(crate) marker: Option<(Marker, Rgb)>,
}

impl Entry {
    /// An entry for a line.
    pub(crate) fn line(label: impl Into<String>, stroke: Stroke) -> Self {
        Self { label: label.into(), stroke: Some(stroke), marker: None }
    }

    /// An entry for a marker.
    pub(crate) fn marker(label: impl Into<String>, marker: Marker, color: Rgb) -> Self {
        Self { label: label.into(), stroke: None, marker: Some((marker, color)) }
    }

    /// The same entry with a marker on its line.
    pub(crate) fn with_marker(self, marker: Marker, color: Rgb) -> Self {
        Self { marker: Some((marker, color)), ..self }
    }

    fn sample_width(&self) -> f64 {
        if self.stroke.is_some() { 34.0 } else { 12.0 }
    }
}

const ROW_HEIGHT: f64 = 19.0;
const SPACING: f64 = 20.0;

/// Draws the entries from (`left`, `top`) on, as many rows as `width` needs; returns the y below the last row.
pub(crate) fn legend(drawing: &mut Drawing, (left, top): (f64, f64), width: f64, entries: &[Entry]) -> f64 {
    let (mut x, mut y) = (left, top);
    for entry in entries {
        let sample = entry.sample_width();
        let needed = sample + 6.0 + text_width(&entry.label, LABEL_SIZE, false);
        if x > left && x + needed > left + width {
            (x, y) = (left, y + ROW_HEIGHT);
        }
        let middle = y + ROW_HEIGHT / 2.0;
        if let Some(stroke) = entry.stroke {
            drawing.line((x, middle), (x + sample, middle), stroke);
        }
        if let Some((marker, color)) = entry.marker {
            marker.draw(drawing, (x + sample / 2.0, middle), 3.4, color);
        }
        drawing.text(
            (x + sample + 6.0, middle + 0.36 * LABEL_SIZE),
            entry.label.clone(),
            TextStyle::new(LABEL_SIZE, INK),
        );
        x += needed + SPACING;
    }
    y + ROW_HEIGHT
}
