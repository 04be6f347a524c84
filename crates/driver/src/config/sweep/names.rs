//! The names of a sweep's cells: of their folders and of their experiments.

use toml::Value;

use super::super::build::LONGEST_NAME;
use super::super::experiment::Experiment;
use super::{Axis, Cell};

/// Characters of a value and of a whole name: file systems allow 255 bytes.
const LONGEST_VALUE: usize = 24;
const LONGEST_FOLDER: usize = 100;

/// A value as a table shows it.
pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The digits of a cell's number: three, or as many as the last one needs.
fn digits(cells: usize) -> usize {
    cells.to_string().len().max(3)
}

/// The longest name of a sweep whose cells' names are still allowed.
pub(super) fn longest_name(cells: usize) -> usize {
    LONGEST_NAME - digits(cells) - 1
}

/// The cells with their names.
pub(super) fn named(axes: &[Axis], indices: Vec<Vec<usize>>, experiments: Vec<Experiment>) -> Vec<Cell> {
    let width = digits(indices.len());
    let texts: Vec<Vec<String>> = axes.iter().map(Axis::texts).collect();
    let keys: Vec<&str> = axes.iter().map(|axis| axis.key).collect();
    let cell = |(i, (at, experiment)): (usize, (Vec<usize>, Experiment))| {
        let number = format!("{:0width$}", i + 1);
        let values = at.iter().zip(&texts).filter_map(|(&i, texts)| texts.get(i).map(String::as_str));
        let folder = folder(&number, &keys, &values.collect::<Vec<_>>());
        let name = format!("{}-{number}", experiment.name);
        Cell { folder, at, experiment: Experiment { name, ..experiment } }
    };
    indices.into_iter().zip(experiments).enumerate().map(cell).collect()
}

/// `004_hidden=100_seed=1`: it begins with a digit and holds letters, digits and `_=.+-` only, so that it names a folder
/// just here on every file system, whatever the values.
fn folder(number: &str, keys: &[&str], values: &[&str]) -> String {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let alone = |key: &str| keys.iter().filter(|other| last(other) == last(key)).count() == 1;
    let short = |key: &str| if alone(key) { last(key) } else { key.to_owned() };
    let named = keys.iter().zip(values).map(|(key, value)| format!("_{}={}", short(key), safe(value)));
    let name: String = named.collect();
    format!("{number}{name}").chars().take(LONGEST_FOLDER).collect()
}

/// The letters, digits and `.+-` of a value, with one `-` for whatever stands between them.
fn safe(value: &str) -> String {
    let mut name = String::new();
    let mut gap = false;
    for c in value.chars() {
        let plain = c.is_ascii_alphanumeric() || ".+-".contains(c);
        if plain {
            if gap && !name.is_empty() {
                name.push('-');
            }
            name.push(c);
        }
        gap = !plain;
    }
    name.chars().take(LONGEST_VALUE).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folders_read_well() {
        assert_eq!(folder("004", &["model.hidden", "seed"], &["100", "1"]), "004_hidden=100_seed=1");
        assert_eq!(folder("001", &["data.digits"], &["[1, 3]"]), "001_digits=1-3");
        assert_eq!(folder("001", &["train.learning_rate"], &["0.004"]), "001_learning_rate=0.004");
        assert_eq!(
            folder("001", &["model.law", "schedule.law"], &["wiener", "linear"]),
            "001_model.law=wiener_schedule.law=linear"
        );
        assert_eq!(folder("001", &["data.dir"], &["../../my data/é"]), "001_dir=..-..-my-data");
        assert_eq!(safe("[[-1.5, 2], [3]]"), "-1.5-2-3");
    }

    proptest! {
        #[test]
        fn a_folder_is_one_plain_name_whatever_the_value(value in any::<String>(), other in ".{0,300}") {
            let name = folder("017", &["data.dir", "seed"], &[&value, &other]);
            prop_assert!(name.starts_with("017_dir=") && name.len() <= LONGEST_FOLDER);
            prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "_=.+-".contains(c)), "{}", name);
            prop_assert_eq!(std::path::Path::new(&name).components().count(), 1);
        }
    }
}
