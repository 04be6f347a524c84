//! phi_U: does a sample that is noised to t and brought back keep its class?

use super::agreement::Agreement;
use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::{Lab, UTurns};
use crate::stats::Interval;

/// phi_U(t) = P(class(x_0') = class(x_0)), x_0 -> x_t -> x_0' from samples the model was not trained on.
///
/// For an exact reverse process and x_0 from its own law x_0 and x_0' are exchangeable given x_t, so that phi_U = phi_C
/// (the cloning probability).  `phi_u_train`: the run's own model from samples it was trained on.  `class_flip` = 1 - phi_U.  Classes are those the rule gives to x_0 and x_0' alike.
/// Sclocchi, Favero and Wyart 2025 (the forward-backward experiment).
pub(super) struct UTurn;

impl Observable for UTurn {
    fn name(&self) -> &'static str {
        "uturn"
    }

    fn group(&self) -> Group {
        Group::Speciation
    }

    fn question(&self) -> &'static str {
        "From which t does a sample that is noised and brought back change its class?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        lab.has_classes().then(|| (lab.model_count() + 1) * UTurns::work(lab))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let Some(rule) = lab.class_rule()? else { return Ok(Measured::default()) };
        let labels = rule.labels();
        let mut measured = super::agreement::theory(lab)?;
        // The crossing of theory belongs to the table of clones.
        measured.transitions.clear();
        for (k, model) in lab.models()?.iter().enumerate() {
            let agreement = Agreement::of_uturns(lab, k, rule, advance)?;
            let bootstrap = lab.bootstrap(agreement.trajectories());
            let kept = agreement.rows(model.name, "phi_u", &labels, &bootstrap);
            measured.rows.extend(kept.iter().map(flip));
            measured.rows.extend(kept);
            measured.transitions.extend(agreement.transitions(model.name, "phi_U", &labels, &bootstrap));
        }
        let agreement = Agreement::within(&lab.uturns_from_training(advance)?, rule);
        let bootstrap = lab.bootstrap(agreement.trajectories());
        let rows = agreement.rows(lab.model.name, "phi_u_train", &[], &bootstrap);
        measured.rows.extend(rows.into_iter().map(|row| row.of_group("train")));
        let time = agreement.transitions(lab.model.name, "phi_U", &[], &bootstrap);
        measured.transitions.extend(time.into_iter().map(|row| row.of_group("train")));
        Ok(measured)
    }
}

/// 1 - phi_U.
fn flip(kept: &ObservableRow) -> ObservableRow {
    let ObservableRow { value, low, high, .. } = *kept;
    let ends = Interval { value: 1.0 - value, low: 1.0 - high.unwrap_or(value), high: 1.0 - low.unwrap_or(value) };
    let row = ObservableRow { quantity: "class_flip".to_owned(), ..kept.clone() };
    row.with_interval(ends, kept.trajectories.unwrap_or(0))
}
