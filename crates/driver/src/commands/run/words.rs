//! What a run says of itself before and after.

use analysis::Table;
use analysis::observables::TransitionRow;
use model::LocalConfig;
use schedule::Timestep;

use super::Setting;
use crate::DriverError;
use crate::config::{Machines, Model};
use crate::folder::RunFolder;
use crate::pipeline::bench::Bench;
use crate::pipeline::effort::Effort;
use crate::pipeline::record::{self, Floor, Summary};
use crate::pipeline::transitions;
use crate::terminal::Terminal;

/// Says what is about to be done, and what may spoil it.
pub(super) fn announce(bench: &Bench, timesteps: &[Timestep], setting: &Setting) {
    bench.warning().into_iter().for_each(|warning| setting.terminal.warn(warning));
    let experiment = &bench.experiment;
    let note = bench.data_note().map_or(String::new(), |note| format!(" ({note})"));
    let model = match experiment.model {
        Model::Machines(machines) => {
            let what = match machines {
                Machines::Autoencoders { hidden, skip, axes, local, .. } => {
                    let axes = axes.map_or(String::new(), |axes| format!(" on {axes} axes"));
                    let local = local.map_or(String::new(), |LocalConfig { kernel, channels }| {
                        format!(" and {channels} local ones of {kernel} x {kernel} pixels at each pixel")
                    });
                    format!("machines of {hidden} hidden units{axes}{local} (skip = {skip})")
                }
                Machines::Sigmoid { rule } => format!("layers of sigmoids (rule = {rule})"),
                Machines::Regression { hidden } => format!("machine of {hidden} hidden units without a chain"),
            };
            let effort = Effort::of(&experiment.train, &bench.schedule, timesteps);
            format!("{} {what}, {effort} on", timesteps.len())
        }
        Model::Conditioned { hidden } => format!(
            "one machine of {hidden} hidden units for all {} timesteps, {} passes on",
            timesteps.len(),
            experiment.train.epochs * timesteps.len(),
        ),
        Model::Exact(law) => format!("the exact denoiser {law} at T = {},", bench.schedule.len()),
    };
    let device = bench.machines().map_or(String::new(), |_| format!("{} device, ", setting.device.name()));
    let threads = setting.threads;
    setting.terminal.say(format_args!(
        "{}: {model} {} samples of {}{note}; {device}{threads} thread(s)",
        experiment.name,
        bench.dataset.train.len(),
        experiment.data.source(),
    ));
}

/// The losses of some machines as a table, or that of a regression in a line.
fn losses(bench: &Bench, folder: &RunFolder) -> Result<String, DriverError> {
    let rows = record::summary(folder)?;
    if bench.experiment.model.is_regression() {
        let line = |row: &Summary| {
            format!("\nMSE on y: {:.4e} of training points, {:.4e} of test points\n", row.train, row.test)
        };
        return Ok(rows.iter().map(line).collect());
    }
    let mut text = format!(
        "\n{:>6} {:>12} {:>12} {:>12}   mean squared error on eps per coordinate\n",
        "t", "train", "test", "Wiener"
    );
    for row in rows {
        text += &format!("{:>6} {:>12.4e} {:>12.4e} {:>12.4e}\n", row.t, row.train, row.test, row.wiener);
    }
    Ok(text)
}

/// Says what came out and where it is.
pub(crate) fn summarise(
    bench: &Bench,
    folder: &RunFolder,
    figures: &[&str],
    terminal: Terminal,
) -> Result<(), DriverError> {
    let root = folder.root().display();
    let mut text = losses(bench, folder)?;
    text += &record::floor(bench).map_or(String::new(), Floor::sentence);
    if let Some(note) = bench.data_note() {
        text += &format!("NOTE: these are {note}\n");
    }
    let transitions = transitions::table(folder)?;
    if !transitions.is_empty() {
        text += &format!("\n{transitions}");
    }
    text += &format!("\nresults   {root}\n");
    text += &format!("losses    {root}/metrics.csv\n");
    if folder.root().join(analysis::Run::SAMPLES_FILE).exists() {
        text += &format!("samples   {root}/{}\n", analysis::Run::SAMPLES_FILE);
    }
    if !transitions.is_empty() {
        text += &format!("analysis  {root}/observables/*.csv, {root}/{}\n", TransitionRow::FILE);
    }
    text += &format!("report    {root}/{}\n", RunFolder::REPORT);
    text += &format!("figures   {}/*.png: {}", folder.figures().display(), figures.join(", "));
    terminal.summary(text);
    Ok(())
}
