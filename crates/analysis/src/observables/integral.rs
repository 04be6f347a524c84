//! Integrals over the chain of curves measured on trajectories.
//!
//! Information and entropy are integrals over ln(gamma), gamma = A/D, of functions that change slowly in it; what is
//! integrated numerically is only the difference to the Gaussian of the data's covariance, whose integral is known.

use schedule::{Schedule, Timestep};

/// ln(A/D) at each of the times: falls with t.
pub(super) fn log_snrs(schedule: &Schedule, times: &[Timestep]) -> Vec<f64> {
    times.iter().map(|&t| schedule.snr(t).ln()).collect()
}

/// The integrals over ln(gamma) from the last time to each of the times, by the trapezoidal rule, trajectory by
/// trajectory.  curves: `[times][N]` -> `[times][N]`, zero at the last time.
pub(super) fn from_the_noise(log_snrs: &[f64], curves: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut integrals: Vec<Vec<f64>> = curves.iter().map(|curve| vec![0.0; curve.len()]).collect();
    for k in (1..curves.len()).rev() {
        let half_width = 0.5 * (log_snrs[k - 1] - log_snrs[k]);
        let piece = curves[k - 1].iter().zip(&curves[k]).map(|(a, b)| half_width * (a + b));
        integrals[k - 1] = integrals[k].iter().zip(piece).map(|(sum, piece)| sum + piece).collect();
    }
    integrals
}

/// Where the piecewise linear curve through (times, values), falling with time, takes `level`; its ends beyond.
pub(super) fn time_of(times: &[f64], values: &[f64], level: f64) -> f64 {
    let k = values.partition_point(|value| *value > level);
    match (k.checked_sub(1), times.get(k)) {
        (None, _) => times.first().copied().unwrap_or(f64::NAN),
        (_, None) => times.last().copied().unwrap_or(f64::NAN),
        (Some(before), Some(after)) => {
            let share = (values[before] - level) / (values[before] - values[k]);
            times[before] + share * (after - times[before])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_is_integrated_exactly() {
        let points: [f64; 4] = [3.0, 1.0, 0.5, -1.0];
        let curve: Vec<Vec<f64>> = points.iter().map(|x| vec![2.0 * x, 1.0]).collect();
        let found = from_the_noise(&points, &curve);
        for (x, found) in points.iter().zip(&found) {
            assert!((found[0] - (x * x - 1.0)).abs() < 1e-12 && (found[1] - (x + 1.0)).abs() < 1e-12, "{x}: {found:?}");
        }
    }

    #[test]
    fn a_level_is_found_between_the_times() {
        let (times, values) = ([1.0, 2.0, 4.0], [10.0, 6.0, 0.0]);
        assert_eq!(
            [12.0, 10.0, 8.0, 3.0, 0.0, -1.0].map(|level| time_of(&times, &values, level)),
            [1.0, 1.0, 1.5, 3.0, 4.0, 4.0]
        );
    }
}
