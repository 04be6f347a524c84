//! Sha256 of files and of data sets.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::Samples;

/// Lower-case hexadecimal form of a finished sum.
pub(crate) fn hex(sum: Sha256) -> String {
    sum.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Sha256 over the splits; every count comes before what it counts, so that no two data sets spell the same bytes.
pub(crate) fn digest(splits: [&Samples; 2]) -> String {
    let mut sum = Sha256::new();
    for split in splits {
        for count in [split.dim, split.len(), split.labels.len()] {
            sum.update((count as u64).to_le_bytes());
        }
        for chunk in split.values.chunks(4096) {
            let bytes: Vec<u8> = chunk.iter().flat_map(|v| v.to_le_bytes()).collect();
            sum.update(&bytes);
        }
        sum.update(&split.labels);
    }
    hex(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(dim: usize, values: &[f32], labels: &[u8]) -> Samples {
        Samples { dim, values: values.into(), labels: labels.into() }
    }

    #[test]
    fn of_two_points_by_another_implementation() {
        // Python: hashlib.sha256(struct.pack("<3Q2fB", 2, 1, 1, 1.0, -0.5, 3) + struct.pack("<3Q2f", 2, 1, 0, 0.25, 4.0))
        let sum = digest([&samples(2, &[1.0, -0.5], &[3]), &samples(2, &[0.25, 4.0], &[])]);
        assert_eq!(sum, "e7faed623302fd3a6d2ba7400b6dff45b6cd365f7707d4047d4770a01eea5f66");
    }

    #[test]
    fn every_part_counts() {
        let (a, b) = (samples(2, &[1.0, 2.0], &[1]), samples(2, &[3.0, 4.0], &[2]));
        let reference = digest([&a, &b]);
        assert_ne!(digest([&b, &a]), reference);
        assert_ne!(digest([&samples(1, &[1.0, 2.0], &[1]), &b]), reference);
        assert_ne!(digest([&samples(2, &[1.0, 2.0], &[7]), &b]), reference);
        assert_ne!(digest([&a, &samples(2, &[3.0, 4.0], &[])]), reference);
        assert_ne!(digest([&a, &samples(2, &[3.0, -4.0], &[2])]), reference);
    }
}
