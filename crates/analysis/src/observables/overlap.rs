//! How much of a sample survives being noised to t and brought back, from coarse features to fine ones.

use model::Family;

use super::overlaps::{Levels, products};
use super::{Group, Law, Measured, Observable, ObservableRow};
use crate::lab::{Lab, UTurns};
use crate::{AnalysisError, MetricRow, Split, at_kept_epoch};

/// o(t) = E (x_0 - mu).(x_0' - mu) / E|x_0 - mu|^2 of U-turns, mu the training mean; o = 1 at t = 0, o = 0 when nothing
/// is left.
///
/// Whole (`overlap`); in bands of principal axes; of the means over patches of 4 x 4 pixels and of what is left within
/// them; of the classifier's hidden features, centred by their mean.  `raw_cosine`, E x_0.x_0'/(|x_0||x_0'|), is a
/// warning: with the mean left in it stays far from 0.  Sclocchi, Favero and Wyart 2025; Sclocchi et al. 2024.
///
/// `overlap_from_loss` = 1 - (D/A) d MSE_t / E|x_0 - mu|^2: for an exact posterior E x_0.x_0' = E|E[x_0|x_t]|^2, and the
/// denoising error is (D/A) d MSE_t.  Of machines by their test loss at the kept epoch, of a law on the same samples.
pub(super) struct Overlap;

impl Observable for Overlap {
    fn name(&self) -> &'static str {
        "overlap"
    }

    fn group(&self) -> Group {
        Group::Speciation
    }

    fn question(&self) -> &'static str {
        "Which features of a sample survive being noised to t and brought back?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        Some(lab.model_count() * UTurns::work(lab))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let rule = lab.class_rule()?;
        let mut rows = Vec::new();
        for (k, model) in lab.models()?.iter().enumerate() {
            let uturns = lab.uturns(k, advance)?;
            let bootstrap = lab.bootstrap(uturns.indices.len());
            let levels = Levels::new(lab.data, rule, &uturns.z0);
            for (&t, ends) in uturns.times.iter().zip(&uturns.ends) {
                let row = |quantity, interval| {
                    ObservableRow::estimate(t, model.name, quantity, interval, uturns.indices.len())
                };
                let found = levels.of(ends);
                rows.extend(found.iter().map(|level| row(level.quantity, bootstrap.ratio(&level.cross, &level.own))));
                rows.push(row("raw_cosine", bootstrap.mean(&levels.raw_cosine(ends))));
            }
        }
        rows.extend(of_machines(lab));
        if let Some(law) = lab.reference()? {
            rows.extend(of_law(lab, law)?);
        }
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// E|z_0|^2 of the test samples, z centred by the training mean.
fn power(z0: &[f32], dim: usize) -> f64 {
    let squares = products(z0, z0, dim);
    squares.iter().sum::<f64>() / squares.len() as f64
}

fn from_loss(alpha_bar: f64, squared_error: f64, power: f64) -> f64 {
    1.0 - (1.0 - alpha_bar) / alpha_bar * squared_error / power
}

/// The overlap that the test losses of the machines stand for.
fn of_machines(lab: &Lab<'_>) -> Vec<ObservableRow> {
    let power = power(&lab.data.test.values, lab.dim());
    let losses = at_kept_epoch(lab.metrics, lab.training);
    let losses = losses.into_iter().filter(|row| row.split == Split::Test && row.metric == MetricRow::MSE);
    let mut rows: Vec<ObservableRow> = losses
        .filter_map(|row| {
            let t = lab.schedule.timestep(row.t).ok()?;
            let overlap = from_loss(lab.schedule.alpha_bar(t), row.value * lab.dim() as f64, power);
            Some(ObservableRow::exact(t, lab.model.name, "overlap_from_loss", overlap))
        })
        .collect();
    rows.sort_by_key(|row| row.t);
    rows
}

/// The overlap that the loss of a law on the samples of the U-turns stands for.
fn of_law(lab: &Lab<'_>, law: Law<'_>) -> Result<Vec<ObservableRow>, AnalysisError> {
    let starts = crate::lab::starts(lab);
    let z0 = lab.data.test.select(starts.iter().copied()).values;
    let bootstrap = lab.bootstrap(starts.len());
    let own = products(&z0, &z0, lab.dim());
    let mut rows = Vec::new();
    for t in lab.grid() {
        let zt = lab.chain(lab.model.denoiser).noised(&z0, t, Family::Probes.first());
        let mut mean = vec![0.0; z0.len()];
        law.denoiser.posterior_mean(t, &zt, &mut mean);
        let error = |(mean, z0): (&[f64], &[f32])| {
            mean.iter().zip(z0).map(|(mean, z0)| (mean - f64::from(*z0)).powi(2)).sum::<f64>()
        };
        let pairs = mean.chunks_exact(lab.dim()).zip(z0.chunks_exact(lab.dim()));
        // 1 - E|x_0 - E[x_0|x_t]|^2 / E|x_0|^2: the loss in units of x_0.
        let left: Vec<f64> = pairs.map(error).zip(&own).map(|(error, own)| own - error).collect();
        let interval = bootstrap.ratio(&left, &own);
        rows.push(ObservableRow::estimate(t, law.name, "overlap_from_loss", interval, starts.len()));
    }
    Ok(rows)
}
