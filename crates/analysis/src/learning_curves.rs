//! Learning curves, read off `metrics.csv`.

use crate::{MetricRow, Split};

/// Test losses whose variance the thesis's stopping rule looks at.
pub(crate) const WINDOW: usize = 6;

/// The MSE of one machine on one split after each epoch that was evaluated.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LearningCurve {
    /// Timestep, 1..=T.
    pub(crate) t: usize,
    /// Epoch and MSE per coordinate on eps, by increasing epoch.
    pub(crate) losses: Vec<(usize, f64)>,
}

/// The learning curves of all machines on a split, by increasing t.
pub(crate) fn learning_curves(metrics: &[MetricRow], split: Split) -> Vec<LearningCurve> {
    let mut rows: Vec<&MetricRow> =
        metrics.iter().filter(|row| row.metric == MetricRow::MSE && row.split == split).collect();
    rows.sort_by_key(|row| (row.t, row.epoch));
    let of_one = |rows: &[&MetricRow]| {
        let losses = rows.iter().map(|row| (row.epoch, row.value)).collect();
        rows.first().map(|row| LearningCurve { t: row.t, losses })
    };
    rows.chunk_by(|one, other| one.t == other.t).filter_map(of_one).collect()
}

impl LearningCurve {
    /// Epochs and losses as points of a figure.
    pub(crate) fn points(&self) -> Vec<(f64, f64)> {
        self.losses.iter().map(|&(epoch, loss)| (epoch as f64, loss)).collect()
    }

    /// The epoch of the lowest loss, the first where several are the same, and the loss.
    pub(crate) fn minimum(&self) -> Option<(usize, f64)> {
        let finite = self.losses.iter().copied().filter(|(_, loss)| loss.is_finite());
        finite.min_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// (1/6) sum_i (l_i - mean)^2 over the last six losses, at the epoch of the sixth and of every later one.
    pub(crate) fn rolling_variance(&self) -> Vec<(usize, f64)> {
        let variance = |window: &[(usize, f64)]| {
            let mean = window.iter().map(|(_, loss)| loss).sum::<f64>() / WINDOW as f64;
            let sum: f64 = window.iter().map(|(_, loss)| (loss - mean) * (loss - mean)).sum();
            window.last().map(|(epoch, _)| (*epoch, sum / WINDOW as f64))
        };
        self.losses.windows(WINDOW).filter_map(variance).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(t: usize, epoch: usize, split: Split, metric: &str, value: f64) -> MetricRow {
        MetricRow { t, epoch, split, metric: metric.into(), value }
    }

    #[test]
    fn curves_are_those_of_the_split_in_order() {
        let rows = [
            row(2, 2, Split::Test, "mse", 0.2),
            row(2, 1, Split::Test, "mse", 0.3),
            row(1, 4, Split::Test, "mse", 0.5),
            row(1, 4, Split::Train, "mse", 0.4),
            row(2, 1, Split::Test, "mse_wiener", 0.1),
        ];
        let curves = learning_curves(&rows, Split::Test);
        let expected = [(1, vec![(4, 0.5)]), (2, vec![(1, 0.3), (2, 0.2)])];
        assert_eq!(curves, expected.map(|(t, losses)| LearningCurve { t, losses }));
        assert_eq!(learning_curves(&rows, Split::Validation), []);
    }

    #[test]
    fn the_minimum_is_the_first_of_the_lowest() {
        let curve = |losses: &[f64]| LearningCurve { t: 1, losses: (1..).zip(losses.iter().copied()).collect() };
        assert_eq!(curve(&[0.5, 0.2, 0.4, 0.2]).minimum(), Some((2, 0.2)));
        assert_eq!(curve(&[f64::NAN, 0.4]).minimum(), Some((2, 0.4)));
        assert_eq!(curve(&[]).minimum(), None);
    }

    #[test]
    fn the_variance_is_that_of_the_last_six() {
        // A lone 1 among five 0 has 5/36; once it has left the window nothing varies.
        let losses = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let curve = LearningCurve { t: 1, losses: losses.into_iter().enumerate().map(|(i, l)| (2 * i, l)).collect() };
        let variances = curve.rolling_variance();
        assert_eq!(variances.iter().map(|(epoch, _)| *epoch).collect::<Vec<_>>(), [10, 12]);
        assert!((variances[0].1 - 5.0 / 36.0).abs() < 1e-15 && variances[1].1 == 0.0);
        assert_eq!(LearningCurve { t: 1, losses: vec![(1, 0.5); 5] }.rolling_variance(), []);
    }
}
