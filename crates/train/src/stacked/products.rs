//! Products of stacked matrices in single precision.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn_ndarray::NdArray;

/// A backend with products whose factors are not rounded below f32.
pub(super) trait Products: Backend {
    /// a b of every machine.  `[K, n, m]`, `[K, m, l]` -> `[K, n, l]`
    fn product(a: Tensor<Self, 3>, b: Tensor<Self, 3>) -> Tensor<Self, 3>;
}

impl Products for NdArray<f32> {
    fn product(a: Tensor<Self, 3>, b: Tensor<Self, 3>) -> Tensor<Self, 3> {
        a.matmul(b)
    }
}

#[cfg(test)]
impl Products for burn::backend::Autodiff<NdArray<f32>> {
    fn product(a: Tensor<Self, 3>, b: Tensor<Self, 3>) -> Tensor<Self, 3> {
        a.matmul(b)
    }
}
