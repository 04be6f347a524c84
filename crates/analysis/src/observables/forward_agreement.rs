//! The forward process step by step against the jump.

mod histogram;
mod ks;
mod noise;

use model::Family;
use schedule::Timestep;

use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::Lab;
use crate::stats::{Bootstrap, Interval};
use noise::{Deviation, Origin};

/// x_t from T one-step kernels q(x_t | x_{t-1}) and from one jump q(x_t | x_0), from the same x_0 with noise of their own: is
/// it the same law at every t, and what does a path have that jumps lack?  Ho et al. 2020, eq. 2 and 4.
///
/// Everything is given x_0, so that nothing is left to chance but the noise and every error is known exactly.  Models `chain`,
/// `jump` and `exact`; quantities at t:
/// - `mean` of all coordinates in the data's axes, exactly sqrt(A) mean(x_0), and `variance` per coordinate, exactly
///   A Var(x_0) + D, over these x_0; the intervals are 1.96 standard errors of the exact law. `mean_deviation` and
///   `variance_deviation`: how many standard errors lie between, of unit variance where the kernels are right;
/// - `ks`: Kolmogorov-Smirnov distance of the noise (x_t - sqrt(A) x_0)/sqrt(D), all n = N d coordinates pooled, which is
///   N(0, I) given any x_0: `jump` and `chain` from N(0, 1), and `pair` from each other, over the 95% quantile of its
///   distribution (1.3581/sqrt(n), and sqrt(2) times that for the pair; Smirnov 1948). The states themselves are no two
///   independent samples, they share x_0; their noises are, and an error of 6/sqrt(n) in their strength is seen (one in the
///   signal's is seen by the variance first);
/// - `correlation` of x_s and x_t, x = s < t, over all coordinates about their means: sqrt(A_t/A_s) sqrt(V_s/V_t) of a path,
///   `correlation_of_jumps` sqrt(A_s A_t) Var(x_0)/sqrt(V_s V_t) of two jumps (V_t the variance at t).
///
/// At t = T: the histogram of all coordinates in the data's axes, `noise_density` at x, of `exact` (the mixture of Gaussians
/// around these sqrt(A) x_0) and of `normal` (N(0, 1)) averaged over bins, of `chain` and `jump` with 95% Poisson intervals;
/// `chi2_exact` and `chi2_normal`, the squared deviation of the counts over those expected, per bin: 1 where they agree.
pub(super) struct ForwardAgreement;

/// Coordinates of all trajectories together, about: more would only shrink errors that are below 1% by then.
const VALUES: usize = 1 << 19;
/// Trajectories where samples have very many coordinates.
const LEAST: usize = 20;

impl Observable for ForwardAgreement {
    fn name(&self) -> &'static str {
        "forward_agreement"
    }

    fn group(&self) -> Group {
        Group::Forward
    }

    fn question(&self) -> &'static str {
        "Does the forward process step by step have the law of the jump from x_0 at every t?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        Some(lab.schedule.len() as u64 + times(lab).len() as u64)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let origin = Origin::of(lab, count(lab));
        let chain = lab.chain(lab.model.denoiser);
        let times = times(lab);
        let mut measuring = Measuring::new(lab, &origin, &times);
        chain.run_forward(&mut origin.z0.clone(), Family::Probes.first(), &mut |t, z| {
            advance(u64::from(t > 0));
            if let Some(&t) = times.iter().find(|at| at.get() == t) {
                measuring.see(t, [z, &chain.noised(&origin.z0, t, Family::Probes.first())]);
                advance(1);
            }
        });
        Ok(Measured { rows: measuring.rows, transitions: Vec::new() })
    }
}

/// N, so that there are about [`VALUES`] coordinates.
fn count(lab: &Lab<'_>) -> usize {
    (VALUES / lab.dim()).max(LEAST).min(lab.trajectories())
}

fn times(lab: &Lab<'_>) -> Vec<Timestep> {
    lab.with_early(lab.grid())
}

/// The names of the two ways, in the order of the states.
const WAYS: [&str; 2] = ["chain", "jump"];

/// States kept to be correlated with later ones.
struct Kept {
    s: Timestep,
    z: [Vec<f32>; 2],
}

/// What has been measured on the way up.
struct Measuring<'b, 'a> {
    lab: &'b Lab<'a>,
    origin: &'b Origin,
    bootstrap: Bootstrap,
    /// Timesteps whose states are kept: at a quarter, a half and three quarters of those measured.
    kept_at: Vec<Timestep>,
    kept: Vec<Kept>,
    rows: Vec<ObservableRow>,
}

impl<'b, 'a> Measuring<'b, 'a> {
    fn new(lab: &'b Lab<'a>, origin: &'b Origin, times: &[Timestep]) -> Self {
        let mut kept_at: Vec<Timestep> = (1..4).filter_map(|k| times.get(k * times.len() / 4)).copied().collect();
        kept_at.dedup();
        let bootstrap = lab.bootstrap(origin.n);
        Self { lab, origin, bootstrap, kept_at, kept: Vec::new(), rows: Vec::new() }
    }

    /// Measures the states of the two ways at t.
    fn see(&mut self, t: Timestep, states: [&[f32]; 2]) {
        self.moments(t, states);
        self.noise(t, states);
        self.correlations(t, states);
        if self.kept_at.contains(&t) {
            self.kept.push(Kept { s: t, z: states.map(<[f32]>::to_vec) });
        }
        if t == self.lab.schedule.last() {
            self.rows.extend(histogram::rows(self.lab, self.origin, states));
        }
    }

    fn moments(&mut self, t: Timestep, states: [&[f32]; 2]) {
        let (origin, forward) = (self.origin, self.lab.schedule.forward(t));
        let expected = [("mean", origin.exact_mean(forward)), ("variance", origin.exact_variance(forward))];
        for (quantity, Deviation { exact, error }) in expected {
            self.rows.push(ObservableRow::exact(t, "exact", quantity, exact));
            for (way, z) in WAYS.into_iter().zip(states) {
                let value = match quantity {
                    "mean" => origin.mean(z, forward),
                    _ => origin.variance(z),
                };
                let interval = Interval { value, low: value - 1.96 * error, high: value + 1.96 * error };
                self.rows.push(ObservableRow::estimate(t, way, quantity, interval, origin.n));
                let deviation = ObservableRow::exact(t, way, &format!("{quantity}_deviation"), (value - exact) / error);
                self.rows.push(ObservableRow { trajectories: Some(origin.n), ..deviation });
            }
        }
    }

    fn noise(&mut self, t: Timestep, states: [&[f32]; 2]) {
        let forward = self.lab.schedule.forward(t);
        let [chain, jump] = states.map(|z| self.origin.sorted_noise(z, forward));
        let found = [
            ("chain", ks::from_normal(&chain) / ks::quantile(chain.len())),
            ("jump", ks::from_normal(&jump) / ks::quantile(jump.len())),
            ("pair", ks::between(&chain, &jump) / ks::quantile_of_two(chain.len())),
        ];
        self.rows.extend(found.into_iter().map(|(model, value)| ObservableRow {
            trajectories: Some(self.origin.n),
            ..ObservableRow::exact(t, model, "ks", value)
        }));
    }

    fn correlations(&mut self, t: Timestep, states: [&[f32]; 2]) {
        let (origin, later) = (self.origin, self.lab.schedule.forward(t));
        for Kept { s, z } in &self.kept {
            let earlier = self.lab.schedule.forward(*s);
            let (path, jumps) = origin.exact_correlations(earlier, later);
            let at = |row: ObservableRow| row.at(s.get() as f64);
            self.rows.push(at(ObservableRow::exact(t, "exact", "correlation", path)));
            self.rows.push(at(ObservableRow::exact(t, "exact", "correlation_of_jumps", jumps)));
            for ((way, before), now) in WAYS.into_iter().zip(z).zip(states) {
                let interval = origin.correlation(before, now, &self.bootstrap);
                self.rows.push(at(ObservableRow::estimate(t, way, "correlation", interval, origin.n)));
            }
        }
    }
}
