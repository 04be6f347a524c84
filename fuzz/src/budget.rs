//! A limit on the memory that a piece of code may hold at once.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;

thread_local! {
    /// Bytes that this thread may still allocate; without limit where there is none.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The system's allocator, which ends the program when a thread goes over the limit that [`within`] set for it.
pub struct Allocator;

/// Runs `work`, which may never hold more than `limit` bytes of its own; the process is aborted where it asks for more,
/// so that the backtrace shows the allocation.
pub fn within<T>(limit: usize, work: impl FnOnce() -> T) -> T {
    LEFT.set(Some(limit));
    let result = work();
    LEFT.set(None);
    result
}

fn charge(bytes: usize) {
    // Fails only while a thread ends.
    let Some(left) = LEFT.try_with(Cell::get).ok().flatten() else { return };
    let rest = left.checked_sub(bytes);
    LEFT.set(rest);
    if rest.is_none() {
        // Past the test harness, which would keep it to itself.
        let _ = writeln!(std::io::stderr(), "over the memory limit: {bytes} bytes asked for, {left} left");
        std::process::abort();
    }
}

fn credit(bytes: usize) {
    if let Some(left) = LEFT.try_with(Cell::get).ok().flatten() {
        LEFT.set(Some(left.saturating_add(bytes)));
    }
}

// SAFETY: every request goes to the system's allocator as it came, and its answer back.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        charge(layout.size());
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        charge(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        credit(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both blocks are there while one is copied to the other.
        charge(size);
        // SAFETY: as above.
        let moved = unsafe { System.realloc(block, layout, size) };
        credit(layout.size());
        moved
    }
}
