//! The run folder: where its files are and how they are written.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use analysis::observables::ObservableRow;

use crate::{DriverError, interrupt};

/// Writes a file whole or not at all; a signal waits until it is done.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DriverError> {
    let _writing = interrupt::writing();
    data::write_atomically(path, bytes).map_err(DriverError::io(path, "cannot be written"))
}

/// A folder that holds one run.
#[derive(Debug, Clone)]
pub(crate) struct RunFolder {
    root: PathBuf,
    /// The names of the files written through this handle and its clones.
    written: Arc<Mutex<BTreeSet<String>>>,
}

impl RunFolder {
    /// Resolved, re-runnable configuration.
    pub(crate) const CONFIG: &'static str = "config.toml";
    /// Where the run comes from and what it left.
    pub(crate) const MANIFEST: &'static str = "manifest.json";
    /// The folder of the checkpoints.
    pub(crate) const MACHINES: &'static str = "machines";
    /// The folder of the cells in the folder of a sweep.
    pub(crate) const CELLS: &'static str = "cells";
    /// The run on one page; it holds the wall-clock, as the manifest does.
    pub(crate) const REPORT: &'static str = "report.html";
    /// Wall-clock seconds of each machine.
    pub(crate) const TIMING: &'static str = "timing.csv";
    /// The folders that a run makes in its own.
    const FOLDERS: [&str; 3] = [Self::MACHINES, "figures", ObservableRow::FOLDER];
    /// The principal axes in which the machines of a Wiener-skip run live.
    pub(crate) const FRAME: &'static str = "machines/frame.safetensors";

    fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), written: Arc::default() }
    }

    /// The folder at `root`, made where it is not there.
    pub(crate) fn create(root: &Path) -> Result<Self, DriverError> {
        let folder = Self::at(root);
        let figures = folder.figures();
        fs::create_dir_all(&figures).map_err(DriverError::io(&figures, "cannot be made"))?;
        Ok(folder)
    }

    /// Removes what a run that was killed has left half-written; the folder must be locked.
    pub(crate) fn tidy(&self) -> Result<(), DriverError> {
        for part in Self::FOLDERS.map(|name| self.root.join(name)).iter().chain([&self.root]) {
            data::remove_unfinished(part).map_err(DriverError::io(part, "cannot be tidied"))?;
        }
        Ok(())
    }

    /// The folder at `root`, which must hold a run.
    pub(crate) fn open(root: &Path) -> Result<Self, DriverError> {
        if root.join(analysis::RunFacts::FILE).is_file() {
            Ok(Self::at(root))
        } else if root.join(Self::CELLS).is_dir() {
            let root = root.display();
            Err(DriverError::Message(format!(
                "{root}: the folder of a sweep; name one of the runs in {root}/{}",
                Self::CELLS
            )))
        } else {
            let facts = analysis::RunFacts::FILE;
            if Self::is_run(root) {
                let message = "is missing; put it back, or run the experiment again";
                return Err(DriverError::Message(format!("{}: {message}", root.join(facts).display())));
            }
            Err(DriverError::Message(format!(
                "{}: not a run folder ({facts} is missing); name a folder that a run has left, such as results/smoke",
                root.display()
            )))
        }
    }

    /// The folder at `root`, which must hold a manifest.
    pub(crate) fn with_manifest(root: &Path) -> Result<Self, DriverError> {
        let path = root.join(Self::MANIFEST);
        if path.is_file() {
            Ok(Self::at(root))
        } else {
            Err(DriverError::Message(format!(
                "{}: is missing; name the folder of a run that was finished, such as results/smoke",
                path.display()
            )))
        }
    }

    /// Whether `root` holds a run or a sweep, finished or not.
    pub(crate) fn is_run(root: &Path) -> bool {
        let has = |name: &str| root.join(name).is_file();
        has(Self::MANIFEST)
            || has(analysis::RunFacts::FILE)
            || (has(Self::CONFIG) && [Self::CELLS, "figures"].iter().any(|part| root.join(part).is_dir()))
    }

    /// Errs where `root` holds files of another kind, which a run would mix with its own.
    pub(crate) fn refuse_foreign(root: &Path) -> Result<(), DriverError> {
        let entries = match fs::read_dir(root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(DriverError::io(root, "cannot be a run folder")(error)),
        };
        let names = entries.filter_map(Result::ok).map(|entry| entry.file_name().to_string_lossy().into_owned());
        // A run that was ended at its very start has left only these.
        let foreign = names.filter(|name| !name.starts_with('.') && !["machines", "figures"].contains(&name.as_str()));
        match foreign.min() {
            None => Ok(()),
            Some(_) if Self::is_run(root) => Err(DriverError::Message(format!(
                "{}: is missing, so nothing says what run this folder holds; put it back, name another folder with \
                 --out, or move this one aside with --fresh",
                root.join(Self::CONFIG).display()
            ))),
            Some(name) => Err(DriverError::Message(format!(
                "{}: holds `{name}` and no run; name a new or an empty folder with --out",
                root.display()
            ))),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn machines(&self) -> PathBuf {
        self.root.join(Self::MACHINES)
    }

    pub(crate) fn figures(&self) -> PathBuf {
        self.root.join("figures")
    }

    /// The text of a file of the run, `None` where it does not exist.
    pub(crate) fn read_if_present(&self, name: &str) -> Result<Option<String>, DriverError> {
        let path = self.root.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(DriverError::io(&path, "cannot be read")(error)),
        }
    }

    /// The bytes of a file of the run, `None` where it does not exist.
    pub(crate) fn bytes_if_present(&self, name: &str) -> Result<Option<Vec<u8>>, DriverError> {
        let path = self.root.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(DriverError::io(&path, "cannot be read")(error)),
        }
    }

    /// Removes a file of the run, where it is there.
    pub(crate) fn remove_if_present(&self, name: &str) -> Result<(), DriverError> {
        let path = self.root.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(DriverError::io(&path, "cannot be removed")(error))
            }
            _ => Ok(()),
        }
    }

    /// Keeps a damaged file of the run under another name, `NAME.damaged`.
    pub(crate) fn set_aside(&self, name: &str) -> Result<(), DriverError> {
        let path = self.root.join(name);
        let aside = self.root.join(format!("{name}.damaged"));
        fs::rename(&path, aside).map_err(DriverError::io(&path, "cannot be renamed"))
    }

    /// Writes a file of the run: whole or not at all; makes its folder again where the user has removed it.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<(), DriverError> {
        write_whole(&self.root.join(name), bytes.as_ref())?;
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        Ok(())
    }

    /// Writes a file of the run where there is none yet: whole or not at all; whether it did.
    pub(crate) fn write_new(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<bool, DriverError> {
        let path = self.root.join(name);
        let _writing = interrupt::writing();
        data::write_new(&path, bytes.as_ref()).map_err(DriverError::io(&path, "cannot be written"))
    }

    /// The files that were written through this handle, relative to the root, sorted.
    pub(crate) fn written(&self) -> BTreeSet<String> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The files of the run but the manifest and hidden ones, relative to its root with `/`, sorted.
    ///
    /// The folders of a run may be links, to a larger disk say; a link to any other folder is not part of the run, for it
    /// may lead anywhere, even back.
    pub(crate) fn files(&self) -> Result<Vec<String>, DriverError> {
        let mut files = Vec::new();
        let mut folders = vec![(self.root.clone(), String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            let entries = fs::read_dir(&folder).map_err(DriverError::io(&folder, "cannot be listed"))?;
            for entry in entries {
                let entry = entry.map_err(DriverError::io(&folder, "cannot be listed"))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with('.') {
                    continue;
                }
                let relative = format!("{prefix}{name}");
                let path = entry.path();
                if path.is_dir() {
                    if !path.is_symlink() || Self::FOLDERS.contains(&relative.as_str()) {
                        folders.push((path, format!("{relative}/")));
                    }
                } else if path.is_file() && relative != Self::MANIFEST {
                    files.push(relative);
                }
            }
        }
        files.sort();
        Ok(files)
    }
}
