//! A frame with two axes: maps data to the page, draws ticks, labels, lines and markers.

use super::drawing::{Align, At, Drawing, Rect, Stroke, TextStyle};
use super::page::Page;
use super::palette::{INK, LIGHT, PAPER, Rgb};
use super::ticks::ticks;

/// Font size of tick labels.
pub(crate) const TICK_SIZE: f64 = 11.0;
/// Font size of axis labels and legends.
pub(crate) const LABEL_SIZE: f64 = 12.5;

/// How values are laid out along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    Linear,
    /// Common logarithm; values of 0 and below have no place.
    Log,
}

/// One axis: what it shows and between which values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    label: String,
    scale: Scale,
    low: f64,
    high: f64,
    tick_count: usize,
    /// Ticks are at least this far apart on a linear scale.
    least_step: f64,
}

impl Axis {
    /// An axis from `low` to `high`; a range of no width is widened around its value.
    pub(crate) fn new(label: &str, scale: Scale, low: f64, high: f64) -> Self {
        let (low, high) = match scale {
            Scale::Linear if high > low => (low, high),
            Scale::Linear => (low - 0.5, low + 0.5),
            Scale::Log if low > 0.0 && high > 2.1 * low => (low, high),
            Scale::Log if low > 0.0 => (low / 2.0, high.max(low) * 2.0),
            Scale::Log => (0.1, 10.0),
        };
        Self { label: label.to_owned(), scale, low, high, tick_count: 6, least_step: 0.0 }
    }

    /// An axis that holds `values` with a margin: log where they span more than `log_above`-fold, linear otherwise.
    pub(crate) fn around(label: &str, values: impl IntoIterator<Item = f64>, log_above: f64) -> Self {
        let Some((low, high)) = bounds(values) else { return Self::new(label, Scale::Linear, 0.0, 1.0) };
        if low > 0.0 && high / low > log_above {
            let margin = (high / low).powf(0.05);
            return Self::new(label, Scale::Log, low / margin, high * margin);
        }
        let margin = 0.06 * (high - low);
        Self::new(label, Scale::Linear, low - margin, high + margin)
    }

    /// An axis over the timesteps or epochs from `first` to `last`.
    pub(crate) fn counting(label: &str, first: usize, last: usize) -> Self {
        let margin = 0.02 * (last - first.min(last)) as f64;
        Self { least_step: 1.0, ..Self::new(label, Scale::Linear, first as f64 - margin, last as f64 + margin) }
    }

    /// The axis over the timesteps seen, from 1 on or from 0 where that is among them; `None` without any.
    pub(crate) fn of_timesteps(seen: impl IntoIterator<Item = usize>) -> Option<Self> {
        let (first, last) = bounds(seen.into_iter().map(|t| t as f64))?;
        Some(Self::counting("t", (first as usize).min(1), last as usize))
    }

    /// The same axis with about `count` labelled ticks.
    pub(crate) fn with_ticks(self, count: usize) -> Self {
        Self { tick_count: count, ..self }
    }

    /// The same axis without ticks and their labels: its values are places only.
    pub(crate) fn without_ticks(self) -> Self {
        self.with_ticks(0)
    }

    /// The same axis without a label.
    pub(crate) fn unlabelled(self) -> Self {
        Self { label: String::new(), ..self }
    }

    /// Position of `value` along the axis, 0 at its low end and 1 at its high end.
    fn fraction(&self, value: f64) -> Option<f64> {
        let fraction = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        fraction.is_finite().then_some(fraction)
    }
}

/// The least and the greatest finite value.
pub(crate) fn bounds(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| value.is_finite()).fold(None, |bounds, value| {
        let (low, high) = bounds.unwrap_or((value, value));
        Some((value.min(low), value.max(high)))
    })
}

/// The mark drawn at a data point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    Disc,
    Square,
    Triangle,
    Diamond,
    TriangleDown,
    OpenSquare,
    OpenDisc,
}

impl Marker {
    /// Filled markers that tell several curves apart.
    pub(crate) const SERIES: [Self; 7] =
        [Self::Disc, Self::Square, Self::Triangle, Self::Diamond, Self::TriangleDown, Self::OpenDisc, Self::OpenSquare];

    /// Draws the mark.
    pub(crate) fn draw(self, drawing: &mut Drawing, (x, y): At, radius: f64, color: Rgb) {
        let corners = |offsets: &[At], size: f64| offsets.iter().map(|o| (x + o.0 * size, y + o.1 * size)).collect();
        let square: &[At] = &[(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)];
        match self {
            Self::Disc => drawing.dots(vec![(x, y)], radius, color),
            Self::OpenDisc => {
                drawing.dots(vec![(x, y)], radius, color);
                drawing.dots(vec![(x, y)], radius * 0.55, PAPER);
            }
            Self::Square => drawing.polygon(corners(square, radius), color),
            Self::OpenSquare => {
                drawing.polygon(corners(square, radius), color);
                drawing.polygon(corners(square, radius * 0.55), PAPER);
            }
            Self::Triangle => drawing.polygon(corners(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)], radius), color),
            Self::TriangleDown => drawing.polygon(corners(&[(0.0, 1.2), (-1.1, -0.8), (1.1, -0.8)], radius), color),
            Self::Diamond => {
                drawing.polygon(corners(&[(0.0, -1.3), (1.0, 0.0), (0.0, 1.3), (-1.0, 0.0)], radius), color);
            }
        }
    }
}

/// Two axes around a frame on the page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axes {
    pub(crate) frame: Rect,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
}

impl Axes {
    /// Space an axis takes outside the frame: its tick labels and its label.
    pub(crate) const LEFT: f64 = 66.0;
    /// As [`Self::LEFT`], below the frame.
    pub(crate) const BELOW: f64 = 42.0;

    /// Space right of the frame, for half of the last tick label.
    pub(crate) const RIGHT: f64 = 14.0;

    /// The frame of axes that fill the page from side to side between `top` and `bottom`.
    pub(crate) fn page_frame(top: f64, bottom: f64) -> Rect {
        let outer = Rect { x: 0.0, y: top, width: Page::WIDTH, height: bottom - top };
        outer.inset(Self::LEFT, 6.0, Self::RIGHT, Self::BELOW)
    }

    /// Where (x, y) lies on the page; `None` where the scale has no place for it.
    pub(crate) fn place(&self, x: f64, y: f64) -> Option<At> {
        let (u, v) = (self.x.fraction(x)?, self.y.fraction(y)?);
        Some((self.frame.x + u * self.frame.width, self.frame.bottom() - v * self.frame.height))
    }

    /// As [`Self::place`], for points inside the frame only.
    pub(crate) fn place_inside(&self, x: f64, y: f64) -> Option<At> {
        let (u, v) = (self.x.fraction(x)?, self.y.fraction(y)?);
        ((0.0..=1.0).contains(&u) && (0.0..=1.0).contains(&v)).then(|| self.place(x, y))?
    }

    /// Draws grid, frame, ticks and labels; call before the data, which then lie above the grid.
    pub(crate) fn draw(&self, drawing: &mut Drawing) {
        let frame = self.frame;
        let tick_style = TextStyle::new(TICK_SIZE, INK);
        let thin = Stroke::solid(INK, 0.8);
        for (tick, x) in self.x_ticks() {
            let length = if tick.is_empty() { 2.5 } else { 4.5 };
            if !tick.is_empty() {
                drawing.line((x, frame.y), (x, frame.bottom()), Stroke::solid(LIGHT, 0.6));
            }
            drawing.line((x, frame.bottom()), (x, frame.bottom() - length), thin);
            drawing.text((x, frame.bottom() + 14.0), tick, tick_style.aligned(Align::Middle));
        }
        for (tick, y) in self.marks(&self.y, frame.bottom(), -frame.height) {
            let length = if tick.is_empty() { 2.5 } else { 4.5 };
            if !tick.is_empty() {
                drawing.line((frame.x, y), (frame.right(), y), Stroke::solid(LIGHT, 0.6));
            }
            drawing.line((frame.x, y), (frame.x + length, y), thin);
            drawing.text((frame.x - 6.0, y + 0.36 * TICK_SIZE), tick, tick_style.aligned(Align::End));
        }
        drawing.outline(frame, thin);
        let label_style = TextStyle::new(LABEL_SIZE, INK).aligned(Align::Middle);
        let (middle_x, middle_y) = (frame.x + frame.width / 2.0, frame.y + frame.height / 2.0);
        drawing.text((middle_x, frame.bottom() + 33.0), self.x.label.clone(), label_style);
        drawing.text((frame.x - 50.0, middle_y), self.y.label.clone(), label_style.upwards());
    }

    /// Label and page x of each tick of the level axis; minor ticks have no label.
    pub(crate) fn x_ticks(&self) -> Vec<(String, f64)> {
        self.marks(&self.x, self.frame.x, self.frame.width)
    }

    /// Label and page coordinate of each tick of an axis that starts at `start` and is `length` long.
    fn marks(&self, axis: &Axis, start: f64, length: f64) -> Vec<(String, f64)> {
        if axis.tick_count == 0 {
            return Vec::new();
        }
        ticks(axis.scale, axis.low, axis.high, axis.tick_count, axis.least_step)
            .into_iter()
            .filter_map(|tick| Some((tick.label, start + axis.fraction(tick.value)? * length)))
            .collect()
    }

    /// A line through data points, broken where a point has no place.
    pub(crate) fn line(&self, drawing: &mut Drawing, points: &[(f64, f64)], stroke: Stroke) {
        for run in points.split(|&(x, y)| self.place(x, y).is_none()) {
            drawing.path(run.iter().filter_map(|&(x, y)| self.place(x, y)).collect(), stroke);
        }
    }

    /// Markers at data points.
    pub(crate) fn markers(&self, drawing: &mut Drawing, points: &[(f64, f64)], marker: Marker, color: Rgb) {
        for at in points.iter().filter_map(|&(x, y)| self.place(x, y)) {
            marker.draw(drawing, at, 3.4, color);
        }
    }

    /// The page's x of `value`, where it lies inside the frame.
    pub(crate) fn x_of(&self, value: f64) -> Option<f64> {
        let u = self.x.fraction(value).filter(|u| (0.0..=1.0).contains(u))?;
        Some(self.frame.x + u * self.frame.width)
    }

    /// An upright line across the frame.
    pub(crate) fn upright(&self, drawing: &mut Drawing, x: f64, stroke: Stroke) {
        if let Some(x) = self.x_of(x) {
            drawing.line((x, self.frame.y), (x, self.frame.bottom()), stroke);
        }
    }

    /// The area between two curves (x, low, high), cut off at the frame; broken where an end has no place.
    pub(crate) fn band(&self, drawing: &mut Drawing, ends: &[(f64, f64, f64)], fill: Rgb) {
        let within = |(x, y): At| (x, y.clamp(self.frame.y, self.frame.bottom()));
        let placed =
            |&(x, low, high): &(f64, f64, f64)| Some((within(self.place(x, low)?), within(self.place(x, high)?)));
        for run in ends.split(|end| placed(end).is_none()) {
            let (low, mut outline): (Vec<At>, Vec<At>) = run.iter().filter_map(placed).unzip();
            outline.extend(low.into_iter().rev());
            drawing.polygon(outline, fill);
        }
    }

    /// A level line across the frame.
    pub(crate) fn level(&self, drawing: &mut Drawing, y: f64, stroke: Stroke) {
        if let Some((_, y)) = self.place_inside(self.x.low, y) {
            drawing.line((self.frame.x, y), (self.frame.right(), y), stroke);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(y: Axis) -> Axes {
        let frame = Rect { x: 10.0, y: 20.0, width: 100.0, height: 50.0 };
        Axes { frame, x: Axis::new("x", Scale::Linear, 0.0, 10.0), y }
    }

    #[test]
    fn places_are_linear_or_logarithmic() {
        let linear = axes(Axis::new("y", Scale::Linear, -1.0, 1.0));
        assert_eq!(linear.place(5.0, 0.0), Some((60.0, 45.0)));
        let log = axes(Axis::new("y", Scale::Log, 1e-4, 1.0));
        let (_, y) = log.place(0.0, 1e-2).unwrap();
        assert!((y - 45.0).abs() < 1e-9);
        assert_eq!((log.place(0.0, 0.0), log.place(0.0, -1.0), log.place(0.0, f64::NAN)), (None, None, None));
        assert_eq!(linear.place_inside(11.0, 0.0), None);
    }

    #[test]
    fn an_axis_turns_logarithmic_only_for_wide_ranges() {
        assert_eq!(Axis::around("y", [0.1, 0.5], 8.0).scale, Scale::Linear);
        assert_eq!(Axis::around("y", [0.01, 0.5, f64::NAN], 8.0).scale, Scale::Log);
        assert_eq!(Axis::around("y", [0.0, 0.5], 8.0).scale, Scale::Linear);
        assert_eq!(Axis::around("y", [], 8.0), Axis::new("y", Scale::Linear, 0.0, 1.0));
    }

    #[test]
    fn a_line_breaks_where_a_value_is_missing() {
        let mut drawing = Drawing::new(200.0, 100.0);
        let points = [(0.0, 1.0), (1.0, 1.0), (2.0, f64::NAN), (3.0, 1.0), (4.0, 1.0)];
        axes(Axis::new("y", Scale::Log, 0.1, 10.0)).line(&mut drawing, &points, Stroke::solid(INK, 1.0));
        assert_eq!(drawing.shapes.len(), 2);
    }
}
