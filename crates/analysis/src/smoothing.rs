//! Slopes and peaks of noisy curves over t: least squares and means over a window of neighbouring points.

/// Points on each side of the middle of a window, for a curve of `len` points: 4 of 100, at least 1.
fn reach(len: usize) -> usize {
    (len / 25).max(1)
}

/// The slope at each of `times` of the straight line fitted by least squares to the points in its window:
/// sum_j (t_j - mean t) y_j / sum_j (t_j - mean t)^2.  Linear in `values`; 0 for a single point.
pub(crate) fn slopes(times: &[f64], values: &[f64]) -> Vec<f64> {
    let (len, reach) = (times.len(), reach(times.len()));
    let slope = |k: usize| {
        let window = k.saturating_sub(reach)..(k + reach + 1).min(len);
        let mean = times[window.clone()].iter().sum::<f64>() / window.len() as f64;
        let (mut covariance, mut variance) = (0.0, 0.0);
        for j in window {
            covariance += (times[j] - mean) * values[j];
            variance += (times[j] - mean).powi(2);
        }
        if variance > 0.0 { covariance / variance } else { 0.0 }
    };
    (0..len).map(slope).collect()
}

/// The mean of each value and its neighbours, the window shrinking evenly towards the ends.
pub(crate) fn smooth(values: &[f64]) -> Vec<f64> {
    let (len, reach) = (values.len(), reach(values.len()));
    let mean = |k: usize| {
        let reach = reach.min(k).min(len - 1 - k);
        let window = &values[k - reach..=k + reach];
        window.iter().sum::<f64>() / window.len() as f64
    };
    (0..len).map(mean).collect()
}

/// Where the smoothed curve is highest: the vertex of the parabola through its largest value and the two beside it;
/// NaN for no points.
pub(crate) fn peak(times: &[f64], values: &[f64]) -> f64 {
    let smoothed = smooth(values);
    let Some(top) = (0..smoothed.len()).reduce(|best, i| if smoothed[i] > smoothed[best] { i } else { best }) else {
        return f64::NAN;
    };
    if top == 0 || top + 1 == smoothed.len() {
        return times[top];
    }
    let (left, right) = (times[top - 1] - times[top], times[top + 1] - times[top]);
    let (below, above) = (smoothed[top - 1] - smoothed[top], smoothed[top + 1] - smoothed[top]);
    // y = a x^2 + b x through (left, below), (0, 0), (right, above).
    let a = (above / right - below / left) / (right - left);
    let b = above / right - a * right;
    if a < 0.0 { times[top] - b / (2.0 * a) } else { times[top] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uneven() -> Vec<f64> {
        (0..60).map(|i| f64::from(i) + 0.3 * f64::from(i % 3)).collect()
    }

    #[test]
    fn a_line_has_its_slope_everywhere() {
        let times = uneven();
        let line: Vec<f64> = times.iter().map(|t| 3.0 - 0.25 * t).collect();
        assert!(slopes(&times, &line).iter().all(|slope| (slope + 0.25).abs() < 1e-12));
        assert_eq!(slopes(&[1.0], &[5.0]), [0.0]);
    }

    #[test]
    fn a_parabola_keeps_its_vertex() {
        let times: Vec<f64> = (0..80).map(f64::from).collect();
        let values: Vec<f64> = times.iter().map(|t| 2.0 - (t - 31.3).powi(2)).collect();
        assert!((peak(&times, &values) - 31.3).abs() < 1e-9);
        let rising: Vec<f64> = times.iter().map(|t| t * t).collect();
        assert_eq!(peak(&times, &rising), 79.0);
        assert!(peak(&[], &[]).is_nan());
    }

    #[test]
    fn smoothing_keeps_lines_and_averages_noise() {
        let line: Vec<f64> = (0..50).map(f64::from).collect();
        assert!(smooth(&line).iter().zip(&line).all(|(a, b)| (a - b).abs() < 1e-12));
        let noise: Vec<f64> = (0..50).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert!(smooth(&noise)[10..40].iter().all(|value| value.abs() < 0.21));
    }
}
