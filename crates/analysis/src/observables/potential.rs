//! The potential between the classes: one well far from the data, two near it.

use rayon::prelude::*;
use schedule::Timestep;

use super::{Group, Measured, Observable, ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::lab::{ClassLine, Lab, LocalScore, Subject};

/// V_t(x) = -integral of s . dz along z(x) = sqrt(A) (m_a + x (m_b - m_a)) in nats, from its lowest point up; s is the score.
///
/// For an exact law V_t = -ln p_t along the line, up to a constant; a machine's score need not be a gradient, but along a
/// line it always has a potential.  barrier is what has to be climbed from the higher of the two lowest wells to reach the
/// other one, 0 where there is one well.  Raya and Ambrogioni 2023, figure 2.
pub(super) struct Potential;

/// Where the line begins and ends: beyond the two means at 0 and 1.
const ENDS: [f64; 2] = [-0.25, 1.25];
/// Points of the line; the trapezoidal rule between them.
const POINTS: usize = 151;
/// Barriers below this many nats are rounding or a kink of a machine.
const LEAST_BARRIER: f64 = 0.01;

impl Observable for Potential {
    fn name(&self) -> &'static str {
        "potential"
    }

    fn group(&self) -> Group {
        Group::Machines
    }

    fn question(&self) -> &'static str {
        "Does the line between the classes have one well or two?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        (lab.labels().len() == 2).then(|| lab.subject_count() * lab.fine_grid().len() as u64)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let Some(line) = ClassLine::of(lab) else { return Ok(Measured::default()) };
        let (times, kept) = (lab.fine_grid(), lab.grid());
        let positions = positions();
        let mut measured = Measured::default();
        for subject in lab.subjects()? {
            let at = |&t: &Timestep| {
                let forward = lab.schedule.forward(t);
                let potential = along(&subject.at(t, forward.noise)?, &line, forward.signal, &positions);
                advance(1);
                Ok(potential)
            };
            let curves: Vec<Vec<f64>> = times.par_iter().map(at).collect::<Result<_, AnalysisError>>()?;
            let row = |t, quantity, value| ObservableRow::exact(t, subject.name, quantity, value);
            let barriers: Vec<f64> = curves.iter().map(|curve| barrier(curve)).collect();
            for ((&t, curve), barrier) in times.iter().zip(&curves).zip(&barriers) {
                measured.rows.push(row(t, "barrier", *barrier));
                if kept.contains(&t) {
                    let profile = positions.iter().zip(curve).map(|(&x, &v)| row(t, "potential", v).at(x));
                    measured.rows.extend(profile);
                }
            }
            measured.transitions.push(two_wells(subject, &times, &barriers));
        }
        Ok(measured)
    }
}

fn positions() -> Vec<f64> {
    let [low, high] = ENDS;
    (0..POINTS).map(|i| low + (high - low) * i as f64 / (POINTS - 1) as f64).collect()
}

/// V at each position, 0 at its lowest.
fn along(local: &LocalScore<'_>, line: &ClassLine, signal: f64, positions: &[f64]) -> Vec<f64> {
    let scores = local.score(&line.points(signal, positions));
    let forces = scores.chunks_exact(line.unit.len()).map(|s| crate::krylov::dot(s, &line.unit));
    let forces: Vec<f64> = forces.map(|force| signal * line.length * force).collect();
    let mut potential = vec![0.0];
    for (step, force) in positions.windows(2).zip(forces.windows(2)) {
        let before = potential.last().copied().unwrap_or(0.0);
        potential.push(before - 0.5 * (step[1] - step[0]) * (force[0] + force[1]));
    }
    let lowest = potential.iter().copied().fold(f64::INFINITY, f64::min);
    potential.iter().map(|v| v - lowest).collect()
}

/// The largest over inner points of what lies between it and the higher of the lowest points on its two sides.
fn barrier(potential: &[f64]) -> f64 {
    let lowest_so_far = |values: &mut dyn Iterator<Item = &f64>| {
        let fold = |least: &mut f64, &value: &f64| {
            *least = least.min(value);
            Some(*least)
        };
        values.scan(f64::INFINITY, fold).collect::<Vec<_>>()
    };
    let left = lowest_so_far(&mut potential.iter());
    let right = lowest_so_far(&mut potential.iter().rev());
    let heights = potential.iter().zip(left).zip(right.into_iter().rev());
    heights.map(|((v, left), right)| v - left.max(right)).fold(0.0, f64::max)
}

fn two_wells(subject: Subject<'_>, times: &[Timestep], barriers: &[f64]) -> TransitionRow {
    let last = times.iter().zip(barriers).rev().find(|(_, barrier)| **barrier > LEAST_BARRIER);
    let t = last.map(|(t, _)| t.get() as f64);
    let row = TransitionRow::predicted(Transition::Speciation, "two wells along the class line", subject.name, t);
    let kind = if subject.is_trained() { "measured" } else { "predicted" };
    TransitionRow { kind: kind.to_owned(), ..row }
}

#[cfg(test)]
mod tests {
    use model::{LogDensity, TwoGaussians};
    use schedule::{Law, Schedule};

    use super::*;

    #[test]
    fn a_barrier_is_climbed_from_the_higher_well() {
        assert_eq!(barrier(&[3.0, 0.0, 5.0, 2.0, 4.0]), 3.0);
        assert_eq!(barrier(&[3.0, 1.0, 0.0, 1.0]), 0.0);
        assert_eq!(barrier(&[0.0, 1.0, 2.0]), 0.0);
    }

    #[test]
    fn of_a_law_it_is_minus_the_log_density() {
        let schedule = Schedule::new(Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 100).unwrap();
        let mean = [2.0, 1.0, -2.0];
        let law = TwoGaussians::new(&schedule, &mean, 0.3).unwrap();
        let line = ClassLine::between([mean.map(|m| -m).to_vec(), mean.to_vec()]);
        for t in [20, 50, 80] {
            let t = schedule.timestep(t).unwrap();
            let forward = schedule.forward(t);
            let local = Subject::law("law", &law).at(t, forward.noise).unwrap();
            let found = along(&local, &line, forward.signal, &positions());
            let mut exact = vec![0.0; POINTS];
            law.log_density(t, &line.points(forward.signal, &positions()), &mut exact);
            let highest = exact.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for (v, log) in found.iter().zip(&exact) {
                assert!((v - (highest - log)).abs() < 2e-3 * (1.0 + v), "{t}: {v} {}", highest - log);
            }
        }
    }
}
