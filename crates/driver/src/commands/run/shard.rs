//! `driver run --timesteps`: some machines of a run, in a folder that other processes may train other machines into.

use std::time::SystemTime;

use schedule::Timestep;
use train::FailedMachines;

use super::{Finished, Setting, Todo, complete, refusal, train, words};
use crate::DriverError;
use crate::config::Model;
use crate::folder::RunFolder;
use crate::lock::Lock;
use crate::pipeline::bench::Bench;
use crate::pipeline::manifest;
use crate::pipeline::problem::Problem;
use crate::pipeline::record;
use crate::pipeline::shards::{self, Shard};
use crate::pipeline::sharing::Sharing;
use crate::pipeline::shelf::Shelf;
use crate::pipeline::timing::TimingRow;

/// Trains the machines of `timesteps`, and where nobody else is at work in the folder and the rest is not `left` to
/// `collect`, makes tables and figures of the machines that are there.
///
/// Machines, each with its marker, are all that is written while the folder is shared, and what of the run is known before
/// its training where that is not there yet; whoever writes a machine first or last writes the same bytes.
pub(super) fn run(
    bench: Bench,
    folder: RunFolder,
    (timesteps, sharing): (&[Timestep], Option<&Sharing>),
    left: bool,
    setting: &Setting,
) -> Result<Finished, DriverError> {
    let (root, terminal) = (folder.root().to_owned(), setting.terminal);
    let lock = Lock::to_share(&root, terminal)?;
    for (name, bytes) in record::known(&bench)? {
        folder.write_new(name, bytes)?;
    }
    // Another process may have been first, with settings of its own.
    refusal::refuse_another_run(&bench, &root)?;
    words::announce(&bench, timesteps, setting);
    let trained = train_and_record(&bench, &folder, (timesteps, sharing), setting)?;
    let alone = if left { None } else { lock.alone(&root, "run", terminal)? };
    let Some(lock) = alone else {
        let asked: Vec<usize> = timesteps.iter().map(|t| t.get()).collect();
        terminal.summary(format_args!(
            "machines  {}, t = {}; once all are there, `driver collect {0}` puts the run together",
            root.display(),
            train::ranges(&asked),
        ));
        return Ok(Finished { bench, folder, figures: None, trained });
    };
    Ok(Finished { trained, ..complete(bench, folder, &lock, Todo::Tables, setting)? })
}

fn train_and_record(
    bench: &Bench,
    folder: &RunFolder,
    (timesteps, sharing): (&[Timestep], Option<&Sharing>),
    setting: &Setting,
) -> Result<Result<(), FailedMachines>, DriverError> {
    // Other models have no machines of their own timesteps, which the arguments' check has refused.
    let Model::Machines(machines) = bench.experiment.model else { return Ok(Ok(())) };
    let problem = Problem::new(bench, machines)?;
    let shelf = Shelf::new(&problem, folder);
    let asked: Vec<usize> = timesteps.iter().map(|t| t.get()).collect();
    let record = |machines: &[TimingRow], failed: Option<String>| {
        let time = |moment| humantime::format_rfc3339_seconds(moment).to_string();
        let shard = Shard {
            timesteps: train::ranges(&asked),
            driver: env!("CARGO_PKG_VERSION").to_owned(),
            git_commit: setting.code.commit.clone(),
            isa: train::instruction_set().to_owned(),
            device: setting.device.name().to_owned(),
            threads: setting.threads,
            host: manifest::host(),
            started: time(setting.started),
            ended: time(SystemTime::now()),
            settings_sha256: shards::settings_sum(&bench.experiment),
            machines: machines.to_vec(),
            failed,
        };
        shard.keep(folder)
    };
    let trained = train(&shelf, (timesteps, sharing), &|times| record(times, None), setting)?;
    // Also of a shard that had nothing to do, or of which some machines failed.
    record(&[], trained.as_ref().err().map(ToString::to_string))?;
    Ok(trained)
}
