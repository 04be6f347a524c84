//! What the table says of a key, in words for a terminal.

use super::super::error::shown;
use super::super::layers::variable;
use super::super::suggest::unknown_key;
use super::sweep::{self, SweepKey, sweep_keys};
use super::{Key, default_of, find, is_section, keys, sections};

/// Width of the text.
const WIDTH: usize = 100;
/// Width of the labels before what they label.
const LABEL: usize = 12;

/// What there is to say of `name`: a key, a section (a list of its keys), the last part of a key's name, or all of them for
/// `None`.
///
/// # Errors
/// A message that begins with `name` where there is no such key, with the nearest one.
pub fn explain(name: Option<&str>) -> Result<String, String> {
    let Some(asked) = name else {
        let all = [""].into_iter().chain(sections()).chain([sweep::SECTION]);
        return Ok(all.map(section).collect::<Vec<_>>().join("\n"));
    };
    let name = asked.trim().trim_start_matches('[').trim_end_matches(']');
    if is_section(name) || name == sweep::SECTION {
        return Ok(section(name));
    }
    let of_sweep = |key: &SweepKey| name == key.name || name == format!("{}.{}", sweep::SECTION, key.name);
    if let Some(key) = sweep_keys().into_iter().find(of_sweep) {
        return Ok(whole_of_sweep(&key));
    }
    let found: Vec<&Key> = match find(name) {
        Some(key) => vec![key],
        None => keys().iter().filter(|key| key.parts().1 == name).collect(),
    };
    if found.is_empty() {
        let (section, last) = name.split_once('.').filter(|(section, _)| is_section(section)).unwrap_or(("", name));
        return Err(format!("{}: {}", shown(asked), unknown_key(section, last, |path| format!("\"{path}\""))));
    }
    Ok(found.into_iter().map(whole).collect::<Vec<_>>().join("\n"))
}

/// A line or two a key.
fn section(section: &str) -> String {
    let of_table = keys().iter().filter(|key| key.parts().0 == section).map(|key| {
        let default = match default_of(key.path) {
            Some(default) => format!(" [default: {default}]"),
            None if key.required => " [required]".to_owned(),
            None => String::new(),
        };
        (key.parts().1, format!("{}{default}", key.doc))
    });
    let of_sweep = sweep_keys().into_iter().filter(|_| section == sweep::SECTION).map(|key| {
        let default = key.default.map_or(" [required]".to_owned(), |default| format!(" [default: {default}]"));
        (key.name, format!("{}{default}", key.doc))
    });
    let within: Vec<(&str, String)> = of_table.chain(of_sweep).collect();
    let width = within.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 4;
    let mut text = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
    for (name, said) in within {
        text += &hanging(&format!("  {name:0$}", width - 2), width, &said);
    }
    text
}

/// Everything about a key of `[sweep]`.
fn whole_of_sweep(key: &SweepKey) -> String {
    let mut text = format!("{}.{}\n{}\n", sweep::SECTION, key.name, hanging("  ", 2, key.doc));
    let mut line = |label: &str, said: &str| text += &hanging(&format!("  {label:LABEL$}"), LABEL + 2, said);
    line("type", &key.allowed);
    for (word, about) in &key.words {
        line("", &format!("{word}: {about}"));
    }
    line("default", key.default.unwrap_or("none: it must be given"));
    let (in_file, argument) = key.example;
    line("example", in_file);
    line("", argument);
    text
}

/// Everything about a key.
fn whole(key: &Key) -> String {
    let mut text = format!("{}\n{}\n", key.path, hanging("  ", 2, key.doc));
    let mut line = |label: &str, said: &str| text += &hanging(&format!("  {label:LABEL$}"), LABEL + 2, said);
    line("type", &key.kind.values());
    for (word, about) in key.choices() {
        line("", &format!("{word}: {about}"));
    }
    line("default", &default_of(key.path).unwrap_or_else(|| absent(key)));
    if let Some(of) = key.goes_with {
        line("goes with", &format!("{} = {}", of.key, of.words.join(" or ")));
    }
    for (i, (dependent, words)) in key.dependents().enumerate() {
        line(if i == 0 { "brings" } else { "" }, &format!("{} with {}", dependent.path, words.join(" or ")));
    }
    let related = key.related();
    if !related.is_empty() {
        line("see also", &related.join(", "));
    }
    if let Some(example) = key.example {
        let (section, name) = key.parts();
        let written = format!("{name} = {example}");
        line("example", &if section.is_empty() { written } else { format!("{written} (in [{section}])") });
        line("", &format!("--set {}", argument(key, example)));
        line("", &format!("{}={}", variable(key.path), quoted(&bare(key, example))));
    }
    text
}

/// What stands in for a default.
fn absent(key: &Key) -> String {
    match (key.required, key.doc.contains("(default: ")) {
        (true, _) => "none: it must be given".to_owned(),
        (false, true) => "as said above".to_owned(),
        (false, false) => "none".to_owned(),
    }
}

/// `key=value` as a shell takes it.
fn argument(key: &Key, example: &str) -> String {
    quoted(&format!("{}={}", key.path, bare(key, example)))
}

/// A string without its quotes, which `--set` and the environment do not need.
fn bare(key: &Key, example: &str) -> String {
    if key.kind.is_text() { example.trim_matches('"').to_owned() } else { example.to_owned() }
}

/// `text` in single quotes where a shell would take it apart.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.=/:".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{text}'") }
}

/// `text` in lines of [`WIDTH`], the first after `head` and the others after `indent` spaces.
fn hanging(head: &str, indent: usize, text: &str) -> String {
    let mut lines = vec![head.to_owned()];
    let mut length = head.chars().count();
    let mut begun = false;
    for word in text.split_whitespace() {
        let more = word.chars().count() + usize::from(begun);
        if begun && length + more > WIDTH {
            lines.push(" ".repeat(indent));
            (length, begun) = (indent, false);
        }
        if let Some(line) = lines.last_mut() {
            let space = if begun { " " } else { "" };
            *line += &format!("{space}{word}");
            length += word.chars().count() + usize::from(begun);
        }
        begun = true;
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::sound_for;
    use super::*;

    #[test]
    fn every_key_and_every_section_is_explained_within_the_width() {
        let all = explain(None).expect("all");
        for key in keys() {
            let said = explain(Some(key.path)).expect("known");
            assert!(said.starts_with(&format!("{}\n", key.path)) && said.contains("  example"), "{said}");
            let (section, name) = key.parts();
            assert!(all.contains(&format!("\n  {name} ")) || all.starts_with(&format!("  {name} ")), "{name}");
            let listed = explain(Some(section)).unwrap_or_else(|_| all.clone());
            assert!(listed.contains(&format!("  {name} ")), "{listed}");
            for line in said.lines().chain(all.lines()) {
                // Words are not cut.
                assert!(line.len() <= WIDTH || line.trim().split(' ').count() == 1, "{line}");
                assert_eq!(line.trim_end(), line);
            }
        }
    }

    #[test]
    fn the_keys_of_a_sweep_are_explained_too() {
        let section = explain(Some("sweep")).expect("a section");
        assert!(section.starts_with("[sweep]\n  mode  How") && section.contains("\n  axes  The keys"), "{section}");
        assert!(explain(None).expect("all").ends_with(&section));
        let mode = explain(Some("sweep.mode")).expect("a key");
        assert!(mode.contains("  default     \"grid\"\n") && mode.contains("zip: "), "{mode}");
        assert_eq!(explain(Some("mode")), explain(Some("sweep.mode")));
        assert!(explain(Some("sweep.axes")).expect("a key").contains("model.hidden"));
    }

    #[test]
    fn examples_are_values_of_their_keys_and_no_defaults() {
        for key in keys() {
            let example = key.example.expect("every key has an example");
            assert_ne!(default_of(key.path).as_deref(), Some(example), "{}", key.path);
            sound_for(key, example);
        }
    }

    #[test]
    fn a_choice_tells_its_words_and_the_keys_they_bring() {
        let expected = "train.stop
  What ends a machine's training early: plateau, the validation loss no longer falls, and the
  machine of the lowest one is kept, which needs images of train.validation; test_variance, the last
  six test losses vary by less than train.tolerance. With minimum all epochs are trained and the
  machine of the lowest test loss is kept. These two are the thesis's rules and look at the test
  set: their test losses are not those of unseen data.

  type        one of none, plateau, minimum, test_variance
              none: All epochs.
              plateau: Until the validation loss no longer falls.
              minimum: All epochs, and the one of the lowest test loss is kept.
              test_variance: Until the test losses no longer vary.
  default     \"none\"
  goes with   model.kind = machines or conditioned
  brings      train.patience with plateau
              train.min_improvement with plateau
              train.tolerance with test_variance
  see also    train.validation, train.evaluate_every
  example     stop = \"plateau\" (in [train])
              --set train.stop=plateau
              DRIVER_TRAIN__STOP=plateau
";
        assert_eq!(explain(Some("train.stop")).as_deref(), Ok(expected));
    }

    #[test]
    fn names_are_found_by_their_last_part_and_misspelt_ones_are_told_the_nearest() {
        assert_eq!(explain(Some("[train]")), explain(Some("train")));
        assert_eq!(explain(Some("batch")), explain(Some("train.batch")));
        let both = explain(Some("law")).expect("two keys");
        assert!(both.contains("schedule.law\n") && both.contains("\nmodel.law\n"), "{both}");
        for (name, expected) in [
            ("train.bacth", "train.bacth: unknown key, did you mean \"train.batch\"?"),
            ("bacth", "bacth: unknown key, did you mean \"train.batch\"?"),
            ("tain.batch", "tain.batch: unknown key, did you mean \"train.batch\"?"),
            ("tain", "tain: unknown key, did you mean \"train\"?"),
        ] {
            assert_eq!(explain(Some(name)).expect_err("unknown"), expected);
        }
        assert!(explain(Some("zebra\n")).expect_err("unknown").starts_with("zebra\\n: unknown key, use one of name, "));
        assert!(explain(Some("")).is_err());
    }
}
