//! One single-hidden-layer autoencoder per timestep, its exact counterparts, and the reverse process.
//!
//! Everything works in the coordinates z of a [`data::Frame`], in which the diffusion is the same chain.
//!
//! ```
//! use model::{Chain, Denoiser, Moments, Wiener};
//! use schedule::{Law, ReverseVariance, Schedule};
//!
//! // The exact reverse process of a Gaussian with variances 4 and 1/4 gives both back.
//! let schedule = Schedule::new(Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 100)?;
//! let wiener = Wiener::new(&schedule, &[4.0, 0.25]);
//! let chain = Chain { denoiser: &wiener, schedule: &schedule, variance: ReverseVariance::Beta, stride: 1, noiseless_steps: 1, seed: 0 };
//! let mut z = chain.start(4000, 0);
//! chain.run(&mut z, schedule.last(), 0, &mut |_, _| {})?;
//! let variance = z.chunks(2).map(|row| f64::from(row[0]).powi(2)).sum::<f64>() / 4000.0;
//! assert!((variance - 3.90).abs() < 0.3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bank;
mod bank_file;
mod chain;
pub mod checkpoint;
mod conditioned;
mod denoiser;
mod device;
mod error;
mod exact;
mod family;
mod framed;
mod gauge;
mod init;
mod local;
mod machine;
mod module;
mod net;
mod parametrisation;
mod posterior;
mod sigmoid;
pub mod speciation;
mod surgery;

pub use bank::Bank;
pub use bank_file::{BankShape, BankWriter};
pub use chain::{Chain, Walk};
pub use conditioned::ConditionedMachine;
pub use denoiser::{Denoiser, Predictor};
pub use device::Device;
pub use error::ModelError;
pub use exact::{
    ClassGaussian, ClassSnr, CurieWeiss, Empirical, Gaussian, Mixture, Spiral, TwoGaussians, WeightSummary, Wiener,
};
pub use family::Family;
pub use framed::Framed;
pub use gauge::{ClassGauge, ClassReading};
pub use init::Weights;
pub use local::{Canvas, LocalConfig, LocalUnits, patches};
pub use machine::{Jacobian, JacobianNorm, Local, Machine, Skip, UnitSum};
pub use module::{StackedAutoencoder, StackedConfig, first, widened};
pub use net::Net;
pub use parametrisation::{MachineConfig, Moments, Parametrisation, SkipKind};
pub use posterior::{ClassPosterior, ExactLaw, LogDensity, PosteriorMoments};
pub use sigmoid::SigmoidLayer;
pub use surgery::Surgery;
