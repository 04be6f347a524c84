//! Faults with their exact first lines, the order of the layers, the round trip, and arbitrary input.

mod arbitrary;
mod faulty;
mod layering;
mod sweep;

use std::path::PathBuf;

use super::{ConfigErrors, Experiment, Sources, load_bytes};

/// A complete experiment to start from.
const GOOD: &str = r#"purpose = "two digits"
seed = 7

[data]
source = "mnist"
digits = [3, 1]
train_limit = 12000

[schedule]
timesteps = 100

[train]
batch = 25
learning_rate = [[1, 0.008], [100, 0.004]]
"#;

/// Loads `text` as `experiments/x.toml`.
fn load(text: impl AsRef<[u8]>, environment: &[(&str, &str)], set: &[&str]) -> Result<Experiment, ConfigErrors> {
    let sources = Sources {
        file: PathBuf::from("experiments/x.toml"),
        environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        set: set.iter().map(|text| (*text).to_owned()).collect(),
    };
    load_bytes(&sources, text.as_ref())
}

/// Asserts that `value` is a sound value of `key`, whatever else the key needs beside it.
pub(super) fn sound_for(key: &super::Key, value: &str) {
    let found = lines(load(GOOD, &[], &[&format!("{}={value}", key.path)]));
    let place = format!("--set {}", key.path);
    let beside = ["goes with", "not allowed together", "missing beside", "needs", "without validation images"];
    let own = |line: &&String| line.starts_with(&place) && !beside.iter().any(|words| line.contains(words));
    assert_eq!(found.iter().find(own), None, "{}", key.path);
}

/// The line of each fault.
fn lines(result: Result<Experiment, ConfigErrors>) -> Vec<String> {
    result.map_or_else(|errors| errors.iter().map(super::ConfigError::line).collect(), |_| Vec::new())
}
