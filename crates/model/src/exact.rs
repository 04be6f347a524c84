//! Denoisers known in closed form: one file each.

mod wiener;

pub use wiener::Wiener;
