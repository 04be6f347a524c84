//! What the final states of a chain are measured by: distance to the test set, class shares, confidence.

use super::ObservableRow;
use crate::AnalysisError;
use crate::lab::probes::train_starts;
use crate::lab::{ClassRule, Lab};
use crate::quality::FrechetReference;
use crate::stats::{Bootstrap, Interval};

/// Resamples of the Frechet distance, which costs an eigendecomposition each.
const RESAMPLES: usize = 50;

/// The measures of one number of final states.
pub(super) struct Judge<'b, 'a> {
    lab: &'b Lab<'a>,
    real: FrechetReference,
    rule: Option<&'b ClassRule<'a>>,
    distances: Bootstrap,
    means: Bootstrap,
    /// How many final states are measured together.
    pub(super) count: usize,
}

impl<'b, 'a> Judge<'b, 'a> {
    /// Measures for `count` final states.
    pub(super) fn of(lab: &'b Lab<'a>, count: usize) -> Result<Self, AnalysisError> {
        let real = FrechetReference::of(lab.data.test).map_err(model::ModelError::from)?;
        let bootstrap = |resamples| Bootstrap::new(lab.settings.seed, resamples, count);
        let (distances, means) = (bootstrap(RESAMPLES), bootstrap(lab.settings.resamples));
        Ok(Self { lab, real, rule: lab.class_rule()?, distances, means, count })
    }

    /// The squared Frechet distance of as many training samples: what no set of this size falls below.
    pub(super) fn floor(&self) -> ObservableRow {
        let z0 = train_starts(self.lab, self.count);
        let floor = self.real.distance(&self.real.leading(&z0, self.lab.dim()));
        ObservableRow { trajectories: Some(self.count), ..ObservableRow::timeless("data", "frechet_50", floor) }
    }

    /// `frechet_50_SUFFIX`, `class_share_SUFFIX` of each label and `confidence_SUFFIX` (the mean of the classifier's largest
    /// probability, where there is one) of final states, without a time.  z: `[count, d]`.
    pub(super) fn rows(&self, model: &str, suffix: &str, z: &[f32]) -> Vec<ObservableRow> {
        let row = |quantity: &str, interval: Interval| {
            let quantity = format!("{quantity}_{suffix}");
            ObservableRow::timeless(model, &quantity, f64::NAN).with_interval(interval, self.count)
        };
        let leading = self.real.leading(z, self.lab.dim());
        let mut rows = vec![row("frechet_50", self.real.interval(&leading, &self.distances))];
        let Some(rule) = self.rule else { return rows };
        let classes = rule.decide(z);
        for (class, label) in rule.labels().into_iter().enumerate() {
            let is: Vec<f64> = classes.iter().map(|&c| f64::from(u8::from(c == class))).collect();
            rows.push(row("class_share", self.means.mean(&is)).of_group(label));
        }
        if let ClassRule::Trained(classifier) = rule {
            let largest = |row: &[f64]| row.iter().copied().fold(0.0, f64::max);
            let probabilities = classifier.probabilities(z);
            let confidence: Vec<f64> = probabilities.chunks_exact(rule.count()).map(largest).collect();
            rows.push(row("confidence", self.means.mean(&confidence)));
        }
        rows
    }
}
