//! How the nets of a stack tell two classes apart.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use model::ClassReading;

use super::member::Member;
use super::nets::{Beside, Nets};
use super::products::Products;
use super::tensors::read;
use crate::gauge::Gauge;
use crate::{Job, TrainError};

/// The probes of every machine of a stack.
pub(super) struct ClassProbes<'a, B: Backend> {
    machines: usize,
    /// One a machine; none where no classes are watched.
    gauges: Vec<Gauge<'a>>,
    /// The nets' inputs `[K, P, r]`, and the direction between the classes `[1, 1, r]`.
    tensors: Option<(Tensor<B, 3>, Tensor<B, 3>)>,
}

impl<'a, B: Backend> ClassProbes<'a, B> {
    pub(super) fn new(job: &Job<'a>, members: &[Member], device: &B::Device) -> Self {
        let machines = members.len();
        let gauges: Vec<Gauge<'a>> = members.iter().filter_map(|member| Gauge::new(job, &member.wiring)).collect();
        let tensors = gauges.first().map(|first| {
            let direction: Vec<f32> = first.direction().iter().map(|&u| u as f32).collect();
            let r = direction.len();
            let inputs: Vec<f32> = gauges.iter().flat_map(|gauge| gauge.inputs.iter().copied()).collect();
            let shape = [machines, first.inputs.len() / r, r];
            let inputs = Tensor::from_data(TensorData::new(inputs, shape), device);
            (inputs, Tensor::from_data(TensorData::new(direction, [1, 1, r]), device))
        });
        Self { machines, gauges, tensors }
    }
}

impl<B: Products> ClassProbes<'_, B> {
    /// The present reading of every machine, where classes are watched.
    pub(super) fn readings(&self, nets: &Nets<B>, beside: &Beside<B>) -> Result<Vec<Option<ClassReading>>, TrainError> {
        let Some((inputs, direction)) = &self.tensors else { return Ok(vec![None; self.machines]) };
        let answers = read((nets.forward(inputs.clone(), beside) * direction.clone()).sum_dim(2))?;
        let each = answers.chunks_exact(answers.len() / self.machines);
        let reading =
            |(gauge, answers): (&Gauge<'_>, &[f32])| Some(gauge.reading(answers.iter().copied().map(f64::from)));
        Ok(self.gauges.iter().zip(each).map(reading).collect())
    }
}
