//! The layers of settings: which place gave which key, and their merge over the defaults.

use std::collections::BTreeMap;
use std::ops::Range;

use figment::Figment;
use figment::providers::Serialized;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, ConfigErrors, Faults, Origin, Place, one_line, shown};
use super::experiment::Origins;
use super::keys::{self, Key};
use super::raw::RawExperiment;
use super::source_text::SourceText;
use super::suggest;
use super::syntax;
use super::value::{Entry, Node, Value, entries};

/// The section of a sweep, the only one that is not in the key table.
pub(crate) const SWEEP: &str = "sweep";
/// Environment variables with this prefix are settings.
const PREFIX: &str = "DRIVER_";

/// The environment variable that sets the key `path`.
pub(crate) fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.to_ascii_uppercase().replace('.', "__"))
}

/// A value given for a key.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) node: Node,
    pub(crate) name_span: Range<usize>,
}

/// The settings of one place; only the file has positions.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) place: Option<Place>,
    given: BTreeMap<&'static str, Given>,
    /// `[sweep]`, which is about several runs and no setting of one.
    pub(crate) sweep: Option<Given>,
}

impl Layer {
    /// `path` as this layer writes it.
    fn spelt(&self, path: &str) -> String {
        match self.place {
            Some(Place::Environment { .. }) => variable(path),
            _ => format!("\"{path}\""),
        }
    }
}

/// All layers above the defaults, lowest first.
#[derive(Debug, Clone)]
pub(crate) struct Layers {
    source: SourceText,
    layers: Vec<Layer>,
}

impl Layers {
    /// Sorts every given value to its key; unknown keys and misshapen arguments go to `faults`.
    ///
    /// # Errors
    /// The slips of a file that is not TOML: nothing can be said about its keys then.
    pub(crate) fn read(
        source: SourceText,
        environment: &[(String, String)],
        set: &[String],
        faults: &mut Faults,
    ) -> Result<Self, ConfigErrors> {
        let file = parse_file(&source)?;
        let mut layers = Self { source, layers: Vec::new() };
        layers.add(None, file, faults);
        let setting = |(name, value)| Some((String::as_str(name).strip_prefix(PREFIX)?, name, value));
        let mut variables: Vec<_> = environment.iter().map(|(name, value)| (name, value)).filter_map(setting).collect();
        variables.sort();
        for (key, name, value) in variables {
            let path = key.to_ascii_lowercase().replace("__", ".");
            let place = Place::Environment { name: name.clone(), value: value.clone() };
            layers.add(Some(place), vec![argument(&path, value)], faults);
        }
        for text in set {
            let place = Place::Set(text.clone());
            match text.split_once('=') {
                Some((path, value)) => layers.add(Some(place), vec![argument(path.trim(), value.trim())], faults),
                None => {
                    let message = "expected key=value, as in train.epochs=3";
                    faults.push(ConfigError::new(Origin { place, snippet: None }, None, message));
                }
            }
        }
        Ok(layers)
    }

    fn add(&mut self, place: Option<Place>, entries: Vec<Entry>, faults: &mut Faults) {
        let mut layer = Layer { place, given: BTreeMap::new(), sweep: None };
        self.sort_into(&mut layer, "", entries, faults);
        self.layers.push(layer);
    }

    /// Moves `entries` of `section` ("" at the top) under their keys.
    fn sort_into(&self, layer: &mut Layer, section: &str, entries: Vec<Entry>, faults: &mut Faults) {
        for Entry { name, name_span, node } in entries {
            if faults.are_full() {
                return;
            }
            if section.is_empty() && name == SWEEP {
                layer.sweep = Some(Given { node, name_span });
                continue;
            }
            let path = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
            // A quoted name with a point in it is not a path.
            let known = if name.contains('.') { None } else { keys::find(&path) };
            if let Some(key) = known {
                layer.given.insert(key.path, Given { node, name_span });
                continue;
            }
            let inside = section.is_empty() && keys::is_section(&path);
            let (span, message) = match node.value {
                Value::Table(inner) if inside => {
                    self.sort_into(layer, &path, inner, faults);
                    continue;
                }
                other if inside => (node.span, format!("expected a table of keys, found {}", other.described())),
                _ => (name_span, suggest::unknown_key(section, &name, |path| layer.spelt(path))),
            };
            faults.push(ConfigError::new(self.origin_in(layer, &span), Some(&displayed(section, &name)), message));
        }
    }

    /// The place of the name `sweep` where it is given first.
    pub(crate) fn origin_of_sweep(&self) -> Option<Origin> {
        self.of_sweep().next().map(|(layer, given)| self.origin_in(layer, &given.name_span))
    }

    /// The layers that say something of a sweep, lowest first.
    pub(crate) fn of_sweep(&self) -> impl Iterator<Item = (&Layer, &Given)> {
        self.layers.iter().filter_map(|layer| Some((layer, layer.sweep.as_ref()?)))
    }

    /// The same layers with one more above all, that of `place`, which gives `path`.
    pub(crate) fn set(&mut self, place: Option<Place>, path: &'static str, given: Given) {
        self.layers.push(Layer { place, given: BTreeMap::from([(path, given)]), sweep: None });
    }

    /// The place of `span` in the layer of `place`.
    pub(crate) fn origin_at(&self, place: Option<&Place>, span: &Range<usize>) -> Origin {
        match place {
            Some(place) => Origin { place: place.clone(), snippet: None },
            None => self.source.origin(span),
        }
    }

    fn origin_in(&self, layer: &Layer, span: &Range<usize>) -> Origin {
        self.origin_at(layer.place.as_ref(), span)
    }

    fn winner(&self, path: &str) -> Option<(&Layer, &Given)> {
        self.layers.iter().rev().find_map(|layer| Some((layer, layer.given.get(path)?)))
    }

    /// The value in force for `path`, if a layer gives one.
    pub(crate) fn value(&self, path: &str) -> Option<&Node> {
        self.winner(path).map(|(_, given)| &given.node)
    }

    /// The place of the value in force for `path`, or the file as a whole.
    pub(crate) fn origin(&self, path: &str) -> Origin {
        self.winner(path).map_or_else(|| self.source.whole(), |(layer, given)| self.origin_in(layer, &given.node.span))
    }

    /// The place of element `index` of the list in force for `path`.
    pub(crate) fn origin_of_element(&self, path: &str, index: usize) -> Origin {
        match self.winner(path) {
            Some((layer, Given { node: Node { value: Value::List(items), .. }, .. })) => {
                items.get(index).map_or_else(|| self.origin(path), |item| self.origin_in(layer, &item.span))
            }
            _ => self.origin(path),
        }
    }

    /// The place of a part of the value in force for `path`, `span` being the part's.
    pub(crate) fn origin_of_part(&self, path: &str, span: &Range<usize>) -> Origin {
        self.winner(path).map_or_else(|| self.source.whole(), |(layer, _)| self.origin_in(layer, span))
    }

    /// The place of the name `path` where its value in force is given.
    pub(crate) fn origin_of_name(&self, path: &str) -> Origin {
        self.winner(path).map_or_else(|| self.source.whole(), |(layer, given)| self.origin_in(layer, &given.name_span))
    }

    /// The experiment's file as a whole.
    pub(crate) fn whole_file(&self) -> Origin {
        self.source.whole()
    }

    /// The stem of the experiment's file.
    pub(crate) fn file_stem(&self) -> String {
        self.source.path().file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The place of `path` where an argument or the environment gives it, above the file.
    pub(crate) fn origin_above_file(&self, path: &str) -> Option<Origin> {
        let (layer, given) = self.winner(path).filter(|(layer, _)| layer.place.is_some())?;
        Some(self.origin_in(layer, &given.node.span))
    }

    /// Takes `path` out of every layer, so that a faulty value does not reach the merge.
    pub(crate) fn discard(&mut self, path: &str) {
        for layer in &mut self.layers {
            layer.given.remove(path);
        }
    }

    /// The defaults with every layer merged over them.
    pub(crate) fn merge(&self) -> Result<RawExperiment, ConfigError> {
        let mut merged = Figment::from(Serialized::defaults(RawExperiment::default()));
        for layer in &self.layers {
            for (path, given) in &layer.given {
                merged = merged.merge(Serialized::default(path, given.node.value.to_toml()));
            }
        }
        merged.extract().map_err(|error| {
            let path = error.path.join(".");
            ConfigError::new(self.origin(&path), Some(&path), one_line(&error.kind.to_string()))
        })
    }

    /// Where every given key was written.
    pub(crate) fn origins(&self) -> Origins {
        let given = keys::keys().iter().filter(|key| self.value(key.path).is_some());
        Origins {
            file: self.source.path().to_owned(),
            given: given.map(|key| (key.path, self.origin(key.path))).collect(),
        }
    }
}

fn parse_file(source: &SourceText) -> Result<Vec<Entry>, ConfigErrors> {
    let (table, errors) = DeTable::parse_recoverable(source.text());
    if errors.is_empty() { Ok(entries(table.get_ref())) } else { Err(syntax::faults(source, &errors)) }
}

/// The entry `path = text` of the environment or the command line: TOML where it parses, else a bare string.
fn argument(path: &str, text: &str) -> Entry {
    let wants_text = keys::find(path).is_some_and(|key: &Key| key.kind.is_text());
    let value = match DeValue::parse(text).map(|parsed| Value::from(parsed.get_ref())) {
        Ok(value) if !wants_text || matches!(value, Value::Text(_)) => value,
        _ => Value::Text(text.to_owned()),
    };
    let entry = |name: &str, value| Entry { name: name.to_owned(), name_span: 0..0, node: Node { value, span: 0..0 } };
    // Keys are two names deep at most; the third keeps the rest, so that a long path cannot nest without bound.
    let names: Vec<&str> = path.splitn(3, '.').collect();
    let (first, inner) = names.split_first().unwrap_or((&path, &[]));
    let value = inner.iter().rev().fold(value, |value, name| Value::Table(vec![entry(name, value)]));
    entry(first, value)
}

/// `section.name`, with quotes where TOML needs them.
pub(crate) fn displayed(section: &str, name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let name = if bare { shown(name) } else { format!("\"{}\"", shown(name)) };
    if section.is_empty() { name } else { format!("{section}.{name}") }
}
