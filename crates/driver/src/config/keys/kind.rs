//! Types and ranges of keys, and the words that describe them.

use std::fmt;

use analysis::observables;

/// The type of a key's value and the values it allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A whole number in `min..=max`.
    Int {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// A number.
    Float(Range),
    /// Any string.
    Text,
    /// A path, not empty.
    Path,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One or more whole numbers in `min..=max`.
    IntList {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// A whole number in `min..=max`, or one or more of them.
    IntOrList {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// One or more numbers.
    FloatList(Range),
    /// One or more strings.
    TextList,
    /// One or more lists of one or more numbers.
    FloatMatrix,
    /// A number, or one or more `[t, number]` pairs with t a timestep.
    FloatOrKnots(Range),
    /// Any number of the words that name observables.
    Observables,
    /// The shape of local units: a table of an odd `kernel`, `channels`, and maybe the `last` timestep that has them.
    Local,
}

/// The widest patch of local units.
pub(crate) const WIDEST_KERNEL: i64 = 15;
/// The most local units at a pixel.
pub(crate) const MOST_CHANNELS: i64 = 512;

impl Kind {
    /// The type in words, for "expected ...".
    pub fn expected(&self) -> String {
        match self {
            Self::Int { .. } => "a whole number".to_owned(),
            Self::Float(_) => "a number".to_owned(),
            Self::Text => "a string".to_owned(),
            Self::Path => "a path in quotes".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::IntList { .. } => "a list of whole numbers".to_owned(),
            Self::IntOrList { .. } => "a whole number or a list of them".to_owned(),
            Self::FloatList(_) => "a list of numbers".to_owned(),
            Self::TextList | Self::Observables => "a list of strings".to_owned(),
            Self::FloatMatrix => "a list of lists of numbers".to_owned(),
            Self::FloatOrKnots(_) => "a number or a list of [t, number] pairs".to_owned(),
            Self::Local => "a table { kernel = K, channels = C } or { kernel = K, channels = C, last = t }".to_owned(),
        }
    }

    /// The allowed values in words, for "use ...".
    pub fn allowed(&self) -> String {
        match self {
            Self::Int { min, max } => int_range(*min, *max),
            Self::Float(range) => range.to_string(),
            Self::Text => "a string".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::IntList { min, max } => format!("one or more of {}", int_range(*min, *max)),
            Self::IntOrList { min, max } => format!("{}, or a list of one or more such numbers", int_range(*min, *max)),
            Self::FloatList(range) => format!("one or more items, each {range}"),
            Self::TextList => "one or more strings".to_owned(),
            Self::FloatMatrix => "one or more lists, each of one or more numbers".to_owned(),
            Self::FloatOrKnots(range) => format!("{range}, or one or more pairs [t, such a number]"),
            Self::Observables => format!("some of {}", observables::words_known().join(", ")),
            Self::Local => {
                format!(
                    "kernel an odd number from 1 to {WIDEST_KERNEL}, channels from 1 to {MOST_CHANNELS}, and last, if given, 1 or more"
                )
            }
        }
    }

    /// Type and allowed values in words, for documentation.
    pub fn values(&self) -> String {
        match self {
            Self::Text | Self::Path => self.expected(),
            Self::Float(_) | Self::Choice(_) | Self::FloatOrKnots(_) => self.allowed(),
            Self::Int { .. } => format!("{}, {}", self.expected(), self.allowed()),
            Self::Observables => {
                "a list of observables and of groups of them; `driver observables` lists both".to_owned()
            }
            _ => format!("{}: {}", self.expected(), self.allowed()),
        }
    }

    /// Whether a bare word on the command line is a value of this kind.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Path | Self::Choice(_))
    }
}

/// `1 to 9`, or `1 or more` where only the integer type bounds it.
pub(crate) fn int_range(min: i64, max: i64) -> String {
    if max == i64::MAX { format!("{min} or more") } else { format!("{min} to {max}") }
}

/// An interval of finite numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Lower end; infinite when there is none.
    pub min: f64,
    /// Upper end; infinite when there is none.
    pub max: f64,
    /// Whether `min` itself is allowed.
    pub min_allowed: bool,
    /// Whether `max` itself is allowed.
    pub max_allowed: bool,
}

impl Range {
    /// Any finite x.
    pub const ANY: Self = Self { min: f64::NEG_INFINITY, max: f64::INFINITY, min_allowed: false, max_allowed: false };
    /// x > 0.
    pub const POSITIVE: Self = Self { min: 0.0, max: f64::INFINITY, min_allowed: false, max_allowed: false };
    /// x >= 0.
    pub const NOT_NEGATIVE: Self = Self { min: 0.0, max: f64::INFINITY, min_allowed: true, max_allowed: false };
    /// 0 < x <= 1.
    pub const UNIT: Self = Self { min: 0.0, max: 1.0, min_allowed: false, max_allowed: true };
    /// 0 < x < 1.
    pub const OPEN_UNIT: Self = Self { min: 0.0, max: 1.0, min_allowed: false, max_allowed: false };

    /// Whether `x` is finite and within.
    pub fn contains(&self, x: f64) -> bool {
        let above = x > self.min || (self.min_allowed && x == self.min);
        let below = x < self.max || (self.max_allowed && x == self.max);
        x.is_finite() && above && below
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (above, below) = (if self.min_allowed { ">=" } else { ">" }, if self.max_allowed { "<=" } else { "<" });
        match (self.min.is_finite(), self.max.is_finite()) {
            (true, true) => write!(f, "a number {above} {} and {below} {}", self.min, self.max),
            (true, false) => write!(f, "a number {above} {}", self.min),
            (false, true) => write!(f, "a number {below} {}", self.max),
            (false, false) => f.write_str("a finite number"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_their_ends_as_declared() {
        assert!(!Range::POSITIVE.contains(0.0) && Range::POSITIVE.contains(5e-324));
        assert!(Range::NOT_NEGATIVE.contains(0.0) && !Range::NOT_NEGATIVE.contains(-5e-324));
        assert!(!Range::OPEN_UNIT.contains(1.0) && Range::OPEN_UNIT.contains(0.5));
        assert!(!Range::POSITIVE.contains(f64::INFINITY) && !Range::POSITIVE.contains(f64::NAN));
        let closed = Range { min: -1.0, max: 1.0, min_allowed: true, max_allowed: true };
        assert!(closed.contains(1.0) && closed.contains(-1.0) && !closed.contains(1.5));
        assert_eq!(closed.to_string(), "a number >= -1 and <= 1");
        assert!(Range::ANY.contains(-1e300) && !Range::ANY.contains(f64::NEG_INFINITY));
    }
}
