//! A machine for all timesteps: its file, and the state it is in in the middle of its training.
//!
//! Tensors (f32, row-major): `w1` `[d + 1, H]`, the row of t/T last, `b1` `[H]`, `w2` `[H, d]`, `b2` `[d]`; the learning curves
//! of all t at n evaluations: `epoch` (u32, `[n]`), `train_mse`, `test_mse` (f64, `[T, n]`) and, where there are any,
//! `validation_mse`, and before training and after every evaluation `class_gain` and `class_offset` (f64, `[T, n + 1]`).
//! A state has the weights and Adam's moments as [`Midway`] does, with r = d + 1.  The metadata key `machine` holds a JSON
//! object: `format`, `timesteps`, `kept`, `key`, in a state also `done` (passes trained).

use std::path::Path;

use safetensors::tensor::Dtype;
use serde_json::json;

use super::encoding::{Raw, encode, f32s, u32s};
use super::midway::arrays;
use super::reader::Reader;
use super::{FORMAT, History, Midway};
use crate::{ConditionedMachine, ModelError};

/// Everything that the file of a machine for all timesteps holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionedCheckpoint {
    /// Identifies everything the training depended on.
    pub key: String,
    /// The machine.
    pub machine: ConditionedMachine,
    /// The learning curve of every t, all measured after the same epochs: `[T]`.
    pub curves: Vec<History>,
}

/// Everything that the passes to come depend on, after a pass of the training of a machine for all timesteps.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionedMidway {
    /// The weights with their moments; `done` counts passes, and the learning curve is empty.
    pub state: Midway,
    /// The learning curves so far: `[T]`, or none at all before anything was measured.
    pub curves: Vec<History>,
}

/// The bytes of a finished machine's file, the same for the same content.
///
/// # Errors
/// [`ModelError::Encode`] when the lengths of arrays or curves do not fit together.
pub fn write_conditioned(checkpoint: &ConditionedCheckpoint) -> Result<Vec<u8>, ModelError> {
    let ConditionedCheckpoint { key, machine, curves } = checkpoint;
    let (d, h, timesteps) = (machine.dim, machine.hidden, machine.timesteps);
    let mut tensors = vec![
        f32s("w1", &[d + 1, h], &machine.w1),
        f32s("b1", &[h], &machine.b1),
        f32s("w2", &[h, d], &machine.w2),
        f32s("b2", &[d], &machine.b2),
    ];
    tensors.extend(curve_tensors(timesteps, curves));
    encode(&tensors, &json!({ "format": FORMAT, "timesteps": timesteps, "kept": kept(curves), "key": key }))
}

/// Reads the bytes of such a file; `path` is what errors name.
///
/// # Errors
/// [`ModelError::Checkpoint`] when the content does not fit the format.
pub fn conditioned_from_bytes(path: &Path, bytes: &[u8]) -> Result<ConditionedCheckpoint, ModelError> {
    let reader = Reader::new(path, bytes)?;
    let timesteps = reader.integer("timesteps")?;
    let [hidden, dim] = reader.matrix("w2")?;
    for (what, value) in [("the number of coordinates", dim), ("the number of hidden units", hidden)] {
        if value == 0 {
            return Err(reader.invalid(format!("{what} is 0, expected 1 or more")));
        }
    }
    let curves = reader.curves(timesteps)?;
    if curves.len() != timesteps || timesteps == 0 {
        return Err(reader.invalid(format!("there are {} learning curves for {timesteps} timesteps", curves.len())));
    }
    let machine = ConditionedMachine {
        dim,
        hidden,
        timesteps,
        w1: reader.floats("w1", &[dim + 1, hidden])?,
        b1: reader.floats("b1", &[hidden])?,
        w2: reader.floats("w2", &[hidden, dim])?,
        b2: reader.floats("b2", &[dim])?,
    };
    Ok(ConditionedCheckpoint { key: reader.key()?.to_owned(), machine, curves })
}

/// The bytes of a file that holds a state; `key` is that of the machine to come.
///
/// # Errors
/// [`ModelError::Encode`] when the lengths of arrays or curves do not fit together.
pub fn write_conditioned_midway(key: &str, midway: &ConditionedMidway) -> Result<Vec<u8>, ModelError> {
    let ConditionedMidway { state, curves } = midway;
    let mut tensors = curve_tensors(curves.len(), curves);
    for (prefix, weights) in [("weights", &state.weights), ("first", &state.first), ("second", &state.second)] {
        tensors.extend(arrays(prefix, weights));
    }
    let (done, timesteps, kept) = (state.done, curves.len(), kept(curves));
    encode(&tensors, &json!({ "format": FORMAT, "timesteps": timesteps, "done": done, "kept": kept, "key": key }))
}

/// Reads the bytes of such a file, and the key in it; `path` is what errors name.
///
/// # Errors
/// [`ModelError::Checkpoint`] when the content does not fit the format.
pub fn conditioned_midway_from_bytes(path: &Path, bytes: &[u8]) -> Result<(String, ConditionedMidway), ModelError> {
    let reader = Reader::new(path, bytes)?;
    let state = Midway {
        done: reader.integer("done")?,
        weights: reader.weights("weights")?,
        first: reader.weights("first")?,
        second: reader.weights("second")?,
        best: None,
        history: History::default(),
    };
    let curves = reader.curves(reader.integer("timesteps")?)?;
    Ok((reader.key()?.to_owned(), ConditionedMidway { state, curves }))
}

/// The epoch whose weights the machine has, the same for all t.
fn kept(curves: &[History]) -> usize {
    curves.first().map_or(0, |curve| curve.kept)
}

/// The curves of all t as matrices with a row a timestep.
fn curve_tensors(timesteps: usize, curves: &[History]) -> Vec<Raw> {
    let epoch = curves.first().map_or(&[][..], |curve| &curve.epoch);
    let n = epoch.len();
    let matrix = |name: &str, columns: usize, of: fn(&History) -> &Vec<f64>| {
        let bytes = curves.iter().flat_map(of).flat_map(|value| value.to_le_bytes()).collect();
        (name.to_owned(), Dtype::F64, vec![timesteps, columns], bytes)
    };
    let mut tensors = vec![
        u32s("epoch", epoch),
        matrix("train_mse", n, |curve| &curve.train),
        matrix("test_mse", n, |curve| &curve.test),
        matrix("validation_mse", n, |curve| &curve.validation),
        matrix("class_gain", n + 1, |curve| &curve.class_gain),
        matrix("class_offset", n + 1, |curve| &curve.class_offset),
    ];
    tensors.retain(|(name, _, _, bytes)| !bytes.is_empty() || ["epoch", "train_mse", "test_mse"].contains(&&name[..]));
    tensors
}

impl Reader<'_> {
    /// The learning curves of all t; none where nothing was measured.
    fn curves(&self, timesteps: usize) -> Result<Vec<History>, ModelError> {
        let epoch = self.epochs()?;
        let (n, kept) = (epoch.len(), self.integer("kept")?);
        let [train, test] = [self.rows("train_mse", timesteps, n)?, self.rows("test_mse", timesteps, n)?];
        let if_there = |name: &str, columns: usize| {
            if self.has(name) { self.rows(name, timesteps, columns) } else { Ok(Vec::new()) }
        };
        let validation = if_there("validation_mse", n)?;
        let [class_gain, class_offset] = [if_there("class_gain", n + 1)?, if_there("class_offset", n + 1)?];
        // No more rows than there are numbers, whatever the file says.
        let count = [&train, &class_gain, &class_offset].into_iter().map(Vec::len).max().unwrap_or(0);
        let row = |rows: &[Vec<f64>], i: usize| rows.get(i).cloned().unwrap_or_default();
        let curve = |i| History {
            epoch: epoch.clone(),
            kept,
            train: row(&train, i),
            test: row(&test, i),
            validation: row(&validation, i),
            wiener_test: Vec::new(),
            class_gain: row(&class_gain, i),
            class_offset: row(&class_offset, i),
        };
        Ok((0..count).map(curve).collect())
    }

    /// The rows of a matrix `[T, n]`; none where n is 0.
    fn rows(&self, name: &str, timesteps: usize, columns: usize) -> Result<Vec<Vec<f64>>, ModelError> {
        let (found, bytes) = self.raw(name, Dtype::F64)?;
        if found != [timesteps, columns] {
            let expected = [timesteps, columns];
            return Err(self.invalid(format!("tensor `{name}` has shape {found:?}, expected {expected:?}")));
        }
        let values: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect();
        Ok(values.chunks_exact(columns.max(1)).map(<[f64]>::to_vec).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Weights;

    fn curve(salt: f64) -> History {
        History {
            epoch: vec![1, 3],
            kept: 3,
            train: vec![salt, 0.1 + 0.2],
            test: vec![salt / 3.0, 1e-9],
            validation: vec![0.6, salt],
            wiener_test: Vec::new(),
            class_gain: vec![0.5, 0.7, salt],
            class_offset: vec![-salt, 0.0, 1.0],
        }
    }

    fn checkpoint() -> ConditionedCheckpoint {
        let values = |len: usize| (0..len).map(|i| 0.3 + i as f32 / 7.0).collect();
        let machine = ConditionedMachine {
            dim: 2,
            hidden: 3,
            timesteps: 4,
            w1: values(9),
            b1: values(3),
            w2: values(6),
            b2: values(2),
        };
        ConditionedCheckpoint { key: "abc".to_owned(), machine, curves: (0..4).map(|i| curve(f64::from(i))).collect() }
    }

    fn midway(curves: Vec<History>) -> ConditionedMidway {
        let weights = |salt: f32| {
            let values = |len: usize| (0..len).map(|i| salt + i as f32 / 7.0).collect();
            Weights { w1: values(9), b1: values(3), w2: values(9), b2: values(3), gains: Vec::new(), local: None }
        };
        let state = Midway {
            done: 7,
            weights: weights(0.1),
            first: weights(1e-9),
            second: weights(f32::MAX),
            best: None,
            history: History::default(),
        };
        ConditionedMidway { state, curves }
    }

    #[test]
    fn machines_survive_a_round_trip_with_the_same_bytes() {
        let path = Path::new("conditioned.safetensors");
        let mut before = checkpoint();
        for _ in 0..2 {
            let bytes = write_conditioned(&before).unwrap();
            assert_eq!(bytes, write_conditioned(&before).unwrap());
            assert_eq!(conditioned_from_bytes(path, &bytes).unwrap(), before);
            for curve in &mut before.curves {
                curve.validation.clear();
                curve.class_gain.clear();
                curve.class_offset.clear();
            }
        }
    }

    #[test]
    fn states_survive_a_round_trip_at_every_age() {
        let unmeasured = |class_gain: &[f64]| History { class_gain: class_gain.to_vec(), ..History::default() };
        let ages = [vec![curve(0.5), curve(2.0)], vec![unmeasured(&[0.25]), unmeasured(&[0.5])], Vec::new()];
        for before in ages.map(midway) {
            let bytes = write_conditioned_midway("abc", &before).unwrap();
            let after = conditioned_midway_from_bytes(Path::new("state"), &bytes).unwrap();
            assert_eq!(after, ("abc".to_owned(), before));
        }
        // Curves without a number are none.
        let bytes = write_conditioned_midway("abc", &midway(vec![History::default(); 5])).unwrap();
        assert_eq!(conditioned_midway_from_bytes(Path::new("state"), &bytes).unwrap().1, midway(Vec::new()));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let path = Path::new("conditioned.safetensors");
        let good = checkpoint();
        let bytes = write_conditioned(&good).unwrap();
        for cut in [0, 7, 50, bytes.len() - 1] {
            let message = conditioned_from_bytes(path, &bytes[..cut]).unwrap_err().to_string();
            assert!(message.starts_with("conditioned.safetensors: "), "{message}");
        }
        let mut wrong = good.clone();
        wrong.curves.pop();
        assert!(matches!(write_conditioned(&wrong), Err(ModelError::Encode(_))));
        let mut none = good.clone();
        none.curves = vec![History::default(); 4];
        let message = conditioned_from_bytes(path, &write_conditioned(&none).unwrap()).unwrap_err().to_string();
        assert!(message.ends_with("there are 0 learning curves for 4 timesteps"), "{message}");
        // A machine of one timestep is none for all, and the other way round.
        let message = super::super::from_bytes(path, &bytes).unwrap_err().to_string();
        assert!(message.ends_with("metadata `t` is not a whole number"), "{message}");
    }
}
