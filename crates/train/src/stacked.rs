//! The burn engine: K machines stacked in batched tensors, gradients by autodiff, Adam from burn.

use burn::backend::Autodiff;
use burn::module::{AutodiffModule, Param};
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use burn_ndarray::{NdArray, NdArrayDevice};
use model::checkpoint::History;
use model::{Parametrisation, StackedAutoencoder, StackedConfig};
use schedule::Timestep;

use crate::adam::{BETA_1, BETA_2, EPSILON};
use crate::epoch::{Epoch, Split};
use crate::isa::Isa;
use crate::job::ErrorSums;
use crate::{Job, Losses, Observer, TrainError};

/// Machines stacked at once on the CPU, where a larger stack only leaves the cache.
const NDARRAY_STACK: usize = 8;
/// Machines stacked at once on a card.
#[cfg(feature = "cuda")]
const CUDA_STACK: usize = 64;
/// Samples of each machine evaluated at a time.
const EVALUATION_BLOCK: usize = 250;

/// Trains on the CPU through burn-ndarray.
pub(crate) fn train_ndarray(job: &Job<'_>, timesteps: &[Timestep], observer: &dyn Observer) -> Result<(), TrainError> {
    train::<Autodiff<NdArray<f32>>>(job, timesteps, NDARRAY_STACK, &NdArrayDevice::Cpu, observer)
}

/// Trains on the first NVIDIA card through burn-cuda.
#[cfg(feature = "cuda")]
pub(crate) fn train_cuda(job: &Job<'_>, timesteps: &[Timestep], observer: &dyn Observer) -> Result<(), TrainError> {
    let device = burn_cuda::CudaDevice::default();
    train::<Autodiff<burn_cuda::Cuda<f32>>>(job, timesteps, CUDA_STACK, &device, observer)
}

/// A build without CUDA has no such engine.
#[cfg(not(feature = "cuda"))]
pub(crate) fn train_cuda(_: &Job<'_>, _: &[Timestep], _: &dyn Observer) -> Result<(), TrainError> {
    Ok(model::Device::Cuda.check()?)
}

fn train<B: AutodiffBackend>(
    job: &Job<'_>,
    timesteps: &[Timestep],
    stack: usize,
    device: &B::Device,
    observer: &dyn Observer,
) -> Result<(), TrainError> {
    let mut failures = Vec::new();
    for block in timesteps.chunks(stack) {
        train_block::<B>(job, block, device, observer, &mut failures)?;
    }
    failures.into_iter().next().map_or(Ok(()), Err)
}

/// One machine of a stack: its wiring, its current epoch's draws, its learning curve.
struct Member {
    t: Timestep,
    wiring: Parametrisation,
    epoch: Epoch,
    history: History,
    failed: Option<usize>,
}

fn train_block<B: AutodiffBackend>(
    job: &Job<'_>,
    block: &[Timestep],
    device: &B::Device,
    observer: &dyn Observer,
    failures: &mut Vec<TrainError>,
) -> Result<(), TrainError> {
    block.iter().for_each(|&t| observer.started(t));
    let mut members: Vec<Member> = block
        .iter()
        .map(|&t| Member {
            t,
            wiring: job.parametrisation(t),
            epoch: Epoch::new(Isa::detect()),
            history: History::default(),
            failed: None,
        })
        .collect();
    let weights: Vec<_> = block.iter().map(|&t| job.initial_weights(t)).collect();
    let trained_gain = members.iter().any(|member| member.wiring.trained_gain);
    let config = StackedConfig { inputs: job.set.inputs, hidden: job.config.hidden, trained_gain };
    let mut net: StackedAutoencoder<B> = config.init(&weights, device);
    let adam = AdamConfig::new().with_beta_1(BETA_1 as f32).with_beta_2(BETA_2 as f32).with_epsilon(EPSILON as f32);
    let mut optimizer = adam.init::<B, StackedAutoencoder<B>>();
    let loss_factors = per_machine::<B>(block.iter().map(|&t| job.loss_factor(t)), device);
    let steps = job.steps_per_epoch();
    for epoch in 1..=job.settings.epochs {
        for member in &mut members {
            member.epoch.restart(job, member.t, epoch);
            member.epoch.draw_to(job.set, Split::Train, job.set.train_len());
            member.epoch.draw_to(job.set, Split::Test, job.set.test_len());
        }
        for step in 0..steps {
            let first = step * job.settings.batch;
            let (z, u) = batch::<B>(job, &members, Split::Train, first, job.settings.batch, device);
            let loss = ((net.forward(z) - u).powi_scalar(2) * loss_factors.clone()).sum();
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            let done = (epoch - 1) * steps + step;
            let rates = per_machine::<B>(block.iter().map(|&t| job.learning_rate(t, done)), device);
            // Every machine has a rate of its own: Adam's step at rate 1, times the rate of its machine.
            let stepped = optimizer.step(1.0, net.clone(), gradients);
            net = towards(net, &stepped, &rates);
        }
        let losses = evaluate(job, &members, &net.valid(), device)?;
        for (member, losses) in members.iter_mut().zip(losses) {
            if member.failed.is_none() && !(losses.train.is_finite() && losses.test.is_finite()) {
                member.failed = Some(epoch);
            }
            if member.failed.is_none() {
                job.record(&mut member.history, losses);
                observer.epoch(member.t, epoch, losses);
            }
        }
    }
    let weights = net.weights().map_err(|error| TrainError::Tensor(format!("{error:?}")))?;
    for (member, weights) in members.into_iter().zip(&weights) {
        match member.failed {
            Some(epoch) => failures.push(TrainError::NotFinite { t: member.t.get(), epoch }),
            None => observer
                .finished(member.t, member.wiring.machine(weights), member.history)
                .map_err(TrainError::Observer)?,
        }
    }
    Ok(())
}

/// One number a machine as a tensor `[K, 1, 1]`.
fn per_machine<B: Backend>(values: impl Iterator<Item = f64>, device: &B::Device) -> Tensor<B, 3> {
    let values: Vec<f32> = values.map(|value| value as f32).collect();
    let machines = values.len();
    Tensor::from_data(TensorData::new(values, [machines, 1, 1]), device)
}

/// The inputs and targets of the same positions of every machine: two tensors `[K, rows, r]`.
fn batch<B: Backend>(
    job: &Job<'_>,
    members: &[Member],
    split: Split,
    first: usize,
    rows: usize,
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

fn evaluate<B: Backend>(
    job: &Job<'_>,
    members: &[Member],
    net: &StackedAutoencoder<B>,
    device: &B::Device,
) -> Result<Vec<Losses>, TrainError> {
    let mut sums = vec![ErrorSums::default(); members.len()];
    for (split, samples) in [(Split::Train, job.set.train_len()), (Split::Test, job.set.test_len())] {
        for first in (0..samples).step_by(EVALUATION_BLOCK) {
            let rows = EVALUATION_BLOCK.min(samples - first);
            let (z, u) = batch::<B>(job, members, split, first, rows, device);
            let net_errors = squares(net.forward(z) - u.clone())?;
            let skip_errors = squares(u)?;
            for ((sums, net), skip) in sums.iter_mut().zip(net_errors).zip(skip_errors) {
                match split {
                    Split::Train => sums.train += f64::from(net),
                    Split::Test => {
                        sums.test += f64::from(net);
                        sums.skip_test += f64::from(skip);
                    }
                }
            }
        }
    }
    Ok(members.iter().zip(sums).map(|(member, sums)| job.losses(&member.wiring, sums)).collect())
}

/// The sum of squares of each machine's slice: `[K, n, r]` -> K numbers on the host.
fn squares<B: Backend>(values: Tensor<B, 3>) -> Result<Vec<f32>, TrainError> {
    let sums = values.powi_scalar(2).sum_dim(2).sum_dim(1);
    sums.into_data().into_vec().map_err(|error| TrainError::Tensor(format!("{error:?}")))
}
