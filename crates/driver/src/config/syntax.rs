//! Slips of TOML itself, each on one line, in words that say what to write instead.

use std::ops::Range;

use toml::de::Error;

use super::error::{ConfigError, ConfigErrors, Faults, one_line, shown};
use super::keys;
use super::source_text::SourceText;

/// How the parser's words for a number that is none begin.
const NUMBERS: [&str; 7] = [
    "invalid exponent",
    "invalid mantissa",
    "invalid fraction",
    "invalid float",
    "invalid integer",
    "unexpected leading zero",
    "`_` may",
];

/// The faults of a text that is not TOML: one a line, since the parser stumbles on after the first.
pub(crate) fn faults(source: &SourceText, errors: &[Error]) -> ConfigErrors {
    let text = source.text();
    let mut slips: Vec<(Range<usize>, &str)> = errors.iter().map(|error| slip(text, error)).collect();
    slips.sort_by_key(|(span, _)| span.start);
    let mut faults = Faults::default();
    let mut line_before = None;
    for (span, message) in slips {
        let line = line_start(text, span.start);
        if line_before.replace(line) == Some(line) {
            continue;
        }
        let key = key_at(text, line);
        let said = reworded(message, text.get(span.clone()).unwrap_or_default());
        faults.push(ConfigError::new(source.origin(&span), key.as_deref(), format!("not valid TOML: {said}")));
        // A list that is not closed swallows the lines below it.
        if of_list(message) {
            break;
        }
    }
    faults.into_errors()
}

/// Where the parser stumbled and what it said; it looks for the end of a list on the lines below.
fn slip<'a>(text: &str, error: &'a Error) -> (Range<usize>, &'a str) {
    let (span, message) = (error.span().unwrap_or(0..0), error.message());
    let end = text.get(..span.start).map_or(0, |before| before.trim_end().len());
    (if of_list(message) { end..end } else { span }, message)
}

fn of_list(message: &str) -> bool {
    message.contains("array") && !message.contains("table")
}

/// What to write instead, where the parser's own words say what it looked for rather than what is wrong.
fn reworded(message: &str, marked: &str) -> String {
    let quoted = shown(marked);
    let said = match message.split(", expected").next().unwrap_or(message) {
        "string values must be quoted" | "invalid boolean" if is_word(marked) => {
            return format!("{quoted} is not a value, put a string in quotes: \"{quoted}\"");
        }
        "string values must be quoted" if marked.is_empty() => "a value is missing, write key = value",
        "string values must be quoted" => {
            return format!("{quoted} is not a value, use a number, a string in quotes, or a list as in [1, 3]");
        }
        "invalid unquoted key" => return format!("{quoted} is not allowed in a name, write key = value"),
        "duplicate key" => return format!("{quoted} a second time is not allowed, use each key and each table once"),
        "invalid basic string" => "a string is not closed, end it with \"",
        "invalid literal string" => "a string is not closed, end it with '",
        "key with no value" | "missing value for key" => "a key without a value, write key = value",
        "extra `=`" => "a second = is not allowed, write key = value",
        "unclosed table" => "the name of a table is not closed, end it with ]",
        "unclosed array table" => "the name of a table is not closed, end it with ]]",
        "missing comma between array elements" => "a list lacks a comma or its end, write it as in [1, 3]",
        "unclosed array" => "a list is not closed, end it with ]",
        "unexpected key or value" => {
            "more than one value on a line, write the next on a line of its own or as a # comment"
        }
        "missing escaped value" => "write a backslash as \\\\, or put the string in single quotes",
        "unquoted keys cannot be empty" => "a name is missing, write key = value or [table]",
        "invalid key-value pair" => "neither a key nor a table, write key = value or [table]",
        start if start.starts_with("cannot extend value") => {
            return format!("{quoted} has a value already, use each key and each table once");
        }
        start if NUMBERS.iter().any(|slip| start.starts_with(slip)) => "not a number, write it as 10, 0.5 or 1e-3",
        _ => return one_line(message),
    };
    said.to_owned()
}

/// Whether `text` reads as a word that lacks its quotes, rather than as a number or several values.
fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "_-./~".contains(c);
    text.starts_with(|c: char| c.is_alphabetic() || "/~".contains(c)) && text.chars().all(plain)
}

/// The byte at which the line of byte `at` begins.
fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
}

/// The key or the section that the line from `start` gives, where it is a known one.
fn key_at(text: &str, start: usize) -> Option<String> {
    let line = text.get(start..)?.lines().next()?;
    let header = |line: &str| Some(line.trim().strip_prefix('[')?.split(']').next()?.trim().to_owned());
    if let Some(section) = header(line) {
        return keys::is_section(&section).then_some(section);
    }
    let name = line.split(['=', ' ', ':']).find(|word| !word.is_empty())?;
    let above = text.get(..start)?.lines().rev().find_map(header);
    let path = above.map_or_else(|| name.to_owned(), |section| format!("{section}.{name}"));
    keys::find(&path).map(|key| key.path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_belongs_to_its_key() {
        let text = "seed = 1\n[train]\n  batch = 3 # = 4\nbacth = 3\n[[zebra]]\nbatch = 3\n[train ]\nepochs\n";
        let key = |line: &str| key_at(text, text.find(line).expect("there"));
        let expected = [("seed", "seed"), ("[train]", "train"), ("  batch", "train.batch"), ("epochs", "train.epochs")];
        for (line, path) in expected {
            assert_eq!(key(line).as_deref(), Some(path), "{line}");
        }
        for line in ["bacth", "[[zebra", "batch = 3\n[train ]"] {
            assert_eq!(key(line), None, "{line}");
        }
        assert_eq!((key_at("", 0), key_at("é", 7)), (None, None));
    }
}
