//! One layer of sigmoids, the simplest machine that is not linear.

use data::linalg::{View, multiply};

use crate::Predictor;

/// Half the width and the spacing of the quadrature over a standard normal.
const WIDTH: f64 = 12.0;
const SPACING: f64 = 0.05;
/// The largest g that is looked at for the floor.
const STEEPEST: f64 = 20.0;

/// eps_hat = 2 (sigmoid(W x + b) - 1/2) = tanh((W x + b) / 2), in the data's own coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct SigmoidLayer {
    /// W, row-major, stored `[in, out]`: `[d, d]`.
    pub w: Vec<f32>,
    /// b: `[d]`.
    pub b: Vec<f32>,
}

impl SigmoidLayer {
    /// The layer that answers 0: W = 0, b = 0.
    pub fn silent(dim: usize) -> Self {
        Self { w: vec![0.0; dim * dim], b: vec![0.0; dim] }
    }

    /// d.
    pub fn dim(&self) -> usize {
        self.b.len()
    }

    /// The loss per coordinate that is left where eps is known exactly: the minimum over g of E (eps - tanh(g eps / 2))^2,
    /// eps ~ N(0, 1), since answers lie in (-1, 1).  It bounds every layer whose W x is Gaussian, such as any on noise alone.
    pub fn floor() -> f64 {
        let (mut low, mut high) = (0.0, STEEPEST);
        // Golden sections: the loss has one minimum over g, and near it is flat to second order.
        let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
        for _ in 0..60 {
            let width = golden * (high - low);
            if noise_loss(high - width) < noise_loss(low + width) {
                high = low + width;
            } else {
                low = high - width;
            }
        }
        noise_loss(0.5 * (low + high))
    }
}

/// E (eps - tanh(g eps / 2))^2 by the trapezoidal rule, whose error falls exponentially with the spacing.
fn noise_loss(g: f64) -> f64 {
    let points = (2.0 * WIDTH / SPACING) as i32;
    let terms = (0..=points).map(|i| {
        let eps = f64::from(i) * SPACING - WIDTH;
        (eps - (0.5 * g * eps).tanh()).powi(2) * (-0.5 * eps * eps).exp()
    });
    terms.sum::<f64>() * SPACING / std::f64::consts::TAU.sqrt()
}

impl Predictor for SigmoidLayer {
    fn eps_hat(&self, zt: &[f32], eps_hat: &mut [f32]) {
        let d = self.dim();
        let n = zt.len() / d;
        eps_hat.chunks_exact_mut(d).for_each(|row| row.copy_from_slice(&self.b));
        multiply(eps_hat, View::new(zt, n, d), View::new(&self.w, d, d), 1.0);
        eps_hat.iter_mut().for_each(|value| *value = (0.5 * *value).tanh());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From scripts/make_reference/sigmoid_layer.py: adaptive quadrature, Brent's search.
    const FLOOR: f64 = 0.162_248_603_906_356_76;

    #[test]
    fn forward_by_hand() {
        let layer = SigmoidLayer { w: vec![1.0, -1.0, 0.5, 2.0], b: vec![0.25, -1.0] };
        // W x + b = (1 + 1 + .25, -1 + 4 - 1) = (2.25, 2) at x = (1, 2), and b itself at 0.
        let mut out = [f32::NAN; 4];
        layer.eps_hat(&[1.0, 2.0, 0.0, 0.0], &mut out);
        for (value, sum) in out.iter().zip([2.25, 2.0, 0.25, -1.0_f64]) {
            let expected = 2.0 * (1.0 / (1.0 + (-sum).exp()) - 0.5);
            assert!((f64::from(*value) - expected).abs() < 1e-6, "{value} {expected}");
        }
    }

    #[test]
    fn the_floor_is_that_of_another_quadrature_and_another_search() {
        assert!((SigmoidLayer::floor() - FLOOR).abs() < 1e-12, "{}", SigmoidLayer::floor());
        assert!((noise_loss(0.0) - 1.0).abs() < 1e-12);
        // Steep: E (eps - sign eps)^2 = 2 - 2 sqrt(2 / pi), and the point of the grid at the jump, where both are 0, is missed.
        let sign = 2.0 - 2.0 * (2.0 / std::f64::consts::PI).sqrt();
        let steep = noise_loss(1e9) + SPACING / std::f64::consts::TAU.sqrt();
        assert!((steep - sign).abs() < 1e-3, "{steep} {sign}");
    }

    #[test]
    fn the_floor_lies_above_that_of_a_clipped_answer() {
        // No function with values in [-1, 1] does better than eps clipped: E (|eps| - 1)_+^2 = 4 Q(1) - 2 phi(1).
        let clipped = 4.0 * 0.158_655_253_931_457_05 - 2.0 * 0.241_970_724_519_143_37;
        let floor = SigmoidLayer::floor();
        assert!(clipped < floor && floor < 1.1 * clipped, "{clipped} {floor}");
    }
}
