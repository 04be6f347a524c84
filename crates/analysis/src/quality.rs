//! How good generated samples are.

mod frechet;
mod sliced;

pub use frechet::FrechetReference;
pub use sliced::SlicedReference;
