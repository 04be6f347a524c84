//! The stacked engine on the first NVIDIA card.

mod kernel;
mod noise;

use burn_cuda::{Cuda, CudaDevice};
use model::Device;
use schedule::Timestep;

use super::Engine;
use super::guard::{card_error, guarded};
use super::noise::HostNoise;
use super::size::{Demand, Stacks};
use crate::{Job, Observer, TrainError};
use noise::CardNoise;

/// Set to anything, it has the noise drawn on the host, to the host engine's bits.
const HOST_NOISE: &str = "DIFFUSION_HOST_NOISE";

/// Trains through burn-cuda, with elementwise operations fused and products chosen by measurement.
pub(crate) fn train(job: &Job<'_>, timesteps: &[Timestep], observer: &dyn Observer) -> Result<(), TrainError> {
    let free = Device::free_card_memory()?;
    let demand = Demand::of(job);
    let stacks = Stacks::within(free, demand)?;
    let machines = stacks.machines(timesteps.len());
    let failed = |reason: String| card_error(&reason, (machines, demand.bytes(machines), free));
    guarded(failed, || {
        let device = CudaDevice::default();
        if std::env::var_os(HOST_NOISE).is_some() {
            let noise = HostNoise::new(job, &device);
            return Engine::<Cuda, _> { job, stacks, noise, device, observer }.train(timesteps);
        }
        let noise = CardNoise::new(job, &device);
        Engine { job, stacks, noise, device, observer }.train(timesteps)
    })
}
