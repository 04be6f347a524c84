//! A trained machine on the host: one hidden layer, one timestep.

use data::linalg::{View, multiply, multiply_into};

use crate::Predictor;

/// What passes by the hidden layer of a finished machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Skip {
    /// Nothing.
    None,
    /// c z with one scalar for all coordinates.
    Scalar(f32),
    /// g_k z_k: `[d]`.
    Diagonal(Vec<f32>),
}

/// eps_hat = skip(z) + W2 relu(W1 z + b1) + b2, the net acting on the first `inputs` of the `dim` coordinates.
///
/// Matrices are row-major and stored `[in, out]`, so that a batch `[n, in]` multiplies from the left.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// d, the number of coordinates of z.
    pub dim: usize,
    /// r <= d, the coordinates seen and corrected by the net.
    pub inputs: usize,
    /// H, the number of hidden units.
    pub hidden: usize,
    /// W1: `[r, H]`.
    pub w1: Vec<f32>,
    /// b1: `[H]`.
    pub b1: Vec<f32>,
    /// W2: `[H, r]`.
    pub w2: Vec<f32>,
    /// b2: `[r]`.
    pub b2: Vec<f32>,
    /// The skip connection.
    pub skip: Skip,
}

impl Machine {
    fn apply_skip(&self, zt: &[f32], eps_hat: &mut [f32]) {
        match &self.skip {
            Skip::None => eps_hat.fill(0.0),
            Skip::Scalar(gain) => eps_hat.iter_mut().zip(zt).for_each(|(out, z)| *out = gain * z),
            Skip::Diagonal(gains) => {
                for (out, row) in eps_hat.chunks_exact_mut(self.dim).zip(zt.chunks_exact(self.dim)) {
                    out.iter_mut().zip(row).zip(gains).for_each(|((out, z), gain)| *out = gain * z);
                }
            }
        }
    }
}

impl Predictor for Machine {
    fn eps_hat(&self, zt: &[f32], eps_hat: &mut [f32]) {
        let (d, r, h) = (self.dim, self.inputs, self.hidden);
        let n = zt.len() / d;
        let mut activation: Vec<f32> = self.b1.iter().copied().cycle().take(n * h).collect();
        multiply(&mut activation, View::strided(zt, n, r, d), View::new(&self.w1, r, h), 1.0);
        activation.iter_mut().for_each(|a| *a = a.max(0.0));
        self.apply_skip(zt, eps_hat);
        for row in eps_hat.chunks_exact_mut(d) {
            row.iter_mut().zip(&self.b2).for_each(|(out, bias)| *out += bias);
        }
        multiply_into(eps_hat, d, View::new(&activation, n, h), View::new(&self.w2, h, r), 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with simple numbers: d = 3, r = 2, H = 2.
    fn machine(skip: Skip) -> Machine {
        Machine {
            dim: 3,
            inputs: 2,
            hidden: 2,
            w1: vec![1.0, -1.0, 0.5, 2.0],
            b1: vec![0.25, -1.0],
            w2: vec![1.0, 2.0, -1.0, 0.5],
            b2: vec![0.1, 0.2],
            skip,
        }
    }

    #[test]
    fn forward_by_hand() {
        // z = (1, 2, 7): W1 z + b1 = (1 + 1 + .25, -1 + 4 - 1) = (2.25, 2); z = (-1, 0, 1): (-.75, 0) -> (0, 0).
        let zt = [1.0, 2.0, 7.0, -1.0, 0.0, 1.0];
        let net = [2.25 - 2.0 + 0.1, 4.5 + 1.0 + 0.2, 0.0, 0.1, 0.2, 0.0];
        let gains = [0.5, 0.25, 2.0];
        for (skip, factors) in
            [(Skip::None, [0.0; 3]), (Skip::Scalar(0.5), [0.5; 3]), (Skip::Diagonal(gains.to_vec()), gains)]
        {
            let mut out = [f32::NAN; 6];
            machine(skip).eps_hat(&zt, &mut out);
            for (i, value) in out.iter().enumerate() {
                assert!((value - net[i] - factors[i % 3] * zt[i]).abs() < 1e-6, "{i}: {value}");
            }
        }
    }
}
