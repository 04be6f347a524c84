//! The stacked nets in training.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use model::Weights;
use model::checkpoint::Midway;

use super::adam::{AdamStep, Trained};
use super::member::{Member, timesteps};
use super::nets::Nets;
use super::noise::{Noise, Walk};
use super::products::Products;
use super::tensors::per_machine;
use super::{Begun, Stack};
use crate::epoch::Split;
use crate::{Job, Observer, TrainError};

/// The stacked nets with their optimiser.
pub(super) struct Learner<B: Backend> {
    trained: Trained<B>,
    /// The learning rates before any decay: `[K, 1, 1]`.
    rates: Tensor<B, 3>,
    /// 2 w_t / (batch r), what turns net - u into the gradient of the loss: `[K, 1, 1]`.
    factors: Tensor<B, 3>,
}

impl<B: Backend> Learner<B> {
    /// The nets at their starting weights, or where their training was left, after as many epochs each.
    pub(super) fn begin(
        job: &Job<'_>,
        block: &[Begun],
        observer: &dyn Observer,
        device: &B::Device,
    ) -> Result<Self, TrainError> {
        let states: Option<Vec<&Midway>> = block.iter().map(|(_, left)| left.as_ref()).collect();
        let trained = match states {
            Some(states) => {
                let stack = |part: fn(&Midway) -> &Weights| Nets::upload(job, states.iter().map(|s| part(s)), device);
                Trained { nets: stack(|s| &s.weights), first: stack(|s| &s.first), second: stack(|s| &s.second) }
            }
            None => {
                let weights = block.iter().map(|(t, _)| job.starting_weights(*t, observer));
                let nets = Nets::upload(job, &weights.collect::<Result<Vec<_>, _>>()?, device);
                Trained { first: nets.zeros_like(), second: nets.zeros_like(), nets }
            }
        };
        let timesteps = || block.iter().map(|(t, _)| *t);
        Ok(Self {
            trained,
            rates: per_machine(timesteps().map(|t| job.settings.learning_rates[t.index()]), device),
            factors: per_machine(timesteps().map(|t| 2.0 * job.loss_factor(t)), device),
        })
    }

    /// The nets as trained so far.
    pub(super) fn nets(&self) -> &Nets<B> {
        &self.trained.nets
    }

    /// The weights and Adam's moments of every net, on the host.
    pub(super) fn states(&self) -> Result<Vec<[Weights; 3]>, TrainError> {
        let Trained { nets, first, second } = &self.trained;
        let moments = first.download()?.into_iter().zip(second.download()?);
        let weights = nets.download()?.into_iter();
        Ok(weights.zip(moments).map(|(weights, (first, second))| [weights, first, second]).collect())
    }
}

impl<B: Products> Learner<B> {
    /// The nets after one more epoch (1-based), in the members' present orders.
    pub(super) fn epoch<N: Noise<B>>(self, stack: &Stack<'_, B, N>, members: &[Member], epoch: usize) -> Self {
        let Self { mut trained, rates, factors } = self;
        let job = stack.job;
        let (rows, steps) = (job.settings.batch, job.steps_per_epoch());
        let walk = Walk { split: Split::Train, epoch, rows, samples: steps * rows };
        for ((first, _), eps) in walk.blocks().zip(stack.noise.walk(walk, &timesteps(members))) {
            let Some((z, u)) = stack.wirings.batch(stack.samples, members, (Split::Train, first), eps) else { break };
            let step = (epoch - 1) * steps + first / rows;
            let gradients = trained.nets.gradients(z, u, &factors, &stack.wirings.beside);
            // The machines of a stack have as many epochs each, so that their rates fall together.
            let adam = AdamStep::new(step, &rates, job.decay(members[0].t, step), job.settings.local_rate);
            trained = adam.apply(trained, gradients);
        }
        Self { trained, rates, factors }
    }

    /// Copies the present weights of some members to the host.
    pub(super) fn keep(&self, members: &mut [Member], which: &[usize]) -> Result<(), TrainError> {
        if which.is_empty() {
            return Ok(());
        }
        for (i, (member, weights)) in members.iter_mut().zip(self.nets().download()?).enumerate() {
            if which.contains(&i) {
                member.kept = Some(weights);
            }
        }
        Ok(())
    }
}
