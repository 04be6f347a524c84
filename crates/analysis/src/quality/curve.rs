//! How far samples lie from the curve that their data lie on.

use crate::stats::{Bootstrap, Interval, mean_of, quantile};

/// Distance beyond which a sample counts as off the curve.
const OFF: f64 = 0.1;

/// Of the distances min_theta |y_j - x(theta)| of samples to a curve `[n]`: `curve_distance`, their mean, `curve_distance_95`,
/// their 95% quantile, and `off_curve`, the share beyond 0.1; with intervals by the bootstrap over the samples.
///
/// 0 for samples of the curve itself; a blur of standard deviation s has the mean s sqrt(2 / pi) while s is small against
/// the distance of neighbouring turns.
pub fn curve_distances(distances: &[f64], bootstrap: &Bootstrap) -> [(&'static str, Interval); 3] {
    let off: Vec<f64> = distances.iter().map(|distance| f64::from(u8::from(*distance > OFF))).collect();
    let upper = |indices: &[u32]| {
        let mut chosen: Vec<f64> = indices.iter().map(|&j| distances[j as usize]).collect();
        chosen.sort_unstable_by(f64::total_cmp);
        quantile(&chosen, 0.95)
    };
    [
        ("curve_distance", bootstrap.interval(|indices| mean_of(distances, indices))),
        ("curve_distance_95", bootstrap.interval(upper)),
        ("off_curve", bootstrap.interval(|indices| mean_of(&off, indices))),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::oracle;
    use super::*;

    #[test]
    fn distances_by_hand() {
        let found = curve_distances(&[0.0, 0.2, 0.05, 0.15], &Bootstrap::new(0, 10, 4)).map(|(_, found)| found.value);
        assert!((found[0] - 0.1).abs() < 1e-15 && (found[1] - 0.1925).abs() < 1e-15 && found[2] == 0.5, "{found:?}");
    }

    #[test]
    fn the_numbers_of_the_oracle() {
        let schedule = schedule::Schedule::new(schedule::Law::Linear { beta_start: 0.1, beta_end: 0.2 }, 2).unwrap();
        let frame = data::Frame::Identity { dim: 2 };
        let spiral = model::Spiral::new(&schedule, &frame, model::Spiral::GRID, 1).unwrap();
        let distances = spiral.distances(&oracle::PLANE);
        let found = curve_distances(&distances, &Bootstrap::new(0, 10, distances.len())).map(|(_, found)| found.value);
        for (found, expected) in found.iter().zip(oracle::CURVE) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }
}
