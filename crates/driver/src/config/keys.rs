//! The one list of configuration keys: what exists, of which type, in which range, and what it means.

mod explain;
mod kind;
#[cfg(test)]
mod manual;
mod schema;
mod sweep;
mod table;

pub use explain::explain;
pub use kind::{Kind, Range};
pub(crate) use kind::{MOST_CHANNELS, WIDEST_KERNEL};
pub use schema::schema;

use super::raw::RawExperiment;

/// One key of the configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// Full name, `section.name` or `name`.
    pub path: &'static str,
    /// Type and range.
    pub kind: Kind,
    /// Whether the key must be given whatever the other keys say.
    pub required: bool,
    /// The choice this key belongs to; with any other choice it is an error.
    pub goes_with: Option<Requirement>,
    /// Meaning, unit and source, in one or two sentences.
    pub doc: &'static str,
    /// What each word of a [`Kind::Choice`] means, in the order of the words; empty for other kinds.
    pub words: &'static [&'static str],
    /// A value as TOML, other than the default.
    pub example: Option<&'static str>,
}

impl Key {
    /// The section, "" outside the sections, and the name within it.
    pub fn parts(&self) -> (&'static str, &'static str) {
        self.path.split_once('.').unwrap_or(("", self.path))
    }

    /// The words of a [`Kind::Choice`], each with what it means.
    pub fn choices(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let words = if let Kind::Choice(words) = self.kind { words } else { &[] };
        words.iter().copied().zip(self.words.iter().map(|about| about.trim()))
    }

    /// The keys that go with a word of this one, each with those words.
    pub fn dependents(&self) -> impl Iterator<Item = (&'static Key, &'static [&'static str])> {
        let path = self.path;
        keys().iter().filter_map(move |key| {
            let of = key.goes_with.filter(|of| of.key == path)?;
            Some((key, of.words))
        })
    }

    /// The keys that the documentation of this one names, and those whose documentation names it.
    pub fn related(&self) -> Vec<&'static str> {
        let other = |key: &&Key| key.path != self.path && self.goes_with.is_none_or(|of| of.key != key.path);
        let tied = |key: &&Key| names(self.doc, key.path) || names(key.doc, self.path);
        let dependent = |key: &&Key| key.goes_with.is_some_and(|of| of.key == self.path);
        keys().iter().filter(other).filter(tied).filter(|key| !dependent(key)).map(|key| key.path).collect()
    }
}

/// Whether `text` names the key `path`, as a whole word.
fn names(text: &str, path: &str) -> bool {
    // A path without a point is a common word as well.
    let ends = |at: usize| !text[at + path.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    path.contains('.') && text.match_indices(path).any(|(at, _)| ends(at))
}

/// `key` is one of `words`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// A key whose kind is [`Kind::Choice`].
    pub key: &'static str,
    /// Some of its words.
    pub words: &'static [&'static str],
}

/// All keys, in the order in which they are documented and written.
pub fn keys() -> &'static [Key] {
    table::KEYS
}

/// The key named `path`.
pub(crate) fn find(path: &str) -> Option<&'static Key> {
    keys().iter().find(|key| key.path == path)
}

/// Whether `name` is a section, the part of a path before the point.
pub(crate) fn is_section(name: &str) -> bool {
    sections().contains(&name)
}

/// The sections in the order of the table.
pub(crate) fn sections() -> Vec<&'static str> {
    let mut names: Vec<&str> = keys().iter().filter_map(|key| Some(key.path.split_once('.')?.0)).collect();
    names.dedup();
    names
}

/// The names within `section`, or outside any section for `None`.
pub(crate) fn names_in(section: Option<&str>) -> Vec<&'static str> {
    keys()
        .iter()
        .filter_map(|key| match key.path.split_once('.') {
            Some((of, name)) => (Some(of) == section).then_some(name),
            None => section.is_none().then_some(key.path),
        })
        .collect()
}

/// The default value of the key `path` as TOML, or `None` for a key that is absent by default.
pub fn default_of(path: &str) -> Option<String> {
    default_value(path).map(|value| value.to_string())
}

/// The default of a [`Kind::Choice`] key, as a bare word.
pub(crate) fn default_word(path: &str) -> Option<String> {
    Some(default_value(path)?.as_str()?.to_owned())
}

fn default_value(path: &str) -> Option<toml::Value> {
    let table = toml::Table::try_from(RawExperiment::default()).ok()?;
    match path.split_once('.') {
        Some((section, name)) => table.get(section)?.get(name).cloned(),
        None => table.get(path).cloned().filter(|value| !value.is_table()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::experiment::Counts;
    use super::*;

    #[test]
    fn every_default_has_a_key_and_sections_are_contiguous() {
        let table = toml::Table::try_from(RawExperiment::default()).expect("defaults are TOML");
        for (name, value) in &table {
            let inner: Vec<String> = match value.as_table() {
                Some(section) => section.keys().map(|key| format!("{name}.{key}")).collect(),
                None => vec![name.clone()],
            };
            inner.iter().for_each(|path| assert!(find(path).is_some(), "{path} has a default but no key"));
        }
        let mut sorted = sections();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), sections().len());
    }

    #[test]
    fn requirements_name_words_of_a_choice() {
        for key in keys() {
            assert!(key.doc.ends_with('.') && !key.doc.contains('\n'), "{}", key.path);
            let words = if let Kind::Choice(words) = key.kind { words } else { &[] };
            assert_eq!(words.len(), key.words.len(), "{}: say what each word means", key.path);
            assert!(key.words.iter().all(|about| about.ends_with('.')), "{}", key.path);
            let Some(requirement) = key.goes_with else { continue };
            let Some(Kind::Choice(words)) = find(requirement.key).map(|key| key.kind) else { panic!("{}", key.path) };
            assert!(requirement.words.iter().all(|word| words.contains(word)), "{}", key.path);
        }
    }

    #[test]
    fn documented_counts_are_the_counts() {
        for source in [Counts::SWISS_ROLL, Counts::GAUSSIAN_MIXTURE, Counts::CURIE_WEISS, Counts::SYNTHETIC_DIGITS] {
            for (path, count) in [("data.train_limit", source.train), ("data.test_limit", source.test)] {
                assert!(find(path).expect("a key").doc.contains(&count.to_string()), "{path} {count}");
            }
        }
    }

    #[test]
    fn defaults_are_toml() {
        assert_eq!(default_of("train.batch").as_deref(), Some("50"));
        assert_eq!(default_of("schedule.law").as_deref(), Some("\"linear\""));
        assert_eq!(default_of("train.learning_rate").as_deref(), Some("0.001"));
        assert_eq!(default_of("data.digits").as_deref(), Some("[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"));
        assert_eq!(default_of("data.source"), None);
        assert_eq!(default_of("data"), None);
        assert_eq!(default_of("no.such"), None);
    }
}
