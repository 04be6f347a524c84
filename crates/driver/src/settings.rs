//! What differs in the configurations, and which runs are replicas of one.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::{Table, Value};

use crate::DriverError;
use crate::folder::RunFolder;

/// The settings of a run by their dotted keys, values as TOML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings(BTreeMap<String, String>);

/// Keys in which replicas may differ: the seed, and what changes no number of a run.
const OF_A_REPLICA: [&str; 3] = ["seed", "name", "purpose"];

impl Settings {
    /// The resolved configuration in the run folder.
    pub(crate) fn read(folder: &RunFolder) -> Result<Self, DriverError> {
        let path = folder.root().join(RunFolder::CONFIG);
        let text = std::fs::read_to_string(&path).map_err(DriverError::io(&path, "cannot be read"))?;
        Self::parse(&text).map_err(|reason| DriverError::Message(format!("{}: {reason}", path.display())))
    }

    /// The value of a key as TOML; `None` where it is absent.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The value of a key that is a string.
    pub(crate) fn word(&self, key: &str) -> Option<String> {
        let table: Table = toml::from_str(&format!("word = {}", self.value(key)?)).ok()?;
        Some(table.get("word")?.as_str()?.to_owned())
    }

    fn parse(text: &str) -> Result<Self, String> {
        let table: Table = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let mut settings = BTreeMap::new();
        flatten("", &table, &mut settings);
        Ok(Self(settings))
    }

    fn is_replica(&self, other: &Self) -> bool {
        let rest = |settings: &Self| -> Vec<(String, String)> {
            let is_shared = |key: &str| !OF_A_REPLICA.contains(&key) && !key.starts_with("run.");
            settings.0.clone().into_iter().filter(|(key, _)| is_shared(key)).collect()
        };
        rest(self) == rest(other)
    }
}

fn flatten(prefix: &str, table: &Table, settings: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        match value {
            Value::Table(table) => flatten(&format!("{prefix}{key}."), table, settings),
            value => {
                settings.insert(format!("{prefix}{key}"), value.to_string());
            }
        }
    }
}

/// A key that not all groups have the same value for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Setting {
    /// The dotted key.
    pub(crate) key: String,
    /// The value of each group as TOML; `None` where the key is absent.
    pub(crate) values: Vec<Option<String>>,
}

/// The keys that differ between some settings.
pub(crate) fn differing(all: &[&Settings]) -> Vec<Setting> {
    let mut keys: Vec<&String> = all.iter().flat_map(|settings| settings.0.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let setting = |key: &String| Setting {
        key: key.clone(),
        values: all.iter().map(|settings| settings.0.get(key).cloned()).collect(),
    };
    keys.into_iter()
        .map(setting)
        .filter(|setting| setting.values.iter().any(|value| *value != setting.values[0]))
        .collect()
}

/// The runs by configuration, in the order of first appearance: those whose settings differ in `seed` alone and whose
/// seeds differ.  Where that would leave nothing to compare, every run stands for itself.
pub(crate) fn groups(runs: &[(&Settings, u64)]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, (settings, seed)) in runs.iter().enumerate() {
        let fits =
            |group: &&mut Vec<usize>| group.iter().all(|&j| runs[j].0.is_replica(settings) && runs[j].1 != *seed);
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(i),
            None => groups.push(vec![i]),
        }
    }
    if groups.len() > 1 { groups } else { (0..runs.len()).map(|i| vec![i]).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        Settings::parse(text).unwrap()
    }

    #[test]
    fn keys_are_dotted_and_absent_ones_are_listed() {
        let a = settings("seed = 0\n[train]\nbatch = 50\nlearning_rate = 0.003\n[model]\nhidden = 9\n");
        let b = settings(
            "seed = 0\n[train]\nbatch = 50\nlearning_rate = [[1, 0.1]]\nstop = \"none\"\n[model]\nhidden = 9\n",
        );
        let found = differing(&[&a, &b]);
        let words: Vec<_> = found.iter().map(|setting| (setting.key.as_str(), setting.values[0].as_deref())).collect();
        assert_eq!(words, [("train.learning_rate", Some("0.003")), ("train.stop", None)]);
        assert_eq!(found[0].values[1].as_deref(), Some("[[1, 0.1]]"));
        assert!(Settings::parse("a = \n").is_err());
    }

    #[test]
    fn replicas_are_put_together_in_order_of_appearance() {
        let of = |rate: &str, seed: u64| settings(&format!("seed = {seed}\n[train]\nlearning_rate = {rate}\n"));
        let runs = [of("0.1", 0), of("0.2", 0), of("0.1", 1), of("0.2", 5)];
        let seeds = [0, 0, 1, 5];
        let with = |chosen: &[usize]| groups(&chosen.iter().map(|&i| (&runs[i], seeds[i])).collect::<Vec<_>>());
        assert_eq!(with(&[0, 1, 2, 3]), [[0, 2], [1, 3]]);
        // The cells of a sweep have names of their own.
        let named = |name: &str| settings(&format!("name = \"{name}\"\n[run]\ndevice = \"{name}\"\n"));
        assert!(named("host").is_replica(&named("auto")));
        // The same run twice is a pair, and so are two seeds and nothing else.
        assert_eq!(with(&[0, 0]), [[0], [1]]);
        assert_eq!(with(&[0, 2]), [[0], [1]]);
    }
}
