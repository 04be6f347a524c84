//! Squared distances between the rows of two sets.

use data::linalg::{View, multiply};
use rayon::prelude::*;

/// Rows handled together, which bounds the memory to this many rows of distances a thread.
const ROWS: usize = 128;
/// Share of |x|^2 + |y|^2 below which a square is the rounding of a difference of equal numbers.
const ROUNDING: f64 = 1e-13;

/// Points with their squared norms: values `[n, d]`, norms `[n]`.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    dim: usize,
    values: Vec<f64>,
    norms: Vec<f64>,
}

impl Rows {
    pub(super) fn new(values: Vec<f64>, dim: usize) -> Self {
        let norms = values.chunks_exact(dim.max(1)).map(|row| row.iter().map(|x| x * x).sum()).collect();
        Self { dim, values, norms }
    }

    pub(super) fn of(z: &[f32], dim: usize) -> Self {
        Self::new(z.iter().map(|&z| f64::from(z)).collect(), dim)
    }

    /// d.
    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// n.
    pub(super) fn len(&self) -> usize {
        self.norms.len()
    }

    /// f(i, |x_i - y_j|^2 for all j) for every row x_i of `self` and the rows y_j of `other`, in the order of i.
    ///
    /// |x|^2 + |y|^2 - 2 x . y in f64, block by block in parallel; blocks do not depend on the number of threads.
    pub(super) fn by_row<T: Send>(&self, other: &Self, f: impl Fn(usize, &mut [f64]) -> T + Sync) -> Vec<T> {
        self.by_block(other, |first, squares| {
            let rows = squares.chunks_exact_mut(other.len().max(1)).enumerate();
            rows.map(|(i, squares)| f(first + i, squares)).collect::<Vec<_>>()
        })
        .into_iter()
        .flatten()
        .collect()
    }

    /// f(first row, squared distances `[rows, m]`) for every block of rows of `self`, in order.
    pub(super) fn by_block<T: Send>(&self, other: &Self, f: impl Fn(usize, &mut [f64]) -> T + Sync) -> Vec<T> {
        let (d, m) = (self.dim, other.len());
        let others = View::new(&other.values, m, d).transposed();
        let of_block = |(block, (values, norms)): (usize, (&[f64], &[f64]))| {
            let mut squares = vec![0.0; norms.len() * m];
            multiply(&mut squares, View::new(values, norms.len(), d), others, 0.0);
            for (row, norm) in squares.chunks_exact_mut(m.max(1)).zip(norms) {
                for (square, other) in row.iter_mut().zip(&other.norms) {
                    let sum = norm + other;
                    *square = sum - 2.0 * *square;
                    // Not `max`, which would make 0 of what is not a number.
                    if *square < ROUNDING * sum {
                        *square = 0.0;
                    }
                }
            }
            f(block * ROWS, &mut squares)
        };
        let blocks = self.values.par_chunks(ROWS * d.max(1)).zip(self.norms.par_chunks(ROWS));
        blocks.enumerate().map(of_block).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand_across_blocks() {
        let line = |n: usize| Rows::of(&(0..2 * n).map(|i| (i / 2) as f32).collect::<Vec<_>>(), 2);
        let (long, short) = (line(300), line(5));
        let found = long.by_row(&short, |i, squares| (i, squares.to_vec()));
        assert_eq!(found.len(), 300);
        for (i, (row, squares)) in found.iter().enumerate() {
            assert_eq!(*row, i);
            let expected: Vec<f64> = (0..5).map(|j| 2.0 * (i as f64 - f64::from(j)).powi(2)).collect();
            assert_eq!(*squares, expected);
        }
    }

    #[test]
    fn copies_have_no_distance_and_what_is_not_finite_has_none_to_tell() {
        let rows = Rows::of(&[0.1, 0.7, 0.3, 123.4, 0.1, 0.7, 0.3, 123.4], 4);
        assert_eq!(rows.by_row(&rows, |_, squares| squares.to_vec()), [[0.0, 0.0], [0.0, 0.0]]);
        let broken = Rows::of(&[f32::NAN, 0.0], 1);
        assert!(broken.by_row(&rows_of_one(), |_, squares| squares[0])[0].is_nan());
    }

    fn rows_of_one() -> Rows {
        Rows::of(&[1.0], 1)
    }
}
