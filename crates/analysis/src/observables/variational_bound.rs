//! The variational bound on -log p(x_0), term by term.

mod reconstruction;

use rayon::prelude::*;
use schedule::{ReverseVariance, Schedule, Timestep};

use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::probes::{Answers, test_starts};
use crate::lab::{Lab, Probes};
use crate::stats::Bootstrap;

/// -E log p(x_0) <= L_T + sum_{t>=2} L_{t-1} + L_0 in bits per coordinate, for both variances of the reverse step.
///
/// L_{t-1} = beta_t^2 / (2 sigma_t^2 alpha_t (1 - alpha_bar_t)) d MSE_t, and for sigma_t^2 = beta_t the mismatch
/// (d/2)(ln(beta_t/betatilde_t) + betatilde_t/beta_t - 1) besides; L_T = KL(q(x_T | x_0) || N(0, I)) with the mean of the
/// data; L_0 is the discretised Gaussian of 256 grey levels for images, a density for points. Ho et al. 2020, section 3;
/// Sohl-Dickstein et al. 2015.
///
/// Quantities: `bound_term` and `variance_mismatch` at t (the step t -> t - 1, t >= 2); without a time `bound_sum` over
/// these, `prior` L_T, `reconstruction` L_0 and their sum `bound`. Groups: the variance. Between measured timesteps the
/// error is the affine predictor's times the interpolated ratio to it. `gaussian` is the closed form for Gaussian data of
/// the training set's covariance, `wiener` that of the affine predictor on the test set.
pub(super) struct VariationalBound;

const VARIANCES: [(ReverseVariance, &str); 2] =
    [(ReverseVariance::Posterior, "posterior"), (ReverseVariance::Beta, "beta")];

impl Observable for VariationalBound {
    fn name(&self) -> &'static str {
        "variational_bound"
    }

    fn group(&self) -> Group {
        Group::Information
    }

    fn question(&self) -> &'static str {
        "Which timesteps cost how many bits of the variational bound?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        Some(lab.model_count() * Probes::work(lab))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let (second, z0) = (second_moments(&lab.data.test.values, lab.dim()), test_starts(lab));
        let prior = prior(lab, &second) / std::f64::consts::LN_2;
        let mut rows = vec![ObservableRow::timeless("data", "prior", prior)];
        let first = lab.schedule.timestep(1);
        let mut add = |name: &str, errors: &Errors, at_first: Option<&Answers>| {
            for (variance, word) in VARIANCES {
                let own = errors.rows(lab, name, variance, word);
                let last = at_first.map(|answers| reconstruction::nats(lab, answers, &z0, variance));
                rows.extend(own);
                rows.extend(errors.totals(lab, name, variance, prior, last).into_iter().map(|row| row.of_group(word)));
            }
        };
        let wiener = |t: Timestep| lab.wiener().mse(t, &second);
        for (k, model) in lab.models()?.iter().enumerate() {
            let probes = lab.probes(k, advance)?;
            let answers = first.as_ref().ok().map(|&t| Answers::of(lab, model.denoiser, &z0, t)).transpose()?;
            add(model.name, &Errors::measured(lab.schedule, probes, wiener), answers.as_ref());
        }
        let answers = first.as_ref().ok().map(|&t| Answers::of(lab, lab.wiener(), &z0, t)).transpose()?;
        add("wiener", &Errors::exact(lab.schedule, wiener), answers.as_ref());
        add("gaussian", &Errors::exact(lab.schedule, |t| lab.gaussian().mse(t)), None);
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// E z_k^2 of some rows.  values: `[n, d]` -> `[d]`.
pub(super) fn second_moments(values: &[f32], d: usize) -> Vec<f64> {
    let mut sums = vec![0.0; d];
    for row in values.chunks_exact(d) {
        sums.iter_mut().zip(row).for_each(|(sum, &z)| *sum += f64::from(z) * f64::from(z));
    }
    let n = (values.len() / d).max(1) as f64;
    sums.into_iter().map(|sum| sum / n).collect()
}

/// L_T in nats per coordinate: (A_T E|x_0|^2 / d - A_T - ln(1 - A_T)) / 2.
fn prior(lab: &Lab<'_>, second: &[f64]) -> f64 {
    let d = lab.dim() as f64;
    let mean = lab.data.frame.lift(&vec![0.0; lab.dim()], 1.0);
    let square = second.iter().sum::<f64>() + mean.iter().map(|&m| f64::from(m) * f64::from(m)).sum::<f64>();
    let alpha_bar = lab.schedule.alpha_bar(lab.schedule.last());
    0.5 * (alpha_bar * square / d - alpha_bar - (-alpha_bar).ln_1p())
}

/// The factor of MSE_t in L_{t-1} / d, in nats.
fn weight(schedule: &Schedule, t: Timestep, variance: ReverseVariance) -> f64 {
    let (beta, left) = (schedule.beta(t), 1.0 - schedule.alpha_bar(t));
    beta * beta / (2.0 * schedule.variance(t, variance) * schedule.alpha(t) * left)
}

/// What a variance other than the posterior's adds to L_{t-1} / d, in nats.
fn mismatch(schedule: &Schedule, t: Timestep, variance: ReverseVariance) -> f64 {
    let ratio = schedule.variance(t, ReverseVariance::Posterior) / schedule.variance(t, variance);
    0.5 * (ratio - 1.0 - ratio.ln())
}

/// The MSE of every timestep as a base times a ratio of each trajectory, linear between the timesteps measured.
struct Errors {
    /// The base at t = 1..=T.
    base: Vec<f64>,
    /// The timesteps with ratios, ascending; empty where the base is all.
    times: Vec<usize>,
    /// One `[N]` for each of them.
    ratios: Vec<Vec<f64>>,
}

impl Errors {
    fn exact(schedule: &Schedule, mse: impl Fn(Timestep) -> f64) -> Self {
        Self { base: schedule.timesteps().map(mse).collect(), times: Vec::new(), ratios: Vec::new() }
    }

    fn measured(schedule: &Schedule, probes: &Probes, base: impl Fn(Timestep) -> f64) -> Self {
        let ratio = |(errors, t): (&Vec<f64>, &Timestep)| errors.iter().map(|error| error / base(*t)).collect();
        let ratios = probes.errors.iter().zip(&probes.times).map(ratio).collect();
        let times = probes.times.iter().map(|t| t.get()).collect();
        Self { times, ratios, ..Self::exact(schedule, &base) }
    }

    /// The ratio of one trajectory at t.
    fn ratio(&self, t: usize, trajectory: usize) -> f64 {
        let above = self.times.partition_point(|&time| time < t);
        let (Some(&high), low) = (self.times.get(above), above.saturating_sub(1)) else { return 1.0 };
        let (before, after) = (self.ratios[low][trajectory], self.ratios[above][trajectory]);
        if high == self.times[low] {
            return after;
        }
        before + (after - before) * (t - self.times[low]) as f64 / (high - self.times[low]) as f64
    }

    fn trajectories(&self) -> usize {
        self.ratios.first().map_or(1, Vec::len)
    }

    /// The terms at the timesteps measured, or at all.
    fn rows(&self, lab: &Lab<'_>, model: &str, variance: ReverseVariance, word: &str) -> Vec<ObservableRow> {
        let bootstrap = self.bootstrap(lab);
        let wanted = |t: &Timestep| t.get() > 1 && (self.times.is_empty() || self.times.contains(&t.get()));
        let term = |t: Timestep| {
            let (weight, mismatch) = (weight(lab.schedule, t, variance), mismatch(lab.schedule, t, variance));
            let bits = |nats: f64| nats / std::f64::consts::LN_2;
            let value = |i: usize| bits(weight * self.base[t.index()] * self.ratio(t.get(), i) + mismatch);
            let row = ObservableRow::exact(t, model, "bound_term", f64::NAN).of_group(word);
            let values: Vec<f64> = (0..self.trajectories()).map(value).collect();
            let row = self.finish(row, &bootstrap, &values);
            let extra = (mismatch > 0.0)
                .then(|| ObservableRow::exact(t, model, "variance_mismatch", bits(mismatch)).of_group(word));
            std::iter::once(row).chain(extra)
        };
        let times: Vec<Timestep> = lab.schedule.timesteps().filter(wanted).collect();
        times.into_par_iter().flat_map_iter(term).collect()
    }

    /// The sum over t >= 2, L_0 and the whole bound; the last two where `last` (L_0 in nats, `[N]`) is known.
    fn totals(
        &self,
        lab: &Lab<'_>,
        model: &str,
        variance: ReverseVariance,
        prior: f64,
        last: Option<Vec<f64>>,
    ) -> Vec<ObservableRow> {
        let schedule = lab.schedule;
        let sum = |i: usize| {
            let term = |t: Timestep| {
                weight(schedule, t, variance) * self.base[t.index()] * self.ratio(t.get(), i)
                    + mismatch(schedule, t, variance)
            };
            schedule.timesteps().skip(1).map(term).sum::<f64>() / std::f64::consts::LN_2
        };
        let sums: Vec<f64> = (0..self.trajectories()).into_par_iter().map(sum).collect();
        let row = |quantity| ObservableRow::timeless(model, quantity, f64::NAN);
        let mut rows = vec![self.finish(row("bound_sum"), &self.bootstrap(lab), &sums)];
        if let Some(last) = last {
            let last: Vec<f64> = last.iter().map(|nats| nats / std::f64::consts::LN_2).collect();
            let bootstrap = lab.bootstrap(last.len());
            let sum_of = |i: usize| sums.get(i).or(sums.first()).copied().unwrap_or(f64::NAN);
            let whole: Vec<f64> = last.iter().enumerate().map(|(i, last)| prior + sum_of(i) + last).collect();
            rows.push(row("reconstruction").with_interval(bootstrap.mean(&last), last.len()));
            rows.push(row("bound").with_interval(bootstrap.mean(&whole), last.len()));
        }
        rows
    }

    fn bootstrap(&self, lab: &Lab<'_>) -> Bootstrap {
        lab.bootstrap(self.trajectories())
    }

    fn finish(&self, row: ObservableRow, bootstrap: &Bootstrap, values: &[f64]) -> ObservableRow {
        if self.times.is_empty() {
            return ObservableRow { value: values[0], ..row };
        }
        row.with_interval(bootstrap.mean(values), values.len())
    }
}

#[cfg(test)]
mod tests {
    use model::Gaussian;
    use schedule::Law;

    use super::*;

    #[test]
    fn weights_of_the_long_chain() {
        let schedule = Schedule::new(Law::Linear { beta_start: 1e-4, beta_end: 0.02 }, 1000).unwrap();
        let table = [(2, 0.59967), (10, 0.086437), (100, 0.010267), (500, 0.0055082), (1000, 0.010205)];
        for (t, expected) in table {
            let found = weight(&schedule, schedule.timestep(t).unwrap(), ReverseVariance::Posterior);
            assert!((found / expected - 1.0).abs() < 1e-4, "{t}: {found}");
        }
        let first = weight(&schedule, schedule.timestep(1).unwrap(), ReverseVariance::Beta);
        assert!((first - 0.50005).abs() < 1e-5, "{first}");
    }

    #[test]
    fn the_terms_of_a_gaussian_are_the_divergences_of_its_chain() {
        // KL between two Gaussians of one variance: q(x_{t-1} | x_t, x_0) against the mean of the reverse step.
        let schedule = Schedule::new(Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 100).unwrap();
        let (lambda, t) = (4.0, schedule.timestep(30).unwrap());
        let mse = Gaussian::new(&schedule, &[lambda]).mse(t);
        let (x0_factor, _) = schedule.posterior_mean(t);
        let (a, d) = (schedule.alpha_bar(t), 1.0 - schedule.alpha_bar(t));
        // The means differ by x0_factor (x_0 - E[x_0 | x_t]).
        let square = x0_factor * x0_factor * lambda * d / (a * lambda + d);
        let divergence = 0.5 * square / schedule.variance(t, ReverseVariance::Posterior);
        let found = weight(&schedule, t, ReverseVariance::Posterior) * mse;
        assert!((found / divergence - 1.0).abs() < 1e-10, "{found} {divergence}");
        assert_eq!(mismatch(&schedule, t, ReverseVariance::Posterior), 0.0);
        assert!(mismatch(&schedule, t, ReverseVariance::Beta) > 0.0);
    }

    #[test]
    fn between_measured_timesteps_the_ratio_is_linear() {
        let errors = Errors { base: vec![1.0; 9], times: vec![2, 4, 8], ratios: vec![vec![1.0], vec![2.0], vec![4.0]] };
        assert_eq!([1, 2, 3, 4, 6, 8, 9].map(|t| errors.ratio(t, 0)), [1.0, 1.0, 1.5, 2.0, 3.0, 4.0, 1.0]);
    }
}
