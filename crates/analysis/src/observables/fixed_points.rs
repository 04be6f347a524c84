//! The fixed points of the score over t: the bifurcation diagram of speciation.

mod branches;

use branches::{FixedPoint, Search};
use rayon::prelude::*;
use schedule::Timestep;

use super::{Group, Measured, Observable, ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::lab::{ClassLine, Lab, Subject};

/// x* with s(x*) = 0, s the score: the modes and saddles of p_t for an exact law.
///
/// Four branches, x = 0 to 3: from the mean of the data at t = T followed down, from the mean of each class at t = 1
/// followed up, and from the point between them where both are equally likely. Each step is Newton's with the exact
/// Jacobian (GMRES, preconditioned by A lambda + D). order_parameter is the projection of x* / sqrt(A) on the class axis, -1 at
/// the first class's mean and 1 at the second one's; top_eigenvalue that of the symmetric part of J_s at x*, negative
/// where x* is stable. A branch that has met another one is listed once, under the smaller number.
/// For two Gaussians +-m of covariance s2 I: x* = sqrt(A) tau m, tau = tanh(kappa tau), a pitchfork at kappa = 1. Where the
/// classes differ in width the pitchfork is imperfect: the branch from the noise goes smoothly into one class, and the
/// other one appears apart from it.  Raya and Ambrogioni 2023, figure 1; Biroli et al. 2024.
pub(super) struct FixedPoints;

impl Observable for FixedPoints {
    fn name(&self) -> &'static str {
        "fixed_points"
    }

    fn group(&self) -> Group {
        Group::Machines
    }

    fn question(&self) -> &'static str {
        "Where does the score have stable and unstable fixed points, and at which t does a second class appear among them?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        let branches = branches::Branch::ALL.len() as u64;
        (lab.labels().len() == 2).then(|| branches * lab.subject_count() * lab.fine_grid().len() as u64)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let Some(line) = ClassLine::of(lab) else { return Ok(Measured::default()) };
        let times = lab.fine_grid();
        let halves: Vec<Option<f64>> = times.par_iter().map(|&t| line.half(lab, t)).collect::<Result<_, _>>()?;
        let search = Search { lab, line: &line, times: &times, halves: &halves };
        let mut measured = Measured::default();
        for subject in lab.subjects()? {
            let found = search.all(subject, advance)?;
            for (&t, points) in times.iter().zip(&found) {
                let signal = lab.schedule.forward(t).signal;
                measured.rows.extend(points.iter().flat_map(|point| rows(t, subject.name, &line, signal, point)));
                let stable = points.iter().filter(|point| point.eigenvalue < 0.0).count();
                measured.rows.push(ObservableRow::exact(t, subject.name, "stable_fixed_points", stable as f64));
            }
            measured.transitions.push(two_stable(subject, &times, &found));
        }
        Ok(measured)
    }
}

fn rows(t: Timestep, model: &str, line: &ClassLine, signal: f64, found: &FixedPoint) -> [ObservableRow; 2] {
    let row = |quantity, value| ObservableRow::exact(t, model, quantity, value).at(found.branch.number());
    [row("order_parameter", line.order_parameter(signal, &found.point)), row("top_eigenvalue", found.eigenvalue)]
}

fn two_stable(subject: Subject<'_>, times: &[Timestep], found: &[Vec<FixedPoint>]) -> TransitionRow {
    let several = |points: &&Vec<FixedPoint>| points.iter().filter(|point| point.eigenvalue < 0.0).count() > 1;
    let last = times.iter().zip(found).rev().find(|(_, points)| several(points));
    let t = last.map(|(t, _)| t.get() as f64);
    let row = TransitionRow::predicted(Transition::Speciation, "two stable fixed points", subject.name, t);
    let kind = if subject.is_trained() { "measured" } else { "predicted" };
    TransitionRow { kind: kind.to_owned(), ..row }
}
