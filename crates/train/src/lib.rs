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
pub use observer::{ConditionedObserver, Losses, Observer, ObserverError, Wish};
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
        Device::Cuda | Device::CudaHostNoise => stacked::train_cuda(job, timesteps, device, observer),
    }
}

/// Trains one machine for all timesteps on the host: eps_hat(z, t) = W2 relu(W1 [z, t/T] + b1) + b2, the baseline beside the
/// bank that `job` describes, which has no skip, no warm start, no stopping rule, the loss weight 1 and one learning rate.
///
/// It takes exactly as many steps of Adam as the T machines of the bank together: epochs x T passes over the data, in each
/// of which every sample is seen at a timestep drawn uniformly from 1..=T.  One thread trains; the losses at the T
/// timesteps are measured on `threads` threads, of which no result depends.
///
/// # Errors
/// [`TrainError::Machines`] when a loss is not a number; [`TrainError::Interrupted`] after a [`Wish::End`]; any other as it
/// comes.
pub fn train_conditioned(job: &Job<'_>, threads: usize, observer: &dyn ConditionedObserver) -> Result<(), TrainError> {
    host::conditioned::train(job, threads, observer)
}
