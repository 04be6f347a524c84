//! Where the values of an axis of the sweep lie along an axis of a frame.

use super::super::aggregate::Points;
use super::super::{Axis as SweepAxis, Cell, Sweep};
use crate::plot::axes::{Axes, Axis, Scale, TICK_SIZE};
use crate::plot::drawing::{Align, Drawing, TextStyle};
use crate::plot::font::text_width;
use crate::plot::palette::INK;
use crate::stats::Interval;

/// Ratio of the greatest to the least value above which numbers lie on a logarithmic scale.
const LOG_ABOVE: f64 = 8.0;
/// Characters of a value that are shown.
const SHOWN: usize = 18;

/// Numbers lie at their values, anything else side by side.
pub(super) struct Places {
    key: String,
    labels: Vec<String>,
    at: Vec<f64>,
    scale: Scale,
    /// Room beside the first and the last value, as a share of what lies between them: half a place for words.
    margin: f64,
}

impl Places {
    pub(super) fn of(axis: &SweepAxis) -> Self {
        let numbers: Option<Vec<f64>> =
            axis.values.iter().map(|value| value.parse().ok().filter(|x: &f64| x.is_finite())).collect();
        let margin = if numbers.is_some() { 0.08 } else { 0.5 / (axis.values.len().max(2) - 1) as f64 };
        let at = numbers.unwrap_or_else(|| (0..axis.values.len()).map(|i| i as f64).collect());
        let least = at.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = at.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let scale = if least > 0.0 && greatest / least > LOG_ABOVE { Scale::Log } else { Scale::Linear };
        Self {
            key: axis.key.clone(),
            labels: axis.values.iter().map(|value| shortened(value)).collect(),
            at,
            scale,
            margin,
        }
    }

    /// The axis of a frame that holds all values, with room beside the first and the last.
    pub(super) fn axis(&self) -> Axis {
        let least = self.at.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = self.at.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = match self.scale {
            Scale::Log => {
                let margin = (greatest / least).powf(self.margin);
                (least / margin, greatest * margin)
            }
            Scale::Linear => {
                let margin = self.margin * (greatest - least);
                (least - margin, greatest + margin)
            }
        };
        Axis::new(&self.key, self.scale, low, high).without_ticks()
    }

    /// Writes the values below the frame, but for those that would run into one another.
    pub(super) fn draw_ticks(&self, drawing: &mut Drawing, axes: &Axes) {
        let mut ticks: Vec<(f64, &str)> = self
            .at
            .iter()
            .zip(&self.labels)
            .filter_map(|(&at, label)| Some((axes.x_of(at)?, label.as_str())))
            .collect();
        ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut free = f64::NEG_INFINITY;
        for (x, label) in ticks {
            let half = text_width(label, TICK_SIZE, false) / 2.0;
            if x - half >= free {
                let style = TextStyle::new(TICK_SIZE, INK).aligned(Align::Middle);
                drawing.text((x, axes.frame.bottom() + 14.0), label, style);
                free = x + half + 6.0;
            }
        }
    }

    /// The means of a quantity at every value of axis `a` that has it, from left to right.
    pub(super) fn series(&self, sweep: &Sweep, a: usize, quantity: impl Fn(&Cell) -> Option<Interval>) -> Points {
        let mean = |(i, &at): (usize, &f64)| Some((at, sweep.mean_at(a, i, &quantity)?));
        let mut points: Points = self.at.iter().enumerate().filter_map(mean).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    }
}

/// A value cut to what there is room for.
pub(super) fn shortened(value: &str) -> String {
    if value.chars().count() <= SHOWN {
        return value.to_owned();
    }
    value.chars().take(SHOWN - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lie_at_their_values_and_words_side_by_side() {
        let places = |values: &[&str]| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            let places = Places::of(&SweepAxis { key: "x".into(), values });
            (places.at, places.scale)
        };
        assert_eq!(places(&["50", "200", "100"]), (vec![50.0, 200.0, 100.0], Scale::Linear));
        assert_eq!(places(&["0.001", "0.1"]), (vec![0.001, 0.1], Scale::Log));
        assert_eq!(places(&["0", "16"]), (vec![0.0, 16.0], Scale::Linear));
        assert_eq!(places(&["none", "3", "inf"]), (vec![0.0, 1.0, 2.0], Scale::Linear));
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(shortened("[[1, 0.008], [100, 0.004]]"), "[[1, 0.008], [100…");
        assert_eq!(shortened("wiener"), "wiener");
    }
}
