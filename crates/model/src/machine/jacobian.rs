//! The exact Jacobian of a machine, which is affine wherever no hidden unit switches.
//!
//! J = d eps_hat / d z = diag(skip) + W2^T diag(1[a > 0]) W1^T on the first a coordinates (matrices stored `[in, out]`), where
//! a = W1 z + b1, and U^T w2^T diag(1[a > 0]) w1^T U more with local units, which are units like the others.  Everything that depends on z enters through the activation pattern 1[a > 0], so sums over the units
//! are prepared once a machine and then cost H additions a state.

use data::DataError;
use data::linalg::{Svd, View, multiply};

use super::{Local, Machine, Skip, transposed};
use crate::local::in_f64;

/// The Jacobian of a machine on one of its linear regions.
#[derive(Debug, Clone, Copy)]
pub struct Jacobian<'a> {
    machine: &'a Machine,
    /// Which units are active: `[units]`.
    active: &'a [bool],
}

/// constant + sum over the active units of their share: any form u^T J v, the trace of J, ...
#[derive(Debug, Clone, PartialEq)]
pub struct UnitSum {
    /// What does not depend on z.
    pub constant: f64,
    /// The share of each unit: `[units]`.
    pub shares: Vec<f64>,
}

/// |J|_F^2 = constant + 2 sum_h m_h share_h + sum_hk m_h m_k pair_hk, m the activation pattern.
///
/// With local units there are too many pairs, and J itself is made for each pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct JacobianNorm<'a> {
    machine: &'a Machine,
    singles: UnitSum,
    /// (W2 W2^T) o (W1^T W1), element by element: `[H, H]`; empty with local units.
    pairs: Vec<f64>,
}

impl Machine {
    /// Which hidden units are active, a_h > 0.  zt: `[n, d]` -> `[n, units]`.
    pub fn active(&self, zt: &[f32]) -> Vec<bool> {
        self.preactivations(zt).into_iter().map(|a| a > 0.0).collect()
    }

    /// J on the region whose pattern is `active`: `[units]`.
    pub fn jacobian<'a>(&'a self, active: &'a [bool]) -> Jacobian<'a> {
        Jacobian { machine: self, active }
    }

    /// The form u^T J v of two directions `[d]`: its share of unit h is (W2 u)_h (W1^T v)_h.
    pub fn jacobian_form(&self, u: &[f64], v: &[f64]) -> UnitSum {
        let constant = u.iter().zip(v).enumerate().map(|(k, (u, v))| self.skip_gain(k) * u * v).sum();
        let shares = self.written(u).iter().zip(self.read(v)).map(|(out, seen)| out * seen).collect();
        UnitSum { constant, shares }
    }

    /// The mean of u^T J u over several directions u `[n, d]`: its share of unit h is the mean of (W2 u)_h (W1^T u)_h.
    pub fn jacobian_mean_form(&self, directions: &[f64]) -> UnitSum {
        let (d, a, h) = (self.dim, self.seen(), self.hidden);
        let n = directions.len() / d;
        let (w1, w2, seen) = (in_f64(&self.w1), in_f64(&self.w2), View::strided(directions, n, a, d));
        let (mut read, mut written) = (vec![0.0; n * h], vec![0.0; n * h]);
        multiply(&mut read, seen, View::new(&w1, a, h), 0.0);
        multiply(&mut written, seen, View::new(&w2, h, a).transposed(), 0.0);
        let mut shares = vec![0.0; h];
        for (read, written) in read.chunks_exact(h.max(1)).zip(written.chunks_exact(h.max(1))) {
            shares.iter_mut().zip(read.iter().zip(written)).for_each(|(share, (a, b))| *share += a * b / n as f64);
        }
        if let Some(local) = &self.local {
            let mut sums = vec![0.0; self.units() - h];
            for u in directions.chunks_exact(d) {
                let products = local.read(u).into_iter().zip(local.written(u));
                sums.iter_mut().zip(products).for_each(|(sum, (a, b))| *sum += a * b / n as f64);
            }
            shares.extend(sums);
        }
        let skipped = |u: &[f64]| u.iter().enumerate().map(|(k, u)| self.skip_gain(k) * u * u).sum::<f64>();
        UnitSum { constant: directions.chunks_exact(d).map(skipped).sum::<f64>() / n as f64, shares }
    }

    /// tr J: the share of unit h is sum_k W1_kh W2_hk.
    pub fn jacobian_trace(&self) -> UnitSum {
        let constant = (0..self.dim).map(|k| self.skip_gain(k)).sum();
        UnitSum { constant, shares: self.loops(|_| 1.0) }
    }

    /// |J|_F^2 over the activation patterns.
    pub fn jacobian_norm(&self) -> JacobianNorm<'_> {
        let (a, h) = (self.seen(), self.hidden);
        let constant = (0..self.dim).map(|k| self.skip_gain(k).powi(2)).sum();
        if self.local.is_some() {
            let singles = UnitSum { constant, shares: Vec::new() };
            return JacobianNorm { machine: self, singles, pairs: Vec::new() };
        }
        let singles = UnitSum { constant, shares: self.loops(|k| self.skip_gain(k)) };
        let (w1, w2) = (in_f64(&self.w1), in_f64(&self.w2));
        let (mut seen, mut written) = (vec![0.0; h * h], vec![0.0; h * h]);
        let (w1, w2) = (View::new(&w1, a, h), View::new(&w2, h, a));
        multiply(&mut seen, w1.transposed(), w1, 0.0);
        multiply(&mut written, w2, w2.transposed(), 0.0);
        let pairs = seen.iter().zip(&written).map(|(a, b)| a * b).collect();
        JacobianNorm { machine: self, singles, pairs }
    }

    /// The singular value decomposition of sum_h weight_h (column h of W1)(row h of W2), `[a, a]`, or `[r, r]` with local units: the
    /// linear map that the net is when each unit, weights `[units]`, passes a fixed share of its input.  A row z times it is what the net adds to eps_hat.
    ///
    /// # Errors
    /// [`DataError::Singular`] for weights that are not finite.
    pub fn net_map(&self, weights: &[f64]) -> Result<Svd, DataError> {
        let (r, a, h) = (self.inputs, self.seen(), self.hidden);
        if let Some(local) = &self.local {
            // Read first and written second, as below.
            let mut map = transposed(&local.map(&weights[h..]), r, r);
            let dense: Vec<f64> =
                self.w1.iter().zip(weights[..h].iter().cycle()).map(|(&w, s)| f64::from(w) * s).collect();
            data::linalg::multiply_into(&mut map, r, View::new(&dense, a, h), View::new(&in_f64(&self.w2), h, a), 1.0);
            return Svd::of(&map, r, r);
        }
        let kept: Vec<usize> = (0..h).filter(|&h| weights[h] != 0.0).collect();
        let columns = |row: &[f32]| kept.iter().map(|&h| weights[h] * f64::from(row[h])).collect::<Vec<_>>();
        let first: Vec<f64> = self.w1.chunks_exact(h.max(1)).flat_map(columns).collect();
        let second: Vec<f64> = kept.iter().flat_map(|&h| in_f64(&self.w2[h * a..(h + 1) * a])).collect();
        if kept.is_empty() {
            return Ok(Svd { values: Vec::new(), left: Vec::new(), right: Vec::new() });
        }
        Svd::of_product(&first, &second, [a, kept.len(), a])
    }

    /// The coordinates that [`Self::net_map`] is a map of.
    pub fn mapped(&self) -> usize {
        if self.local.is_some() { self.inputs } else { self.seen() }
    }

    /// The gain of the skip connection on coordinate k.
    fn skip_gain(&self, k: usize) -> f64 {
        match &self.skip {
            Skip::None => 0.0,
            Skip::Scalar(gain) => f64::from(*gain),
            Skip::Diagonal(gains) => f64::from(gains[k]),
        }
    }

    /// W1^T v, what each unit sees of a direction `[d]`: `[units]`.
    fn read(&self, v: &[f64]) -> Vec<f64> {
        let mut seen = vec![0.0; self.hidden];
        for (v, row) in v.iter().zip(self.w1.chunks_exact(self.hidden.max(1))) {
            seen.iter_mut().zip(row).for_each(|(seen, &w)| *seen += v * f64::from(w));
        }
        seen.extend(self.local.iter().flat_map(|local| local.read(v)));
        seen
    }

    /// W2 u, what each unit writes along a direction `[d]`: `[units]`.
    fn written(&self, u: &[f64]) -> Vec<f64> {
        let row = |row: &[f32]| row.iter().zip(u).map(|(&w, u)| f64::from(w) * u).sum();
        let dense = self.w2.chunks_exact(self.seen().max(1)).map(row);
        dense.chain(self.local.iter().flat_map(|local| local.written(u))).collect()
    }

    /// sum_k factor(k) W1_kh W2_hk for each unit h: `[units]`.
    fn loops(&self, factor: impl Fn(usize) -> f64) -> Vec<f64> {
        let (mut sums, seen) = (vec![0.0; self.hidden], self.seen());
        for (k, row) in self.w1.chunks_exact(self.hidden.max(1)).enumerate() {
            for (h, (sum, &w)) in sums.iter_mut().zip(row).enumerate() {
                *sum += factor(k) * f64::from(w) * f64::from(self.w2[h * seen + k]);
            }
        }
        let factors: Vec<f64> = (0..self.inputs).map(factor).collect();
        sums.extend(self.local.iter().flat_map(|local| local.loops(&factors)));
        sums
    }
}

impl Jacobian<'_> {
    /// J v.  v: `[d]` -> `[d]`.
    pub fn times(&self, v: &[f64]) -> Vec<f64> {
        let machine = self.machine;
        let mut product = self.skipped(v);
        let mut seen = machine.read(v);
        if let Some(local) = &machine.local {
            silence(&mut seen, self.active);
            let written = local.write(&seen[machine.hidden..]);
            product.iter_mut().zip(written).for_each(|(out, value)| *out += value);
        }
        for (h, row) in machine.w2.chunks_exact(machine.seen().max(1)).enumerate().filter(|(h, _)| self.active[*h]) {
            product.iter_mut().zip(row).for_each(|(out, &w)| *out += seen[h] * f64::from(w));
        }
        product
    }

    /// J^T u.  u: `[d]` -> `[d]`.
    pub fn transposed_times(&self, u: &[f64]) -> Vec<f64> {
        let machine = self.machine;
        let mut product = self.skipped(u);
        let mut written = machine.written(u);
        silence(&mut written, self.active);
        if let Some(local) = &machine.local {
            let seen = local.read_back(&written[machine.hidden..]);
            product.iter_mut().zip(seen).for_each(|(out, value)| *out += value);
        }
        for (out, row) in product.iter_mut().zip(machine.w1.chunks_exact(machine.hidden.max(1))) {
            *out += row.iter().zip(&written).map(|(&w, written)| f64::from(w) * written).sum::<f64>();
        }
        product
    }

    /// tr J.
    pub fn trace(&self) -> f64 {
        self.machine.jacobian_trace().at(self.active)
    }

    /// J, row-major `[d, d]`: row k holds the derivatives of coordinate k of eps_hat.
    pub fn dense(&self) -> Vec<f64> {
        let (machine, d, a) = (self.machine, self.machine.dim, self.machine.seen());
        let kept: Vec<usize> = (0..machine.hidden).filter(|&h| self.active[h]).collect();
        let written: Vec<f64> = kept.iter().flat_map(|&h| in_f64(&machine.w2[h * a..(h + 1) * a])).collect();
        let columns = |row: &[f32]| kept.iter().map(|&h| f64::from(row[h])).collect::<Vec<_>>();
        let seen: Vec<f64> = machine.w1.chunks_exact(machine.hidden.max(1)).flat_map(columns).collect();
        let mut dense = vec![0.0; d * d];
        let (written, seen) = (View::new(&written, kept.len(), a), View::new(&seen, a, kept.len()));
        data::linalg::multiply_into(&mut dense, d, written.transposed(), seen.transposed(), 0.0);
        (0..d).for_each(|k| dense[k * d + k] += machine.skip_gain(k));
        if let Some(local) = &machine.local {
            let weights: Vec<f64> = self.active[machine.hidden..].iter().map(|&on| f64::from(u8::from(on))).collect();
            for (row, of_local) in dense.chunks_exact_mut(d).zip(local.map(&weights).chunks_exact(machine.inputs)) {
                row.iter_mut().zip(of_local).for_each(|(out, value)| *out += value);
            }
        }
        dense
    }

    /// The singular values of J, decreasing: `[d]`.
    ///
    /// # Errors
    /// [`DataError::Singular`] for weights that are not finite.
    pub fn singular_values(&self) -> Result<Vec<f64>, DataError> {
        let d = self.machine.dim;
        Ok(Svd::of(&self.dense(), d, d)?.values)
    }

    /// diag(skip) v.
    fn skipped(&self, v: &[f64]) -> Vec<f64> {
        v.iter().enumerate().map(|(k, v)| self.machine.skip_gain(k) * v).collect()
    }
}

impl UnitSum {
    /// Its value on the region whose pattern is `active`: `[units]`.
    pub fn at(&self, active: &[bool]) -> f64 {
        self.constant + self.shares.iter().zip(active).filter(|(_, active)| **active).map(|(s, _)| s).sum::<f64>()
    }
}

impl JacobianNorm<'_> {
    /// |J|_F^2 at each pattern.  active: `[n, units]` -> `[n]`.
    pub fn at(&self, active: &[bool]) -> Vec<f64> {
        if self.machine.local.is_some() {
            let square = |active| self.machine.jacobian(active).dense().iter().map(|j| j * j).sum();
            return active.chunks_exact(self.machine.units()).map(square).collect();
        }
        let h = self.singles.shares.len();
        let n = active.len() / h.max(1);
        let pattern: Vec<f64> = active.iter().map(|&on| f64::from(u8::from(on))).collect();
        let mut partners = vec![0.0; n * h];
        multiply(&mut partners, View::new(&pattern, n, h), View::new(&self.pairs, h, h), 0.0);
        let rows = active.chunks_exact(h.max(1)).zip(partners.chunks_exact(h.max(1)));
        let norm = |(active, partners): (&[bool], &[f64])| {
            let pairs: f64 = partners.iter().zip(active).filter(|(_, on)| **on).map(|(pair, _)| pair).sum();
            2.0 * self.singles.at(active) - self.singles.constant + pairs
        };
        rows.map(norm).collect()
    }
}

impl Local {
    /// What each local unit sees of a direction `[d]`: `[side^2 C]`.
    fn read(&self, v: &[f64]) -> Vec<f64> {
        self.units.read(&self.canvas.lift(v), self.canvas.side())
    }

    /// What each local unit writes along a direction `[d]`: `[side^2 C]`.
    fn written(&self, u: &[f64]) -> Vec<f64> {
        self.units.written(&self.canvas.lift(u), self.canvas.side())
    }

    /// What units of these outputs `[side^2 C]` write: `[r]`.
    fn write(&self, units: &[f64]) -> Vec<f64> {
        self.canvas.project(&self.units.write(units, self.canvas.side()))
    }

    /// The transpose of [`Self::read`]: `[side^2 C]` -> `[r]`.
    fn read_back(&self, units: &[f64]) -> Vec<f64> {
        self.canvas.project(&self.units.read_back(units, self.canvas.side()))
    }

    /// sum_u weight_u (what unit u writes)(what it sees)^T: `[r, r]`.
    fn map(&self, weights: &[f64]) -> Vec<f64> {
        self.canvas.turned(&self.units.map(weights, self.canvas.side()))
    }

    /// sum_k factor_k (what unit u sees)_k (what it writes)_k for each unit: `[side^2 C]`.
    fn loops(&self, factors: &[f64]) -> Vec<f64> {
        self.units.loops(&self.canvas.spread(factors), self.canvas.side())
    }
}

/// Sets what the units that are off pass on to 0.
fn silence(units: &mut [f64], active: &[bool]) {
    units.iter_mut().zip(active).filter(|(_, active)| !**active).for_each(|(unit, _)| *unit = 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Predictor;

    /// d = 5, r = 4, H = 6, weights that repeat nowhere; the units see a of the r coordinates.
    fn machine(skip: Skip, seen: usize) -> Machine {
        let wave = |count: usize, step: f64| (0..count).map(|i| (step * i as f64 + 0.4).sin() as f32).collect();
        let (w1, b1, w2) = (wave(6 * seen, 1.1), wave(6, 2.3), wave(6 * seen, 0.73));
        Machine { dim: 5, inputs: 4, hidden: 6, w1, b1, w2, b2: vec![0.1; 4], skip, local: None }
    }

    fn machines() -> [Machine; 4] {
        let diagonal = || Skip::Diagonal(vec![0.5, 0.4, -0.3, 0.2, 1.0]);
        [machine(Skip::None, 4), machine(Skip::Scalar(0.7), 4), machine(diagonal(), 4), machine(diagonal(), 3)]
    }

    const POINTS: [f32; 10] = [0.3, -0.8, 1.1, 0.4, 0.9, -1.2, 0.7, 0.2, -0.5, 2.0];

    #[test]
    fn it_is_the_slope_of_eps_hat() {
        for machine in machines() {
            for z in POINTS.chunks_exact(5) {
                let active = machine.active(z);
                let dense = machine.jacobian(&active).dense();
                for j in 0..5 {
                    let step = 2.0_f32.powi(-9);
                    let moved = |sign: f32| {
                        let mut z = z.to_vec();
                        z[j] += sign * step;
                        assert_eq!(machine.active(&z), active, "the step stays in its region");
                        let mut out = [0.0; 5];
                        machine.eps_hat(&z, &mut out);
                        out
                    };
                    let (above, below) = (moved(1.0), moved(-1.0));
                    for k in 0..5 {
                        let slope = f64::from(above[k] - below[k]) / f64::from(2.0 * step);
                        assert!((slope - dense[k * 5 + j]).abs() < 2e-4, "{k} {j}: {slope} {}", dense[k * 5 + j]);
                    }
                }
            }
        }
    }

    #[test]
    fn every_way_of_asking_agrees_with_the_dense_matrix() {
        let (u, v) = ([0.3, -0.1, 0.8, 0.5, -0.6], [1.0, 0.2, -0.4, 0.7, 0.9]);
        for machine in machines() {
            let active = machine.active(&POINTS);
            let norms = machine.jacobian_norm().at(&active);
            for (active, norm) in active.chunks_exact(6).zip(norms) {
                let jacobian = machine.jacobian(active);
                let dense = jacobian.dense();
                let (product, turned) = (jacobian.times(&v), jacobian.transposed_times(&u));
                for k in 0..5 {
                    let row: f64 = (0..5).map(|j| dense[k * 5 + j] * v[j]).sum();
                    let column: f64 = (0..5).map(|j| dense[j * 5 + k] * u[j]).sum();
                    assert!((row - product[k]).abs() < 1e-12 && (column - turned[k]).abs() < 1e-12, "{k}");
                }
                let form: f64 = u.iter().zip(&product).map(|(u, p)| u * p).sum();
                assert!((machine.jacobian_form(&u, &v).at(active) - form).abs() < 1e-12);
                let mean = 0.5 * [u, v].map(|u| machine.jacobian_form(&u, &u).at(active)).iter().sum::<f64>();
                assert!((machine.jacobian_mean_form(&[u, v].concat()).at(active) - mean).abs() < 1e-12);
                let trace: f64 = (0..5).map(|k| dense[k * 6]).sum();
                assert!((jacobian.trace() - trace).abs() < 1e-12);
                let square: f64 = dense.iter().map(|j| j * j).sum();
                assert!((norm - square).abs() < 1e-10, "{norm} {square}");
                let spectrum: f64 = jacobian.singular_values().unwrap().iter().map(|s| s * s).sum();
                assert!((spectrum - square).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn the_map_of_a_pattern_is_the_nets_part_of_the_jacobian() {
        let machine = machine(Skip::None, 4);
        let active = machine.active(&POINTS[..5]);
        let weights: Vec<f64> = active.iter().map(|&on| f64::from(u8::from(on))).collect();
        let map = machine.net_map(&weights).unwrap();
        let mut spectrum = machine.jacobian(&active).singular_values().unwrap();
        spectrum.truncate(map.values.len());
        assert!(spectrum.iter().zip(&map.values).all(|(a, b)| (a - b).abs() < 1e-12), "{spectrum:?} {map:?}");
        assert_eq!(machine.net_map(&[0.0; 6]).unwrap().values, Vec::<f64>::new());
    }
}
