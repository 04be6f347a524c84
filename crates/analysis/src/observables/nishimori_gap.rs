//! Is the reverse process the Bayesian inverse of the forward one?

use super::agreement::{Agreement, bootstrap};
use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::{Clones, Lab, UTurns};
use crate::stats::{mean_of, ratio_of};

/// G(t) = phi_U - phi_C, and the same with overlaps in the place of classes, G_o = o_U - o_C.
///
/// x_0 of the data and x_0' of the reversal are exchangeable given x_t when the reverse process is exact for the law of
/// the data, like two spins replicas on the Nishimori line: then G = 0 at every t.  What is left measures the model's
/// error, and the steps of the chain (about 0.005 at T = 100).  o = E z.z' / E|z|^2, z centred by the training mean.
/// U-turns and clones are independent trajectories and are resampled each for itself.
pub(super) struct NishimoriGap;

impl Observable for NishimoriGap {
    fn name(&self) -> &'static str {
        "nishimori_gap"
    }

    fn group(&self) -> Group {
        Group::Speciation
    }

    fn question(&self) -> &'static str {
        "Is the reverse process the Bayesian inverse of the forward process, at every t?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        lab.has_classes().then(|| lab.model_count() * (UTurns::work(lab) + Clones::work(lab)))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let Some(rule) = lab.class_rule()? else { return Ok(Measured::default()) };
        let mut rows = Vec::new();
        for (k, model) in lab.models()?.iter().enumerate() {
            let turned = Agreement::of_uturns(lab, k, rule, advance)?;
            let cloned = Agreement::of_clones(lab, k, rule, advance)?;
            // Both are at hand now: nothing is left to report.
            let (uturns, clones) = (lab.uturns(k, &|_| ())?, lab.clones(k, &|_| ())?);
            let ours = bootstrap(lab, turned.trajectories());
            let theirs = bootstrap(lab, cloned.trajectories());
            for (i, &t) in turned.times().iter().enumerate() {
                let of_classes = |i_u: &[u32]| mean_of(turned.at(i), i_u);
                let gap = ours.difference(of_classes, &theirs, |i_c| mean_of(cloned.at(i), i_c));
                let [u, c] = [(&uturns.z0, &uturns.ends[i]), (&clones.first[i], &clones.second[i])].map(|(a, b)| {
                    [super::overlaps::products(a, b, lab.dim()), super::overlaps::products(a, a, lab.dim())]
                });
                let overlap = |i_u: &[u32]| ratio_of(&u[0], &u[1], i_u);
                let overlap_gap = ours.difference(overlap, &theirs, |i_c| ratio_of(&c[0], &c[1], i_c));
                let row = |quantity, interval| {
                    ObservableRow::estimate(t, model.name, quantity, interval, turned.trajectories())
                };
                rows.push(row("gap", gap));
                rows.push(row("overlap_gap", overlap_gap));
            }
        }
        Ok(Measured { rows, transitions: Vec::new() })
    }
}
