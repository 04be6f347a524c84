//! How many of a machine's linear regions are in use.

use std::collections::HashSet;

use data::linalg::{View, multiply};
use model::{Bank, Family, Machine};
use rayon::prelude::*;
use schedule::Timestep;

use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::Lab;
use crate::lab::probes::{noised, test_starts};

/// Activation patterns 1[W1 z + b1 > 0] at states of the chain: between two switches a machine is affine.
///
/// Over N states at t: region_share, distinct patterns / N; active_share, the mean share of active units; dead_share and
/// linear_share, the shares of units that no state activates and that all do; pattern_bits, sum_h h2(p_h) / H, the mean
/// entropy of a unit in bits.  Group data: test samples noised to t; group chain: reverse trajectories from N(0, I)
/// at t.  Under `gaussian` the active share if z_t were N(0, A Lambda + D): the mean over units of
/// Phi(b_h / sqrt(w_h^T (A Lambda + D) w_h)).  Montufar et al. 2014; Hanin and Rolnick 2019.
pub(super) struct LinearRegions;

impl Observable for LinearRegions {
    fn name(&self) -> &'static str {
        "linear_regions"
    }

    fn group(&self) -> Group {
        Group::Machines
    }

    fn question(&self) -> &'static str {
        "How many of its linear regions does each machine use, on data and along the reverse chain?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        lab.bank.map(|_| (lab.fine_grid().len() + lab.schedule.len()) as u64)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let Some(bank) = lab.bank else { return Ok(Measured::default()) };
        let z0 = test_starts(lab);
        let on_data = |&t: &Timestep| {
            let machine = bank.machine(t)?;
            let zt = noised(lab, &z0, t);
            let mut rows = Usage::of(&machine, &zt).rows(t, lab.model.name, "data");
            rows.push(ObservableRow::exact(t, "gaussian", "active_share", gaussian_share(lab, t, &machine)));
            advance(1);
            Ok(rows)
        };
        let found: Vec<_> = lab.fine_grid().par_iter().map(on_data).collect::<Result<_, AnalysisError>>()?;
        let mut rows: Vec<ObservableRow> = found.into_iter().flatten().collect();
        rows.extend(along_chain(lab, bank, advance)?);
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// The same on reverse trajectories, which share their noise with the trunks of the clones.
fn along_chain(
    lab: &Lab<'_>,
    bank: &Bank,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Vec<ObservableRow>, AnalysisError> {
    let (times, chain) = (lab.fine_grid(), lab.chain(bank));
    let mut z = chain.start(lab.settings.trajectories, Family::Trunks.first());
    let mut states = vec![(lab.schedule.last(), z.clone())];
    chain.run(&mut z, lab.schedule.last(), Family::Trunks.first(), &mut |s, z| {
        advance(1);
        states.extend(times.iter().find(|t| t.get() == s).map(|&t| (t, z.to_vec())));
    })?;
    let rows = |(t, z): &(Timestep, Vec<f32>)| Ok(Usage::of(&bank.machine(*t)?, z).rows(*t, lab.model.name, "chain"));
    let found: Vec<_> = states.par_iter().rev().map(rows).collect::<Result<_, AnalysisError>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// How often units are active over some states.
#[derive(Debug, PartialEq)]
struct Usage {
    states: usize,
    /// Distinct patterns.
    regions: usize,
    /// The share of states that activate each unit: `[H]`.
    shares: Vec<f64>,
}

impl Usage {
    fn of(machine: &Machine, zt: &[f32]) -> Self {
        let active = machine.active(zt);
        let h = machine.units();
        let states = active.len() / h;
        let regions = active.chunks_exact(h).collect::<HashSet<_>>().len();
        let mut counts = vec![0_u32; h];
        for pattern in active.chunks_exact(h) {
            counts.iter_mut().zip(pattern).for_each(|(count, &on)| *count += u32::from(on));
        }
        Self { states, regions, shares: counts.into_iter().map(|c| f64::from(c) / states as f64).collect() }
    }

    fn rows(&self, t: Timestep, model: &str, group: &str) -> Vec<ObservableRow> {
        let h = self.shares.len() as f64;
        let units = |is: fn(f64) -> bool| self.shares.iter().filter(|share| is(**share)).count() as f64 / h;
        let quantities = [
            ("region_share", self.regions as f64 / self.states as f64),
            ("active_share", self.shares.iter().sum::<f64>() / h),
            ("dead_share", units(|share| share <= 0.0)),
            ("linear_share", units(|share| share >= 1.0)),
            ("pattern_bits", self.shares.iter().map(|&p| bits(p)).sum::<f64>() / h),
        ];
        let row = |(quantity, value)| ObservableRow {
            trajectories: Some(self.states),
            ..ObservableRow::exact(t, model, quantity, value).of_group(group)
        };
        quantities.map(row).into()
    }
}

/// The entropy of a coin in bits.
fn bits(p: f64) -> f64 {
    [p, 1.0 - p].into_iter().filter(|p| *p > 0.0).map(|p| -p * p.log2()).sum()
}

fn gaussian_share(lab: &Lab<'_>, t: Timestep, machine: &Machine) -> f64 {
    let alpha_bar = lab.schedule.alpha_bar(t);
    let spreads: Vec<f64> =
        lab.data.eigenvalues.iter().take(machine.seen()).map(|v| alpha_bar * v + 1.0 - alpha_bar).collect();
    let squares: Vec<f64> = machine.w1.iter().map(|&w| f64::from(w).powi(2)).collect();
    let mut variances = vec![0.0; machine.hidden];
    let (row, matrix) = (View::new(&spreads, 1, machine.seen()), View::new(&squares, machine.seen(), machine.hidden));
    multiply(&mut variances, row, matrix, 0.0);
    let shares = machine.b1.iter().zip(variances).map(|(&b, variance)| normal_cdf(f64::from(b) / variance.sqrt()));
    shares.sum::<f64>() / machine.hidden as f64
}

/// Phi(x) by Marsaglia's series below |x| = 6, beyond which it is 0 or 1 to 1e-9 (Marsaglia 2004).
fn normal_cdf(x: f64) -> f64 {
    if x.is_nan() || x.abs() > 6.0 {
        return if x < 0.0 { 0.0 } else { 1.0 };
    }
    let (mut term, mut sum) = (x, x);
    for k in 1..200 {
        term *= x * x / f64::from(2 * k + 1);
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

#[cfg(test)]
mod tests {
    use model::Skip;

    use super::*;

    #[test]
    fn the_normal_distribution() {
        for (x, p) in [(0.0, 0.5), (1.0, 0.841_344_746), (-1.96, 0.024_997_895), (4.0, 0.999_968_329), (-7.0, 0.0)] {
            assert!((normal_cdf(x) - p).abs() < 1e-8, "{x}: {}", normal_cdf(x));
        }
    }

    #[test]
    fn regions_of_two_crossed_lines() {
        // Units on at x > 0, on at y > 0, never on, always on.
        let machine = Machine {
            dim: 2,
            inputs: 2,
            hidden: 4,
            w1: vec![1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
            b1: vec![0.0, 0.0, -1.0, 1.0],
            w2: vec![0.0; 8],
            b2: vec![0.0; 2],
            skip: Skip::None,
            local: None,
        };
        let zt = [1.0, 1.0, 2.0, 3.0, -1.0, 1.0, -1.0, -1.0];
        let usage = Usage::of(&machine, &zt);
        assert_eq!(usage, Usage { states: 4, regions: 3, shares: vec![0.5, 0.75, 0.0, 1.0] });
        let rows = usage.rows(schedule_time(), "machines", "data");
        let value = |quantity: &str| rows.iter().find(|row| row.quantity == quantity).unwrap().value;
        assert_eq!((value("region_share"), value("active_share")), (0.75, 0.5625));
        assert_eq!((value("dead_share"), value("linear_share")), (0.25, 0.25));
        assert!((value("pattern_bits") - (1.0 + 0.811_278_124) / 4.0).abs() < 1e-8);
    }

    fn schedule_time() -> Timestep {
        let law = schedule::Law::Linear { beta_start: 1e-3, beta_end: 0.2 };
        schedule::Schedule::new(law, 100).unwrap().timestep(7).unwrap()
    }
}
