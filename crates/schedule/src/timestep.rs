//! The index of a step of the chain.

use std::fmt;

/// A timestep of a schedule, 1-based as in the papers: `1..=T`.
///
/// Only a [`Schedule`](crate::Schedule) makes one, so its value always lies in that schedule's range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestep(usize);

impl Timestep {
    pub(crate) fn new(t: usize) -> Self {
        Self(t)
    }

    /// The 1-based timestep `t`.
    pub fn get(self) -> usize {
        self.0
    }

    /// The 0-based position `t - 1` in arrays over the chain.
    pub fn index(self) -> usize {
        self.0 - 1
    }
}

impl fmt::Display for Timestep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
