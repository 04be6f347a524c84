//! The slope of the score at states that the chain visits: on the class line plus the noise of z_t.

use rayon::prelude::*;
use schedule::{Purpose, Stream, Timestep};

use super::super::ensemble::numbers;
use super::{ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::krylov::dot;
use crate::lab::{ClassLine, Lab, Subject};
use crate::stats::Interval;

/// Points of the class line.
const POINTS: usize = 21;
/// Draws of the noise, the same at every point and every t.
const DRAWS: usize = 60;

/// u^T J_s u at z(x) + sqrt(D) (eps - (u . eps) u) for each point x (outer) and each draw of eps (inner).
pub(super) fn slopes(
    lab: &Lab<'_>,
    line: &ClassLine,
    subject: Subject<'_>,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Vec<f64>>, AnalysisError> {
    let d = lab.dim();
    let mut noise = vec![0.0_f32; DRAWS * d];
    for (i, eps) in noise.chunks_exact_mut(d).enumerate() {
        Stream::new(lab.settings.seed, Purpose::Choice, 14, i as u64).fill_normal(eps);
        let wide: Vec<f64> = eps.iter().map(|&e| f64::from(e)).collect();
        let along = dot(&wide, &line.unit);
        eps.iter_mut().zip(&line.unit).for_each(|(e, u)| *e -= (along * u) as f32);
    }
    let positions: Vec<f64> = (0..POINTS).map(|i| i as f64 / (POINTS - 1) as f64).collect();
    let at = |t: &Timestep| {
        let forward = lab.schedule.forward(*t);
        let points = line.points(forward.signal, &positions);
        let scale = forward.noise as f32;
        let cloud: Vec<f32> = points
            .chunks_exact(d)
            .flat_map(|point| {
                noise.chunks_exact(d).flat_map(move |eps| point.iter().zip(eps).map(move |(z, e)| z + scale * e))
            })
            .collect();
        let found = subject.at(*t, forward.noise)?.slopes(&cloud, &line.unit);
        advance(1);
        Ok(found)
    };
    lab.grid().par_iter().map(at).collect()
}

/// The mean over draws at the point where it is largest.
fn largest(slopes: &[f64], draws: &[u32]) -> f64 {
    let mean = |slopes: &[f64]| draws.iter().map(|&i| slopes[i as usize]).sum::<f64>() / draws.len() as f64;
    slopes.chunks_exact(DRAWS).map(mean).fold(f64::NEG_INFINITY, f64::max)
}

/// Its rows, as a slope and as the multiplier 1 + D lam, and its zero crossing, with intervals over draws.
pub(super) fn report(lab: &Lab<'_>, subject: Subject<'_>, slopes: &[Vec<f64>]) -> (Vec<ObservableRow>, TransitionRow) {
    let (name, times) = (subject.name, lab.grid());
    let bootstrap = lab.bootstrap(DRAWS);
    let rows = times.iter().zip(slopes).flat_map(|(&t, slopes)| {
        let slope = bootstrap.interval(|draws| largest(slopes, draws));
        let multiplier = |slope: f64| 1.0 + (1.0 - lab.schedule.alpha_bar(t)) * slope;
        let Interval { value, low, high } = slope;
        let scaled = Interval { value: multiplier(value), low: multiplier(low), high: multiplier(high) };
        [("typical_slope", slope), ("typical_multiplier", scaled)]
            .map(|(quantity, interval)| ObservableRow::estimate(t, name, quantity, interval, DRAWS))
    });
    let steps = numbers(&times);
    let curve = |draws: &[u32]| slopes.iter().map(|slopes| largest(slopes, draws)).collect();
    let crossing = bootstrap.crossing_of(&steps, 0.0, curve);
    let convention = "typical slope along the class line = 0";
    (rows.collect(), TransitionRow::measured(Transition::Speciation, convention, name, crossing, DRAWS))
}
