//! Memorisation by a model: do its clones and its samples end at training samples?

use super::empirical_posterior::EMPIRICAL_TRAIN;
use super::ensemble::{Ensemble, mean};
use super::{Group, Measured, Observable, ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::lab::{Clones, Lab, Nearest, Recall, UTurns, nearest};
use crate::quality::COPIES;
use schedule::Timestep;

/// phi_c(t) = P(the training sample nearest to two clones that share x_t is the same); the distances d1 and d2 of a sample
/// to the two training samples nearest to it, and the memorised fraction P(d1 / d2 < 1/3).
///
/// `nearest_settled` is P(the training sample nearest to x_t / sqrt(alpha_bar_t) is the one nearest to the x_0 it ends at), and
/// `last_nearest_change` the mean time of the last change of the nearest one; a memoriser ends at its likeliest sample with the
/// probability that a noised sample is the likeliest at x_t, its MAP hit rate.
/// Distances are those of samples (clones that part at T), of U-turns x_0 -> x_t -> x_0' of test samples against t, and as
/// floors those of the test set (`empirical_test`) and of the training set with each sample left out (`empirical_train`).
/// Classes are those of the nearest training sample. The theory under phi_c is that of a memoriser, whose clones agree with
/// probability Y2. Biroli, Bonnaire, de Bortoli and Mezard 2024 for phi_c; Bonnaire, Urfin, Biroli and Mezard 2025 for the
/// fraction.
pub(super) struct Memorisation;

/// Quantity of the clones' agreement.
const AGREEMENT: &str = "phi_c";
/// Quantity of the trajectories whose nearest training sample is their last.
const SETTLED: &str = "nearest_settled";

impl Observable for Memorisation {
    fn name(&self) -> &'static str {
        "memorisation"
    }

    fn group(&self) -> Group {
        Group::Collapse
    }

    fn question(&self) -> &'static str {
        "Does the model commit to training samples, and are its samples copies of them?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        let enough = lab.data.train.len() > 2 && !lab.data.test.is_empty();
        enough.then(|| lab.model_count() * (Clones::work(lab) + UTurns::work(lab)) + Recall::work(lab) + 2)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let mut measured = Measured::default();
        for (k, model) in lab.models()?.into_iter().enumerate() {
            let clones = lab.clones(k, advance)?;
            clone_agreement(lab, model.name, clones, &mut measured);
            settling(lab, model.name, clones, &mut measured);
            let uturns = lab.uturns(k, advance)?;
            uturn_distances(lab, model.name, uturns, &mut measured.rows);
        }
        let recall = lab.recall_train(advance)?;
        let everyone = Ensemble::named(lab, "all", recall.indices.len());
        for (quantity, curves) in [(AGREEMENT, recall.participations()), (SETTLED, recall.hits())] {
            measured.rows.extend(everyone.rows((EMPIRICAL_TRAIN, quantity), &recall.times, &curves, mean));
        }
        let (train, test) = (lab.data.train, lab.data.test);
        for (model, samples, own) in [("empirical_test", test, false), (EMPIRICAL_TRAIN, train, true)] {
            let found = nearest(train, &samples.values, own);
            measured.rows.extend(distances(lab, model, &found, &samples.labels));
            advance(1);
        }
        Ok(measured)
    }
}

/// The label of the nearest training sample of each; none without labels.
fn classes(lab: &Lab<'_>, found: &[Nearest]) -> Vec<u8> {
    found.iter().filter_map(|nearest| lab.data.train.labels.get(nearest.index).copied()).collect()
}

/// phi_c(t) by class of the first clone, its passage through 1/2, and the distances of the clones that part at T.
fn clone_agreement(lab: &Lab<'_>, model: &str, clones: &Clones, measured: &mut Measured) {
    let mut agreements = Vec::with_capacity(clones.times.len());
    let mut by_class = Vec::with_capacity(clones.times.len());
    let mut last = Vec::new();
    for (first, second) in clones.first.iter().zip(&clones.second) {
        let (first, second) = (nearest(lab.data.train, first, false), nearest(lab.data.train, second, false));
        let same = first.iter().zip(&second).map(|(a, b)| f64::from(u8::from(a.index == b.index)));
        agreements.push(same.collect::<Vec<f64>>());
        by_class.push(classes(lab, &first));
        last = first;
    }
    let everyone = Ensemble::named(lab, "all", agreements.first().map_or(0, Vec::len));
    measured.rows.extend(everyone.rows((model, AGREEMENT), &clones.times, &agreements, mean));
    let crossing = everyone.crossing(&clones.times, &agreements, 0.5);
    let row = TransitionRow::measured(Transition::Collapse, "phi_c = 0.5", model, crossing, everyone.len());
    measured.transitions.push(row);
    for ((&t, agreement), classes) in clones.times.iter().zip(&agreements).zip(&by_class) {
        for ensemble in Ensemble::with_classes(lab, classes, classes.len()).iter().skip(1) {
            let interval = ensemble.estimate(agreement, mean);
            let row = ObservableRow::estimate(t, model, AGREEMENT, interval, ensemble.len());
            measured.rows.push(row.of_group(&ensemble.group));
        }
    }
    measured.rows.extend(distances(lab, model, &last, &classes(lab, &last)));
}

/// Whether the training sample nearest to x_t / sqrt(alpha_bar_t) of a reverse trajectory is the one its end is nearest to,
/// for each t, and the time of the last change: the least timestep looked at where it is not (0 where it always is).
fn settling(lab: &Lab<'_>, model: &str, clones: &Clones, measured: &mut Measured) {
    let ends = nearest(lab.data.train, &clones.end, false);
    let settled = |(&t, z): (&Timestep, &Vec<f32>)| -> Vec<f64> {
        let signal = lab.schedule.forward(t).signal as f32;
        let scaled: Vec<f32> = z.iter().map(|z| z / signal).collect();
        let now = nearest(lab.data.train, &scaled, false);
        now.iter().zip(&ends).map(|(now, end)| f64::from(u8::from(now.index == end.index))).collect()
    };
    let curves: Vec<Vec<f64>> = clones.times.iter().zip(&clones.parting).map(settled).collect();
    let everyone = Ensemble::named(lab, "all", ends.len());
    measured.rows.extend(everyone.rows((model, SETTLED), &clones.times, &curves, mean));
    let last_change = |i: usize| {
        let unsettled = clones.times.iter().zip(&curves).find(|(_, settled)| settled[i] == 0.0);
        unsettled.map_or(0.0, |(t, _)| t.get() as f64)
    };
    let changes: Vec<f64> = (0..ends.len()).map(last_change).collect();
    let row = ObservableRow::timeless(model, "last_nearest_change", 0.0);
    measured.rows.push(row.with_interval(everyone.estimate(&changes, mean), everyone.len()));
    let crossing = everyone.crossing(&clones.times, &curves, 0.5);
    let row = TransitionRow::measured(Transition::Collapse, "nearest settled = 0.5", model, crossing, everyone.len());
    measured.transitions.push(row);
}

/// d1, d1 / d2 and the memorised fraction where the U-turns end, against the t at which they turn.
fn uturn_distances(lab: &Lab<'_>, model: &str, uturns: &UTurns, rows: &mut Vec<ObservableRow>) {
    let found: Vec<Vec<Nearest>> = uturns.ends.iter().map(|ends| nearest(lab.data.train, ends, false)).collect();
    let everyone = Ensemble::named(lab, "all", uturns.indices.len());
    for (quantity, number) in COPIES {
        let curves: Vec<Vec<f64>> = found.iter().map(|found| found.iter().map(number).collect()).collect();
        rows.extend(everyone.rows((model, &format!("uturn_{quantity}")), &uturns.times, &curves, mean));
    }
}

/// The same of samples, for all and for each class.
fn distances(lab: &Lab<'_>, model: &str, found: &[Nearest], classes: &[u8]) -> Vec<ObservableRow> {
    let rows = |ensemble: &Ensemble| {
        COPIES.map(|(quantity, number)| {
            let interval = ensemble.estimate(&found.iter().map(number).collect::<Vec<f64>>(), mean);
            let row = ObservableRow::timeless(model, quantity, interval.value);
            row.with_interval(interval, ensemble.len()).of_group(&ensemble.group)
        })
    };
    Ensemble::with_classes(lab, classes, found.len()).iter().flat_map(rows).collect()
}
