//! Local hidden units: a second population of the same single layer, whose weights are shared over an image.
//!
//! At every pixel p of a square image stand C units. Unit (p, c) sees the k x k patch around p through the same weights
//! as all units c, and writes to the patch around p likewise:
//! a_pc = b1_c + sum_o w1_oc x_{p+o},   out_{p+o} = sum_c w2_co relu(a_pc),
//! o over the k^2 offsets of a patch, pixels beyond the edge being 0 when read and lost when written.

mod canvas;
pub mod patches;

pub use canvas::Canvas;

use data::linalg::{View, multiply};
use patches::{gather, scatter};

/// The shape of the local population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalConfig {
    /// k, the width of a patch: odd.
    pub kernel: usize,
    /// C, the units at each pixel.
    pub channels: usize,
}

impl LocalConfig {
    /// k^2, the pixels of a patch.
    pub fn patch(self) -> usize {
        self.kernel * self.kernel
    }

    /// The trainable numbers: 2 k^2 C + C.
    pub fn weights(self) -> usize {
        (2 * self.patch() + 1) * self.channels
    }
}

/// The weights of the local population, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalUnits {
    /// w1, what the units of each channel see: `[k^2, C]`.
    pub w1: Vec<f32>,
    /// b1: `[C]`.
    pub b1: Vec<f32>,
    /// w2, what they write: `[C, k^2]`.
    pub w2: Vec<f32>,
}

impl LocalUnits {
    /// k and C.
    pub fn config(&self) -> LocalConfig {
        let channels = self.b1.len();
        LocalConfig { kernel: (self.w1.len() / channels.max(1)).isqrt(), channels }
    }

    /// Whether the lengths of the arrays are those of this shape.
    pub fn fits(&self, config: LocalConfig) -> bool {
        let half = config.patch() * config.channels;
        [self.w1.len(), self.b1.len(), self.w2.len()] == [half, config.channels, half]
    }

    /// a, the inputs of the units at one image: `[side^2]` -> `[side^2, C]`.
    pub(crate) fn preactivations(&self, image: &[f32], side: usize) -> Vec<f32> {
        let LocalConfig { kernel, channels } = self.config();
        let (pixels, patch) = (side * side, kernel * kernel);
        let mut seen = vec![0.0; pixels * patch];
        gather(image, (side, kernel), patch, &mut seen);
        let mut sums: Vec<f32> = self.b1.iter().copied().cycle().take(pixels * channels).collect();
        multiply(&mut sums, View::new(&seen, pixels, patch), View::new(&self.w1, patch, channels), 1.0);
        sums
    }

    /// What the units write for one image: `[side^2]` -> added to `[side^2]`.
    pub(crate) fn add_answer(&self, image: &[f32], side: usize, out: &mut [f32]) {
        let LocalConfig { kernel, channels } = self.config();
        let (pixels, patch) = (side * side, kernel * kernel);
        let mut units = self.preactivations(image, side);
        units.iter_mut().for_each(|a| *a = a.max(0.0));
        let mut written = vec![0.0; pixels * patch];
        multiply(&mut written, View::new(&units, pixels, channels), View::new(&self.w2, channels, patch), 0.0);
        scatter(&written, (side, kernel), patch, out);
    }

    /// What each unit sees of a direction in the image, without its bias: `[side^2]` -> `[side^2, C]`, in f64.
    pub(crate) fn read(&self, image: &[f64], side: usize) -> Vec<f64> {
        let LocalConfig { kernel, channels } = self.config();
        self.through(image, View::new(&in_f64(&self.w1), kernel * kernel, channels), side)
    }

    /// What each unit writes along a direction of the image: `[side^2]` -> `[side^2, C]`, in f64.
    pub(crate) fn written(&self, image: &[f64], side: usize) -> Vec<f64> {
        let LocalConfig { kernel, channels } = self.config();
        self.through(image, View::new(&in_f64(&self.w2), channels, kernel * kernel).transposed(), side)
    }

    /// The patches of an image times weights `[k^2, C]`.
    fn through(&self, image: &[f64], weights: View<'_, f64>, side: usize) -> Vec<f64> {
        let LocalConfig { kernel, channels } = self.config();
        let (pixels, patch) = (side * side, kernel * kernel);
        let mut seen = vec![0.0; pixels * patch];
        gather(image, (side, kernel), patch, &mut seen);
        let mut found = vec![0.0; pixels * channels];
        multiply(&mut found, View::new(&seen, pixels, patch), weights, 0.0);
        found
    }

    /// What units of these outputs write: `[side^2, C]` -> `[side^2]`, in f64; the transpose of [`Self::written`].
    pub(crate) fn write(&self, units: &[f64], side: usize) -> Vec<f64> {
        let LocalConfig { kernel, channels } = self.config();
        self.overlaid(units, View::new(&in_f64(&self.w2), channels, kernel * kernel), side)
    }

    /// The transpose of [`Self::read`]: `[side^2, C]` -> `[side^2]`, in f64.
    pub(crate) fn read_back(&self, units: &[f64], side: usize) -> Vec<f64> {
        let LocalConfig { kernel, channels } = self.config();
        self.overlaid(units, View::new(&in_f64(&self.w1), kernel * kernel, channels).transposed(), side)
    }

    /// The image of patches that are units times weights `[C, k^2]`: the transpose of [`Self::through`].
    fn overlaid(&self, units: &[f64], weights: View<'_, f64>, side: usize) -> Vec<f64> {
        let LocalConfig { kernel, channels } = self.config();
        let (pixels, patch) = (side * side, kernel * kernel);
        let mut columns = vec![0.0; pixels * patch];
        multiply(&mut columns, View::new(units, pixels, channels), weights, 0.0);
        let mut out = vec![0.0; pixels];
        scatter(&columns, (side, kernel), patch, &mut out);
        out
    }

    /// For each unit the sum over pixels q', q of (what it writes)_q' M_q'q (what it sees)_q, M a matrix between pixels
    /// `[side^2, side^2]`: `[side^2, C]`.
    pub(crate) fn loops(&self, matrix: &[f64], side: usize) -> Vec<f64> {
        let LocalConfig { kernel, channels } = self.config();
        let (pixels, patch) = (side * side, kernel * kernel);
        let (w1, w2) = (in_f64(&self.w1), in_f64(&self.w2));
        let mut loops = Vec::with_capacity(pixels * channels);
        let (mut block, mut seen) = (vec![0.0; patch * patch], vec![0.0; patch * channels]);
        for p in 0..pixels {
            let places: Vec<Option<usize>> = patches::places(p, (side, kernel)).collect();
            for (row, to) in block.chunks_exact_mut(patch).zip(&places) {
                let at = |from: &Option<usize>| to.zip(*from).map_or(0.0, |(to, from)| matrix[to * pixels + from]);
                row.iter_mut().zip(&places).for_each(|(value, from)| *value = at(from));
            }
            multiply(&mut seen, View::new(&block, patch, patch), View::new(&w1, patch, channels), 0.0);
            let of_channel = |c: usize| (0..patch).map(|o| w2[c * patch + o] * seen[o * channels + c]).sum::<f64>();
            loops.extend((0..channels).map(of_channel));
        }
        loops
    }

    /// sum over the units of weight_pc (what it writes)(what it sees)^T, a matrix between pixels: `[side^2, side^2]`,
    /// row q' the derivatives of what is written to pixel q'.
    pub(crate) fn map(&self, weights: &[f64], side: usize) -> Vec<f64> {
        let LocalConfig { kernel, channels } = self.config();
        let (pixels, patch) = (side * side, kernel * kernel);
        let (w1, w2) = (in_f64(&self.w1), in_f64(&self.w2));
        let mut map = vec![0.0; pixels * pixels];
        let mut block = vec![0.0; patch * patch];
        let mut writes = vec![0.0; channels * patch];
        for (p, weights) in weights.chunks_exact(channels).enumerate() {
            for (row, (of, weight)) in writes.chunks_exact_mut(patch).zip(w2.chunks_exact(patch).zip(weights)) {
                row.iter_mut().zip(of).for_each(|(to, w)| *to = weight * w);
            }
            let writes = View::new(&writes, channels, patch).transposed();
            multiply(&mut block, writes, View::new(&w1, patch, channels).transposed(), 0.0);
            let places: Vec<Option<usize>> = patches::places(p, (side, kernel)).collect();
            for (to, row) in places.iter().zip(block.chunks_exact(patch)) {
                let Some(to) = to else { continue };
                let found = places.iter().zip(row).filter_map(|(from, value)| from.map(|from| (from, value)));
                found.for_each(|(from, value)| map[to * pixels + from] += value);
            }
        }
        map
    }
}

/// The same numbers in f64.
pub(crate) fn in_f64(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}
