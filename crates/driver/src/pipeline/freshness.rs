//! Which tables of observables are up to date: `observables/keys.json` says what each was measured of.

use std::collections::{BTreeMap, BTreeSet};

use analysis::observables::{ObservableRow, TransitionRow, observables};
use analysis::{Table, read_table, to_csv};
use sha2::{Digest, Sha256};

use super::bench::Bench;
use super::manifest::{hex, sha256_of};
use crate::DriverError;
use crate::folder::RunFolder;

/// The version of what all observables measure; another one makes every table be measured anew.
const FORMAT: u32 = 1;

/// What every table of a run depends on, and what those that are there were measured of.
pub(crate) struct Freshness<'a> {
    folder: &'a RunFolder,
    facts: String,
    known: BTreeMap<String, String>,
}

/// The notes of `keys.json` on observables that there are.
fn known(text: &str) -> BTreeMap<String, String> {
    let mut known: BTreeMap<String, String> = serde_json::from_str(text).unwrap_or_default();
    known.retain(|name, _| observables().iter().any(|observable| observable.name() == name));
    known
}

/// The file of an observable's table.
fn table(name: &str) -> String {
    format!("{}/{name}.csv", ObservableRow::FOLDER)
}

/// The sums of the table `name` and of its transitions as they are in the folder; `None` where they cannot be read.
fn state(folder: &RunFolder, name: &str) -> Option<String> {
    let mut transitions: Vec<TransitionRow> = read_table(folder.root()).ok()?;
    transitions.retain(|row| row.observable == name);
    let sum = sha256_of(&folder.root().join(table(name))).ok()?;
    Some(format!("{sum} {}", hex(&Sha256::digest(to_csv(&transitions).ok()?))))
}

/// The tables that are as `keys.json` notes them, the transitions where all of them are, and `keys.json` itself.
///
/// # Errors
/// A file that is there and cannot be read.
pub(crate) fn vouched(folder: &RunFolder) -> Result<BTreeSet<String>, DriverError> {
    let text = folder.read_if_present(Freshness::FILE)?.unwrap_or_default();
    let known = known(&text);
    let fits = |(name, note): &(&String, &String)| state(folder, name).is_some_and(|state| note.ends_with(&state));
    let fitting: Vec<&String> = known.iter().filter(fits).map(|(name, _)| name).collect();
    let whole = read_table(folder.root())
        .is_ok_and(|rows: Vec<TransitionRow>| rows.iter().all(|row| fitting.contains(&&row.observable)));
    let mut files: BTreeSet<String> = fitting.into_iter().map(|name| table(name)).collect();
    files.insert(Freshness::FILE.to_owned());
    files.extend(whole.then(|| TransitionRow::FILE.to_owned()));
    Ok(files)
}

impl<'a> Freshness<'a> {
    /// The file beside the tables: a map from an observable's name to its key and the sums of its table and of its
    /// transitions.
    pub(crate) const FILE: &'static str = "observables/keys.json";

    /// Reads the keys of the tables in `folder`; `model` identifies the run's model.  A file that cannot be understood
    /// counts as none: its tables are measured again.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub(crate) fn read(bench: &Bench, folder: &'a RunFolder, model: &str) -> Result<Self, DriverError> {
        let text = folder.read_if_present(Self::FILE)?.unwrap_or_default();
        let (experiment, analysis) = (&bench.experiment, &bench.experiment.analysis);
        let facts = format!(
            "format {FORMAT} | {:?} | model {model} | data {} | seed {} | {:?} | N {} times {} resamples {}",
            experiment.schedule,
            bench.dataset.digest,
            experiment.seed,
            experiment.sample.variance,
            analysis.trajectories,
            analysis.times,
            analysis.resamples,
        );
        Ok(Self { folder, facts, known: known(&text) })
    }

    fn key(&self, name: &str) -> String {
        let observable = observables().iter().find(|observable| observable.name() == name);
        // First versions are not named: tables of before versions were counted stay fresh.
        let version = match observable.map_or(1, |observable| observable.version()) {
            1 => String::new(),
            version => format!(" {version}"),
        };
        hex(&Sha256::digest(format!("{} | {name}{version}", self.facts)))
    }

    /// Whether the table `name` and its transitions are there as they would be measured now.
    pub(crate) fn is_fresh(&self, name: &str) -> bool {
        let (Some(known), Some(state)) = (self.known.get(name), state(self.folder, name)) else { return false };
        // Folders of before the sums were noted have the key alone.
        known.strip_prefix(&self.key(name)).is_some_and(|rest| rest.is_empty() || rest.trim_start() == state)
    }

    /// Notes that the table `name` was just written.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn note(&mut self, name: &str) -> Result<(), DriverError> {
        let note = state(self.folder, name).map(|state| format!("{} {state}", self.key(name)));
        self.known.extend(note.map(|note| (name.to_owned(), note)));
        let text = serde_json::to_string_pretty(&self.known)
            .map_err(|error| DriverError::Message(format!("{}: cannot be encoded: {error}", Self::FILE)))?;
        self.folder.write(Self::FILE, text + "\n")
    }
}
