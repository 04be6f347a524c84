//! Precision, recall, density and coverage of a set of samples.

use super::distances::Rows;
use crate::stats::{Bootstrap, Interval, mean_of};

/// Real samples with the balls B(x_i, r_i) that reach to their k-th nearest real neighbour.
///
/// For real x_1..x_m and samples y_1..y_n, whose balls B(y_j, s_j) are made in the same way:
/// precision = (1/n) sum_j 1[y_j in some B(x_i, r_i)], recall = (1/m) sum_i 1[x_i in some B(y_j, s_j)] (Kynkaanniemi, Karras,
/// Laine, Lehtinen and Aila 2019, equations 1 and 2), density = (1/(k n)) sum_{i, j} 1[y_j in B(x_i, r_i)], coverage = (1/m)
/// sum_i 1[some y_j in B(x_i, r_i)] (Naeem, Oh, Uh, Choi and Yoo 2020, section 3).  Precision and density fall where samples
/// are not like real ones, recall and coverage where real ones have no sample like them.
#[derive(Debug, Clone)]
pub struct NeighbourReference {
    real: Rows,
    /// r_i^2: `[m]`.
    radii: Vec<f64>,
}

/// Which samples lie in whose balls: a bit for each pair of a real sample and a sample.
#[derive(Debug, Clone)]
pub struct Neighbourhoods {
    /// Rows of real samples, bits of the y_j within B(x_i, r_i).
    covering: Vec<Vec<u64>>,
    /// Rows of real samples, bits of the y_j whose B(y_j, s_j) holds x_i.
    recalling: Vec<Vec<u64>>,
    /// The number of real balls that hold y_j, over k: `[n]`.
    density: Vec<f64>,
}

impl NeighbourReference {
    /// k, or the number of other samples where there are fewer.
    pub const NEIGHBOURS: usize = 5;

    /// The reference of real samples `[m, axes]`.
    pub fn of(real: Vec<f64>, axes: usize) -> Self {
        let real = Rows::new(real, axes);
        let radii = radii(&real);
        Self { real, radii }
    }

    /// The comparison with samples `[n, axes]`.
    pub fn compare(&self, own: Vec<f64>) -> Neighbourhoods {
        let own = Rows::new(own, self.real.dim());
        let own_radii = radii(&own);
        let rows = self.real.by_row(&own, |i, squares| {
            let covering = bits(squares.iter().map(|square| *square <= self.radii[i]));
            let recalling = bits(squares.iter().zip(&own_radii).map(|(square, radius)| square <= radius));
            (covering, recalling)
        });
        let (covering, recalling): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let k = neighbours(self.real.len()) as f64;
        let holds = |j: usize| covering.iter().filter(|row: &&Vec<u64>| row[j / 64] >> (j % 64) & 1 == 1).count();
        let density = (0..own.len()).map(|j| holds(j) as f64 / k).collect();
        Neighbourhoods { covering, recalling, density }
    }
}

impl Neighbourhoods {
    /// `precision`, `recall`, `density` and `coverage`, with intervals by the bootstrap over the samples.
    ///
    /// The real samples and all radii are held. A resample lacks a third of the samples and so recalls and covers less:
    /// those intervals are moved so that the mean of the resamples is the value.
    pub fn intervals(&self, bootstrap: &Bootstrap) -> [(&'static str, Interval); 4] {
        let precise: Vec<f64> = self.density.iter().map(|density| f64::from(u8::from(*density > 0.0))).collect();
        let share = |rows: &[Vec<u64>], indices: &[u32]| {
            let mut present = vec![0; self.density.len().div_ceil(64)];
            indices.iter().for_each(|&j| present[j as usize / 64] |= 1_u64 << (j % 64));
            let is_met = |row: &&Vec<u64>| row.iter().zip(&present).any(|(bits, present)| bits & present != 0);
            rows.iter().filter(is_met).count() as f64 / rows.len() as f64
        };
        [
            ("precision", bootstrap.interval(|indices| mean_of(&precise, indices))),
            ("recall", bootstrap.centred_interval(|indices| share(&self.recalling, indices))),
            ("density", bootstrap.interval(|indices| mean_of(&self.density, indices))),
            ("coverage", bootstrap.centred_interval(|indices| share(&self.covering, indices))),
        ]
    }
}

/// k for a set of n.
fn neighbours(n: usize) -> usize {
    NeighbourReference::NEIGHBOURS.min(n.saturating_sub(1)).max(1)
}

/// The squared distance of each row to its k-th nearest other row; 0 of a single one.
fn radii(rows: &Rows) -> Vec<f64> {
    let k = neighbours(rows.len());
    rows.by_row(rows, |i, squares| {
        // What is not a number is far from everything, whatever its sign bit says of its place.
        squares.iter_mut().filter(|square| square.is_nan()).for_each(|square| *square = f64::INFINITY);
        squares[i] = f64::NEG_INFINITY;
        // Position 0 is the row itself.
        let place = k.min(squares.len() - 1);
        squares.select_nth_unstable_by(place, f64::total_cmp).1.max(0.0)
    })
}

/// Bits of a row, 64 a word.
fn bits(flags: impl Iterator<Item = bool>) -> Vec<u64> {
    let mut words = Vec::new();
    for (j, flag) in flags.enumerate() {
        if j % 64 == 0 {
            words.push(0);
        }
        if let Some(word) = words.last_mut() {
            *word |= u64::from(flag) << (j % 64);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::oracle;
    use super::*;

    fn measures(real: &[f64], own: &[f64], axes: usize) -> [f64; 4] {
        let found = NeighbourReference::of(real.to_vec(), axes).compare(own.to_vec());
        found.intervals(&Bootstrap::new(0, 1, own.len() / axes)).map(|(_, interval)| interval.value)
    }

    #[test]
    fn the_numbers_of_the_oracle() {
        let f64s = |values: &[f32]| values.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
        let found = measures(&f64s(&oracle::REAL), &f64s(&oracle::OWN), oracle::DIM);
        for (found, expected) in found.iter().zip(oracle::PRECISION_RECALL_DENSITY_COVERAGE) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
    }

    #[test]
    fn a_line_by_hand() {
        // Two samples of three have k = 1 and 2: radii 2 and 2, then those of 0, 1, 3: 3, 2, 3.
        assert_eq!(radii(&Rows::new(vec![0.0, 2.0], 1)), [4.0, 4.0]);
        assert_eq!(radii(&Rows::new(vec![0.0, 1.0, 3.0], 1)), [9.0, 4.0, 9.0]);
        // 9 lies in no ball of the real ones; 0 and 2 in the balls of 0 and 9.
        let [precision, recall, density, coverage] = measures(&[0.0, 2.0], &[0.0, 9.0], 1);
        assert_eq!([precision, recall, density, coverage], [0.5, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn the_interval_lies_around_the_value() {
        let line = |n: u32, step: f64| (0..n).map(|i| (f64::from(i) * step).sin()).collect::<Vec<_>>();
        let found = NeighbourReference::of(line(200, 1.3), 2).compare(line(240, 0.9));
        for (name, interval) in found.intervals(&Bootstrap::new(3, 100, 120)) {
            assert!(interval.low <= interval.value && interval.value <= interval.high, "{name}: {interval:?}");
        }
    }

    #[test]
    fn samples_that_are_not_finite_lie_nowhere() {
        assert_eq!(measures(&[0.0, 1.0, 2.0, 3.0], &[f64::NAN; 4], 2)[0], 0.0);
    }

    proptest! {
        #[test]
        fn a_set_is_like_itself_in_any_order(values in prop::collection::vec(-5.0..5.0_f64, 24..90)) {
            let values = &values[..values.len() / 3 * 3];
            let turned: Vec<f64> = values.chunks_exact(3).rev().flatten().copied().collect();
            let [precision, recall, density, coverage] = measures(values, &turned, 3);
            prop_assert_eq!([precision, recall, coverage], [1.0; 3]);
            prop_assert!((density - 1.2).abs() < 1e-12);
            let moved: Vec<f64> = values.iter().map(|v| v + 1.0).collect();
            let backwards: Vec<f64> = moved.chunks_exact(3).rev().flatten().copied().collect();
            let (one, other) = (measures(values, &moved, 3), measures(&turned, &backwards, 3));
            prop_assert!(one.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }
}
