//! What `metrics.csv` holds, compared at each timestep.

use std::collections::BTreeMap;

use serde::Serialize;

use super::design::{Design, Group, RunTables};
use super::student::Estimate;
use super::windows::{Window, windows};
use crate::{Split, at_kept_epoch};

/// What the difference of two values is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// other / base - 1, tested as ln(other / base): values that are positive at every timestep.
    Relative,
    /// other - base.
    Absolute,
}

/// Two values at one timestep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Timestep, 1..=T.
    pub t: usize,
    /// The first group's value, its mean over seeds.
    pub base: f64,
    /// The other's.
    pub other: f64,
    /// other - base.
    pub difference: f64,
    /// other / base - 1, over several seeds by the mean of logarithms; `None` on an absolute scale.
    pub relative: Option<f64>,
    /// Lower end of the 95% interval, of the relative difference on a relative scale, of the difference otherwise.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// p-value of no difference.
    pub p: Option<f64>,
    /// The same adjusted for the number of timesteps.
    pub adjusted: Option<f64>,
    /// Whether it is judged to differ.
    pub differs: bool,
}

impl Point {
    /// The difference on the scale of the curve.
    pub fn shown(&self) -> f64 {
        self.relative.unwrap_or(self.difference)
    }
}

/// One metric on one split over t, of the machines as they are kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// What was measured, e.g. `mse`.
    pub metric: String,
    /// Data it was measured on.
    pub split: Split,
    /// How differences are taken.
    pub scale: Scale,
    /// By increasing t.
    pub points: Vec<Point>,
    /// Where the groups differ.
    pub windows: Vec<Window>,
    /// The adjusted p-value at which it was judged; `None` where nothing differs.
    pub level: Option<f64>,
}

impl Curve {
    /// `test mse`, or `test mse_wiener`.
    pub fn name(&self) -> String {
        format!("{} {}", self.split.word(), self.metric)
    }

    /// Whether all values agree to the bit.
    pub fn is_identical(&self) -> bool {
        self.points.iter().all(|point| point.difference == 0.0)
    }

    /// Timesteps with a p-value.
    pub fn tested(&self) -> usize {
        self.points.iter().filter(|point| point.p.is_some()).count()
    }

    pub(super) fn judge(&mut self, level: Option<f64>) {
        for point in &mut self.points {
            point.differs = level.zip(point.adjusted).is_some_and(|(level, p)| p <= level);
        }
        self.level = level;
        self.windows = windows(&self.points.iter().map(|point| (point.t, point.differs)).collect::<Vec<_>>());
    }
}

/// Values by (split, metric) and t.
type Values = BTreeMap<(Split, String), BTreeMap<usize, f64>>;

fn values(run: &RunTables) -> Values {
    let mut values = Values::new();
    for row in at_kept_epoch(&run.metrics, &run.training) {
        values.entry((row.split, row.metric.clone())).or_default().insert(row.t, row.value);
    }
    values
}

/// The curves that all runs of the design have, at the timesteps where all have a finite value.
pub(super) fn curves(base: &Group, other: &Group, design: &Design) -> Vec<Curve> {
    let (base, other) = design.runs(base, other);
    let read = |runs: Vec<&RunTables>| runs.into_iter().map(values).collect::<Vec<_>>();
    let (base, other) = (read(base), read(other));
    let Some(first) = base.first() else { return Vec::new() };
    let curve = |key: &(Split, String)| {
        let of = |runs: &'_ [Values]| runs.iter().map(|run| run.get(key).cloned()).collect::<Option<Vec<_>>>();
        Some(curve(key, &of(&base)?, &of(&other)?, design)).filter(|curve| !curve.points.is_empty())
    };
    // The test split first: it is what a reader looks for.
    let mut keys: Vec<&(Split, String)> = first.keys().collect();
    keys.sort_by_key(|(split, metric)| (*split != Split::Test, *split, metric.clone()));
    keys.into_iter().filter_map(curve).collect()
}

fn curve(
    (split, metric): &(Split, String),
    base: &[BTreeMap<usize, f64>],
    other: &[BTreeMap<usize, f64>],
    design: &Design,
) -> Curve {
    let at = |runs: &[BTreeMap<usize, f64>], t: usize| -> Option<Vec<f64>> {
        runs.iter().map(|run| run.get(&t).copied().filter(|value| value.is_finite())).collect()
    };
    let all = base.first().into_iter().flat_map(BTreeMap::keys);
    let rows: Vec<(usize, Vec<f64>, Vec<f64>)> = all.filter_map(|&t| Some((t, at(base, t)?, at(other, t)?))).collect();
    let positive = rows.iter().all(|(_, x, y)| x.iter().chain(y).all(|value| *value > 0.0));
    let scale = if positive { Scale::Relative } else { Scale::Absolute };
    let times: Vec<usize> = rows.iter().map(|row| row.0).collect();
    let scaled = |values: &Vec<f64>| match scale {
        Scale::Relative => values.iter().map(|value| value.ln()).collect(),
        Scale::Absolute => values.clone(),
    };
    let (x, y): (Vec<Vec<f64>>, Vec<Vec<f64>>) = rows.iter().map(|(_, x, y)| (scaled(x), scaled(y))).unzip();
    let estimates = design.estimates(&times, &x, &y);
    let mut points: Vec<Point> =
        rows.iter().zip(&estimates).map(|(row, estimate)| point(row, estimate.as_ref(), scale)).collect();
    let tested: Vec<f64> = points.iter().filter_map(|point| point.p).collect();
    let mut adjusted = super::bh::adjusted(&tested).into_iter();
    points.iter_mut().filter(|point| point.p.is_some()).for_each(|point| point.adjusted = adjusted.next());
    Curve { metric: metric.clone(), split: *split, scale, points, windows: Vec::new(), level: None }
}

fn point((t, x, y): &(usize, Vec<f64>, Vec<f64>), estimate: Option<&Estimate>, scale: Scale) -> Point {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let log_mean = |values: &[f64]| values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64;
    let back = |value: f64| if scale == Scale::Relative { value.exp_m1() } else { value };
    let interval = estimate.map(|estimate| estimate.interval());
    Point {
        t: *t,
        base: mean(x),
        other: mean(y),
        difference: mean(y) - mean(x),
        relative: (scale == Scale::Relative).then(|| (log_mean(y) - log_mean(x)).exp_m1()),
        low: interval.map(|(low, _)| back(low)),
        high: interval.map(|(_, high)| back(high)),
        p: estimate.map(Estimate::p),
        adjusted: None,
        differs: false,
    }
}
