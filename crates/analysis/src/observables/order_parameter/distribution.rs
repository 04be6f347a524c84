//! Histograms, kernel densities and modes of numbers.

use crate::stats::quantile;

/// Bins of a histogram.
const BINS: usize = 60;
/// Points at which a density is searched for modes.
const POINTS: usize = 240;
/// How far a mode stands above the lower of the valleys that part it from higher ones, in parts of the highest.
const PROMINENCE: f64 = 0.05;

/// Equal bins over a range.
pub(super) struct Bins {
    low: f64,
    width: f64,
}

impl Bins {
    /// The bins over `range`; over `[-1, 1]` where there is none.
    pub(super) fn over(range: Option<(f64, f64)>) -> Self {
        let (low, high) = range.filter(|(low, high)| high > low).unwrap_or((-1.0, 1.0));
        Self { low, width: (high - low) / BINS as f64 }
    }

    /// The middle of every bin.
    pub(super) fn centres(&self) -> Vec<f64> {
        (0..BINS).map(|bin| self.low + (bin as f64 + 0.5) * self.width).collect()
    }

    /// (middle, density) of every bin; values outside are counted in the bins at the ends.
    pub(super) fn histogram(&self, values: &[f64]) -> impl Iterator<Item = (f64, f64)> {
        let mut counts = vec![0_usize; BINS];
        for value in values {
            // Casting clips at 0, and NaN counts there.
            counts[(((value - self.low) / self.width) as usize).min(BINS - 1)] += 1;
        }
        let scale = 1.0 / (values.len() as f64 * self.width);
        self.centres().into_iter().zip(counts.into_iter().map(move |count| count as f64 * scale))
    }
}

/// Silverman's kernel width 0.9 min(s, IQR / 1.34) n^{-1/5}.  Silverman 1986, equation 3.31.
pub(super) fn bandwidth(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let spread = (quantile(&sorted, 0.75) - quantile(&sorted, 0.25)) / 1.34;
    0.9 * if spread > 0.0 { deviation.min(spread) } else { deviation } * n.powf(-0.2)
}

/// The density (1/n) sum_i N(x; v_i, variance) at `points`.
pub(super) fn kernel_density(values: &[f64], variance: f64, points: &[f64]) -> Vec<f64> {
    let scale = 1.0 / (values.len() as f64 * (std::f64::consts::TAU * variance).sqrt());
    let at = |x: &f64| values.iter().map(|v| (-0.5 * (x - v).powi(2) / variance).exp()).sum::<f64>() * scale;
    points.iter().map(at).collect()
}

/// The number of modes of the kernel density of `values`; 1 where they are all alike.
pub(super) fn modes(values: &[f64], variance: f64) -> usize {
    let (low, high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    let reach = 3.0 * variance.sqrt();
    if !(variance > 0.0 && (high - low + reach).is_finite()) {
        return 1;
    }
    let step = (high - low + 2.0 * reach) / (POINTS - 1) as f64;
    let points: Vec<f64> = (0..POINTS).map(|i| low - reach + i as f64 * step).collect();
    prominent(&kernel_density(values, variance, &points))
}

/// The local maxima that stand out by [`PROMINENCE`].
fn prominent(density: &[f64]) -> usize {
    let top = density.iter().copied().fold(0.0, f64::max);
    let (mut count, mut valley, mut peak) = (0, 0.0_f64, 0.0_f64);
    let mut rising = true;
    for &height in density {
        if rising {
            peak = peak.max(height);
            if peak - height > PROMINENCE * top {
                (count, valley, rising) = (count + 1, height, false);
            }
        } else {
            valley = valley.min(height);
            if height - valley > PROMINENCE * top {
                (peak, rising) = (height, true);
            }
        }
    }
    // A maximum at the very end has no descent after it.
    count.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud(offset: f64) -> Vec<f64> {
        // Quantiles of a logistic distribution of scale 0.55, about unit variance, at +-offset.
        let one = (1..400).map(|i| 0.55 * (f64::from(i) / f64::from(400 - i)).ln());
        one.flat_map(|x| [x - offset, x + offset]).collect()
    }

    #[test]
    fn one_cloud_has_one_mode_and_two_have_two() {
        for (offset, expected) in [(0.0, 1), (0.5, 1), (2.5, 2), (6.0, 2)] {
            let values = cloud(offset);
            assert_eq!(modes(&values, bandwidth(&values).powi(2)), expected, "{offset}");
        }
        assert_eq!(modes(&[2.0; 30], 0.0), 1);
        let three: Vec<f64> =
            [-8.0, 0.0, 8.0].into_iter().flat_map(|c| cloud(0.0).into_iter().map(move |x| x + c)).collect();
        assert_eq!(modes(&three, 0.3), 3);
    }

    #[test]
    fn densities_integrate_to_one() {
        let (values, bins) = (cloud(1.0), Bins::over(Some((-12.0, 12.0))));
        let total: f64 = bins.histogram(&values).map(|(_, density)| density * bins.width).sum();
        assert!((total - 1.0).abs() < 1e-12);
        let smooth: f64 = kernel_density(&values, 0.25, &bins.centres()).iter().map(|p| p * bins.width).sum();
        assert!((smooth - 1.0).abs() < 1e-3, "{smooth}");
    }

    #[test]
    fn silverman_width_of_a_thousand_normal_quantiles() {
        let values = cloud(0.0);
        // s = 0.55 pi / sqrt(3), IQR = 2 * 0.55 ln 3, n = 798.
        let expected = 0.9 * (2.0 * 0.55 * 3.0_f64.ln() / 1.34) * 798_f64.powf(-0.2);
        assert!((bandwidth(&values) / expected - 1.0).abs() < 0.02, "{}", bandwidth(&values));
    }
}
