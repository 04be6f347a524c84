//! A machine's answers in double precision, from the numbers as they are stored.

use super::{Local, Machine, Skip};

impl Machine {
    /// eps_hat = skip(z) + W2 relu(W1 z + b1) + b2 + the local answer in f64, term by term: what any exact evaluation of the stored numbers
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
        for (unit, row) in hidden.iter().zip(self.w2.chunks_exact(self.seen())).filter(|(unit, _)| **unit > 0.0) {
            eps_hat.iter_mut().zip(row).for_each(|(out, &weight)| *out += unit * f64::from(weight));
        }
        if let Some(local) = &self.local {
            local.add_answer_in_f64(z, &mut eps_hat);
        }
        eps_hat
    }
}

impl Local {
    /// Adds what the local units answer to one state.
    fn add_answer_in_f64(&self, z: &[f64], eps_hat: &mut [f64]) {
        let (canvas, side) = (&self.canvas, self.canvas.side());
        let mut image = canvas.lift(z);
        image.iter_mut().zip(canvas.origin(self.signal)).for_each(|(x, mean)| *x += f64::from(mean));
        let mut units = self.units.read(&image, side);
        for row in units.chunks_exact_mut(self.units.b1.len()) {
            row.iter_mut().zip(&self.units.b1).for_each(|(a, &bias)| *a = (*a + f64::from(bias)).max(0.0));
        }
        let answer = canvas.project(&self.units.write(&units, side));
        eps_hat.iter_mut().zip(answer).for_each(|(out, value)| *out += value);
    }
}
