//! Groups of trajectories and what is estimated from them.

use rayon::prelude::*;
use schedule::Timestep;

use super::ObservableRow;
use crate::lab::Lab;
use crate::smoothing::peak;
pub(super) use crate::stats::mean_of as mean;
use crate::stats::{Bootstrap, Interval};

/// A number of one value a trajectory, for trajectories given by their indices, repeats included.
pub(super) type Statistic = fn(&[f64], &[u32]) -> f64;

/// The variance, 1/N sum (v - mean)^2.
pub(super) fn variance(values: &[f64], indices: &[u32]) -> f64 {
    let mean = mean(values, indices);
    indices.iter().map(|&i| (values[i as usize] - mean).powi(2)).sum::<f64>() / indices.len() as f64
}

/// Some trajectories of a run, with resamples of their own.
pub(super) struct Ensemble {
    /// `all`, or the label of a class.
    pub(super) group: String,
    members: Vec<usize>,
    bootstrap: Bootstrap,
}

/// The times of a grid as numbers.
pub(super) fn numbers(times: &[Timestep]) -> Vec<f64> {
    times.iter().map(|t| t.get() as f64).collect()
}

impl Ensemble {
    /// All of `count` trajectories under the name `group`.
    pub(super) fn named(lab: &Lab<'_>, group: &str, count: usize) -> Self {
        Self::of(lab, group.to_owned(), (0..count).collect())
    }

    /// All trajectories, then those of each class, where there are several; classes: one label a trajectory.
    pub(super) fn with_classes(lab: &Lab<'_>, classes: &[u8], count: usize) -> Vec<Self> {
        let mut labels = classes.to_vec();
        labels.sort_unstable();
        labels.dedup();
        let class = |&label: &u8| {
            let members = (0..classes.len()).filter(|&i| classes[i] == label).collect();
            Self::of(lab, label.to_string(), members)
        };
        let classes = labels.iter().filter(|_| labels.len() > 1).map(class);
        [Self::named(lab, "all", count)].into_iter().chain(classes).collect()
    }

    fn of(lab: &Lab<'_>, group: String, members: Vec<usize>) -> Self {
        let bootstrap = lab.bootstrap(members.len());
        Self { group, members, bootstrap }
    }

    /// Its number of trajectories.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    fn gather(&self, curves: &[Vec<f64>]) -> Vec<Vec<f64>> {
        curves.iter().map(|values| self.members.iter().map(|&i| values[i]).collect()).collect()
    }

    /// A statistic of one value a trajectory, with its interval.
    pub(super) fn estimate(&self, values: &[f64], statistic: Statistic) -> Interval {
        let own: Vec<f64> = self.members.iter().map(|&i| values[i]).collect();
        self.bootstrap.interval(|indices| statistic(&own, indices))
    }

    /// A row for every time: the statistic of its values.  curves: `[times][N]`.
    pub(super) fn rows(
        &self,
        (model, quantity): (&str, &str),
        times: &[Timestep],
        curves: &[Vec<f64>],
        statistic: Statistic,
    ) -> Vec<ObservableRow> {
        let row = |(&t, values): (&Timestep, &Vec<f64>)| {
            let interval = self.estimate(values, statistic);
            ObservableRow::estimate(t, model, quantity, interval, self.len()).of_group(&self.group)
        };
        times.par_iter().zip(curves).map(row).collect()
    }

    /// The last time at which the mean crosses `level`.  curves: `[times][N]`.
    pub(super) fn crossing(&self, times: &[Timestep], curves: &[Vec<f64>], level: f64) -> Option<Interval> {
        self.bootstrap.crossing(&numbers(times), &self.gather(curves), level)
    }

    /// Where the smoothed statistic is largest.  curves: `[times][N]`.
    pub(super) fn peak(&self, times: &[Timestep], curves: &[Vec<f64>], statistic: Statistic) -> Interval {
        let (times, curves) = (numbers(times), self.gather(curves));
        self.bootstrap.interval(|indices| {
            let curve: Vec<f64> = curves.iter().map(|values| statistic(values, indices)).collect();
            peak(&times, &curve)
        })
    }
}
