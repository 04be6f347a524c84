//! The error of every machine against what it could be: a verdict for each timestep.

mod verdict;

use model::{Denoiser, Skip};
use schedule::Timestep;
use verdict::Verdict;

use super::ensemble::mean;
use super::{Group, Measured, Observable, ObservableRow};
use crate::lab::probes::{Answers, test_starts, train_starts};
use crate::lab::{Lab, Probes};
use crate::stats::{Bootstrap, Interval};
use crate::{AnalysisError, MetricRow, Split, at_kept_epoch};

/// MSE per coordinate on eps over t, of the run's model on training and test samples, beside those of the affine
/// predictor (Wiener), the Gaussian of the training set, the reference law, the training set as a law (the memoriser),
/// and the floor 1 - H/d of H hidden units without a skip. Wang and Vastola 2024.
///
/// Quantities: `mse`, groups `train` and `test`: of machines at the kept epoch as training measured it, else on noised
/// probes with intervals; `ratio_to_wiener` and `ratio_to_reference`, on the same probes; `train_test_gap`
/// 1 - r_train / r_test, r the ratio to Wiener, so that the affine predictor has none; `rank_floor`; `verdict`, the code of
/// [`Verdict`] with its word as the group.
pub(super) struct LossLandscape;

/// Probes of the memoriser, whose answers cost a sum over the training set each.
const MEMORY_PROBES: usize = 500;

impl Observable for LossLandscape {
    fn name(&self) -> &'static str {
        "loss_landscape"
    }

    fn group(&self) -> Group {
        Group::Information
    }

    fn question(&self) -> &'static str {
        "Is each machine limited by its size, as good as a linear map, as good as the exact reference, or memorising?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        let probes = Probes::work(lab);
        Some(lab.model_count() * probes + probes + lab.grid().len() as u64)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let times = Probes::times(lab);
        let mut rows = kept_losses(lab);
        let own = lab.probes(0, advance)?;
        let reference = if lab.model_count() > 1 { Some(lab.probes(1, advance)?) } else { None };
        let (train, test) = (train_starts(lab, lab.trajectories()), test_starts(lab));
        let n = test.len() / lab.dim();
        let bootstrap = lab.bootstrap(n.min(train.len() / lab.dim()));
        for (k, &t) in times.iter().enumerate() {
            let on_train = Sided::of(lab, lab.model.denoiser, &train, t)?;
            let wiener = Answers::of(lab, lab.wiener(), &test, t)?.errors();
            let beside = reference.map(|probes| &probes.errors[k]);
            let at = AtOnce { t, on_train, test: &own.errors[k], wiener: &wiener, reference: beside };
            rows.extend(at.rows(lab, &bootstrap)?);
            advance(1);
        }
        rows.extend(memory(lab, advance)?);
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// The machines' losses where training recorded them.
fn kept_losses(lab: &Lab<'_>) -> Vec<ObservableRow> {
    let timestep = |row: &MetricRow| lab.schedule.timestep(row.t).ok();
    let row = |row: &MetricRow| {
        let group = match row.split {
            Split::Train => "train",
            Split::Test => "test",
            Split::Validation => "validation",
        };
        Some(ObservableRow::exact(timestep(row)?, lab.model.name, "mse", row.value).of_group(group))
    };
    let kept = at_kept_epoch(lab.metrics, lab.training).into_iter().filter(|row| row.metric == MetricRow::MSE);
    kept.filter_map(row).collect()
}

/// The errors of a model and of the affine predictor on the same noise.
struct Sided {
    own: Vec<f64>,
    wiener: Vec<f64>,
}

impl Sided {
    fn of(lab: &Lab<'_>, denoiser: &dyn Denoiser, z0: &[f32], t: Timestep) -> Result<Self, AnalysisError> {
        let own = Answers::of(lab, denoiser, z0, t)?.errors();
        Ok(Self { own, wiener: Answers::of(lab, lab.wiener(), z0, t)?.errors() })
    }

    fn ratio(&self, indices: &[u32]) -> f64 {
        mean(&self.own, indices) / mean(&self.wiener, indices)
    }
}

/// Everything measured at one timestep.
struct AtOnce<'a> {
    t: Timestep,
    on_train: Sided,
    test: &'a [f64],
    wiener: &'a [f64],
    reference: Option<&'a Vec<f64>>,
}

impl AtOnce<'_> {
    fn rows(&self, lab: &Lab<'_>, bootstrap: &Bootstrap) -> Result<Vec<ObservableRow>, AnalysisError> {
        let Self { t, on_train, test, wiener, reference } = self;
        let (own, n) = (lab.model.name, bootstrap.trajectories());
        let row = |model: &str, quantity: &str, group: &str, interval: Interval| {
            ObservableRow::estimate(*t, model, quantity, interval, n).of_group(group)
        };
        let ratio = |over: &[f64], i: &[u32]| mean(test, i) / mean(over, i);
        let to_wiener = bootstrap.interval(|i| ratio(wiener, i));
        let gap = bootstrap.interval(|i| 1.0 - on_train.ratio(i) / ratio(wiener, i));
        let mut rows = vec![
            row(own, "ratio_to_wiener", "test", to_wiener),
            row(own, "ratio_to_wiener", "train", bootstrap.interval(|i| on_train.ratio(i))),
            row(own, "train_test_gap", "all", gap),
            row("wiener", "mse", "test", bootstrap.mean(wiener)),
            row("wiener", "mse", "train", bootstrap.mean(&on_train.wiener)),
            ObservableRow::exact(*t, "gaussian", "mse", lab.gaussian().mse(*t)),
        ];
        if lab.metrics.is_empty() {
            rows.push(row(own, "mse", "test", bootstrap.mean(test)));
            rows.push(row(own, "mse", "train", bootstrap.mean(&on_train.own)));
        }
        let mut to_reference = None;
        if let (Some(errors), Some(law)) = (reference, lab.reference()?) {
            let found = bootstrap.interval(|i| ratio(errors, i));
            to_reference = Some(found.value);
            rows.push(row(own, "ratio_to_reference", "test", found));
            rows.push(row(law.name, "mse", "test", bootstrap.mean(errors)));
            rows.push(row(
                law.name,
                "ratio_to_wiener",
                "test",
                bootstrap.interval(|i| mean(errors, i) / mean(wiener, i)),
            ));
        }
        let floor = rank_floor(lab, *t)?;
        rows.extend(floor.map(|floor| ObservableRow::exact(*t, own, "rank_floor", floor)));
        let explained = floor.map_or(0.0, |floor| floor * test.len() as f64 / test.iter().sum::<f64>());
        let verdict = Verdict::of(to_wiener.value, to_reference, gap.value, explained);
        rows.push(ObservableRow::exact(*t, own, "verdict", verdict.code()).of_group(verdict.word()));
        Ok(rows)
    }
}

/// 1 - H/d where the machine of this timestep has no skip: its output spans at most H directions.
fn rank_floor(lab: &Lab<'_>, t: Timestep) -> Result<Option<f64>, AnalysisError> {
    let Some(bank) = lab.bank else { return Ok(None) };
    let machine = bank.machine(t)?;
    let floor = 1.0 - machine.hidden as f64 / machine.dim as f64;
    Ok((machine.skip == Skip::None && machine.local.is_none() && floor > 0.0).then_some(floor))
}

/// The errors of the training set as a law, on training and on test samples, over the coarse grid.
fn memory(lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Vec<ObservableRow>, AnalysisError> {
    let count = MEMORY_PROBES.min(lab.trajectories());
    let spread = |z0: Vec<f32>| {
        let (n, d) = (z0.len() / lab.dim(), lab.dim());
        let rows = (0..count.min(n)).map(|i| i * n / count.min(n)).flat_map(|i| z0[i * d..(i + 1) * d].to_vec());
        rows.collect::<Vec<f32>>()
    };
    let sides = [("train", train_starts(lab, count)), ("test", spread(test_starts(lab)))];
    let mut rows = Vec::new();
    for t in lab.grid() {
        let mut row = |quantity, group, interval, n| {
            rows.push(ObservableRow::estimate(t, "empirical_train", quantity, interval, n).of_group(group));
        };
        let mut measured = Vec::new();
        for (group, z0) in &sides {
            let sided = Sided::of(lab, lab.empirical_train()?, z0, t)?;
            let n = sided.own.len();
            let bootstrap = lab.bootstrap(n);
            row("mse", *group, bootstrap.mean(&sided.own), n);
            row("ratio_to_wiener", *group, bootstrap.interval(|i| sided.ratio(i)), n);
            measured.push(sided);
        }
        if let [train, test] = &measured[..] {
            let n = train.own.len().min(test.own.len());
            let bootstrap = lab.bootstrap(n);
            row("train_test_gap", "all", bootstrap.interval(|i| 1.0 - train.ratio(i) / test.ratio(i)), n);
        }
        advance(1);
    }
    Ok(rows)
}
