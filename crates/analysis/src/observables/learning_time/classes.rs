//! When a machine knows two classes apart, and how likely each is.

use std::collections::BTreeMap;

use model::{ClassGauge, ClassReading, PosteriorMoments, Skip};
use schedule::Timestep;

use super::ObservableRow;
use crate::lab::Lab;
use crate::observables::Named;
use crate::{AnalysisError, MetricRow};

/// How near to its final value a curve counts as settled: a hundredth of the distance between the class means.
const SETTLED: f64 = 0.02;

/// What was read of the probes of each machine: (epoch, value), ascending, up to the epoch that was kept.
pub(super) struct Watched {
    gain: BTreeMap<usize, Vec<(f64, f64)>>,
    offset: BTreeMap<usize, Vec<(f64, f64)>>,
}

impl Watched {
    pub(super) fn of(lab: &Lab<'_>) -> Self {
        Self { gain: curves(lab, MetricRow::CLASS_GAIN), offset: curves(lab, MetricRow::CLASS_OFFSET) }
    }

    /// Timesteps at which exact laws answer, the unit of progress.
    pub(super) fn work(&self, lab: &Lab<'_>) -> u64 {
        self.times(lab).len() as u64
    }

    fn times(&self, lab: &Lab<'_>) -> Vec<Timestep> {
        lab.fine_grid().into_iter().filter(|t| self.gain.contains_key(&t.get())).collect()
    }

    /// Final readings and the epochs they took, and what exact laws answer on the same states.
    pub(super) fn measure(
        &self,
        lab: &Lab<'_>,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<ObservableRow>, AnalysisError> {
        let Some(gauge) = ClassGauge::of(lab.data.train, lab.settings.seed) else { return Ok(Vec::new()) };
        let row = |t, model: &str, quantity: &str, value| ObservableRow {
            trajectories: Some(gauge.probes()),
            ..ObservableRow::exact(t, model, quantity, value)
        };
        let mut rows = Vec::new();
        let own = [(&self.gain, "class_gain", "direction_time"), (&self.offset, "class_offset", "weight_time")];
        for (curves, quantity, time) in own {
            for t in lab.schedule.timesteps() {
                let Some((curve, &(_, last))) = curves.get(&t.get()).and_then(|c| Some((c, c.last()?))) else {
                    continue;
                };
                rows.push(row(t, lab.model.name, quantity, last));
                rows.push(row(t, lab.model.name, time, settling_time(curve, last, SETTLED)));
            }
        }
        let reference = lab.reference()?;
        let laws = reference.iter().map(|&Named { name, denoiser }| (name, denoiser as &dyn PosteriorMoments));
        let laws: Vec<_> = laws.chain([("gaussian", lab.gaussian() as &dyn PosteriorMoments)]).collect();
        for t in self.times(lab) {
            let zt = states(lab, &gauge, t)?;
            for &(name, law) in &laws {
                let ClassReading { gain, offset } = answer(law, &gauge, t, &zt);
                rows.extend([row(t, name, "class_gain", gain), row(t, name, "class_offset", offset)]);
            }
            advance(1);
        }
        Ok(rows)
    }
}

fn curves(lab: &Lab<'_>, metric: &str) -> BTreeMap<usize, Vec<(f64, f64)>> {
    let kept: BTreeMap<usize, usize> = lab.training.iter().map(|row| (row.t, row.kept)).collect();
    let mut found: BTreeMap<usize, BTreeMap<usize, f64>> = BTreeMap::new();
    for row in lab.metrics.iter().filter(|row| row.metric == metric) {
        if kept.get(&row.t).is_none_or(|kept| row.epoch <= *kept) {
            found.entry(row.t).or_default().insert(row.epoch, row.value);
        }
    }
    let points = |curve: BTreeMap<usize, f64>| curve.into_iter().map(|(epoch, value)| (epoch as f64, value)).collect();
    found.into_iter().map(|(t, curve)| (t, points(curve))).collect()
}

/// z_t of the probes in the coordinates of the lab: `[P, d]`.  Their noise was drawn in those of the machine, which are
/// the lab's own for a machine with the affine predictor beside it and those of the data for all others.
fn states(lab: &Lab<'_>, gauge: &ClassGauge, t: Timestep) -> Result<Vec<f32>, AnalysisError> {
    let forward = lab.schedule.forward(t);
    let mut noise = gauge.noise(lab.dim());
    if let Some(bank) = lab.bank
        && !matches!(bank.machine(t)?.skip, Skip::Diagonal(_))
    {
        noise = lab.data.frame.project(&noise, 0.0);
    }
    let pairs = gauge.z0().iter().zip(&noise);
    Ok(pairs.map(|(z0, eps)| forward.signal as f32 * z0 + forward.noise as f32 * eps).collect())
}

/// The reading of m(E[z_0 | z_t]).
fn answer(law: &dyn PosteriorMoments, gauge: &ClassGauge, t: Timestep, zt: &[f32]) -> ClassReading {
    let mut mean = vec![0.0; zt.len()];
    law.posterior_mean(t, zt, &mut mean);
    let rows = mean.chunks_exact(gauge.direction().len());
    let m: Vec<f64> = rows.map(|row| gauge.order_parameter(row.iter().copied())).collect();
    gauge.reading(&m)
}

/// The first epoch from which on the piecewise linear curve stays within `tolerance` of `last`, its last value.
fn settling_time(curve: &[(f64, f64)], last: f64, tolerance: f64) -> f64 {
    let off = |&(_, value): &(f64, f64)| value - last;
    let Some(k) = curve.iter().rposition(|point| off(point).abs() > tolerance) else {
        return curve.first().map_or(f64::NAN, |(epoch, _)| *epoch);
    };
    let Some(next) = curve.get(k + 1) else { return f64::NAN };
    let ((before, after), (above, below)) = ((curve[k].0, next.0), (off(&curve[k]), off(next)));
    before + (after - before) * (above - tolerance * above.signum()) / (above - below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_settles_where_it_enters_the_tolerance_for_good() {
        let curve = [(0.0, 0.0), (1.0, 0.99), (2.0, 0.5), (4.0, 1.1), (5.0, 1.01), (6.0, 1.0)];
        // Within 0.05 at epoch 1 but not at 2 and 4; from 1.1 to 1.01 it passes 1.05 at 4 + 5/9.
        assert!((settling_time(&curve, 1.0, 0.05) - (4.0 + 5.0 / 9.0)).abs() < 1e-12);
        // From below: 0.5 to 1.1 passes 0.8 a half of the way.
        assert!((settling_time(&curve, 1.0, 0.2) - 3.0).abs() < 1e-12);
        assert_eq!(settling_time(&curve, 1.0, 2.0), 0.0);
        assert_eq!(settling_time(&[(0.0, 0.3), (5.0, 0.3)], 0.3, 0.02), 0.0);
        assert!(settling_time(&[], 0.0, 0.1).is_nan() && settling_time(&[(1.0, f64::NAN)], f64::NAN, 0.1) == 1.0);
    }
}
