//! One safetensors file a machine: its weights, its wiring and its learning curve.
//!
//! Tensors (f32, row-major): `w1` `[a, H]`, `b1` `[H]`, `w2` `[H, a]`, `b2` `[r]`, a <= r; `skip` `[1]` for a scalar or `[d]` for a
//! diagonal skip, absent without one; the learning curve at n evaluations: `epoch` (u32, `[n]`), `train_mse`, `test_mse`
//! (f64, `[n]`) and, where there are any, `validation_mse` and `wiener_test_mse`, and before training and after every
//! evaluation `class_gain` and `class_offset` (f64, `[n + 1]`).  Local units of k x k patches and C channels have
//! `local_w1` `[k^2, C]`, `local_b1` `[C]` and `local_w2` `[C, k^2]`, and act on images as the `local` module says.  The
//! metadata key `machine` holds a JSON object: `format`, `t`, `dim`, `alpha_bar`, `kept` (the epoch whose weights these are), `key`.
//! eps_hat = skip * z + relu(z w1 + b1) w2 + b2 (+ U^T local(U z + sqrt(alpha_bar) mu)), on the first r of the d coordinates
//! of the run's frame, and w1 and w2 on the first a of these.  `format` is 4 with local units or a < r, and 3 without.
//! A layer of sigmoids has `w` `[d, d]` and `b` `[d]` in the place of these: eps_hat = tanh((x w + b) / 2).

use std::path::Path;

use serde_json::json;

mod conditioned;
mod encoding;
mod frame;
mod midway;
mod reader;

pub use conditioned::{
    ConditionedCheckpoint, ConditionedMidway, conditioned_from_bytes, conditioned_midway_from_bytes, write_conditioned,
    write_conditioned_midway,
};
pub use frame::{frame_from_bytes, write_frame};
pub use midway::{Midway, midway_from_bytes, write_midway};

use crate::{ModelError, Net, SigmoidLayer};
use encoding::{curves, encode, f32s, format_of, weights};
use reader::Reader;

/// The version of the layout above.
pub const FORMAT: u64 = 3;
/// The version of files with local units or fewer axes, which a program that knows neither must not read.
const WIDER_FORMAT: u64 = 4;

/// Mean squared errors on eps per coordinate after the epochs that were evaluated.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// The evaluated epochs (1-based), increasing; the last one is that at which the training ended.
    pub epoch: Vec<usize>,
    /// The epoch whose weights the machine has.
    pub kept: usize,
    /// On the noise just trained on.
    pub train: Vec<f64>,
    /// On fresh test noise.
    pub test: Vec<f64>,
    /// On the validation samples with the same noise every time; empty without such samples.
    pub validation: Vec<f64>,
    /// The Wiener predictor's on the same test noise; empty unless the skip is Wiener.
    pub wiener_test: Vec<f64>,
    /// [`ClassReading::gain`](crate::ClassReading) before training and after every evaluated epoch: `[n + 1]`; empty
    /// unless there are two classes.
    pub class_gain: Vec<f64>,
    /// [`ClassReading::offset`](crate::ClassReading), likewise.
    pub class_offset: Vec<f64>,
}

/// Everything that one checkpoint file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The 1-based timestep.
    pub t: usize,
    /// alpha_bar_t of the schedule it was trained on.
    pub alpha_bar: f64,
    /// Identifies everything the training depended on: a machine with the same key need not be trained again.
    pub key: String,
    /// The machine.
    pub machine: Net,
    /// Its learning curve.
    pub history: History,
}

/// The bytes of a checkpoint file, the same for the same content.
///
/// # Errors
/// [`ModelError::Encode`] when the lengths of the machine's arrays do not fit its shape.
pub fn write(checkpoint: &Checkpoint) -> Result<Vec<u8>, ModelError> {
    let Checkpoint { t, alpha_bar, key, machine, history } = checkpoint;
    let mut tensors = match machine {
        Net::Autoencoder(machine) => weights(machine),
        Net::Sigmoid(SigmoidLayer { w, b }) => vec![f32s("w", &[b.len(), b.len()], w), f32s("b", &[b.len()], b)],
    };
    tensors.extend(curves(history));
    let (dim, kept, format) = (machine.dim(), history.kept, format_of(&tensors));
    let metadata = json!({ "format": format, "t": t, "dim": dim, "alpha_bar": alpha_bar, "kept": kept, "key": key });
    encode(&tensors, &metadata)
}

/// Reads a checkpoint file.
///
/// # Errors
/// [`ModelError`] that names the file, when it cannot be read or its content does not fit the format.
pub fn read(path: &Path) -> Result<Checkpoint, ModelError> {
    let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
    from_bytes(path, &bytes)
}

/// [`read`] with the content of the file at hand; `path` is what errors name.
///
/// # Errors
/// [`ModelError::Checkpoint`] when the content does not fit the format.
pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Checkpoint, ModelError> {
    Reader::new(path, bytes)?.checkpoint()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Machine, Skip};

    fn checkpoint(skip: Skip) -> Checkpoint {
        let machine = Machine {
            dim: 3,
            inputs: 2,
            hidden: 2,
            w1: vec![1.0, -1.5, 0.1, 2.0],
            b1: vec![0.25, -1.0],
            w2: vec![1.0, f32::MIN_POSITIVE, -1.0, 0.5],
            b2: vec![0.1, 0.2],
            skip,
            local: None,
        };
        let history = History {
            epoch: vec![3, 5],
            kept: 3,
            train: vec![0.1 + 0.2, 0.5],
            test: vec![0.7, 1e-9],
            validation: vec![0.6, 0.61],
            wiener_test: vec![0.8, 0.9],
            class_gain: vec![0.5, 0.7, 0.75],
            class_offset: vec![0.02, -0.01, -0.04],
        };
        let key = "abc".to_owned();
        Checkpoint { t: 42, alpha_bar: 0.123_456_789_012_345_67, key, machine: machine.into(), history }
    }

    /// The machine of [`checkpoint`] without some of its numbers.
    fn less(part: fn(&mut Machine)) -> Checkpoint {
        let good = checkpoint(Skip::None);
        let mut machine = good.machine.clone().autoencoder().unwrap();
        part(&mut machine);
        Checkpoint { machine: machine.into(), ..good }
    }

    #[test]
    fn checkpoints_survive_a_round_trip_with_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t0042.safetensors");
        for skip in [Skip::None, Skip::Scalar(0.5), Skip::Diagonal(vec![1.0, 2.0, 3.0])] {
            let before = checkpoint(skip);
            let bytes = write(&before).unwrap();
            assert_eq!(bytes, write(&before).unwrap());
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path).unwrap(), before);
        }
    }

    #[test]
    fn dense_units_of_fewer_axes_are_of_the_later_format_and_come_back() {
        let path = Path::new("t0042.safetensors");
        let narrow = less(|machine| (machine.w1, machine.w2) = (vec![1.0, -1.5], vec![0.5, 2.0]));
        let bytes = write(&narrow).unwrap();
        assert_eq!(from_bytes(path, &bytes).unwrap(), narrow);
        assert_eq!(Reader::new(path, &bytes).unwrap().integer("format").unwrap(), 4);
        let whole = write(&checkpoint(Skip::None)).unwrap();
        assert_eq!(Reader::new(path, &whole).unwrap().integer("format").unwrap(), 3);
        let wide = less(|machine| (machine.w1, machine.w2) = (vec![0.5; 6], vec![0.5; 6]));
        let message = from_bytes(path, &write(&wide).unwrap()).unwrap_err().to_string();
        assert!(message.ends_with("3 of 2 inputs for 3 coordinates"), "{message}");
    }

    #[test]
    fn curves_of_unequal_lengths_are_refused_and_absent_ones_stay_absent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t0042.safetensors");
        let mut before = checkpoint(Skip::None);
        before.history.validation.clear();
        before.history.class_gain.clear();
        before.history.class_offset.clear();
        std::fs::write(&path, write(&before).unwrap()).unwrap();
        assert_eq!(read(&path).unwrap(), before);
        before.history.class_gain = vec![0.5; 2];
        std::fs::write(&path, write(&before).unwrap()).unwrap();
        let message = read(&path).unwrap_err().to_string();
        assert!(message.ends_with("tensor `class_gain` has shape [2], expected [3]"), "{message}");
        before.history.test.push(0.1);
        std::fs::write(&path, write(&before).unwrap()).unwrap();
        let message = read(&path).unwrap_err().to_string();
        assert!(message.ends_with("tensor `test_mse` has shape [3], expected [2]"), "{message}");
    }

    #[test]
    fn damaged_files_are_named_and_never_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t0042.safetensors");
        let good = write(&checkpoint(Skip::None)).unwrap();
        for cut in [0, 4, 9, 60, good.len() - 1] {
            std::fs::write(&path, &good[..cut]).unwrap();
            let message = read(&path).unwrap_err().to_string();
            assert!(message.starts_with(path.to_str().unwrap()), "{message}");
        }
        std::fs::write(&path, String::from_utf8_lossy(&good).replace("format\\\":3", "format\\\":9").as_bytes())
            .unwrap();
        assert!(read(&path).is_err());
        assert!(matches!(read(&folder.path().join("absent")), Err(ModelError::Read { .. })));
    }

    #[test]
    fn alpha_bar_comes_back_to_the_last_bit() {
        // Reading the text of a number by the short way is off by one in the last place here.
        let before = Checkpoint { alpha_bar: 1.594_512_499_999_999_7, ..checkpoint(Skip::None) };
        let path = Path::new("t0042.safetensors");
        assert_eq!(from_bytes(path, &write(&before).unwrap()).unwrap().alpha_bar, before.alpha_bar);
    }

    #[test]
    fn a_machine_of_no_size_is_refused() {
        let path = Path::new("t0042.safetensors");
        let message = |wrong| from_bytes(path, &write(&wrong).unwrap()).unwrap_err().to_string();
        let zero = message(Checkpoint { t: 0, ..checkpoint(Skip::None) });
        assert_eq!(zero, "t0042.safetensors: not a valid checkpoint: t is 0, expected 1 or more");
        let none = less(|machine| {
            *machine = Machine { hidden: 0, w1: Vec::new(), b1: Vec::new(), w2: Vec::new(), ..machine.clone() };
        });
        assert!(message(none).ends_with("the number of hidden units is 0, expected 1 or more"));
    }

    #[test]
    fn a_machine_whose_arrays_do_not_fit_is_not_written() {
        let wrong = less(|machine| machine.b1.truncate(1));
        assert!(matches!(write(&wrong), Err(ModelError::Encode(_))));
    }

    #[test]
    fn a_layer_of_sigmoids_survives_a_round_trip_and_must_be_square() {
        let path = Path::new("t0042.safetensors");
        let layer = SigmoidLayer { w: vec![1.0, -2.0, 0.5, f32::MIN_POSITIVE], b: vec![0.25, -1.0] };
        let before = Checkpoint { machine: layer.into(), ..checkpoint(Skip::None) };
        let bytes = write(&before).unwrap();
        assert_eq!(from_bytes(path, &bytes).unwrap(), before);
        let narrow = SigmoidLayer { w: vec![1.0; 4], b: vec![0.25] };
        assert!(matches!(write(&Checkpoint { machine: narrow.into(), ..before.clone() }), Err(ModelError::Encode(_))));
        let metadata = json!({ "format": FORMAT, "t": 42, "dim": 3, "alpha_bar": 0.5, "kept": 3, "key": "abc" });
        let other = encode(&[f32s("w", &[2, 2], &[0.0; 4]), f32s("b", &[2], &[0.0; 2])], &metadata).unwrap();
        let message = from_bytes(path, &other).unwrap_err().to_string();
        assert!(message.ends_with("tensor `w` has shape [2, 2], expected [3, 3]"), "{message}");
    }
}
