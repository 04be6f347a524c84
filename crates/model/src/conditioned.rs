//! One machine for all timesteps: t/T is one more input of its hidden layer.

use schedule::Timestep;

use crate::{Machine, Skip, Weights};

/// eps_hat(z, t) = W2 relu(W1 [z, t/T] + b1) + b2: the time-conditioned baseline beside a bank of machines.
///
/// Matrices are row-major and stored `[in, out]`, as those of a [`Machine`].
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionedMachine {
    /// d, the number of coordinates of z.
    pub dim: usize,
    /// H, the number of hidden units.
    pub hidden: usize,
    /// T.
    pub timesteps: usize,
    /// W1: `[d + 1, H]`, the weights of t/T in the last row.
    pub w1: Vec<f32>,
    /// b1: `[H]`.
    pub b1: Vec<f32>,
    /// W2: `[H, d]`.
    pub w2: Vec<f32>,
    /// b2: `[d]`.
    pub b2: Vec<f32>,
}

impl ConditionedMachine {
    /// t/T, the input beside z.
    pub fn time(t: Timestep, timesteps: usize) -> f32 {
        (t.get() as f64 / timesteps as f64) as f32
    }

    /// The machine with the weights of a net of d + 1 inputs and outputs; the last output answers for t/T and is left out.
    pub fn new(timesteps: usize, weights: &Weights) -> Self {
        let (hidden, dim) = (weights.b1.len(), weights.b2.len().saturating_sub(1));
        Self {
            dim,
            hidden,
            timesteps,
            w1: weights.w1.clone(),
            b1: weights.b1.clone(),
            w2: weights.w2.chunks_exact(dim + 1).flat_map(|row| &row[..dim]).copied().collect(),
            b2: weights.b2.iter().copied().take(dim).collect(),
        }
    }

    /// The machine at one t, an ordinary one: b1' = b1 + (t/T) `W1[d]`.
    pub fn at(&self, t: Timestep) -> Machine {
        let (matrix, of_time) = self.w1.split_at(self.dim * self.hidden);
        let time = Self::time(t, self.timesteps);
        Machine {
            dim: self.dim,
            inputs: self.dim,
            hidden: self.hidden,
            w1: matrix.to_vec(),
            b1: self.b1.iter().zip(of_time).map(|(bias, weight)| bias + time * weight).collect(),
            w2: self.w2.clone(),
            b2: self.b2.clone(),
            skip: Skip::None,
            local: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use schedule::{Law, Schedule};

    use super::*;
    use crate::Predictor;

    #[test]
    fn at_a_timestep_it_is_a_machine_by_hand() {
        let schedule = Schedule::new(Law::Cosine, 4).unwrap();
        // d = 2, H = 2; W1 [z, t/T] + b1 at z = (1, 2), t = 3: (1 + 1 + .75 2 + .25, -1 + 4 - .75 4 - 1) = (3.75, -1).
        let weights = Weights {
            w1: vec![1.0, -1.0, 0.5, 2.0, 2.0, -4.0],
            b1: vec![0.25, -1.0],
            w2: vec![1.0, 2.0, 9.0, -1.0, 0.5, 9.0],
            b2: vec![0.1, 0.2, 9.0],
            gains: Vec::new(),
            local: None,
        };
        let machine = ConditionedMachine::new(4, &weights);
        assert_eq!((machine.dim, machine.hidden), (2, 2));
        let answer = |t: usize| {
            let mut eps_hat = [f32::NAN; 2];
            machine.at(schedule.timestep(t).unwrap()).eps_hat(&[1.0, 2.0], &mut eps_hat);
            eps_hat
        };
        let near = |found: [f32; 2], by_hand: [f32; 2]| {
            assert!(found.iter().zip(by_hand).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} {by_hand:?}");
        };
        near(answer(3), [3.75 + 0.1, 7.5 + 0.2]);
        // At t = 1 both units are on: (2.75, 1).
        near(answer(1), [2.75 - 1.0 + 0.1, 5.5 + 0.5 + 0.2]);
    }
}
