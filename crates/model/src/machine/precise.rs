//! A machine's answers in double precision, from the numbers as they are stored.

use super::{Machine, Skip};

impl Machine {
    /// eps_hat = skip(z) + W2 relu(W1 z + b1) + b2 in f64, term by term: what any exact evaluation of the stored numbers
    /// comes to, whatever the order of its sums.  z: `[d]` -> `[d]`.
    pub fn eps_hat_in_f64(&self, z: &[f64]) -> Vec<f64> {
        let mut hidden: Vec<f64> = self.b1.iter().map(|&bias| f64::from(bias)).collect();
        for (z, row) in z.iter().zip(self.w1.chunks_exact(self.hidden)) {
            hidden.iter_mut().zip(row).for_each(|(sum, &weight)| *sum += z * f64::from(weight));
        }
        let mut eps_hat: Vec<f64> = match &self.skip {
            Skip::None => vec![0.0; self.dim],
            Skip::Scalar(gain) => z.iter().map(|z| f64::from(*gain) * z).collect(),
            Skip::Diagonal(gains) => z.iter().zip(gains).map(|(z, &gain)| f64::from(gain) * z).collect(),
        };
        eps_hat.iter_mut().zip(&self.b2).for_each(|(out, &bias)| *out += f64::from(bias));
        for (unit, row) in hidden.iter().zip(self.w2.chunks_exact(self.inputs)).filter(|(unit, _)| **unit > 0.0) {
            eps_hat.iter_mut().zip(row).for_each(|(out, &weight)| *out += unit * f64::from(weight));
        }
        eps_hat
    }
}
