//! How good generated samples are, one file a metric.
//!
//! A reference holds real samples and what of them does not change with the samples that are compared; its values are those of
//! the reference's formula, its intervals by the bootstrap over whole samples.  Of two sets of real samples no metric has its
//! ideal value, and all depend on the numbers of samples: compare with as many real ones.

mod copies;
mod curve;
mod distances;
mod frechet;
mod kernel;
mod neighbourhoods;
#[cfg(test)]
mod oracle;
mod sliced;

pub use copies::{COPIES, Number};
pub use curve::curve_distances;
pub use frechet::FrechetReference;
pub use kernel::KernelReference;
pub use neighbourhoods::{NeighbourReference, Neighbourhoods};
pub use sliced::SlicedReference;
