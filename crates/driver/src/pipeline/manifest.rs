//! `manifest.json`: where a run comes from and what it left.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use model::Device;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::bench::Bench;
use crate::DriverError;
use crate::folder::RunFolder;

/// The version of this layout.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize)]
struct Manifest {
    format: u32,
    name: String,
    purpose: String,
    started: String,
    ended: String,
    driver: &'static str,
    git_commit: Option<String>,
    git_dirty: Option<bool>,
    host: Option<String>,
    processor: Option<String>,
    device: &'static str,
    threads: usize,
    seed: u64,
    config_sha256: String,
    data: DataRecord,
    warnings: Vec<String>,
    outputs: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct DataRecord {
    source: &'static str,
    note: Option<&'static str>,
    train: usize,
    validation: usize,
    test: usize,
    dim: usize,
    sha256: String,
}

/// The state of the repository in the working folder; a run may take hours, so it is looked at when the run starts.
pub(crate) struct Code {
    commit: Option<String>,
    dirty: Option<bool>,
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

/// Brings the sums of the manifest up to date with the files of the folder; a folder without manifest stays without.
///
/// # Errors
/// A file that cannot be read or written, a manifest that is not JSON.
pub(crate) fn renew_outputs(folder: &RunFolder) -> Result<(), DriverError> {
    let Some(text) = folder.read_if_present(RunFolder::MANIFEST)? else { return Ok(()) };
    let path = folder.root().join(RunFolder::MANIFEST);
    let faulty = |error: serde_json::Error| DriverError::Message(format!("{}: {error}", path.display()));
    let mut manifest = parse(&path, text.as_bytes())?;
    manifest.insert("outputs".to_owned(), serde_json::to_value(sums(folder)?).map_err(faulty)?);
    folder.write(RunFolder::MANIFEST, serde_json::to_string_pretty(&manifest).map_err(faulty)? + "\n")
}

/// The entries of a manifest; `path` is what errors name.
///
/// # Errors
/// Bytes that are not a JSON object.
pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<serde_json::Map<String, serde_json::Value>, DriverError> {
    serde_json::from_slice(bytes).map_err(|error| DriverError::Message(format!("{}: {error}", path.display())))
}

/// The sha256 of every file of the folder but the manifest.
fn sums(folder: &RunFolder) -> Result<BTreeMap<String, String>, DriverError> {
    let sum = |name: String| Ok((sha256_of(&folder.root().join(&name))?, name));
    folder.files()?.into_iter().map(|name| sum(name).map(|(sum, name)| (name, sum))).collect()
}

/// Writes the manifest, with the sha256 of every other file of the folder.
pub(crate) fn write(bench: &Bench, folder: &RunFolder, how: Circumstances) -> Result<(), DriverError> {
    let experiment = &bench.experiment;
    let time = |moment| humantime::format_rfc3339_seconds(moment).to_string();
    let manifest = Manifest {
        format: FORMAT,
        name: experiment.name.clone(),
        purpose: experiment.purpose.clone(),
        started: time(how.started),
        ended: time(SystemTime::now()),
        driver: env!("CARGO_PKG_VERSION"),
        git_commit: how.code.commit,
        git_dirty: how.code.dirty,
        host: first_line("/proc/sys/kernel/hostname"),
        processor: processor(),
        device: how.device.name(),
        threads: how.threads,
        seed: experiment.seed,
        config_sha256: hex(&Sha256::digest(experiment.to_toml())),
        data: DataRecord {
            source: experiment.data.source().word(),
            note: bench.data_note(),
            train: bench.dataset.train.len(),
            validation: experiment.train.validation,
            test: bench.dataset.test.len(),
            dim: bench.dim(),
            sha256: bench.dataset.digest.clone(),
        },
        warnings: how.warnings,
        outputs: sums(folder)?,
    };
    let text = serde_json::to_string_pretty(&manifest)
        .map_err(|error| DriverError::Message(format!("{}: cannot be encoded: {error}", RunFolder::MANIFEST)))?;
    folder.write(RunFolder::MANIFEST, text + "\n")
}

fn sha256_of(path: &Path) -> Result<String, DriverError> {
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

fn first_line(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()?.lines().next().map(str::to_owned)
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
