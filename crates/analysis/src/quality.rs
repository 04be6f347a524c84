//! How good generated samples are.

mod frechet;

pub use frechet::FrechetReference;
