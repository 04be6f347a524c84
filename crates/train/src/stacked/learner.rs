//! The stacked nets in training: batches, gradients by autodiff, Adam from burn.

use burn::module::Param;
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::{Adam, AdamConfig, GradientsParams, Optimizer};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use model::{SkipKind, StackedAutoencoder, StackedConfig, Weights};
use schedule::Timestep;

use super::member::Member;
use crate::adam::{BETA_1, BETA_2, EPSILON};
use crate::epoch::Split;
use crate::{Job, TrainError};

/// The stacked nets with their optimiser.
pub(super) struct Learner<B: AutodiffBackend> {
    pub(super) net: StackedAutoencoder<B>,
    optimizer: OptimizerAdaptor<Adam, StackedAutoencoder<B>, B>,
    block: Vec<Timestep>,
    loss_factors: Tensor<B, 3>,
    device: B::Device,
}

impl<B: AutodiffBackend> Learner<B> {
    pub(super) fn new(job: &Job<'_>, block: &[Timestep], weights: &[Weights], device: &B::Device) -> Self {
        let trained_gain = job.config.skip == SkipKind::Learned;
        let config = StackedConfig { inputs: job.set.inputs, hidden: job.config.hidden, trained_gain };
        let adam = AdamConfig::new().with_beta_1(BETA_1 as f32).with_beta_2(BETA_2 as f32).with_epsilon(EPSILON as f32);
        Self {
            net: config.init(weights, device),
            optimizer: adam.init::<B, StackedAutoencoder<B>>(),
            block: block.to_vec(),
            loss_factors: per_machine::<B>(block.iter().map(|&t| job.loss_factor(t)), device),
            device: device.clone(),
        }
    }

    /// Trains one epoch (1-based) on the members' present draws.
    pub(super) fn epoch(&mut self, job: &Job<'_>, members: &[Member], epoch: usize) {
        let steps = job.steps_per_epoch();
        for step in 0..steps {
            let rows = job.settings.batch;
            let (z, u) = batch::<B>(job, members, (Split::Train, step * rows, rows), &self.device);
            let loss = ((self.net.forward(z) - u).powi_scalar(2) * self.loss_factors.clone()).sum();
            let gradients = GradientsParams::from_grads(loss.backward(), &self.net);
            let done = (epoch - 1) * steps + step;
            let rates = per_machine::<B>(self.block.iter().map(|&t| job.learning_rate(t, done)), &self.device);
            // Every machine has a rate of its own: Adam's step at rate 1, times the rate of its machine.
            let stepped = self.optimizer.step(1.0, self.net.clone(), gradients);
            self.net = towards(self.net.clone(), &stepped, &rates);
        }
    }

    /// Copies the present weights of some members to the host.
    pub(super) fn keep(&self, members: &mut [Member], which: &[usize]) -> Result<(), TrainError> {
        if which.is_empty() {
            return Ok(());
        }
        let weights = self.net.weights().map_err(|error| TrainError::Tensor(format!("{error:?}")))?;
        for (i, (member, weights)) in members.iter_mut().zip(weights).enumerate() {
            if which.contains(&i) {
                member.kept = Some(weights);
            }
        }
        Ok(())
    }
}

/// One number a machine as a tensor `[K, 1, 1]`.
fn per_machine<B: Backend>(values: impl Iterator<Item = f64>, device: &B::Device) -> Tensor<B, 3> {
    let values: Vec<f32> = values.map(|value| value as f32).collect();
    let machines = values.len();
    Tensor::from_data(TensorData::new(values, [machines, 1, 1]), device)
}

/// The inputs and targets of the same positions, `rows` from `first` on, of every machine: two tensors `[K, rows, r]`.
pub(super) fn batch<B: Backend>(
    job: &Job<'_>,
    members: &[Member],
    (split, first, rows): (Split, usize, usize),
    device: &B::Device,
) -> (Tensor<B, 3>, Tensor<B, 3>) {
    let len = rows * job.set.inputs;
    let (mut z, mut u) = (vec![0.0; members.len() * len], vec![0.0; members.len() * len]);
    for ((member, z), u) in members.iter().zip(z.chunks_exact_mut(len)).zip(u.chunks_exact_mut(len)) {
        member.epoch.batch(job.set, &member.wiring, (split, first), z, u);
    }
    let shape = [members.len(), rows, job.set.inputs];
    (Tensor::from_data(TensorData::new(z, shape), device), Tensor::from_data(TensorData::new(u, shape), device))
}

/// net + rates (stepped - net), machine by machine.
fn towards<B: AutodiffBackend>(
    net: StackedAutoencoder<B>,
    stepped: &StackedAutoencoder<B>,
    rates: &Tensor<B, 3>,
) -> StackedAutoencoder<B> {
    let blend = |from: Param<Tensor<B, 3>>, to: &Param<Tensor<B, 3>>| {
        from.map(|value| {
            let value = value.detach();
            (value.clone() + (to.val().detach() - value) * rates.clone()).detach().require_grad()
        })
    };
    StackedAutoencoder {
        w1: blend(net.w1, &stepped.w1),
        b1: blend(net.b1, &stepped.b1),
        w2: blend(net.w2, &stepped.w2),
        b2: blend(net.b2, &stepped.b2),
        gain: net.gain.zip(stepped.gain.as_ref()).map(|(from, to)| blend(from, to)),
    }
}
