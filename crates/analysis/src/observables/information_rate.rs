//! How many bits about z_0 each step of the chain carries.

use rayon::prelude::*;
use schedule::Timestep;

use super::ensemble::numbers;
use super::integral::{from_the_noise, log_snrs, time_of};
use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::{Lab, Probes};
use crate::stats::Bootstrap;

/// I(z_0; z_t) from the errors of a model by the I-MMSE relation: dI/dgamma = mmse/2 with gamma = A/D.
///
/// With mmse = (D/A) d MSE on eps this is dI/d ln(gamma) = d MSE / 2, integrated from gamma_T on. The Gaussian of the
/// data's covariance, I = (1/2) sum_k ln(1 + gamma lambda_k), gives the part beyond T, the check, and the curve whose
/// difference to the model's is integrated. The errors of a model that is not the exact posterior mean give an upper
/// bound. Guo, Shamai and Verdu 2005; Kong, Brekelmans and Ver Steeg 2023.
///
/// Quantities: `information` I(z_0; z_t) in bits; `bits_per_step` between neighbouring times; `entropic_time`, the share
/// of I(z_0; z_1) - I(z_0; z_T) lost at t (Stancevic, Handke and Ambrogioni 2025); `equal_information_time`, without a time, the times
/// x = 0..10 between which ten steps would carry the same information each.
pub(super) struct InformationRate;

/// Steps of the grid of equal information.
const STEPS: usize = 10;

impl Observable for InformationRate {
    fn name(&self) -> &'static str {
        "information_rate"
    }

    fn group(&self) -> Group {
        Group::Information
    }

    fn question(&self) -> &'static str {
        "At which timesteps does the chain decide how many bits of its sample?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        Some(lab.model_count() * Probes::work(lab))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let mut rows = Vec::new();
        for (k, model) in lab.models()?.iter().enumerate() {
            let probes = lab.probes(k, advance)?;
            let bits = Bits::of(lab, &probes.times, Some(&probes.errors));
            rows.extend(bits.rows(model.name, lab));
        }
        let exact = Bits::of(lab, &Probes::times(lab), None);
        rows.extend(exact.rows("gaussian", lab));
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// I(z_0; z_t) in bits over the times, one curve a trajectory; a single one where it is exact.
struct Bits {
    times: Vec<Timestep>,
    curves: Vec<Vec<f64>>,
    exact: bool,
}

impl Bits {
    /// The information behind these errors; that of the Gaussian without.
    fn of(lab: &Lab<'_>, times: &[Timestep], errors: Option<&Vec<Vec<f64>>>) -> Self {
        let d = lab.dim() as f64;
        let own: Vec<f64> =
            times.iter().map(|&t| gaussian_information(lab.data.eigenvalues, lab.schedule.snr(t))).collect();
        let excess: Vec<Vec<f64>> = match errors {
            Some(errors) => {
                let pairs = errors.iter().zip(times);
                pairs.map(|(row, &t)| row.iter().map(|e| 0.5 * d * (e - lab.gaussian().mse(t))).collect()).collect()
            }
            None => vec![vec![0.0]; times.len()],
        };
        let integrals = from_the_noise(&log_snrs(lab.schedule, times), &excess);
        let bits =
            |(row, own): (Vec<f64>, &f64)| row.iter().map(|nats| (own + nats) / std::f64::consts::LN_2).collect();
        let curves = integrals.into_iter().zip(&own).map(bits).collect();
        Self { times: times.to_vec(), curves, exact: errors.is_none() }
    }

    fn rows(&self, model: &str, lab: &Lab<'_>) -> Vec<ObservableRow> {
        let n = self.curves.first().map_or(1, Vec::len);
        let resamples = if self.exact { 0 } else { lab.settings.resamples };
        let bootstrap = Bootstrap::new(lab.settings.seed, resamples, n);
        let finished = |row: ObservableRow, statistic: &dyn Fn(&[u32]) -> f64| {
            let interval = bootstrap.interval(statistic);
            if self.exact { ObservableRow { value: interval.value, ..row } } else { row.with_interval(interval, n) }
        };
        let at = |k: usize| {
            let row = |quantity| ObservableRow::exact(self.times[k], model, quantity, f64::NAN);
            let lost = |indices: &[u32]| self.lost(k, indices);
            let mut rows = vec![
                finished(row("information"), &|indices| self.mean(k, indices)),
                finished(row("entropic_time"), &lost),
            ];
            if let Some(before) = k.checked_sub(1) {
                let steps = (self.times[k].get() - self.times[before].get()) as f64;
                rows.push(finished(row("bits_per_step"), &|i| (self.mean(before, i) - self.mean(k, i)) / steps));
            }
            rows
        };
        let mut rows: Vec<ObservableRow> = (0..self.times.len()).into_par_iter().flat_map_iter(at).collect();
        let step = |step: usize| {
            let share = step as f64 / STEPS as f64;
            let row = ObservableRow::timeless(model, "equal_information_time", f64::NAN).at(step as f64);
            finished(row, &|indices| self.time_of_share(share, indices))
        };
        rows.extend((0..=STEPS).into_par_iter().map(step).collect::<Vec<_>>());
        rows
    }

    fn mean(&self, k: usize, indices: &[u32]) -> f64 {
        indices.iter().map(|&i| self.curves[k][i as usize]).sum::<f64>() / indices.len() as f64
    }

    /// The share of I(z_0; z_1) - I(z_0; z_T) that is lost at the k-th time.
    fn lost(&self, k: usize, indices: &[u32]) -> f64 {
        let (first, last) = (self.mean(0, indices), self.mean(self.times.len() - 1, indices));
        (first - self.mean(k, indices)) / (first - last)
    }

    /// The time at which `share` of it is lost, linear between the times.
    fn time_of_share(&self, share: f64, indices: &[u32]) -> f64 {
        let times = numbers(&self.times);
        let information: Vec<f64> = (0..times.len()).map(|k| self.mean(k, indices)).collect();
        let (first, last) = (information[0], information[times.len() - 1]);
        time_of(&times, &information, (1.0 - share) * first + share * last)
    }
}

/// I(z_0; z_t) = (1/2) sum_k ln(1 + gamma lambda_k) of Gaussian data, in nats.
fn gaussian_information(eigenvalues: &[f64], snr: f64) -> f64 {
    eigenvalues.iter().map(|lambda| 0.5 * (snr * lambda).ln_1p()).sum()
}
