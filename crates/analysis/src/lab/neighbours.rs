//! The two training samples nearest to a point.

use data::Samples;
use data::linalg::{View, multiply};
use rayon::prelude::*;

/// Rows handled together.
const ROWS: usize = 128;

/// The nearest and the second nearest sample of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// The position of the nearest sample.
    pub index: usize,
    /// d1, its Euclidean distance.
    pub distance: f64,
    /// d2, the distance of the second nearest; infinite where there is none.
    pub second: f64,
}

impl Nearest {
    /// d1 / d2.
    pub fn ratio(&self) -> f64 {
        // Two copies of one sample are no nearer to it than to each other.
        if self.second > 0.0 { self.distance / self.second } else { 1.0 }
    }
}

/// The two samples nearest to every row of z, found by |a|^2 - 2 z . a in f32 and measured in f64.  z: `[m, d]` -> `[m]`.
///
/// With `own`, row i is sample i itself, which is left out.
pub fn nearest(samples: &Samples, z: &[f32], own: bool) -> Vec<Nearest> {
    let (n, d) = (samples.len(), samples.dim);
    let half_norms: Vec<f32> = samples.rows().map(|row| 0.5 * row.iter().map(|a| a * a).sum::<f32>()).collect();
    let all = View::new(&samples.values, n, d).transposed();
    let of_block = |(block, z): (usize, &[f32])| {
        let rows = z.len() / d;
        let mut products = vec![0.0_f32; rows * n];
        multiply(&mut products, View::new(z, rows, d), all, 0.0);
        let of_row = |(i, (row, products)): (usize, (&[f32], &mut [f32]))| {
            products.iter_mut().zip(&half_norms).for_each(|(product, half)| *product = half - *product);
            if own {
                products[block * ROWS + i] = f32::INFINITY;
            }
            let [first, second] = two_least(products);
            let [a, b] = [first, second].map(|i| i.map_or(f64::INFINITY, |i| distance(row, samples.row(i))));
            let (index, distance, second) = match second {
                Some(other) if b < a => (other, b, a),
                _ => (first.unwrap_or(0), a, b),
            };
            Nearest { index, distance, second }
        };
        let rows = z.chunks_exact(d).zip(products.chunks_exact_mut(n));
        rows.enumerate().map(of_row).collect::<Vec<_>>()
    };
    z.par_chunks(ROWS * d).enumerate().map(of_block).collect::<Vec<_>>().concat()
}

/// The positions of the least and the second least value, the first of several; infinite values are none.
fn two_least(values: &[f32]) -> [Option<usize>; 2] {
    let (mut first, mut second) = ((None, f32::INFINITY), (None, f32::INFINITY));
    for (i, &value) in values.iter().enumerate() {
        if value < first.1 {
            (first, second) = ((Some(i), value), first);
        } else if value < second.1 {
            second = (Some(i), value);
        }
    }
    [first.0, second.0]
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_a_square() {
        let samples = Samples { dim: 2, values: vec![0.0, 0.0, 4.0, 0.0, 0.0, 3.0, 4.0, 3.0], labels: Vec::new() };
        let found = nearest(&samples, &[4.0, 1.0], false)[0];
        assert_eq!(found, Nearest { index: 1, distance: 1.0, second: 2.0 });
        assert_eq!(found.ratio(), 0.5);
        let left_out = nearest(&samples, &samples.values, true);
        assert_eq!(left_out[3], Nearest { index: 1, distance: 3.0, second: 4.0 });
        assert!(left_out.iter().all(|nearest| nearest.distance == 3.0));
    }

    #[test]
    fn copies_and_single_samples() {
        let twins = Samples { dim: 1, values: vec![2.0, 2.0, 5.0], labels: Vec::new() };
        assert_eq!(nearest(&twins, &[2.0], false)[0].ratio(), 1.0);
        let one = Samples { dim: 1, values: vec![2.0], labels: Vec::new() };
        assert_eq!(nearest(&one, &[3.0], false)[0], Nearest { index: 0, distance: 1.0, second: f64::INFINITY });
    }

    #[test]
    fn blocks_do_not_matter() {
        let values: Vec<f32> = (0..600).map(|i| (f64::from(i) * 0.7).sin() as f32).collect();
        let samples = Samples { dim: 3, values: values[..300].to_vec(), labels: Vec::new() };
        let whole = nearest(&samples, &values, false);
        assert_eq!(whole[150..], nearest(&samples, &values[450..], false));
        assert!(whole[..100].iter().enumerate().all(|(i, found)| found.index == i && found.distance == 0.0));
    }
}
