//! The samples that are compared, and what of the real ones serves every comparison.

use data::Samples;
use model::ModelError;
use schedule::{Purpose, Stream};

use super::super::ObservableRow;
use crate::AnalysisError;
use crate::lab::{ClassRule, Lab};
use crate::quality::{FrechetReference, KernelReference, NeighbourReference, SlicedReference};
use crate::stats::{Bootstrap, Interval};

/// Samples compared, at most: every metric takes their n^2 distances.
const MOST: usize = 5000;
/// Resamples of what costs an eigendecomposition or a sort along every direction.
const RESAMPLES: usize = 50;
/// The numbers of the streams that draw test and training samples.
const TEST: u64 = 19;
const TRAIN: u64 = 20;
/// sigma of the kernels in the plane, with their quantities.
const IN_THE_PLANE: [(&str, f64); 2] = [("mmd2_0.25", 0.25), ("mmd2_0.05", 0.05)];

/// Samples to be compared with the test samples.
pub(super) struct Subject<'a> {
    /// Whose they are.
    pub(super) model: &'a str,
    /// `[n, d]`.
    pub(super) z: &'a [f32],
    /// Those whose nearest training samples are looked for: none of them is one.  `[n, d]`.
    pub(super) unseen: &'a [f32],
}

/// n test samples, n training samples, n of the run's own.
pub(super) struct Sets<'b, 'a> {
    pub(super) lab: &'b Lab<'a>,
    /// `[n, d]`, drawn without replacement.
    pub(super) test: Vec<f32>,
    pub(super) train: Vec<f32>,
    /// The first n.
    pub(super) own: &'b [f32],
    /// The test samples on the first principal axes.
    pub(super) frechet: FrechetReference,
    /// The test samples in the hidden units of the classifier, where there is one.
    pub(super) features: Option<FrechetReference>,
    pub(super) sliced: SlicedReference,
    /// A kernel a quantity.
    pub(super) kernels: Vec<(&'static str, KernelReference)>,
    pub(super) neighbours: NeighbourReference,
    pub(super) rule: Option<&'b ClassRule<'a>>,
    /// Few resamples, and as many as the settings say.
    pub(super) few: Bootstrap,
    pub(super) many: Bootstrap,
    /// 2 sigma^2, where it is the median squared distance.
    width: Option<f64>,
}

impl<'b, 'a> Sets<'b, 'a> {
    /// n; 0 without samples.
    pub(super) fn count(lab: &Lab<'_>) -> usize {
        let own = lab.samples.map_or(0, |z| z.len() / lab.dim());
        own.min(lab.data.test.len()).min(lab.data.train.len()).min(MOST)
    }

    pub(super) fn of(lab: &'b Lab<'a>) -> Result<Self, AnalysisError> {
        let (n, dim) = (Self::count(lab), lab.dim());
        let (test, train) = (drawn(lab, lab.data.test, n, TEST), drawn(lab, lab.data.train, n, TRAIN));
        let own = lab.samples.and_then(|z| z.get(..n * dim)).unwrap_or_default();
        let rule = lab.class_rule()?;
        let features = match rule {
            Some(ClassRule::Trained(classifier)) => {
                let values = classifier.features(&test);
                let features = Samples { dim: values.len() / n.max(1), values, labels: Vec::new() };
                Some(FrechetReference::of_features(&features).map_err(ModelError::from)?)
            }
            _ => None,
        };
        let samples = Samples { dim, values: test, labels: Vec::new() };
        let frechet = FrechetReference::of(&samples).map_err(ModelError::from)?;
        let width = (dim != 2).then(|| KernelReference::median_width(&samples.values, dim));
        let kernel = |width: f64| KernelReference::of(&samples.values, dim, width);
        let kernels = match width {
            Some(width) => vec![("mmd2", kernel(width))],
            None => IN_THE_PLANE.map(|(name, sigma)| (name, kernel(2.0 * sigma * sigma))).into(),
        };
        let axes = dim.min(FrechetReference::AXES);
        let neighbours = NeighbourReference::of(frechet.leading(&samples.values, dim), axes);
        let sliced = SlicedReference::of(&samples, lab.settings.seed);
        let (few, many) = (Bootstrap::new(lab.settings.seed, RESAMPLES, n), lab.bootstrap(n));
        let test = samples.values;
        Ok(Self { lab, test, train, own, frechet, features, sliced, kernels, neighbours, rule, few, many, width })
    }

    /// The width of the kernel, where it follows from the data.
    pub(super) fn width_row(&self) -> Option<ObservableRow> {
        self.width.map(|width| ObservableRow::timeless("data", "mmd2_width", width))
    }

    /// A quantity of a subject.
    pub(super) fn row(&self, subject: &Subject<'_>, quantity: &str, interval: Interval) -> ObservableRow {
        ObservableRow::timeless(subject.model, quantity, interval.value)
            .with_interval(interval, self.many.trajectories())
    }
}

/// n of the samples, drawn without replacement.
fn drawn(lab: &Lab<'_>, samples: &Samples, n: usize, choice: u64) -> Vec<f32> {
    let order = Stream::new(lab.settings.seed, Purpose::Choice, choice, 0).permutation(samples.len());
    samples.select(order.into_iter().take(n).map(|i| i as usize)).values
}
