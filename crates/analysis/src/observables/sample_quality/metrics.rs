//! The rows of each metric.

use super::super::ObservableRow;
use super::sets::{Sets, Subject};
use crate::lab::{ClassRule, nearest};
use crate::quality::{COPIES, curve_distances};

/// The rows of a metric for some samples.
pub(super) type Metric = fn(&Sets<'_, '_>, &Subject<'_>) -> Vec<ObservableRow>;

/// One line a metric, in the order of the table.
pub(super) const METRICS: [Metric; 8] = [frechet, features, sliced, kernels, neighbourhoods, classes, copies, curve];

fn frechet(sets: &Sets<'_, '_>, subject: &Subject<'_>) -> Vec<ObservableRow> {
    let leading = sets.frechet.leading(subject.z, sets.lab.dim());
    vec![sets.row(subject, "frechet_50", sets.frechet.interval(&leading, &sets.few))]
}

fn features(sets: &Sets<'_, '_>, subject: &Subject<'_>) -> Vec<ObservableRow> {
    let (Some(ClassRule::Trained(classifier)), Some(real)) = (sets.rule, &sets.features) else { return Vec::new() };
    let own: Vec<f64> = classifier.features(subject.z).into_iter().map(f64::from).collect();
    vec![sets.row(subject, "frechet_features", real.interval(&own, &sets.few))]
}

fn sliced(sets: &Sets<'_, '_>, subject: &Subject<'_>) -> Vec<ObservableRow> {
    vec![sets.row(subject, "sliced_wasserstein", sets.sliced.interval(subject.z, &sets.few))]
}

fn kernels(sets: &Sets<'_, '_>, subject: &Subject<'_>) -> Vec<ObservableRow> {
    let kernels = sets.kernels.iter();
    kernels.map(|(quantity, kernel)| sets.row(subject, quantity, kernel.interval(subject.z, &sets.many))).collect()
}

fn neighbourhoods(sets: &Sets<'_, '_>, subject: &Subject<'_>) -> Vec<ObservableRow> {
    let found = sets.neighbours.compare(sets.frechet.leading(subject.z, sets.lab.dim()));
    found.intervals(&sets.many).map(|(quantity, interval)| sets.row(subject, quantity, interval)).into()
}

fn classes(sets: &Sets<'_, '_>, subject: &Subject<'_>) -> Vec<ObservableRow> {
    let Some(rule) = sets.rule else { return Vec::new() };
    let decided = rule.decide(subject.z);
    let share = |(class, label): (usize, u8)| {
        let is: Vec<f64> = decided.iter().map(|&c| f64::from(u8::from(c == class))).collect();
        sets.row(subject, "class_share", sets.many.mean(&is)).of_group(label)
    };
    let mut rows: Vec<ObservableRow> = rule.labels().into_iter().enumerate().map(share).collect();
    rows.extend(rule.probabilities(subject.z).map(|probabilities| {
        let largest = |row: &[f64]| row.iter().copied().fold(0.0, f64::max);
        let confidence: Vec<f64> = probabilities.chunks_exact(rule.count()).map(largest).collect();
        sets.row(subject, "confidence", sets.many.mean(&confidence))
    }));
    rows
}

fn copies(sets: &Sets<'_, '_>, subject: &Subject<'_>) -> Vec<ObservableRow> {
    let found = nearest(sets.lab.data.train, subject.unseen, false);
    let mean = |number| sets.many.mean(&found.iter().map(number).collect::<Vec<f64>>());
    COPIES.map(|(quantity, number)| sets.row(subject, quantity, mean(number))).into()
}

fn curve(sets: &Sets<'_, '_>, subject: &Subject<'_>) -> Vec<ObservableRow> {
    let Some(ClassRule::Arc(spiral, _)) = sets.rule else { return Vec::new() };
    let found = curve_distances(&spiral.distances(subject.z), &sets.many);
    found.map(|(quantity, interval)| sets.row(subject, quantity, interval)).into()
}
