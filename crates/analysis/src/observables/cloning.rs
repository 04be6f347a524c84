//! phi_C: do trajectories that share their past until t end in the same class?

use schedule::Timestep;

use super::agreement::{self, Agreement};
use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::{Clones, Lab};

/// phi_C(t) = P(class of clone a = class of clone b), clones of one reverse trajectory that part at t.
///
/// From 1 at t = 1 it falls to sum_c p_c^2 at t = T, through 0.7752 at speciation; for two equal Gaussians
/// phi_C = (1 + q)/2 with q = E tanh(kappa + sqrt(kappa) z), for any exact law E sum_c p(c | z_t)^2.
/// A pair is counted under the class of its first clone.  Biroli, Bonnaire, de Bortoli and Mezard 2024, figures 2 and 4.
pub(super) struct Cloning;

impl Observable for Cloning {
    fn name(&self) -> &'static str {
        "cloning"
    }

    fn group(&self) -> Group {
        Group::Speciation
    }

    fn question(&self) -> &'static str {
        "Until which t does the common past of two reverse trajectories decide their class?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        lab.has_classes().then(|| lab.model_count() * Clones::work(lab))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let Some(rule) = lab.class_rule()? else { return Ok(Measured::default()) };
        let Measured { mut rows, mut transitions } = agreement::theory(lab)?;
        let labels = rule.labels();
        for (k, model) in lab.models()?.iter().enumerate() {
            let agreement = Agreement::of_clones(lab, k, rule, advance)?;
            let bootstrap = lab.bootstrap(agreement.trajectories());
            rows.extend(agreement.rows(model.name, "phi_c", &labels, &bootstrap));
            transitions.extend(agreement.transitions(model.name, "phi_C", &labels, &bootstrap));
            for (i, &t) in agreement.times().iter().enumerate() {
                let shares = shares(t, model.name, agreement.classes_at(i), &labels, &bootstrap);
                rows.extend(shares);
            }
        }
        if let Some(&t) = lab.grid().last() {
            let classes = rule.decide(&lab.data.test.values);
            rows.extend(shares(t, "data", &classes, &labels, &lab.bootstrap(classes.len())));
        }
        Ok(Measured { rows, transitions })
    }
}

/// The share of each class among final states (`class_fraction`).
fn shares(
    t: Timestep,
    model: &str,
    classes: &[usize],
    labels: &[u8],
    bootstrap: &crate::stats::Bootstrap,
) -> Vec<ObservableRow> {
    let share = |(class, label): (usize, &u8)| {
        let is: Vec<f64> = classes.iter().map(|&c| f64::from(u8::from(c == class))).collect();
        ObservableRow::estimate(t, model, "class_fraction", bootstrap.mean(&is), classes.len()).of_group(label)
    };
    labels.iter().enumerate().map(share).collect()
}
