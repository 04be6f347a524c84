//! What `[sweep]` says, of all layers: the mode and the axes, each with its place.

use std::ops::Range;

use super::super::choices::SweepMode;
use super::super::error::{ConfigError, Faults, Place, shown};
use super::super::keys::{self, Key, names_in};
use super::super::layers::{self, Layer, Layers, displayed};
use super::super::suggest;
use super::super::value::{Entry, Node, Value};

/// More cells than this are a slip: they would have to be run one after the other.
const MOST_CELLS: usize = 1000;
/// What an axis may vary.
pub(crate) const ALLOWED: &str =
    "seed or a key of [data], [schedule], [model], [train], [sample], [analysis], [figures]";

/// The axes as they are given.
pub(super) struct Given {
    pub(super) mode: SweepMode,
    pub(super) axes: Vec<GivenAxis>,
    /// Whether nothing is wrong with them.
    pub(super) sound: bool,
}

/// One axis as it is given.
pub(super) struct GivenAxis {
    pub(super) key: &'static Key,
    pub(super) place: Option<Place>,
    pub(super) name_span: Range<usize>,
    /// The list's own place.
    span: Range<usize>,
    /// At least one.
    pub(super) values: Vec<Node>,
}

/// Reads `[sweep]`, layer over layer.
pub(super) fn given(layers: &Layers, faults: &mut Faults) -> Given {
    let mut reader = Reader { layers, faults, mode: SweepMode::Grid, axes: Vec::new(), sound: true };
    for (layer, given) in layers.of_sweep() {
        match &given.node.value {
            Value::Table(entries) => reader.sweep(layer, entries),
            other => {
                let message = format!("expected a table of keys, found {}", other.described());
                reader.fault(layer.place.as_ref(), &given.node.span, layers::SWEEP, message);
            }
        }
    }
    reader.check();
    let Reader { mode, axes, sound, .. } = reader;
    Given { mode, axes, sound }
}

struct Reader<'a> {
    layers: &'a Layers,
    faults: &'a mut Faults,
    mode: SweepMode,
    axes: Vec<GivenAxis>,
    sound: bool,
}

impl Reader<'_> {
    fn fault(&mut self, place: Option<&Place>, span: &Range<usize>, key: &str, message: impl Into<String>) {
        self.sound = false;
        self.faults.push(ConfigError::new(self.layers.origin_at(place, span), Some(key), message));
    }

    fn sweep(&mut self, layer: &Layer, entries: &[Entry]) {
        let place = layer.place.as_ref();
        for Entry { name, name_span, node } in entries {
            match (name.as_str(), &node.value) {
                ("mode", value) => match SweepMode::ALL.iter().find(|mode| is_word(value, mode.word())) {
                    Some(mode) => self.mode = *mode,
                    None => {
                        let words = SweepMode::WORDS.join(", ");
                        let message = format!("{} is not allowed, use one of {words}", value.written());
                        self.fault(place, &node.span, "sweep.mode", message);
                    }
                },
                ("axes", Value::Table(axes)) => {
                    let mut named = leaves("", axes);
                    // The order of the file; a table that was parsed has the order of the names.
                    named.sort_by_key(|(_, entry)| entry.name_span.start);
                    let before = self.axes.len();
                    named.into_iter().for_each(|(path, entry)| self.axis(layer, before, &path, entry));
                }
                ("axes", other) => {
                    let message = format!("expected a table of keys with lists of values, found {}", other.described());
                    self.fault(place, &node.span, "sweep.axes", message);
                }
                _ => {
                    let near = suggest::nearest(name, &["mode", "axes"]).map(|near| format!("sweep.{near}"));
                    let axis = || keys::find(name).map(|key| shown_key(key.path));
                    let message = match near.or_else(axis) {
                        Some(meant) => format!("unknown key, did you mean {meant}?"),
                        None => "unknown key, [sweep] has mode, axes".to_owned(),
                    };
                    self.fault(place, name_span, &displayed(layers::SWEEP, name), message);
                }
            }
        }
    }

    /// Takes the axis `path` of `layer`; those from `before` on are of the same layer.
    fn axis(&mut self, layer: &Layer, before: usize, path: &str, entry: &Entry) {
        let place = layer.place.as_ref();
        let key = match axis_key(path) {
            Ok(key) => key,
            Err(message) => return self.fault(place, &entry.name_span, &shown_key(path), message),
        };
        let known = self.axes.iter().position(|axis| axis.key.path == key.path);
        if known.is_some_and(|i| i >= before) {
            let message = "a second time is not allowed, give each axis once";
            return self.fault(place, &entry.name_span, &shown_key(path), message);
        }
        let values = match &entry.node.value {
            Value::List(items) if !items.is_empty() => items.clone(),
            other => {
                // Without values it takes the place of its key all the same.
                self.faults.spoil(key.path);
                let message = match other {
                    Value::List(_) => "[] is not allowed, use one or more values".to_owned(),
                    other => format!("expected a list of values, found {}", other.described()),
                };
                return self.fault(place, &entry.node.span, &shown_key(path), message);
            }
        };
        let (name_span, span) = (entry.name_span.clone(), entry.node.span.clone());
        let axis = GivenAxis { key, place: place.cloned(), name_span, span, values };
        match known {
            // An axis keeps its place in the order when an argument changes its values.
            Some(i) => self.axes[i] = axis,
            None => self.axes.push(axis),
        }
    }

    /// What concerns all axes together.
    fn check(&mut self) {
        if self.axes.is_empty() && self.sound {
            let message = "missing, use one or more keys, each with a list of values, as in \"seed\" = [1, 2, 3]";
            self.sound = false;
            self.faults.push(ConfigError::new(self.layers.whole_file(), Some("sweep.axes"), message));
        }
        for (key, origin) in self.overruled() {
            self.sound = false;
            let meant = format!("sweep.axes.{key}");
            let message = format!("an axis of the sweep takes its place; give {meant} a list of values instead");
            self.faults.push(ConfigError::new(origin, Some(key), message));
        }
        match self.mode {
            SweepMode::Zip => self.check_lengths(),
            SweepMode::Grid => {
                let lengths = self.axes.iter().map(|axis| axis.values.len());
                let count = lengths.fold(1_usize, usize::saturating_mul);
                self.check_count(count);
            }
        }
    }

    /// Keys of axes that an argument or the environment gives one value, which no cell would have.
    fn overruled(&self) -> Vec<(&'static str, super::super::error::Origin)> {
        let keys = self.axes.iter().map(|axis| axis.key.path);
        keys.filter_map(|key| Some((key, self.layers.origin_above_file(key)?))).collect()
    }

    fn check_lengths(&mut self) {
        let Some(first) = self.axes.first() else { return };
        let (key, length) = (first.key.path, first.values.len());
        let unequal = self.axes.iter().filter(|axis| axis.values.len() != length);
        let found: Vec<_> =
            unequal.map(|axis| (axis.place.clone(), axis.span.clone(), axis.key.path, axis.values.len())).collect();
        for (place, span, path, found) in found {
            let message =
                format!("a list of {found} is not allowed with sweep.mode = zip, use {length} values as {key} has");
            self.fault(place.as_ref(), &span, &shown_key(path), message);
        }
        self.check_count(length);
    }

    fn check_count(&mut self, count: usize) {
        if count > MOST_CELLS {
            let message = format!("{count} cells are not allowed, use at most {MOST_CELLS}");
            self.sound = false;
            self.faults.push(ConfigError::new(self.layers.whole_file(), Some("sweep.axes"), message));
        }
    }
}

fn is_word(value: &Value, word: &str) -> bool {
    matches!(value, Value::Text(text) if text == word)
}

/// The axes below `prefix` with their full names; a name in quotes may hold the point, or the tables nest.
fn leaves<'a>(prefix: &str, entries: &'a [Entry]) -> Vec<(String, &'a Entry)> {
    let of = |entry: &'a Entry| {
        let path = if prefix.is_empty() { entry.name.clone() } else { format!("{prefix}.{}", entry.name) };
        match &entry.node.value {
            // Keys are two names deep at most.
            Value::Table(inner) if prefix.is_empty() && keys::find(&path).is_none() => leaves(&path, inner),
            _ => vec![(path, entry)],
        }
    };
    entries.iter().flat_map(of).collect()
}

/// Whether an axis may vary the key: it changes numbers of a run.
pub(crate) fn may_vary(path: &str) -> bool {
    let section = path.split_once('.').map_or(path, |(section, _)| section);
    !["name", "purpose", "run", layers::SWEEP].contains(&section)
}

/// The key that an axis varies.
fn axis_key(path: &str) -> Result<&'static Key, String> {
    if !may_vary(path) {
        return Err(format!("not allowed as an axis, it changes no number of a run; use {ALLOWED}"));
    }
    if keys::is_section(path) {
        return Err(format!(
            "a section is not allowed as an axis, name one of its keys: {}",
            names_in(Some(path)).join(", ")
        ));
    }
    keys::find(path).ok_or_else(|| {
        let (section, name) = path.split_once('.').unwrap_or(("", path));
        let (section, name) = if keys::is_section(section) { (section, name) } else { ("", path) };
        suggest::unknown_key(section, name, |path| format!("\"{path}\""))
    })
}

/// `sweep.axes."model.hidden"`.
fn shown_key(path: &str) -> String {
    displayed("sweep.axes", &shown(path))
}
