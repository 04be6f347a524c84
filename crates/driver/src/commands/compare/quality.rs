//! How good the samples of each group are, from what its runs have measured of them.

use analysis::compare::RunTables;
use analysis::{HistogramRow, Origin, read_table_if_present};
use serde::Serialize;

use crate::DriverError;
use crate::folder::RunFolder;

/// One measure of the samples of every group, means over its runs.
#[derive(Debug, Serialize)]
pub(super) struct Quality {
    /// What is measured.
    pub(super) measure: &'static str,
    /// A value for each group; absent where its runs have none.
    pub(super) values: Vec<Option<f64>>,
}

impl Quality {
    /// The values as they are shown.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        self.values.iter().map(|value| value.map_or("(none)".to_owned(), |value| format!("{value:.4}")))
    }
}

/// The measures that some group has.
///
/// `pixel values, total variation from real ones`: (1/2) sum_b |g_b - r_b| over the shares of the bins of
/// `pixel_histogram.csv`.  The Frechet distances are those of the whole chain in `observables/late_start.csv`, whose
/// intervals the comparison of observables uses.
///
/// # Errors
/// A table that cannot be read.
pub(super) fn qualities(
    folders: &[RunFolder],
    runs: &[&RunTables],
    groups: &[Vec<usize>],
) -> Result<Vec<Quality>, DriverError> {
    let mut variations = Vec::new();
    for folder in folders {
        variations.push(total_variation(&read_table_if_present::<HistogramRow>(folder.root())?));
    }
    let frechet = |quantity| runs.iter().map(|run| whole_chain(run, quantity)).collect();
    let measures = [
        ("pixel values, total variation from real ones", variations),
        ("Frechet distance, 50 principal axes", frechet("frechet_50_from_noise")),
        ("Frechet distance, classifier features", frechet("frechet_features_from_noise")),
    ];
    let of_groups = |(measure, values): (&'static str, Vec<Option<f64>>)| Quality {
        measure,
        values: groups.iter().map(|members| mean(members.iter().map(|&i| values[i]))).collect(),
    };
    let qualities = measures.map(of_groups).into_iter();
    Ok(qualities.filter(|quality| quality.values.iter().any(Option::is_some)).collect())
}

/// The mean, where all have a value.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values = values.collect::<Option<Vec<f64>>>()?;
    Some(values.iter().sum::<f64>() / values.len() as f64)
}

/// (1/2) sum_b |g_b - r_b|, in [0, 1]; `None` without values of both.
fn total_variation(rows: &[HistogramRow]) -> Option<f64> {
    let counts = |origin| rows.iter().filter(move |row| row.split == origin).map(|row| row.count as f64);
    let total = |origin| Some(counts(origin).sum::<f64>()).filter(|total| *total > 0.0);
    let (generated, real) = (total(Origin::Generated)?, total(Origin::Real)?);
    let pairs = counts(Origin::Generated).zip(counts(Origin::Real));
    Some(pairs.map(|(g, r)| (g / generated - r / real).abs()).sum::<f64>() / 2.0)
}

/// What the run's own model has at t = T.
fn whole_chain(run: &RunTables, quantity: &str) -> Option<f64> {
    let rows = run.observables.get("late_start")?;
    let mut whole = rows.iter().filter(|row| row.t == Some(run.facts.timesteps) && row.model == run.facts.model);
    whole.find(|row| row.quantity == quantity).map(|row| row.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_variation_is_that_of_the_shares() {
        let row = |split, count| HistogramRow { low: 0.0, high: 1.0, split, count };
        let real = [row(Origin::Real, 10), row(Origin::Real, 30)];
        let generated = [row(Origin::Generated, 3), row(Origin::Generated, 1)];
        // Shares 0.25, 0.75 and 0.75, 0.25.
        assert_eq!(total_variation(&[real, generated].concat()), Some(0.5));
        assert_eq!(total_variation(&[row(Origin::Real, 10)]), None);
        assert_eq!(total_variation(&[]), None);
    }

    #[test]
    fn a_group_has_a_mean_where_all_of_its_runs_have_a_value() {
        assert_eq!(mean([Some(1.0), Some(3.0)].into_iter()), Some(2.0));
        assert_eq!(mean([Some(1.0), None].into_iter()), None);
    }
}
