//! A safetensors file as the machine and the learning curve that it holds, every array checked against its shape.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use serde_json::Value;

use super::{Checkpoint, FORMAT, History, WIDER_FORMAT};
use crate::{Canvas, Local, LocalUnits, Machine, ModelError, Net, SigmoidLayer, Skip};

/// A file that has been taken apart into its tensors and its metadata, but not yet checked further than its format.
pub(super) struct Reader<'a> {
    path: PathBuf,
    tensors: SafeTensors<'a>,
    metadata: Value,
}

impl<'a> Reader<'a> {
    pub(super) fn new(path: &Path, bytes: &'a [u8]) -> Result<Self, ModelError> {
        let invalid = |reason: String| ModelError::Checkpoint { path: path.to_owned(), reason };
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| invalid(error.to_string()))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| invalid(error.to_string()))?;
        let text = header.metadata().as_ref().and_then(|map| map.get("machine").cloned());
        let text = text.ok_or_else(|| invalid("the metadata entry `machine` is missing".to_owned()))?;
        let metadata: Value = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        let reader = Self { path: path.to_owned(), tensors, metadata };
        match reader.integer("format")? {
            format if [FORMAT, WIDER_FORMAT].contains(&(format as u64)) => Ok(reader),
            format => Err(invalid(format!("format {format}, this program reads formats {FORMAT} and {WIDER_FORMAT}"))),
        }
    }

    pub(super) fn invalid(&self, reason: impl Into<String>) -> ModelError {
        ModelError::Checkpoint { path: self.path.clone(), reason: reason.into() }
    }

    pub(super) fn integer(&self, key: &str) -> Result<usize, ModelError> {
        let value = self.metadata.get(key).and_then(Value::as_u64);
        value.map(|v| v as usize).ok_or_else(|| self.invalid(format!("metadata `{key}` is not a whole number")))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.tensors.names().contains(&name)
    }

    pub(super) fn raw(&self, name: &str, dtype: Dtype) -> Result<(Vec<usize>, &[u8]), ModelError> {
        let view = self.tensors.tensor(name).map_err(|_| self.invalid(format!("tensor `{name}` is missing")))?;
        if view.dtype() == dtype {
            Ok((view.shape().to_vec(), view.data()))
        } else {
            Err(self.invalid(format!("tensor `{name}` is not {dtype:?}")))
        }
    }

    pub(super) fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        let (found, bytes) = self.raw(name, Dtype::F32)?;
        if found != shape {
            return Err(self.invalid(format!("tensor `{name}` has shape {found:?}, expected {shape:?}")));
        }
        Ok(bytes.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect())
    }

    /// The shape of a tensor of two dimensions.
    pub(super) fn matrix(&self, name: &str) -> Result<[usize; 2], ModelError> {
        let (shape, _) = self.raw(name, Dtype::F32)?;
        shape.try_into().map_err(|_| self.invalid(format!("tensor `{name}` is not a matrix")))
    }

    /// The length of a tensor of one dimension.
    pub(super) fn len(&self, name: &str) -> Result<usize, ModelError> {
        let (shape, _) = self.raw(name, Dtype::F32)?;
        let [len] = shape.try_into().map_err(|_| self.invalid(format!("tensor `{name}` is not a list")))?;
        Ok(len)
    }

    pub(super) fn key(&self) -> Result<&str, ModelError> {
        let key = self.metadata.get("key").and_then(Value::as_str);
        key.ok_or_else(|| self.invalid("metadata `key` is not a string"))
    }

    fn alpha_bar(&self) -> Result<f64, ModelError> {
        let alpha_bar = self.metadata.get("alpha_bar").and_then(Value::as_f64);
        alpha_bar.ok_or_else(|| self.invalid("metadata `alpha_bar` is not a number"))
    }

    /// A curve with a value for each of `len` evaluations.
    pub(super) fn curve(&self, name: &str, len: usize) -> Result<Vec<f64>, ModelError> {
        let (found, bytes) = self.raw(name, Dtype::F64)?;
        if found != [len] {
            return Err(self.invalid(format!("tensor `{name}` has shape {found:?}, expected [{len}]")));
        }
        Ok(bytes.as_chunks::<8>().0.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect())
    }

    /// The evaluated epochs.
    pub(super) fn epochs(&self) -> Result<Vec<usize>, ModelError> {
        let (_, bytes) = self.raw("epoch", Dtype::U32)?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|chunk| u32::from_le_bytes(*chunk) as usize).collect())
    }

    pub(super) fn history(&self) -> Result<History, ModelError> {
        let epoch = self.epochs()?;
        let n = epoch.len();
        let curve = |name: &str| self.curve(name, n);
        let if_there = |name: &str, len: usize| {
            if self.has(name) { self.curve(name, len) } else { Ok(Vec::new()) }
        };
        Ok(History {
            kept: self.integer("kept")?,
            train: curve("train_mse")?,
            test: curve("test_mse")?,
            validation: if_there("validation_mse", n)?,
            wiener_test: if_there("wiener_test_mse", n)?,
            class_gain: if_there("class_gain", n + 1)?,
            class_offset: if_there("class_offset", n + 1)?,
            epoch,
        })
    }

    fn skip(&self, dim: usize) -> Result<Skip, ModelError> {
        if !self.has("skip") {
            return Ok(Skip::None);
        }
        let (shape, _) = self.raw("skip", Dtype::F32)?;
        if shape == [dim] && dim > 1 {
            return Ok(Skip::Diagonal(self.floats("skip", &[dim])?));
        }
        Ok(Skip::Scalar(self.floats("skip", &[1])?[0]))
    }

    pub(super) fn checkpoint(&self) -> Result<Checkpoint, ModelError> {
        let (t, dim) = (self.integer("t")?, self.integer("dim")?);
        self.at_least_one(&[("t", t), ("dim", dim)])?;
        let machine = if self.has("w") {
            Net::Sigmoid(SigmoidLayer { w: self.floats("w", &[dim, dim])?, b: self.floats("b", &[dim])? })
        } else {
            Net::Autoencoder(self.autoencoder(dim)?)
        };
        let history = self.history()?;
        Ok(Checkpoint { t, alpha_bar: self.alpha_bar()?, key: self.key()?.to_owned(), machine, history })
    }

    fn at_least_one(&self, values: &[(&str, usize)]) -> Result<(), ModelError> {
        match values.iter().find(|(_, value)| *value == 0) {
            Some((what, _)) => Err(self.invalid(format!("{what} is 0, expected 1 or more"))),
            None => Ok(()),
        }
    }

    /// The local units of a prefix, where the file has any.
    pub(super) fn local_units(&self, prefix: &str) -> Result<Option<LocalUnits>, ModelError> {
        let name = |part: &str| format!("{prefix}{part}");
        if !self.has(&name("w1")) {
            return Ok(None);
        }
        let [patch, channels] = self.matrix(&name("w1"))?;
        let kernel = patch.isqrt();
        if channels == 0 || kernel * kernel != patch || kernel.is_multiple_of(2) {
            return Err(self.invalid(format!(
                "tensor `{}` is [{patch}, {channels}], expected an odd square by channels",
                name("w1")
            )));
        }
        Ok(Some(LocalUnits {
            w1: self.floats(&name("w1"), &[patch, channels])?,
            b1: self.floats(&name("b1"), &[channels])?,
            w2: self.floats(&name("w2"), &[channels, patch])?,
        }))
    }

    fn local(&self, dim: usize, inputs: usize) -> Result<Option<Local>, ModelError> {
        let Some(units) = self.local_units("local_")? else { return Ok(None) };
        if dim.isqrt().pow(2) != dim {
            return Err(self.invalid(format!("local units on {dim} coordinates, which are no square image")));
        }
        let canvas = Arc::new(Canvas::bare(dim, inputs));
        Ok(Some(Local { units, canvas, signal: self.alpha_bar()?.sqrt() }))
    }

    fn autoencoder(&self, dim: usize) -> Result<Machine, ModelError> {
        let ([seen, hidden], inputs) = (self.matrix("w1")?, self.len("b2")?);
        self.at_least_one(&[("the number of hidden units", hidden)])?;
        if seen > inputs || inputs > dim {
            return Err(self.invalid(format!("{seen} of {inputs} inputs for {dim} coordinates")));
        }
        Ok(Machine {
            dim,
            inputs,
            hidden,
            w1: self.floats("w1", &[seen, hidden])?,
            b1: self.floats("b1", &[hidden])?,
            w2: self.floats("w2", &[hidden, seen])?,
            b2: self.floats("b2", &[inputs])?,
            skip: self.skip(dim)?,
            local: self.local(dim, inputs)?,
        })
    }
}
