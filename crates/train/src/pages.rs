//! Large arrays in huge pages, so that walking through them does not wait for the translation of addresses.

/// `len` zeros; on Linux the kernel is asked to back them with huge pages, which changes nothing but speed.
pub(crate) fn zeros(len: usize) -> Vec<f32> {
    let values = vec![0.0; len];
    #[cfg(target_os = "linux")]
    advise(&values);
    values
}

#[cfg(target_os = "linux")]
fn advise(values: &[f32]) {
    use rustix::mm::{Advice, madvise};

    const HUGE_PAGE: usize = 2 << 20;
    let bytes = values.as_ptr_range();
    let (start, end) = (bytes.start.addr().next_multiple_of(HUGE_PAGE), bytes.end.addr() / HUGE_PAGE * HUGE_PAGE);
    if start < end {
        let first = values.as_ptr().wrapping_byte_add(start - bytes.start.addr());
        // SAFETY: the range lies within the array, and this advice leaves the contents of memory alone.  A kernel that
        // does not know it says so, and nothing is lost.
        let _ = unsafe { madvise(first.cast_mut().cast(), end - start, Advice::LinuxHugepage) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_all_sizes_are_zeros_and_can_be_written() {
        for len in [0, 1, 1000, 600_000, 3_000_000] {
            let mut values = zeros(len);
            assert!(values.len() == len && values.iter().all(|v| *v == 0.0));
            values.fill(1.0);
            assert!(values.iter().all(|v| *v == 1.0));
        }
    }
}
