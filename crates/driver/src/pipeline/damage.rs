//! Files of a run that are no longer as it wrote them: said before they are used or written again.

use std::collections::BTreeMap;

use analysis::lab::Classifier;
use analysis::observables::ObservableRow;

use super::freshness::{self, Freshness};
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
    /// Compares the files for which `concerned` holds with the manifest.
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
        // An analysis that was cut off has left tables that it vouches for and the manifest does not list yet.
        let vouched = freshness::vouched(folder)?;
        if found.keys().any(|name| vouched.contains(name) && is_table(name)) {
            found.retain(|name, _| !vouched.contains(name));
        }
        found.retain(|_, deviation| *deviation != Deviation::Added);
        Ok(Self { folder, terminal, found })
    }

    /// Says which files were changed or are gone.
    pub(crate) fn announce(&self) {
        for (name, deviation) in &self.found {
            let path = self.folder.root().join(name);
            self.terminal.warn(format_args!("{}: {}", path.display(), deviation.since("the run")));
        }
    }

    /// Errs where a file for which `needed` holds is not as the run wrote it and was not written again since: nothing is
    /// to be made of it.  An observable whose table is gone is one that was not measured.
    ///
    /// # Errors
    /// The first such file.
    pub(crate) fn refuse(&self, needed: impl Fn(&str, Deviation) -> bool) -> Result<(), DriverError> {
        let written = self.folder.written();
        let bare = |name: &str, deviation| deviation == Deviation::Missing && is_table(name);
        let first = self.found.iter().find(|(name, deviation)| {
            needed(name, **deviation) && !written.contains(*name) && !bare(name, **deviation)
        });
        match first {
            None => Ok(()),
            Some((name, deviation)) => Err(DriverError::Message(format!(
                "{}: {}; put it back, or run the experiment again",
                self.folder.root().join(name).display(),
                deviation.since("the run")
            ))),
        }
    }

    /// Errs where a figure would be drawn from a file that is not as the run wrote it.
    ///
    /// # Errors
    /// The first such file.
    pub(crate) fn refuse_to_draw(&self) -> Result<(), DriverError> {
        self.refuse(|name, _| Self::is_drawn(name))
    }

    /// As [`Self::refuse_to_draw`], but what is gone is left out of the figures: a run of some timesteps makes no samples.
    ///
    /// # Errors
    /// The first such file.
    pub(crate) fn refuse_to_draw_changed(&self) -> Result<(), DriverError> {
        self.refuse(|name, deviation| deviation == Deviation::Changed && Self::is_drawn(name))
    }

    /// Whether figures are drawn from the file.
    pub(crate) fn is_drawn(name: &str) -> bool {
        const OTHERS: [&str; 5] =
            [RunFolder::CONFIG, RunFolder::TIMING, RunFolder::REPORT, Classifier::FILE, Freshness::FILE];
        !OTHERS.contains(&name) && !name.starts_with("machines/") && !name.starts_with("figures/")
    }

    /// Says which of the files have been written again by now; returns a remark on each of the others.
    pub(crate) fn settle(self) -> Vec<String> {
        let mut written = self.folder.written();
        // It is written last, with the manifest.
        written.insert(RunFolder::REPORT.to_owned());
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

/// Whether a file is the table of an observable.
fn is_table(name: &str) -> bool {
    name.starts_with(ObservableRow::FOLDER) && name.ends_with(".csv")
}
