//! The law of the spins itself: magnetisation, moments, exact samples.

use data::Samples;
use schedule::{Purpose, Stream};

use super::{CurieWeiss, softmax, softplus};

/// b M^2 / 2N of k spins up out of n, M = 2k - n.
fn log_coupling(k: usize, n: usize, coupling: f64) -> f64 {
    let magnetisation = 2.0 * k as f64 - n as f64;
    0.5 * coupling * magnetisation * magnetisation / n as f64
}

/// p(k spins up) for k = 0..=N, from the binomial coefficients.
pub(super) fn spins_up(n: usize, coupling: f64) -> Vec<f64> {
    let mut log_binomial = 0.0;
    let mut logs: Vec<f64> = (0..=n)
        .map(|k| {
            if k > 0 {
                log_binomial += ((n - k + 1) as f64 / k as f64).ln();
            }
            log_binomial + log_coupling(k, n, coupling)
        })
        .collect();
    softmax(&mut logs);
    logs
}

/// p(k spins up | local fields h) for k = 0..=N: the law of a sum of independent spins, tilted by the coupling.
pub(super) fn spins_up_given(h: &[f64], coupling: f64) -> Vec<f64> {
    let n = h.len();
    let mut free = vec![0.0; n + 1];
    free[0] = 1.0;
    for (i, h_i) in h.iter().enumerate() {
        let (up, down) = ((-softplus(-2.0 * h_i)).exp(), (-softplus(2.0 * h_i)).exp());
        for k in (1..=i + 1).rev() {
            free[k] = free[k] * down + free[k - 1] * up;
        }
        free[0] *= down;
    }
    let mut logs: Vec<f64> = free.iter().enumerate().map(|(k, p)| p.ln() + log_coupling(k, n, coupling)).collect();
    softmax(&mut logs);
    logs
}

impl CurieWeiss {
    /// m*, the positive solution of m = tanh(b m): the magnetisation a spin of the infinite system; 0 for b <= 1.
    pub fn spontaneous_magnetisation(&self) -> f64 {
        if self.coupling <= 1.0 {
            return 0.0;
        }
        let (mut low, mut high) = (f64::EPSILON, 1.0);
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if (self.coupling * middle).tanh() > middle { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// E[(sum_i a_i / N)^2], exact at this N.
    pub fn mean_square_magnetisation(&self) -> f64 {
        let n = self.spins as f64;
        let square = |(k, p): (usize, &f64)| p * (2.0 * k as f64 / n - 1.0).powi(2);
        self.spins_up.iter().enumerate().map(square).sum()
    }

    /// c = E[a_i a_j] for i != j: (N E[m^2] - 1) / (N - 1); 0 for a single spin.
    pub fn correlation(&self) -> f64 {
        let n = self.spins as f64;
        if self.spins == 1 { 0.0 } else { (n * self.mean_square_magnetisation() - 1.0) / (n - 1.0) }
    }

    /// Lambda = 1 + (N - 1) c, the largest eigenvalue of the covariance.
    pub fn top_eigenvalue(&self) -> f64 {
        1.0 + (self.spins as f64 - 1.0) * self.correlation()
    }

    /// Exact samples of z_0: sample i depends only on (seed, i).  The label is the class, 0 for a positive magnetisation
    /// and 1 for a negative one; at zero it is the sign of the first spin.
    pub fn draw(&self, count: usize, seed: u64) -> Samples {
        let n = self.spins;
        let mut samples = Samples { dim: n, values: Vec::with_capacity(count * n), labels: Vec::with_capacity(count) };
        for i in 0..count {
            let mut stream = Stream::new(seed, Purpose::Data, 0, i as u64);
            let up = self.pick_spins_up(stream.uniform());
            let mut row = vec![-1.0; n];
            for &spin in stream.permutation(n).iter().take(up) {
                row[spin as usize] = 1.0;
            }
            let positive = if 2 * up == n { row[0] > 0.0 } else { 2 * up > n };
            samples.values.extend(row);
            samples.labels.push(u8::from(!positive));
        }
        samples
    }

    /// The k whose interval of cumulative probability holds u, uniform in [0, 1).
    fn pick_spins_up(&self, mut u: f64) -> usize {
        for (k, p) in self.spins_up.iter().enumerate() {
            if u < *p {
                return k;
            }
            u -= p;
        }
        self.spins
    }
}

#[cfg(test)]
mod tests {
    use schedule::{Law, Schedule};

    use super::*;

    fn model(spins: usize, coupling: f64) -> CurieWeiss {
        let schedule = Schedule::new(Law::Linear { beta_start: 1e-4, beta_end: 0.02 }, 1000).unwrap();
        CurieWeiss::new(&schedule, spins, coupling).unwrap()
    }

    #[test]
    fn hundred_spins_in_the_ordered_phase() {
        let ordered = model(100, 1.5);
        assert!((ordered.spontaneous_magnetisation() - 0.858_560).abs() < 1e-6);
        assert!((ordered.mean_square_magnetisation() - 0.724_520_49).abs() < 1e-8);
        assert!((ordered.correlation() - 0.721_737_87).abs() < 1e-8);
        assert!((ordered.top_eigenvalue() - 72.452_049).abs() < 1e-6);
    }

    #[test]
    fn disordered_phase_and_a_single_spin() {
        let disordered = model(100, 0.8);
        assert!((disordered.top_eigenvalue() - 4.300_787).abs() < 1e-6);
        assert_eq!(disordered.spontaneous_magnetisation(), 0.0);
        assert_eq!((model(1, 2.0).correlation(), model(1, 2.0).top_eigenvalue()), (0.0, 1.0));
    }

    #[test]
    fn samples_have_the_magnetisation_of_the_law() {
        const COUNT: usize = 20_000;
        let law = model(10, 1.3);
        let samples = law.draw(COUNT, 5);
        let magnetisation = |row: &[f32]| row.iter().map(|&a| f64::from(a)).sum::<f64>() / 10.0;
        let square = samples.rows().map(|row| magnetisation(row).powi(2)).sum::<f64>() / COUNT as f64;
        // A square of at most 1 has a standard deviation of at most 1/2.
        assert!((square - law.mean_square_magnetisation()).abs() < 4.0 * 0.5 / (COUNT as f64).sqrt(), "{square}");
        let pair = samples.rows().map(|row| f64::from(row[2] * row[7])).sum::<f64>() / COUNT as f64;
        assert!((pair - law.correlation()).abs() < 4.0 / (COUNT as f64).sqrt(), "{pair}");
        for (row, &label) in samples.rows().zip(&samples.labels) {
            assert!(row.iter().all(|a| a.abs() == 1.0));
            assert!(magnetisation(row) * (1.0 - 2.0 * f64::from(label)) >= 0.0);
        }
        assert_eq!(law.draw(7, 5), samples.select(0..7));
    }

    #[test]
    fn without_local_fields_the_posterior_is_the_law() {
        let given = spins_up_given(&[0.0; 20], 1.2);
        let law = spins_up(20, 1.2);
        assert!(given.iter().zip(&law).all(|(a, b)| (a - b).abs() < 1e-14));
    }
}
