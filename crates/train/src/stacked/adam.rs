//! Adam on stacked tensors, with a learning rate for each machine.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::local::LocalNets;
use super::nets::Nets;
use crate::adam::{BETA_1, BETA_2, EPSILON};

/// The nets and Adam's moments.
pub(super) struct Trained<B: Backend> {
    pub(super) nets: Nets<B>,
    pub(super) first: Nets<B>,
    pub(super) second: Nets<B>,
}

/// The scalars of one step.
pub(super) struct AdamStep<B: Backend> {
    /// lr_k / (1 - beta_1^n): `[K, 1, 1]`.
    sizes: Tensor<B, 3>,
    /// The same for local units and for a gain of each axis.
    sizes_of_few: Tensor<B, 3>,
    /// 1 / sqrt(1 - beta_2^n).
    root_factor: f32,
}

impl<B: Backend> AdamStep<B> {
    /// The step number `step` (0-based) at learning rates decay lr_k, lr: `[K, 1, 1]`.
    pub(super) fn new(step: usize, rates: &Tensor<B, 3>, decay: f64, local_rate: f64) -> Self {
        let exponent = (step + 1) as f64;
        let (correction_1, correction_2) = (1.0 - BETA_1.powf(exponent), 1.0 - BETA_2.powf(exponent));
        let sizes = rates.clone() * (decay / correction_1) as f32;
        let sizes_of_few = sizes.clone() * local_rate as f32;
        Self { sizes, sizes_of_few, root_factor: correction_2.sqrt().recip() as f32 }
    }

    /// The nets and moments after this step.
    pub(super) fn apply(&self, trained: Trained<B>, gradients: Nets<B>) -> Trained<B> {
        let Trained { nets, first, second } = trained;
        let all = &self.sizes;
        let (w1, m_w1, v_w1) = self.step(all, nets.w1, gradients.w1, first.w1, second.w1);
        let (b1, m_b1, v_b1) = self.step(all, nets.b1, gradients.b1, first.b1, second.b1);
        let (w2, m_w2, v_w2) = self.step(all, nets.w2, gradients.w2, first.w2, second.w2);
        let (b2, m_b2, v_b2) = self.step(all, nets.b2, gradients.b2, first.b2, second.b2);
        let gain = nets.gain.zip(gradients.gain).zip(first.gain.zip(second.gain));
        let (gain, m_gain, v_gain) = parted(gain.map(|((value, gradient), (first, second))| {
            let sizes = if value.dims()[2] == 1 { all } else { &self.sizes_of_few };
            self.step(sizes, value, gradient, first, second)
        }));
        let local = nets.local.zip(gradients.local).zip(first.local.zip(second.local));
        let (local, m_local, v_local) =
            parted(local.map(|((value, gradient), moments)| self.of_local(value, gradient, moments)));
        Trained {
            nets: Nets { w1, b1, w2, b2, gain, local },
            first: Nets { w1: m_w1, b1: m_b1, w2: m_w2, b2: m_b2, gain: m_gain, local: m_local },
            second: Nets { w1: v_w1, b1: v_b1, w2: v_w2, b2: v_b2, gain: v_gain, local: v_local },
        }
    }

    fn of_local(
        &self,
        nets: LocalNets<B>,
        gradients: LocalNets<B>,
        (first, second): (LocalNets<B>, LocalNets<B>),
    ) -> (LocalNets<B>, LocalNets<B>, LocalNets<B>) {
        let few = &self.sizes_of_few;
        let (w1, m_w1, v_w1) = self.step(few, nets.w1, gradients.w1, first.w1, second.w1);
        let (b1, m_b1, v_b1) = self.step(few, nets.b1, gradients.b1, first.b1, second.b1);
        let (w2, m_w2, v_w2) = self.step(few, nets.w2, gradients.w2, first.w2, second.w2);
        let first = LocalNets { w1: m_w1, b1: m_b1, w2: m_w2 };
        (LocalNets { w1, b1, w2 }, first, LocalNets { w1: v_w1, b1: v_b1, w2: v_w2 })
    }

    /// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, x -= lr m_hat / (sqrt(v_hat) + eps): (x, m, v), each read and
    /// written once where elementwise operations are fused.  Kingma and Ba 2015, algorithm 1.
    fn step(
        &self,
        sizes: &Tensor<B, 3>,
        x: Tensor<B, 3>,
        g: Tensor<B, 3>,
        m: Tensor<B, 3>,
        v: Tensor<B, 3>,
    ) -> (Tensor<B, 3>, Tensor<B, 3>, Tensor<B, 3>) {
        let m = m * BETA_1 as f32 + g.clone() * (1.0 - BETA_1 as f32);
        let v = v * BETA_2 as f32 + g.clone() * g * (1.0 - BETA_2 as f32);
        let root = v.clone().sqrt() * self.root_factor + EPSILON as f32;
        let x = x - m.clone() * sizes.clone() / root;
        (x, m, v)
    }
}

/// What is there three times or not at all.
fn parted<X>(parts: Option<(X, X, X)>) -> (Option<X>, Option<X>, Option<X>) {
    match parts {
        Some((one, two, three)) => (Some(one), Some(two), Some(three)),
        None => (None, None, None),
    }
}
