//! The histogram of coordinate values: how real and generated images share out their grey levels.

use serde::{Deserialize, Serialize};

use super::{Columns, Table};

/// Number of bins of [`pixel_histogram`].
pub const HISTOGRAM_BINS: usize = 64;

/// Lower and upper end of [`pixel_histogram`]; data lie in [-1, 1], the margin shows what a chain overshoots.
pub const HISTOGRAM_RANGE: (f64, f64) = (-1.5, 1.5);

/// Where the values of a histogram come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The data set.
    Real,
    /// The reverse chain.
    Generated,
}

/// One bin of a histogram over coordinates: `low <= x < high`, the edge bins open to the outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistogramRow {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Whose values.
    pub split: Origin,
    /// Number of coordinates in the bin.
    pub count: u64,
}

impl Table for HistogramRow {
    const FILE: &'static str = "pixel_histogram.csv";
    const COLUMNS: Columns = &[
        ("low", "lower edge of the bin"),
        ("high", "upper edge; the bins at the ends hold what lies beyond"),
        ("split", "`real`: test samples; `generated`: samples"),
        ("count", "coordinates in the bin"),
    ];

    fn check(&self) -> Result<(), String> {
        if self.low < self.high {
            Ok(())
        } else {
            Err(format!("low: {} is not allowed, use a number below high = {}", self.low, self.high))
        }
    }
}

/// Counts of the coordinates of real and generated samples in [`HISTOGRAM_BINS`] equal bins over [`HISTOGRAM_RANGE`].
///
/// Values outside go to the edge bins, NaN to none. Rows: the bins of `real`, then those of `generated`.
pub fn pixel_histogram(real: &[f32], generated: &[f32]) -> Vec<HistogramRow> {
    let (start, end) = HISTOGRAM_RANGE;
    let width = (end - start) / HISTOGRAM_BINS as f64;
    let mut rows = Vec::with_capacity(2 * HISTOGRAM_BINS);
    for (split, values) in [(Origin::Real, real), (Origin::Generated, generated)] {
        let mut counts = [0_u64; HISTOGRAM_BINS];
        for value in values.iter().map(|&value| f64::from(value)).filter(|value| !value.is_nan()) {
            // A float to integer cast saturates, so values below the range land in bin 0.
            let bin = ((value - start) / width).floor() as usize;
            counts[bin.min(HISTOGRAM_BINS - 1)] += 1;
        }
        rows.extend(counts.iter().enumerate().map(|(bin, &count)| HistogramRow {
            low: start + bin as f64 * width,
            high: start + (bin + 1) as f64 * width,
            split,
            count,
        }));
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_land_in_their_bins_and_outliers_at_the_edges() {
        let rows = pixel_histogram(&[-1.5, -9.0, f32::NEG_INFINITY, 0.0, f32::NAN], &[1.5, 7.0]);
        assert_eq!(rows.len(), 2 * HISTOGRAM_BINS);
        assert_eq!((rows[0].count, rows[32].count, rows[32].low), (3, 1, 0.0));
        assert_eq!((rows[127].count, rows[127].split, rows[127].high), (2, Origin::Generated, 1.5));
    }

    proptest! {
        #[test]
        fn every_number_is_counted_once_in_a_bin_that_holds_it(values in prop::collection::vec(-1.49_f32..1.49, 1..200)) {
            let rows = pixel_histogram(&values, &[]);
            for row in &rows[..HISTOGRAM_BINS] {
                let inside = values.iter().filter(|&&v| row.low <= f64::from(v) && f64::from(v) < row.high).count();
                prop_assert_eq!(row.count, inside as u64);
            }
            prop_assert_eq!(rows[HISTOGRAM_BINS..].iter().map(|row| row.count).sum::<u64>(), 0);
        }
    }
}
