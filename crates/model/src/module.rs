//! The autoencoder as a burn module: K machines of K timesteps stacked in batched tensors.

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use crate::Weights;

/// The shape of a stack of machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackedConfig {
    /// r, the inputs and outputs of each net.
    pub inputs: usize,
    /// a <= r, those that its hidden units see and correct.
    pub seen: usize,
    /// H, the hidden units of each net.
    pub hidden: usize,
    /// The trained gains of each net: 0, 1 for all coordinates, or r.
    pub gains: usize,
}

/// K nets relu(z W1 + b1) W2 + b2 (+ gain z) applied to K batches at once.
#[derive(Module, Debug)]
pub struct StackedAutoencoder<B: Backend> {
    /// W1: `[K, a, H]`.
    pub w1: Param<Tensor<B, 3>>,
    /// b1: `[K, 1, H]`.
    pub b1: Param<Tensor<B, 3>>,
    /// W2: `[K, H, a]`.
    pub w2: Param<Tensor<B, 3>>,
    /// b2: `[K, 1, r]`.
    pub b2: Param<Tensor<B, 3>>,
    /// The trained gains in scaled units, `[K, 1, 1]` or `[K, 1, r]`; absent without any.
    pub gain: Option<Param<Tensor<B, 3>>>,
}

impl StackedConfig {
    /// Stacks host weights, one entry a machine, on a device.
    pub fn init<B: Backend>(self, machines: &[Weights], device: &B::Device) -> StackedAutoencoder<B> {
        let (k, r, a, h) = (machines.len(), self.inputs, self.seen, self.hidden);
        let stack = |shape: [usize; 3], part: fn(&Weights) -> &[f32]| {
            let values: Vec<f32> = machines.iter().flat_map(|machine| part(machine).iter().copied()).collect();
            Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
        };
        StackedAutoencoder {
            w1: stack([k, a, h], |w| &w.w1),
            b1: stack([k, 1, h], |w| &w.b1),
            w2: stack([k, h, a], |w| &w.w2),
            b2: stack([k, 1, r], |w| &w.b2),
            gain: (self.gains > 0).then(|| stack([k, 1, self.gains], |w| &w.gains)),
        }
    }
}

impl<B: Backend> StackedAutoencoder<B> {
    /// The nets' outputs in scaled units.  z: `[K, n, r]` -> `[K, n, r]`.
    pub fn forward(&self, z: Tensor<B, 3>) -> Tensor<B, 3> {
        let [_, seen, _] = self.w1.val().dims();
        let hidden = relu(first(z.clone(), seen).matmul(self.w1.val()) + self.b1.val());
        let out = widened(hidden.matmul(self.w2.val()), z.dims()[2]) + self.b2.val();
        match &self.gain {
            Some(gain) => out + z * gain.val(),
            None => out,
        }
    }

    /// The weights back on the host, one entry a machine.
    ///
    /// # Errors
    /// burn's error when a tensor does not hold f32 values.
    pub fn weights(&self) -> Result<Vec<Weights>, burn::tensor::DataError> {
        let host = |param: &Param<Tensor<B, 3>>| param.val().into_data().into_vec::<f32>();
        let ([k, a, h], [_, _, r]) = (self.w1.val().dims(), self.b2.val().dims());
        let (w1, b1, w2, b2) = (host(&self.w1)?, host(&self.b1)?, host(&self.w2)?, host(&self.b2)?);
        let gains = self.gain.as_ref().map(host).transpose()?.unwrap_or_default();
        let each = gains.len() / k.max(1);
        let part = |values: &[f32], size: usize, i: usize| values[i * size..(i + 1) * size].to_vec();
        Ok((0..k)
            .map(|i| Weights {
                w1: part(&w1, a * h, i),
                b1: part(&b1, h, i),
                w2: part(&w2, h * a, i),
                b2: part(&b2, r, i),
                gains: part(&gains, each, i),
                local: None,
            })
            .collect())
    }
}

/// The first `len` of the last coordinates.  `[K, n, r]` -> `[K, n, len]`.
pub fn first<B: Backend>(z: Tensor<B, 3>, len: usize) -> Tensor<B, 3> {
    if z.dims()[2] == len { z } else { z.narrow(2, 0, len) }
}

/// The same followed by zeros.  `[K, n, len]` -> `[K, n, r]`.
pub fn widened<B: Backend>(z: Tensor<B, 3>, r: usize) -> Tensor<B, 3> {
    let [k, n, len] = z.dims();
    if len == r {
        return z;
    }
    let zeros = Tensor::zeros([k, n, r - len], &z.device());
    Tensor::cat(vec![z, zeros], 2)
}
