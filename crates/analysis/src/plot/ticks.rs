//! Where the ticks of an axis go and what is written at them.

use super::axes::Scale;

/// A tick: its value and its label, empty for a minor tick.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// The ticks within `low..=high`, about `count` of them labelled, on a linear scale at least `least_step` apart.
pub(crate) fn ticks(scale: Scale, low: f64, high: f64, count: usize, least_step: f64) -> Vec<Tick> {
    match scale {
        Scale::Linear => linear(low, high, count, least_step),
        Scale::Log => log(low, high, count),
    }
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn linear(low: f64, high: f64, count: usize, least_step: f64) -> Vec<Tick> {
    let step = nice_step(((high - low) / count.max(1) as f64).max(least_step));
    let slack = 1e-9 * (high - low);
    let first = ((low - slack) / step).ceil() as i64;
    let last = ((high + slack) / step).floor() as i64;
    // An unlucky range can fall between multiples of a coarse step.
    if last <= first && step > least_step {
        return linear(low, high, 2 * count.max(1), least_step);
    }
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    (first..=last)
        .map(|i| {
            let value = i as f64 * step;
            Tick { value, label: minus(&format!("{:.decimals$}", value + 0.0)) }
        })
        .collect()
}

fn nice_step(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= raw * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

/// Powers of ten with the digits between as minor ticks; over little more than a decade the digits 2 and 5 are labelled
/// too.
fn log(low: f64, high: f64, count: usize) -> Vec<Tick> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let inside = |value: f64| value >= low * (1.0 - 1e-9) && value <= high * (1.0 + 1e-9);
    let decades = (high / low).log10();
    let stride = ((decades / count.max(1) as f64).ceil() as i32).max(1);
    let mut ticks = Vec::new();
    for exponent in first..=last {
        let power = 10_f64.powi(exponent);
        for digit in 1..=9_u8 {
            let value = f64::from(digit) * power;
            let labelled = match digit {
                1 => exponent.rem_euclid(stride) == 0,
                2 | 5 => decades < 1.7,
                _ => decades < 0.6,
            };
            // Over many decades the minor ticks would only be a grey band.
            if inside(value) && (labelled || digit == 1 || decades < 8.0) {
                let label = if labelled { log_label(digit, exponent, decades) } else { String::new() };
                ticks.push(Tick { value, label });
            }
        }
    }
    ticks
}

fn log_label(digit: u8, exponent: i32, decades: f64) -> String {
    if decades < 1.7 && (-3..=3).contains(&exponent) {
        let decimals = (-exponent).max(0) as usize;
        return format!("{:.decimals$}", f64::from(digit) * 10_f64.powi(exponent));
    }
    let power = format!("10{}", superscript(exponent));
    if digit == 1 { power } else { format!("{digit}×{power}") }
}

/// A number as superscript digits.
fn superscript(number: i32) -> String {
    let digit = |c: char| match c {
        '-' => '⁻',
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        _ => '⁹',
    };
    number.to_string().chars().map(digit).collect()
}

/// A number with a typographic minus sign.
fn minus(number: &str) -> String {
    number.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).filter(|label| !label.is_empty()).collect()
    }

    #[test]
    fn linear_ticks_are_round_numbers() {
        assert_eq!(labels(&linear(0.0, 1000.0, 5, 1.0)), ["0", "200", "400", "600", "800", "1000"]);
        assert_eq!(labels(&linear(-1.5, 1.5, 6, 0.0)), ["−1.5", "−1.0", "−0.5", "0.0", "0.5", "1.0", "1.5"]);
        assert_eq!(labels(&linear(0.5, 1.5, 6, 1.0)), ["1"]);
        assert_eq!(labels(&linear(0.98, 1.13, 3, 0.0)), ["1.00", "1.05", "1.10"]);
    }

    #[test]
    fn log_ticks_are_powers_of_ten() {
        assert_eq!(labels(&log(2e-5, 1.0, 6)), ["10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰"]);
        assert_eq!(labels(&log(0.015, 0.3, 6)), ["0.02", "0.05", "0.1", "0.2"]);
        assert_eq!(labels(&log(1e-12, 1.0, 4)), ["10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "10⁰"]);
    }

    proptest! {
        #[test]
        fn ticks_stay_inside_and_there_are_enough(low in -1e4_f64..1e4, span in 1e-3_f64..1e4, count in 2_usize..9) {
            let found = linear(low, low + span, count, 0.0);
            prop_assert!(found.iter().all(|tick| tick.value >= low - 1e-6 * span && tick.value <= low + 1.000001 * span));
            prop_assert!(found.len() >= 2 && found.len() <= (count + 1).max(5));
        }

        #[test]
        fn a_log_axis_always_has_a_labelled_tick(low in -9.0_f64..3.0, decades in 0.31_f64..12.0) {
            let (low, high) = (10_f64.powf(low), 10_f64.powf(low + decades));
            let found = log(low, high, 6);
            prop_assert!(!labels(&found).is_empty());
            prop_assert!(found.iter().all(|tick| tick.value >= low * 0.999999 && tick.value <= high * 1.000001));
        }
    }
}
