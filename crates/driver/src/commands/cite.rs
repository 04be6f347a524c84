//! `driver cite`: what runs rest on, as BibTeX.

use analysis::{Run, RunFacts};

use crate::DriverError;
use crate::cli::CiteArgs;
use crate::folder::RunFolder;
use crate::references::{Reference, of_run};
use crate::terminal::Terminal;

/// Prints the works that the runs rest on, each once.
///
/// # Errors
/// A folder that holds no run, a file that cannot be read.
pub(crate) fn cite(args: &CiteArgs, terminal: Terminal) -> Result<(), DriverError> {
    let mut all: Vec<Reference> = Vec::new();
    for run in &args.runs {
        let folder = RunFolder::open(run)?;
        let facts = RunFacts::read(folder.root())?;
        let measured = Run::read(folder.root())?.observables;
        let new = of_run(&facts, measured.keys().copied()).into_iter();
        let new: Vec<Reference> = new.filter(|reference| !all.contains(reference)).collect();
        all.extend(new);
    }
    let text: Vec<String> = all.iter().map(Reference::bibtex).collect();
    terminal.result(text.join("\n").trim_end());
    Ok(())
}
