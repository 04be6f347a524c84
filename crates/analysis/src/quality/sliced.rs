//! The sliced Wasserstein distance between two sets of samples.

use data::Samples;
use data::linalg::{View, multiply};
use rayon::prelude::*;
use schedule::{Purpose, Stream};

use crate::stats::{Bootstrap, Interval};

/// Real samples along random directions: SW^2 is the mean over the directions of W_2^2 between the projections, integral
/// (F^{-1}(p) - G^{-1}(p))^2 dp of their quantile functions.
///
/// It sees what is not Gaussian, and blur least.  In the units of the coordinates; of two sets of n from one law it is about
/// 1/sqrt(n), not 0: compare with the distance of as many real samples.  Rabin, Peyre, Delon and Bernot 2012; Bonneel,
/// Rabin, Peyre and Pfister 2015.
#[derive(Debug, Clone)]
pub struct SlicedReference {
    dim: usize,
    /// Unit vectors: `[L, dim]`.
    directions: Vec<f64>,
    /// The projections on each, increasing: `[L][n]`.
    sorted: Vec<Vec<f64>>,
}

impl SlicedReference {
    /// The number of the stream that draws directions.
    const CHOICE: u64 = 18;

    /// L, the directions in `dim` dimensions: 200, in the plane 500.
    pub fn directions(dim: usize) -> usize {
        if dim == 2 { 500 } else { 200 }
    }

    /// The reference of `samples` along [`Self::directions`] random directions drawn with `seed`.
    pub fn of(samples: &Samples, seed: u64) -> Self {
        let dim = samples.dim;
        let mut normals = vec![0.0; Self::directions(dim) * dim];
        Stream::new(seed, Purpose::Choice, Self::CHOICE, 0).fill_normal(&mut normals);
        Self::along_directions(samples, normals.into_iter().map(f64::from).collect())
    }

    /// The reference along the directions of vectors `[L, dim]` of any length but 0.
    fn along_directions(samples: &Samples, mut directions: Vec<f64>) -> Self {
        for row in directions.chunks_exact_mut(samples.dim.max(1)) {
            let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
            row.iter_mut().for_each(|v| *v /= length);
        }
        let mut reference = Self { dim: samples.dim, directions, sorted: Vec::new() };
        reference.sorted = reference.along(&samples.values).into_par_iter().map(sort).collect();
        reference
    }

    /// The projections of samples on the directions, as [`Self::distance`] takes them.  z: `[n, dim]` -> `[L][n]`.
    pub fn along(&self, z: &[f32]) -> Vec<Vec<f64>> {
        let dim = self.dim.max(1);
        let (n, lines) = (z.len() / dim, self.directions.len() / dim);
        let z: Vec<f64> = z.iter().map(|&z| f64::from(z)).collect();
        let mut along = vec![0.0; lines * n];
        let directions = View::new(&self.directions, lines, self.dim);
        multiply(&mut along, directions, View::new(&z, n, self.dim).transposed(), 0.0);
        along.chunks_exact(n.max(1)).map(<[f64]>::to_vec).collect()
    }

    /// SW of the samples `indices` of those projected; NaN of none.
    pub fn distance(&self, along: &[Vec<f64>], indices: &[u32]) -> f64 {
        let square = |(real, own): (&Vec<f64>, &Vec<f64>)| {
            squared_distance(real, &sort(indices.iter().map(|&i| own[i as usize]).collect()))
        };
        let sum: f64 = self.sorted.iter().zip(along).map(square).sum();
        (sum / self.sorted.len() as f64).sqrt()
    }

    /// SW with an interval by the bootstrap over the samples, moved so that the mean of the resamples is the value: a
    /// resample holds fewer different samples and is farther away.
    pub fn interval(&self, z: &[f32], bootstrap: &Bootstrap) -> Interval {
        let along = self.along(z);
        bootstrap.centred_interval(|indices| self.distance(&along, indices))
    }
}

fn sort(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// W_2^2 of two increasing sets, of any numbers of values.
fn squared_distance(one: &[f64], other: &[f64]) -> f64 {
    let (n, m) = (one.len(), other.len());
    if n == 0 || m == 0 {
        return f64::NAN;
    }
    // Both quantile functions are constant between the multiples of 1/n and of 1/m, here in units of 1/(n m).
    let (mut i, mut j, mut at, mut sum) = (0, 0, 0, 0.0);
    while i < n && j < m {
        let (end_one, end_other) = ((i + 1) * m, (j + 1) * n);
        let next = end_one.min(end_other);
        sum += (next - at) as f64 * (one[i] - other[j]).powi(2);
        i += usize::from(end_one == next);
        j += usize::from(end_other == next);
        at = next;
    }
    sum / (n * m) as f64
}

#[cfg(test)]
mod tests {
    use super::super::oracle;
    use super::*;

    fn cloud(n: usize, stream: u64, scale: f32) -> Samples {
        let mut values = vec![0.0; n * 5];
        Stream::new(4, Purpose::Choice, stream, 0).fill_normal(&mut values);
        values.iter_mut().for_each(|value| *value *= scale);
        Samples { dim: 5, values, labels: Vec::new() }
    }

    fn distance(one: &Samples, other: &Samples) -> f64 {
        let reference = SlicedReference::of(one, 3);
        let all: Vec<u32> = (0..other.len() as u32).collect();
        reference.distance(&reference.along(&other.values), &all)
    }

    #[test]
    fn distances_on_a_line_by_hand() {
        assert_eq!(squared_distance(&[0.0, 1.0], &[1.0, 3.0]), 2.5);
        // Thirds against halves: the quantiles differ by 0, 1, 0, 1 over 1/3, 1/6, 1/6, 1/3.
        assert!((squared_distance(&[0.0, 1.0, 1.0], &[0.0, 2.0]) - (1.0 / 6.0 + 1.0 / 6.0 + 1.0 / 3.0)).abs() < 1e-12);
        assert!(squared_distance(&[], &[1.0]).is_nan());
    }

    #[test]
    fn the_numbers_of_the_oracle() {
        let real = Samples { dim: oracle::DIM, values: oracle::REAL.to_vec(), labels: Vec::new() };
        let reference = SlicedReference::along_directions(&real, oracle::DIRECTIONS.to_vec());
        let all: Vec<u32> = (0..(oracle::OWN.len() / oracle::DIM) as u32).collect();
        let found = reference.distance(&reference.along(&oracle::OWN), &all);
        assert!((found - oracle::SLICED_WASSERSTEIN).abs() < 1e-12, "{found}");
    }

    #[test]
    fn a_move_and_a_stretch_have_their_closed_forms() {
        let samples = cloud(400, 0, 1.0);
        assert_eq!(distance(&samples, &samples), 0.0);
        // A move by v has the mean of (v . u)^2 over unit u: |v|^2/5, here within the scatter of 200 directions.
        let mut moved = samples.clone();
        moved.values.chunks_exact_mut(5).for_each(|row| row[2] += 2.0);
        assert!((distance(&samples, &moved).powi(2) / 0.8 - 1.0).abs() < 0.25, "{}", distance(&samples, &moved));
        // N(0, 1) against N(0, 2.25): the standard deviations differ by 1/2 along every direction.
        let wide = distance(&cloud(20_000, 1, 1.0), &cloud(10_000, 2, 1.5));
        assert!((wide - 0.5).abs() < 0.02, "{wide}");
    }
}
