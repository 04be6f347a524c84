//! How many reversals change class: `reconstructions.csv`.

use serde::{Deserialize, Serialize};

use super::{Columns, Split, Table};

/// The share of reversals x_0 -> x_u -> x_0' whose class is not that of x_0, over images of one split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReconstructionRow {
    /// The timestep u of the turn, 1..=T.
    pub u: usize,
    /// Where the images are from.
    pub split: Split,
    /// Number of images.
    pub images: usize,
    /// Independent reversals of each.
    pub reversals: usize,
    /// The share that changes class.
    pub changed: f64,
    /// The lower end of its 95% interval, images resampled.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Table for ReconstructionRow {
    const FILE: &'static str = "reconstructions.csv";
    const COLUMNS: Columns = &[
        ("u", "timestep of the turn, 1 to T"),
        ("split", "`train` or `test`: where the images are from"),
        ("images", "number of images"),
        ("reversals", "independent reversals of each"),
        ("changed", "share of reversals whose class is not that of the image"),
        ("low", "lower end of its 95% interval, images resampled"),
        ("high", "upper end"),
    ];

    fn check(&self) -> Result<(), String> {
        if self.u == 0 {
            return Err("u: 0 is not allowed, timesteps are counted from 1".to_owned());
        }
        Ok(())
    }
}
