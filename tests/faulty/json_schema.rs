//! The keywords of JSON Schema (draft 2020-12) that `driver schema` uses, and an error for any other.

use serde_json::Value;

/// Keywords that say nothing of what is valid.
const ANNOTATIONS: [&str; 6] = ["$schema", "$id", "title", "description", "default", "examples"];

/// Why `value` does not fit `schema`, one line a reason; empty where it fits.
pub(crate) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "$", &mut found);
    found
}

fn fits(schema: &Value, value: &Value) -> bool {
    faults(schema, value).is_empty()
}

fn check(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let keywords = match schema {
        Value::Bool(true) => return,
        Value::Bool(false) => return found.push(format!("{at}: not allowed")),
        Value::Object(keywords) => keywords,
        _ => panic!("{at}: {schema} is no schema"),
    };
    for (keyword, of) in keywords {
        let sound = match keyword.as_str() {
            "type" => is_of(of.as_str().unwrap(), value),
            "enum" => of.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|x| x >= of.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|x| x <= of.as_f64().unwrap()),
            "exclusiveMinimum" => value.as_f64().is_none_or(|x| x > of.as_f64().unwrap()),
            "exclusiveMaximum" => value.as_f64().is_none_or(|x| x < of.as_f64().unwrap()),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() >= length(of)),
            "minProperties" => value.as_object().is_none_or(|table| table.len() >= length(of)),
            "minItems" => value.as_array().is_none_or(|items| items.len() >= length(of)),
            "maxItems" => value.as_array().is_none_or(|items| items.len() <= length(of)),
            "anyOf" => of.as_array().unwrap().iter().any(|schema| fits(schema, value)),
            "required" => {
                let names = of.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                value.as_object().is_none_or(|table| { names }.all(|name| table.contains_key(name)))
            }
            "additionalProperties" => {
                assert_eq!(of, &Value::Bool(false), "{at}");
                let known = keywords["properties"].as_object().unwrap();
                value.as_object().is_none_or(|table| table.keys().all(|name| known.contains_key(name)))
            }
            "if" => {
                let branch = keywords.get(if fits(of, value) { "then" } else { "else" });
                branch.is_none_or(|branch| fits(branch, value))
            }
            "then" | "else" => true,
            "properties" | "items" | "prefixItems" | "allOf" => {
                check_parts(keyword, of, value, at, found);
                true
            }
            other => {
                assert!(ANNOTATIONS.contains(&other), "{at}: the keyword {other} is not known here");
                true
            }
        };
        if !sound {
            found.push(format!("{at}: {value} is against {keyword} {of}"));
        }
    }
}

fn check_parts(keyword: &str, of: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let items = value.as_array().into_iter().flatten().enumerate();
    match keyword {
        "properties" => {
            for (name, schema) in of.as_object().unwrap() {
                if let Some(inner) = value.as_object().and_then(|table| table.get(name)) {
                    check(schema, inner, &format!("{at}.{name}"), found);
                }
            }
        }
        "items" => items.for_each(|(i, item)| check(of, item, &format!("{at}[{i}]"), found)),
        "prefixItems" => {
            let schemas = of.as_array().unwrap();
            items.zip(schemas).for_each(|((i, item), schema)| check(schema, item, &format!("{at}[{i}]"), found));
        }
        _ => of.as_array().unwrap().iter().for_each(|schema| check(schema, value, at, found)),
    }
}

fn length(of: &Value) -> usize {
    of.as_u64().unwrap() as usize
}

/// A number without a fraction is an integer, however it is written.
fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|x| x.fract() == 0.0),
        other => panic!("the type {other} is not known here"),
    }
}
