//! What processes that trained a part of a run's machines say of themselves, until `collect` has put the run together.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::manifest::hex;
use super::timing::TimingRow;
use crate::DriverError;
use crate::config::{self, Experiment};
use crate::folder::RunFolder;

/// Where the records lie in the run folder: hidden, since they are no result.
const FOLDER: &str = ".shards";

/// A process that trained some machines of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shard {
    /// What it was asked for, as `1-20, 300`.
    pub(crate) timesteps: String,
    /// The version of the program.
    pub(crate) driver: String,
    /// The commit of the repository it was started in, where there is one.
    pub(crate) git_commit: Option<String>,
    /// The instruction set of the products, on which last digits depend.
    pub(crate) isa: String,
    pub(crate) device: String,
    pub(crate) threads: usize,
    pub(crate) host: Option<String>,
    pub(crate) started: String,
    pub(crate) ended: String,
    /// [`settings_sum`] of its settings.
    pub(crate) settings_sha256: String,
    /// How long each machine took, those of earlier attempts at the same shard included.
    pub(crate) machines: Vec<TimingRow>,
    /// Why machines could not be trained.
    pub(crate) failed: Option<String>,
}

/// Identifies settings, but for where and how they are run.
pub(crate) fn settings_sum(experiment: &Experiment) -> String {
    let run = config::Run { device: config::Device::Auto, save_seconds: 0.0 };
    hex(&Sha256::digest(Experiment { run, ..experiment.clone() }.to_toml()))
}

impl Shard {
    /// The record's place in the run folder, one for each choice of timesteps.
    fn path(&self) -> String {
        const LONGEST: usize = 64;
        let name = self.timesteps.replace(", ", "_");
        if name.len() <= LONGEST {
            return format!("{FOLDER}/{name}.json");
        }
        format!("{FOLDER}/{}.json", hex(&Sha256::digest(name)))
    }

    /// Writes the record, with the times that an earlier attempt at the same shard has left.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn keep(mut self, folder: &RunFolder) -> Result<(), DriverError> {
        let path = self.path();
        let before = folder.bytes_if_present(&path)?.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        let earlier = before.into_iter().flat_map(|shard| shard.machines);
        let missing: Vec<TimingRow> = earlier.filter(|row| self.machines.iter().all(|own| own.t != row.t)).collect();
        self.machines.extend(missing);
        self.machines.sort_by_key(|row| row.t);
        let text = serde_json::to_string_pretty(&self)
            .map_err(|error| DriverError::Message(format!("{path}: cannot be encoded: {error}")))?;
        folder.write(&path, text + "\n")
    }
}

/// The records in a run folder, each with its file, in the order of the files' names.
///
/// # Errors
/// One that cannot be read.
pub(crate) fn read(root: &Path) -> Result<Vec<(String, Shard)>, DriverError> {
    let path = root.join(FOLDER);
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(DriverError::io(&path, "cannot be listed")(error)),
    };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    let shard = |name: String| {
        let path = path.join(&name);
        let bytes = fs::read(&path).map_err(DriverError::io(&path, "cannot be read"))?;
        let shard = serde_json::from_slice(&bytes).map_err(|error| {
            let way_out = "remove it, its machines are checked all the same";
            DriverError::Message(format!("{}: damaged: {error}; {way_out}", path.display()))
        })?;
        Ok((format!("{FOLDER}/{name}"), shard))
    };
    names.into_iter().map(shard).collect()
}

/// Removes the records, which the manifest has taken over.
///
/// # Errors
/// A folder that cannot be removed.
pub(crate) fn remove(root: &Path) -> Result<(), DriverError> {
    let path = root.join(FOLDER);
    match fs::remove_dir_all(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(DriverError::io(&path, "cannot be removed")(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::Device;

    use super::super::timing;
    use super::*;

    fn shard(timesteps: &str, seconds: &[(usize, f64)]) -> Shard {
        let seconds: BTreeMap<usize, f64> = seconds.iter().copied().collect();
        Shard {
            timesteps: timesteps.to_owned(),
            driver: "1.0.0".to_owned(),
            git_commit: None,
            isa: "avx2".to_owned(),
            device: "host".to_owned(),
            threads: 2,
            host: None,
            started: String::new(),
            ended: String::new(),
            settings_sha256: String::new(),
            machines: timing::rows(seconds, Device::Host, 2),
            failed: None,
        }
    }

    #[test]
    fn records_keep_the_times_of_earlier_attempts_and_are_removed_together() {
        let root = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(root.path()).unwrap();
        assert_eq!(read(root.path()).unwrap(), []);
        shard("5-7, 9", &[(5, 1.0), (6, 1.0)]).keep(&folder).unwrap();
        shard("5-7, 9", &[(6, 2.0), (9, 3.0)]).keep(&folder).unwrap();
        shard("1-4", &[]).keep(&folder).unwrap();
        let long: Vec<String> = (0..60).map(|i| (2 * i).to_string()).collect();
        shard(&long.join(", "), &[]).keep(&folder).unwrap();
        let found = read(root.path()).unwrap();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.len() == 3 && names.is_sorted() && names[1].len() == ".shards/.json".len() + 64, "{names:?}");
        assert_eq!([names[0], names[2]], [".shards/1-4.json", ".shards/5-7_9.json"]);
        let times: Vec<(usize, f64)> = found[2].1.machines.iter().map(|row| (row.t, row.seconds)).collect();
        assert_eq!(times, [(5, 1.0), (6, 2.0), (9, 3.0)]);
        std::fs::write(root.path().join(".shards/0.json"), "{").unwrap();
        let message = read(root.path()).unwrap_err().to_string();
        assert!(
            message.contains(".shards/0.json: damaged: ") && message.ends_with("are checked all the same"),
            "{message}"
        );
        remove(root.path()).unwrap();
        remove(root.path()).unwrap();
        assert_eq!(read(root.path()).unwrap(), []);
    }
}
