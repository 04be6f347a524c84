//! Where the line between the classes turns unstable: exact Jacobians, no trajectories.

use rayon::prelude::*;
use schedule::Timestep;

use super::{Group, Measured, Observable, ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::krylov::top_eigenvalues;
use crate::lab::{ClassLine, Lab, Subject};
use crate::stats::{crossing, fitted_crossing};

/// lam(z) = u^T J_s u = -u^T J u / sqrt(D), the slope of the score along the class axis u, J the exact Jacobian of
/// eps_hat: of a machine W2^T diag(1[a > 0]) W1^T + skip, of a law (I - (A/D) Cov(z_0 | z_t)) / sqrt(D).
///
/// max_slope is its maximum over z(x) = sqrt(A) (m_a + x (m_b - m_a)), x in [0, 1] at 201 points; slope_at_half and
/// top_eigenvalue_at_half belong to the point of the line where the exact law gives both classes 1/2, the eigenvalue to
/// (J_s + J_s^T) / 2.  1 + D lam = sqrt(A) d(u . x0_hat) / d(u . z) is the multiplier of the map z -> sqrt(A) x0_hat(z),
/// positive for exact laws, above 1 where the line is unstable.  For two Gaussians +-m of covariance s2 I the slope at the
/// origin is (kappa - 1) / (A s2 + D).  Of one Gaussian all slopes are negative at every t.  Raya and Ambrogioni 2023 for
/// 1/2 + lam = 0, the same for the drift z/2 + s of the reverse process; Biroli et al. 2024 for kappa = 1.
pub(super) struct Stability;

/// Points of the class line.
const POINTS: usize = 201;
/// Products of a search for a top eigenvalue.
pub(super) const LANCZOS_STEPS: usize = 30;
/// Timesteps on either side of a crossing that its interval is fitted to.
const NEIGHBOURS: usize = 6;

/// What is known at one t.
struct Slopes {
    t: Timestep,
    /// D.
    noise_variance: f64,
    largest: f64,
    /// Where on the line it is.
    position: f64,
    /// The slope and the top eigenvalue where both classes are equally likely.
    half: Option<(f64, f64)>,
}

impl Observable for Stability {
    fn name(&self) -> &'static str {
        "stability"
    }

    fn group(&self) -> Group {
        Group::Machines
    }

    fn question(&self) -> &'static str {
        "At which t does the state between the classes turn unstable, by the exact Jacobian of the score?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        (lab.labels().len() == 2).then(|| (lab.subject_count() + 1) * lab.fine_grid().len() as u64)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let Some(line) = ClassLine::of(lab) else { return Ok(Measured::default()) };
        let times = lab.fine_grid();
        let halves = times.par_iter().map(|&t| {
            let half = line.half(lab, t);
            advance(1);
            half
        });
        let halves: Vec<Option<f64>> = halves.collect::<Result<_, _>>()?;
        let mut measured = Measured::default();
        for subject in lab.subjects()? {
            let at = |(&t, &half): (&Timestep, &Option<f64>)| {
                let slopes = slopes(lab, &line, subject, t, half);
                advance(1);
                slopes
            };
            let curve: Vec<Slopes> = times.par_iter().zip(&halves).map(at).collect::<Result<_, _>>()?;
            measured.rows.extend(curve.iter().flat_map(|slopes| slopes.rows(subject.name)));
            measured.transitions.extend(transitions(lab, subject, &curve));
        }
        measured.rows.extend(times.iter().zip(&halves).flat_map(|(&t, half)| references(lab, &line, t, *half)));
        Ok(measured)
    }
}

fn slopes(
    lab: &Lab<'_>,
    line: &ClassLine,
    subject: Subject<'_>,
    t: Timestep,
    half: Option<f64>,
) -> Result<Slopes, AnalysisError> {
    let forward = lab.schedule.forward(t);
    let local = subject.at(t, forward.noise)?;
    let positions: Vec<f64> = (0..POINTS).map(|i| i as f64 / (POINTS - 1) as f64).collect();
    let along = local.slopes(&line.points(forward.signal, &positions), &line.unit);
    let best = along.iter().enumerate().fold(0, |best, (i, slope)| if *slope > along[best] { i } else { best });
    let half = half.map(|x| {
        let point = line.points(forward.signal, &[x]);
        let slope = local.slopes(&point, &line.unit)[0];
        let start = start_direction(&line.unit);
        (slope, top_eigenvalues(&start, start.len(), LANCZOS_STEPS, |v| local.symmetric_times(&point, v))[0])
    });
    let noise_variance = forward.noise * forward.noise;
    Ok(Slopes { t, noise_variance, largest: along[best], position: positions[best], half })
}

/// Where the search for a top eigenvalue starts: the class axis, and a little of every other one.
pub(super) fn start_direction(unit: &[f64]) -> Vec<f64> {
    let share = (1.0 / unit.len() as f64).sqrt();
    unit.iter().enumerate().map(|(k, u)| u + share * (1.0 + k as f64).sin()).collect()
}

impl Slopes {
    fn rows(&self, model: &str) -> Vec<ObservableRow> {
        let row = |quantity, value| ObservableRow::exact(self.t, model, quantity, value);
        let multiplier = |slope: f64| 1.0 + self.noise_variance * slope;
        let mut rows = vec![
            row("max_slope", self.largest),
            row("max_slope_position", self.position),
            row("max_multiplier", multiplier(self.largest)),
        ];
        if let Some((slope, eigenvalue)) = self.half {
            rows.push(row("slope_at_half", slope));
            rows.push(row("top_eigenvalue_at_half", eigenvalue));
            rows.push(row("top_multiplier_at_half", multiplier(eigenvalue)));
        }
        rows
    }
}

/// What the slopes are compared with: those of one Gaussian, and the multiplier 1 - D/2 at which 1/2 + lam = 0.
fn references(lab: &Lab<'_>, line: &ClassLine, t: Timestep, half: Option<f64>) -> Vec<ObservableRow> {
    let alpha_bar = lab.schedule.alpha_bar(t);
    let noise_variance = 1.0 - alpha_bar;
    let precisions = lab.data.eigenvalues.iter().zip(&line.unit);
    let slope: f64 = -precisions.map(|(lambda, u)| u * u / (alpha_bar * lambda + noise_variance)).sum::<f64>();
    let gaussian = |quantity, value| ObservableRow::exact(t, "gaussian", quantity, value);
    let mut rows = vec![
        gaussian("max_slope", slope),
        gaussian("max_multiplier", 1.0 + noise_variance * slope),
        ObservableRow::exact(t, "data", "drift_threshold", 1.0 - 0.5 * noise_variance),
    ];
    rows.extend(half.map(|x| ObservableRow::exact(t, "data", "half_position", x)));
    rows
}

/// The zero crossings: of a law as its curve has them, of machines, each of which has noise of its own from training, with an
/// interval from the scatter of the machines near the crossing.
fn transitions(lab: &Lab<'_>, subject: Subject<'_>, curve: &[Slopes]) -> Vec<TransitionRow> {
    let all = |value: fn(&Slopes) -> f64| curve.iter().map(|s| (s.t.get() as f64, value(s))).collect::<Vec<_>>();
    let half: Vec<(f64, f64)> = curve.iter().filter_map(|s| Some((s.t.get() as f64, s.half?.1))).collect();
    let drift: Vec<(f64, f64)> = half.iter().map(|&(t, eigenvalue)| (t, 0.5 + eigenvalue)).collect();
    let criteria = [
        ("max slope along the class line = 0", all(|s| s.largest)),
        ("1/2 + max slope along the class line = 0", all(|s| 0.5 + s.largest)),
        ("top eigenvalue at p = 1/2 is 0", half),
        ("1/2 + top eigenvalue at p = 1/2 is 0", drift),
    ];
    let row = |(convention, points): (&str, Vec<(f64, f64)>)| {
        let (times, values): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let name = subject.name;
        if !subject.is_trained() {
            let t = crossing(&times, &values, 0.0);
            return TransitionRow::predicted(Transition::Speciation, convention, name, t);
        }
        let time = fitted_crossing(&times, &values, 0.0, NEIGHBOURS, (lab.settings.seed, lab.settings.resamples));
        let (low, high) = (time.map(|time| time.low), time.map(|time| time.high));
        let predicted = TransitionRow::predicted(Transition::Speciation, convention, name, time.map(|time| time.value));
        TransitionRow { low, high, kind: "measured".to_owned(), ..predicted }
    };
    criteria.into_iter().map(row).collect()
}
