//! Collapse of the memoriser: how the posterior over training samples shrinks to one of them.

use model::speciation::gaussian_information;
use schedule::Timestep;

use super::ensemble::{Ensemble, mean};
use super::{Group, Measured, Observable, ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::lab::{Lab, Recall};

/// With w_i = softmax_i(-|x_t - sqrt(A) a_i|^2 / 2D) over the n training samples: the entropy share H / ln n,
/// H = E[-sum_i w_i ln w_i]; Y2 = E sum_i w_i^2, the probability that two clones of the memoriser end in the same sample;
/// and the rate at which the largest weight is that of x_0 itself.
///
/// x_t comes from training samples (groups `all` and the classes) and from test samples (group `test`). The line of theory
/// is that of a Gaussian cloud, H / ln n = max(0, 1 - I_G / ln n). Biroli, Bonnaire, de Bortoli and Mezard 2024, equation 5
/// and figure 3; Y2 as in the random energy model, Derrida 1981.
pub(super) struct EmpiricalPosterior;

/// The model of the weights.
pub(super) const EMPIRICAL_TRAIN: &str = "empirical_train";

/// Quantities of the table.
const ENTROPY: &str = "entropy_share";
const PARTICIPATION: &str = "participation";
const HIT: &str = "map_hit";

impl Observable for EmpiricalPosterior {
    fn name(&self) -> &'static str {
        "empirical_posterior"
    }

    fn group(&self) -> Group {
        Group::Collapse
    }

    fn question(&self) -> &'static str {
        "From which t on does x_t single out one training sample?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        (lab.data.train.len() > 1).then(|| 2 * Recall::work(lab))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let mut measured = Measured::default();
        let recall = lab.recall_train(advance)?;
        let labels = &lab.data.train.labels;
        let classes: Vec<u8> = recall.indices.iter().filter_map(|&i| labels.get(i).copied()).collect();
        let hits = recall.hits();
        for ensemble in Ensemble::with_classes(lab, &classes, recall.indices.len()) {
            collapse(recall, &ensemble, &mut measured);
            measured.rows.extend(ensemble.rows((EMPIRICAL_TRAIN, HIT), &recall.times, &hits, mean));
            let crossing = ensemble.crossing(&recall.times, &hits, 0.5);
            measured.transitions.push(predicted("MAP hit = 0.5", crossing, &ensemble));
        }
        let recall = lab.recall_test(advance)?;
        collapse(recall, &Ensemble::named(lab, "test", recall.indices.len()), &mut measured);
        measured.rows.extend(gaussian_cloud(lab));
        Ok(measured)
    }
}

/// H / ln n and Y2 with the times at which they pass their levels.
fn collapse(recall: &Recall, ensemble: &Ensemble, measured: &mut Measured) {
    let (entropies, participations) = (recall.entropy_shares(), recall.participations());
    for (quantity, name, curves, levels) in [
        (PARTICIPATION, "Y2", &participations, [0.5, 0.9].as_slice()),
        (ENTROPY, "H/ln n", &entropies, &[0.01, 0.05, 0.1, 0.25, 0.5]),
    ] {
        measured.rows.extend(ensemble.rows((EMPIRICAL_TRAIN, quantity), &recall.times, curves, mean));
        measured.transitions.extend(levels.iter().map(|&level| {
            let crossing = ensemble.crossing(&recall.times, curves, level);
            predicted(&format!("{name} = {level}"), crossing, ensemble)
        }));
    }
}

/// A time read off the exact posterior, with the interval of its probes.
fn predicted(convention: &str, time: Option<crate::stats::Interval>, ensemble: &Ensemble) -> TransitionRow {
    let row = TransitionRow::measured(Transition::Collapse, convention, EMPIRICAL_TRAIN, time, ensemble.len());
    TransitionRow { kind: "predicted".to_owned(), ..row.of_group(&ensemble.group) }
}

/// max(0, 1 - I_G / ln n): the entropy share of n points of a Gaussian with the covariance of the training set.
fn gaussian_cloud(lab: &Lab<'_>) -> Vec<ObservableRow> {
    let scale = (lab.data.train.len() as f64).ln();
    let row = |t: Timestep| {
        let information = gaussian_information(lab.schedule.alpha_bar(t), lab.data.eigenvalues);
        ObservableRow::exact(t, "gaussian", ENTROPY, (1.0 - information / scale).max(0.0))
    };
    lab.fine_grid().into_iter().map(row).collect()
}
