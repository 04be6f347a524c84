//! Draws the figures of a run folder into it.

use analysis::{Run, render};

use crate::DriverError;
use crate::folder::RunFolder;

/// Draws all figures that the run has the material for, or those named in `only`; returns their names.
pub(crate) fn draw(folder: &RunFolder, only: Option<&[String]>) -> Result<Vec<&'static str>, DriverError> {
    let run = Run::read(folder.root())?;
    let mut names = Vec::new();
    for figure in render(&run, only)? {
        let stem = format!("figures/{}", figure.name);
        folder.write(&format!("{stem}.svg"), &figure.svg)?;
        folder.write(&format!("{stem}.png"), &figure.png)?;
        if let Some(csv) = &figure.csv {
            folder.write(&format!("{stem}.csv"), csv)?;
        }
        names.push(figure.name);
    }
    Ok(names)
}
