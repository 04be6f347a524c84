//! Progress of work that may have been done before.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what is reported of an announced amount, so that the rest can be reported when it turns out to be done already.
pub(crate) struct Tally<'a> {
    advance: &'a (dyn Fn(u64) + Sync),
    left: AtomicU64,
}

impl<'a> Tally<'a> {
    /// `units` are to be reported to `advance`.
    pub(crate) fn new(advance: &'a (dyn Fn(u64) + Sync), units: u64) -> Self {
        Self { advance, left: AtomicU64::new(units) }
    }

    /// `units` of them are done.
    pub(crate) fn advance(&self, units: u64) {
        self.left.fetch_sub(units, Ordering::Relaxed);
        (self.advance)(units);
    }

    /// All of them are done.
    pub(crate) fn complete(&self) {
        (self.advance)(self.left.swap(0, Ordering::Relaxed));
    }
}
