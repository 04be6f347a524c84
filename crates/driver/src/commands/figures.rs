//! `driver figures`: draws a finished run again.

use std::collections::BTreeSet;

use crate::DriverError;
use crate::cli::FiguresArgs;
use crate::folder::RunFolder;
use crate::lock::Lock;
use crate::pipeline::damage::Damage;
use crate::pipeline::{draw, manifest};
use crate::terminal::Terminal;

/// Draws the figures from the run's tables and lists them.
///
/// # Errors
/// A run that cannot be read or whose tables were changed, a name that no figure has, and, once the others are drawn, a figure asked for by name that
/// the run lacks the material for.
pub(crate) fn figures(args: &FiguresArgs, terminal: Terminal) -> Result<(), DriverError> {
    let folder = RunFolder::open(&args.run)?;
    manifest::read(folder.root())?;
    let _lock = Lock::to_write(folder.root(), "figures", terminal)?;
    let damage = Damage::find(&folder, Damage::but_machines, terminal)?;
    damage.refuse_to_draw()?;
    let only = (!args.only.is_empty()).then_some(&args.only[..]);
    let drawn = draw::draw(&folder, only)?;
    damage.announce();
    manifest::renew_outputs(&folder, &BTreeSet::new())?;
    damage.settle();
    for name in &drawn {
        terminal.result(folder.figures().join(format!("{name}.png")).display());
    }
    let left_out: Vec<&str> = args.only.iter().map(String::as_str).filter(|name| !drawn.contains(name)).collect();
    if left_out.is_empty() {
        return Ok(());
    }
    Err(DriverError::Message(format!(
        "{}: holds nothing to draw {} from; these data have no such figure, or the run was not finished (--timesteps \
         leaves out the samples)",
        folder.root().display(),
        left_out.join(", "),
    )))
}
