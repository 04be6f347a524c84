//! Type, range and belonging of every given value, as the key table says.

use std::ops;

use analysis::observables;

use super::error::{ConfigError, Faults, shown};
use super::keys::{Key, Kind, MOST_CHANNELS, Range, WIDEST_KERNEL, default_word, keys};
use super::layers::Layers;
use super::suggest;
use super::value::{Entry, Node, Value};

/// Faults reported of one list.
const MOST_FAULTS: usize = 5;

/// Checks the value in force for each key; a faulty one leaves the layers, so that later checks see sound values only.
pub(crate) fn check(layers: &mut Layers, faults: &mut Faults) {
    for key in keys() {
        let found = match layers.value(key.path) {
            Some(node) => faults_of(&key.kind, node),
            None => {
                if key.required && !faults.spoils(key.path) {
                    let message = format!("missing, use {}", key.kind.allowed());
                    faults.push(ConfigError::new(layers.whole_file(), Some(key.path), message));
                }
                continue;
            }
        };
        for (span, message) in &found {
            faults.push(ConfigError::new(layers.origin_of_part(key.path, span), Some(key.path), message));
        }
        if !found.is_empty() {
            layers.discard(key.path);
        }
    }
    for key in keys() {
        if let Some(message) = misplaced(key, layers, faults) {
            faults.push(ConfigError::new(layers.origin_of_name(key.path), Some(key.path), message));
            layers.discard(key.path);
        }
    }
}

/// Why `key`, where given, does not go with the choice made elsewhere.
fn misplaced(key: &Key, layers: &Layers, faults: &Faults) -> Option<String> {
    let requirement = key.goes_with.filter(|of| layers.value(key.path).is_some() && !faults.spoils(of.key))?;
    let chosen = match layers.value(requirement.key).map(|node| &node.value) {
        Some(Value::Text(word)) => word.clone(),
        _ => default_word(requirement.key)?,
    };
    let words = requirement.words.join(", ");
    let goes_with = format!("goes with {} = {words}; here {} = {chosen}", requirement.key, requirement.key);
    (!requirement.words.contains(&chosen.as_str())).then_some(goes_with)
}

type Found = Vec<(ops::Range<usize>, String)>;

/// Everything wrong with `node` as a value of `kind`, with the span of the part at fault.
fn faults_of(kind: &Kind, node: &Node) -> Found {
    let wrong_type = |node: &Node| vec![(node.span.clone(), expected(kind, node))];
    match (kind, &node.value) {
        (Kind::Int { min, max } | Kind::IntOrList { min, max }, Value::Integer { value, .. }) => {
            refuse_unless(value.is_some_and(|n| (*min..=*max).contains(&n)), kind, node)
        }
        (Kind::Float(range) | Kind::FloatOrKnots(range), value) if value.is_number() => {
            refuse_unless(value.number().is_some_and(|x| range.contains(x)), kind, node)
        }
        (Kind::Text, Value::Text(_)) => Vec::new(),
        (Kind::Path, Value::Text(text)) => refuse_unless(!text.is_empty() && !text.contains('\0'), kind, node),
        (Kind::Choice(words), Value::Text(word)) => faults_of_word(kind, node, word, words),
        (Kind::FloatOrKnots(_), Value::List(items)) => list(kind, node, items, faults_of_knot),
        (Kind::IntList { min, max } | Kind::IntOrList { min, max }, Value::List(items)) => {
            list(kind, node, items, |_, item| faults_of(&Kind::Int { min: *min, max: *max }, item))
        }
        (Kind::FloatList(range), Value::List(items)) => {
            list(kind, node, items, |_, item| faults_of(&Kind::Float(*range), item))
        }
        (Kind::TextList, Value::List(items)) => list(kind, node, items, |_, item| faults_of(&Kind::Text, item)),
        (Kind::Observables, Value::List(words)) => {
            words.iter().flat_map(|word| faults_of_observable(kind, word)).take(MOST_FAULTS).collect()
        }
        (Kind::FloatMatrix, Value::List(rows)) => list(kind, node, rows, faults_of_row),
        (Kind::Local, Value::Table(entries)) => faults_of_local(node, entries),
        _ => wrong_type(node),
    }
}

/// The first faults of the items; an empty list is one itself.
fn list(kind: &Kind, node: &Node, items: &[Node], of_item: impl Fn(&Kind, &Node) -> Found) -> Found {
    if items.is_empty() {
        return refuse_unless(false, kind, node);
    }
    items.iter().flat_map(|item| of_item(kind, item)).take(MOST_FAULTS).collect()
}

/// The table of local units' shape: both of its keys and no other.
fn faults_of_local(node: &Node, entries: &[Entry]) -> Found {
    const NAMES: [&str; 3] = ["kernel", "channels", "last"];
    let unknown = entries.iter().filter(|entry| !NAMES.contains(&entry.name.as_str()));
    let mut found: Found = unknown
        .map(|entry| {
            (
                entry.name_span.clone(),
                format!("{} is not known here, use kernel, channels and last", shown(&entry.name)),
            )
        })
        .collect();
    let given = |name: &str| entries.iter().find(|entry| entry.name == name);
    for (name, most) in NAMES.into_iter().zip([WIDEST_KERNEL, MOST_CHANNELS, i64::MAX]) {
        match given(name).map(|entry| &entry.node) {
            None if name == "last" => {}
            None => {
                found.push((node.span.clone(), format!("{name} is missing, write {{ kernel = 5, channels = 32 }}")))
            }
            Some(value) => {
                let faults = faults_of(&Kind::Int { min: 1, max: most }, value);
                found.extend(faults.into_iter().map(|(span, message)| (span, format!("{name}: {message}"))));
            }
        }
    }
    let even = given("kernel").map(|entry| &entry.node).filter(|kernel| {
        matches!(kernel.value, Value::Integer { value: Some(kernel), .. } if kernel % 2 == 0 && (1..=WIDEST_KERNEL).contains(&kernel))
    });
    found.extend(even.map(|kernel| {
        (
            kernel.span.clone(),
            format!("kernel: {} is not allowed, use an odd number from 1 to {WIDEST_KERNEL}", kernel.value.written()),
        )
    }));
    found.truncate(MOST_FAULTS);
    found
}

/// A row of a matrix: one or more finite numbers.
fn faults_of_row(kind: &Kind, row: &Node) -> Found {
    match &row.value {
        Value::List(items) => list(kind, row, items, |_, item| faults_of(&Kind::Float(Range::ANY), item)),
        _ => vec![(row.span.clone(), expected(kind, row))],
    }
}

/// A knot: a timestep and a number in the range.
fn faults_of_knot(kind: &Kind, knot: &Node) -> Found {
    match (kind, &knot.value) {
        (Kind::FloatOrKnots(range), Value::List(pair)) => match pair.as_slice() {
            [t, rate] => {
                let mut found = faults_of(&Kind::Int { min: 1, max: i64::MAX }, t);
                found.extend(faults_of(&Kind::Float(*range), rate));
                found
            }
            _ => vec![(knot.span.clone(), format!("a knot has {} items, write it as [t, number]", pair.len()))],
        },
        _ => vec![(knot.span.clone(), expected(kind, knot))],
    }
}

/// A word that names observables.
fn faults_of_observable(kind: &Kind, node: &Node) -> Found {
    match &node.value {
        Value::Text(word) => faults_of_word(kind, node, word, &observables::words_known()),
        _ => faults_of(&Kind::Text, node),
    }
}

/// A word that must be one of `known`; a misspelt one is told the nearest.
fn faults_of_word(kind: &Kind, node: &Node, word: &str, known: &[&'static str]) -> Found {
    if known.contains(&word) {
        return Vec::new();
    }
    let hint = suggest::nearest(word, known).map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
    vec![(node.span.clone(), format!("{} is not allowed, use {}{hint}", node.value.written(), kind.allowed()))]
}

fn expected(kind: &Kind, node: &Node) -> String {
    format!("expected {}, found {}", kind.expected(), node.value.described())
}

fn refuse_unless(allowed: bool, kind: &Kind, node: &Node) -> Found {
    if allowed {
        return Vec::new();
    }
    vec![(node.span.clone(), format!("{} is not allowed, use {}", node.value.written(), kind.allowed()))]
}
