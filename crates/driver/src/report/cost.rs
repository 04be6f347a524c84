//! What the run cost: time, machines, processes.

use std::collections::BTreeMap;
use std::time::Duration;

use maud::{Markup, html};

use super::source::Source;
use crate::folder::RunFolder;
use crate::html::wide;
use crate::pipeline::manifest::Manifest;
use crate::pipeline::shards::Shard;
use crate::terminal::duration;

/// The times that are known; `None` where none are.
pub(super) fn content(source: &Source) -> Option<Markup> {
    let lines = lines(source);
    let shards = source.manifest.as_ref().map_or(&[][..], |manifest| &manifest.shards);
    if lines.is_empty() {
        return None;
    }
    Some(html! {
        (wide(&html! {
            table { tbody { @for (what, cost) in &lines { tr { th { (what) } td { (cost) } } } } }
        }))
        @if !shards.is_empty() { (processes(shards)) }
        @if !source.timing.is_empty() {
            p.soft { "The training of each machine: " (source.link(RunFolder::TIMING)) "; machines trained side by side overlap." }
        }
    })
}

/// What was spent, a line each.
pub(super) fn lines(source: &Source) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    if let Some(manifest) = &source.manifest {
        if let Some(time) = length(&manifest.started, &manifest.ended) {
            let done = if manifest.shards.is_empty() { "last command, from start to end" } else { "collecting" };
            lines.push((done.to_owned(), format!("{} on {} thread(s)", duration(time), manifest.threads)));
        }
        let processes: Duration = manifest.shards.iter().filter_map(|shard| length(&shard.started, &shard.ended)).sum();
        if !manifest.shards.is_empty() {
            let count = manifest.shards.len();
            lines.push((format!("{count} processes that trained"), format!("{} together", duration(processes))));
        }
    }
    lines.extend(of_devices(source));
    lines
}

/// The training of the machines, added up for each device.
pub(super) fn of_devices(source: &Source) -> Vec<(String, String)> {
    let mut devices: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for row in source.timing.values() {
        devices.entry(&row.device).or_default().push(row.seconds);
    }
    let line = |(device, seconds): (&str, Vec<f64>)| {
        let total: f64 = seconds.iter().sum();
        let (n, longest) = (seconds.len(), seconds.iter().copied().fold(0.0, f64::max));
        let machines = if n == 1 { "1 machine".to_owned() } else { format!("{n} machines") };
        let mean = total / n as f64;
        let each = if n == 1 { String::new() } else { format!(", {} each, {} at most", short(mean), short(longest)) };
        (format!("training, {device} device"), format!("{machines}, {} one after another{each}", short(total)))
    };
    devices.into_iter().map(line).collect()
}

/// Seconds as a duration; the digits of a file may be anything.
fn short(seconds: f64) -> String {
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if seconds >= 1.0 => duration(time),
        Ok(_) => format!("{seconds:.2} s"),
        Err(_) => "unknown".to_owned(),
    }
}

/// The time between two moments.
fn length(from: &str, to: &str) -> Option<Duration> {
    let moment = |text: &str| humantime::parse_rfc3339(text).ok();
    moment(to)?.duration_since(moment(from)?).ok()
}

/// The processes that trained parts of the run.
fn processes(shards: &[Shard]) -> Markup {
    wide(&html! {
        table {
            thead { tr { th { "timesteps" } th { "host" } th { "device" } th.n { "threads" } th { "started" } th.n { "time" } th { "" } } }
            tbody {
                @for shard in shards {
                    tr {
                        th { (shard.timesteps) }
                        td { (shard.host.as_deref().unwrap_or("unknown")) }
                        td { (shard.device) }
                        td.n { (shard.threads) }
                        td.keep { (shard.started) }
                        td.n { @if let Some(time) = length(&shard.started, &shard.ended) { (duration(time)) } }
                        td { @if let Some(failed) = &shard.failed { (failed) } }
                    }
                }
            }
        }
    })
}

/// The whole time of a run: of its processes, or from the start to the end of its last command.
pub(super) fn total(manifest: &Manifest) -> Option<Duration> {
    let parts = manifest.shards.iter().filter_map(|shard| length(&shard.started, &shard.ended));
    Some(parts.sum::<Duration>() + length(&manifest.started, &manifest.ended)?)
}
