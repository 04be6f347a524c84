//! The keys of `[sweep]`, which an experiment may have beside those of the table.

use serde_json::{Map, Value, json};

use super::super::choices::SweepMode;
use super::super::sweep::{ALLOWED, may_vary};
use super::schema::{list_of, object};
use super::{Key, keys, sections};

/// What there is to say of one of them.
pub(super) struct SweepKey {
    pub(super) name: &'static str,
    pub(super) doc: &'static str,
    /// Type and range in words.
    pub(super) allowed: String,
    /// What each word of a choice means.
    pub(super) words: Vec<(&'static str, &'static str)>,
    pub(super) default: Option<&'static str>,
    /// The example's line in the file, and the same as an argument.
    pub(super) example: (&'static str, &'static str),
}

/// The section.
pub(super) const SECTION: &str = "sweep";

/// Both keys, in their order.
pub(super) fn sweep_keys() -> [SweepKey; 2] {
    [
        SweepKey {
            name: "mode",
            doc: "How the axes are combined; a file with [sweep] is several runs, one for each combination.",
            allowed: format!("one of {}", SweepMode::WORDS.join(", ")),
            words: SweepMode::WORDS.iter().copied().zip(SweepMode::ABOUT.iter().map(|about| about.trim())).collect(),
            default: Some("\"grid\""),
            example: ("mode = \"zip\" (in [sweep])", "--set sweep.mode=zip"),
        },
        SweepKey {
            name: "axes",
            doc: "The keys that are varied, each with the list of its values; the last one is the fastest.",
            allowed: format!("one or more lists of values, each of {ALLOWED}"),
            words: Vec::new(),
            default: None,
            example: (
                "\"model.hidden\" = [50, 100, 200] (in [sweep.axes])",
                "--set 'sweep.axes.model.hidden=[50, 100]'",
            ),
        },
    ]
}

/// The schema of the section: an axis by its full name in quotes, or in nested tables.
pub(super) fn schema() -> Value {
    let axes = || keys().iter().filter(|key| may_vary(key.path));
    let values = |key: &Key| Value::Object(list_of(&key.kind));
    let mut properties: Map<String, Value> = axes().map(|key| (key.path.to_owned(), values(key))).collect();
    for section in sections() {
        let within = axes().filter(|key| key.parts().0 == section);
        let nested: Map<String, Value> = within.map(|key| (key.parts().1.to_owned(), values(key))).collect();
        if !nested.is_empty() {
            properties.insert(section.to_owned(), Value::Object(object(nested, Vec::new())));
        }
    }
    let [mode, axes] = sweep_keys();
    let mode_schema = json!({ "type": "string", "enum": SweepMode::WORDS, "default": "grid", "description": mode.doc });
    let mut axes_schema = object(properties, Vec::new());
    axes_schema.insert("description".to_owned(), json!(axes.doc));
    axes_schema.insert("minProperties".to_owned(), json!(1));
    let both = Map::from_iter([("mode".to_owned(), mode_schema), ("axes".to_owned(), Value::Object(axes_schema))]);
    let mut table = object(both, vec!["axes"]);
    table.insert("title".to_owned(), json!("[sweep]"));
    Value::Object(table)
}
