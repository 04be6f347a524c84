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

/// The line of each fault.
fn lines(result: Result<Experiment, ConfigErrors>) -> Vec<String> {
    result.map_or_else(|errors| errors.iter().map(super::ConfigError::line).collect(), |_| Vec::new())
}
