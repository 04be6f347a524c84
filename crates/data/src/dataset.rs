//! A data set: two splits and what they are.

use crate::Samples;
use crate::digest::digest;

/// What a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A grey image, rows from top to bottom: d = height * width.
    Image {
        /// Rows of pixels.
        height: usize,
        /// Columns of pixels.
        width: usize,
    },
    /// A point of R^d.
    Point,
}

/// A data set ready for training.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The samples the machines are trained on.
    pub train: Samples,
    /// The samples they are measured on.
    pub test: Samples,
    /// What a sample is.
    pub shape: Shape,
    /// The scalar subtracted from every coordinate (0 for points): add it back to show samples in [-1, 1].
    pub shift: f32,
    /// Sha256 over the number of coordinates, the counts, the values (f32, little-endian) and the labels of both splits.
    pub digest: String,
    /// True for drawn digits used instead of MNIST.
    pub synthetic: bool,
}

impl Dataset {
    /// A data set of two splits with its digest.
    pub fn new(train: Samples, test: Samples, shape: Shape, shift: f32, synthetic: bool) -> Self {
        let digest = digest([&train, &test]);
        Self { train, test, shape, shift, digest, synthetic }
    }
}
