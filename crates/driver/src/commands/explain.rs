//! `driver explain`: what a key of an experiment's file means.

use crate::DriverError;
use crate::config;
use crate::terminal::Terminal;

/// Prints what there is to say of a key, of a section's keys, or of all.
pub(crate) fn explain(name: Option<&str>, terminal: Terminal) -> Result<(), DriverError> {
    let said = config::explain(name).map_err(DriverError::Message)?;
    terminal.result(said.trim_end());
    Ok(())
}
