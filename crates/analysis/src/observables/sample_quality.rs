//! How good the run's own samples are.

mod metrics;
mod sets;

use metrics::METRICS;
use sets::{Sets, Subject};

use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::Lab;

/// The samples of the run, as its settings of the chain (stride, variance, steps without noise) made them, against n test
/// samples; model `data`: n training samples against the same n test samples, the floor, which is 0 or 1 for no metric.
///
/// n is the least of the numbers of samples, of test and of training samples, and 5000; real ones are drawn at random, since
/// files are not shuffled.  Formulas are those of [`crate::quality`], in the principal axes of the training set, where
/// distances are those between images.
///
/// | quantity | metric |
/// |---|---|
/// | `frechet_50` | squared Frechet distance on the first 50 principal axes |
/// | `frechet_features` | the same on the 64 rectified hidden units of the run's classifier, where it has one |
/// | `sliced_wasserstein` | root mean squared quantile gap along 200 random directions, 500 in the plane |
/// | `mmd2` | unbiased squared MMD, 2 sigma^2 the median squared distance of real pairs, itself in `mmd2_width` |
/// | `mmd2_0.25`, `mmd2_0.05` | in the plane instead: sigma = 0.25 and 0.05 |
/// | `precision`, `recall`, `density`, `coverage` | balls to the 5th nearest neighbour on the first 50 principal axes |
/// | `class_share` | share of each class, its label the group, by the run's class rule |
/// | `confidence` | mean of the rule's largest probability, where it gives probabilities |
/// | `nearest_distance`, `nearest_ratio`, `memorised` | means of d1, d1 / d2, 1[d1 / d2 < 1/3] to the whole training set; model `data`: of the n test samples |
/// | `curve_distance`, `curve_distance_95`, `off_curve` | Swiss roll: mean and 95% quantile of the distance to the curve, share beyond 0.1 |
///
/// Intervals resample whole samples, the real ones they are compared with held.
pub(super) struct SampleQuality;

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

    fn version(&self) -> u32 {
        2
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        (Sets::count(lab) > 1).then_some(2 * METRICS.len() as u64)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let sets = Sets::of(lab)?;
        let floor = Subject { model: "data", z: &sets.train, unseen: &sets.test };
        let own = Subject { model: lab.model.name, z: sets.own, unseen: sets.own };
        let mut rows: Vec<ObservableRow> = sets.width_row().into_iter().collect();
        for subject in [floor, own] {
            for metric in METRICS {
                rows.extend(metric(&sets, &subject));
                advance(1);
            }
        }
        Ok(Measured { rows, transitions: Vec::new() })
    }
}
