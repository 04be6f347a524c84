//! The engines that train the machines: host threads, and stacked burn tensors.
//!
//! Both take the same [`Job`], draw the same initial weights, order and noise on the host, and report through an
//! [`Observer`]; they agree up to the rounding of their sums.

mod adam;
#[doc(hidden)]
pub mod bench;
mod epoch;
mod error;
mod host;
mod isa;
mod job;
mod observer;
mod stacked;

pub use error::TrainError;
pub use job::{Decay, Job, Settings, TrainingSet};
pub use observer::{Losses, Observer};

use model::Device;
use schedule::Timestep;

/// Trains the machines of `timesteps` on `device` and hands each to the observer as it is done.
///
/// `threads` is the number of machines in work at once on the host; no result depends on it.
///
/// # Errors
/// The error of the lowest timestep that failed, after the others were trained.
pub fn train(
    job: &Job<'_>,
    timesteps: &[Timestep],
    device: Device,
    threads: usize,
    observer: &dyn Observer,
) -> Result<(), TrainError> {
    device.check()?;
    match device {
        Device::Host => host::train(job, timesteps, threads, observer),
        Device::Ndarray => stacked::train_ndarray(job, timesteps, observer),
        Device::Cuda => stacked::train_cuda(job, timesteps, observer),
    }
}
