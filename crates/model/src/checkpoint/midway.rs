//! A machine in the middle of its training, so that it can go on where it was left.
//!
//! Tensors (f32, row-major): for each of the prefixes `weights`, `first`, `second` (Adam's moments) and, where an earlier
//! epoch may be kept, `best`: `PREFIX.w1` `[a, H]`, `PREFIX.b1` `[H]`, `PREFIX.w2` `[H, a]`, `PREFIX.b2` `[r]`,
//! `PREFIX.gain` `[1]` or `[r]` where the skip is trained, `PREFIX.local_w1`, `local_b1`, `local_w2` with local units, all in
//! scaled units; the learning curve so far as in a finished checkpoint.  The metadata key `machine` holds a JSON object: `format`, `t`, `done` (epochs trained), `kept`, `key`.

use std::path::Path;

use safetensors::tensor::Dtype;
use serde_json::json;

use super::History;
use super::encoding::{Raw, curves, encode, f32s, format_of, local_arrays};
use super::reader::Reader;
use crate::{MachineConfig, ModelError, Weights};

/// Everything that the epochs to come depend on, after an epoch of a machine's training.
#[derive(Debug, Clone, PartialEq)]
pub struct Midway {
    /// Epochs trained.
    pub done: usize,
    /// The weights in scaled units.
    pub weights: Weights,
    /// Adam's first moments, of the same shapes.
    pub first: Weights,
    /// Adam's second moments.
    pub second: Weights,
    /// The weights of the best epoch so far, where a rule keeps them.
    pub best: Option<Weights>,
    /// The learning curve so far.
    pub history: History,
}

impl Midway {
    /// Whether it is of nets of this shape with r inputs.
    pub fn fits(&self, config: MachineConfig, inputs: usize) -> bool {
        let all = [Some(&self.weights), Some(&self.first), Some(&self.second), self.best.as_ref()];
        all.into_iter().flatten().all(|weights| weights.fits(config, inputs))
    }
}

/// The bytes of a file that holds the state of timestep t; `key` is that of the machine to come.
///
/// # Errors
/// [`ModelError::Encode`] when the lengths of the arrays do not fit together.
pub fn write_midway(t: usize, key: &str, state: &Midway) -> Result<Vec<u8>, ModelError> {
    let mut tensors = curves(&state.history);
    let parts = [("weights", Some(&state.weights)), ("first", Some(&state.first)), ("second", Some(&state.second))];
    for (prefix, weights) in parts.into_iter().chain([("best", state.best.as_ref())]) {
        tensors.extend(weights.into_iter().flat_map(|weights| arrays(prefix, weights)));
    }
    let (done, kept) = (state.done, state.history.kept);
    let format = format_of(&tensors);
    encode(&tensors, &json!({ "format": format, "t": t, "done": done, "kept": kept, "key": key }))
}

pub(super) fn arrays(prefix: &str, weights: &Weights) -> Vec<Raw> {
    let (r, h) = (weights.b2.len(), weights.b1.len());
    let a = weights.w1.len() / h.max(1);
    let array = |name: &str, shape: &[usize], values: &[f32]| f32s(&format!("{prefix}.{name}"), shape, values);
    let mut all = vec![
        array("w1", &[a, h], &weights.w1),
        array("b1", &[h], &weights.b1),
        array("w2", &[h, a], &weights.w2),
        array("b2", &[r], &weights.b2),
    ];
    if !weights.gains.is_empty() {
        all.push(array("gain", &[weights.gains.len()], &weights.gains));
    }
    all.extend(weights.local.iter().flat_map(|units| local_arrays(&format!("{prefix}.local_"), units)));
    all
}

/// Reads the bytes of such a file, and the key in it; `path` is what errors name.
///
/// # Errors
/// [`ModelError::Checkpoint`] when the content does not fit the format.
pub fn midway_from_bytes(path: &Path, bytes: &[u8]) -> Result<(String, Midway), ModelError> {
    let reader = Reader::new(path, bytes)?;
    let best = reader.has("best.w1");
    let state = Midway {
        done: reader.integer("done")?,
        weights: reader.weights("weights")?,
        first: reader.weights("first")?,
        second: reader.weights("second")?,
        best: best.then(|| reader.weights("best")).transpose()?,
        history: reader.history()?,
    };
    Ok((reader.key()?.to_owned(), state))
}

impl Reader<'_> {
    /// The arrays of one prefix.
    pub(super) fn weights(&self, prefix: &str) -> Result<Weights, ModelError> {
        let name = |part: &str| format!("{prefix}.{part}");
        let ([seen, hidden], inputs) = (self.matrix(&name("w1"))?, self.len(&name("b2"))?);
        let gains = match self.has(&name("gain")) {
            true => self.raw(&name("gain"), Dtype::F32)?.0,
            false => vec![0],
        };
        Ok(Weights {
            w1: self.floats(&name("w1"), &[seen, hidden])?,
            b1: self.floats(&name("b1"), &[hidden])?,
            w2: self.floats(&name("w2"), &[hidden, seen])?,
            b2: self.floats(&name("b2"), &[inputs])?,
            gains: if gains == [0] { Vec::new() } else { self.floats(&name("gain"), &gains)? },
            local: self.local_units(&name("local_"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SkipKind;

    fn weights(salt: f32) -> Weights {
        let values = |len: usize| (0..len).map(|i| salt + i as f32 / 7.0).collect();
        Weights { w1: values(6), b1: values(3), w2: values(6), b2: values(2), gains: vec![-salt], local: None }
    }

    fn midway(best: Option<Weights>) -> Midway {
        let history = History { epoch: vec![2], kept: 2, train: vec![0.5], test: vec![0.75], ..History::default() };
        Midway { done: 3, weights: weights(0.1), first: weights(1e-9), second: weights(f32::MAX), best, history }
    }

    #[test]
    fn states_survive_a_round_trip() {
        // Before its first evaluation a machine has no curve yet.
        let young = Midway { history: History::default(), ..midway(None) };
        for before in [midway(None), midway(Some(weights(2.0))), young] {
            let bytes = write_midway(17, "abc", &before).unwrap();
            assert_eq!(midway_from_bytes(Path::new("state"), &bytes).unwrap(), ("abc".to_owned(), before));
        }
    }

    #[test]
    fn damaged_files_are_named() {
        let good = write_midway(17, "abc", &midway(None)).unwrap();
        for cut in [0, 7, 50, good.len() - 1] {
            let error = midway_from_bytes(Path::new("state"), &good[..cut]).unwrap_err();
            assert!(error.to_string().starts_with("state: "), "{error}");
        }
    }

    #[test]
    fn shapes_are_those_of_the_net() {
        let shape = |hidden| MachineConfig::dense(hidden, SkipKind::Learned);
        assert!(midway(None).fits(shape(3), 2));
        assert!(!midway(None).fits(shape(2), 3));
        let mut wrong = midway(Some(weights(1.0)));
        wrong.best = Some(Weights { b2: Vec::new(), ..weights(1.0) });
        assert!(!wrong.fits(shape(3), 2));
    }
}
