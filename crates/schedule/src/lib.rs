//! Noise schedules, the Gaussian diffusion process they define, and the keyed random streams.
//!
//! Everything here is `f64`, free of I/O and of tensor libraries.
//!
//! ```
//! use schedule::{Law, ReverseVariance, Schedule};
//!
//! let schedule = Schedule::new(Law::Linear { beta_start: 1e-4, beta_end: 0.02 }, 1000)?;
//! let t = schedule.timestep(500)?;
//! assert!((schedule.alpha_bar(t) - 0.0785872).abs() < 1e-6);
//! assert!(schedule.variance(t, ReverseVariance::Posterior) < schedule.beta(t));
//! # Ok::<(), schedule::ScheduleError>(())
//! ```

mod chacha;
mod coefficients;
mod error;
mod law;
mod loss_weight;
mod normal;
mod process;
mod stream;
mod timestep;

pub use coefficients::{Forward, Reverse, ReverseVariance};
pub use error::ScheduleError;
pub use law::Law;
pub use loss_weight::LossWeight;
pub use process::Schedule;
pub use stream::{Purpose, Stream};
pub use timestep::Timestep;
