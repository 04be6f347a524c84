//! The stacked engine on the first NVIDIA card.

mod kernel;
mod noise;
mod products;

use burn_cuda::{Cuda, CudaDevice};
use model::Device;
use schedule::Timestep;

use super::Engine;
use super::guard::{card_error, guarded};
use super::noise::HostNoise;
use super::size::{Demand, Stacks};
use crate::{Job, Observer, TrainError};
use noise::CardNoise;

/// Trains through burn-cuda, with elementwise operations fused and products chosen by measurement.
pub(crate) fn train(
    job: &Job<'_>,
    timesteps: &[Timestep],
    device: Device,
    observer: &dyn Observer,
) -> Result<(), TrainError> {
    let free = Device::free_card_memory()?;
    let demand = Demand::of(job);
    let stacks = Stacks::within(free, demand)?;
    let machines = stacks.machines(timesteps.len());
    let failed = |said: &[String]| card_error(said, (machines, demand.bytes(machines), free));
    guarded(failed, || {
        let card = CudaDevice::default();
        if device == Device::CudaHostNoise {
            let noise = HostNoise::new(job, &card);
            return Engine::<Cuda, _> { job, stacks, noise, device: card, observer }.train(timesteps);
        }
        let noise = CardNoise::new(job, &card);
        Engine { job, stacks, noise, device: card, observer }.train(timesteps)
    })
}
