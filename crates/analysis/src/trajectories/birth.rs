//! Some chains on their way out of noise, often enough for a film: `birth.safetensors`.

use std::path::Path;

use super::{Frames, frames_tensors, read_frames};
use crate::AnalysisError;
use crate::tensors::{TensorFile, read_if_present, to_safetensors};

/// The file's name in the run folder.
pub const BIRTH_FILE: &str = "birth.safetensors";

/// The bytes of the file: `birth` `[k, m, d]` and `birth_t` `[k]`, from t = T down to 0.
///
/// # Errors
/// [`AnalysisError::Encode`] from the encoder.
pub fn birth_to_safetensors(frames: &Frames) -> Result<Vec<u8>, AnalysisError> {
    to_safetensors(&frames_tensors(("birth", "birth_t"), frames))
}

/// The frames in the bytes of the file; `path` is what errors name.
///
/// # Errors
/// [`AnalysisError::Tensor`], naming the file and the tensor.
pub fn birth_from_bytes(path: &Path, bytes: &[u8]) -> Result<Option<Frames>, AnalysisError> {
    read_frames(&TensorFile::parse(path, bytes)?, "birth", "birth_t")
}

/// The frames in the run folder `dir`, `None` where there is no such file.
pub(crate) fn read_birth(dir: &Path) -> Result<Option<Frames>, AnalysisError> {
    let path = dir.join(BIRTH_FILE);
    let Some(bytes) = read_if_present(&path)? else { return Ok(None) };
    birth_from_bytes(&path, &bytes)
}
