//! Work that cannot be divided further, in parts of about equal weight.

/// Machines that start from one another, or a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unit {
    /// Timesteps, or the cell's number.
    pub(super) numbers: Vec<usize>,
    /// Seconds.
    pub(super) weight: f64,
}

/// The units in order in at most `count` parts, none empty: part i ends with the unit whose middle is the last before the
/// share (i + 1)/count of all weight.
pub(super) fn split(units: &[Unit], count: usize) -> Vec<&[Unit]> {
    let total: f64 = units.iter().map(|unit| unit.weight).sum();
    // Without weights all count the same.
    let weight = |unit: &Unit| if total > 0.0 { unit.weight / total } else { 1.0 / units.len() as f64 };
    let mut before = 0.0;
    let part = |unit: &Unit| {
        let middle = before + weight(unit) / 2.0;
        before += weight(unit);
        ((middle * count as f64) as usize).min(count.saturating_sub(1))
    };
    let parts: Vec<usize> = units.iter().map(part).collect();
    let mut rest = units;
    parts
        .chunk_by(|a, b| a == b)
        .map(|same| {
            let (head, tail) = rest.split_at(same.len());
            rest = tail;
            head
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn units(weights: &[f64]) -> Vec<Unit> {
        weights.iter().enumerate().map(|(i, &weight)| Unit { numbers: vec![i + 1], weight }).collect()
    }

    fn sizes(weights: &[f64], count: usize) -> Vec<usize> {
        split(&units(weights), count).iter().map(|part| part.len()).collect()
    }

    #[test]
    fn parts_by_hand() {
        assert_eq!(sizes(&[1.0; 6], 3), [2, 2, 2]);
        assert_eq!(sizes(&[1.0; 7], 3), [2, 3, 2]);
        assert_eq!(sizes(&[1.0; 3], 9), [1, 1, 1]);
        assert_eq!(sizes(&[6.0, 1.0, 1.0, 1.0, 1.0, 2.0], 2), [1, 5]);
        assert_eq!(sizes(&[0.0; 4], 2), [2, 2]);
        assert_eq!(sizes(&[], 2), [0_usize; 0]);
    }

    proptest! {
        #[test]
        fn every_unit_is_in_one_part_and_no_part_is_far_too_heavy(
            weights in proptest::collection::vec(0.1_f64..10.0, 1..60), count in 1_usize..20
        ) {
            let units = units(&weights);
            let parts = split(&units, count);
            prop_assert!(parts.len() <= count && parts.iter().all(|part| !part.is_empty()));
            prop_assert_eq!(parts.concat(), units.clone());
            let (total, greatest) = (weights.iter().sum::<f64>(), weights.iter().copied().fold(0.0, f64::max));
            for part in parts {
                let weight: f64 = part.iter().map(|unit| unit.weight).sum();
                prop_assert!(weight <= total / count as f64 + greatest + 1e-9);
            }
        }
    }
}
