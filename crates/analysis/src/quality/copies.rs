//! Whether samples are copies of training samples.

use crate::lab::Nearest;

/// d1 / d2 below which a sample counts as memorised.
const MEMORISED: f64 = 1.0 / 3.0;

/// A number of the two training samples nearest to a sample.
pub type Number = fn(&Nearest) -> f64;

/// What is averaged over samples whose two nearest training samples are at the distances d1 <= d2: `nearest_distance`, d1;
/// `nearest_ratio`, d1 / d2; `memorised`, 1[d1 / d2 < 1/3].
///
/// Samples never seen in training have d1 / d2 near 1 in many dimensions (0.94 for digits), copies 0.  Bonnaire, Urfin,
/// Biroli and Mezard 2025 for the fraction; Yoon, Choi, Kwon and Ryu 2023 for the ratio.
pub const COPIES: [(&str, Number); 3] = [
    ("nearest_distance", |nearest| nearest.distance),
    ("nearest_ratio", Nearest::ratio),
    ("memorised", |nearest| f64::from(u8::from(nearest.ratio() < MEMORISED))),
];

#[cfg(test)]
mod tests {
    use data::Samples;

    use super::super::oracle;
    use super::*;
    use crate::lab::nearest;

    #[test]
    fn the_numbers_of_the_oracle() {
        let train = Samples { dim: oracle::DIM, values: oracle::REAL.to_vec(), labels: Vec::new() };
        let found = nearest(&train, &oracle::OWN, false);
        for ((name, number), expected) in COPIES.iter().zip(oracle::COPIES) {
            let mean = found.iter().map(number).sum::<f64>() / found.len() as f64;
            assert!((mean - expected).abs() < 1e-14, "{name}: {mean} {expected}");
        }
    }
}
