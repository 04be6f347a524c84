//! The tables and the figures of a run, made again in memory and compared with its files.

use analysis::{MetricRow, Run, RunFacts, Table, render, to_csv};
use model::checkpoint::History;
use schedule::Timestep;

use super::{Checks, LOSS_TOLERANCE, Subject};
use crate::DriverError;
use crate::config::ExactLaw;
use crate::folder::RunFolder;
use crate::pipeline::shelf::Shelf;
use crate::pipeline::{draw, models, record, regression};

/// Files whose wording follows the program's version rather than the run.
const WORDED: [&str; 2] = [RunFolder::CONFIG, RunFacts::FILE];

/// Compares what is known before training, and the tables put together from the checkpoints' `curves`.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn tables(
    subject: &Subject<'_>,
    curves: Option<&[(Timestep, History)]>,
    checks: &mut Checks,
) -> Result<(), DriverError> {
    let mut same = Vec::new();
    for (name, bytes) in record::known(subject.bench)? {
        if is_there(subject, checks, name) && compare(subject, name, &bytes, checks)? {
            same.push(name);
        }
    }
    // These hold what the checkpoints hold, whatever computed it.
    for (name, text) in curves.map(|curves| record::tables(subject.bench, curves)).transpose()?.into_iter().flatten() {
        if !is_there(subject, checks, name) {
            continue;
        }
        if subject.read(name)? == text.as_bytes() {
            same.push(name);
        } else {
            checks.found(name, "does not come out the same when it is put together from the machines again");
        }
    }
    checks.done("tables", format!("made again and the same: {}", same.join(", ")));
    Ok(())
}

/// Compares the tables of a regression, made again from its machine.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn fit(subject: &Subject<'_>, shelf: &Shelf<'_>, checks: &mut Checks) -> Result<(), DriverError> {
    let machine = shelf.machine(subject.bench.schedule.last())?;
    let mut same = Vec::new();
    for (name, text) in regression::tables(subject.bench, &machine)? {
        if is_there(subject, checks, name) && compare(subject, name, text.as_bytes(), checks)? {
            same.push(name);
        }
    }
    checks.done("fit", format!("made again and the same: {}", same.join(", ")));
    Ok(())
}

/// Compares the losses of an exact law, measured again, with `metrics.csv`.
///
/// # Errors
/// A law that cannot be made, a file that cannot be read.
pub(crate) fn exact_losses(subject: &Subject<'_>, law: ExactLaw, checks: &mut Checks) -> Result<(), DriverError> {
    if !is_there(subject, checks, MetricRow::FILE) {
        return Ok(());
    }
    let denoiser = models::denoiser(subject.bench, subject.folder)?;
    let losses = models::losses(subject.bench, law, &*denoiser, subject.terminal)?;
    if compare(subject, MetricRow::FILE, to_csv(&losses)?.as_bytes(), checks)? {
        checks.done(
            "losses",
            format!("of the exact denoiser {law} at {} timesteps, the same", subject.bench.schedule.len()),
        );
    }
    Ok(())
}

/// Whether the run has the file and nothing is known against it.
fn is_there(subject: &Subject<'_>, checks: &Checks, name: &str) -> bool {
    subject.manifest.outputs.contains_key(name) && checks.is_sound(name)
}

/// Whether `made` is what the run has; notes it where it is not.
fn compare(subject: &Subject<'_>, name: &str, made: &[u8], checks: &mut Checks) -> Result<bool, DriverError> {
    let there = subject.read(name)?;
    if there == made {
        return Ok(true);
    }
    if WORDED.contains(&name) && !subject.same_program() {
        checks.note(format!("{name}: this version of the program words it otherwise"));
        return Ok(false);
    }
    if !subject.same_isa() {
        if name == RunFolder::FRAME {
            checks.note(format!("{name}: not compared, its last digits depend on the instruction set"));
            return Ok(false);
        }
        if is_close(&there, made) {
            checks.note(format!("{name}: the same to {LOSS_TOLERANCE:e}, on another instruction set"));
            return Ok(true);
        }
    }
    checks.found(name, "does not come out the same when it is made again from the run's settings and data");
    Ok(false)
}

/// Whether two tables have the same cells, numbers up to the tolerance.
fn is_close(one: &[u8], other: &[u8]) -> bool {
    let cells = |bytes: &[u8]| -> Vec<Vec<String>> {
        let text = String::from_utf8_lossy(bytes);
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    };
    let same_cell = |a: &String, b: &String| match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a == b || (a - b).abs() <= LOSS_TOLERANCE * a.abs().max(b.abs()),
        _ => a == b,
    };
    let same_line =
        |a: &Vec<String>, b: &Vec<String>| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_cell(a, b));
    let (one, other) = (cells(one), cells(other));
    one.len() == other.len() && one.iter().zip(&other).all(|(a, b)| same_line(a, b))
}

/// Draws the figures again from the run's tables and compares them with its files.
///
/// # Errors
/// A table that cannot be read.
pub(crate) fn figures(subject: &Subject<'_>, checks: &mut Checks) -> Result<(), DriverError> {
    let inputs = |name: &String| !name.starts_with("machines/") && !name.starts_with("figures/");
    if checks.findings.keys().any(inputs) {
        checks.note("the figures were not drawn again, since files differ that they may be drawn from");
        return Ok(());
    }
    let progress = subject.terminal.progress("figures", 1);
    let figures = render(&Run::read(subject.folder.root())?, None)?;
    progress.advance(1);
    progress.finish();
    let (mut same, mut other) = (0, Vec::new());
    for (name, bytes) in figures.iter().flat_map(draw::files) {
        if !is_there(subject, checks, &name) {
            continue;
        }
        if subject.read(&name)? == bytes {
            same += 1;
        } else {
            other.push(name);
        }
    }
    checks.done("figures", format!("{same} files drawn again, the same bytes"));
    if subject.same_program() {
        other.iter().for_each(|name| checks.found(name, "does not come out the same when it is drawn again"));
    } else if !other.is_empty() {
        checks.note(format!("this version of the program draws {} files of figures otherwise", other.len()));
    }
    Ok(())
}

/// Makes the report again from the run's files and what its manifest says, and compares it with the one that is there.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn report(subject: &Subject<'_>, checks: &mut Checks) -> Result<(), DriverError> {
    if !is_there(subject, checks, RunFolder::REPORT) {
        return Ok(());
    }
    if checks.findings.keys().any(|name| !name.starts_with("machines/")) {
        checks.note("the report was not made again, since files differ that it may be made of");
        return Ok(());
    }
    let page = crate::report::of(subject.folder, subject.manifest)?;
    if subject.read(RunFolder::REPORT)? == page.as_bytes() {
        checks.done("report", "made again, the same bytes".to_owned());
    } else if subject.same_program() {
        checks.found(RunFolder::REPORT, "does not come out the same when it is made again");
    } else {
        checks.note("this version of the program words the report otherwise");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_close_cell_by_cell() {
        let close = |a: &str, b: &str| is_close(a.as_bytes(), b.as_bytes());
        assert!(close("t,value\n1,0.5\n", "t,value\n1,0.50004\n"));
        assert!(!close("t,value\n1,0.5\n", "t,value\n1,0.5001\n"));
        assert!(!close("1,test,0.5\n", "1,train,0.5\n"));
        assert!(!close("1,0.5\n", "1,0.5\n2,0.5\n"));
        assert!(!close("1,0.5\n", "1,0.5,\n"));
        assert!(close("1,0,0\n", "1,0.0,0\n"));
    }
}
