//! The law of the spins itself: magnetisation and moments.

use data::curie_weiss::log_coupling;

use super::{CurieWeiss, softmax, softplus};

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
    fn without_local_fields_the_posterior_is_the_law() {
        let given = spins_up_given(&[0.0; 20], 1.2);
        let law = data::curie_weiss::spins_up(20, 1.2);
        assert!(given.iter().zip(&law).all(|(a, b)| (a - b).abs() < 1e-14));
    }
}
