//! Whether the files of runs hold the same bytes.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use analysis::Run;
use serde::Serialize;

use crate::DriverError;
use crate::cli::ReportFormat;
use crate::folder::RunFolder;
use crate::terminal::Terminal;

/// A file in which two runs differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Differing {
    /// Relative to the run folder.
    file: String,
    /// `differs`, `missing in base` or `missing in other`.
    how: &'static str,
}

/// The files of two runs.
#[derive(Debug, Serialize)]
struct Pair {
    base: String,
    other: String,
    /// Files that either has.
    compared: usize,
    differing: Vec<Differing>,
}

/// Compares every file but those that hold the wall-clock, manifest, timing and report, with the first run's.
pub(super) fn compare(folders: &[RunFolder], format: ReportFormat, terminal: Terminal) -> Result<bool, DriverError> {
    let Some((base, others)) = folders.split_first() else { return Ok(true) };
    let mut pairs = Vec::new();
    for other in others {
        pairs.push(pair(base, other, terminal)?);
    }
    let same = pairs.iter().all(|pair| pair.differing.is_empty());
    terminal.result(match format {
        ReportFormat::Json => {
            super::report::encode(&serde_json::json!({ "format": 1, "mode": "exact", "same": same, "pairs": pairs }))?
        }
        _ => pairs.iter().map(text).collect::<Vec<_>>().join("\n"),
    });
    Ok(same)
}

fn pair(base: &RunFolder, other: &RunFolder, terminal: Terminal) -> Result<Pair, DriverError> {
    let files = |folder: &RunFolder| -> Result<BTreeSet<String>, DriverError> {
        const CLOCKED: [&str; 2] = [RunFolder::TIMING, RunFolder::REPORT];
        Ok(folder.files()?.into_iter().filter(|name| !CLOCKED.contains(&name.as_str())).collect())
    };
    let (ours, theirs) = (files(base)?, files(other)?);
    let all: BTreeSet<&String> = ours.union(&theirs).collect();
    let mut differing = Vec::new();
    let progress = terminal.progress("compare", all.len() as u64);
    for name in &all {
        let how = match (ours.contains(*name), theirs.contains(*name)) {
            (false, _) => Some("missing in base"),
            (_, false) => Some("missing in other"),
            _ => (!same_bytes(&base.root().join(name), &other.root().join(name))?).then_some("differs"),
        };
        differing.extend(how.map(|how| Differing { file: (*name).clone(), how }));
        progress.advance(1);
    }
    progress.finish();
    let shown = |folder: &RunFolder| folder.root().display().to_string();
    Ok(Pair { base: shown(base), other: shown(other), compared: all.len(), differing })
}

fn text(pair: &Pair) -> String {
    let Pair { base, other, compared, differing } = pair;
    if differing.is_empty() {
        return format!("{base} and {other}: the same bytes in all {compared} files");
    }
    let lines = differing.iter().map(|Differing { file, how }| {
        let how = match *how {
            "missing in base" => format!("missing in {base}"),
            "missing in other" => format!("missing in {other}"),
            how => how.to_owned(),
        };
        format!("  {file}: {how}\n")
    });
    format!("{base} and {other}: {} of {compared} files differ\n{}", differing.len(), lines.collect::<String>())
        .trim_end()
        .to_owned()
}

fn same_bytes(one: &Path, other: &Path) -> Result<bool, DriverError> {
    let open = |path: &Path| File::open(path).map_err(DriverError::io(path, "cannot be read"));
    let (a, b) = (open(one)?, open(other)?);
    let length = |file: &File, path: &Path| {
        Ok::<u64, DriverError>(file.metadata().map_err(DriverError::io(path, "cannot be read"))?.len())
    };
    if length(&a, one)? != length(&b, other)? {
        return Ok(false);
    }
    let (mut a, mut b) = (BufReader::new(a), BufReader::new(b));
    let (mut ours, mut theirs) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let read = a.read(&mut ours).map_err(DriverError::io(one, "cannot be read"))?;
        if read == 0 {
            return Ok(true);
        }
        match b.read_exact(&mut theirs[..read]) {
            Ok(()) if ours[..read] == theirs[..read] => {}
            Ok(()) => return Ok(false),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(DriverError::io(other, "cannot be read")(error)),
        }
    }
}

/// Whether each later group's first run has the same samples as the first group's; `None` where one has none.
pub(super) fn samples(folders: &[RunFolder], groups: &[Vec<usize>]) -> Result<Vec<Option<bool>>, DriverError> {
    let path = |group: &Vec<usize>| folders[group[0]].root().join(Run::SAMPLES_FILE);
    let same = |group: &Vec<usize>| {
        let (base, other) = (path(&groups[0]), path(group));
        if base.is_file() && other.is_file() { same_bytes(&base, &other).map(Some) } else { Ok(None) }
    };
    groups[1..].iter().map(same).collect()
}
