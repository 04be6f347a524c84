//! A machine in the middle of its training, so that it can go on where it was left.
//!
//! Tensors (f32, row-major): for each of the prefixes `weights`, `first`, `second` (Adam's moments) and, where an earlier
//! epoch may be kept, `best`: `PREFIX.w1` `[r, H]`, `PREFIX.b1` `[H]`, `PREFIX.w2` `[H, r]`, `PREFIX.b2` `[r]`,
//! `PREFIX.gain` `[1]`, all in scaled units; the learning curve so far as in a finished checkpoint.  The metadata key
//! `machine` holds a JSON object: `format`, `t`, `done` (epochs trained), `kept`, `key`.

use std::path::Path;

use serde_json::json;

use super::{FORMAT, History, Raw, Reader, curves, encode, f32s};
use crate::{ModelError, Weights};

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
    /// Whether it is of nets of r inputs and H hidden units.
    pub fn fits(&self, inputs: usize, hidden: usize) -> bool {
        let all = [Some(&self.weights), Some(&self.first), Some(&self.second), self.best.as_ref()];
        all.into_iter().flatten().all(|weights| {
            let lengths = [&weights.w1, &weights.b1, &weights.w2, &weights.b2].map(Vec::len);
            lengths == [inputs * hidden, hidden, hidden * inputs, inputs]
        })
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
    encode(&tensors, &json!({ "format": FORMAT, "t": t, "done": done, "kept": kept, "key": key }))
}

fn arrays(prefix: &str, weights: &Weights) -> [Raw; 5] {
    let (r, h) = (weights.b2.len(), weights.b1.len());
    let array = |name: &str, shape: &[usize], values: &[f32]| f32s(&format!("{prefix}.{name}"), shape, values);
    [
        array("w1", &[r, h], &weights.w1),
        array("b1", &[h], &weights.b1),
        array("w2", &[h, r], &weights.w2),
        array("b2", &[r], &weights.b2),
        array("gain", &[1], &[weights.gain]),
    ]
}

/// Reads such a file; `None` where its key is another one.
///
/// # Errors
/// [`ModelError`] that names the file, when it cannot be read or its content does not fit the format.
pub fn read_midway(path: &Path, key: &str) -> Result<Option<Midway>, ModelError> {
    let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
    let reader = Reader::new(path, &bytes)?;
    if reader.key()? != key {
        return Ok(None);
    }
    let best = reader.tensors.names().contains(&"best.w1");
    Ok(Some(Midway {
        done: reader.integer("done")?,
        weights: reader.weights("weights")?,
        first: reader.weights("first")?,
        second: reader.weights("second")?,
        best: best.then(|| reader.weights("best")).transpose()?,
        history: reader.history()?,
    }))
}

impl Reader<'_> {
    /// The arrays of one prefix.
    fn weights(&self, prefix: &str) -> Result<Weights, ModelError> {
        let name = |part: &str| format!("{prefix}.{part}");
        let [inputs, hidden] = self.matrix(&name("w1"))?;
        Ok(Weights {
            w1: self.floats(&name("w1"), &[inputs, hidden])?,
            b1: self.floats(&name("b1"), &[hidden])?,
            w2: self.floats(&name("w2"), &[hidden, inputs])?,
            b2: self.floats(&name("b2"), &[inputs])?,
            gain: self.floats(&name("gain"), &[1])?[0],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(salt: f32) -> Weights {
        let values = |len: usize| (0..len).map(|i| salt + i as f32 / 7.0).collect();
        Weights { w1: values(6), b1: values(3), w2: values(6), b2: values(2), gain: -salt }
    }

    fn midway(best: Option<Weights>) -> Midway {
        let history = History { epoch: vec![2], kept: 2, train: vec![0.5], test: vec![0.75], ..History::default() };
        Midway { done: 3, weights: weights(0.1), first: weights(1e-9), second: weights(f32::MAX), best, history }
    }

    #[test]
    fn states_survive_a_round_trip_for_their_own_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        for before in [midway(None), midway(Some(weights(2.0)))] {
            std::fs::write(&path, write_midway(17, "abc", &before).unwrap()).unwrap();
            assert_eq!(read_midway(&path, "abc").unwrap(), Some(before));
            assert_eq!(read_midway(&path, "abd").unwrap(), None);
        }
        // Before its first evaluation a machine has no curve yet.
        let young = Midway { history: History::default(), ..midway(None) };
        std::fs::write(&path, write_midway(17, "abc", &young).unwrap()).unwrap();
        assert_eq!(read_midway(&path, "abc").unwrap(), Some(young));
    }

    #[test]
    fn damaged_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let good = write_midway(17, "abc", &midway(None)).unwrap();
        for cut in [0, 7, 50, good.len() - 1] {
            std::fs::write(&path, &good[..cut]).unwrap();
            assert!(read_midway(&path, "abc").unwrap_err().to_string().starts_with(path.to_str().unwrap()));
        }
    }

    #[test]
    fn shapes_are_those_of_the_net() {
        assert!(midway(None).fits(2, 3));
        assert!(!midway(None).fits(3, 2));
        let mut wrong = midway(Some(weights(1.0)));
        wrong.best = Some(Weights { b2: Vec::new(), ..weights(1.0) });
        assert!(!wrong.fits(2, 3));
    }
}
