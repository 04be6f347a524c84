//! Data sets that are drawn: sample i of a split depends only on (seed, split, i), whatever the counts.

use schedule::{Purpose, Stream};

use crate::DataError;

/// Configuration key of the number of training samples.
pub(crate) const TRAIN_KEY: &str = "data.train_limit";
/// Configuration key of the number of test samples.
pub(crate) const TEST_KEY: &str = "data.test_limit";
/// The most numbers a split may hold (16 GiB of f32).
const MAX_VALUES: usize = 1 << 32;

/// A split of a drawn data set; its number is part of the key of its streams.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub(crate) enum Split {
    Train = 0,
    Test = 1,
}

impl Split {
    /// The stream of sample `i`.
    pub(crate) fn stream(self, seed: u64, i: usize) -> Stream {
        Stream::new(seed, Purpose::Data, self as u64, i as u64)
    }
}

/// Checks the number of samples of each split, of `dim` coordinates each.
pub(crate) fn check_counts(train: usize, test: usize, dim: usize) -> Result<(), DataError> {
    let most = MAX_VALUES / dim.max(1);
    for (key, count) in [(TRAIN_KEY, train), (TEST_KEY, test)] {
        if count == 0 {
            return Err(DataError::setting(key, count, "use 1 or more"));
        }
        if count > most {
            let allowed = format!("use {most} or less with {dim} coordinates a sample");
            return Err(DataError::setting(key, count, allowed));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_out_of_range_name_their_key() {
        let message = |train, test, dim| check_counts(train, test, dim).unwrap_err().to_string();
        assert_eq!(message(0, 1, 2), "data.train_limit: 0 is not allowed, use 1 or more");
        assert_eq!(message(1, 0, 2), "data.test_limit: 0 is not allowed, use 1 or more");
        assert!(message(usize::MAX, 1, 2).ends_with("use 2147483648 or less with 2 coordinates a sample"));
        assert!(check_counts(1, 1, 1).is_ok());
    }
}
