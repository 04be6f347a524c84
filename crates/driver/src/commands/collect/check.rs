//! What keeps the machines in a folder from being put together: all of it, a line each.

use std::collections::BTreeMap;
use std::path::Path;

use crate::DriverError;
use crate::config::Model;
use crate::folder::RunFolder;
use crate::pipeline::bench::Bench;
use crate::pipeline::problem::Problem;
use crate::pipeline::shards::{self, Shard};
use crate::pipeline::shelf::{Shelf, Standing};

/// What is wrong with the machines of a run; empty where nothing is.
///
/// # Errors
/// A record of a shard that cannot be read.
pub(super) fn machines(bench: &Bench, folder: &RunFolder) -> Result<Vec<String>, DriverError> {
    let Model::Machines(machines) = bench.experiment.model else { return Ok(Vec::new()) };
    let shards = shards::read(folder.root())?;
    let problem = Problem::new(bench, machines)?;
    let shelf = Shelf::new(&problem, folder);
    let mut missing = Vec::new();
    let mut wrong = Vec::new();
    for t in bench.schedule.timesteps() {
        match shelf.standing(t)? {
            Standing::Sound => {}
            Standing::Absent => missing.push(t.get()),
            Standing::Otherwise(reason) => wrong.push(reason),
        }
    }
    if !missing.is_empty() {
        wrong.push(absent(folder.root(), &missing));
        wrong.extend(failures(&shards));
    }
    wrong.extend(other_settings(bench, &shards));
    wrong.extend(other_versions(&shards));
    Ok(wrong)
}

/// The timesteps without a machine, and what trains them.
fn absent(root: &Path, missing: &[usize]) -> String {
    let (root, ranges) = (root.display(), train::ranges(missing));
    let asked = ranges.replace(", ", ",");
    let command = format!("driver run {root}/config.toml --out {root} --timesteps {asked} --shard");
    format!("no machine at t = {ranges}; `{command}` trains them")
}

/// What shards have said of machines that could not be trained.
fn failures(shards: &[(String, Shard)]) -> impl Iterator<Item = String> {
    shards.iter().filter_map(|(name, shard)| Some(format!("{name}: {}", shard.failed.as_ref()?)))
}

/// Shards that were trained with other settings than those of the folder.
fn other_settings(bench: &Bench, shards: &[(String, Shard)]) -> impl Iterator<Item = String> {
    let here = shards::settings_sum(&bench.experiment);
    let others = shards.iter().filter(move |(_, shard)| shard.settings_sha256 != here);
    others.map(|(name, shard)| {
        format!("{name}: t = {} was trained with other settings than those of {}", shard.timesteps, RunFolder::CONFIG)
    })
}

/// The versions of the program, where there are several, this one's among them, each with its shards.
fn other_versions(shards: &[(String, Shard)]) -> Option<String> {
    let mut versions: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (_, shard) in shards {
        let commit = shard.git_commit.as_ref().map_or(String::new(), |commit| format!(" at commit {commit:.12}"));
        versions.entry(format!("driver {}{commit}", shard.driver)).or_default().push(&shard.timesteps);
    }
    let here = env!("CARGO_PKG_VERSION");
    if shards.iter().any(|(_, shard)| shard.driver != here) {
        versions.entry(format!("driver {here}")).or_default().push("this command");
    }
    let list: Vec<String> = versions.iter().map(|(version, of)| format!("{version} (t = {})", of.join("; "))).collect();
    (versions.len() > 1).then(|| {
        format!("trained by several versions: {}; `driver run` finishes the run all the same", list.join(", "))
    })
}

/// A cell of a sweep, by its number from 1 on, that has not been run to its end.
pub(super) fn cell_is_missing(root: &Path, number: usize, folder: &str) -> String {
    let root = root.display();
    format!("{folder}: not finished; `driver run {root}/config.toml --out {root} --cells {number}` runs it")
}
