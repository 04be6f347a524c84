//! How many directions of z_t a denoiser still tells from noise.

use data::linalg::Svd;
use model::{ExactLaw, Machine, Predictor};
use rayon::prelude::*;
use schedule::{Purpose, Stream, Timestep};

use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::Lab;
use crate::lab::probes::{few_starts, noised};
use crate::stats::Interval;

/// d MSE(t), E|eps_hat - eps_Wiener|^2 / (d MSE_Wiener), and trace, participation number and rank of the Jacobian.
///
/// With P = I - sqrt(D) J = sqrt(A) d x0_hat / d z_t, for an exact law P = (A/D) Cov(z_0 | z_t) and d MSE = E tr P: both count
/// the directions in which the data are resolved (of a k-dimensional manifold k as t -> 1). degrees_of_freedom is E tr P, and
/// of a trained machine its difference from d_mse is a fault (Stein 1981); participation is (E tr P)^2 / E|P|_F^2, with J
/// exact from the activation patterns (with local units by random directions).  nonlinear_power is the share of what the best affine predictor misses that the model's
/// nonlinear part carries; for a law it is 1 - MSE / MSE_Wiener.  net_rank counts the singular values of the net's own
/// Jacobian above 1% of the largest.  Averages over test samples noised to t; a law is averaged over fewer.
pub(super) struct LocalDimension;

/// Samples over which a law's Jacobian is averaged.
const LAW_SAMPLES: usize = 200;
/// Samples at which a machine's Jacobian is decomposed.
const DECOMPOSED: usize = 2;
/// The share of the largest singular value from which one counts.
const RANK_SHARE: f64 = 0.01;

/// Squared errors of one model, one value a sample.
struct Errors {
    /// |eps_hat - eps|^2.
    own: Vec<f64>,
    /// |eps_hat - eps_Wiener|^2.
    beside_wiener: Vec<f64>,
    /// |eps_Wiener - eps|^2.
    wiener: Vec<f64>,
}

/// Test samples at t.
struct Probes {
    t: Timestep,
    z0: Vec<f32>,
    zt: Vec<f32>,
    signal: f64,
    noise: f64,
}

impl Observable for LocalDimension {
    fn name(&self) -> &'static str {
        "local_dimension"
    }

    fn group(&self) -> Group {
        Group::Machines
    }

    fn question(&self) -> &'static str {
        "In how many directions are the data resolved at t, and how much of that is beyond a linear predictor?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        let machines = if lab.bank.is_some() { lab.fine_grid().len() as u64 } else { 0 };
        let laws = lab.subject_count() - u64::from(lab.bank.is_some());
        Some(machines + laws * lab.grid().len() as u64)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let mut rows = Vec::new();
        if let Some(bank) = lab.bank {
            let at = |&t: &Timestep| {
                let rows = of_machine(lab, t, &bank.machine(t)?);
                advance(1);
                rows
            };
            let found: Vec<_> = lab.fine_grid().par_iter().map(at).collect::<Result<_, AnalysisError>>()?;
            rows.extend(found.into_iter().flatten());
        }
        if let Some(law) = lab.reference()? {
            for t in lab.grid() {
                rows.extend(of_law(lab, t, law.name, law.denoiser)?);
                advance(1);
            }
        }
        for t in lab.fine_grid() {
            let d_mse = lab.dim() as f64 * lab.gaussian().mse(t);
            rows.push(ObservableRow::exact(t, "gaussian", "d_mse", d_mse));
        }
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

impl Probes {
    fn new(lab: &Lab<'_>, t: Timestep, count: usize) -> Self {
        let z0 = few_starts(lab, count);
        let zt = noised(lab, &z0, t);
        let forward = lab.schedule.forward(t);
        Self { t, z0, zt, signal: forward.signal, noise: forward.noise }
    }

    fn errors(&self, lab: &Lab<'_>, predictor: &dyn Predictor) -> Result<Errors, AnalysisError> {
        use model::Denoiser;
        let d = lab.dim();
        let (mut own, mut wiener) = (vec![0.0; self.zt.len()], vec![0.0; self.zt.len()]);
        predictor.eps_hat(&self.zt, &mut own);
        lab.wiener().at(self.t)?.eps_hat(&self.zt, &mut wiener);
        let (signal, noise) = (self.signal as f32, self.noise as f32);
        let eps: Vec<f32> = self.zt.iter().zip(&self.z0).map(|(zt, z0)| (zt - signal * z0) / noise).collect();
        let (own_error, between) = (distances2(&own, &eps, d), distances2(&own, &wiener, d));
        Ok(Errors { own: own_error, beside_wiener: between, wiener: distances2(&wiener, &eps, d) })
    }
}

/// |a - b|^2 of each row.
fn distances2(a: &[f32], b: &[f32], d: usize) -> Vec<f64> {
    let row = |(a, b): (&[f32], &[f32])| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    a.chunks_exact(d).zip(b.chunks_exact(d)).map(row).collect()
}

/// The rows of numbers that are averages over samples: d MSE and the nonlinear power.
fn error_rows(lab: &Lab<'_>, t: Timestep, model: &str, errors: &Errors) -> Vec<ObservableRow> {
    let n = errors.own.len();
    let bootstrap = lab.bootstrap(n);
    let sum = |values: &[f64], draw: &[u32]| draw.iter().map(|&i| values[i as usize]).sum::<f64>();
    let power = bootstrap.interval(|draw| sum(&errors.beside_wiener, draw) / sum(&errors.wiener, draw));
    let row = |quantity, interval: Interval| ObservableRow::estimate(t, model, quantity, interval, n);
    vec![row("d_mse", bootstrap.mean(&errors.own)), row("nonlinear_power", power)]
}

/// The rows of the Jacobian: traces and squared norms of P over samples.
fn spread_rows(lab: &Lab<'_>, t: Timestep, model: &str, traces: &[f64], norms2: &[f64]) -> Vec<ObservableRow> {
    let n = traces.len();
    let bootstrap = lab.bootstrap(n);
    let mean = |values: &[f64], draw: &[u32]| draw.iter().map(|&i| values[i as usize]).sum::<f64>() / n as f64;
    let participation = bootstrap.interval(|draw| mean(traces, draw).powi(2) / mean(norms2, draw));
    let row = |quantity, interval: Interval| ObservableRow::estimate(t, model, quantity, interval, n);
    vec![row("degrees_of_freedom", bootstrap.mean(traces)), row("participation", participation)]
}

fn of_machine(lab: &Lab<'_>, t: Timestep, machine: &Machine) -> Result<Vec<ObservableRow>, AnalysisError> {
    let (model, d) = (lab.model.name, lab.dim() as f64);
    let probes = Probes::new(lab, t, usize::MAX);
    let active = machine.active(&probes.zt);
    let patterns = || active.chunks_exact(machine.units());
    let trace = machine.jacobian_trace();
    let traces: Vec<f64> = patterns().map(|active| trace.at(active)).collect();
    // |I - sqrt(D) J|^2 = d - 2 sqrt(D) tr J + D |J|^2.
    let norms = match machine.local {
        None => machine.jacobian_norm().at(&active),
        Some(_) => norms_by_chance(lab, t, machine, &active),
    };
    let norm2 = |(j2, trace): (&f64, &f64)| d - 2.0 * probes.noise * trace + probes.noise * probes.noise * j2;
    let norms2: Vec<f64> = norms.iter().zip(&traces).map(norm2).collect();
    let freedom: Vec<f64> = traces.iter().map(|trace| d - probes.noise * trace).collect();
    let mut rows = error_rows(lab, t, model, &probes.errors(lab, machine)?);
    rows.extend(spread_rows(lab, t, model, &freedom, &norms2));
    let ranks = patterns().take(DECOMPOSED).map(|active| {
        let weights: Vec<f64> = active.iter().map(|&on| f64::from(u8::from(on))).collect();
        Ok(rank(&machine.net_map(&weights).map_err(model::ModelError::from)?) as f64)
    });
    let ranks: Vec<f64> = ranks.collect::<Result<_, AnalysisError>>()?;
    let mean = ranks.iter().sum::<f64>() / ranks.len().max(1) as f64;
    rows.push(ObservableRow::exact(t, model, "net_rank", mean));
    Ok(rows)
}

/// |J|_F^2 = E|J v|^2 over v ~ N(0, I), one v a sample (Hutchinson 1989): with local units the sum over pairs of units is long.
fn norms_by_chance(lab: &Lab<'_>, t: Timestep, machine: &Machine, active: &[bool]) -> Vec<f64> {
    let units = machine.units();
    let directions = directions(lab, t, active.len() / units);
    let norm = |(active, v): (&[bool], &[f64])| machine.jacobian(active).times(v).iter().map(|j| j * j).sum();
    active.chunks_exact(units).zip(directions.chunks_exact(lab.dim())).map(norm).collect()
}

/// n directions of standard normals.  Stream: (seed, choice, 15, t).
fn directions(lab: &Lab<'_>, t: Timestep, n: usize) -> Vec<f64> {
    let mut directions = vec![0.0_f32; n * lab.dim()];
    Stream::new(lab.settings.seed, Purpose::Choice, 15, t.get() as u64).fill_normal(&mut directions);
    directions.into_iter().map(f64::from).collect()
}

fn rank(svd: &Svd) -> usize {
    let least = RANK_SHARE * svd.values.first().copied().unwrap_or(0.0);
    svd.values.iter().take_while(|value| **value > least && **value > 0.0).count()
}

/// tr P is exact; |P|_F^2 = E|P v|^2 over v ~ N(0, I), one v a sample (Hutchinson 1989).
fn of_law(lab: &Lab<'_>, t: Timestep, name: &str, law: &dyn ExactLaw) -> Result<Vec<ObservableRow>, AnalysisError> {
    let probes = Probes::new(lab, t, usize::MAX);
    let errors = probes.errors(lab, &*law.at(t)?)?;
    let fewer = Probes::new(lab, t, LAW_SAMPLES);
    let (d, n) = (lab.dim(), fewer.zt.len() / lab.dim());
    let mut traces = vec![0.0; n];
    law.posterior_variance(t, &fewer.zt, &mut traces);
    let directions = directions(lab, t, n);
    let mut products = vec![0.0; n * d];
    law.posterior_covariance_times(t, &fewer.zt, &directions, &mut products);
    let ratio = (probes.signal / probes.noise).powi(2);
    let norms2: Vec<f64> =
        products.chunks_exact(d).map(|row| ratio * ratio * row.iter().map(|p| p * p).sum::<f64>()).collect();
    let traces: Vec<f64> = traces.iter().map(|trace| ratio * trace).collect();
    let mut rows = error_rows(lab, t, name, &errors);
    rows.extend(spread_rows(lab, t, name, &traces, &norms2));
    Ok(rows)
}
