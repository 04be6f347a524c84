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

    /// The resamples, each of n indices.
    pub(crate) fn draws(&self) -> &[Vec<u32>] {
        &self.draws
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
        Self::centred(value, self.draws.par_iter().map(|draw| statistic(draw)).collect())
    }

    /// The interval of `value` from the values of resamples, moved as in [`Self::centred_interval`].
    pub(crate) fn centred(value: f64, resamples: Vec<f64>) -> Interval {
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

    /// The interval of sum a / sum b over trajectories.
    pub fn ratio(&self, a: &[f64], b: &[f64]) -> Interval {
        self.interval(|indices| ratio_of(a, b, indices))
    }

    /// The interval of the difference of two statistics, ours minus theirs, of trajectories that are independent of each
    /// other: each set is resampled for itself, draw r of one with draw r + R/2 of the other.
    pub fn difference(&self, ours: impl Fn(&[u32]) -> f64, other: &Self, theirs: impl Fn(&[u32]) -> f64) -> Interval {
        let all = |n: usize| (0..n as u32).collect::<Vec<_>>();
        let value = ours(&all(self.n)) - theirs(&all(other.n));
        let others = other.draws.iter().cycle().skip(other.draws.len() / 2);
        let (low, high) = central(self.draws.iter().zip(others).map(|(a, b)| ours(a) - theirs(b)).collect());
        Interval { value, low, high }
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

/// The sum of `a` over the sum of `b`, over some trajectories.
pub fn ratio_of(a: &[f64], b: &[f64], indices: &[u32]) -> f64 {
    let sum = |values: &[f64]| indices.iter().map(|&i| values[i as usize]).sum::<f64>();
    sum(a) / sum(b)
}

/// The mean of `values` over some trajectories.
pub fn mean_of(values: &[f64], indices: &[u32]) -> f64 {
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

/// Where a curve crosses `level`, with an interval from the scatter of its values: each belongs to a machine trained
/// with noise of its own, and the value at one t cannot be measured again.
///
/// A parabola is fitted to the values of `reach` times on either side of the raw [`crossing`]; `value` is where the
/// parabola crosses, and the interval that of the crossings of parabolas fitted to resampled residuals (Efron and
/// Tibshirani 1993, section 9.4). Residuals also hold what is not parabolic in the curve, which widens the interval.
/// `settings` are the seed and the number of resamples; `None` where there is no crossing or there are too few times.
pub fn fitted_crossing(
    times: &[f64],
    values: &[f64],
    level: f64,
    reach: usize,
    (seed, resamples): (u64, usize),
) -> Option<Interval> {
    let raw = crossing(times, values, level)?;
    let after = times.iter().position(|&t| t >= raw)?;
    let window = after.saturating_sub(reach)..(after + reach).min(times.len());
    let width = times[window.end - 1] - times[window.start];
    let x: Vec<f64> = times[window.clone()].iter().map(|t| (t - raw) / width).collect();
    let y: Vec<f64> = values[window].iter().map(|value| value - level).collect();
    if x.len() < 5 {
        return None;
    }
    let fitted = parabola(&x, &y)?;
    let smooth: Vec<f64> = x.iter().map(|&x| value_of(fitted, x)).collect();
    // Residuals of three fitted parameters are too small by this factor.
    let spread = (x.len() as f64 / (x.len() as f64 - 3.0)).sqrt();
    let residuals: Vec<f64> = y.iter().zip(&smooth).map(|(y, smooth)| spread * (y - smooth)).collect();
    let ends = (x.first().copied().unwrap_or(-1.0), x.last().copied().unwrap_or(1.0));
    let scattered = Bootstrap::new(seed, resamples, x.len()).interval(|draw| {
        let y: Vec<f64> = smooth.iter().zip(draw).map(|(smooth, &i)| smooth + residuals[i as usize]).collect();
        parabola(&x, &y).map_or(f64::NAN, |fit| root(fit, ends))
    });
    let in_time = |x: f64| raw + width * x;
    Some(Interval { value: in_time(root(fitted, ends)), low: in_time(scattered.low), high: in_time(scattered.high) })
}

/// The coefficients of the parabola of least squares through (x, y).
fn parabola(x: &[f64], y: &[f64]) -> Option<[f64; 3]> {
    let moment = |power: i32| x.iter().map(|x| x.powi(power)).sum::<f64>();
    let m = [0, 1, 2, 3, 4].map(moment);
    let right = [0, 1, 2].map(|power| x.iter().zip(y).map(|(x, y)| x.powi(power) * y).sum::<f64>());
    let matrix = [[m[0], m[1], m[2]], [m[1], m[2], m[3]], [m[2], m[3], m[4]]];
    let whole = determinant(matrix);
    let coefficient = |column: usize| {
        let mut replaced = matrix;
        (0..3).for_each(|row| replaced[row][column] = right[row]);
        determinant(replaced) / whole
    };
    (whole.abs() > 0.0).then(|| [0, 1, 2].map(coefficient))
}

fn determinant([a, b, c]: [[f64; 3]; 3]) -> f64 {
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
}

fn value_of([a, b, c]: [f64; 3], x: f64) -> f64 {
    a + x * (b + x * c)
}

/// The root of a parabola nearest to 0 within the ends, or the end that is nearer to one.
fn root(fit: [f64; 3], (low, high): (f64, f64)) -> f64 {
    let [a, b, c] = fit;
    let inner = (b * b - 4.0 * a * c).max(0.0).sqrt();
    let q = -0.5 * (b + b.signum() * inner);
    let roots = [q / c, a / q].into_iter().filter(|root| root.is_finite());
    let nearest = roots.fold(f64::INFINITY, |best, root| if root.abs() < best.abs() { root } else { best });
    nearest.clamp(low, high)
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
    fn independent_sets_add_their_variances() {
        let mut stream = Stream::new(6, Purpose::Choice, 0, 0);
        let mut values = vec![0.0_f32; 2000];
        stream.fill_normal(&mut values);
        let (a, b): (Vec<f64>, Vec<f64>) = values.chunks_exact(2).map(|v| (f64::from(v[0]), f64::from(v[1]))).unzip();
        let bootstrap = Bootstrap::new(2, 2000, 1000);
        let difference = |b: &[f64]| bootstrap.difference(|i| mean_of(&a, i), &bootstrap, |i| mean_of(b, i));
        let half_width = 1.96 * (2.0_f64 / 1000.0).sqrt();
        // The same numbers are taken for independent ones, too, so that the difference keeps its width.
        for found in [difference(&b), difference(&a)] {
            assert!(((found.high - found.low) / (2.0 * half_width) - 1.0).abs() < 0.1, "{found:?}");
        }
        assert_eq!(difference(&a).value, 0.0);
        assert_eq!(bootstrap.ratio(&a, &a), Interval { value: 1.0, low: 1.0, high: 1.0 });
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
    fn the_scatter_of_a_curve_gives_the_interval_of_its_crossing() {
        let times: Vec<f64> = (1..=100).map(f64::from).collect();
        let curve = |t: f64| 0.1 * (57.3 - t) + 0.002 * (57.3 - t).powi(2);
        let exact: Vec<f64> = times.iter().map(|&t| curve(t)).collect();
        let found = fitted_crossing(&times, &exact, 0.0, 6, (1, 200)).unwrap();
        assert!((found.value - 57.3).abs() < 1e-9 && found.high - found.low < 1e-9, "{found:?}");
        // With noise of s.d. s the crossing of a line through n points scatters by about s / (slope sqrt(n)), of a
        // parabola 1.5 times that in the middle; the interval must hold the truth about 95 times of 100.
        let (mut held, mut width) = (0, 0.0);
        for seed in 0..100 {
            let mut noise = vec![0.0_f32; 100];
            Stream::new(seed, Purpose::Choice, 1, 0).fill_normal(&mut noise);
            let noisy: Vec<f64> = exact.iter().zip(&noise).map(|(y, &e)| y + 0.03 * f64::from(e)).collect();
            let found = fitted_crossing(&times, &noisy, 0.0, 6, (seed, 300)).unwrap();
            held += usize::from(found.low <= 57.3 && 57.3 <= found.high);
            width += (found.high - found.low) / 100.0;
        }
        assert!((85..=100).contains(&held), "{held}");
        let expected = 2.0 * 1.96 * 1.5 * 0.03 / (0.1 * 12.0_f64.sqrt());
        assert!((0.7..1.4).contains(&(width / expected)), "{width} {expected}");
        assert_eq!(fitted_crossing(&times, &exact, 1e9, 6, (1, 10)), None);
    }

    #[test]
    fn quantiles_lie_between_order_statistics() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
