//! Draws the figures of a run folder into it.

use analysis::{Rendered, Run, render};

use crate::DriverError;
use crate::folder::RunFolder;

/// The files of a figure in the run folder.
pub(crate) fn files(figure: &Rendered) -> impl Iterator<Item = (String, &[u8])> {
    let csv = figure.csv.as_ref().map(|csv| ("csv", csv.as_bytes()));
    let film = figure.apng.as_ref().map(|film| ("apng", &film[..]));
    let files = [("svg", figure.svg.as_bytes()), ("png", &figure.png[..])].into_iter().chain(csv).chain(film);
    files.map(|(ending, bytes)| (format!("figures/{}.{ending}", figure.name), bytes))
}

/// Draws all figures that the run has the material for, or those named in `only`; returns their names.
pub(crate) fn draw(folder: &RunFolder, only: Option<&[String]>) -> Result<Vec<&'static str>, DriverError> {
    let run = Run::read(folder.root())?;
    let mut names = Vec::new();
    for figure in render(&run, only)? {
        files(&figure).try_for_each(|(name, bytes)| folder.write(&name, bytes))?;
        names.push(figure.name);
    }
    Ok(names)
}
