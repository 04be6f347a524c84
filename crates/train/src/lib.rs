//! The engines that train the machines: host threads, and stacked burn tensors.
//!
//! Both take the same [`Job`], draw the same initial weights, order and noise on the host, and report through an
//! [`Observer`]; they agree up to the rounding of their sums.

mod adam;
#[doc(hidden)]
pub mod bench;
mod course;
mod epoch;
mod error;
mod gauge;
mod host;
mod isa;
mod job;
mod lineage;
mod observer;
mod pages;
mod regression;
mod sigmoid;
mod stacked;
mod stopping;

pub use error::{FailedMachines, MachineError, TrainError, ranges};
pub use isa::instruction_set;
pub use job::{Decay, Job, Settings, TrainingSet, WarmStart};
pub use lineage::Lineage;
pub use observer::{Losses, Observer, ObserverError, Wish};
pub use regression::train_regression;
pub use sigmoid::{Rule, train_layers};
pub use stopping::Stop;

use model::Device;
use schedule::Timestep;

/// Trains the machines of `timesteps` on `device` and hands each to the observer as it is done.
///
/// `threads` is the number of machines in work at once on the host; no result depends on it.  With a warm start the
/// machines are trained by generation, and the observer is asked for the parents that are not among `timesteps`.
///
/// A machine goes on from where the observer says that it was left, to the same bits as if it had never been.
///
/// # Errors
/// [`TrainError::Machines`] with every machine that failed, after the others were trained; [`TrainError::Interrupted`]
/// after a [`Wish::End`]; any other error ends the training.
pub fn train(
    job: &Job<'_>,
    timesteps: &[Timestep],
    device: Device,
    threads: usize,
    observer: &dyn Observer,
) -> Result<(), TrainError> {
    device.check()?;
    let timesteps = &job.lineage().ordered(timesteps);
    match device {
        Device::Host => host::train(job, timesteps, threads, observer),
        Device::Ndarray => stacked::train_ndarray(job, timesteps, observer),
        Device::Cuda => stacked::train_cuda(job, timesteps, observer),
    }
}
