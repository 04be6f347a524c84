//! Sets of points in memory and in safetensors files (f32, row-major).

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::AnalysisError;

/// n points of d coordinates, row-major: [n, d].
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    values: Vec<f32>,
    dim: usize,
}

impl Points {
    /// Points from the rows of a [n, d] buffer.
    ///
    /// # Errors
    /// [`AnalysisError::Shape`] when `dim` is 0 or does not divide the number of values.
    pub fn new(values: Vec<f32>, dim: usize) -> Result<Self, AnalysisError> {
        if dim == 0 || !values.len().is_multiple_of(dim) {
            let reason = format!("{} values do not make rows of {dim}, use a multiple of 1 or more", values.len());
            return Err(AnalysisError::Shape { what: "points", reason });
        }
        Ok(Self { values, dim })
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Number of coordinates of a point.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// All coordinates, row-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The points in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.dim)
    }

    /// Point `i`, counted from 0.
    pub fn row(&self, i: usize) -> Option<&[f32]> {
        self.values.get(i * self.dim..(i + 1) * self.dim)
    }
}

/// A named f32 tensor on its way to a file.
pub(crate) struct NamedTensor {
    pub(crate) name: &'static str,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

/// The bytes of a safetensors file holding `tensors`.
pub(crate) fn to_safetensors(tensors: &[NamedTensor]) -> Result<Vec<u8>, AnalysisError> {
    let encode = |reason: String| AnalysisError::Encode { what: "tensors", reason };
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|tensor| tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect()).collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|(tensor, bytes)| Ok((tensor.name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(|error| encode(error.to_string()))?;
    safetensors::serialize(views, None).map_err(|error| encode(error.to_string()))
}

type ShapeAndValues = (Vec<usize>, Vec<f32>);

/// A safetensors file read into memory.
pub(crate) struct TensorFile<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
}

/// The bytes of an optional file; `None` where it does not exist.
pub(crate) fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>, AnalysisError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(source) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AnalysisError::Read { path: path.to_owned(), source }),
    }
}

impl<'a> TensorFile<'a> {
    /// The tensors in `bytes`, which were read from `path`.
    pub(crate) fn parse(path: &'a Path, bytes: &'a [u8]) -> Result<Self, AnalysisError> {
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| AnalysisError::Tensor { path: path.to_owned(), reason: error.to_string() })?;
        Ok(Self { path, tensors })
    }

    /// Shape and values of the f32 tensor `name`, which must have `axes` axes; `None` where the file has no such
    /// tensor.
    pub(crate) fn get(&self, name: &str, axes: usize) -> Result<Option<ShapeAndValues>, AnalysisError> {
        let Ok(view) = self.tensors.tensor(name) else { return Ok(None) };
        if view.dtype() != Dtype::F32 {
            return Err(self.error(name, &format!("type {:?} is not allowed, use F32", view.dtype())));
        }
        if view.shape().len() != axes {
            return Err(self.error(name, &format!("shape {:?} is not allowed, use {axes} axes", view.shape())));
        }
        let mut values = Vec::with_capacity(view.data().len() / 4);
        values.extend(view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
        Ok(Some((view.shape().to_vec(), values)))
    }

    /// The number of axes of the tensor `name`; `None` where the file has no such tensor.
    pub(crate) fn axes(&self, name: &str) -> Option<usize> {
        self.tensors.tensor(name).ok().map(|view| view.shape().len())
    }

    /// The tensor `name` as points: [n, d].
    pub(crate) fn points(&self, name: &str) -> Result<Option<Points>, AnalysisError> {
        let Some((shape, values)) = self.get(name, 2)? else { return Ok(None) };
        let [_, dim] = shape[..] else { return Ok(None) };
        Points::new(values, dim).map(Some).map_err(|error| self.error(name, &error.to_string()))
    }

    /// The tensor `name` as a list of sets of points: [k, m, d].
    pub(crate) fn point_sets(&self, name: &str) -> Result<Option<Vec<Points>>, AnalysisError> {
        let Some((shape, values)) = self.get(name, 3)? else { return Ok(None) };
        let [_, m, dim] = shape[..] else { return Ok(None) };
        // An axis of 0 leaves the others free to be anything.
        let Some(size) = m.checked_mul(dim).filter(|size| *size > 0) else {
            return Err(self.error(name, &format!("shape {shape:?} is not allowed, use axes of 1 or more")));
        };
        let sets = values.chunks_exact(size).map(|set| Points::new(set.to_vec(), dim));
        sets.collect::<Result<Vec<_>, _>>().map(Some).map_err(|error| self.error(name, &error.to_string()))
    }

    /// An error about the tensor `name` of this file.
    pub(crate) fn error(&self, name: &str, reason: &str) -> AnalysisError {
        AnalysisError::Tensor { path: self.path.to_owned(), reason: format!("`{name}`: {reason}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_is_not_whole_rows_is_refused() {
        assert!(Points::new(vec![0.0; 7], 2).is_err());
        assert!(Points::new(vec![], 0).is_err());
        let points = Points::new(vec![1.0, 2.0, 3.0, 4.0], 2).unwrap();
        assert_eq!((points.len(), points.row(1), points.row(2)), (2, Some(&[3.0, 4.0][..]), None));
    }

    #[test]
    fn a_wrong_number_of_axes_names_the_file_and_the_tensor() {
        let bytes = to_safetensors(&[NamedTensor { name: "samples", shape: vec![4], values: vec![0.0; 4] }]).unwrap();
        let file = TensorFile::parse(Path::new("run/samples.safetensors"), &bytes).unwrap();
        let message = file.points("samples").unwrap_err().to_string();
        assert_eq!(message, "run/samples.safetensors: `samples`: shape [4] is not allowed, use 2 axes");
        assert_eq!(file.points("other").unwrap(), None);
    }

    #[test]
    fn axes_whose_product_is_no_number_are_refused() {
        let shape = vec![0, usize::MAX, 2];
        let bytes = to_safetensors(&[NamedTensor { name: "forward", shape, values: Vec::new() }]).unwrap();
        let file = TensorFile::parse(Path::new("trajectories.safetensors"), &bytes).unwrap();
        assert!(file.point_sets("forward").unwrap_err().to_string().ends_with("use axes of 1 or more"));
    }
}
