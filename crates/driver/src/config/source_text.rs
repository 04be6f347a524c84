//! The text of an experiment's file: decoding, lines and columns, and the line shown under a message.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Origin, Place, Position, one_line};

/// Lines longer than this are not shown under a message.
const LONGEST_SHOWN: usize = 160;

/// A file's path and its text without the byte-order mark.
#[derive(Debug, Clone)]
pub(crate) struct SourceText {
    path: PathBuf,
    text: String,
    lines: Lines,
}

impl SourceText {
    /// The text of a UTF-8 file, with or without a byte-order mark.
    pub(crate) fn decode(path: &Path, bytes: &[u8]) -> Result<Self, ConfigError> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self { path: path.to_owned(), text: text.to_owned(), lines: Lines::of(bytes) }),
            Err(error) => {
                let at = error.valid_up_to();
                let byte = bytes.get(at).copied().unwrap_or_default();
                let place = Place::File { path: path.to_owned(), position: Some(Lines::of(bytes).position(bytes, at)) };
                let message = format!("not UTF-8 text (byte 0x{byte:02X}), save the file as UTF-8");
                Err(ConfigError::new(Origin { place, snippet: None }, None, message))
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The place of the bytes `span`.
    pub(crate) fn origin(&self, span: &Range<usize>) -> Origin {
        let at = self.lines.position(self.text.as_bytes(), span.start);
        let width = self.text.get(span.clone()).map_or(1, |marked| marked.chars().take_while(|c| *c != '\n').count());
        let line = self.text.get(self.lines.start(at.line)..).unwrap_or_default();
        let line = line.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let snippet = (line.chars().count() <= LONGEST_SHOWN)
            .then(|| Box::new(Snippet { position: at, line: one_line(&line.replace('\t', " ")), width }));
        Origin { place: Place::File { path: self.path.clone(), position: Some(at) }, snippet }
    }

    /// The file as a whole.
    pub(crate) fn whole(&self) -> Origin {
        Origin { place: Place::File { path: self.path.clone(), position: None }, snippet: None }
    }
}

/// The bytes at which the second and later lines begin.
#[derive(Debug, Clone)]
struct Lines(Vec<usize>);

impl Lines {
    fn of(bytes: &[u8]) -> Self {
        Self(bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1).collect())
    }

    /// The byte at which `line`, from 1, begins.
    fn start(&self, line: usize) -> usize {
        line.checked_sub(2).and_then(|i| self.0.get(i)).copied().unwrap_or(0)
    }

    /// The line and column of byte `at` in text that is UTF-8 up to there.
    fn position(&self, bytes: &[u8], at: usize) -> Position {
        let line = self.0.partition_point(|start| *start <= at) + 1;
        // UTF-8 continuation bytes are 10xxxxxx; every other byte starts a character.
        let within = bytes.get(self.start(line)..at.min(bytes.len())).unwrap_or_default();
        Position { line, column: within.iter().filter(|b| **b & 0xC0 != 0x80).count() + 1 }
    }
}

/// A line of the file with a mark under the offending text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snippet {
    position: Position,
    line: String,
    width: usize,
}

impl fmt::Display for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        let gutter = line.to_string().len() + 1;
        let room = (self.line.chars().count() + 1).saturating_sub(column);
        let mark = "^".repeat(self.width.min(room).max(1));
        writeln!(f, "{:gutter$}|", "")?;
        writeln!(f, "{line} | {}", self.line)?;
        write!(f, "{:gutter$}| {:indent$}{mark}", "", "", indent = column - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a\r\né = ü";
        let at = text.find('ü').expect("present");
        assert_eq!(Lines::of(text.as_bytes()).position(text.as_bytes(), at), Position { line: 2, column: 5 });
        assert_eq!(Lines::of(b"").position(b"", 7), Position { line: 1, column: 1 });
    }

    #[test]
    fn the_mark_stands_under_the_value() {
        let source = SourceText::decode(Path::new("x"), b"[train]\r\n\tbatch = 0\r\n").expect("utf-8");
        let origin = source.origin(&(18..19));
        assert_eq!(origin.snippet.expect("short").to_string(), "  |\n2 |  batch = 0\n  |          ^");
    }
}
