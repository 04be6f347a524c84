//! Denoisers known in closed form: one file each.

mod class_snr;
mod curie_weiss;
mod empirical;
mod gaussian;
mod level;
mod mixture;
mod softmax;
mod spiral;
mod two_deltas;
mod two_gaussians;
mod wiener;

pub use class_snr::ClassSnr;
pub use curie_weiss::CurieWeiss;
pub use empirical::{Empirical, WeightSummary};
pub use gaussian::Gaussian;
pub use mixture::{ClassGaussian, Mixture};
pub use spiral::Spiral;
pub use two_gaussians::TwoGaussians;
pub use wiener::Wiener;
