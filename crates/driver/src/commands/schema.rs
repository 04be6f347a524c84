//! `driver schema`: the JSON Schema of an experiment's file.

use crate::config;
use crate::terminal::Terminal;

/// Prints the schema.
pub(crate) fn print(terminal: Terminal) {
    terminal.result(format_args!("{:#}", config::schema()));
}
