//! Branches of fixed points of the score, followed from one timestep to the next.

use rayon::prelude::*;
use schedule::Timestep;

use crate::AnalysisError;
use crate::krylov::{norm, solve, top_eigenvalues};
use crate::lab::{ClassLine, Lab, LocalScore, Subject};
use crate::observables::stability::{LANCZOS_STEPS, start_direction};

/// A point where the score is zero.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FixedPoint {
    pub(super) branch: Branch,
    /// x*: `[d]`.
    pub(super) point: Vec<f64>,
    /// The top eigenvalue of the symmetric part of the score's Jacobian there: stable below 0.
    pub(super) eigenvalue: f64,
}

/// Where a branch was picked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Branch {
    /// At the mean of the data at t = T, followed down.
    Noise,
    /// At the mean of the first class at t = 1, followed up.
    First,
    /// At the mean of the second class at t = 1, followed up.
    Second,
    /// Between the classes at t = 1, followed up.
    Between,
}

impl Branch {
    pub(super) const ALL: [Self; 4] = [Self::Noise, Self::First, Self::Second, Self::Between];

    /// Its number in the table.
    pub(super) fn number(self) -> f64 {
        f64::from(self as u8)
    }
}

/// Newton steps to a root at most.
const NEWTON_STEPS: usize = 20;
/// Products with the Jacobian a Newton step.
const PRODUCTS: usize = 16;
/// The share of the residual that the linear solver may leave.
const LINEAR_TOLERANCE: f64 = 0.02;
/// The residual of a root, in standard deviations of z_t along its axes.
const TOLERANCE: f64 = 2e-3;
/// A residual at which the kinks of a machine may stop Newton's steps; anything above is no root.
const LARGEST_RESIDUAL: f64 = 0.05;
/// Two roots closer than this share of the distance of the means are one.
const APART: f64 = 0.02;

/// What the roots of one model over t have in common.
pub(super) struct Search<'a, 'l> {
    pub(super) lab: &'a Lab<'l>,
    pub(super) line: &'a ClassLine,
    pub(super) times: &'a [Timestep],
    /// Where on the line both classes are equally likely, for each of the times.
    pub(super) halves: &'a [Option<f64>],
}

impl Search<'_, '_> {
    /// The fixed points at each of the times, no two of them the same.
    pub(super) fn all(
        &self,
        subject: Subject<'_>,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<Vec<FixedPoint>>, AnalysisError> {
        let follow = |branch: &Branch| self.follow(subject, *branch, advance);
        let branches: Vec<Vec<Option<Vec<f64>>>> = Branch::ALL.par_iter().map(follow).collect::<Result<_, _>>()?;
        let at = |i: usize| {
            let roots: Vec<(Branch, Vec<f64>)> =
                Branch::ALL.into_iter().zip(&branches).filter_map(|(b, roots)| Some((b, roots[i].clone()?))).collect();
            self.with_eigenvalues(subject, self.times[i], self.distinct(self.times[i], roots))
        };
        (0..self.times.len()).into_par_iter().map(at).collect()
    }

    /// One branch over all times; `None` where Newton's steps find no root.
    fn follow(
        &self,
        subject: Subject<'_>,
        branch: Branch,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<Option<Vec<f64>>>, AnalysisError> {
        let count = self.times.len();
        let order: Vec<usize> = if branch == Branch::Noise { (0..count).rev().collect() } else { (0..count).collect() };
        let mut roots = vec![None; count];
        let mut before: Option<Vec<f64>> = None;
        for i in order {
            let forward = self.lab.schedule.forward(self.times[i]);
            let local = subject.at(self.times[i], forward.noise)?;
            let spread = self.spread(self.times[i]);
            // In units of sqrt(A) the means stay where they are.
            let from_before = before.iter().map(|z| scaled(z, forward.signal)).collect::<Vec<_>>();
            let anew = self.beginning(branch, i).map(|z| scaled(&z, forward.signal));
            let mut starts = from_before.into_iter().chain(anew);
            roots[i] = starts.find_map(|start| newton(&local, &spread, start));
            before = roots[i].as_ref().map(|z: &Vec<f64>| scaled(z, 1.0 / forward.signal)).or(before);
            advance(1);
        }
        Ok(roots)
    }

    /// Where a branch is looked for when nothing is known of it, in units of sqrt(A).
    fn beginning(&self, branch: Branch, i: usize) -> Option<Vec<f64>> {
        let [first, second] = &self.line.means;
        match branch {
            Branch::Noise => Some(vec![0.0; first.len()]),
            Branch::First => Some(first.clone()),
            Branch::Second => Some(second.clone()),
            Branch::Between => {
                let x = self.halves[i]?;
                Some(first.iter().zip(second).map(|(a, b)| a + x * (b - a)).collect())
            }
        }
    }

    /// A lambda_k + D, the variances of z_t along the axes: `[d]`.
    fn spread(&self, t: Timestep) -> Vec<f64> {
        let alpha_bar = self.lab.schedule.alpha_bar(t);
        self.lab.data.eigenvalues.iter().map(|lambda| alpha_bar * lambda + 1.0 - alpha_bar).collect()
    }

    /// The roots without those that repeat one before them.
    fn distinct(&self, t: Timestep, roots: Vec<(Branch, Vec<f64>)>) -> Vec<(Branch, Vec<f64>)> {
        let least = APART * self.lab.schedule.forward(t).signal * self.line.length;
        let mut kept: Vec<(Branch, Vec<f64>)> = Vec::new();
        for (branch, root) in roots {
            let apart = |(_, other): &(Branch, Vec<f64>)| {
                norm(&other.iter().zip(&root).map(|(a, b)| a - b).collect::<Vec<_>>()) > least
            };
            if kept.iter().all(apart) {
                kept.push((branch, root));
            }
        }
        kept
    }

    fn with_eigenvalues(
        &self,
        subject: Subject<'_>,
        t: Timestep,
        roots: Vec<(Branch, Vec<f64>)>,
    ) -> Result<Vec<FixedPoint>, AnalysisError> {
        let local = subject.at(t, self.lab.schedule.forward(t).noise)?;
        let zt: Vec<f32> = roots.iter().flat_map(|(_, z)| in_f32(z)).collect();
        let start = start_direction(&self.line.unit);
        let tops =
            top_eigenvalues(&start.repeat(roots.len()), start.len(), LANCZOS_STEPS, |v| local.symmetric_times(&zt, v));
        let point = |((branch, point), eigenvalue)| FixedPoint { branch, point, eigenvalue };
        Ok(roots.into_iter().zip(tops).map(point).collect())
    }
}

/// The root of the score near `z` by Newton's steps, each cut back until the residual falls; lengths are measured in
/// standard deviations of z_t along its axes, sqrt(spread).
fn newton(local: &LocalScore<'_>, spread: &[f64], mut z: Vec<f64>) -> Option<Vec<f64>> {
    let pull = |z: &[f64]| -> Vec<f64> { local.score(&in_f32(z)).iter().zip(spread).map(|(s, g)| s * g).collect() };
    let size = |pull: &[f64]| pull.iter().zip(spread).map(|(p, g)| p * p / g).sum::<f64>().sqrt();
    let mut pulled = pull(&z);
    let mut residual = size(&pulled);
    for _ in 0..NEWTON_STEPS {
        if !(residual > TOLERANCE) {
            break;
        }
        let zt = in_f32(&z);
        let step = solve(&pulled, PRODUCTS, LINEAR_TOLERANCE, |v| {
            local.times(&zt, v).iter().zip(spread).map(|(p, g)| -p * g).collect()
        });
        let shorter = [1.0, 0.5, 0.25, 0.1, 0.03].into_iter().find_map(|factor| {
            let moved: Vec<f64> = z.iter().zip(&step).map(|(z, step)| z + factor * step).collect();
            let there = pull(&moved);
            let length = size(&there);
            (length < residual).then_some((moved, there, length))
        });
        let Some((moved, there, length)) = shorter else { break };
        (z, pulled, residual) = (moved, there, length);
    }
    (residual < LARGEST_RESIDUAL).then_some(z)
}

fn scaled(z: &[f64], factor: f64) -> Vec<f64> {
    z.iter().map(|z| factor * z).collect()
}

fn in_f32(z: &[f64]) -> Vec<f32> {
    z.iter().map(|&z| z as f32).collect()
}

#[cfg(test)]
mod tests {
    use model::TwoGaussians;
    use schedule::{Law, Schedule};

    use super::*;

    #[test]
    fn two_equal_gaussians_have_the_roots_of_the_mean_field_equation() {
        let schedule = Schedule::new(Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 100).unwrap();
        let mean = [3.0, 0.0, -2.0, 1.0];
        let law = TwoGaussians::new(&schedule, &mean, 0.5).unwrap();
        for t in [10, 30, 45] {
            let t = schedule.timestep(t).unwrap();
            let (forward, alpha_bar) = (schedule.forward(t), schedule.alpha_bar(t));
            let spread = alpha_bar * 0.5 + 1.0 - alpha_bar;
            // x* = sqrt(A) tau m with tau = tanh(kappa tau).
            let kappa = law.snr(t).0;
            assert!(kappa > 1.05, "{t}: {kappa}");
            let tau = (0..4000).fold(1.0_f64, |tau, _| (kappa * tau).tanh());
            let local = Subject::law("law", &law).at(t, forward.noise).unwrap();
            for (sign, slope) in [(1.0, (kappa * (1.0 - tau * tau) - 1.0) / spread), (0.0, (kappa - 1.0) / spread)] {
                let exact: Vec<f64> = mean.iter().map(|m| sign * tau * forward.signal * m).collect();
                let start = exact.iter().enumerate().map(|(k, x)| x * 1.1 + 0.1 * (k as f64).cos()).collect();
                let found = newton(&local, &[spread; 4], start).unwrap();
                let worst = found.iter().zip(&exact).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(worst < 5e-3, "{t}: {found:?} {exact:?}");
                let top = top_eigenvalues(&start_direction(&mean), 4, 4, |v| local.symmetric_times(&in_f32(&exact), v));
                assert!((top[0] - slope.max(-1.0 / spread)).abs() < 1e-4 * (1.0 + slope.abs()), "{top:?} {slope}");
            }
        }
    }
}
