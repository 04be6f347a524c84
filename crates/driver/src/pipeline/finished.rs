//! Whether a folder holds the whole of a run, so that nothing of it need be looked at again.

use std::path::Path;

use analysis::Run;
use schedule::Schedule;
use sha2::{Digest, Sha256};

use super::conditioned::Conditioned;
use super::freshness::Freshness;
use super::manifest::{self, hex, sha256_of};
use super::shelf::file;
use crate::config::{Experiment, Model};

/// Whether `root` holds this very experiment, done to its end: its manifest is of these settings, lists everything that
/// they ask for, and every file is there as the manifest has it.
///
/// A folder that says no is no error: its run goes on from what is there.
pub(crate) fn is_finished(experiment: &Experiment, root: &Path) -> bool {
    let Ok(Some(left)) = manifest::read(root) else { return false };
    left.config_sha256 == hex(&Sha256::digest(experiment.to_toml()))
        && asked_for(experiment).iter().all(|name| left.outputs.contains_key(name))
        && left.outputs.iter().all(|(name, sum)| sha256_of(&root.join(name)).is_ok_and(|found| found == *sum))
}

/// The files that only a run without `--timesteps`, all of whose machines were trained, leaves.
fn asked_for(experiment: &Experiment) -> Vec<String> {
    let mut names = Vec::new();
    match (experiment.model, Schedule::new(experiment.schedule.law, experiment.schedule.timesteps)) {
        (Model::Machines(_), Ok(schedule)) => names.extend(schedule.timesteps().map(file)),
        (Model::Conditioned { .. }, _) => names.push(Conditioned::FILE.to_owned()),
        (Model::Exact(_), _) | (_, Err(_)) => {}
    }
    if experiment.sample.count > 0 {
        names.push(Run::SAMPLES_FILE.to_owned());
    }
    if !experiment.analysis.observables.is_empty() {
        names.push(Freshness::FILE.to_owned());
    }
    names
}
