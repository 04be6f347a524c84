//! Data sets as plain host arrays: MNIST, the Swiss roll, Gaussian mixtures, Curie-Weiss spins and
//! synthetic digits.
//!
//! Every source gives a [`Dataset`]: a training and a test split of `[n, d]` values, the shape of a sample, and a digest
//! that identifies the numbers themselves.
//!
//! ```
//! use data::SwissRoll;
//!
//! let roll = SwissRoll { train: 1000, test: 200, noise: 0.0, seed: 0 }.draw()?;
//! assert_eq!((roll.train.len(), roll.test.len(), roll.train.dim), (1000, 200, 2));
//! assert_eq!(roll.train.row(0), [5.0 / 12.0, 0.0]);
//! # Ok::<(), data::DataError>(())
//! ```

mod atomic;
mod cubic;
pub mod curie_weiss;
mod dataset;
mod digest;
mod draw;
mod error;
mod frame;
mod gaussian_mixture;
mod gzip;
pub mod linalg;
pub mod mnist;
mod preprocess;
mod samples;
mod swiss_roll;
mod synthetic_digits;

pub use atomic::{remove_unfinished, write_atomically, write_atomically_with, write_new};
pub use cubic::Cubic;
pub use curie_weiss::CurieWeiss;
pub use dataset::{Dataset, Shape};
pub use error::DataError;
pub use frame::{Frame, Pca};
pub use gaussian_mixture::{GaussianMixture, opposite_means};
pub use preprocess::Selection;
pub use samples::Samples;
pub use swiss_roll::{SwissRoll, curve};
pub use synthetic_digits::SyntheticDigits;
