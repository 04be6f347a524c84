//! A number as a function of the timestep.

use serde::{Deserialize, Serialize};

/// A number at each t.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OverT {
    /// The same at every t.
    Constant(f64),
    /// Knots (t, number) with t increasing, at least one.
    Knots(Vec<(usize, f64)>),
}

impl OverT {
    /// The number at timestep `t`: linear between the knots, constant beyond the ends.
    ///
    /// r(t) = r_i + (t - t_i)/(t_{i+1} - t_i) (r_{i+1} - r_i) for t_i <= t <= t_{i+1}.
    pub fn at(&self, t: usize) -> f64 {
        let knots = match self {
            Self::Constant(rate) => return *rate,
            Self::Knots(knots) => knots,
        };
        let after = knots.partition_point(|(knot, _)| *knot < t);
        let before = after.checked_sub(1).and_then(|i| knots.get(i));
        match (before, knots.get(after)) {
            (Some(&(t0, r0)), Some(&(t1, r1))) => {
                let share = (t - t0) as f64 / (t1 - t0) as f64;
                (1.0 - share) * r0 + share * r1
            }
            (Some(&(_, rate)), None) | (None, Some(&(_, rate))) => rate,
            // Loading refuses an empty list of knots.
            (None, None) => f64::NAN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knots_are_met_and_joined_by_lines() {
        let rate = OverT::Knots(vec![(10, 0.008), (20, 0.004), (21, 1.0)]);
        for (t, expected) in [(1, 0.008), (10, 0.008), (15, 0.006), (20, 0.004), (21, 1.0), (1000, 1.0)] {
            assert!((rate.at(t) - expected).abs() < 1e-15, "t = {t}: {}", rate.at(t));
        }
        assert_eq!(OverT::Constant(0.5).at(7), 0.5);
        assert_eq!(OverT::Knots(vec![(3, 0.25)]).at(7), 0.25);
    }
}
