//! The engines that train the machines: host threads, and stacked burn tensors.
//!
//! Both take the same [`Job`], draw the same initial weights, order and noise on the host, and report through an
//! [`Observer`]; they agree up to the rounding of their sums.
//!
//! ```
//! use std::sync::Mutex;
//!
//! use data::SwissRoll;
//! use model::checkpoint::History;
//! use model::{Device, Machine, MachineConfig, Moments, Net, SkipKind};
//! use schedule::{Law, LossWeight, Schedule, Timestep};
//! use train::{Decay, Job, Losses, MachineError, Observer, ObserverError, Settings, Stop, TrainingSet, train};
//!
//! /// Keeps the learning curves.
//! #[derive(Default)]
//! struct Curves(Mutex<Vec<History>>);
//!
//! impl Observer for Curves {
//!     fn started(&self, _: Timestep) {}
//!     fn epoch(&self, _: Timestep, _: usize, _: Option<Losses>) {}
//!     fn finished(&self, _: Timestep, _: Net, history: History) -> Result<(), ObserverError> {
//!         self.0.lock().unwrap().push(history);
//!         Ok(())
//!     }
//!     fn failed(&self, _: Timestep, _: &MachineError) {}
//!     fn trained(&self, _: Timestep) -> Result<Machine, ObserverError> {
//!         Err("without a warm start no machine is asked for".into())
//!     }
//! }
//!
//! // Two machines of a chain of ten steps on the Swiss roll, five epochs each.
//! let schedule = Schedule::new(Law::Linear { beta_start: 0.05, beta_end: 0.8 }, 10)?;
//! let roll = SwissRoll { train: 1000, test: 200, noise: 0.0, seed: 0 }.draw()?;
//! let settings = Settings {
//!     epochs: 5,
//!     warm_start: None,
//!     batch: 50,
//!     effort: Vec::new(),
//!     learning_rates: vec![1e-2; 10],
//!     local_rate: 1.0,
//!     decay: Decay::Cosine,
//!     stop: Stop::None,
//!     evaluate_every: 1,
//!     loss: LossWeight::Simple,
//!     seed: 0,
//! };
//! let job = Job {
//!     schedule: &schedule,
//!     config: MachineConfig::dense(32, SkipKind::None),
//!     moments: &Moments { eigenvalues: vec![0.37, 0.30], second_moment: 0.35 },
//!     set: &TrainingSet::new(&roll.train, &roll.test, 2),
//!     settings: &settings,
//!     classes: None,
//! };
//! let curves = Curves::default();
//! train(&job, &[schedule.timestep(5)?, schedule.last()], Device::Host, 2, &curves)?;
//! for history in curves.0.into_inner().unwrap() {
//!     assert_eq!(history.epoch, [1, 2, 3, 4, 5]);
//!     assert!(history.test[4] < history.test[0]);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
pub use job::{Decay, Job, Settings, TrainingSet, WarmStart, epochs_of};
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
