//! The image that a state is.

use data::Frame;
use data::linalg::{View, multiply, multiply_into};

use crate::ModelError;

/// A square image behind the first r coordinates of a state: x = U_r z_r + sqrt(alpha_bar_t) mu, row by row.
///
/// Directions without training variance are left out: along them a state is noise alone, and the image that local units
/// see has none of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Canvas {
    side: usize,
    inputs: usize,
    /// U_r: `[side^2, r]`; absent where z is x.
    axes: Option<Vec<f32>>,
    /// mu: `[side^2]`; empty where z is x.
    mean: Vec<f64>,
}

impl Canvas {
    /// The images of states in `frame`, of which nets see the first `inputs` coordinates.
    ///
    /// # Errors
    /// [`ModelError::Setting`] when the data are no square images.
    pub fn new(frame: &Frame, inputs: usize) -> Result<Self, ModelError> {
        let dim = frame.dim();
        let side = dim.isqrt();
        if side * side != dim {
            return Err(ModelError::setting("model.local", dim, "local units need square images".to_owned()));
        }
        let Frame::Principal(pca) = frame else {
            return Ok(Self { side, inputs, axes: None, mean: Vec::new() });
        };
        let axes = pca.axes.chunks_exact(dim).flat_map(|row| row[..inputs].iter().copied()).collect();
        Ok(Self { side, inputs, axes: Some(axes), mean: pca.mean.clone() })
    }

    /// The images that states of `dim` coordinates are themselves.
    pub(crate) fn bare(dim: usize, inputs: usize) -> Self {
        Self { side: dim.isqrt(), inputs, axes: None, mean: Vec::new() }
    }

    /// The width of the image.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The pixels of the image.
    pub fn pixels(&self) -> usize {
        self.side * self.side
    }

    /// r.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// U_r, row-major `[side^2, r]`, where z is not x itself.
    pub fn axes(&self) -> Option<&[f32]> {
        self.axes.as_deref()
    }

    /// signal mu, the image of z = 0: `[side^2]`.
    pub fn origin(&self, signal: f64) -> Vec<f32> {
        match self.axes {
            Some(_) => self.mean.iter().map(|mean| (signal * mean) as f32).collect(),
            None => vec![0.0; self.pixels()],
        }
    }

    /// The images of states, rows of z being `stride` apart.  z: `[n, r]` -> `[n, side^2]`.
    pub fn images(&self, z: &[f32], stride: usize, signal: f64) -> Vec<f32> {
        let n = z.len() / stride;
        let seen = View::strided(z, n, self.inputs, stride);
        let Some(axes) = &self.axes else {
            return z.chunks_exact(stride).flat_map(|row| &row[..self.inputs]).copied().collect();
        };
        let mut images: Vec<f32> = self.origin(signal).into_iter().cycle().take(n * self.pixels()).collect();
        multiply(&mut images, seen, View::new(axes, self.pixels(), self.inputs).transposed(), 1.0);
        images
    }

    /// Adds U_r^T of images to rows of z, `stride` apart.  `[n, side^2]` -> `[n, r]`.
    pub fn add_back(&self, images: &[f32], stride: usize, z: &mut [f32]) {
        let n = images.len() / self.pixels();
        match &self.axes {
            Some(axes) => {
                let axes = View::new(axes, self.pixels(), self.inputs);
                multiply_into(z, stride, View::new(images, n, self.pixels()), axes, 1.0);
            }
            None => {
                for (row, image) in z.chunks_exact_mut(stride).zip(images.chunks_exact(self.pixels())) {
                    row.iter_mut().zip(image).for_each(|(to, from)| *to += from);
                }
            }
        }
    }

    /// U_r v_r of one direction, in f64: `[d]` -> `[side^2]`.
    pub(crate) fn lift(&self, v: &[f64]) -> Vec<f64> {
        let Some(axes) = &self.axes else { return v[..self.inputs].to_vec() };
        let row = |axes: &[f32]| axes.iter().zip(v).map(|(&axis, v)| f64::from(axis) * v).sum();
        axes.chunks_exact(self.inputs).map(row).collect()
    }

    /// U_r^T of one image, in f64: `[side^2]` -> `[r]`.
    pub(crate) fn project(&self, image: &[f64]) -> Vec<f64> {
        let Some(axes) = &self.axes else { return image[..self.inputs].to_vec() };
        let mut z = vec![0.0; self.inputs];
        for (value, axes) in image.iter().zip(axes.chunks_exact(self.inputs)) {
            z.iter_mut().zip(axes).for_each(|(z, &axis)| *z += value * f64::from(axis));
        }
        z
    }

    /// U_r^T M U_r of a matrix between pixels, in f64: `[side^2, side^2]` -> `[r, r]`.
    pub(crate) fn turned(&self, map: &[f64]) -> Vec<f64> {
        let Some(axes) = &self.axes else { return map.to_vec() };
        let (pixels, r) = (self.pixels(), self.inputs);
        let axes: Vec<f64> = axes.iter().map(|&axis| f64::from(axis)).collect();
        let axes = View::new(&axes, pixels, r);
        let mut half = vec![0.0; pixels * r];
        multiply(&mut half, View::new(map, pixels, pixels), axes, 0.0);
        let mut turned = vec![0.0; r * r];
        multiply(&mut turned, axes.transposed(), View::new(&half, pixels, r), 0.0);
        turned
    }

    /// U_r diag(factors) U_r^T, in f64: `[r]` -> `[side^2, side^2]`.
    pub(crate) fn spread(&self, factors: &[f64]) -> Vec<f64> {
        let (pixels, r) = (self.pixels(), self.inputs);
        let Some(axes) = &self.axes else {
            let mut diagonal = vec![0.0; pixels * pixels];
            factors.iter().enumerate().for_each(|(k, factor)| diagonal[k * pixels + k] = *factor);
            return diagonal;
        };
        let scaled: Vec<f64> =
            axes.chunks_exact(r).flat_map(|row| row.iter().zip(factors)).map(|(&a, f)| f64::from(a) * f).collect();
        let axes: Vec<f64> = axes.iter().map(|&axis| f64::from(axis)).collect();
        let mut map = vec![0.0; pixels * pixels];
        multiply(&mut map, View::new(&scaled, pixels, r), View::new(&axes, pixels, r).transposed(), 0.0);
        map
    }
}
