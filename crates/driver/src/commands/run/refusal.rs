//! What a run is refused for: folders that hold other things.

use std::path::{Path, PathBuf};

use analysis::RunFacts;

use crate::DriverError;
use crate::config::{self, Experiment, Sources};
use crate::folder::RunFolder;
use crate::pipeline::bench::Bench;
use crate::pipeline::manifest::{self, Manifest};

/// A folder that holds a run of other settings or data, or no run at all, is left alone.
pub(super) fn refuse_another_run(bench: &Bench, root: &Path) -> Result<(), DriverError> {
    let path = root.join(RunFolder::CONFIG);
    let manifest = manifest::read(root)?;
    if !path.exists() {
        return RunFolder::refuse_foreign(root);
    }
    refuse_other_settings(&bench.experiment, path, root, manifest.as_ref())?;
    if !root.join(RunFacts::FILE).exists() {
        return Ok(());
    }
    // The settings say where to look for data, not whether a stand-in was taken.
    let (there, here) = (RunFacts::read(root)?.data_note, bench.data_note());
    if there.as_deref() == here {
        return Ok(());
    }
    let source = bench.experiment.data.source().word();
    Err(DriverError::Message(format!(
        "{}: holds a run on {}, and this one would be on {}; name another folder with --out, or move this one aside with \
         --fresh",
        root.display(),
        there.as_deref().unwrap_or(source),
        here.unwrap_or(source),
    )))
}

fn refuse_other_settings(
    experiment: &Experiment,
    path: PathBuf,
    root: &Path,
    manifest: Option<&Manifest>,
) -> Result<(), DriverError> {
    let there = config::load(&Sources { file: path.clone(), ..Sources::default() })?;
    // Where it runs is no part of what it is; nor is what is measured or drawn of it, which changes no machine and no
    // sample.
    let Experiment { analysis, figures, run, .. } = experiment.clone();
    let there = Experiment { analysis, figures, run, ..there }.to_toml();
    let is_changed = |there: &&Manifest| manifest::sha256_of(&path).is_ok_and(|sum| sum != there.config_sha256);
    let remark = manifest.filter(is_changed).map_or(String::new(), |manifest| {
        format!("\n  {}: was changed since the run of {} wrote it", path.display(), manifest.ended)
    });
    refuse_difference(&there, &experiment.to_toml(), ("a run", &remark), root)
}

/// Refuses settings that are not those there, and shows the lines that differ.
pub(crate) fn refuse_difference(
    there: &str,
    here: &str,
    (what, remark): (&str, &str),
    root: &Path,
) -> Result<(), DriverError> {
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let (there, here) = (lines(there), lines(here));
    if there == here {
        return Ok(());
    }
    let removed = there.iter().filter(|line| !here.contains(line)).map(|line| format!("\n  there: {line}"));
    let added = here.iter().filter(|line| !there.contains(line)).map(|line| format!("\n  asked: {line}"));
    let difference: String = removed.chain(added).collect();
    Err(DriverError::Message(format!(
        "{}: holds {what} of other settings; name another folder with --out, or move this one aside with \
         --fresh{difference}{remark}",
        root.display()
    )))
}
