//! What a page is made of: the files of a run folder that are as its manifest lists them.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use analysis::observables::ObservableRow;
use analysis::{ReferenceRow, Run};
use maud::{Markup, html};

use super::figure::{self, Pictured};
use crate::DriverError;
use crate::folder::RunFolder;
use crate::html::href;
use crate::pipeline::manifest::{Manifest, sha256_of};
use crate::pipeline::timing::{self, TimingRow};
use crate::settings::Settings;

/// Where a page stands, seen from which its links lead to the files of the run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    /// Empty in the run folder itself, else the way from the page's folder to it, with a `/` at its end.
    base: String,
}

impl Place {
    /// In the run folder.
    pub(crate) fn inside() -> Self {
        Self::default()
    }

    /// In the folder `from`, which need not be there yet; the run folder is `root`.
    ///
    /// # Errors
    /// A folder whose place cannot be found.
    pub(crate) fn outside(from: &Path, root: &Path) -> Result<Self, DriverError> {
        let (from, root) = (whole(from)?, whole(root)?);
        let common = from.components().zip(root.components()).take_while(|(a, b)| a == b).count();
        let up = from.components().skip(common).map(|_| "..".to_owned());
        let down = root.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned());
        Ok(Self { base: up.chain(down).map(|part| part + "/").collect() })
    }

    /// The run folder as the page names it.
    pub(super) fn name(&self) -> &str {
        self.base.trim_end_matches('/')
    }

    /// The address of a file of the run.
    pub(super) fn address(&self, name: &str) -> String {
        href(&format!("{}{name}", self.base))
    }
}

/// A path from the root of the file system on, links followed as far as it is there.
pub(crate) fn whole(path: &Path) -> Result<PathBuf, DriverError> {
    let whole = std::path::absolute(path).map_err(DriverError::io(path, "cannot be found"))?;
    let there = whole.ancestors().find_map(|part| Some((std::fs::canonicalize(part).ok()?, part)));
    let Some((real, part)) = there else { return Ok(whole) };
    let rest = whole.strip_prefix(part).unwrap_or(Path::new(""));
    let mut found = real;
    // What is not there has no links: `..` takes back what comes before it.
    for component in rest.components() {
        match component {
            Component::ParentDir => drop(found.pop()),
            component => found.push(component),
        }
    }
    Ok(found)
}

/// A run as its page sees it.
pub(crate) struct Source {
    pub(super) folder: RunFolder,
    pub(super) place: Place,
    pub(super) run: Run,
    /// `None` where the run was not finished.
    pub(super) manifest: Option<Manifest>,
    /// `None` where `config.toml` is not the run's.
    pub(super) settings: Option<Settings>,
    /// The training of each machine by its timestep.
    pub(super) timing: BTreeMap<usize, TimingRow>,
    /// The figures in the order of the registry.
    pub(super) figures: Vec<Pictured>,
    /// Files that the page shows nothing of, since they are not as the manifest lists them.
    pub(super) left_out: Vec<String>,
}

impl Source {
    /// Reads a run.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn read(folder: &RunFolder, manifest: Option<Manifest>, place: Place) -> Result<Self, DriverError> {
        let mut checked = Checked { folder, manifest: manifest.as_ref(), left_out: Vec::new() };
        let settings = checked.has(RunFolder::CONFIG)?.then(|| Settings::read(folder)).transpose()?;
        let timing = if checked.has(RunFolder::TIMING)? { timing::read(folder)? } else { BTreeMap::new() };
        let figures = figure::read(&mut checked)?;
        let left_out = checked.left_out;
        let run = Run::read(folder.root())?;
        Ok(Self { folder: folder.clone(), place, run, manifest, settings, timing, figures, left_out })
    }

    /// Whether the run has a file; the manifest is written after the page that tells of it.
    pub(super) fn has(&self, name: &str) -> bool {
        (name == RunFolder::MANIFEST && self.manifest.is_some()) || self.folder.root().join(name).is_file()
    }

    /// A link to a file of the run, its name alone where it is not there.
    pub(super) fn link(&self, name: &str) -> Markup {
        let shown = html! { code { (name) } };
        if self.has(name) {
            html! { a href=(self.place.address(name)) { (shown) } }
        } else {
            shown
        }
    }

    /// The figure of this name, where the run has it.
    pub(super) fn figure(&self, name: &str) -> Option<&Pictured> {
        self.figures.iter().find(|figure| figure.name == name)
    }

    /// The table of an observable; empty where it was not measured.
    pub(super) fn table(&self, observable: &str) -> &[ObservableRow] {
        self.run.observables.get(observable).map_or(&[], Vec::as_slice)
    }

    /// The floor of the machines' losses by its name in `references.csv`, where they have one.
    pub(super) fn floor(&self, reference: &str) -> Option<f64> {
        let mut rows = self.run.references.iter();
        rows.find(|row: &&ReferenceRow| row.reference == reference).map(|row| row.value)
    }
}

/// The files of a run, each compared with the manifest before it is used.
pub(super) struct Checked<'a> {
    pub(super) folder: &'a RunFolder,
    manifest: Option<&'a Manifest>,
    left_out: Vec<String>,
}

impl Checked<'_> {
    /// Whether a file is there and, where there is a manifest, as it lists it; notes those that are not.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn has(&mut self, name: &str) -> Result<bool, DriverError> {
        let path = self.folder.root().join(name);
        let listed = self.manifest.map(|manifest| manifest.outputs.get(name));
        let sound = match listed {
            None => return Ok(path.is_file()),
            Some(None) => return Ok(false),
            Some(Some(sum)) => path.is_file() && sha256_of(&path)? == *sum,
        };
        if !sound {
            self.left_out.push(name.to_owned());
        }
        Ok(sound)
    }

    /// The bytes of a file that [`Self::has`] holds for.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn bytes(&self, name: &str) -> Result<Vec<u8>, DriverError> {
        let path = self.folder.root().join(name);
        std::fs::read(&path).map_err(DriverError::io(&path, "cannot be read"))
    }
}
