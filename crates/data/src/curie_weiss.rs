//! Curie-Weiss spins: a law with a phase transition of its own, sampled exactly.

use crate::draw::{Split, check_counts};
use crate::{DataError, Dataset, Samples, Shape};

/// x0 = a in {-1, 1}^N with p(a) ~ exp(b (sum_i a_i)^2 / 2N).  d = N, not centred.
///
/// The magnetisation is drawn from its law, the spins that make it up at random.  The label is 0 for a positive
/// magnetisation and 1 for a negative one; zero goes to either by a coin.
#[derive(Debug, Clone, PartialEq)]
pub struct CurieWeiss {
    /// N, the number of spins.
    pub spins: usize,
    /// b, the inverse temperature; ordered for b > 1.
    pub coupling: f64,
    /// Number of training samples.
    pub train: usize,
    /// Number of test samples.
    pub test: usize,
    /// Seed of both splits.
    pub seed: u64,
}

/// b M^2 / 2N of k spins up out of N = `spins`, M = 2k - N.
pub fn log_coupling(k: usize, spins: usize, coupling: f64) -> f64 {
    let magnetisation = 2.0 * k as f64 - spins as f64;
    0.5 * coupling * magnetisation * magnetisation / spins as f64
}

/// p(k spins up) ~ binomial(N, k) exp(b (2k - N)^2 / 2N) for k = 0..=N.
pub fn spins_up(spins: usize, coupling: f64) -> Vec<f64> {
    let mut log_binomial = 0.0;
    let mut p: Vec<f64> = (0..=spins)
        .map(|k| {
            if k > 0 {
                log_binomial += ((spins - k + 1) as f64 / k as f64).ln();
            }
            log_binomial + log_coupling(k, spins, coupling)
        })
        .collect();
    let most = p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    p.iter_mut().for_each(|p| *p = (*p - most).exp());
    let total: f64 = p.iter().sum();
    p.iter_mut().for_each(|p| *p /= total);
    p
}

impl CurieWeiss {
    /// Draws both splits; an error names the first faulty setting.
    pub fn draw(&self) -> Result<Dataset, DataError> {
        if self.spins == 0 {
            return Err(DataError::setting("data.spins", self.spins, "use 1 or more"));
        }
        if !(self.coupling > 0.0 && self.coupling.is_finite()) {
            return Err(DataError::setting("data.coupling", self.coupling, "use a finite number above 0"));
        }
        check_counts(self.train, self.test, self.spins)?;
        let (train, test) = (self.split(Split::Train, self.train), self.split(Split::Test, self.test));
        Ok(Dataset::new(train, test, Shape::Point, 0.0, false))
    }

    fn split(&self, split: Split, count: usize) -> Samples {
        let (n, law) = (self.spins, spins_up(self.spins, self.coupling));
        let mut samples = Samples { dim: n, values: Vec::with_capacity(count * n), labels: Vec::with_capacity(count) };
        for i in 0..count {
            let mut stream = split.stream(self.seed, i);
            let up = pick(&law, stream.uniform());
            let positive = if 2 * up == n { stream.uniform() < 0.5 } else { 2 * up > n };
            let mut row = vec![-1.0; n];
            for &spin in stream.permutation(n).iter().take(up) {
                row[spin as usize] = 1.0;
            }
            samples.values.extend(row);
            samples.labels.push(u8::from(!positive));
        }
        samples
    }
}

/// The k whose interval of cumulative probability holds u, uniform in [0, 1).
fn pick(law: &[f64], mut u: f64) -> usize {
    for (k, p) in law.iter().enumerate() {
        if u < *p {
            return k;
        }
        u -= p;
    }
    law.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: usize = 20_000;

    fn law(spins: usize, coupling: f64) -> CurieWeiss {
        CurieWeiss { spins, coupling, train: COUNT, test: 50, seed: 5 }
    }

    fn magnetisation(row: &[f32]) -> f64 {
        row.iter().map(|&a| f64::from(a)).sum::<f64>() / row.len() as f64
    }

    /// The mean of `f` over the samples.
    fn mean(samples: &Samples, f: impl Fn(&[f32]) -> f64) -> f64 {
        samples.rows().map(f).sum::<f64>() / samples.len() as f64
    }

    #[test]
    fn hundred_spins_in_the_ordered_phase_have_their_magnetisation() {
        let p = spins_up(100, 1.5);
        let exact: f64 = p.iter().enumerate().map(|(k, p)| p * (2.0 * k as f64 / 100.0 - 1.0).powi(2)).sum();
        assert!((exact - 0.724_520_49).abs() < 1e-8, "{exact}");
        let drawn = mean(&law(100, 1.5).draw().unwrap().train, |row| magnetisation(row).powi(2));
        // A square of at most 1 has a standard deviation of at most 1/2.
        assert!((drawn - 0.724_520_49).abs() < 4.0 * 0.5 / (COUNT as f64).sqrt(), "{drawn}");
    }

    #[test]
    fn the_spins_of_a_sample_are_exchangeable() {
        let data = law(10, 1.3).draw().unwrap();
        let p = spins_up(10, 1.3);
        let square: f64 = p.iter().enumerate().map(|(k, p)| p * (2.0 * k as f64 / 10.0 - 1.0).powi(2)).sum();
        let correlation = (10.0 * square - 1.0) / 9.0;
        for (i, j) in [(0, 1), (2, 7), (8, 9)] {
            let pair = mean(&data.train, |row| f64::from(row[i] * row[j]));
            assert!((pair - correlation).abs() < 4.0 / (COUNT as f64).sqrt(), "{i} {j}: {pair}");
        }
        assert!(data.train.values.iter().all(|a| a.abs() == 1.0));
    }

    #[test]
    fn the_label_is_the_sign_and_zero_is_split_evenly() {
        let data = law(4, 0.5).draw().unwrap();
        let mut zero = [0_usize; 2];
        for (row, &label) in data.train.rows().zip(&data.train.labels) {
            let m = magnetisation(row);
            assert!(m * (1.0 - 2.0 * f64::from(label)) >= 0.0);
            if m == 0.0 {
                zero[usize::from(label)] += 1;
            }
        }
        let (ones, all) = (zero[1] as f64, (zero[0] + zero[1]) as f64);
        assert!(all > 1000.0 && (ones / all - 0.5).abs() < 4.0 * 0.5 / all.sqrt(), "{zero:?}");
    }

    #[test]
    fn a_larger_draw_begins_with_the_smaller_one() {
        let (large, small) = (law(6, 1.1).draw().unwrap(), CurieWeiss { train: 7, ..law(6, 1.1) }.draw().unwrap());
        assert_eq!(large.train.select(0..7), small.train);
        assert_eq!(large.test, small.test);
        assert_ne!(large.test, large.train.select(0..50));
    }

    #[test]
    fn faulty_settings_name_their_key() {
        let cases = [
            (law(0, 1.0), "data.spins: 0 is not allowed, use 1 or more"),
            (law(3, 0.0), "data.coupling: 0 is not allowed, use a finite number above 0"),
            (CurieWeiss { test: 0, ..law(3, 1.0) }, "data.test_limit: 0 is not allowed, use 1 or more"),
        ];
        for (law, expected) in cases {
            assert_eq!(law.draw().unwrap_err().to_string(), expected);
        }
    }
}
