//! How many U-turns a class survives.

use model::{Chain, Family, Walk};
use schedule::Timestep;

use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::{ClassRule, Lab, UTurns};
use crate::stats::{Bootstrap, Interval};

/// U-turns repeated at fixed t, x_0 -> x_t -> x_0' -> x_t' -> x_0'' ..., a Markov chain that leaves the law
/// of an exact model invariant; its memory of the class.
///
/// C(k) = (P(c_k = c_0) - P_0) / (1 - P_0), P_0 = sum_c P(c_0 = c) P(c_k = c) (`class_autocorrelation`, x = k).  tau_class:
/// the least-squares line ln C(k) = -k / tau through the origin over the first k with C >= 0.2, weighted by C(k)^2 (the
/// error of ln C grows as 1/C); no row where the interval of the rate 1/tau reaches 0.  For two deltas
/// the flips are a Markov chain of two states with C(k) = q^k, q = 2 phi - 1 (of two equal Gaussians of positive variance C(k) >= q^k), so that tau = -1/ln q (`tau_of_kappa`, of
/// kappa_t; `tau_posterior`, of the reference law's phi).  Where samples differ in how easily they flip, C(k) falls
/// more slowly than C(1)^k and tau exceeds `tau_one_step` = -1/ln C(1); where a model's samples drift away from the data
/// to places whose class is less certain, tau stays below it.  Kang 2026; Sclocchi, Favero and Wyart 2025.
///
/// The first repetition is the U-turn of phi_U; repetition k has the trajectories k 2^32, k 2^32 + 1, ... of its family, so
/// that no noise is shared.  Timesteps with C(1) < 0.2 forget the class at once and are not repeated.
pub(super) struct IteratedUTurns;

/// Repetitions.
const REPETITIONS: usize = 8;
/// One in so many of the trajectories of a U-turn is repeated.
const EVERY: usize = 4;
/// C(k) below which a class counts as forgotten; in a resample C(1) counts as at least this much.
const FLOOR: f64 = 0.2;
/// tau beyond which theory is left out: no experiment reaches it.
const LONGEST: f64 = 1e4;

impl Observable for IteratedUTurns {
    fn name(&self) -> &'static str {
        "iterated_uturns"
    }

    fn group(&self) -> Group {
        Group::Speciation
    }

    fn question(&self) -> &'static str {
        "How often can a sample be noised to t and brought back before its class is forgotten?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        lab.has_classes().then(|| lab.model_count() * REPETITIONS as u64 * UTurns::work(lab))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let Some(rule) = lab.class_rule()? else { return Ok(Measured::default()) };
        let mut rows = theory(lab)?;
        for (k, model) in lab.models()?.iter().enumerate() {
            let uturns = lab.uturns(k, advance)?;
            let first = rule.decide(&uturns.z0);
            let whole = lab.bootstrap(first.len());
            let once: Vec<Classes> =
                uturns.ends.iter().map(|end| Classes::new(rule.count(), &first, rule.decide(end))).collect();
            let all: Vec<u32> = (0..first.len() as u32).collect();
            let kept = |i: &usize| once[*i].correlation(1, &all) >= FLOOR;
            let remembered: Vec<usize> = (0..uturns.times.len()).filter(kept).collect();
            for &i in &remembered {
                let rate = whole.interval(|indices| once[i].rate(indices));
                rows.extend(tau(uturns.times[i], model.name, "tau_one_step", rate, first.len()));
            }
            let chains = repeat(lab, &lab.chain(model.denoiser), uturns, &remembered, rule, advance)?;
            let some = lab.bootstrap(first.len().div_ceil(EVERY));
            for (&i, chain) in remembered.iter().zip(&chains) {
                rows.extend(chain.rows(uturns.times[i], model.name, &some));
            }
            let skipped = uturns.times.iter().enumerate().filter(|(i, _)| !remembered.contains(i));
            advance(skipped.map(|(_, t)| (REPETITIONS - 1) as u64 * t.get() as u64).sum());
        }
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// The classes of the repetitions at the i-th timesteps of the grid.
fn repeat(
    lab: &Lab<'_>,
    chain: &Chain<'_>,
    uturns: &UTurns,
    remembered: &[usize],
    rule: &ClassRule<'_>,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Classes>, AnalysisError> {
    let thinned = |z: &[f32]| -> Vec<f32> { z.chunks_exact(lab.dim()).step_by(EVERY).flatten().copied().collect() };
    let start = rule.decide(&thinned(&uturns.z0));
    let mut walks: Vec<Walk> =
        remembered.iter().map(|&i| Walk { z: thinned(&uturns.ends[i]), from: uturns.times[i], first: 0 }).collect();
    let once = |walk: &Walk| Classes::new(rule.count(), &start, rule.decide(&walk.z));
    let mut classes: Vec<Classes> = walks.iter().map(once).collect();
    for repetition in 2..=REPETITIONS as u64 {
        let first = Family::IteratedUTurns.first() + (repetition << 32);
        for walk in &mut walks {
            *walk = Walk { z: chain.noised(&walk.z, walk.from, first), first, ..*walk };
        }
        chain.run_together(&mut walks, &mut |_| advance(1))?;
        classes.iter_mut().zip(&walks).for_each(|(classes, walk)| classes.after.push(rule.decide(&walk.z)));
    }
    Ok(classes)
}

/// The classes of some trajectories before and after each repetition.
struct Classes {
    count: usize,
    before: Vec<usize>,
    after: Vec<Vec<usize>>,
}

impl Classes {
    fn new(count: usize, before: &[usize], after: Vec<usize>) -> Self {
        Self { count, before: before.to_vec(), after: vec![after] }
    }

    /// C(k) over some trajectories.
    fn correlation(&self, k: usize, indices: &[u32]) -> f64 {
        let (mut same, mut shares) = (0_usize, vec![[0_usize; 2]; self.count]);
        for i in indices.iter().map(|&i| i as usize) {
            let (before, after) = (self.before[i], self.after[k - 1][i]);
            same += usize::from(before == after);
            shares[before][0] += 1;
            shares[after][1] += 1;
        }
        let n = indices.len() as f64;
        let chance: f64 = shares.iter().map(|[before, after]| (*before as f64 / n) * (*after as f64 / n)).sum();
        (same as f64 / n - chance) / (1.0 - chance)
    }

    /// 1/tau over some trajectories: -sum C^2 k ln C / sum C^2 k^2; -ln C(1) of one repetition.
    fn rate(&self, indices: &[u32]) -> f64 {
        let first = self.correlation(1, indices).max(FLOOR);
        let later = (2..=self.after.len()).map(|k| (k as f64, self.correlation(k, indices)));
        let kept = [(1.0, first)].into_iter().chain(later.take_while(|(_, correlation)| *correlation >= FLOOR));
        let (top, bottom) = kept
            .fold((0.0, 0.0), |(top, bottom), (k, c): (f64, f64)| (top - c * c * k * c.ln(), bottom + c * c * k * k));
        top / bottom
    }

    fn rows(&self, t: Timestep, model: &str, bootstrap: &Bootstrap) -> Vec<ObservableRow> {
        let n = self.before.len();
        let correlation = |k: usize| {
            let interval = bootstrap.interval(|indices| self.correlation(k, indices));
            ObservableRow::estimate(t, model, "class_autocorrelation", interval, n).at(k as f64)
        };
        let rate = bootstrap.interval(|indices| self.rate(indices));
        (1..=self.after.len()).map(correlation).chain(tau(t, model, "tau_class", rate, n)).collect()
    }
}

/// The time of a rate; no row where the interval of the rate reaches 0, so that the time has no upper end.
fn tau(t: Timestep, model: &str, quantity: &str, rate: Interval, n: usize) -> Option<ObservableRow> {
    let times = Interval { value: 1.0 / rate.value, low: 1.0 / rate.high, high: 1.0 / rate.low };
    (rate.low > 1e-9).then(|| ObservableRow::estimate(t, model, quantity, times, n))
}

/// tau = -1/ln q of kappa_t and of the exact posterior.
fn theory(lab: &Lab<'_>) -> Result<Vec<ObservableRow>, AnalysisError> {
    let theory = lab.class_theory()?;
    let row = |t, model: &str, quantity, correlation: f64| {
        let time = -1.0 / correlation.ln();
        (correlation > 0.0 && time < LONGEST).then(|| ObservableRow::exact(t, model, quantity, time))
    };
    let of_kappa = lab.schedule.timesteps().zip(&theory.kappas);
    let mut rows: Vec<_> = of_kappa.filter_map(|(t, snr)| row(t, "data", "tau_of_kappa", snr.overlap())).collect();
    if let Some(law) = &theory.law {
        for ((&t, phi), chance) in law.times.iter().zip(&law.phi).zip(&law.chance) {
            let mean = phi.iter().sum::<f64>() / phi.len() as f64;
            let correlation = (mean - chance) / (1.0 - chance);
            // Fewer than ten flips among the probes resolve no time.
            if 1.0 - mean > 10.0 / phi.len() as f64 {
                rows.extend(row(t, &law.name, "tau_posterior", correlation));
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixteen trajectories of which a quarter change class at every repetition.
    fn quarter() -> Classes {
        let before: Vec<usize> = (0..16).map(|i| i % 2).collect();
        // Who flips is independent of the class, which is the lowest bit of i.
        let flip = |classes: &[usize], who: fn(usize) -> bool| {
            classes.iter().enumerate().map(|(i, c)| if who(i) { 1 - c } else { *c }).collect::<Vec<_>>()
        };
        let once = flip(&before, |i| i & 6 == 0);
        let twice = flip(&once, |i| i & 10 == 2);
        Classes { count: 2, before, after: vec![once, twice] }
    }

    #[test]
    fn the_correlation_takes_chance_away() {
        let classes = quarter();
        let all: Vec<u32> = (0..16).collect();
        assert!((classes.correlation(1, &all) - 0.5).abs() < 1e-12);
        assert!((classes.correlation(2, &all) - 0.0).abs() < 1e-12);
        // Only the first repetition is above the floor: 1/tau = -ln 0.5.
        assert!((classes.rate(&all) - std::f64::consts::LN_2).abs() < 1e-12);
    }

    #[test]
    fn a_class_that_never_changes_has_no_time() {
        let schedule = schedule::Schedule::new(schedule::Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 3).unwrap();
        let before: Vec<usize> = (0..10).map(|i| i % 2).collect();
        let classes = Classes::new(2, &before, before.clone());
        let rows = classes.rows(schedule.last(), "law", &Bootstrap::new(0, 20, 10));
        assert_eq!(rows.iter().map(|row| row.quantity.as_str()).collect::<Vec<_>>(), ["class_autocorrelation"]);
        assert_eq!(rows[0].value, 1.0);
    }
}
