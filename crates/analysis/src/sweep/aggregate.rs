//! Means over the cells that have one value of an axis, with intervals where the cells repeat one experiment.

use std::collections::BTreeMap;

use super::{Axis, Cell, Sweep};
use crate::stats::Interval;

/// A mean over cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mean {
    pub(super) value: f64,
    /// Over seeds; or the interval of the one cell itself.
    pub(super) ends: Option<(f64, f64)>,
}

/// Means by their places on an axis, from left to right.
pub(super) type Points = Vec<(f64, Mean)>;

impl Sweep {
    /// The mean of a quantity over the cells whose value on axis `a` has index `i`, of those that have the quantity.
    ///
    /// Where `seed` is another axis, the mean over the remaining axes is taken for each seed first, and the 95% interval
    /// is Student's over the n >= 2 seeds: mean +- t_{0.975, n-1} s / sqrt(n) (Student 1908).
    pub(super) fn mean_at(&self, a: usize, i: usize, quantity: impl Fn(&Cell) -> Option<Interval>) -> Option<Mean> {
        let seeds = self.axes.iter().position(|axis| axis.key == Axis::SEED).filter(|&seeds| seeds != a);
        let cells = self.cells.iter().filter(|cell| cell.at.get(a) == Some(&i));
        let found: Vec<(usize, Interval)> = cells
            .filter_map(|cell| {
                let seed = seeds.and_then(|seeds| cell.at.get(seeds)).copied().unwrap_or(0);
                Some((seed, quantity(cell).filter(|interval| interval.value.is_finite())?))
            })
            .collect();
        if let [(_, only)] = &found[..] {
            let ends = (only.low < only.high).then_some((only.low, only.high));
            return Some(Mean { value: only.value, ends });
        }
        let mut by_seed: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (seed, interval) in found {
            by_seed.entry(seed).or_default().push(interval.value);
        }
        let means: Vec<f64> = by_seed.values().map(|values| mean(values)).collect();
        let value = (!means.is_empty()).then(|| mean(&means))?;
        let ends = half_width(&means).map(|half| (value - half, value + half));
        Some(Mean { value, ends })
    }
}

/// A number without an interval.
pub(super) fn exact(value: f64) -> Interval {
    Interval { value, low: value, high: value }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// t_{0.975, n-1} s / sqrt(n), for two values or more.
fn half_width(values: &[f64]) -> Option<f64> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let mean = mean(values);
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    Some(student(n - 1) * (variance / n as f64).sqrt())
}

/// The 97.5% quantile of Student's distribution: tabulated to 10 degrees of freedom, beyond by the first four terms of
/// its expansion around the normal quantile (Abramowitz and Stegun 1964, 26.7.5).
fn student(degrees: usize) -> f64 {
    const TABLE: [f64; 10] =
        [12.7062, 4.302_65, 3.182_45, 2.776_45, 2.570_58, 2.446_91, 2.364_62, 2.306, 2.262_16, 2.228_14];
    let beyond = || {
        let (z, n) = (1.959_963_985_f64, degrees as f64);
        let first = (z.powi(3) + z) / (4.0 * n);
        let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n.powi(2));
        let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * n.powi(3));
        z + first + second + third
    };
    degrees.checked_sub(1).and_then(|i| TABLE.get(i)).copied().unwrap_or_else(beyond)
}

#[cfg(test)]
mod tests {
    use super::super::tests::fabricated_sweep;
    use super::*;

    #[test]
    fn quantiles_of_student_are_those_of_the_tables() {
        // Abramowitz and Stegun 1964, table 26.10.
        for (degrees, quantile) in
            [(1, 12.706), (2, 4.303), (10, 2.228), (11, 2.201), (20, 2.086), (60, 2.0), (120, 1.98)]
        {
            assert!((student(degrees) - quantile).abs() < 6e-4, "{degrees}: {}", student(degrees));
        }
    }

    #[test]
    fn a_mean_over_seeds_has_students_interval() {
        let sweep = fabricated_sweep();
        // Losses of t = 1 at H = 50: 1, 1.1, 1.2.  s = 0.1.
        let loss = |cell: &Cell| Some(exact(cell.run.losses[0].test));
        let mean = sweep.mean_at(0, 0, loss).unwrap();
        let (low, high) = mean.ends.unwrap();
        let half = 4.30265 * 0.1 / 3_f64.sqrt();
        assert!(
            (mean.value - 1.1).abs() < 1e-12 && (high - 1.1 - half).abs() < 1e-9 && (low - 1.1 + half).abs() < 1e-9
        );
        // Of the seeds themselves there is no interval: the cells are different experiments.
        let mean = sweep.mean_at(1, 0, loss).unwrap();
        assert_eq!((mean.value, mean.ends), (1.5, None));
    }

    #[test]
    fn one_cell_alone_keeps_its_own_interval_and_missing_ones_are_left_out() {
        let sweep = fabricated_sweep();
        let only = |cell: &Cell| (cell.name == "1-2").then_some(Interval { value: 5.0, low: 4.0, high: 7.0 });
        assert_eq!(sweep.mean_at(0, 1, only), Some(Mean { value: 5.0, ends: Some((4.0, 7.0)) }));
        assert_eq!(sweep.mean_at(0, 0, only), None);
        assert_eq!(sweep.mean_at(0, 0, |_| Some(exact(f64::NAN))), None);
    }
}
