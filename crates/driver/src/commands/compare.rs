//! `driver compare`: what differs between finished runs.

mod bytes;
pub(crate) mod csv;
mod html;
mod quality;
mod report;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

use analysis::RunFacts;
use analysis::compare::{self, Group, RunTables, tolerance};

use crate::DriverError;
use crate::cli::{CompareArgs, ReportFormat};
use crate::folder::{RunFolder, write_whole};
use crate::settings::{self, Settings};
use crate::terminal::Terminal;
use report::Report;

/// Compares runs and prints what differs; whether they are the same.
///
/// # Errors
/// A folder that holds no run, a table that cannot be read, chains of two lengths, a folder that cannot be written to.
pub(crate) fn compare(args: &CompareArgs, terminal: Terminal) -> Result<bool, DriverError> {
    let folders: Vec<RunFolder> = args.runs.iter().map(|run| RunFolder::open(run)).collect::<Result<_, _>>()?;
    if (args.exact || args.tol.is_some()) && args.format == ReportFormat::Html {
        return Err(DriverError::Message(
            "--format: html is not allowed with --exact or --tol, use text or json".to_owned(),
        ));
    }
    if args.exact {
        return bytes::compare(&folders, args.format, terminal);
    }
    if let Some(tolerance) = args.tol {
        return within(&folders, tolerance, args.format, terminal);
    }
    let out = args.out.as_deref().map(|out| out_folder(out, &args.runs)).transpose()?;
    let report = report(&folders, args.q)?;
    let page = || html::page(&report);
    let shown = match args.format {
        ReportFormat::Text if args.test => text::verdict(&report),
        ReportFormat::Text => text::report(&report),
        ReportFormat::Json => report.to_json()?,
        ReportFormat::Html => page()?,
    };
    terminal.result(shown.trim_end());
    if let Some(out) = out {
        write(&report, &out, terminal)?;
    }
    match report.lengths() {
        None => Ok(!report.differs()),
        Some(lengths) => Err(DriverError::Message(lengths)),
    }
}

/// Reads the runs, puts those of one configuration together and compares the others with the first.
fn report(folders: &[RunFolder], q: f64) -> Result<Report, DriverError> {
    let mut runs = Vec::new();
    for folder in folders {
        let tables = RunTables::read(folder.root())?;
        runs.push((folder.root().display().to_string(), Settings::read(folder)?, tables));
    }
    let sorted =
        settings::groups(&runs.iter().map(|(_, settings, run)| (settings, run.facts.seed)).collect::<Vec<_>>());
    let label = |rank: usize| match u8::try_from(rank) {
        Ok(rank @ 0..26) => char::from(b'A' + rank).to_string(),
        _ => format!("run {}", rank + 1),
    };
    let group = |(rank, members): (usize, &Vec<usize>)| Group {
        label: label(rank),
        runs: members.iter().map(|&i| runs[i].2.clone()).collect(),
    };
    let groups: Vec<Group> = sorted.iter().enumerate().map(group).collect();
    let differing = settings::differing(&sorted.iter().map(|members| &runs[members[0]].1).collect::<Vec<_>>());
    let steps = |group: &Group| group.runs.iter().map(|run| run.facts.timesteps).collect::<Vec<_>>();
    let one_length = groups.iter().flat_map(steps).all(|t| t == runs[0].2.facts.timesteps);
    let others = if one_length { &groups[1..] } else { &[] };
    let comparisons = others.iter().map(|other| compare::compare(&groups[0], other, q)).collect();
    let names = sorted.iter().map(|members| members.iter().map(|&i| runs[i].0.clone()).collect()).collect();
    let samples = bytes::samples(folders, &sorted)?;
    let tables: Vec<&RunTables> = runs.iter().map(|(.., tables)| tables).collect();
    let qualities = quality::qualities(folders, &tables, &sorted)?;
    Ok(Report { q, names, groups, settings: differing, comparisons, samples, qualities })
}

/// The numbers of the tables to a relative tolerance.
fn within(folders: &[RunFolder], tol: f64, format: ReportFormat, terminal: Terminal) -> Result<bool, DriverError> {
    let (base, others) = match folders {
        [base, others @ ..] => (base, others),
        [] => return Ok(true),
    };
    let mut found = Vec::new();
    for other in others {
        RunFacts::read(other.root())?;
        let (excesses, compared) = tolerance::exceeding(base.root(), other.root(), tol)?;
        found.push((other.root().display().to_string(), excesses, compared));
    }
    let same = found.iter().all(|(_, excesses, _)| excesses.is_empty());
    let base = base.root().display().to_string();
    terminal.result(match format {
        ReportFormat::Json => report::tolerance_json(&base, &found, tol, same)?,
        _ => text::tolerance(&base, &found, tol),
    });
    Ok(same)
}

/// The folder for the report, which must not be one of the runs nor lie in one.
fn out_folder(out: &Path, runs: &[PathBuf]) -> Result<PathBuf, DriverError> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(DriverError::io(path, "cannot be found"));
    // The part that is there tells where links lead; what is still to be made has none.
    let whole = absolute(out)?;
    let there = whole.ancestors().find_map(|path| Some((fs::canonicalize(path).ok()?, path)));
    let real = there.map_or_else(|| whole.clone(), |(real, path)| real.join(whole.strip_prefix(path).unwrap_or(path)));
    for run in runs {
        let run_there = fs::canonicalize(run).map_err(DriverError::io(run, "cannot be found"))?;
        if real.starts_with(run_there) {
            let (out, run) = (out.display(), run.display());
            return Err(DriverError::Message(format!(
                "--out: {out} is not allowed, use a folder outside of the run {run}"
            )));
        }
    }
    if out.join(RunFacts::FILE).exists() {
        let out = out.display();
        return Err(DriverError::Message(format!("--out: {out} is not allowed, it holds a run; use another folder")));
    }
    Ok(out.to_owned())
}

/// Writes the report in every form, each file whole or not at all.
fn write(report: &Report, out: &Path, terminal: Terminal) -> Result<(), DriverError> {
    let write = |name: &str, bytes: &[u8]| write_whole(&out.join(name), bytes);
    write("compare.json", (report.to_json()? + "\n").as_bytes())?;
    write("compare.html", html::page(report)?.as_bytes())?;
    write("differences.csv", csv::differences(report)?.as_bytes())?;
    let figures = report.figures()?;
    for figure in &figures {
        write(&format!("figures/{}.svg", figure.name), figure.svg.as_bytes())?;
        write(&format!("figures/{}.png", figure.name), &figure.png)?;
    }
    let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
    let out = out.display();
    terminal.say(format_args!("report    {out}/compare.html, {out}/compare.json, {out}/differences.csv"));
    terminal.say(format_args!("figures   {out}/figures/*.png: {}", names.join(", ")));
    Ok(())
}
