//! TOML values with the bytes they came from, which `toml::Value` and figment do not keep.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::error::shown;

/// A value and its bytes in the text it was parsed from.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) span: Range<usize>,
}

/// One `name = value` of a table.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) name_span: Range<usize>,
    pub(crate) node: Node,
}

/// A TOML value; numbers keep their text, so that a message shows what was written.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    /// `value` is `None` beyond 64 bits.
    Integer {
        text: String,
        value: Option<i64>,
    },
    Float {
        text: String,
        value: f64,
    },
    Boolean(bool),
    Date(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

impl Value {
    /// A number of either type as f64.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Integer { value: Some(value), .. } => Some(*value as f64),
            Self::Integer { text, value: None } => text.parse().ok(),
            Self::Float { value, .. } => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Integer { .. } | Self::Float { .. })
    }

    /// The value as it was written, cut to a readable length.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Text(text) => format!("\"{}\"", shown(text)),
            Self::Integer { text, .. } | Self::Float { text, .. } | Self::Date(text) => shown(text),
            Self::Boolean(value) => value.to_string(),
            Self::List(items) if items.is_empty() => "[]".to_owned(),
            Self::List(_) => "[...]".to_owned(),
            Self::Table(_) => "{...}".to_owned(),
        }
    }

    /// What the value is, for "expected ..., found ...".
    pub(crate) fn described(&self) -> String {
        match self {
            Self::Text(_) => format!("the string {}", self.written()),
            Self::Integer { .. } => format!("the whole number {}", self.written()),
            Self::Float { .. } => format!("the number {}", self.written()),
            Self::Boolean(_) => format!("the boolean {}", self.written()),
            Self::Date(_) => format!("the date {}", self.written()),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
        }
    }

    /// The value for figment.
    pub(crate) fn to_toml(&self) -> toml::Value {
        match self {
            Self::Text(text) | Self::Date(text) => toml::Value::String(text.clone()),
            Self::Integer { value: Some(value), .. } => toml::Value::Integer(*value),
            Self::Integer { text, value: None } => {
                text.parse().map_or_else(|_| toml::Value::String(text.clone()), toml::Value::Float)
            }
            Self::Float { value, .. } => toml::Value::Float(*value),
            Self::Boolean(value) => toml::Value::Boolean(*value),
            Self::List(items) => toml::Value::Array(items.iter().map(|item| item.value.to_toml()).collect()),
            Self::Table(entries) => toml::Value::Table(
                entries.iter().map(|entry| (entry.name.clone(), entry.node.value.to_toml())).collect(),
            ),
        }
    }
}

impl From<&DeValue<'_>> for Value {
    /// The parser bounds the depth of lists and tables, and so the depth of this recursion.
    fn from(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) => Self::Integer {
                text: number.to_string(),
                value: i64::from_str_radix(number.as_str(), number.radix()).ok(),
            },
            DeValue::Float(number) => {
                Self::Float { text: number.to_string(), value: number.as_str().parse().unwrap_or(f64::NAN) }
            }
            DeValue::Boolean(value) => Self::Boolean(*value),
            DeValue::Datetime(date) => Self::Date(date.to_string()),
            DeValue::Array(items) => Self::List(
                items.iter().map(|item| Node { value: Self::from(item.get_ref()), span: item.span() }).collect(),
            ),
            DeValue::Table(table) => Self::Table(entries(table)),
        }
    }
}

/// The entries of a parsed table, in the order of the names.
pub(crate) fn entries(table: &DeTable<'_>) -> Vec<Entry> {
    let entry = |(name, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| -> Entry {
        let text: &std::borrow::Cow<'_, str> = name.get_ref();
        let node = Node { value: Value::from(value.get_ref()), span: value.span() };
        Entry { name: text.to_string(), name_span: name.span(), node }
    };
    table.iter().map(entry).collect()
}
