//! Small helpers between tensors and the host.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use crate::TrainError;

/// The values of a tensor on the host.
///
/// # Errors
/// [`TrainError::Tensor`] when the device cannot give them, or they are not f32.
pub(super) fn read<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Result<Vec<f32>, TrainError> {
    let data = tensor.try_into_data().map_err(|error| TrainError::Tensor(format!("{error:?}")))?;
    data.into_vec().map_err(|error| TrainError::Tensor(format!("{error:?}")))
}

/// One number a machine as a tensor `[K, 1, 1]`.
pub(super) fn per_machine<B: Backend>(values: impl Iterator<Item = f64>, device: &B::Device) -> Tensor<B, 3> {
    let values: Vec<f32> = values.map(|value| value as f32).collect();
    let machines = values.len();
    Tensor::from_data(TensorData::new(values, [machines, 1, 1]), device)
}

/// One row a machine as a tensor `[K, 1, r]`.
pub(super) fn rows<'v, B: Backend>(
    values: impl Iterator<Item = &'v [f32]>,
    (machines, r): (usize, usize),
    device: &B::Device,
) -> Tensor<B, 3> {
    let values: Vec<f32> = values.flatten().copied().collect();
    Tensor::from_data(TensorData::new(values, [machines, 1, r]), device)
}

/// The parts of the machines of a stack, one after another.
pub(super) struct Parts {
    values: Vec<f32>,
    size: usize,
    taken: usize,
}

impl Parts {
    /// `size` values a machine.
    pub(super) fn of(values: Vec<f32>, size: usize) -> Self {
        Self { values, size, taken: 0 }
    }

    /// The part of the next machine.
    pub(super) fn next(&mut self) -> Vec<f32> {
        let from = self.taken;
        self.taken += self.size;
        self.values[from..self.taken].to_vec()
    }
}
