//! The samples on the device, and the batches that they make with the noise.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};

use super::local::Screen;
use super::member::Member;
use super::nets::Beside;
use super::tensors::rows;
use crate::Job;
use crate::epoch::Split;

/// All samples, on the device once.
pub(super) struct Samples<B: Backend> {
    /// `[n, r]`; absent where a split is empty.
    train: Option<Tensor<B, 2>>,
    validation: Option<Tensor<B, 2>>,
    test: Option<Tensor<B, 2>>,
}

impl<B: Backend> Samples<B> {
    pub(super) fn new(job: &Job<'_>, device: &B::Device) -> Self {
        let r = job.set.inputs;
        let upload = |values: &Vec<f32>| {
            let shape = [values.len() / r, r];
            (!values.is_empty()).then(|| Tensor::from_data(TensorData::new(values.clone(), shape), device))
        };
        Self { train: upload(&job.set.train), validation: upload(&job.set.validation), test: upload(&job.set.test) }
    }

    fn of(&self, split: Split) -> Option<&Tensor<B, 2>> {
        match split {
            Split::Train => self.train.as_ref(),
            Split::Validation => self.validation.as_ref(),
            Split::Test => self.test.as_ref(),
        }
    }
}

/// The wirings of a stack's machines, on the device: z = input_z0 z_0 + input_eps eps, u = target_eps eps -
/// target_z0 z_0, all `[K, 1, r]`.
pub(super) struct Wirings<B: Backend> {
    input_z0: Tensor<B, 3>,
    input_eps: Tensor<B, 3>,
    target_z0: Tensor<B, 3>,
    target_eps: Tensor<B, 3>,
    pub(super) beside: Beside<B>,
    device: B::Device,
}

impl<B: Backend> Wirings<B> {
    pub(super) fn new(job: &Job<'_>, members: &[Member], device: &B::Device) -> Self {
        let gains = job.config.gains(job.set.inputs);
        let canvas =
            job.set.canvas.as_ref().filter(|_| members.iter().any(|member| job.config.at(member.t).local.is_some()));
        let shape = (members.len(), members.first().map_or(0, |member| member.wiring.inputs()));
        let wirings = || members.iter().map(|member| &member.wiring);
        let units = || rows(wirings().map(|wiring| &wiring.gain_units[..]), (members.len(), gains), device);
        let gain_units = (gains > 0).then(units);
        let screen = canvas.map(|canvas| Screen::new(canvas, members, device));
        Self {
            input_z0: rows(wirings().map(|wiring| &wiring.input_z0[..]), shape, device),
            input_eps: rows(wirings().map(|wiring| &wiring.input_eps[..]), shape, device),
            target_z0: rows(wirings().map(|wiring| &wiring.target_z0[..]), shape, device),
            target_eps: rows(wirings().map(|wiring| &wiring.target_eps[..]), shape, device),
            beside: Beside { gain_units, screen },
            device: device.clone(),
        }
    }

    /// (z, u) of the positions from `first` on of every machine, in the order of its epoch (training) or that of the
    /// data (elsewhere).  eps: `[K, rows, r]` -> two tensors of its shape; `None` where the split is empty.
    pub(super) fn batch(
        &self,
        samples: &Samples<B>,
        members: &[Member],
        (split, first): (Split, usize),
        eps: Tensor<B, 3>,
    ) -> Option<(Tensor<B, 3>, Tensor<B, 3>)> {
        let [machines, rows, r] = eps.dims();
        let samples = samples.of(split)?.clone();
        let z0 = match split {
            Split::Train => {
                let chosen = members.iter().flat_map(|member| &member.order[first..first + rows]);
                let chosen: Vec<i32> = chosen.map(|&sample| sample.cast_signed()).collect();
                let chosen = TensorData::new(chosen, [machines * rows]);
                samples.select(0, Tensor::<B, 1, Int>::from_data(chosen, &self.device)).reshape([machines, rows, r])
            }
            Split::Validation | Split::Test => samples.slice([first..first + rows, 0..r]).reshape([1, rows, r]),
        };
        let z = z0.clone() * self.input_z0.clone() + eps.clone() * self.input_eps.clone();
        let u = eps * self.target_eps.clone() - z0 * self.target_z0.clone();
        Some((z, u))
    }
}
