//! `driver report`: one run, or several side by side, on a page of its own.

use std::fs;
use std::path::Path;

use analysis::RunFacts;

use crate::DriverError;
use crate::cli::ReportArgs;
use crate::folder::{RunFolder, write_whole};
use crate::pipeline::damage::Damage;
use crate::pipeline::manifest;
use crate::report::{self, Place, Source, whole};
use crate::terminal::Terminal;

/// Writes the page of the runs.
///
/// # Errors
/// A folder that holds no run, a table that cannot be read or was changed, a file that cannot be written.
pub(crate) fn report(args: &ReportArgs, terminal: Terminal) -> Result<(), DriverError> {
    let folders: Vec<RunFolder> = args.runs.iter().map(|run| RunFolder::open(run)).collect::<Result<_, _>>()?;
    refuse(&args.out, &folders)?;
    let page_folder = args.out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut sources = Vec::new();
    for folder in &folders {
        let damage = Damage::find(folder, Damage::but_machines, terminal)?;
        damage.refuse_to_draw()?;
        damage.announce();
        let place = Place::outside(page_folder, folder.root())?;
        sources.push(Source::read(folder, manifest::read(folder.root())?, place)?);
    }
    let page = match &sources[..] {
        [source] => report::page(source),
        several => report::several(several)?,
    };
    write_whole(&args.out, page.as_bytes())?;
    terminal.result(args.out.display());
    Ok(())
}

/// The page is none of the files of a run, whose sums are in its manifest, and no folder.
fn refuse(out: &Path, folders: &[RunFolder]) -> Result<(), DriverError> {
    let shown = out.display();
    if out.is_dir() || out.file_name().is_none() {
        return Err(DriverError::Message(format!(
            "--out: {shown} is a folder, name a file such as {shown}/report.html"
        )));
    }
    let place = whole(out)?;
    for folder in folders {
        let root = folder.root();
        if place.starts_with(fs::canonicalize(root).map_err(DriverError::io(root, "cannot be found"))?) {
            let run = root.display();
            return Err(DriverError::Message(format!(
                "--out: {shown} lies in the run {run}, whose own page `driver figures {run}` writes; name a file elsewhere"
            )));
        }
    }
    if place.parent().is_some_and(|folder| folder.join(RunFacts::FILE).exists()) {
        return Err(DriverError::Message(format!(
            "--out: {shown} lies in a run, whose files are its own; name a file elsewhere"
        )));
    }
    Ok(())
}
