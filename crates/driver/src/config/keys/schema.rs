//! The JSON Schema of an experiment's file, made from the table of keys.

use std::collections::BTreeMap;

use analysis::observables;
use serde_json::{Map, Value, json};

use super::{
    Key, Kind, MOST_CHANNELS, Range, Requirement, WIDEST_KERNEL, default_value, default_word, find, keys, names_in,
    sections, sweep,
};

/// The dialect of the schema.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// What the schema is called, wherever it lies.
const ID: &str = "urn:diffusion-phase-transitions:experiment";

/// The JSON Schema (draft 2020-12) of an experiment's file: types, ranges, defaults, meanings, and which key goes with
/// which choice.
///
/// A file that does not fit is refused by [`load`](super::super::load).  One that fits may be refused still: conditions on
/// the numbers of two keys, and whole numbers written with a point, are beyond a schema.
pub fn schema() -> Value {
    let mut properties = properties_of(None);
    properties.extend(sections().into_iter().map(|section| {
        let mut table = object(properties_of(Some(section)), required_in(section));
        table.insert("title".to_owned(), json!(format!("[{section}]")));
        (section.to_owned(), Value::Object(table))
    }));
    properties.insert(sweep::SECTION.to_owned(), sweep::schema());
    let needed = sections().into_iter().filter(|section| !required_in(section).is_empty());
    let mut root = object(properties, required_in("").into_iter().chain(needed).collect());
    root.extend([
        ("$schema".to_owned(), json!(DIALECT)),
        ("$id".to_owned(), json!(ID)),
        ("title".to_owned(), json!("Experiment")),
        ("description".to_owned(), json!("The settings of one experiment of the diffusion bench, as TOML.")),
        ("allOf".to_owned(), requirements()),
    ]);
    Value::Object(root)
}

/// The schema of a table that has these keys and no others.
pub(super) fn object(properties: Map<String, Value>, required: Vec<&str>) -> Map<String, Value> {
    let mut table = Map::new();
    table.insert("type".to_owned(), json!("object"));
    table.insert("properties".to_owned(), Value::Object(properties));
    table.insert("additionalProperties".to_owned(), json!(false));
    if !required.is_empty() {
        table.insert("required".to_owned(), json!(required));
    }
    table
}

fn required_in(section: &str) -> Vec<&'static str> {
    keys().iter().filter(|key| key.required && key.parts().0 == section).map(|key| key.parts().1).collect()
}

fn properties_of(section: Option<&str>) -> Map<String, Value> {
    let of_section = keys().iter().filter(|key| key.parts().0 == section.unwrap_or_default());
    names_in(section).into_iter().map(str::to_owned).zip(of_section.map(property)).collect()
}

fn property(key: &Key) -> Value {
    let mut property = of_kind(&key.kind);
    property.insert("description".to_owned(), json!(description(key)));
    property.extend(key.example.and_then(parsed).map(|example| ("examples".to_owned(), json!([example]))));
    let default = default_value(key.path).and_then(|default| serde_json::to_value(default).ok());
    property.extend(default.map(|default| ("default".to_owned(), default)));
    Value::Object(property)
}

/// A TOML value as JSON.
fn parsed(text: &str) -> Option<Value> {
    serde_json::to_value(text.parse::<toml::Value>().ok()?).ok()
}

/// What an editor shows of a key: its meaning, that of its words, and what it goes with.
fn description(key: &Key) -> String {
    let mut text = key.doc.to_owned();
    for (word, about) in key.choices() {
        text += &format!("\n{word}: {about}");
    }
    if let Some(Requirement { key, words }) = key.goes_with {
        text += &format!("\nGoes with {key} = {}.", words.join(", "));
    }
    text
}

/// The schema of a list of one or more values of a kind.
pub(super) fn list_of(kind: &Kind) -> Map<String, Value> {
    list(of_kind(kind), 1)
}

fn of_kind(kind: &Kind) -> Map<String, Value> {
    match kind {
        Kind::Int { min, max } => whole(*min, *max),
        Kind::Float(range) => number(range),
        Kind::Text => of_type("string"),
        Kind::Path => extended(of_type("string"), [("minLength", json!(1))]),
        Kind::Choice(words) => extended(of_type("string"), [("enum", json!(words))]),
        Kind::IntList { min, max } => list(whole(*min, *max), 1),
        Kind::IntOrList { min, max } => {
            extended(Map::new(), [("anyOf", json!([whole(*min, *max), list(whole(*min, *max), 1)]))])
        }
        Kind::FloatList(range) => list(number(range), 1),
        Kind::TextList => list(of_type("string"), 1),
        Kind::FloatMatrix => list(list(number(&Range::ANY), 1), 1),
        Kind::FloatOrKnots(range) => {
            let pair = [("prefixItems", json!([whole(1, i64::MAX), number(range)])), ("minItems", json!(2))];
            let knot = extended(extended(of_type("array"), pair), [("maxItems", json!(2))]);
            extended(Map::new(), [("anyOf", json!([number(range), list(knot, 1)]))])
        }
        Kind::Local => {
            let kernel: Vec<i64> = (1..=WIDEST_KERNEL).step_by(2).collect();
            let kernel = extended(of_type("integer"), [("enum", json!(kernel))]);
            let inner = [
                ("kernel", Value::Object(kernel)),
                ("channels", Value::Object(whole(1, MOST_CHANNELS))),
                ("last", Value::Object(whole(1, i64::MAX))),
            ];
            object(
                inner.map(|(name, schema)| (name.to_owned(), schema)).into_iter().collect(),
                vec!["kernel", "channels"],
            )
        }
        Kind::Observables => list(extended(of_type("string"), [("enum", json!(observables::words_known()))]), 0),
    }
}

fn of_type(name: &str) -> Map<String, Value> {
    extended(Map::new(), [("type", json!(name))])
}

fn extended<const N: usize>(mut schema: Map<String, Value>, with: [(&str, Value); N]) -> Map<String, Value> {
    schema.extend(with.map(|(keyword, value)| (keyword.to_owned(), value)));
    schema
}

fn list(items: Map<String, Value>, least: usize) -> Map<String, Value> {
    extended(of_type("array"), [("items", Value::Object(items)), ("minItems", json!(least))])
}

/// Where only the integer type bounds it from above, nothing is said of that.
fn whole(min: i64, max: i64) -> Map<String, Value> {
    let mut schema = extended(of_type("integer"), [("minimum", json!(min))]);
    schema.extend((max < i64::MAX).then(|| ("maximum".to_owned(), json!(max))));
    schema
}

fn number(range: &Range) -> Map<String, Value> {
    let mut schema = of_type("number");
    let (least, most) = (
        if range.min_allowed { "minimum" } else { "exclusiveMinimum" },
        if range.max_allowed { "maximum" } else { "exclusiveMaximum" },
    );
    schema.extend(range.min.is_finite().then(|| (least.to_owned(), json!(range.min))));
    schema.extend(range.max.is_finite().then(|| (most.to_owned(), json!(range.max))));
    schema
}

/// One condition for each choice that keys go with: unless it is made, or is an axis of a sweep, none of them may be there.
fn requirements() -> Value {
    let mut groups: Vec<(Requirement, Vec<&Key>)> = Vec::new();
    for key in keys() {
        let Some(requirement) = key.goes_with else { continue };
        match groups.iter_mut().find(|(of, _)| *of == requirement) {
            Some((_, members)) => members.push(key),
            None => groups.push((requirement, vec![key])),
        }
    }
    groups.iter().map(|(requirement, members)| condition(requirement, members)).collect()
}

fn condition(requirement: &Requirement, members: &[&Key]) -> Value {
    let mut allowed = vec![made(requirement)];
    let mut key = Some(requirement.key);
    while let Some(path) = key {
        allowed.extend(varied(path));
        key = find(path).and_then(|key| key.goes_with).map(|of| of.key);
    }
    json!({ "if": { "anyOf": allowed }, "else": without(members) })
}

/// That a sweep varies the key, under its whole name or in tables.
fn varied(path: &str) -> Vec<Value> {
    let within = |name: &str, inner: Value| json!({ "properties": { name: inner }, "required": [name] });
    let axis = |axes: Value| within(sweep::SECTION, within("axes", axes));
    let whole = axis(json!({ "required": [path] }));
    let nested = path.split_once('.').map(|(section, name)| axis(within(section, json!({ "required": [name] }))));
    std::iter::once(whole).chain(nested).collect()
}

/// That the choice is made, by the file or by default.
fn made(requirement: &Requirement) -> Value {
    let by_default = default_word(requirement.key).is_some_and(|word| requirement.words.contains(&word.as_str()));
    let within = |name: &str, inner: Value| match by_default {
        true => json!({ "properties": { name: inner } }),
        false => json!({ "properties": { name: inner }, "required": [name] }),
    };
    let chosen = json!({ "enum": requirement.words });
    match requirement.key.split_once('.') {
        Some((section, name)) => within(section, within(name, chosen)),
        None => within(requirement.key, chosen),
    }
}

/// That none of `members` is there; keys outside the sections go with everything.
fn without(members: &[&Key]) -> Value {
    let mut sections: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (section, name) in members.iter().map(|key| key.parts()) {
        sections.entry(section).or_default().insert(name.to_owned(), json!(false));
    }
    let tables: Map<String, Value> =
        sections.into_iter().map(|(section, names)| (section.to_owned(), json!({ "properties": names }))).collect();
    json!({ "properties": tables })
}
