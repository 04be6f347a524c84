//! Faulty experiments: each file of tests/faulty is refused with exactly the message that stands beside it.
//!
//! `BLESS=1 cargo test -p driver --test faulty` writes the messages anew; read the difference before it is kept.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;
#[path = "faulty/json_schema.rs"]
mod json_schema;

use std::fs;
use std::path::{Path, PathBuf};

use common::Desk;
use driver::config::{self, ConfigErrors, Place, Sources};

/// Faults that no schema sees: numbers of two keys that do not fit together, what one choice needs beside it, a whole number
/// written with a point.
const BEYOND_A_SCHEMA: [&str; 41] = [
    "accidental_too_heavy",
    "axes_of_an_exact_law",
    "batch_above_generated",
    "batch_above_n",
    "beta_start_above_beta_end",
    "beta_too_small",
    "conditioned_device",
    "conditioned_knots",
    "conditioned_loss",
    "conditioned_skip",
    "conditioned_stop",
    "conditioned_warm_start",
    "cubic_without_regression",
    "digits_twice",
    "exact_without_law",
    "knots_unordered",
    "law_of_one_class",
    "law_of_other_data",
    "law_of_points",
    "local_units_without_images",
    "means_of_two_dimensions",
    "mirrors_without_http",
    "mixture_dim_alone",
    "mixture_norm_alone",
    "mixture_two_forms",
    "mixture_without_means",
    "mnist_csv_without_dir",
    "name_hidden",
    "name_with_a_slash",
    "noiseless_steps_beyond_T",
    "plateau_without_validation",
    "reconstruction_beyond_T",
    "reconstruction_not_increasing",
    "reconstruction_too_many",
    "regression_of_digits",
    "regression_with_a_chain",
    "sigmoid_on_a_gpu",
    "timesteps_too_many",
    "type_point_for_whole",
    "validation_leaves_no_batch",
    "weights_without_means",
];

/// What stands for the observables in the kept messages.
const OBSERVABLES: &str = "{all observables and their groups}";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/faulty")
}

/// The stems of the files of this kind in tests/faulty, in order.
fn stems(extension: &str) -> Vec<String> {
    let paths = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut stems: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|of| of == extension))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    stems.sort();
    stems
}

fn load(stem: &str) -> Result<(), ConfigErrors> {
    let file = folder().join(format!("{stem}.toml"));
    config::load(&Sources { file, ..Sources::default() }).map(|_| ())
}

/// The message with the file's name for its path, and a short form of the list of all observables, which grows.
fn message(errors: &ConfigErrors) -> String {
    let known = analysis::observables::words_known().join(", ");
    format!("{errors}\n").replace(&format!("{}/", folder().display()), "").replace(&known, OBSERVABLES)
}

/// The lines that only one of two texts has.
fn difference(expected: &str, found: &str) -> String {
    let only = |sign: char, of: &str, other: &str| -> String {
        of.lines().filter(|line| !other.lines().any(|o| o == *line)).map(|line| format!("  {sign} {line}\n")).collect()
    };
    only('-', expected, found) + &only('+', found, expected)
}

#[test]
fn every_faulty_file_is_refused_with_its_message() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = String::new();
    for stem in stems("toml") {
        let Err(errors) = load(&stem) else {
            wrong += &format!("{stem}: not refused\n");
            continue;
        };
        let (path, found) = (folder().join(format!("{stem}.stderr")), message(&errors));
        if bless {
            fs::write(&path, &found).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if found != expected {
            wrong += &format!("{stem}:\n{}", difference(&expected, &found));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}if that is what is meant: BLESS=1 cargo test -p driver --test faulty\n");
    assert_eq!(stems("toml"), stems("stderr"));
    assert!(stems("toml").len() >= 40);
}

#[test]
fn every_line_begins_with_the_place_and_the_key_and_says_what_is_allowed() {
    let remedies = [
        "use ",
        "did you mean",
        "expected ",
        "goes with ",
        "write ",
        "end it with ",
        "put ",
        "set ",
        " needs ",
        " has ",
    ];
    for stem in stems("toml") {
        let text = fs::read_to_string(folder().join(format!("{stem}.toml"))).unwrap();
        for error in load(&stem).unwrap_err().iter() {
            let line = error.line();
            let Place::File { path, position } = error.place() else { panic!("{line}") };
            let mut start = path.display().to_string();
            match position {
                Some(at) => {
                    start += &format!(":{}:{}", at.line, at.column);
                    // A syntax error may lie at the very end, on the line after the last.
                    let within = text.lines().nth(at.line - 1).unwrap_or_default();
                    assert!((1..=within.chars().count() + 1).contains(&at.column), "{line}");
                }
                None => assert!(line.contains(": missing") || error.key() == Some("train.batch"), "{line}"),
            }
            start += &error.key().map_or(": ".to_owned(), |key| format!(": {key}: "));
            assert!(line.starts_with(&start), "{line}");
            let said = &line[start.len()..];
            assert!(error.key().is_some() || said.starts_with("not valid TOML: "), "{line}");
            assert!(remedies.iter().any(|words| said.contains(words)), "{line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }
}

#[test]
fn the_program_says_the_same_ends_with_2_and_writes_nothing() {
    let (desk, known) = (Desk::new(), analysis::observables::words_known().join(", "));
    let some: Vec<String> = stems("toml").into_iter().step_by(8).chain(["several_at_once".to_owned()]).collect();
    for stem in &some {
        desk.write(&format!("{stem}.toml"), fs::read(folder().join(format!("{stem}.toml"))).unwrap());
    }
    for stem in &some {
        let expected = fs::read_to_string(folder().join(format!("{stem}.stderr"))).unwrap();
        for verb in ["run", "plan"] {
            let said = desk.refusal(&mut desk.driver(&[verb, &format!("{stem}.toml")]));
            assert_eq!(said.replace(&known, OBSERVABLES), expected);
        }
    }
}

#[test]
fn the_schema_refuses_every_faulty_file_but_those_beyond_it() {
    let schema = config::schema();
    let mut fitting = Vec::new();
    for stem in stems("toml") {
        let text = fs::read_to_string(folder().join(format!("{stem}.toml"))).unwrap();
        let Ok(value) = text.parse::<toml::Table>() else { continue };
        if json_schema::faults(&schema, &serde_json::to_value(value).unwrap()).is_empty() {
            fitting.push(stem);
        }
    }
    assert_eq!(fitting, BEYOND_A_SCHEMA);
}

#[test]
fn every_shipped_experiment_fits_the_schema() {
    let schema = config::schema();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let mut folders = vec![shipped];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|of| of == "toml") {
                let table = fs::read_to_string(&path).unwrap().parse::<toml::Table>().unwrap();
                let faults = json_schema::faults(&schema, &serde_json::to_value(table).unwrap());
                assert!(faults.is_empty(), "{}: {faults:?}", path.display());
                count += 1;
            }
        }
    }
    assert!(count >= 13, "{count}");
}

#[test]
fn the_schema_names_no_place_and_its_defaults_and_examples_fit() {
    let desk = Desk::new();
    let printed = desk.run(&["schema"]).out;
    let schema: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(schema, config::schema());
    assert!(!printed.contains(env!("CARGO_MANIFEST_DIR")) && !printed.contains("file:") && !printed.contains("/home"));
    for key in config::keys() {
        let (section, name) = key.parts();
        let table = if section.is_empty() { &schema } else { &schema["properties"][section] };
        let property = &table["properties"][name];
        assert!(property["description"].as_str().unwrap().starts_with(key.doc), "{}", key.path);
        let values = property["examples"].as_array().unwrap().iter().chain(property.get("default"));
        for value in values {
            assert_eq!(json_schema::faults(property, value), Vec::<String>::new(), "{}", key.path);
        }
        assert_eq!(property.get("default").is_some(), config::default_of(key.path).is_some(), "{}", key.path);
    }
}

#[test]
fn a_setting_is_explained_by_the_program() {
    let desk = Desk::new();
    let one = desk.run(&["explain", "train.batch"]).out;
    assert!(one.starts_with("train.batch\n") && one.contains("--set train.batch="), "{one}");
    let (section, all) = (desk.run(&["explain", "train"]).out, desk.run(&["explain"]).out);
    assert!(section.starts_with("[train]\n") && all.contains(section.trim_end()), "{section}");
    assert_eq!(desk.refused(&["explain", "train.bacth"]), "train.bacth: unknown key, did you mean \"train.batch\"?");
}
