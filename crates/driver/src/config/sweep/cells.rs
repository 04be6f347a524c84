//! The cells of a sweep: which values each has, and the experiment that these make of the settings.

use std::collections::BTreeMap;

use super::super::choices::SweepMode;
use super::super::error::{ConfigError, Faults};
use super::super::experiment::Experiment;
use super::super::keys::keys;
use super::super::layers::{self, Layers};
use super::super::value::{Node, Value};
use super::Axis;
use super::axes::GivenAxis;
use super::belonging::{Words, lacks};

/// The index of each cell's value on every axis, the last axis the fastest.
pub(super) fn indices(mode: SweepMode, axes: &[GivenAxis]) -> Vec<Vec<usize>> {
    let lengths: Vec<usize> = axes.iter().map(|axis| axis.values.len()).collect();
    match mode {
        SweepMode::Grid => grid(&lengths),
        SweepMode::Zip => (0..lengths.first().copied().unwrap_or(0)).map(|i| vec![i; lengths.len()]).collect(),
    }
}

fn grid(lengths: &[usize]) -> Vec<Vec<usize>> {
    lengths.iter().fold(vec![Vec::new()], |cells, &length| {
        let longer = |cell: Vec<usize>| (0..length).map(move |i| [cell.as_slice(), &[i]].concat());
        cells.into_iter().flat_map(longer).collect()
    })
}

/// Cells in which every value of every axis is met once, beside the first values of the others: enough to find what is
/// wrong with the values where the cells themselves cannot be told.
pub(super) fn probes(axes: &[GivenAxis]) -> Vec<Vec<usize>> {
    let first = vec![0; axes.len()];
    let others = axes.iter().enumerate().flat_map(|(a, axis)| (1..axis.values.len()).map(move |i| (a, i)));
    let other = |(a, i)| first.iter().enumerate().map(|(b, &zero)| if a == b { i } else { zero }).collect();
    [first.clone()].into_iter().chain(others.map(other)).collect()
}

/// The experiment of each cell, `None` once one is at fault; a fault that several cells share is told once.
pub(super) fn experiments(
    layers: &Layers,
    axes: &[GivenAxis],
    indices: &[Vec<usize>],
    faults: &mut Faults,
) -> Option<Vec<Experiment>> {
    let mut found: Vec<(ConfigError, Vec<usize>)> = Vec::new();
    let mut made = Vec::with_capacity(indices.len());
    let word = |node: &Node| if let Value::Text(word) = &node.value { word.clone() } else { String::new() };
    let texts: Vec<Vec<String>> = axes.iter().map(|axis| axis.values.iter().map(word).collect()).collect();
    let words = axes
        .iter()
        .zip(&texts)
        .map(|(axis, texts)| Words { key: axis.key.path, values: texts.iter().map(String::as_str).collect() });
    let words: Vec<Words<'_>> = words.collect();
    for (number, at) in indices.iter().enumerate() {
        let mut cell = layers.clone();
        for (axis, &i) in axes.iter().zip(at) {
            let given = layers::Given { node: axis.values[i].clone(), name_span: axis.name_span.clone() };
            cell.set(axis.place.clone(), axis.key.path, given);
        }
        for key in keys().iter().filter(|key| !axes.iter().any(|axis| axis.key.path == key.path)) {
            if lacks(key, &words, at) {
                cell.discard(key.path);
            }
        }
        let mut own = faults.heir();
        made.push(super::super::experiment(cell, &mut own));
        for error in own.errors() {
            match found.iter_mut().find(|(known, _)| *known == error) {
                Some((_, cells)) => cells.push(number),
                None => found.push((error, vec![number])),
            }
        }
    }
    let sound = found.is_empty();
    for (error, cells) in found {
        let note = note(axes, indices, &error, &cells);
        faults.push(if note.is_empty() { error } else { error.with_note(&note) });
    }
    made.into_iter().collect::<Option<_>>().filter(|_| sound)
}

/// Which cells have a fault, where neither all have it nor all of one value, at which it is shown.
fn note(axes: &[GivenAxis], indices: &[Vec<usize>], error: &ConfigError, cells: &[usize]) -> String {
    let axis = axes.iter().position(|axis| error.key() == Some(axis.key.path));
    let of_one_value = axis.zip(cells.first()).is_some_and(|(a, &first)| {
        let same = |number: &usize| indices[*number][a] == indices[first][a];
        (0..indices.len()).filter(same).eq(cells.iter().copied())
    });
    match cells {
        _ if cells.len() == indices.len() || of_one_value => String::new(),
        [] => String::new(),
        [one] => format!("(in {})", described(axes, &indices[*one])),
        [first, others @ ..] => format!("(in {}, and {} more cells)", described(axes, &indices[*first]), others.len()),
    }
}

/// `the cell model.hidden = 50, seed = 1`.
fn described(axes: &[GivenAxis], at: &[usize]) -> String {
    let value = |(axis, &i): (&GivenAxis, &usize)| format!("{} = {}", axis.key.path, axis.values[i].value.written());
    format!("the cell {}", axes.iter().zip(at).map(value).collect::<Vec<_>>().join(", "))
}

/// Refuses cells that are the same experiment, at the value that makes them so.
pub(super) fn refuse_repeated(
    layers: &Layers,
    axes: &[GivenAxis],
    indices: &[Vec<usize>],
    experiments: &[Experiment],
    faults: &mut Faults,
) {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut told: Vec<(usize, usize)> = Vec::new();
    for (number, experiment) in experiments.iter().enumerate() {
        let Some(&earlier) = known.get(&experiment.to_toml()) else {
            known.insert(experiment.to_toml(), number);
            continue;
        };
        let (here, there) = (&indices[number], &indices[earlier]);
        let Some(a) = (0..axes.len()).find(|&a| here[a] != there[a]) else { continue };
        if told.contains(&(a, here[a])) {
            continue;
        }
        told.push((a, here[a]));
        let (axis, value) = (&axes[a], &axes[a].values[here[a]]);
        let origin = layers.origin_at(axis.place.as_ref(), &value.span);
        let message = format!(
            "{} is not allowed, it makes the same experiment as {}; use different cells",
            value.value.written(),
            described(axes, there)
        );
        faults.push(ConfigError::new(origin, Some(axis.key.path), message));
    }
}

/// Axis `a` with its values as the experiments have them, so that two ways to write a number are one.
pub(super) fn axis(given: &GivenAxis, a: usize, indices: &[Vec<usize>], experiments: &[Experiment]) -> Axis {
    let key = given.key.path;
    let in_force = |i: usize| {
        let cell = indices.iter().position(|at| at[a] == i)?;
        let settings = experiments.get(cell)?.settings();
        settings.into_iter().find_map(|(path, value)| (path == key).then_some(value))
    };
    let value = |(i, node): (usize, &super::super::value::Node)| in_force(i).unwrap_or_else(|| node.value.to_toml());
    Axis { key, values: given.values.iter().enumerate().map(value).collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_axis_is_the_fastest() {
        assert_eq!(grid(&[2, 3]), [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
    }

    proptest! {
        #[test]
        fn a_grid_has_as_many_cells_as_the_product_each_once_and_in_order(lengths in prop::collection::vec(1_usize..5, 1..5)) {
            let cells = grid(&lengths);
            prop_assert_eq!(cells.len(), lengths.iter().product::<usize>());
            prop_assert!(cells.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(cells.iter().all(|cell| cell.iter().zip(&lengths).all(|(i, length)| i < length)));
        }
    }
}
