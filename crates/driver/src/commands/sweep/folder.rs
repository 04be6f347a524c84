//! The folder of a sweep: its settings, its cells, its summary.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::run::refuse_difference;
use crate::DriverError;
use crate::config::{self, Sources, Sweep, Task};
use crate::folder::{RunFolder, write_whole};

/// `results/NAME` of a sweep.
pub(super) struct SweepFolder {
    root: PathBuf,
}

impl SweepFolder {
    /// One row a cell, quantity and timestep.
    pub(super) const SUMMARY: &'static str = "summary.csv";

    /// The folder at `root`, made where it is not there, with the settings of the sweep in it.
    ///
    /// # Errors
    /// A folder that holds anything else, also a sweep of other settings.
    pub(super) fn open(sweep: &Sweep, root: &Path) -> Result<Self, DriverError> {
        refuse_another(sweep, root)?;
        let folder = Self { root: root.to_owned() };
        let path = root.join(RunFolder::CONFIG);
        if data::write_new(&path, sweep.to_toml().as_bytes()).map_err(DriverError::io(&path, "cannot be written"))? {
            return Ok(folder);
        }
        // Another process may have been first, with settings of its own.
        refuse_another(sweep, root)?;
        folder.write(RunFolder::CONFIG, sweep.to_toml())?;
        Ok(folder)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the run folders of the cells are.
    pub(super) fn cells(&self) -> PathBuf {
        self.root.join(RunFolder::CELLS)
    }

    /// Writes a file of the sweep: whole or not at all.
    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<(), DriverError> {
        write_whole(&self.root.join(name), bytes.as_ref())
    }
}

fn refuse_another(sweep: &Sweep, root: &Path) -> Result<(), DriverError> {
    let file = root.join(RunFolder::CONFIG);
    if !file.exists() {
        return match foreign(root)? {
            None => Ok(()),
            Some(name) => Err(DriverError::Message(format!(
                "{}: holds `{name}` and no sweep; name a new or an empty folder with --out",
                root.display()
            ))),
        };
    }
    match config::load_task(&Sources { file, ..Sources::default() })? {
        Task::Sweep(there) => refuse_difference(&there.identity(), &sweep.identity(), ("a sweep", ""), root),
        Task::Run(_) => Err(DriverError::Message(format!(
            "{}: holds a run and no sweep; name another folder with --out, or move this one aside with --fresh",
            root.display()
        ))),
    }
}

/// The first of the files at `root` that no sweep leaves.
fn foreign(root: &Path) -> Result<Option<String>, DriverError> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(DriverError::io(root, "cannot be the folder of a sweep")(error)),
    };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.filter(|name| !name.starts_with('.')).min())
}
