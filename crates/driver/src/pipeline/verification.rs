//! Is a finished run still what it was, and does it come out the same again?  One file a kind of check.

pub(crate) mod again;
pub(crate) mod certificate;
pub(crate) mod conditioned;
pub(crate) mod machines;
pub(crate) mod remade;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::bench::Bench;
use super::manifest::{self, Code, Manifest};
use crate::DriverError;
use crate::folder::RunFolder;
use crate::terminal::Terminal;

/// The largest relative difference of two losses that other instruction sets or a graphics card may make.
const LOSS_TOLERANCE: f64 = 1e-4;

/// A run that is looked at, and with what.
pub(crate) struct Subject<'a> {
    pub(crate) folder: &'a RunFolder,
    pub(crate) manifest: &'a Manifest,
    pub(crate) bench: &'a Bench,
    pub(crate) code: &'a Code,
    pub(crate) threads: usize,
    pub(crate) terminal: Terminal,
}

impl Subject<'_> {
    /// Whether products give the same bits here as where the run was made; a manifest of format 1 does not tell.
    pub(crate) fn same_isa(&self) -> bool {
        self.manifest.isa.as_deref() == Some(train::instruction_set())
    }

    /// Whether this is, as far as can be known, the program that made the run.
    pub(crate) fn same_program(&self) -> bool {
        let clean = |dirty: Option<bool>| dirty != Some(true);
        self.manifest.driver == env!("CARGO_PKG_VERSION")
            && self.manifest.git_commit == self.code.commit
            && clean(self.manifest.git_dirty)
            && clean(self.code.dirty)
    }

    /// The content of a file of the run.
    fn read(&self, name: &str) -> Result<Vec<u8>, DriverError> {
        let path = self.folder.root().join(name);
        std::fs::read(&path).map_err(DriverError::io(&path, "cannot be read"))
    }
}

/// What was checked and what was found.
pub(crate) struct Checks {
    root: PathBuf,
    /// By file, what differs first.
    pub(crate) findings: BTreeMap<String, String>,
    /// What a reader should know and is no difference.
    pub(crate) notes: Vec<String>,
    /// What was done, a label and a sentence each.
    pub(crate) done: Vec<(&'static str, String)>,
    /// The timesteps of the machines that were trained again.
    pub(crate) trained_again: Vec<usize>,
}

impl Checks {
    /// None yet, of the run in `folder`.
    pub(crate) fn new(folder: &RunFolder) -> Self {
        let root = folder.root().to_owned();
        Self { root, findings: BTreeMap::new(), notes: Vec::new(), done: Vec::new(), trained_again: Vec::new() }
    }

    fn found(&mut self, file: &str, what: impl Into<String>) {
        self.findings.entry(file.to_owned()).or_insert(what.into());
    }

    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn done(&mut self, label: &'static str, text: String) {
        self.done.push((label, text));
    }

    /// Whether nothing is known against a file.
    pub(crate) fn is_sound(&self, file: &str) -> bool {
        !self.findings.contains_key(file)
    }

    /// The findings, one a line that begins with the file.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |(file, what): (&String, &String)| format!("{}: {what}", self.root.join(file).display());
        self.findings.iter().map(line).collect()
    }

    /// Compares every file of the run with its manifest.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn files(
        &mut self,
        folder: &RunFolder,
        manifest: &Manifest,
        terminal: Terminal,
    ) -> Result<(), DriverError> {
        let listed = manifest.outputs.len();
        let progress = terminal.progress("files", listed as u64);
        let found = manifest::deviations(manifest, folder, |_| true, || progress.advance(1))?;
        progress.finish();
        let wrong = found.keys().filter(|name| manifest.outputs.contains_key(*name)).count();
        self.done("files", format!("{} of {listed} as the manifest lists them", listed - wrong));
        for (name, deviation) in found {
            self.found(&name, deviation.since("the run"));
        }
        Ok(())
    }

    /// Whether the data are those of the run.
    ///
    /// # Errors
    /// Stand-ins where the run had real data, or the other way round.
    pub(crate) fn data(&mut self, bench: &Bench, manifest: &Manifest) -> Result<bool, DriverError> {
        let (then, now) = (manifest.data.note.as_deref(), bench.data_note());
        if then != now {
            let source = manifest.data.source.as_str();
            let (then, now) = (then.unwrap_or(source), now.unwrap_or(source));
            return Err(DriverError::Message(format!("data.source: the run is on {then}, here there is only {now}")));
        }
        let same = bench.dataset.digest == manifest.data.sha256;
        if same {
            self.done("data", format!("sha256 {}, as then", manifest.data.sha256));
        } else {
            let (then, now) = (&manifest.data.sha256, &bench.dataset.digest);
            self.found(RunFolder::CONFIG, format!("its data have the sha256 {now}, then {then}"));
        }
        Ok(same)
    }
}
