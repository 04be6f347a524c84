//! The settings: those that are not the defaults, and all.

use maud::{Markup, html};

use super::source::Source;
use crate::config::{Key, default_of, keys};
use crate::folder::RunFolder;
use crate::html::wide;
use crate::settings::Settings;

/// Settings that are about this run alone and have no default to differ from.
const OWN: [&str; 2] = ["name", "purpose"];

/// The settings in force; `None` where `config.toml` is not the run's.
pub(super) fn content(source: &Source) -> Option<Markup> {
    let settings = source.settings.as_ref()?;
    let differing: Vec<(&Key, &str)> = in_order(settings).filter(|(key, value)| differs(key, value)).collect();
    let count = in_order(settings).count();
    Some(html! {
        p {
            (differing.len()) " of " (count) " settings differ from their defaults or have none. All stand in "
            (source.link(RunFolder::CONFIG)) ", from which the run can be repeated."
        }
        (wide(&html! {
            table {
                thead { tr { th { "key" } th { "here" } th { "default" } th.meaning { "meaning" } } }
                tbody {
                    @for (key, value) in differing {
                        tr {
                            th { code { (key.path) } }
                            td { code { (value) } }
                            td { @match default_of(key.path) {
                                Some(default) => code { (default) },
                                None if key.required => "must be given",
                                None => (told_default(key.doc).unwrap_or("none")),
                            } }
                            td.about.meaning { (first_sentence(key.doc)) }
                        }
                    }
                }
            }
        }))
        details {
            summary { "All settings in force" }
            pre { @for (key, value) in in_order(settings) { (key.path) " = " (value) "\n" } }
        }
    })
}

/// The settings that are keys of this version, in the order of the table of keys.
fn in_order(settings: &Settings) -> impl Iterator<Item = (&'static Key, &str)> {
    keys().iter().filter_map(|key| Some((key, settings.value(key.path)?)))
}

/// Whether a value is another one than the default; numbers may be written in several ways.
fn differs(key: &Key, value: &str) -> bool {
    if OWN.contains(&key.path) {
        return false;
    }
    let number = |text: &str| text.parse::<f64>().ok();
    default_of(key.path).is_none_or(|default| {
        default != value && number(&default).zip(number(value)).is_none_or(|(default, value)| default != value)
    })
}

/// The default of a key that is absent where it is not given, as its documentation tells it.
fn told_default(doc: &str) -> Option<&str> {
    let (_, told) = doc.split_once("(default: ")?;
    told.split([')', ';']).next()
}

/// The first sentence of what a key means, without its full stop and without its default.
fn first_sentence(doc: &str) -> &str {
    let ends = [". ", "; ", " (default: "].map(|end| doc.find(end).unwrap_or(doc.len()));
    doc[..ends.into_iter().min().unwrap_or(doc.len())].trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_a_default_is_a_value_and_not_its_wording() {
        let key = |path: &str| keys().iter().find(|key| key.path == path).expect("a key");
        assert!(!differs(key("train.batch"), "50") && !differs(key("train.batch"), "50.0"));
        assert!(differs(key("train.batch"), "20") && differs(key("data.source"), "\"mnist\""));
        assert!(!differs(key("name"), "\"mine\""));
        assert_eq!(first_sentence("One thing. Another."), "One thing");
        assert_eq!(first_sentence("One thing only (default: all)."), "One thing only");
        assert_eq!(told_default("One thing only (default: all)."), Some("all"));
    }
}
