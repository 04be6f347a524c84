//! Means and crossings with bootstrap intervals over trajectories.

use rayon::prelude::*;
use schedule::{Purpose, Stream};

/// An estimate with a central 95% interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The estimate itself.
    pub value: f64,
    /// The 2.5% quantile of its bootstrap distribution.
    pub low: f64,
    /// The 97.5% quantile.
    pub high: f64,
}

/// The resamples of n trajectories: R draws of n indices with replacement (Efron 1979).
///
/// The draws are keyed by (seed, resample, n) alone, so that quantities measured on the same trajectories (at several
/// timesteps, before and after a change) are resampled together.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    n: usize,
    draws: Vec<Vec<u32>>,
}

impl Bootstrap {
    /// `resamples` resamples of `n` trajectories.
    pub fn new(seed: u64, resamples: usize, n: usize) -> Self {
        let draw = |r: usize| {
            let mut stream = Stream::new(seed, Purpose::Bootstrap, r as u64, n as u64);
            (0..n).map(|_| stream.below(n as u64) as u32).collect()
        };
        Self { n, draws: (0..resamples).map(draw).collect() }
    }

    /// n, the number of trajectories.
    pub fn trajectories(&self) -> usize {
        self.n
    }

    /// The interval of any statistic of a multiset of trajectory indices.
    pub fn interval(&self, statistic: impl Fn(&[u32]) -> f64) -> Interval {
        let all: Vec<u32> = (0..self.n as u32).collect();
        let value = statistic(&all);
        let (low, high) = central(self.draws.iter().map(|draw| statistic(draw)).collect());
        Interval { value, low, high }
    }

    /// As [`Self::interval`], moved so that the mean of the resamples is the value: for statistics whose resamples are
    /// biased against the value itself, as distances between sets are (a resample holds fewer different trajectories).
    pub fn centred_interval(&self, statistic: impl Fn(&[u32]) -> f64 + Sync) -> Interval {
        let all: Vec<u32> = (0..self.n as u32).collect();
        let value = statistic(&all);
        let resamples: Vec<f64> = self.draws.par_iter().map(|draw| statistic(draw)).collect();
        let shift = value - resamples.iter().sum::<f64>() / resamples.len() as f64;
        let (low, high) = central(resamples.into_iter().map(|resample| resample + shift).collect());
        Interval { value, low, high }
    }

    /// The interval of the mean of one value a trajectory.
    pub fn mean(&self, values: &[f64]) -> Interval {
        self.interval(|indices| mean_of(values, indices))
    }

    /// The interval of the mean over those trajectories alone where `mask` holds (a class); NaN where there is none.
    pub fn mean_where(&self, values: &[f64], mask: &[bool]) -> Interval {
        self.interval(|indices| {
            let chosen = indices.iter().map(|&i| i as usize).filter(|&i| mask[i]);
            let (sum, count) = chosen.fold((0.0, 0_usize), |(sum, count), i| (sum + values[i], count + 1));
            sum / count as f64
        })
    }

    /// Where the mean of `curves` (one value a trajectory at each of `times`) last crosses `level`: see [`crossing`].
    ///
    /// `None` where the mean curve does not cross; resamples that do not cross count as the end they stay at.
    pub fn crossing(&self, times: &[f64], curves: &[Vec<f64>], level: f64) -> Option<Interval> {
        let curve = |indices: &[u32]| curves.iter().map(|values| mean_of(values, indices)).collect::<Vec<_>>();
        self.crossing_of(times, level, curve)
    }

    /// As [`Self::crossing`], of any curve over `times` computed from trajectory indices.
    pub fn crossing_of(&self, times: &[f64], level: f64, curve: impl Fn(&[u32]) -> Vec<f64>) -> Option<Interval> {
        let all: Vec<u32> = (0..self.n as u32).collect();
        let whole = curve(&all);
        let value = crossing(times, &whole, level)?;
        let falls = whole.first() > whole.last();
        let found = |draw: &Vec<u32>| {
            let curve = curve(draw);
            crossing(times, &curve, level).unwrap_or_else(|| {
                let above = curve.last().is_some_and(|&last| last > level);
                let end = if above == falls { times.last() } else { times.first() };
                end.copied().unwrap_or(f64::NAN)
            })
        };
        let (low, high) = central(self.draws.iter().map(found).collect());
        Some(Interval { value, low, high })
    }
}

fn mean_of(values: &[f64], indices: &[u32]) -> f64 {
    indices.iter().map(|&i| values[i as usize]).sum::<f64>() / indices.len() as f64
}

/// The 2.5% and 97.5% quantiles (linear between order statistics).
fn central(mut values: Vec<f64>) -> (f64, f64) {
    values.retain(|value| !value.is_nan());
    values.sort_by(f64::total_cmp);
    (quantile(&values, 0.025), quantile(&values, 0.975))
}

/// The p-quantile of increasing values, linear between order statistics; NaN of none.
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = p.clamp(0.0, 1.0) * last as f64;
    let low = position.floor() as usize;
    let high = (low + 1).min(last);
    sorted[low] + (position - low as f64) * (sorted[high] - sorted[low])
}

/// The largest time at which the piecewise linear curve through (times, values) passes through `level`; `None` where
/// all values lie on one side.  `times` increase.
pub fn crossing(times: &[f64], values: &[f64], level: f64) -> Option<f64> {
    let points: Vec<(f64, f64)> = times.iter().copied().zip(values.iter().map(|value| value - level)).collect();
    points.windows(2).rev().find_map(|pair| match pair {
        &[(t0, y0), (t1, y1)] if (y0 > 0.0) != (y1 > 0.0) => Some(t0 + (t1 - t0) * y0 / (y0 - y1)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_that_of_the_central_limit_theorem() {
        let mut stream = Stream::new(5, Purpose::Choice, 0, 0);
        let mut values = vec![0.0_f32; 2000];
        stream.fill_normal(&mut values);
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let found = Bootstrap::new(1, 2000, values.len()).mean(&values);
        let half_width = 1.96 / (values.len() as f64).sqrt();
        assert!(((found.high - found.low) / (2.0 * half_width) - 1.0).abs() < 0.1, "{found:?}");
        assert!(found.low < found.value && found.value < found.high);
    }

    #[test]
    fn a_class_is_averaged_alone() {
        let found = Bootstrap::new(0, 50, 4).mean_where(&[1.0, 2.0, 3.0, 9.0], &[true, false, true, false]);
        assert_eq!(found.value, 2.0);
    }

    #[test]
    fn crossings_are_the_last_and_are_interpolated() {
        let times = [10.0, 20.0, 30.0, 40.0];
        assert_eq!(crossing(&times, &[1.0, 0.0, 1.0, 0.5], 0.75), Some(35.0));
        assert_eq!(crossing(&times, &[1.0, 0.9, 0.6, 0.5], 0.75), Some(25.0));
        assert_eq!(crossing(&times, &[1.0, 0.9, 0.6, 0.5], 0.2), None);
        // Three trajectories of ones and zeros: the mean falls from 1 to 1/3.
        let curves = vec![vec![1.0; 3], vec![1.0, 1.0, 0.0], vec![1.0, 0.0, 0.0]];
        let found = Bootstrap::new(3, 200, 3).crossing(&times[..3], &curves, 0.5).unwrap();
        assert!((found.value - 25.0).abs() < 1e-12 && found.low >= 10.0 && found.high <= 30.0, "{found:?}");
        assert!(found.low < found.value && found.value < found.high);
    }

    #[test]
    fn quantiles_lie_between_order_statistics() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
