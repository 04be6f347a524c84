//! Memory that the next batch will need, fetched while the present one is in work.

use std::cell::Cell;

use super::panels::PAD;

/// Rows that are read from main memory next; every register tile asks for a few lines of them.
#[derive(Debug, Default)]
pub(super) struct Upcoming {
    rows: Vec<*const f32>,
    floats: usize,
    /// Cache lines asked for at a time.
    at_once: usize,
    row: Cell<usize>,
    float: Cell<usize>,
}

impl Upcoming {
    /// Forgets what is left and takes these rows instead, a number of cache lines at a time.
    pub(super) fn announce<'a>(&mut self, at_once: usize, rows: impl Iterator<Item = &'a [f32]>) {
        self.at_once = at_once;
        self.rows.clear();
        self.row.set(0);
        self.float.set(0);
        for row in rows {
            self.floats = row.len();
            self.rows.push(row.as_ptr());
        }
    }

    /// Asks for the next few lines.
    #[inline(always)]
    pub(super) fn fetch(&self) {
        let Some(row) = self.rows.get(self.row.get()) else {
            return;
        };
        let float = self.float.get();
        for line in 0..self.at_once {
            prefetch(row.wrapping_add(float + line * PAD));
        }
        let next = float + self.at_once * PAD;
        if next < self.floats {
            self.float.set(next);
        } else {
            self.float.set(0);
            self.row.set(self.row.get() + 1);
        }
    }
}

/// Asks for the cache line at this address, which need not be valid.
#[inline(always)]
pub(super) fn prefetch(line: *const f32) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: a prefetch of any address is allowed and reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}
