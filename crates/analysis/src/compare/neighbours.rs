//! The spread of a difference between two runs at one timestep, from the machines beside it.
//!
//! With one run on each side nothing is repeated: each timestep has one difference d_t, of two machines that were
//! trained once.  Its epochs are no repetition.  They follow the same weights, so they are strongly correlated, and the
//! part of the scatter that matters most (initial weights, order of the samples) is the same in all of them; a test on
//! epochs would call any two seeds different.  What is repeated is the experiment *at neighbouring timesteps*: the
//! machines at t and t + 1 learn nearly the same task from initial weights, orders and noise of their own.  So
//!
//! null hypothesis: d_t = 0 + error, errors independent between machines and of nearly the same size at neighbouring t;
//!
//! spread: (d_{t+1} - d_t) / sqrt(2) has the variance of the error whatever smooth curve d follows (von Neumann 1941,
//! Rice 1984), so it is measured without assuming the null hypothesis elsewhere.
//!
//! The nearest 24 such differences are taken, without those that involve d_t itself, and of them the smallest 80%, so
//! that the steps at the ends of a window where the runs do differ do not count as scatter; the factor that makes up for
//! the cut is that of the normal law.  Degrees of freedom: 3/8 of the number of differences, that is 9 for 24.
//! Successive differences overlap, and the size of the errors is allowed to change by a factor of 4 within 30
//! timesteps; measured on simulated errors (400 times T = 60), 9 gives 0.89, 0.81 and 0.85 times the nominal false
//! positives at p = 0.05, 0.01 and 0.002 where the size changes so, and fewer where it does not.
//!
//! With warm starts a machine inherits from its neighbour, up to its anchor.  Only differences over `lag` timesteps, the
//! spacing of the anchors, are then independent, and only every `lag`-th of them counts.
//!
//! The test is conditional on the data: what all machines of a run share (the samples drawn, where a seed draws them)
//! shows as a difference.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use super::student::Estimate;

/// Differences that the spread is taken from.
const NEAREST: usize = 24;
/// The share of them that is kept.
const KEPT: f64 = 0.8;
/// Degrees of freedom for each difference.
const DF_SHARE: f64 = 0.375;
/// Fewer independent differences give no spread.
const LEAST: f64 = 6.0;

/// The estimate of each value with its spread; `None` where there are too few neighbours.
///
/// `times` increase; `values`: one for each; `lag`: timesteps from which on two machines are independent, 1 without warm
/// starts.
pub fn estimates(times: &[usize], values: &[f64], lag: usize) -> Vec<Option<Estimate>> {
    let lag = lag.max(1);
    let steps: Vec<Step> = (0..times.len()).filter_map(|from| Step::new(times, values, from, lag)).collect();
    let estimate = |(&t, &value): (&usize, &f64)| {
        let (se, df) = spread(&steps, t, lag)?;
        Some(Estimate { value, se, df })
    };
    times.iter().zip(values).map(estimate).collect()
}

/// A difference between two timesteps whose machines are independent.
struct Step {
    from: usize,
    to: usize,
    /// (d_to - d_from)^2 / 2.
    variance: f64,
}

impl Step {
    /// From the time of an index to the first that is `lag` or more away.
    fn new(times: &[usize], values: &[f64], from: usize, lag: usize) -> Option<Self> {
        let to = from + times[from..].iter().position(|t| *t >= times[from] + lag)?;
        Some(Self { from: times[from], to: times[to], variance: (values[to] - values[from]).powi(2) / 2.0 })
    }
}

/// The spread at `t` and its degrees of freedom.
fn spread(steps: &[Step], t: usize, lag: usize) -> Option<(f64, f64)> {
    let apart = |step: &&Step| step.from.abs_diff(t) >= lag && step.to.abs_diff(t) >= lag;
    let mut near: Vec<&Step> = steps.iter().filter(apart).collect();
    near.sort_by_key(|step| (step.from + step.to).abs_diff(2 * t));
    near.truncate(NEAREST * lag);
    let independent = near.len() as f64 / lag as f64;
    if independent < LEAST {
        return None;
    }
    let mut variances: Vec<f64> = near.iter().map(|step| step.variance).collect();
    variances.sort_by(f64::total_cmp);
    let kept = (KEPT * variances.len() as f64).floor() as usize;
    let mean = variances[..kept].iter().sum::<f64>() / kept as f64;
    let share = kept as f64 / variances.len() as f64;
    Some(((mean / share_of_variance(share)).sqrt(), DF_SHARE * independent))
}

/// The mean of e^2 over the `share` of smallest |e|, for standard normal e: 1 - 2 q phi(q) / share with
/// P(|e| < q) = share.
fn share_of_variance(share: f64) -> f64 {
    let law = Normal::standard();
    let q = law.inverse_cdf((1.0 + share) / 2.0);
    1.0 - 2.0 * q * law.pdf(q) / share
}

#[cfg(test)]
mod tests {
    use schedule::{Purpose, Stream};

    use super::*;

    fn normals(seed: u64, n: usize) -> Vec<f64> {
        let mut values = vec![0.0_f32; n];
        Stream::new(seed, Purpose::Choice, 7, 0).fill_normal(&mut values);
        values.into_iter().map(f64::from).collect()
    }

    /// The share of p-values at or below `level` over repetitions of an experiment under the null hypothesis.
    fn false_positives(level: f64, lag: usize, errors: impl Fn(u64) -> Vec<f64>) -> f64 {
        let (mut found, mut all) = (0_u32, 0_u32);
        for seed in 0..300 {
            let values = errors(seed);
            let times: Vec<usize> = (1..=values.len()).collect();
            for estimate in estimates(&times, &values, lag) {
                found += u32::from(estimate.unwrap().p() <= level);
                all += 1;
            }
        }
        f64::from(found) / f64::from(all)
    }

    #[test]
    fn false_positives_are_as_many_as_they_should_be() {
        let even = |seed| normals(seed, 100);
        let uneven = |seed| {
            let size = |t: usize| (0.7 * (t as f64 / 9.5).sin()).exp();
            normals(seed, 100).into_iter().enumerate().map(|(t, e)| size(t) * e).collect()
        };
        // A size that does not change is the easier case, so that the test is a little cautious there.
        assert!((0.025..0.05).contains(&false_positives(0.05, 1, even)));
        assert!((0.003..0.01).contains(&false_positives(0.01, 1, even)));
        assert!((0.035..0.055).contains(&false_positives(0.05, 1, uneven)));
        assert!((0.006..0.013).contains(&false_positives(0.01, 1, uneven)));
    }

    /// Errors that are inherited: each block of ten shares half of its variance.
    fn inherited(seed: u64) -> Vec<f64> {
        let (own, shared) = (normals(seed, 400), normals(seed + 1_000_000, 40));
        own.iter().enumerate().map(|(i, e)| (e + shared[i / 10]) / 2.0_f64.sqrt()).collect()
    }

    #[test]
    fn warm_starts_need_the_lag_of_their_anchors() {
        assert!((0.015..0.06).contains(&false_positives(0.05, 10, inherited)));
        assert!(false_positives(0.05, 1, inherited) > 0.1, "or the lag would not be needed");
    }

    #[test]
    fn steps_and_slopes_are_not_taken_for_scatter() {
        let times: Vec<usize> = (1..=100).collect();
        let noise = normals(3, 100);
        let step = |t: usize| if (41..=53).contains(&t) { 50.0 } else { 0.0 };
        for curve in [&step as &dyn Fn(usize) -> f64, &|t| 0.05 * t as f64] {
            let values: Vec<f64> = times.iter().map(|&t| curve(t) + noise[t - 1]).collect();
            for (t, estimate) in times.iter().zip(estimates(&times, &values, 1)) {
                assert!((0.4..2.0).contains(&estimate.unwrap().se), "t = {t}: {estimate:?}");
            }
        }
    }

    #[test]
    fn few_timesteps_give_no_spread_and_equal_runs_none_to_see() {
        let times: Vec<usize> = (1..=8).collect();
        assert!(estimates(&times, &normals(1, 8), 1).iter().skip(1).take(6).all(Option::is_none));
        let times: Vec<usize> = (1..=30).collect();
        let mut values = vec![0.0; 30];
        values[12] = 1e-9;
        let p: Vec<f64> = estimates(&times, &values, 1).into_iter().map(|estimate| estimate.unwrap().p()).collect();
        assert!(p.iter().enumerate().all(|(i, p)| *p == if i == 12 { 0.0 } else { 1.0 }));
    }
}
