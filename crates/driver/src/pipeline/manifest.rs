//! `manifest.json`: where a run comes from and what it left.

#[cfg(test)]
pub(crate) mod keys;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use model::Device;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::bench::Bench;
use super::shards::{self, Shard};
use super::timing::{self, TimingRow};
use crate::DriverError;
use crate::folder::RunFolder;
use crate::report;

/// The version of this layout.  2: `isa` and `manifest_sha256`.
pub(crate) const FORMAT: u32 = 2;
/// The entry that holds the sum of all others.
const OWN_SUM: &str = "manifest_sha256";

/// What `manifest.json` holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) name: String,
    pub(crate) purpose: String,
    pub(crate) started: String,
    pub(crate) ended: String,
    pub(crate) driver: String,
    pub(crate) git_commit: Option<String>,
    pub(crate) git_dirty: Option<bool>,
    pub(crate) host: Option<String>,
    pub(crate) processor: Option<String>,
    /// The instruction set of the products, on which their last digits depend; absent before format 2.
    pub(crate) isa: Option<String>,
    pub(crate) device: String,
    pub(crate) threads: usize,
    pub(crate) seed: u64,
    pub(crate) config_sha256: String,
    pub(crate) data: DataRecord,
    pub(crate) warnings: Vec<String>,
    /// The processes that trained machines of the run into its folder; none where one process trained all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) shards: Vec<Shard>,
    /// The sha256 of every other file of the run.
    pub(crate) outputs: BTreeMap<String, String>,
}

/// What the run was about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DataRecord {
    pub(crate) source: String,
    pub(crate) note: Option<String>,
    pub(crate) train: usize,
    pub(crate) validation: usize,
    pub(crate) test: usize,
    pub(crate) dim: usize,
    pub(crate) sha256: String,
}

/// The state of the repository in the working folder; a run may take hours, so it is looked at when the run starts.
#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) commit: Option<String>,
    pub(crate) dirty: Option<bool>,
}

impl Code {
    pub(crate) fn present() -> Self {
        Self {
            commit: git(&["rev-parse", "HEAD"]),
            dirty: git(&["status", "--porcelain"]).map(|changes| !changes.is_empty()),
        }
    }
}

/// How a run was carried out.
pub(crate) struct Circumstances {
    pub(crate) started: SystemTime,
    pub(crate) code: Code,
    pub(crate) device: Device,
    pub(crate) threads: usize,
    pub(crate) warnings: Vec<String>,
}

/// The manifest of the run folder `root`; `None` where there is none.
///
/// # Errors
/// One that cannot be read, is damaged, or is of a format that this program does not know; the message names the file.
pub(crate) fn read(root: &Path) -> Result<Option<Manifest>, DriverError> {
    let path = root.join(RunFolder::MANIFEST);
    match fs::read(&path) {
        Ok(bytes) => parse(&path, &bytes).map(Some),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(DriverError::io(&path, "cannot be read")(error)),
    }
}

/// The manifest in `bytes`, which were read from `path`.
pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Manifest, DriverError> {
    let damaged = |reason: String| {
        DriverError::Message(format!(
            "{}: {reason}; put the file back as the run wrote it, or remove it and run the experiment again",
            path.display()
        ))
    };
    let mut value: Value =
        serde_json::from_slice(bytes).map_err(|error| damaged(format!("damaged, not valid JSON: {error}")))?;
    let entries = value.as_object_mut().ok_or_else(|| damaged("damaged, not a JSON object".to_owned()))?;
    let format = entries.get("format").and_then(Value::as_u64);
    match format.ok_or_else(|| damaged("damaged, `format` is missing or no number".to_owned()))? {
        format if format > u64::from(FORMAT) => {
            return Err(DriverError::Message(format!(
                "{}: format {format}, this program reads formats up to {FORMAT}; use a newer driver",
                path.display()
            )));
        }
        1 => {}
        _ => {
            let sum = entries.remove(OWN_SUM);
            if sum.as_ref().and_then(Value::as_str) != Some(own_sum(entries).as_str()) {
                return Err(damaged(format!("changed since it was written (`{OWN_SUM}` does not fit)")));
            }
        }
    }
    serde_json::from_value(value).map_err(|error| damaged(format!("damaged: {error}")))
}

/// The sum of a manifest's entries, spaces and line breaks left aside.
fn own_sum(entries: &Map<String, Value>) -> String {
    hex(&Sha256::digest(Value::Object(entries.clone()).to_string()))
}

/// Writes the manifest with its own sum.
fn keep(manifest: &Manifest, folder: &RunFolder) -> Result<(), DriverError> {
    let path = folder.root().join(RunFolder::MANIFEST);
    let faulty =
        |error: serde_json::Error| DriverError::Message(format!("{}: cannot be encoded: {error}", path.display()));
    let mut value = serde_json::to_value(manifest).map_err(faulty)?;
    if let Some(entries) = value.as_object_mut() {
        entries.insert(OWN_SUM.to_owned(), own_sum(entries).into());
    }
    folder.write(RunFolder::MANIFEST, serde_json::to_string_pretty(&value).map_err(faulty)? + "\n")
}

/// Writes the report anew and brings the sums of the manifest up to date with what was written through `folder` and with `others`, files known to be
/// right; the sums of all other files stay, so that one which was changed by accident is still found out.  A folder
/// without manifest stays without.
///
/// # Errors
/// A file that cannot be read or written, a manifest that cannot be read.
pub(crate) fn renew_outputs(folder: &RunFolder, others: &BTreeSet<String>) -> Result<(), DriverError> {
    let Some(mut manifest) = read(folder.root())? else { return Ok(()) };
    for name in folder.written().iter().chain(others).filter(|name| *name != RunFolder::MANIFEST) {
        let path = folder.root().join(name);
        if path.exists() {
            manifest.outputs.insert(name.clone(), sha256_of(&path)?);
        }
    }
    sign(Manifest { format: FORMAT, ..manifest }, folder)
}

/// Writes the report, which tells what the manifest tells, and the manifest with its sum.
fn sign(mut manifest: Manifest, folder: &RunFolder) -> Result<(), DriverError> {
    let page = report::of(folder, &manifest)?;
    folder.write(RunFolder::REPORT, &page)?;
    manifest.outputs.insert(RunFolder::REPORT.to_owned(), hex(&Sha256::digest(&page)));
    keep(&manifest, folder)
}

/// How a file differs from the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deviation {
    /// The manifest lists it, the folder has it not.
    Missing,
    /// Its sum is another one.
    Changed,
    /// The folder has it, the manifest lists it not.
    Added,
}

impl Deviation {
    /// The same in words, for the file's name to begin the sentence.
    pub(crate) fn since(self, who: &str) -> String {
        match self {
            Self::Missing => format!("is gone since {who} wrote it"),
            Self::Changed => format!("was changed since {who} wrote it"),
            Self::Added => format!("was not there when {who} ended"),
        }
    }
}

/// The files for which `concerned` holds that differ from the manifest, by name; `looked_at` hears of each.
///
/// # Errors
/// A file or folder that cannot be read.
pub(crate) fn deviations(
    manifest: &Manifest,
    folder: &RunFolder,
    concerned: impl Fn(&str) -> bool,
    looked_at: impl Fn(),
) -> Result<BTreeMap<String, Deviation>, DriverError> {
    let mut found = BTreeMap::new();
    let mut missing: BTreeMap<&String, &String> = manifest.outputs.iter().filter(|(name, _)| concerned(name)).collect();
    for name in folder.files()?.into_iter().filter(|name| concerned(name)) {
        let deviation = match missing.remove(&name) {
            None => Some(Deviation::Added),
            Some(sum) => (sha256_of(&folder.root().join(&name))? != *sum).then_some(Deviation::Changed),
        };
        looked_at();
        found.extend(deviation.map(|deviation| (name, deviation)));
    }
    found.extend(missing.into_keys().map(|name| (name.clone(), Deviation::Missing)));
    Ok(found)
}

/// The sha256 of every file of the folder but the manifest.
fn sums(folder: &RunFolder) -> Result<BTreeMap<String, String>, DriverError> {
    let sum = |name: String| Ok((sha256_of(&folder.root().join(&name))?, name));
    folder.files()?.into_iter().map(|name| sum(name).map(|(sum, name)| (name, sum))).collect()
}

/// Writes the report and the manifest, with the sha256 of every other file of the folder, and takes over what shards have said of themselves.
pub(crate) fn write(bench: &Bench, folder: &RunFolder, how: Circumstances) -> Result<(), DriverError> {
    let experiment = &bench.experiment;
    let time = |moment| humantime::format_rfc3339_seconds(moment).to_string();
    let manifest = Manifest {
        format: FORMAT,
        name: experiment.name.clone(),
        purpose: experiment.purpose.clone(),
        started: time(how.started),
        ended: time(SystemTime::now()),
        driver: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: how.code.commit,
        git_dirty: how.code.dirty,
        host: host(),
        processor: processor(),
        isa: Some(train::instruction_set().to_owned()),
        device: how.device.name().to_owned(),
        threads: how.threads,
        seed: experiment.seed,
        config_sha256: hex(&Sha256::digest(experiment.to_toml())),
        data: DataRecord {
            source: experiment.data.source().word().to_owned(),
            note: bench.data_note().map(str::to_owned),
            train: bench.dataset.train.len(),
            validation: experiment.train.validation,
            test: bench.dataset.test.len(),
            dim: bench.dim(),
            sha256: bench.dataset.digest.clone(),
        },
        warnings: how.warnings,
        shards: take_over_shards(folder)?,
        outputs: sums(folder)?,
    };
    sign(manifest, folder)?;
    shards::remove(folder.root())
}

/// The shards that an earlier manifest names and those that have left records, whose times go to `timing.csv`.
fn take_over_shards(folder: &RunFolder) -> Result<Vec<Shard>, DriverError> {
    let mut all = read(folder.root())?.map_or(Vec::new(), |manifest| manifest.shards);
    let new: Vec<Shard> = shards::read(folder.root())?.into_iter().map(|(_, shard)| shard).collect();
    let times: Vec<TimingRow> = new.iter().flat_map(|shard| shard.machines.iter().cloned()).collect();
    if !times.is_empty() {
        timing::record(folder, &times)?;
    }
    all.extend(new);
    Ok(all)
}

/// The sha256 of a file.
pub(crate) fn sha256_of(path: &Path) -> Result<String, DriverError> {
    let mut file = fs::File::open(path).map_err(DriverError::io(path, "cannot be read"))?;
    let mut hasher = Sha256::new();
    std::io::copy(&mut file, &mut HashWriter(&mut hasher)).map_err(DriverError::io(path, "cannot be read"))?;
    Ok(hex(&hasher.finalize()))
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The output of a git command in the working folder, if there is git and a repository.
fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The name of this computer, where the system tells it.
pub(crate) fn host() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/hostname").ok()?.lines().next().map(str::to_owned)
}

/// The name of its processor.
pub(crate) fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
