//! The stacked nets in training: batches, gradients by autodiff, Adam from burn.

use burn::module::Param;
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::record::AdaptorRecord;
use burn::optim::{Adam, AdamConfig, AdamState, AdaptiveMomentumState, GradientsParams, Optimizer};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use model::checkpoint::Midway;
use model::{SkipKind, StackedAutoencoder, StackedConfig, Weights};
use schedule::Timestep;

use super::Begun;
use super::member::Member;
use crate::adam::{BETA_1, BETA_2, EPSILON};
use crate::epoch::Split;
use crate::{Job, Observer, TrainError};

/// The stacked nets with their optimiser.
pub(super) struct Learner<B: AutodiffBackend> {
    pub(super) net: StackedAutoencoder<B>,
    config: StackedConfig,
    optimizer: OptimizerAdaptor<Adam, StackedAutoencoder<B>, B>,
    block: Vec<Timestep>,
    loss_factors: Tensor<B, 3>,
    device: B::Device,
}

impl<B: AutodiffBackend> Learner<B> {
    /// The nets at their starting weights, or where their training was left, after as many epochs each.
    pub(super) fn begin(
        job: &Job<'_>,
        block: &[Begun],
        observer: &dyn Observer,
        device: &B::Device,
    ) -> Result<Self, TrainError> {
        let timesteps: Vec<Timestep> = block.iter().map(|(t, _)| *t).collect();
        let weights = |(t, left): &Begun| match left {
            Some(state) => Ok(state.weights.clone()),
            None => job.starting_weights(*t, observer),
        };
        let weights = block.iter().map(weights).collect::<Result<Vec<_>, _>>()?;
        let mut learner = Self::new(job, &timesteps, &weights, device);
        let states: Option<Vec<&Midway>> = block.iter().map(|(_, left)| left.as_ref()).collect();
        if let Some(states) = states {
            learner.set_moments(job.steps_per_epoch(), &states);
        }
        Ok(learner)
    }

    fn new(job: &Job<'_>, block: &[Timestep], weights: &[Weights], device: &B::Device) -> Self {
        let trained_gain = job.config.skip == SkipKind::Learned;
        let config = StackedConfig { inputs: job.set.inputs, hidden: job.config.hidden, trained_gain };
        let adam = AdamConfig::new().with_beta_1(BETA_1 as f32).with_beta_2(BETA_2 as f32).with_epsilon(EPSILON as f32);
        Self {
            net: config.init(weights, device),
            config,
            optimizer: adam.init::<B, StackedAutoencoder<B>>(),
            block: block.to_vec(),
            loss_factors: per_machine::<B>(block.iter().map(|&t| job.loss_factor(t)), device),
            device: device.clone(),
        }
    }

    fn set_moments(&mut self, steps_per_epoch: usize, states: &[&Midway]) {
        let stack = |part: fn(&Midway) -> &Weights| {
            let weights: Vec<Weights> = states.iter().map(|state| part(state).clone()).collect();
            self.config.init::<B::InnerBackend>(&weights, &self.device)
        };
        let (first, second) = (stack(|state| &state.first), stack(|state| &state.second));
        let steps = states.iter().map(|state| state.done).max().unwrap_or(0) * steps_per_epoch;
        let mut record = self.optimizer.to_record();
        for ((param, first), second) in params(&self.net).into_iter().zip(params(&first)).zip(params(&second)) {
            let momentum = AdaptiveMomentumState::new(steps, first.val(), second.val());
            record.insert(param.id, AdaptorRecord::from_state(AdamState::new(momentum)));
        }
        self.optimizer = self.optimizer.clone().load_record(record);
    }

    /// The weights and Adam's moments of every net, on the host.
    pub(super) fn states(&self) -> Result<Vec<[Weights; 3]>, TrainError> {
        let record = self.optimizer.to_record();
        let moments = |param: &Param<Tensor<B, 3>>| {
            let state = record.get(&param.id).cloned();
            let gone = || TrainError::Tensor("a tensor has no moments".to_owned());
            state.map(|state| state.into_state::<3>().momentum).ok_or_else(gone)
        };
        let moments = params(&self.net).into_iter().map(moments).collect::<Result<Vec<_>, _>>()?;
        let first = stacked(moments.iter().map(|state| state.moment_1.clone()))?;
        let second = stacked(moments.iter().map(|state| state.moment_2.clone()))?;
        let pairs = host(&first)?.into_iter().zip(host(&second)?);
        Ok(host(&self.net)?.into_iter().zip(pairs).map(|(weights, (first, second))| [weights, first, second]).collect())
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
        for (i, (member, weights)) in members.iter_mut().zip(host(&self.net)?).enumerate() {
            if which.contains(&i) {
                member.kept = Some(weights);
            }
        }
        Ok(())
    }
}

/// The tensors of a net, in a fixed order.
fn params<B: Backend>(net: &StackedAutoencoder<B>) -> Vec<&Param<Tensor<B, 3>>> {
    [&net.w1, &net.b1, &net.w2, &net.b2].into_iter().chain(&net.gain).collect()
}

/// A net of tensors in the order of [`params`].
fn stacked<B: Backend>(tensors: impl Iterator<Item = Tensor<B, 3>>) -> Result<StackedAutoencoder<B>, TrainError> {
    let mut params = tensors.map(Param::from_tensor);
    let mut next = || params.next().ok_or_else(|| TrainError::Tensor("a tensor is missing".to_owned()));
    Ok(StackedAutoencoder { w1: next()?, b1: next()?, w2: next()?, b2: next()?, gain: params.next() })
}

/// The numbers of every net of a stack.
fn host<B: Backend>(net: &StackedAutoencoder<B>) -> Result<Vec<Weights>, TrainError> {
    net.weights().map_err(|error| TrainError::Tensor(format!("{error:?}")))
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
