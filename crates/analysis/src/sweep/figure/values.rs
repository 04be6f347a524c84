//! The values of an axis that have curves of their own, and what these look like.

use super::super::Axis;
use super::places::shortened;
use crate::figures::spread;
use crate::plot::drawing::{Dash, Stroke};
use crate::plot::palette::{Rgb, class_color, sequence};

/// Values of an axis up to which each has a curve.
const MOST: usize = 12;
/// Colours that tell words apart before they come again, dashed.
const COLORS: usize = 6;

/// A value of the axis.
pub(super) struct Value {
    /// Its index on the axis.
    pub(super) index: usize,
    /// What a legend calls it; only the first is called by the key too.
    pub(super) label: String,
    pub(super) color: Rgb,
    dash: Dash,
}

impl Value {
    pub(super) fn stroke(&self) -> Stroke {
        Stroke::solid(self.color, 1.6).dashed(self.dash)
    }
}

/// The values of `axis` that are shown, some of them where they are many: numbers from dark to light in their order.
pub(super) fn shown(axis: &Axis) -> Vec<Value> {
    let indices = spread(&(0..axis.values.len()).collect::<Vec<_>>(), MOST);
    let numbers = axis.values.iter().all(|value| value.parse::<f64>().is_ok());
    let colors = if numbers { sequence(indices.len()) } else { (0..indices.len()).map(class_color).collect() };
    let value = |(rank, (&index, color)): (usize, (&usize, Rgb))| {
        let text = shortened(&axis.values[index]);
        let label = if rank == 0 { format!("{} = {text}", axis.key) } else { text };
        let dash = if numbers || rank < COLORS { Dash::Solid } else { Dash::Long };
        Value { index, label, color, dash }
    };
    indices.iter().zip(colors).enumerate().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(values: impl Iterator<Item = String>) -> Axis {
        Axis { key: "x".into(), values: values.collect() }
    }

    #[test]
    fn eleven_widths_are_all_shown_and_no_two_look_the_same() {
        for axis in [axis((1..=11).map(|i| (100 * i).to_string())), axis((1..=11).map(|i| format!("word {i}")))] {
            let values = shown(&axis);
            assert_eq!(values.iter().map(|value| value.index).collect::<Vec<_>>(), (0..11).collect::<Vec<_>>());
            for (i, one) in values.iter().enumerate() {
                assert!(values[..i].iter().all(|other| (other.color, other.dash) != (one.color, one.dash)));
            }
        }
        let many = shown(&axis((0..40).map(|i| i.to_string())));
        assert_eq!((many.len(), many[0].label.as_str(), many[11].label.as_str()), (12, "x = 0", "39"));
    }
}
