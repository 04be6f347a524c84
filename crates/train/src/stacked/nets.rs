//! K nets as plain tensors, their forward pass and its gradients.

use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use model::{SkipKind, Weights};

use super::products::Products;
use super::tensors::{Parts, read};
use crate::{Job, TrainError};

/// K nets relu(z W1 + b1) W2 + b2 (+ gain z), or numbers that go with theirs: gradients, moments.
#[derive(Debug, Clone)]
pub(super) struct Nets<B: Backend> {
    /// `[K, r, H]`.
    pub(super) w1: Tensor<B, 3>,
    /// `[K, 1, H]`.
    pub(super) b1: Tensor<B, 3>,
    /// `[K, H, r]`.
    pub(super) w2: Tensor<B, 3>,
    /// `[K, 1, r]`.
    pub(super) b2: Tensor<B, 3>,
    /// `[K, 1, 1]`; absent unless it is trained.
    pub(super) gain: Option<Tensor<B, 3>>,
}

impl<B: Backend> Nets<B> {
    /// Stacks host weights, one entry a machine, on a device.
    pub(super) fn upload<'w>(
        job: &Job<'_>,
        machines: impl IntoIterator<Item = &'w Weights>,
        device: &B::Device,
    ) -> Self {
        let machines: Vec<&Weights> = machines.into_iter().collect();
        let (k, r, h) = (machines.len(), job.set.inputs, job.config.hidden);
        let stack = |shape: [usize; 3], part: fn(&Weights) -> &[f32]| {
            let values: Vec<f32> = machines.iter().flat_map(|machine| part(machine).iter().copied()).collect();
            Tensor::from_data(TensorData::new(values, shape), device)
        };
        let trained_gain = job.config.skip == SkipKind::Learned;
        Self {
            w1: stack([k, r, h], |w| &w.w1),
            b1: stack([k, 1, h], |w| &w.b1),
            w2: stack([k, h, r], |w| &w.w2),
            b2: stack([k, 1, r], |w| &w.b2),
            gain: trained_gain.then(|| stack([k, 1, 1], |w| std::slice::from_ref(&w.gain))),
        }
    }

    /// The numbers back on the host, one entry a machine.
    pub(super) fn download(&self) -> Result<Vec<Weights>, TrainError> {
        let [k, r, h] = self.w1.dims();
        let part = |tensor: &Tensor<B, 3>, size: usize| read(tensor.clone()).map(|values| Parts::of(values, size));
        let (mut w1, mut b1) = (part(&self.w1, r * h)?, part(&self.b1, h)?);
        let (mut w2, mut b2) = (part(&self.w2, h * r)?, part(&self.b2, r)?);
        let gains = self.gain.clone().map_or_else(|| Ok(vec![0.0; k]), read)?;
        Ok(gains
            .into_iter()
            .map(|gain| Weights { w1: w1.next(), b1: b1.next(), w2: w2.next(), b2: b2.next(), gain })
            .collect())
    }

    /// As many zeros, the moments before the first step.
    pub(super) fn zeros_like(&self) -> Self {
        Self {
            w1: self.w1.zeros_like(),
            b1: self.b1.zeros_like(),
            w2: self.w2.zeros_like(),
            b2: self.b2.zeros_like(),
            gain: self.gain.as_ref().map(Tensor::zeros_like),
        }
    }
}

impl<B: Products> Nets<B> {
    /// relu(z W1 + b1).  z: `[K, n, r]` -> `[K, n, H]`.
    fn hidden(&self, z: Tensor<B, 3>) -> Tensor<B, 3> {
        relu(B::product(z, self.w1.clone()) + self.b1.clone())
    }

    /// The answers to z from the hidden units.  `[K, n, r]`, `[K, n, H]` -> `[K, n, r]`.
    fn answers(&self, z: Tensor<B, 3>, hidden: Tensor<B, 3>) -> Tensor<B, 3> {
        let out = B::product(hidden, self.w2.clone()) + self.b2.clone();
        match &self.gain {
            Some(gain) => out + z * gain.clone(),
            None => out,
        }
    }

    /// The nets' outputs in scaled units.  z: `[K, n, r]` -> `[K, n, r]`.
    pub(super) fn forward(&self, z: Tensor<B, 3>) -> Tensor<B, 3> {
        let hidden = self.hidden(z.clone());
        self.answers(z, hidden)
    }

    /// The gradients of sum_k f_k |net_k(z_k) - u_k|^2 over the batch, factors 2 f: `[K, 1, 1]`.
    ///
    /// With e = 2 f (net - u): dW2 = hidden^T e, db2 = sum_n e, dgain = sum e z, and with
    /// h = (e W2^T) 1(hidden > 0): dW1 = z^T h, db1 = sum_n h.
    pub(super) fn gradients(&self, z: Tensor<B, 3>, u: Tensor<B, 3>, factors: &Tensor<B, 3>) -> Self {
        let hidden = self.hidden(z.clone());
        let errors = (self.answers(z.clone(), hidden.clone()) - u) * factors.clone();
        let off = hidden.clone().lower_equal_elem(0.0);
        let hidden_errors = B::product(errors.clone(), self.w2.clone().swap_dims(1, 2)).mask_fill(off, 0.0);
        let gain = self.gain.as_ref().map(|_| (errors.clone() * z.clone()).sum_dim(2).sum_dim(1));
        Self {
            w1: B::product(z.swap_dims(1, 2), hidden_errors.clone()),
            b1: hidden_errors.sum_dim(1),
            w2: B::product(hidden.swap_dims(1, 2), errors.clone()),
            b2: errors.sum_dim(1),
            gain,
        }
    }
}

#[cfg(test)]
mod tests;
