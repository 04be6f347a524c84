//! Faults of a configuration: one line each, that begins with the place and the key.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use super::source_text::Snippet;

/// Characters of user text shown in a message before it is cut.
const SHOWN: usize = 60;

/// A place in a text file; lines and columns count characters from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// What wrote a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The experiment's file; no position for what is absent from it.
    File {
        /// As given on the command line.
        path: PathBuf,
        /// Of the value, or of the key where the key itself is at fault.
        position: Option<Position>,
    },
    /// An environment variable.
    Environment {
        /// Full name, `DRIVER_...`.
        name: String,
        /// Its text.
        value: String,
    },
    /// The text of a `--set`.
    Set(String),
}

impl Place {
    /// Faults are listed in layer order, by position in the file, and what is absent from the file after what is in it.
    fn rank(&self) -> (u8, Option<Position>) {
        match self {
            Self::File { position: Some(position), .. } => (0, Some(*position)),
            Self::File { position: None, .. } => (1, None),
            Self::Environment { .. } => (2, None),
            Self::Set(_) => (3, None),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, position } => {
                write!(f, "{}", one_line(&path.to_string_lossy()))?;
                match position {
                    Some(Position { line, column }) => write!(f, ":{line}:{column}"),
                    None => Ok(()),
                }
            }
            Self::Environment { name, value } => write!(f, "{}={}", shown(name), shown(value)),
            Self::Set(text) => write!(f, "--set {}", shown(text)),
        }
    }
}

/// The place of a value and, for a file, the line it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What wrote it.
    pub place: Place,
    pub(crate) snippet: Option<Box<Snippet>>,
}

/// One fault of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    origin: Origin,
    key: Option<String>,
    message: String,
}

impl ConfigError {
    /// A fault of `key`, or of the whole file or argument without one.
    pub(crate) fn new(origin: Origin, key: Option<&str>, message: impl Into<String>) -> Self {
        Self { origin, key: key.map(str::to_owned), message: message.into() }
    }

    /// `place: key: message`, without the source line.
    pub fn line(&self) -> String {
        let key = self.key.as_ref().map(|key| format!("{key}: ")).unwrap_or_default();
        format!("{}: {key}{}", self.origin.place, self.message)
    }

    /// The same fault with more said at the end of its line.
    pub(crate) fn with_note(self, note: &str) -> Self {
        Self { message: format!("{} {note}", self.message), ..self }
    }

    /// The key at fault, if it is one key.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// What wrote the offending value.
    pub fn place(&self) -> &Place {
        &self.origin.place
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())?;
        match &self.origin.snippet {
            Some(snippet) => write!(f, "\n{snippet}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

/// All faults of a configuration, in the order of the places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// The faults, at least one.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

/// The faults found so far and the keys they spoil, so that one mistake is reported once.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    errors: Vec<ConfigError>,
    spoilt: BTreeSet<String>,
}

impl Faults {
    /// More faults than this are not listed: the file is not an experiment.
    const MOST: usize = 1000;

    pub(crate) fn push(&mut self, error: ConfigError) {
        self.spoilt.extend(error.key.clone());
        match self.errors.len() {
            n if n < Self::MOST => self.errors.push(error),
            Self::MOST => {
                let message = format!("more than {} faults, mend those above first", Self::MOST);
                self.errors.push(ConfigError::new(error.origin, None, message));
            }
            _ => {}
        }
    }

    /// Whether no further fault will be listed.
    pub(crate) fn are_full(&self) -> bool {
        self.errors.len() > Self::MOST
    }

    /// Notes that `key` has a fault that another key's message tells.
    pub(crate) fn spoil(&mut self, key: &str) {
        self.spoilt.insert(key.to_owned());
    }

    /// No faults yet, of settings in which the same keys are spoilt already.
    pub(crate) fn heir(&self) -> Self {
        Self { errors: Vec::new(), spoilt: self.spoilt.clone() }
    }

    /// The faults, in the order in which they were found.
    pub(crate) fn errors(self) -> Vec<ConfigError> {
        self.errors
    }

    /// Whether `key`, or the section it stands in, has a fault already.
    pub(crate) fn spoils(&self, key: &str) -> bool {
        self.spoilt.contains(key) || key.split_once('.').is_some_and(|(section, _)| self.spoilt.contains(section))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    pub(crate) fn into_errors(mut self) -> ConfigErrors {
        let more = if self.are_full() { self.errors.pop() } else { None };
        self.errors.sort_by_key(|error| error.origin.place.rank());
        self.errors.extend(more);
        ConfigErrors(self.errors)
    }
}

/// `text` with control characters escaped, so that a message stays on one line.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// [`one_line`], cut to a length that can be read.
pub(crate) fn shown(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN).collect();
    let dots = if cut.len() < text.len() { "..." } else { "" };
    format!("{}{dots}", one_line(&cut))
}
