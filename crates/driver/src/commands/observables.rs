//! `driver observables`: what can be measured, and the question each observable answers.

use analysis::observables::{Group, observables};

use crate::terminal::Terminal;

/// Prints the observables by group; formulas and references stand in the documentation of `analysis::observables`.
pub(crate) fn list(terminal: Terminal) {
    let width = observables().iter().map(|observable| observable.name().len()).max().unwrap_or(0);
    let mut text = String::new();
    for group in Group::ALL {
        text += &format!("{}\n", group.word());
        for observable in observables().iter().filter(|observable| observable.group() == group) {
            text += &format!("  {:width$}  {}\n", observable.name(), observable.question());
        }
    }
    terminal.result(text.trim_end());
}
