//! Speciation predicted from second moments: kappa_t and every convention for t_S.

use model::ClassSnr;
use model::speciation::{self, TwoClasses};
use schedule::Timestep;

use super::{Group, Measured, Observable, ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::lab::Lab;

/// kappa_t = (A/4) d^T (A W + D)^{-1} d of the best linear discriminant, kappa along d alone, and A Lambda.
///
/// d is the difference of the class means, W their pooled covariance, Lambda the largest variance of the data.
/// Biroli, Bonnaire, de Bortoli and Mezard 2024 for A Lambda = 1; for two equal Gaussians the
/// score's slope, phi and the merging of the modes meet at kappa = 1.
pub(super) struct Kappa;

/// The model that moments are attributed to.
const DATA: &str = "data";

impl Observable for Kappa {
    fn name(&self) -> &'static str {
        "kappa"
    }

    fn group(&self) -> Group {
        Group::Speciation
    }

    fn question(&self) -> &'static str {
        "Where do the second moments of the data put the speciation time?"
    }

    fn work(&self, _: &Lab<'_>) -> Option<u64> {
        Some(1)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let top = lab.data.eigenvalues.first().copied().unwrap_or(0.0);
        let classes = if lab.labels().len() == 2 { Some(TwoClasses::of(lab.data.train)?) } else { None };
        let mut rows = vec![ObservableRow::timeless(DATA, "top_variance", top)];
        for t in lab.schedule.timesteps() {
            let alpha_bar = lab.schedule.alpha_bar(t);
            let row = |quantity, value| ObservableRow::exact(t, DATA, quantity, value);
            rows.push(row("alpha_bar_top_variance", alpha_bar * top));
            if let Some(classes) = &classes {
                let kappa = classes.snr(alpha_bar);
                rows.push(row("kappa", kappa));
                rows.push(row("kappa_along_means", classes.snr_along(alpha_bar)));
                rows.push(row("phi_of_kappa", ClassSnr(kappa).cloning_probability()));
            }
        }
        advance(1);
        Ok(Measured { rows, transitions: transitions(lab, top, classes.as_ref()) })
    }
}

fn transitions(lab: &Lab<'_>, top: f64, classes: Option<&TwoClasses>) -> Vec<TransitionRow> {
    let schedule = lab.schedule;
    let row = |convention: &str, t: Option<Timestep>| {
        TransitionRow::predicted(Transition::Speciation, convention, DATA, t.map(|t| t.get() as f64))
    };
    let mut rows = vec![
        row("A Lambda = 1", speciation::spectral(schedule, top)),
        row("A Lambda = D", speciation::spectral_over_noise(schedule, top)),
    ];
    rows.extend(classes.into_iter().flat_map(|classes| {
        [
            row("A p1 p2 |d|^2 = 1", classes.by_variance_between(schedule)),
            row("kappa along d = 1", classes.by_snr_along(schedule)),
            row(TransitionRow::SPECIATION_LINE, classes.by_snr(schedule)),
        ]
    }));
    rows
}
