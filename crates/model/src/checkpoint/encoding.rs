//! Machines and learning curves as named tensors, and these as the bytes of a safetensors file.

use std::collections::HashMap;

use safetensors::serialize;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;

use super::{FORMAT, History, WIDER_FORMAT};
use crate::{LocalConfig, LocalUnits, Machine, ModelError, Skip};

/// A named tensor as raw little-endian bytes.
pub(super) type Raw = (String, Dtype, Vec<usize>, Vec<u8>);

pub(super) fn f32s(name: &str, shape: &[usize], values: &[f32]) -> Raw {
    (name.to_owned(), Dtype::F32, shape.to_vec(), values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

pub(super) fn f64s(name: &str, values: &[f64]) -> Raw {
    (name.to_owned(), Dtype::F64, vec![values.len()], values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

pub(super) fn u32s(name: &str, values: &[usize]) -> Raw {
    let bytes = values.iter().flat_map(|&v| u32::try_from(v).unwrap_or(u32::MAX).to_le_bytes()).collect();
    (name.to_owned(), Dtype::U32, vec![values.len()], bytes)
}

/// The tensors of a learning curve.
pub(super) fn curves(history: &History) -> Vec<Raw> {
    let mut tensors =
        vec![u32s("epoch", &history.epoch), f64s("train_mse", &history.train), f64s("test_mse", &history.test)];
    for (name, curve) in [
        ("validation_mse", &history.validation),
        ("wiener_test_mse", &history.wiener_test),
        ("class_gain", &history.class_gain),
        ("class_offset", &history.class_offset),
    ] {
        if !curve.is_empty() {
            tensors.push(f64s(name, curve));
        }
    }
    tensors
}

/// The bytes of a safetensors file with these tensors and one metadata entry (one, since the format's writer keeps
/// metadata in a hash map, whose order would differ between runs).
pub(super) fn encode(tensors: &[Raw], metadata: &Value) -> Result<Vec<u8>, ModelError> {
    let mut views = Vec::with_capacity(tensors.len());
    for (name, dtype, shape, bytes) in tensors {
        views.push((name, TensorView::new(*dtype, shape.clone(), bytes)?));
    }
    let metadata = HashMap::from([("machine".to_owned(), metadata.to_string())]);
    Ok(serialize(views, Some(metadata))?)
}

/// The tensors of a machine with a hidden layer.
pub(super) fn weights(machine: &Machine) -> Vec<Raw> {
    let (r, a, h) = (machine.inputs, machine.seen(), machine.hidden);
    let mut tensors = vec![
        f32s("w1", &[a, h], &machine.w1),
        f32s("b1", &[h], &machine.b1),
        f32s("w2", &[h, a], &machine.w2),
        f32s("b2", &[r], &machine.b2),
    ];
    match &machine.skip {
        Skip::None => {}
        Skip::Scalar(gain) => tensors.push(f32s("skip", &[1], &[*gain])),
        Skip::Diagonal(gains) => tensors.push(f32s("skip", &[gains.len()], gains)),
    }
    if let Some(local) = &machine.local {
        tensors.extend(local_arrays("local_", &local.units));
    }
    tensors
}

/// The tensors of local units.
pub(super) fn local_arrays(prefix: &str, units: &LocalUnits) -> [Raw; 3] {
    let LocalConfig { kernel, channels } = units.config();
    let array = |name: &str, shape: &[usize], values: &[f32]| f32s(&format!("{prefix}{name}"), shape, values);
    [
        array("w1", &[kernel * kernel, channels], &units.w1),
        array("b1", &[channels], &units.b1),
        array("w2", &[channels, kernel * kernel], &units.w2),
    ]
}

/// The version of a file with these tensors.
pub(super) fn format_of(tensors: &[Raw]) -> u64 {
    let local = tensors.iter().any(|(name, ..)| name.contains("local_"));
    let rows = |name: &str| tensors.iter().find(|(found, ..)| found == name).map(|(_, _, shape, _)| shape[0]);
    let fewer = |w1: &str, b2: &str| rows(w1) < rows(b2);
    if local || fewer("w1", "b2") || fewer("weights.w1", "weights.b2") { WIDER_FORMAT } else { FORMAT }
}
