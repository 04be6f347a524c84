//! A trained machine on the host: one hidden layer, one timestep.

mod jacobian;
mod precise;

use std::sync::Arc;

use data::Frame;
use data::linalg::{View, multiply, multiply_into};

use crate::{Canvas, LocalUnits, Predictor};

pub use jacobian::{Jacobian, JacobianNorm, UnitSum};

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

/// The local units of a finished machine, and the image that they see of a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Local {
    /// Their weights.
    pub units: LocalUnits,
    /// How a state becomes an image.
    pub canvas: Arc<Canvas>,
    /// sqrt(alpha_bar_t), the share of the mean image in a state.
    pub signal: f64,
}

/// eps_hat = skip(z) + W2 relu(W1 z + b1) + b2 (+ U^T local(U z + signal mu)), the net acting on the first `inputs` of the
/// `dim` coordinates and its dense units on the first [`Self::seen`] of those.
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
    /// W1: `[a, H]`, a <= r.
    pub w1: Vec<f32>,
    /// b1: `[H]`.
    pub b1: Vec<f32>,
    /// W2: `[H, a]`.
    pub w2: Vec<f32>,
    /// b2: `[r]`.
    pub b2: Vec<f32>,
    /// The skip connection.
    pub skip: Skip,
    /// The local units of the hidden layer, where it has any.
    pub local: Option<Local>,
}

impl Machine {
    /// a, the leading coordinates that dense units see and correct.
    pub fn seen(&self) -> usize {
        self.w1.len() / self.hidden.max(1)
    }

    /// H and the local units: all units of the hidden layer, the local ones behind the dense ones, pixel by pixel.
    pub fn units(&self) -> usize {
        self.hidden + self.local.as_ref().map_or(0, |local| local.canvas.pixels() * local.units.b1.len())
    }

    /// The same machine, its local units looking at states through `canvas` at signal = sqrt(alpha_bar_t).
    pub fn on_canvas(mut self, canvas: &Arc<Canvas>, signal: f64) -> Self {
        if let Some(local) = &mut self.local {
            (local.canvas, local.signal) = (Arc::clone(canvas), signal);
        }
        self
    }

    /// The same machine for a state in the coordinates of `frame`: x_t = U z_t + signal mu; `canvas` is that of all
    /// coordinates of the frame, where there are local units.
    ///
    /// eps turns with U, so W1' = U^T W1, b1' = b1 + signal mu W1, W2' = W2 U, b2' = (b2 + c signal mu) U; exact up to
    /// rounding.  `None` for a machine that lives in principal coordinates already.
    pub fn turned(&self, frame: &Frame, canvas: Option<&Arc<Canvas>>, signal: f64) -> Option<Self> {
        let (d, h) = (self.dim, self.hidden);
        let gain = match self.skip {
            Skip::None => 0.0,
            Skip::Scalar(gain) => gain,
            Skip::Diagonal(_) => return None,
        };
        let origin = frame.lift(&vec![0.0; d], signal);
        let mut b1 = self.b1.clone();
        multiply(&mut b1, View::new(&origin, 1, d), View::new(&self.w1, d, h), 1.0);
        let b2: Vec<f32> = self.b2.iter().zip(&origin).map(|(bias, x)| bias + gain * x).collect();
        let columns = transposed(&self.w1, d, h);
        let turned = Self {
            w1: transposed(&frame.project(&columns, 0.0), h, d),
            b1,
            w2: frame.project(&self.w2, 0.0),
            b2: frame.project(&b2, 0.0),
            skip: self.skip.clone(),
            local: self.local.clone(),
            ..*self
        };
        Some(match canvas {
            Some(canvas) => turned.on_canvas(canvas, signal),
            None => turned,
        })
    }

    /// The inputs of all hidden units, as [`Self::units`] orders them.  zt: `[n, d]` -> `[n, units]`.
    pub fn preactivations(&self, zt: &[f32]) -> Vec<f32> {
        let dense = self.dense_preactivations(zt);
        let Some(Local { units, canvas, signal }) = &self.local else { return dense };
        let images = canvas.images(zt, self.dim, *signal);
        let mut all = Vec::with_capacity(zt.len() / self.dim * self.units());
        for (row, image) in images.chunks_exact(canvas.pixels()).enumerate() {
            all.extend_from_slice(&dense[row * self.hidden..(row + 1) * self.hidden]);
            all.extend(units.preactivations(image, canvas.side()));
        }
        all
    }

    /// W1 z + b1, the inputs of the dense units.  zt: `[n, d]` -> `[n, H]`.
    fn dense_preactivations(&self, zt: &[f32]) -> Vec<f32> {
        let (d, a, h) = (self.dim, self.seen(), self.hidden);
        let n = zt.len() / d;
        let mut sums: Vec<f32> = self.b1.iter().copied().cycle().take(n * h).collect();
        multiply(&mut sums, View::strided(zt, n, a, d), View::new(&self.w1, a, h), 1.0);
        sums
    }

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

/// The transpose of a row-major matrix `[rows, cols]`.
fn transposed<T: Copy>(matrix: &[T], rows: usize, cols: usize) -> Vec<T> {
    (0..cols).flat_map(|j| (0..rows).map(move |i| matrix[i * cols + j])).collect()
}

impl Predictor for Machine {
    fn eps_hat(&self, zt: &[f32], eps_hat: &mut [f32]) {
        let (d, a, h) = (self.dim, self.seen(), self.hidden);
        let n = zt.len() / d;
        let mut activation = self.dense_preactivations(zt);
        activation.iter_mut().for_each(|a| *a = a.max(0.0));
        self.apply_skip(zt, eps_hat);
        for row in eps_hat.chunks_exact_mut(d) {
            row.iter_mut().zip(&self.b2).for_each(|(out, bias)| *out += bias);
        }
        multiply_into(eps_hat, d, View::new(&activation, n, h), View::new(&self.w2, h, a), 1.0);
        if let Some(local) = &self.local {
            local.add_answer(zt, d, eps_hat);
        }
    }
}

impl Local {
    /// Adds what the local units answer to rows of z, `stride` apart, to rows of eps_hat.
    fn add_answer(&self, z: &[f32], stride: usize, eps_hat: &mut [f32]) {
        let (pixels, side) = (self.canvas.pixels(), self.canvas.side());
        let images = self.canvas.images(z, stride, self.signal);
        let mut answers = vec![0.0; images.len()];
        for (image, answer) in images.chunks_exact(pixels).zip(answers.chunks_exact_mut(pixels)) {
            self.units.add_answer(image, side, answer);
        }
        self.canvas.add_back(&answers, stride, eps_hat);
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
            local: None,
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
            machine(skip.clone()).eps_hat(&zt, &mut out);
            let exactly = |row: &[f32]| {
                let z: Vec<f64> = row.iter().map(|&z| f64::from(z)).collect();
                machine(skip.clone()).eps_hat_in_f64(&z)
            };
            let precise: Vec<f64> = zt.chunks(3).flat_map(exactly).collect();
            for (i, value) in out.iter().enumerate() {
                assert!((f64::from(*value) - precise[i]).abs() < 1e-6, "{i}: {value} {precise:?}");
                assert!((value - net[i] - factors[i % 3] * zt[i]).abs() < 1e-6, "{i}: {value}");
            }
        }
    }
    #[test]
    fn a_turned_machine_answers_for_the_turned_state() {
        let cloud = (0..60).map(|i| ((0.7 * f64::from(i)).sin() * f64::from(1 + i % 3) + f64::from(i % 3)) as f32);
        let samples = data::Samples { dim: 3, values: cloud.collect(), labels: Vec::new() };
        let frame = Frame::Principal(data::Pca::fit(&samples).unwrap());
        let whole = Machine {
            inputs: 3,
            w1: vec![1.0, -1.0, 0.5, 2.0, -0.3, 0.8],
            w2: vec![1.0, 2.0, -1.0, 0.5, 0.3, -0.7],
            b2: vec![0.1, 0.2, -0.3],
            ..machine(Skip::Scalar(0.4))
        };
        let xt = [1.0, 2.0, 7.0, -1.0, 0.0, 1.0];
        let mut eps_hat = [0.0; 6];
        whole.eps_hat(&xt, &mut eps_hat);
        let mut turned = [0.0; 6];
        whole.turned(&frame, None, 0.8).unwrap().eps_hat(&frame.project(&xt, 0.8), &mut turned);
        for (a, b) in turned.iter().zip(frame.project(&eps_hat, 0.0)) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
        assert_eq!(machine(Skip::Diagonal(vec![1.0; 3])).turned(&frame, None, 0.8), None);
    }
}
