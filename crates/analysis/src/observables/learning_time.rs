//! How long each machine took to learn.

mod classes;

use std::collections::{BTreeMap, BTreeSet};

use model::Skip;
use schedule::Timestep;

use super::variational_bound::second_moments;
use super::{Group, Measured, Observable, ObservableRow};
use crate::lab::Lab;
use crate::{AnalysisError, MetricRow, Split};
use classes::Watched;

/// Epochs of its own training after which a machine is as good as it gets, for every t.
///
/// With L(e) the loss after epoch e and L* the loss at the kept epoch: `learning_time` is the first e with
/// L(e) <= 1.1 L*; `excess_learning_time` the first with L(e) - L* <= (L(0) - L*) / 10, where at least 2% of L(0) was
/// learned. e is linear between epochs. L(0) is that of the machine before training: recorded, or the affine predictor's
/// where that is what the machine starts as (Wiener skip), else curves begin at epoch 1. Losses are compared as ratios to
/// the affine predictor's on the same noise where both were measured. Groups: `train`, `test`.
///
/// Of two classes, on the probes of [`model::ClassGauge`] (training samples, as many of either class, with the same noise
/// at every t): m(x0_hat) = u . (x0_hat - middle) / (|d| / 2) is -1 and 1 at the class means; `class_gain` is half the
/// difference of its means over the two classes at the kept epoch, `class_offset` its mean over all probes, on which the
/// class weights act: with weights p_1, p_2 it tends to p_2 - p_1 where nothing is known of the class. `direction_time`
/// and `weight_time` are the first epochs from which on gain and offset stay within 0.02 (a hundredth of the distance
/// between the class means) of these, 0 where that holds before training. Theory: m(E[x_0 | x_t]) of the exact law and of
/// one Gaussian (`gaussian`, the affine predictor) on the same states. Learning of the direction before the weight, one
/// machine a timestep: (attributed) Klinger and Biroli 2026.
pub(super) struct LearningTime;

/// L(e) below this multiple of L* counts as learned.
const NEAR: f64 = 1.1;
/// The share of the excess loss that may be left.
const EXCESS_LEFT: f64 = 0.1;
/// The least relative improvement of which a time can be told.
const LEAST_IMPROVEMENT: f64 = 0.02;

impl Observable for LearningTime {
    fn name(&self) -> &'static str {
        "learning_time"
    }

    fn group(&self) -> Group {
        Group::Interventions
    }

    fn question(&self) -> &'static str {
        "How many epochs does the machine of each timestep need?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        let any = lab.metrics.iter().any(|row| row.metric == MetricRow::MSE);
        any.then(|| 1 + Watched::of(lab).work(lab))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let mut rows = Vec::new();
        let moments = second_moments(&lab.data.train.values, lab.dim());
        for (split, group) in [(Split::Train, "train"), (Split::Test, "test")] {
            let (mut curves, relative) = curves(lab.metrics, split);
            for t in lab.schedule.timesteps() {
                let Some(curve) = curves.remove(&t.get()) else { continue };
                let curve = from_the_beginning(lab, t, &moments, relative.contains(&t.get()), curve)?;
                let kept = lab.training.iter().find(|row| row.t == t.get()).map(|row| row.kept);
                let row =
                    |(quantity, epochs)| ObservableRow::exact(t, lab.model.name, quantity, epochs).of_group(group);
                rows.extend(times(&curve, kept).into_iter().map(row));
            }
        }
        advance(1);
        rows.extend(Watched::of(lab).measure(lab, advance)?);
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// (epoch, loss) of each machine, and the timesteps at which it is relative to the affine predictor's loss because that
/// was measured beside it.
fn curves(metrics: &[MetricRow], split: Split) -> (BTreeMap<usize, BTreeMap<usize, f64>>, BTreeSet<usize>) {
    let of = |metric: &str| {
        let mut found: BTreeMap<usize, BTreeMap<usize, f64>> = BTreeMap::new();
        for row in metrics.iter().filter(|row| row.split == split && row.metric == metric) {
            found.entry(row.t).or_default().insert(row.epoch, row.value);
        }
        found
    };
    let (mut losses, wiener) = (of(MetricRow::MSE), of(MetricRow::MSE_WIENER));
    let mut relative = BTreeSet::new();
    for (&t, curve) in &mut losses {
        let beside = wiener.get(&t).filter(|wiener| curve.keys().all(|epoch| wiener.contains_key(epoch)));
        if let Some(wiener) = beside {
            curve.iter_mut().for_each(|(epoch, loss)| *loss /= wiener[epoch]);
            relative.insert(t);
        }
    }
    (losses, relative)
}

/// The curve with epoch 0 where the machine starts as the affine predictor, `moments` being those of the training set.
fn from_the_beginning(
    lab: &Lab<'_>,
    t: Timestep,
    moments: &[f64],
    relative: bool,
    mut curve: BTreeMap<usize, f64>,
) -> Result<Vec<(f64, f64)>, AnalysisError> {
    let warm = lab.training.iter().any(|row| row.t == t.get() && row.started_from.is_some());
    if let (Some(bank), false, false) = (lab.bank, warm, curve.contains_key(&0))
        && matches!(bank.machine(t)?.skip, Skip::Diagonal(_))
    {
        curve.insert(0, if relative { 1.0 } else { lab.wiener().mse(t, moments) });
    }
    Ok(curve.into_iter().map(|(epoch, loss)| (epoch as f64, loss)).collect())
}

/// The times of one curve (epoch, loss), ascending in epoch.
fn times(curve: &[(f64, f64)], kept: Option<usize>) -> Vec<(&'static str, f64)> {
    let (Some(&(_, first)), Some(&(_, last))) = (curve.first(), curve.last()) else { return Vec::new() };
    let at_kept = kept.and_then(|kept| curve.iter().find(|(epoch, _)| *epoch == kept as f64));
    let best = at_kept.map_or(last, |(_, loss)| *loss);
    let mut found = vec![("learning_time", first_below(curve, NEAR * best))];
    if first - best >= LEAST_IMPROVEMENT * first {
        found.push(("excess_learning_time", first_below(curve, best + EXCESS_LEFT * (first - best))));
    }
    found
}

/// The first epoch at which the piecewise linear curve is at or below `level`; NaN where it never is.
fn first_below(curve: &[(f64, f64)], level: f64) -> f64 {
    let Some(k) = curve.iter().position(|(_, loss)| *loss <= level) else { return f64::NAN };
    let (after, below) = curve[k];
    let Some((before, above)) = k.checked_sub(1).map(|k| curve[k]) else { return after };
    before + (after - before) * (above - level) / (above - below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponential_is_learned_after_the_logarithm_of_its_excess() {
        // L = 1 + 8 e^{-e/3}: excess 1/10 of L* at 3 ln 80, a tenth of the first excess at 3 ln 10.
        let curve: Vec<(f64, f64)> = (0..=60).map(f64::from).map(|e| (e, 1.0 + 8.0 * (-e / 3.0).exp())).collect();
        let found = times(&curve, None);
        assert!((found[0].1 - 3.0 * 80_f64.ln()).abs() < 0.1, "{found:?}");
        assert!((found[1].1 - 3.0 * 10_f64.ln()).abs() < 0.1, "{found:?}");
        // Kept early: its loss there is what counts.
        assert!((times(&curve, Some(3))[0].1 - first_below(&curve, 1.1 * curve[3].1)).abs() < 1e-12);
    }

    #[test]
    fn nothing_to_learn_takes_no_time() {
        assert_eq!(times(&[(0.0, 1.0), (1.0, 0.999)], None), [("learning_time", 0.0)]);
        assert!(times(&[], None).is_empty());
    }
}
