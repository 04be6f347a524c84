//! Mixtures of isotropic Gaussians.

use crate::draw::{Split, check_counts};
use crate::{DataError, Dataset, Samples, Shape};

const MEANS_KEY: &str = "data.means";

/// x0 ~ sum_k w_k N(m_k, std^2 I), the label being the component k.  K components in d dimensions, not centred.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianMixture {
    /// The means m_k, `[K, d]`, K from 1 to 256.
    pub means: Vec<Vec<f64>>,
    /// The weights w_k, `[K]`, positive; they are divided by their sum.
    pub weights: Vec<f64>,
    /// Standard deviation of every component along every axis.
    pub std: f64,
    /// Number of training points.
    pub train: usize,
    /// Number of test points.
    pub test: usize,
    /// Seed of both splits.
    pub seed: u64,
}

/// The means +m and -m in `dim` dimensions with |m|^2 = `norm2` and all coordinates equal, m_i = sqrt(norm2 / dim).
///
/// `dim` must be positive, `norm2` finite and not negative.
pub fn opposite_means(dim: usize, norm2: f64) -> Result<Vec<Vec<f64>>, DataError> {
    if dim == 0 {
        return Err(DataError::setting("data.dim", dim, "use 1 or more"));
    }
    if !(norm2 >= 0.0 && norm2.is_finite()) {
        return Err(DataError::setting("data.mean_norm2", norm2, "use a finite number, 0 or more"));
    }
    let m = (norm2 / dim as f64).sqrt();
    Ok(vec![vec![m; dim], vec![-m; dim]])
}

impl GaussianMixture {
    /// Draws both splits; an error names the first faulty setting.
    pub fn draw(&self) -> Result<Dataset, DataError> {
        let dim = self.check()?;
        check_counts(self.train, self.test, dim)?;
        let (train, test) = (self.split(Split::Train, self.train), self.split(Split::Test, self.test));
        Ok(Dataset::new(train, test, Shape::Point, 0.0, false))
    }

    /// Checks the law and returns its dimension.
    fn check(&self) -> Result<usize, DataError> {
        let count = self.means.len();
        if !(1..=256).contains(&count) {
            return Err(DataError::setting(MEANS_KEY, format!("a list of {count}"), "use 1 to 256 means"));
        }
        let dim = self.means.first().map_or(0, Vec::len);
        for mean in &self.means {
            if mean.len() != dim || mean.is_empty() {
                let value = format!("a mean of length {}", mean.len());
                return Err(DataError::setting(MEANS_KEY, value, "use the same length, 1 or more, for all"));
            }
            if let Some(value) = mean.iter().find(|v| !v.is_finite()) {
                return Err(DataError::setting(MEANS_KEY, value, "use finite numbers"));
            }
        }
        if self.weights.len() != count {
            let value = format!("a list of {}", self.weights.len());
            return Err(DataError::setting("data.weights", value, format!("use one weight a mean, {count}")));
        }
        if let Some(value) = self.weights.iter().find(|&&w| !(w > 0.0 && w.is_finite())) {
            return Err(DataError::setting("data.weights", value, "use finite numbers above 0"));
        }
        if !(self.std >= 0.0 && self.std.is_finite()) {
            return Err(DataError::setting("data.std", self.std, "use a finite number, 0 or more"));
        }
        Ok(dim)
    }

    fn split(&self, split: Split, n: usize) -> Samples {
        let dim = self.means.first().map_or(0, Vec::len);
        let mut eps = vec![0.0; dim];
        let mut samples = Samples { dim, values: Vec::with_capacity(n * dim), labels: Vec::with_capacity(n) };
        for i in 0..n {
            let mut stream = split.stream(self.seed, i);
            let k = self.component(stream.uniform());
            stream.fill_normal(&mut eps);
            samples.values.extend(self.means[k].iter().zip(&eps).map(|(m, &e)| (m + self.std * f64::from(e)) as f32));
            samples.labels.push(k as u8);
        }
        samples
    }

    /// The component whose interval of cumulative weight holds u, uniform in [0, 1).
    fn component(&self, u: f64) -> usize {
        let mut rest = u * self.weights.iter().sum::<f64>();
        let last = self.weights.len() - 1;
        for (k, weight) in self.weights.iter().take(last).enumerate() {
            if rest < *weight {
                return k;
            }
            rest -= weight;
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixture() -> GaussianMixture {
        GaussianMixture {
            means: vec![vec![1.0, 0.0, -2.0], vec![-4.0, 3.0, 0.5]],
            weights: vec![3.0, 1.0],
            std: 0.5,
            train: 20_000,
            test: 100,
            seed: 9,
        }
    }

    #[test]
    fn each_component_has_its_weight_mean_and_variance() {
        let (law, data) = (mixture(), mixture().draw().unwrap());
        for (k, share) in [(0_u8, 0.75), (1, 0.25)] {
            let part = data.train.of_label(k);
            let n = part.len() as f64;
            assert!((n / 20_000.0 - share).abs() < 4.0 * (0.75 * 0.25 / 20_000.0_f64).sqrt());
            for (j, m) in law.means[usize::from(k)].iter().enumerate() {
                let mean = part.rows().map(|r| f64::from(r[j])).sum::<f64>() / n;
                assert!((mean - m).abs() < 4.0 * 0.5 / n.sqrt(), "component {k}, coordinate {j}: {mean}");
                let variance = part.rows().map(|r| (f64::from(r[j]) - mean).powi(2)).sum::<f64>() / n;
                assert!((variance / 0.25 - 1.0).abs() < 4.0 * (2.0 / n).sqrt(), "component {k}: {variance}");
            }
        }
    }

    #[test]
    fn a_larger_draw_begins_with_the_smaller_one() {
        let (small, large) = (GaussianMixture { train: 10, ..mixture() }.draw().unwrap(), mixture().draw().unwrap());
        assert_eq!(small.train, large.train.select(0..10));
        assert_eq!(small.test, large.test);
        assert_ne!(large.test, large.train.select(0..100));
        assert_ne!(GaussianMixture { seed: 10, ..mixture() }.draw().unwrap().digest, large.digest);
    }

    #[test]
    fn without_width_the_points_are_the_means() {
        let data = GaussianMixture { std: 0.0, ..mixture() }.draw().unwrap();
        for (row, &k) in data.train.rows().zip(&data.train.labels) {
            let mean: Vec<f32> = mixture().means[usize::from(k)].iter().map(|&m| m as f32).collect();
            assert_eq!(row, mean);
        }
    }

    #[test]
    fn opposite_means_have_the_norm_asked_for() {
        let means = opposite_means(64, 16.0).unwrap();
        assert_eq!(means, [vec![0.5; 64], vec![-0.5; 64]]);
        assert_eq!(opposite_means(0, 1.0).unwrap_err().to_string(), "data.dim: 0 is not allowed, use 1 or more");
        assert!(opposite_means(2, f64::NAN).unwrap_err().to_string().starts_with("data.mean_norm2: NaN"));
    }

    #[test]
    fn faulty_settings_name_their_key() {
        let cases: [(GaussianMixture, &str); 9] = [
            (GaussianMixture { means: vec![], ..mixture() }, "data.means: a list of 0 is not allowed"),
            (GaussianMixture { means: vec![vec![0.0]; 257], ..mixture() }, "data.means: a list of 257"),
            (GaussianMixture { means: vec![vec![], vec![]], ..mixture() }, "data.means: a mean of length 0"),
            (GaussianMixture { means: vec![vec![0.0], vec![0.0; 2]], ..mixture() }, "data.means: a mean of length 2"),
            (GaussianMixture { means: vec![vec![f64::NAN]; 2], ..mixture() }, "data.means: NaN"),
            (GaussianMixture { weights: vec![1.0], ..mixture() }, "data.weights: a list of 1"),
            (GaussianMixture { weights: vec![1.0, 0.0], ..mixture() }, "data.weights: 0 is not allowed"),
            (GaussianMixture { std: -1.0, ..mixture() }, "data.std: -1 is not allowed"),
            (GaussianMixture { test: 0, ..mixture() }, "data.test_limit: 0 is not allowed"),
        ];
        for (law, expected) in cases {
            let message = law.draw().unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
