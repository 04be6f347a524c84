//! Files of a run that are no longer as it wrote them: said before they are used or written again.

use std::collections::BTreeMap;

use super::manifest::{self, Deviation};
use crate::DriverError;
use crate::folder::RunFolder;
use crate::terminal::Terminal;

/// The files of a run folder that its manifest lists otherwise.
pub(crate) struct Damage<'a> {
    folder: &'a RunFolder,
    terminal: Terminal,
    found: BTreeMap<String, Deviation>,
}

impl<'a> Damage<'a> {
    /// Compares the files for which `concerned` holds with the manifest, and says which were changed or are gone.
    ///
    /// # Errors
    /// A manifest or a file that cannot be read.
    pub(crate) fn find(
        folder: &'a RunFolder,
        concerned: impl Fn(&str) -> bool,
        terminal: Terminal,
    ) -> Result<Self, DriverError> {
        let mut found = match manifest::read(folder.root())? {
            Some(manifest) => manifest::deviations(&manifest, folder, concerned, || {})?,
            None => BTreeMap::new(),
        };
        found.retain(|_, deviation| *deviation != Deviation::Added);
        for (name, deviation) in &found {
            terminal.warn(format_args!("{}: {}", folder.root().join(name).display(), deviation.since("the run")));
        }
        Ok(Self { folder, terminal, found })
    }

    /// Errs where a file for which `needed` holds is not as the run wrote it: nothing is to be made of it.
    ///
    /// # Errors
    /// The first such file.
    pub(crate) fn refuse(&self, needed: impl Fn(&str) -> bool) -> Result<(), DriverError> {
        match self.found.iter().find(|(name, _)| needed(name)) {
            None => Ok(()),
            Some((name, deviation)) => Err(DriverError::Message(format!(
                "{}: {}; put it back, or run the experiment again",
                self.folder.root().join(name).display(),
                deviation.since("the run")
            ))),
        }
    }

    /// Says which of the files have been written again by now; returns a remark on each of the others.
    pub(crate) fn settle(self) -> Vec<String> {
        let written = self.folder.written();
        let (again, left): (Vec<_>, Vec<_>) = self.found.into_iter().partition(|(name, _)| written.contains(name));
        if !again.is_empty() {
            let names: Vec<String> = again.into_iter().map(|(name, _)| name).collect();
            self.terminal.warn(format_args!("{}: written again: {}", self.folder.root().display(), names.join(", ")));
        }
        left.into_iter().map(|(name, deviation)| format!("{name}: {}", deviation.since("an earlier run"))).collect()
    }

    /// All files but the machines, which carry sums of their own.
    pub(crate) fn but_machines(name: &str) -> bool {
        !name.starts_with("machines/") || name == RunFolder::FRAME
    }
}
