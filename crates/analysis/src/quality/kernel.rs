//! The maximum mean discrepancy between two sets of samples.

use data::linalg::{View, multiply};

use super::distances::Rows;
use crate::stats::{Bootstrap, Interval};

/// Real samples y_1..y_m `[m, d]` under the Gaussian kernel k(x, y) = exp(-|x - y|^2 / (2 sigma^2)).
///
/// For samples x_1..x_n `[n, d]`, without bias:
/// MMD^2 = (1/(n(n-1))) sum_{i != j} k(x_i, x_j) + (1/(m(m-1))) sum_{i != j} k(y_i, y_j) - (2/(n m)) sum_{i, j} k(x_i, y_j),
/// with mean 0 for two sets of one law, hence negative half of the time.  Gretton, Borgwardt, Rasch, Schoelkopf and Smola
/// 2012, equation 3.
#[derive(Debug, Clone)]
pub struct KernelReference {
    real: Rows,
    /// 2 sigma^2.
    width: f64,
    /// The mean of k over the pairs of different real samples.
    own: f64,
}

impl KernelReference {
    /// Real samples of which [`Self::median_width`] takes the pairs, at most.
    const MOST: usize = 1000;

    /// The reference of `real` `[m, dim]` with 2 sigma^2 = `width`.
    pub fn of(real: &[f32], dim: usize, width: f64) -> Self {
        let real = Rows::of(real, dim);
        let m = real.len();
        let sums = real.by_row(&real, |_, squares| squares.iter().map(|square| (-square / width).exp()).sum::<f64>());
        // k(y, y) = 1.
        let own = (sums.iter().sum::<f64>() - m as f64) / (m as f64 * (m as f64 - 1.0));
        Self { real, width, own }
    }

    /// The median of |y_i - y_j|^2 over the pairs of the first 1000 real samples, a common choice of 2 sigma^2; NaN of fewer
    /// than two.  real: `[m, dim]`.
    pub fn median_width(real: &[f32], dim: usize) -> f64 {
        let rows = Rows::of(&real[..real.len().min(Self::MOST * dim)], dim);
        let mut pairs = rows.by_row(&rows, |i, squares| squares[..i].to_vec()).concat();
        pairs.sort_unstable_by(f64::total_cmp);
        crate::stats::quantile(&pairs, 0.5)
    }

    /// MMD^2 of samples.  z: `[n, dim]`.
    pub fn discrepancy(&self, z: &[f32]) -> f64 {
        let n = z.len() / self.real_dim();
        self.weighted(z, &vec![1.0; n]).first().copied().unwrap_or(f64::NAN)
    }

    /// MMD^2 with an interval by the bootstrap over the samples, the real ones held.
    ///
    /// A pair of two copies of one sample is left out, as i = j is; what bias is left is that of the resamples against the
    /// value, by which the interval is moved.
    pub fn interval(&self, z: &[f32], bootstrap: &Bootstrap) -> Interval {
        let (n, columns) = (bootstrap.trajectories(), bootstrap.draws().len() + 1);
        let mut weights = vec![0.0; n * columns];
        weights.iter_mut().step_by(columns).for_each(|weight| *weight = 1.0);
        for (r, draw) in bootstrap.draws().iter().enumerate() {
            draw.iter().for_each(|&i| weights[i as usize * columns + r + 1] += 1.0);
        }
        let found = self.weighted(z, &weights);
        Bootstrap::centred(found[0], found[1..].to_vec())
    }

    fn real_dim(&self) -> usize {
        self.real.dim().max(1)
    }

    /// MMD^2 of the multisets that hold sample i `weights[i, r]` times.  weights: `[n, R]` -> `[R]`.
    fn weighted(&self, z: &[f32], weights: &[f64]) -> Vec<f64> {
        let own = Rows::of(z, self.real_dim());
        let n = own.len();
        let columns = weights.len() / n.max(1);
        let kernel = |square: &mut f64| *square = (-*square / self.width).exp();
        let mean = |_, squares: &mut [f64]| {
            squares.iter_mut().for_each(kernel);
            squares.iter().sum::<f64>() / squares.len() as f64
        };
        let cross = own.by_row(&self.real, mean);
        // sum over the rows of a block of w_i (sum_j k_ij w_j - w_i).
        let within = own.by_block(&own, |first, squares| {
            squares.iter_mut().for_each(kernel);
            let rows = squares.len() / n;
            let mut products = vec![0.0; rows * columns];
            multiply(&mut products, View::new(squares, rows, n), View::new(weights, n, columns), 0.0);
            let own = &weights[first * columns..];
            let mut sums = vec![0.0; columns];
            for (products, weights) in products.chunks_exact(columns).zip(own.chunks_exact(columns)) {
                let terms = sums.iter_mut().zip(products).zip(weights);
                terms.for_each(|((sum, product), w)| *sum += w * (product - w));
            }
            sums
        });
        let column = |r: usize| weights.iter().skip(r).step_by(columns);
        let of_column = |r: usize| {
            let (total, square) = column(r).fold((0.0, 0.0), |(total, square), w| (total + w, square + w * w));
            let pairs = within.iter().map(|sums| sums[r]).sum::<f64>() / (total * total - square);
            let cross = column(r).zip(&cross).map(|(w, mean)| w * mean).sum::<f64>() / total;
            pairs + self.own - 2.0 * cross
        };
        (0..columns).map(of_column).collect()
    }
}

#[cfg(test)]
mod tests {
    use schedule::{Purpose, Stream};

    use super::super::oracle;
    use super::*;

    fn cloud(n: usize, stream: u64, scale: f32) -> Vec<f32> {
        let mut values = vec![0.0; n * 4];
        Stream::new(4, Purpose::Choice, stream, 0).fill_normal(&mut values);
        values.iter_mut().for_each(|value| *value *= scale);
        values
    }

    #[test]
    fn the_numbers_of_the_oracle() {
        let width = KernelReference::median_width(&oracle::REAL, oracle::DIM);
        assert!((width - oracle::MEDIAN).abs() < 1e-12, "{width}");
        for (width, expected) in oracle::MMD2 {
            let found = KernelReference::of(&oracle::REAL, oracle::DIM, width).discrepancy(&oracle::OWN);
            assert!((found - expected).abs() < 1e-12, "{width}: {found} {expected}");
        }
    }

    #[test]
    fn a_set_against_itself_differs_by_its_diagonal_alone() {
        let z = cloud(200, 0, 1.0);
        let reference = KernelReference::of(&z, 4, 4.0);
        // The mean over all pairs holds the n pairs of a sample with itself: own (1 - 1/n) + 1/n.
        let expected = -2.0 * (1.0 - reference.own) / 200.0;
        assert!((reference.discrepancy(&z) - expected).abs() < 1e-13);
    }

    #[test]
    fn two_gaussians_have_the_closed_form() {
        // E k = (1 + (a + b)/(sigma^2))^{-d/2} for variances a, b: here 2 sigma^2 = 4, d = 4, variances 1 and 2.25.
        let mean = |a: f64, b: f64| (1.0 + (a + b) / 2.0).powf(-2.0);
        let exact = mean(1.0, 1.0) + mean(2.25, 2.25) - 2.0 * mean(1.0, 2.25);
        let reference = KernelReference::of(&cloud(3000, 1, 1.0), 4, 4.0);
        let found = reference.interval(&cloud(2000, 2, 1.5), &Bootstrap::new(1, 200, 2000));
        assert!((found.value - exact).abs() < 8e-3, "{found:?} {exact}");
        assert!(found.low < found.value && found.value < found.high, "{found:?}");
        let same = reference.interval(&cloud(2000, 3, 1.0), &Bootstrap::new(1, 200, 2000));
        assert!(same.value.abs() < 2e-3, "{same:?}");
    }

    #[test]
    fn the_order_of_the_samples_does_not_matter_and_what_is_not_finite_has_no_value() {
        let (z, reference) = (cloud(300, 5, 1.2), KernelReference::of(&cloud(150, 6, 1.0), 4, 3.0));
        let turned: Vec<f32> = z.chunks_exact(4).rev().flatten().copied().collect();
        assert!((reference.discrepancy(&z) - reference.discrepancy(&turned)).abs() < 1e-13);
        assert!(reference.discrepancy(&[f32::NAN; 8]).is_nan());
        assert!(reference.discrepancy(&[]).is_nan());
    }
}
