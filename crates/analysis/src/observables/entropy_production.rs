//! The thermodynamics of the forward process: entropy production, free energy, and how fast the density moves.

use rayon::prelude::*;
use schedule::{Schedule, Timestep};

use super::ensemble::mean;
use super::integral::{from_the_noise, log_snrs};
use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::{Lab, Probes};

/// The entropy produced as p_t relaxes to N(0, I), from f_t = E|x + s|^2 of each model's score s.
///
/// With tau = -ln(A)/2 the density relaxes by d KL(p_t || N(0, I)) / d tau = -f, and moves through the space of densities
/// (2-Wasserstein distance) with the speed sqrt(f); a step of the chain is beta_t/2 of tau. Sohl-Dickstein et al. 2015;
/// Ikeda et al. 2025; Premkumar 2025. A score with error e has E|e|^2 more.
///
/// Quantities: `entropy_production` (beta_t/2) f / d, nats per step and coordinate; `kl_to_normal` KL / d in nats, the
/// integral of f beyond t with the Gaussian's closed form as far as it goes; `transport_speed` (beta_t/2) sqrt(f), per
/// step; `transport_length`, its integral from t to T. `gaussian` is the Gaussian of the training set's covariance in
/// closed form, `transport_distance` its W2(p_t, p_T), which no length falls below. Without a time: `speed_cost`
/// (T - 1) sum_{t>=2} v_t^2, which bounds how far an error in the law of x_T is amplified (the speed-accuracy relation of Ikeda et
/// al. 2025) and is least, W2^2, on a geodesic at constant speed; and `speed_efficiency`, the Gaussian's W2^2 over it.
pub(super) struct EntropyProduction;

impl Observable for EntropyProduction {
    fn name(&self) -> &'static str {
        "entropy_production"
    }

    fn group(&self) -> Group {
        Group::Information
    }

    fn question(&self) -> &'static str {
        "Where does the forward process produce its entropy, and how fast does the density move?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        Some(lab.model_count() * Probes::work(lab))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let times = Probes::times(lab);
        let gaussian = Relaxation::of(lab, &times);
        let mut rows = gaussian.rows(lab);
        for (k, model) in lab.models()?.iter().enumerate() {
            let probes = lab.probes(k, advance)?;
            rows.extend(gaussian.corrected(lab, model.name, &probes.drifts));
        }
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// Points between two measured times at which the Gaussian's speed is evaluated.
const BETWEEN: usize = 16;

/// The relaxation of the Gaussian of the data's covariance, at the measured times.
struct Relaxation {
    times: Vec<Timestep>,
    /// f / d.
    drifts: Vec<f64>,
    /// KL(p_t || N(0, I)) / d.
    divergences: Vec<f64>,
    /// The integral of sqrt(f / d) over tau beyond t.
    lengths: Vec<f64>,
    /// W2(p_t, p_T)^2 / d.
    distances: Vec<f64>,
}

/// f / d = (1/d) sum_k (g_k - 1)^2 / g_k, g_k = A lambda_k + D.
fn gaussian_drift(eigenvalues: &[f64], alpha_bar: f64) -> f64 {
    let term = |lambda: &f64| {
        let excess = alpha_bar * (lambda - 1.0);
        excess * excess / (1.0 + excess)
    };
    eigenvalues.iter().map(term).sum::<f64>() / eigenvalues.len() as f64
}

impl Relaxation {
    fn of(lab: &Lab<'_>, times: &[Timestep]) -> Self {
        let (eigenvalues, schedule) = (lab.data.eigenvalues, lab.schedule);
        let d = eigenvalues.len() as f64;
        let deviation = |t: Timestep, lambda: f64| (1.0 + schedule.alpha_bar(t) * (lambda - 1.0)).sqrt();
        let distance = |t: Timestep| {
            let moved = eigenvalues.iter().map(|&l| (deviation(t, l) - deviation(schedule.last(), l)).powi(2));
            moved.sum::<f64>() / d
        };
        let mut lengths = vec![0.0; times.len()];
        for k in (1..times.len()).rev() {
            lengths[k - 1] = lengths[k] + piece_of_length(eigenvalues, schedule, times[k - 1], times[k]);
        }
        Self {
            drifts: times.iter().map(|&t| gaussian_drift(eigenvalues, schedule.alpha_bar(t))).collect(),
            divergences: times.iter().map(|&t| lab.gaussian().kl_to_normal(t) / d).collect(),
            lengths,
            distances: times.iter().map(|&t| distance(t)).collect(),
            times: times.to_vec(),
        }
    }

    fn rows(&self, lab: &Lab<'_>) -> Vec<ObservableRow> {
        let d = lab.dim() as f64;
        let mut rows = Vec::new();
        for (k, &t) in self.times.iter().enumerate() {
            let half_beta = 0.5 * lab.schedule.beta(t);
            let values = [
                ("entropy_production", half_beta * self.drifts[k]),
                ("kl_to_normal", self.divergences[k]),
                ("transport_speed", half_beta * (d * self.drifts[k]).sqrt()),
                ("transport_length", self.lengths[k] * d.sqrt()),
                ("transport_distance", (d * self.distances[k]).sqrt()),
            ];
            rows.extend(values.map(|(quantity, value)| ObservableRow::exact(t, "gaussian", quantity, value)));
        }
        let cost = self.speed_cost(lab, |_| 1.0);
        rows.push(ObservableRow::timeless("gaussian", "speed_cost", cost));
        rows.push(ObservableRow::timeless("gaussian", "speed_efficiency", d * self.distances[0] / cost));
        rows
    }

    /// The same quantities with a model's f / d of each trajectory in the place of the Gaussian's.  drifts: `[times][N]`.
    fn corrected(&self, lab: &Lab<'_>, model: &str, drifts: &[Vec<f64>]) -> Vec<ObservableRow> {
        let (n, d, schedule) = (drifts.first().map_or(0, Vec::len), lab.dim() as f64, lab.schedule);
        let bootstrap = lab.bootstrap(n);
        // d tau = (D/2) d ln(gamma) up to the sign.
        let excess = |(k, row): (usize, &Vec<f64>)| -> Vec<f64> {
            let factor = 0.5 * (1.0 - schedule.alpha_bar(self.times[k]));
            row.iter().map(|drift| factor * (drift - self.drifts[k])).collect()
        };
        let excess: Vec<Vec<f64>> = drifts.iter().enumerate().map(excess).collect();
        let log_snrs = log_snrs(schedule, &self.times);
        let excess_divergences = from_the_noise(&log_snrs, &excess);
        let lengths = from_the_noise(&log_snrs, &self.excess_speeds(schedule, drifts));
        let at = |k: usize| {
            let (t, half_beta) = (self.times[k], 0.5 * schedule.beta(self.times[k]));
            let row = |quantity, interval| ObservableRow::estimate(t, model, quantity, interval, n);
            let produced: Vec<f64> = drifts[k].iter().map(|drift| half_beta * drift).collect();
            let left: Vec<f64> = excess_divergences[k].iter().map(|excess| self.divergences[k] + excess).collect();
            let speed = |indices: &[u32]| half_beta * (d * mean(&drifts[k], indices)).sqrt();
            let length = (self.lengths[k] + lengths[k][0]) * d.sqrt();
            [
                row("entropy_production", bootstrap.mean(&produced)),
                row("kl_to_normal", bootstrap.mean(&left)),
                row("transport_speed", bootstrap.interval(speed)),
                ObservableRow::exact(t, model, "transport_length", length),
            ]
        };
        let mut rows: Vec<ObservableRow> = (0..self.times.len()).into_par_iter().flat_map_iter(at).collect();
        let cost = |indices: &[u32]| {
            let ratios: Vec<f64> = drifts.iter().zip(&self.drifts).map(|(row, own)| mean(row, indices) / own).collect();
            self.speed_cost(lab, |t| interpolated(&self.times, &ratios, t))
        };
        let found = bootstrap.interval(cost);
        let row = |quantity| ObservableRow::timeless(model, quantity, f64::NAN);
        rows.push(row("speed_cost").with_interval(found, n));
        let distance = d * self.distances[0];
        rows.push(row("speed_efficiency").with_interval(bootstrap.interval(|i| distance / cost(i)), n));
        rows
    }

    /// The mean speed sqrt(f / d) above the Gaussian's, in units of ln(gamma): one curve.
    fn excess_speeds(&self, schedule: &Schedule, drifts: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let rows = self.times.iter().zip(drifts).zip(&self.drifts);
        rows.map(|((&t, row), own)| {
            let mean = row.iter().sum::<f64>() / row.len() as f64;
            vec![0.5 * (1.0 - schedule.alpha_bar(t)) * (mean.sqrt() - own.sqrt())]
        })
        .collect()
    }

    /// (T - 1) sum_{t>=2} v_t^2, the cost of the path from p_1 to p_T, with f the Gaussian's times `ratio`.
    fn speed_cost(&self, lab: &Lab<'_>, ratio: impl Fn(Timestep) -> f64) -> f64 {
        let schedule = lab.schedule;
        let square = |t: Timestep| {
            let half_beta = 0.5 * schedule.beta(t);
            half_beta * half_beta * gaussian_drift(lab.data.eigenvalues, schedule.alpha_bar(t)) * ratio(t)
        };
        (schedule.len() - 1) as f64 * lab.dim() as f64 * schedule.timesteps().skip(1).map(square).sum::<f64>()
    }
}

/// The integral of sqrt(f / d) over tau between two timesteps, by the trapezoidal rule in ln(gamma).
fn piece_of_length(eigenvalues: &[f64], schedule: &Schedule, from: Timestep, to: Timestep) -> f64 {
    let (start, end) = (schedule.snr(from).ln(), schedule.snr(to).ln());
    let width = (start - end) / BETWEEN as f64;
    let speed = |i: usize| {
        let alpha_bar = 1.0 / (1.0 + (-(start - i as f64 * width)).exp());
        0.5 * (1.0 - alpha_bar) * gaussian_drift(eigenvalues, alpha_bar).sqrt()
    };
    (0..BETWEEN).map(|i| 0.5 * width * (speed(i) + speed(i + 1))).sum()
}

/// The value at t of the piecewise linear curve through (times, values), constant beyond its ends.
fn interpolated(times: &[Timestep], values: &[f64], t: Timestep) -> f64 {
    let above = times.partition_point(|&time| time < t).min(times.len() - 1);
    let below = above.saturating_sub(1);
    let (start, end) = (times[below].get() as f64, times[above].get() as f64);
    let share = if end > start { ((t.get() as f64 - start) / (end - start)).clamp(0.0, 1.0) } else { 1.0 };
    values[below] + share * (values[above] - values[below])
}

#[cfg(test)]
mod tests {
    use model::Gaussian;
    use schedule::Law;

    use super::*;

    #[test]
    fn the_drift_is_the_slope_of_the_divergence() {
        let schedule = Schedule::new(Law::Linear { beta_start: 1e-4, beta_end: 0.02 }, 1000).unwrap();
        let eigenvalues = [4.0, 0.25, 0.0];
        let law = Gaussian::new(&schedule, &eigenvalues);
        for t in [100, 300, 700] {
            let [before, at, after] = [t - 1, t, t + 1].map(|t| schedule.timestep(t).unwrap());
            let tau = |t: Timestep| -0.5 * schedule.alpha_bar(t).ln();
            let slope = (law.kl_to_normal(after) - law.kl_to_normal(before)) / (tau(after) - tau(before));
            let drift = 3.0 * gaussian_drift(&eigenvalues, schedule.alpha_bar(at));
            assert!((slope / -drift - 1.0).abs() < 1e-3, "{t}: {slope} {drift}");
        }
    }

    #[test]
    fn one_axis_relaxes_along_the_geodesic() {
        // In one dimension the length is the distance: |sqrt(g_s) - sqrt(g_t)|.
        let schedule = Schedule::new(Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 100).unwrap();
        let [from, to] = [20, 30].map(|t| schedule.timestep(t).unwrap());
        let deviation = |t| (1.0 + 3.0 * schedule.alpha_bar(t)).sqrt();
        let found = piece_of_length(&[4.0], &schedule, from, to);
        assert!((found - (deviation(from) - deviation(to))).abs() < 1e-4, "{found}");
    }

    #[test]
    fn values_are_linear_between_their_times() {
        let schedule = Schedule::new(Law::Constant { beta: 0.1 }, 9).unwrap();
        let t = |t| schedule.timestep(t).unwrap();
        let times = [t(2), t(4), t(8)];
        let at = |k| interpolated(&times, &[1.0, 2.0, 4.0], t(k));
        assert_eq!([1, 2, 3, 4, 6, 8, 9].map(at), [1.0, 1.0, 1.5, 2.0, 3.0, 4.0, 4.0]);
    }
}
