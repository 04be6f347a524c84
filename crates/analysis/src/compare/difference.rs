//! The difference of two measured numbers that come with intervals, or that several seeds give.

use serde::Serialize;

use super::design::Design;
use super::student::{Estimate, quantile};

/// A number with the 95% interval it was measured with, where it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// The number.
    pub value: f64,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
}

/// Two numbers and what lies between them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// The first group's, its mean over seeds.
    pub base: f64,
    /// The other's.
    pub other: f64,
    /// other - base.
    pub difference: f64,
    /// Lower end of the difference's 95% interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// p-value of no difference, where there is a spread to judge it by.
    pub p: Option<f64>,
}

impl Difference {
    /// The difference of the numbers of two groups, one a run, in the order of the design's seeds.
    ///
    /// Over three or more seeds Student's t decides.  Otherwise the intervals of the runs are put together: distances to
    /// the ends add in quadrature, each end for itself, l = d - sqrt((y - l_y)^2 + (u_x - x)^2) (Zou and Donner 2008),
    /// as for numbers measured independently.  Two runs of one seed share much of their noise; their intervals are then
    /// wider than need be.
    pub fn new(base: &[Number], other: &[Number], design: &Design) -> Self {
        let values = |numbers: &[Number]| numbers.iter().map(|number| number.value).collect::<Vec<_>>();
        let (x, y) = (values(base), values(other));
        let (mean_x, mean_y) = (mean(&x), mean(&y));
        let bare = Self { base: mean_x, other: mean_y, difference: mean_y - mean_x, low: None, high: None, p: None };
        if !bare.difference.is_finite() {
            return bare;
        }
        match design.estimate(&x, &y) {
            Some(estimate) => {
                let (low, high) = estimate.interval();
                Self { low: Some(low), high: Some(high), p: Some(estimate.p()), ..bare }
            }
            None => sides(base).zip(sides(other)).map_or(bare, |(x, y)| bare.with_sides(x, y)),
        }
    }

    fn with_sides(self, (below_x, above_x): (f64, f64), (below_y, above_y): (f64, f64)) -> Self {
        let (below, above) = (below_y.hypot(above_x), above_y.hypot(below_x));
        // The side that 0 lies on decides.
        let towards = if self.difference > 0.0 { below } else { above };
        let p = match (self.difference == 0.0, towards > 0.0) {
            (true, _) => Some(1.0),
            (false, true) => {
                let se = towards / quantile(0.975, f64::INFINITY);
                Some(Estimate { value: self.difference, se, df: f64::INFINITY }.p())
            }
            // An interval of no width says that the resamples agree, not that nature would.
            (false, false) => None,
        };
        Self { low: Some(self.difference - below), high: Some(self.difference + above), p, ..self }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Distances from the mean of independent numbers to the ends of its interval; `None` where one has no interval.
fn sides(numbers: &[Number]) -> Option<(f64, f64)> {
    let mut squares = (0.0, 0.0);
    for number in numbers {
        let (low, high) = number.interval?;
        squares.0 += (number.value - low).max(0.0).powi(2);
        squares.1 += (high - number.value).max(0.0).powi(2);
    }
    let n = numbers.len() as f64;
    let side = |square: f64| Some(square.sqrt() / n).filter(|side| side.is_finite());
    side(squares.0).zip(side(squares.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: f64, low: f64, high: f64) -> Number {
        Number { value, interval: Some((low, high)) }
    }

    fn alone() -> Design {
        Design::Alone { seeds: vec![0], lag: 1 }
    }

    #[test]
    fn normal_intervals_give_the_two_sample_z_test() {
        // Standard errors 3 and 4: that of the difference is 5.
        let z = quantile(0.975, f64::INFINITY);
        let found = Difference::new(
            &[number(10.0, 10.0 - 3.0 * z, 10.0 + 3.0 * z)],
            &[number(20.0, 20.0 - 4.0 * z, 20.0 + 4.0 * z)],
            &alone(),
        );
        assert!((found.low.unwrap() - (10.0 - 5.0 * z)).abs() < 1e-9);
        assert!((found.high.unwrap() - (10.0 + 5.0 * z)).abs() < 1e-9);
        // 2 (1 - Phi(2)).
        assert!((found.p.unwrap() - 0.045_500_263_896_358_4).abs() < 1e-9);
    }

    #[test]
    fn the_end_towards_zero_decides() {
        // A wide side away from 0 does not hide a difference.
        let found = Difference::new(&[number(0.0, -9.0, 0.1)], &[number(1.0, 0.9, 9.0)], &alone());
        assert!(found.p.unwrap() < 1e-6 && found.low.unwrap() > 0.8 && found.high.unwrap() > 9.0);
        let back = Difference::new(&[number(1.0, 0.9, 9.0)], &[number(0.0, -9.0, 0.1)], &alone());
        assert_eq!((back.difference, back.p, back.low), (-1.0, found.p, found.high.map(|high| -high)));
    }

    #[test]
    fn numbers_without_a_spread_are_not_tested() {
        let exact = |value| Number { value, interval: None };
        let found = Difference::new(&[exact(1.0)], &[exact(2.0)], &alone());
        assert_eq!((found.difference, found.p, found.low), (1.0, None, None));
        let pinned = Difference::new(&[number(1.0, 1.0, 1.0)], &[number(2.0, 2.0, 2.0)], &alone());
        assert_eq!(pinned.p, None);
        let same = Difference::new(&[number(1.0, 1.0, 1.0)], &[number(1.0, 1.0, 1.0)], &alone());
        assert_eq!(same.p, Some(1.0));
        assert_eq!(Difference::new(&[exact(f64::NAN)], &[exact(2.0)], &alone()).p, None);
    }

    #[test]
    fn seeds_decide_where_there_are_three() {
        let exact = |value| Number { value, interval: None };
        let design = Design::Paired { seeds: vec![0, 1, 2] };
        let found = Difference::new(&[1.0, 5.0, 9.0].map(exact), &[2.1, 6.0, 9.9].map(exact), &design);
        assert!((found.difference - 1.0).abs() < 1e-12 && found.p.unwrap() < 0.01);
        // The same numbers not taken in pairs.
        let design = Design::Unpaired { base: vec![0, 1, 2], other: vec![3, 4, 5] };
        let found = Difference::new(&[1.0, 5.0, 9.0].map(exact), &[2.1, 6.0, 9.9].map(exact), &design);
        assert!(found.p.unwrap() > 0.5);
    }
}
