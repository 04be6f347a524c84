//! The mean image along its rows and columns: `profiles.csv`.

use serde::{Deserialize, Serialize};

use super::{Columns, Origin, Table};

/// 97.5% quantile of the standard normal.
const Z: f64 = 1.959_963_984_540_054;

/// The axis of an image that a profile runs along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Along {
    /// One value a row: pixels are averaged over the columns.
    Rows,
    /// One value a column: pixels are averaged over the rows.
    Columns,
}

/// The mean grey level of a row or a column of pixels over all images of a set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileRow {
    /// What the profile runs along.
    pub along: Along,
    /// The row or the column, from 0 at the upper left.
    pub pixel: usize,
    /// Whose images.
    pub split: Origin,
    /// The mean over images and pixels, in `[-1, 1]` for images without overshoot.
    pub mean: f64,
    /// mean - 1.96 s/sqrt(n), s the standard deviation over images.
    pub low: f64,
    /// mean + 1.96 s/sqrt(n).
    pub high: f64,
}

impl Table for ProfileRow {
    const FILE: &'static str = "profiles.csv";
    const COLUMNS: Columns = &[
        ("along", "`rows` or `columns` of the image"),
        ("pixel", "the row or the column, from 0 at the upper left"),
        ("split", "`real`: the training set; `generated`: the samples"),
        ("mean", "mean over images and pixels, in [-1, 1] without overshoot"),
        ("low", "lower end of its 95% interval over images"),
        ("high", "upper end"),
    ];

    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// The profiles of real and generated images, each with the 95% interval of its mean.
///
/// p_j = (1/n) sum_k (1/h) sum_i x_k[i, j] along the columns, likewise along the rows.  Images of `[height, width]` pixels,
/// row-major: `[n, height width]`.
pub fn profiles([height, width]: [usize; 2], real: &[f32], generated: &[f32]) -> Vec<ProfileRow> {
    let mut rows = Vec::new();
    for along in [Along::Rows, Along::Columns] {
        for (split, values) in [(Origin::Real, real), (Origin::Generated, generated)] {
            let moments = moments([height, width], along, values);
            let n = (values.len() / (height * width).max(1)) as f64;
            rows.extend(moments.into_iter().enumerate().map(|(pixel, (mean, variance))| {
                let half = Z * (variance / n).sqrt();
                ProfileRow { along, pixel, split, mean, low: mean - half, high: mean + half }
            }));
        }
    }
    rows
}

/// Mean and variance (1/(n - 1)) over the images of each entry of their profiles.
fn moments([height, width]: [usize; 2], along: Along, values: &[f32]) -> Vec<(f64, f64)> {
    let (entries, averaged) = match along {
        Along::Rows => (height, width),
        Along::Columns => (width, height),
    };
    let mut sums = vec![(0.0, 0.0); entries];
    let mut profile = vec![0.0; entries];
    let images = values.chunks_exact((height * width).max(1));
    let n = images.len() as f64;
    for image in images {
        profile.fill(0.0);
        for (i, &value) in image.iter().enumerate() {
            let entry = if along == Along::Rows { i / width } else { i % width };
            profile[entry] += f64::from(value);
        }
        for ((sum, squares), value) in sums.iter_mut().zip(&profile) {
            let value = value / averaged as f64;
            *sum += value;
            *squares += value * value;
        }
    }
    let of = |(sum, squares): (f64, f64)| (sum / n, ((squares - sum * sum / n) / (n - 1.0).max(1.0)).max(0.0));
    sums.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_means_along_their_axis_with_the_standard_error_of_the_mean() {
        // Two images of 2 x 3 pixels.
        let real = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let rows = profiles([2, 3], &real, &[0.5; 6]);
        let of = |along, split| -> Vec<&ProfileRow> {
            rows.iter().filter(|row| row.along == along && row.split == split).collect()
        };
        let means = |rows: &[&ProfileRow]| rows.iter().map(|row| row.mean).collect::<Vec<_>>();
        assert_eq!(means(&of(Along::Rows, Origin::Real)), [3.0, 6.0]);
        assert_eq!(means(&of(Along::Columns, Origin::Real)), [3.5, 4.5, 5.5]);
        // Values of the images differ by 2: s = sqrt(2), s/sqrt(2) = 1.
        let column = of(Along::Columns, Origin::Real)[1];
        assert!((column.high - column.mean - Z).abs() < 1e-12 && (column.mean - column.low - Z).abs() < 1e-12);
        // One image alone has no spread to speak of.
        assert!(of(Along::Rows, Origin::Generated).iter().all(|row| row.low == 0.5 && row.high == 0.5));
    }
}
