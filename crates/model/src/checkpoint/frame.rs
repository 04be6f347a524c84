//! `frame.safetensors`: the principal axes that machines live in.

use std::path::Path;

use data::Pca;
use safetensors::tensor::Dtype;
use serde_json::json;

use super::FORMAT;
use super::encoding::{encode, f32s, f64s};
use super::reader::Reader;
use crate::ModelError;

/// The bytes of `frame.safetensors`: `mean` `[d]` and `eigenvalues` `[d]` in f64, `axes` `[d, d]` in f32 (column k is axis k).
/// z_t = (x_t - sqrt(alpha_bar_t) mean) axes.
///
/// # Errors
/// [`ModelError::Encode`] when the lengths of the arrays do not agree.
pub fn write_frame(pca: &Pca) -> Result<Vec<u8>, ModelError> {
    let d = pca.mean.len();
    let tensors = [f64s("mean", &pca.mean), f64s("eigenvalues", &pca.eigenvalues), f32s("axes", &[d, d], &pca.axes)];
    encode(&tensors, &json!({ "format": FORMAT, "dim": d }))
}

/// The frame in the bytes of [`write_frame`]; `path` is what errors name.
///
/// # Errors
/// [`ModelError::Checkpoint`] when the content does not fit the format.
pub fn frame_from_bytes(path: &Path, bytes: &[u8]) -> Result<Pca, ModelError> {
    let reader = Reader::new(path, bytes)?;
    let d = reader.raw("mean", Dtype::F64)?.0.iter().product();
    Ok(Pca {
        mean: reader.curve("mean", d)?,
        eigenvalues: reader.curve("eigenvalues", d)?,
        axes: reader.floats("axes", &[d, d])?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let pca = Pca { mean: vec![0.1, -2.0], eigenvalues: vec![3.0, 0.5], axes: vec![0.6, 0.8, 0.8, -0.6] };
        let mut bytes = write_frame(&pca).unwrap();
        assert_eq!(frame_from_bytes(Path::new("frame"), &bytes).unwrap(), pca);
        bytes.truncate(bytes.len() - 1);
        assert!(
            frame_from_bytes(Path::new("frame"), &bytes).unwrap_err().to_string().starts_with("frame: not a valid")
        );
    }
}
