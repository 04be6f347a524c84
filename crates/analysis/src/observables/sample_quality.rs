//! How good the run's own samples are.

use super::judge::Judge;
use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::Lab;
use crate::lab::probes::train_starts;
use crate::quality::SlicedReference;
use crate::stats::{Bootstrap, Interval};

/// The samples of the run, as its settings of the chain (stride, variance, steps without noise) made them, against the test
/// set.
///
/// Quantities without a time: `frechet_50`, `frechet_features`, `class_share` and `confidence` as in late starts, and
/// `sliced_wasserstein`, blind to no shape where the Frechet distance compares Gaussians.  Model `data`: the distances of as
/// many training samples, which are not 0.
pub(super) struct SampleQuality;

/// Resamples of the sliced distance, which sorts every sample along every direction.
const RESAMPLES: usize = 50;

impl Observable for SampleQuality {
    fn name(&self) -> &'static str {
        "sample_quality"
    }

    fn group(&self) -> Group {
        Group::Interventions
    }

    fn question(&self) -> &'static str {
        "How far are the run's samples from real ones, for the chain's stride, variance and last noise?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        (lab.samples.is_some_and(|z| z.len() >= 2 * lab.dim()) && lab.data.test.len() > 1).then_some(1)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let z = lab.samples.unwrap_or_default();
        let count = z.len() / lab.dim();
        let judge = Judge::of(lab, count)?;
        let mut rows = judge.floor();
        let sliced = SlicedReference::of(lab.data.test, lab.settings.seed);
        let real = train_starts(lab, count);
        let all: Vec<u32> = (0..(real.len() / lab.dim()) as u32).collect();
        let floor = sliced.distance(&sliced.along(&real), &all);
        rows.push(ObservableRow {
            trajectories: Some(all.len()),
            ..ObservableRow::timeless("data", "sliced_wasserstein", floor)
        });
        rows.extend(judge.rows(lab.model.name, SUFFIX, z).into_iter().map(without_suffix));
        let interval = interval(&sliced, &sliced.along(z), Bootstrap::new(lab.settings.seed, RESAMPLES, count));
        let row = ObservableRow::timeless(lab.model.name, "sliced_wasserstein", interval.value);
        rows.push(row.with_interval(interval, count));
        advance(1);
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

const SUFFIX: &str = "of_samples";

fn without_suffix(row: ObservableRow) -> ObservableRow {
    let plain = row.quantity.strip_suffix(SUFFIX).map(|name| name.trim_end_matches('_').to_owned());
    ObservableRow { quantity: plain.unwrap_or(row.quantity), ..row }
}

fn interval(reference: &SlicedReference, along: &[Vec<f32>], bootstrap: Bootstrap) -> Interval {
    bootstrap.centred_interval(|indices| reference.distance(along, indices))
}
