//! What a verification came to, for people and as JSON.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Checks;
use crate::DriverError;
use crate::pipeline::manifest::{self, Code, Manifest, hex};

/// The version of the JSON's layout.
const FORMAT: u32 = 1;

/// Where something was computed.
#[derive(Debug, Serialize)]
struct Circumstance {
    at: String,
    driver: String,
    git_commit: Option<String>,
    git_dirty: Option<bool>,
    host: Option<String>,
    processor: Option<String>,
    isa: Option<String>,
}

impl Circumstance {
    fn line(&self) -> String {
        let commit = match (&self.git_commit, self.git_dirty) {
            (None, _) => "no commit known".to_owned(),
            (Some(commit), Some(true)) => format!("commit {commit} with changes"),
            (Some(commit), _) => format!("commit {commit}"),
        };
        let word = |text: &Option<String>| text.as_deref().unwrap_or("unknown").to_owned();
        let (host, processor, isa) = (word(&self.host), word(&self.processor), word(&self.isa));
        format!("{}, driver {}, {commit}; host {host}, {processor}, instruction set {isa}", self.at, self.driver)
    }
}

/// Everything that was checked and found.
#[derive(Debug, Serialize)]
pub(crate) struct Certificate {
    format: u32,
    run: String,
    verdict: &'static str,
    name: String,
    seed: u64,
    device: String,
    manifest_sha256: String,
    /// Over the sorted lines `SUM  NAME` of the manifest's outputs.
    outputs_sha256: String,
    checked: BTreeMap<&'static str, Vec<String>>,
    trained_again: Vec<usize>,
    differences: Vec<String>,
    notes: Vec<String>,
    then: Circumstance,
    now: Circumstance,
    #[serde(skip)]
    lines: Vec<(&'static str, String)>,
}

impl Certificate {
    /// Of the run shown as `run`, whose manifest's sum is `manifest_sha256`.
    pub(crate) fn new(run: String, manifest: &Manifest, manifest_sha256: String, code: &Code, checks: Checks) -> Self {
        let listed: String = manifest.outputs.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
        let differences = checks.lines();
        let mut checked: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for (label, text) in &checks.done {
            checked.entry(label).or_default().push(text.clone());
        }
        let notes = manifest.warnings.iter().map(|warning| format!("the run warned: {warning}")).chain(checks.notes);
        Self {
            format: FORMAT,
            run,
            verdict: if differences.is_empty() { "verified" } else { "differs" },
            name: manifest.name.clone(),
            seed: manifest.seed,
            device: manifest.device.clone(),
            manifest_sha256,
            outputs_sha256: hex(&Sha256::digest(listed)),
            checked,
            trained_again: checks.trained_again,
            differences,
            notes: notes.collect(),
            then: Circumstance {
                at: manifest.ended.clone(),
                driver: manifest.driver.clone(),
                git_commit: manifest.git_commit.clone(),
                git_dirty: manifest.git_dirty,
                host: manifest.host.clone(),
                processor: manifest.processor.clone(),
                isa: manifest.isa.clone(),
            },
            now: Circumstance {
                at: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
                driver: env!("CARGO_PKG_VERSION").to_owned(),
                git_commit: code.commit.clone(),
                git_dirty: code.dirty,
                host: manifest::host(),
                processor: manifest::processor(),
                isa: Some(train::instruction_set().to_owned()),
            },
            lines: checks.done,
        }
    }

    /// Whether nothing differs.
    pub(crate) fn is_verified(&self) -> bool {
        self.differences.is_empty()
    }

    /// The JSON text.
    ///
    /// # Errors
    /// From the encoder.
    pub(crate) fn to_json(&self) -> Result<String, DriverError> {
        let faulty = |error| DriverError::Message(format!("--certificate: cannot be encoded: {error}"));
        serde_json::to_string_pretty(self).map_err(faulty)
    }

    /// The same for people, the verdict last.
    pub(crate) fn text(&self) -> String {
        let run = ("run", format!("{}: {}, seed {}, device {}", self.run, self.name, self.seed, self.device));
        let sums = [
            ("manifest", format!("sha256 {}", self.manifest_sha256)),
            ("outputs", format!("sha256 {}", self.outputs_sha256)),
            ("then", self.then.line()),
            ("now", self.now.line()),
        ];
        let notes = self.notes.iter().map(|note| ("note", note.clone()));
        let differences = self.differences.iter().map(|line| ("differs", line.clone()));
        let all = std::iter::once(run).chain(self.lines.iter().cloned()).chain(sums).chain(notes).chain(differences);
        let mut text: String = all.map(|(label, line)| format!("{label:<9} {line}\n")).collect();
        text += &match self.differences.len() {
            0 => format!("VERIFIED {}", self.run),
            1 => format!("DIFFERS {}: 1 file", self.run),
            count => format!("DIFFERS {}: {count} files", self.run),
        };
        text
    }
}
