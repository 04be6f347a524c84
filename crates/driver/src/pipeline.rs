//! The stages of a run, in order.

pub(crate) mod bench;
pub(crate) mod dataset;
pub(crate) mod draw;
pub(crate) mod effort;
pub(crate) mod manifest;
pub(crate) mod observe;
pub(crate) mod record;
pub(crate) mod sampling;
pub(crate) mod shelf;
pub(crate) mod training;
