//! K nets as plain tensors, their forward pass and its gradients.

use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use model::{Weights, first, widened};

use super::local::{LocalNets, Screen};
use super::products::Products;
use super::tensors::{Parts, read};
use crate::{Job, TrainError};

/// K nets relu(z W1 + b1) W2 + b2 (+ gain z), W1 and W2 on the first a of the r coordinates, or numbers that go with theirs: gradients, moments.
#[derive(Debug, Clone)]
pub(super) struct Nets<B: Backend> {
    /// `[K, a, H]`.
    pub(super) w1: Tensor<B, 3>,
    /// `[K, 1, H]`.
    pub(super) b1: Tensor<B, 3>,
    /// `[K, H, a]`.
    pub(super) w2: Tensor<B, 3>,
    /// `[K, 1, r]`.
    pub(super) b2: Tensor<B, 3>,
    /// `[K, 1, 1]` or `[K, 1, r]`; absent unless they are trained.
    pub(super) gain: Option<Tensor<B, 3>>,
    /// The local units, where there are any.
    pub(super) local: Option<LocalNets<B>>,
}

/// What the answers of a stack's nets depend on beside their weights.
#[derive(Debug, Clone)]
pub(super) struct Beside<B: Backend> {
    /// What trained gains of 1 are: `[K, 1, 1]` or `[K, 1, r]`; absent where none are trained.
    pub(super) gain_units: Option<Tensor<B, 3>>,
    /// What local units see, where there are any.
    pub(super) screen: Option<Screen<B>>,
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
        let a = job.config.seen(r);
        let stack = |shape: [usize; 3], part: fn(&Weights) -> &[f32]| {
            let values: Vec<f32> = machines.iter().flat_map(|machine| part(machine).iter().copied()).collect();
            Tensor::from_data(TensorData::new(values, shape), device)
        };
        let gains = job.config.gains(r);
        Self {
            w1: stack([k, a, h], |w| &w.w1),
            b1: stack([k, 1, h], |w| &w.b1),
            w2: stack([k, h, a], |w| &w.w2),
            b2: stack([k, 1, r], |w| &w.b2),
            gain: (gains > 0).then(|| stack([k, 1, gains], |w| &w.gains)),
            local: LocalNets::upload(&machines, device),
        }
    }

    /// The numbers back on the host, one entry a machine.
    pub(super) fn download(&self) -> Result<Vec<Weights>, TrainError> {
        let ([k, a, h], [_, _, r]) = (self.w1.dims(), self.b2.dims());
        let part = |tensor: &Tensor<B, 3>, size: usize| read(tensor.clone()).map(|values| Parts::of(values, size));
        let (mut w1, mut b1) = (part(&self.w1, a * h)?, part(&self.b1, h)?);
        let (mut w2, mut b2) = (part(&self.w2, h * a)?, part(&self.b2, r)?);
        let each = self.gain.as_ref().map_or(0, |gain| gain.dims()[2]);
        let mut gains = Parts::of(self.gain.clone().map_or_else(|| Ok(Vec::new()), read)?, each);
        let mut local = self.local.as_ref().map(LocalNets::download).transpose()?.unwrap_or_default().into_iter();
        let (mut w1, mut b1, mut w2, mut b2, mut gains) =
            (|| w1.next(), || b1.next(), || w2.next(), || b2.next(), || gains.next());
        Ok((0..k)
            .map(|_| Weights { w1: w1(), b1: b1(), w2: w2(), b2: b2(), gains: gains(), local: local.next() })
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
            local: self.local.as_ref().map(LocalNets::zeros_like),
        }
    }
}

impl<B: Products> Nets<B> {
    /// a, the leading coordinates that dense units see and correct.
    fn seen(&self) -> usize {
        self.w1.dims()[1]
    }

    /// relu(z W1 + b1).  z: `[K, n, r]` -> `[K, n, H]`.
    fn hidden(&self, z: Tensor<B, 3>) -> Tensor<B, 3> {
        relu(B::product(first(z, self.seen()), self.w1.clone()) + self.b1.clone())
    }

    /// The answers to z from the dense units and the gains.  `[K, n, r]`, `[K, n, H]` -> `[K, n, r]`.
    fn answers(&self, z: Tensor<B, 3>, hidden: Tensor<B, 3>, beside: &Beside<B>) -> Tensor<B, 3> {
        let out = widened(B::product(hidden, self.w2.clone()), z.dims()[2]) + self.b2.clone();
        match self.gain.as_ref().zip(beside.gain_units.as_ref()) {
            Some((gain, units)) => out + z * (gain.clone() * units.clone()),
            None => out,
        }
    }

    /// The nets' outputs in scaled units.  z: `[K, n, r]` -> `[K, n, r]`.
    pub(super) fn forward(&self, z: Tensor<B, 3>, beside: &Beside<B>) -> Tensor<B, 3> {
        let hidden = self.hidden(z.clone());
        let out = self.answers(z.clone(), hidden, beside);
        match (&self.local, &beside.screen) {
            (Some(local), Some(screen)) => out + local.forward(z, screen).answer,
            _ => out,
        }
    }

    /// The gradients of sum_k f_k |net_k(z_k) - u_k|^2 over the batch, factors 2 f: `[K, 1, 1]`.
    ///
    /// With e = 2 f (net - u): dW2 = hidden^T e, db2 = sum_n e, dgain = sum e z (over the coordinates too, if they share
    /// it), and with h = (e W2^T) 1(hidden > 0): dW1 = z^T h, db1 = sum_n h.
    pub(super) fn gradients(
        &self,
        z: Tensor<B, 3>,
        u: Tensor<B, 3>,
        factors: &Tensor<B, 3>,
        beside: &Beside<B>,
    ) -> Self {
        let screen = beside.screen.as_ref();
        let hidden = self.hidden(z.clone());
        let seen = self.local.as_ref().zip(screen).map(|(local, screen)| local.forward(z.clone(), screen));
        let mut answers = self.answers(z.clone(), hidden.clone(), beside);
        if let Some(seen) = &seen {
            answers = answers + seen.answer.clone();
        }
        let errors = (answers - u) * factors.clone();
        let off = hidden.clone().lower_equal_elem(0.0);
        let dense_errors = first(errors.clone(), self.seen());
        let hidden_errors = B::product(dense_errors.clone(), self.w2.clone().swap_dims(1, 2)).mask_fill(off, 0.0);
        let gain = self.gain.as_ref().map(|gain| {
            let products = (errors.clone() * z.clone()).sum_dim(1);
            let sums = if gain.dims()[2] == 1 { products.sum_dim(2) } else { products };
            match &beside.gain_units {
                Some(units) => sums * units.clone(),
                None => sums,
            }
        });
        let local = self.local.as_ref().zip(screen).zip(seen);
        let local = local.map(|((local, screen), seen)| local.gradients(seen, errors.clone(), screen));
        Self {
            w1: B::product(first(z, self.seen()).swap_dims(1, 2), hidden_errors.clone()),
            b1: hidden_errors.sum_dim(1),
            w2: B::product(hidden.swap_dims(1, 2), dense_errors),
            b2: errors.sum_dim(1),
            gain,
            local,
        }
    }
}

#[cfg(test)]
mod tests;
