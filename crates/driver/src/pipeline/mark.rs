//! The marker beside a finished machine: `t0042.done` tells what `t0042.safetensors` has to be.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::manifest::hex;
use crate::DriverError;
use crate::folder::RunFolder;

/// What the training left: written once the machine itself lies safely on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mark {
    /// Identifies everything the machine depends on.
    key: String,
    /// The sum of the machine's file.
    sha256: String,
}

impl Mark {
    /// The mark of a machine's bytes.
    pub(crate) fn of(key: &str, bytes: &[u8]) -> Self {
        Self { key: key.to_owned(), sha256: hex(&Sha256::digest(bytes)) }
    }

    /// The path of the marker of `file` in the run folder.
    pub(crate) fn path(file: &str) -> String {
        Path::new(file).with_extension("done").display().to_string()
    }

    /// The marker of `file`; `None` where there is none.
    ///
    /// # Errors
    /// The inner error says what is wrong with it, the outer one that it cannot be read.
    pub(crate) fn read(folder: &RunFolder, file: &str) -> Result<Option<Result<Self, String>>, DriverError> {
        let Some(bytes) = folder.bytes_if_present(&Self::path(file))? else { return Ok(None) };
        Ok(Some(serde_json::from_slice(&bytes).map_err(|error| error.to_string())))
    }

    /// Writes the marker of `file`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn write(&self, folder: &RunFolder, file: &str) -> Result<(), DriverError> {
        let path = Self::path(file);
        let text = serde_json::to_string(self)
            .map_err(|error| DriverError::Message(format!("{path}: cannot be encoded: {error}")))?;
        folder.write(&path, text + "\n")
    }

    /// Whether these are the bytes that the training left.
    pub(crate) fn is_of(&self, bytes: &[u8]) -> bool {
        *self == Self::of(&self.key, bytes)
    }
}
