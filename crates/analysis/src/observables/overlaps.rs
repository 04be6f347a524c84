//! How alike two samples are, at several levels of detail.

use data::{Samples, Shape};
use rayon::prelude::*;

use crate::lab::{ClassRule, Classifier, LabData};

/// Bands of principal axes, counted from 1, from coarse to fine.
const BANDS: [(usize, usize, &str); 4] = [
    (1, 10, "overlap_axes_1_to_10"),
    (11, 50, "overlap_axes_11_to_50"),
    (51, 200, "overlap_axes_51_to_200"),
    (201, usize::MAX, "overlap_axes_from_201"),
];
/// Side of a patch in pixels.
const PATCH: usize = 4;

/// a_i . b_i of each row.  a, b: `[n, width]` -> `[n]`.
pub(super) fn products(a: &[f32], b: &[f32], width: usize) -> Vec<f64> {
    products_within(a, b, width, (0, width))
}

/// As [`products`], of the coordinates from the first up to before the second alone.
fn products_within(a: &[f32], b: &[f32], width: usize, (from, to): (usize, usize)) -> Vec<f64> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    let rows = a.chunks_exact(width).zip(b.chunks_exact(width));
    rows.map(|(a, b)| dot(&a[from..to], &b[from..to])).collect()
}

/// One level of detail: for each row z.z' and |z|^2 there.
pub(super) struct Level {
    /// The name of its overlap.
    pub(super) quantity: &'static str,
    /// z.z': `[n]`.
    pub(super) cross: Vec<f64>,
    /// |z|^2: `[n]`.
    pub(super) own: Vec<f64>,
}

/// What is needed to compare samples, prepared once.
pub(super) struct Levels<'a> {
    data: LabData<'a>,
    z0: &'a [f32],
    /// The picture of z0 without the mean, for images.
    picture: Option<Picture>,
    /// The features of z0 and their mean, where there is a trained classifier.
    features: Option<(&'a Classifier, Vec<f32>, Vec<f32>)>,
}

/// Images without the mean, whole and as the means over patches.
struct Picture {
    pixels: Vec<f32>,
    coarse: Vec<f32>,
    sides: (usize, usize),
}

impl Picture {
    fn of(data: &LabData<'_>, z: &[f32]) -> Option<Self> {
        let Shape::Image { height, width } = data.shape else { return None };
        let pixels = data.frame.lift(z, 0.0);
        let coarse = pixels.chunks_exact(height * width).flat_map(|image| patch_means(image, width)).collect();
        Some(Self { pixels, coarse, sides: (height, width) })
    }
}

/// Each pixel replaced by the mean over its patch of 4 x 4 (smaller at the right and lower edges).
fn patch_means(image: &[f32], width: usize) -> Vec<f32> {
    let height = image.len() / width;
    let across = width.div_ceil(PATCH);
    let mut sums = vec![(0.0_f32, 0.0_f32); across * height.div_ceil(PATCH)];
    let patch = |i: usize| i / width / PATCH * across + i % width / PATCH;
    for (i, value) in image.iter().enumerate() {
        let (sum, count) = &mut sums[patch(i)];
        *sum += value;
        *count += 1.0;
    }
    let mean = |i: usize| sums[patch(i)].0 / sums[patch(i)].1;
    (0..image.len()).map(mean).collect()
}

impl<'a> Levels<'a> {
    pub(super) fn new(data: LabData<'a>, rule: Option<&'a ClassRule<'_>>, z0: &'a [f32]) -> Self {
        let features = rule.and_then(|rule| {
            let ClassRule::Trained(classifier) = rule else { return None };
            let features = classifier.features(z0);
            let width = features.len() * data.train.dim / z0.len().max(1);
            let (mean, _) = Samples { dim: width, values: features.clone(), labels: Vec::new() }.mean_and_covariance();
            let mean: Vec<f32> = mean.into_iter().map(|mean| mean as f32).collect();
            Some((&**classifier, centred(features, &mean), mean))
        });
        Self { data, z0, picture: Picture::of(&data, z0), features }
    }

    /// Every level at which z0 and `ends` can be compared: all coordinates, bands of axes, patches, features.
    pub(super) fn of(&self, ends: &[f32]) -> Vec<Level> {
        let d = self.data.train.dim;
        let within = |quantity, range| Level {
            quantity,
            cross: products_within(self.z0, ends, d, range),
            own: products_within(self.z0, self.z0, d, range),
        };
        let mut levels = vec![within("overlap", (0, d))];
        let rank = self.data.eigenvalues.iter().take_while(|lambda| **lambda > 0.0).count();
        if rank > BANDS[0].1 {
            let bands = BANDS.iter().filter(|(first, ..)| *first <= rank);
            levels.extend(bands.map(|&(first, last, quantity)| within(quantity, (first - 1, last.min(rank)))));
        }
        if let (Some(ours), Some(theirs)) = (&self.picture, Picture::of(&self.data, ends)) {
            levels.extend(ours.compare(&theirs));
        }
        if let Some((classifier, ours, mean)) = &self.features {
            let theirs = centred(classifier.features(ends), mean);
            let cross = products(ours, &theirs, mean.len());
            levels.push(Level { quantity: "overlap_features", cross, own: products(ours, ours, mean.len()) });
        }
        levels
    }

    /// The cosine of the angle between x_0 and x_0' with the mean left in.
    pub(super) fn raw_cosine(&self, ends: &[f32]) -> Vec<f64> {
        let (frame, d) = (self.data.frame, self.data.train.dim);
        let (ours, theirs) = (frame.lift(self.z0, 1.0), frame.lift(ends, 1.0));
        let norms = [&ours, &theirs].map(|x| products(x, x, d));
        let pairs = products(&ours, &theirs, d).into_iter().zip(norms[0].iter().zip(&norms[1]));
        pairs.map(|(product, (a, b))| product / (a * b).sqrt()).collect()
    }
}

impl Picture {
    /// The means over patches, and what differs from them within the patches.
    fn compare(&self, other: &Self) -> [Level; 2] {
        let d = self.sides.0 * self.sides.1;
        let coarse = (products(&self.coarse, &other.coarse, d), products(&self.coarse, &self.coarse, d));
        let whole = (products(&self.pixels, &other.pixels, d), products(&self.pixels, &self.pixels, d));
        let minus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
        // The two parts are orthogonal, so products add up.
        let (cross, own) = (minus(&whole.0, &coarse.0), minus(&whole.1, &coarse.1));
        [
            Level { quantity: "overlap_patch_means", cross: coarse.0, own: coarse.1 },
            Level { quantity: "overlap_within_patches", cross, own },
        ]
    }
}

fn centred(mut rows: Vec<f32>, mean: &[f32]) -> Vec<f32> {
    rows.par_chunks_mut(mean.len()).for_each(|row| row.iter_mut().zip(mean).for_each(|(value, mean)| *value -= mean));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_keep_their_mean_and_what_is_left_is_orthogonal() {
        let image: Vec<f32> = (0..54).map(|i| (0.7 * i as f32).sin()).collect();
        let coarse = patch_means(&image, 9);
        assert_eq!(coarse.len(), 54);
        // The first patch, and the last, of 2 x 1 pixels.
        let first: f32 = (0..16).map(|i| image[i / 4 * 9 + i % 4]).sum::<f32>() / 16.0;
        assert!((coarse[0] - first).abs() < 1e-6 && coarse[0] == coarse[3 * 9 + 3]);
        assert!((coarse[53] - 0.5 * (image[44] + image[53])).abs() < 1e-6);
        let rest: Vec<f32> = image.iter().zip(&coarse).map(|(a, b)| a - b).collect();
        assert!(products(&rest, &coarse, 54)[0].abs() < 1e-5);
    }

    #[test]
    fn products_of_a_band_leave_the_others_out() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
        assert_eq!(products(&a, &b, 3), [6.0, 30.0]);
        assert_eq!(products_within(&a, &b, 3, (1, 3)), [5.0, 22.0]);
    }
}
