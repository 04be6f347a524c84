//! Is the reverse process the Bayesian inverse of the forward one?

use super::agreement::Agreement;
use super::overlaps::products;
use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::{Clones, Lab, UTurns};
use crate::stats::{mean_of, ratio_of};

/// G(t) = phi_U - phi_C, and the same with overlaps in the place of classes, G_o = o_U - o_C.
///
/// x_0 of the data and x_0' of the reversal are exchangeable given x_t when the reverse process is exact for the law of
/// the data, like two replicas on the Nishimori line: then G = 0 at every t.  What is left measures the model's
/// error, and the steps of the chain (about 0.005 at T = 100).  o = E z.z' / sqrt(E|z|^2 E|z'|^2), z centred by the training
/// mean; by both ends, so that a chain whose samples are a little too narrow does not pass for a gap.
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
            let ours = lab.bootstrap(turned.trajectories());
            let theirs = lab.bootstrap(cloned.trajectories());
            for (i, &t) in turned.times().iter().enumerate() {
                let of_classes = |i_u: &[u32]| mean_of(turned.at(i), i_u);
                let gap = ours.difference(of_classes, &theirs, |i_c| mean_of(cloned.at(i), i_c));
                let u = Overlap::of(&uturns.z0, &uturns.ends[i], lab.dim());
                let c = Overlap::of(&clones.first[i], &clones.second[i], lab.dim());
                let overlap_gap = ours.difference(|i_u| u.among(i_u), &theirs, |i_c| c.among(i_c));
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

/// z.z', |z|^2 and |z'|^2 of each pair.
struct Overlap {
    cross: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Overlap {
    fn of(a: &[f32], b: &[f32], dim: usize) -> Self {
        Self { cross: products(a, b, dim), first: products(a, a, dim), second: products(b, b, dim) }
    }

    /// The overlap of some pairs.
    fn among(&self, indices: &[u32]) -> f64 {
        let scale = ratio_of(&self.second, &self.first, indices).sqrt();
        ratio_of(&self.cross, &self.first, indices) / scale
    }
}
