//! `--fresh`: an earlier run is moved aside, whole, before a new one begins.

use std::path::Path;

use crate::DriverError;
use crate::folder::RunFolder;
use crate::lock::Lock;
use crate::terminal::Terminal;

/// Renames the run folder `root` to NAME.old-1, or -2 and so on, the first that is free; where nothing is there, nothing
/// happens.
///
/// # Errors
/// A folder that holds no run, one that another process works in, one that cannot be renamed.
pub(crate) fn set_aside(root: &Path, terminal: Terminal) -> Result<(), DriverError> {
    if !RunFolder::is_run(root) {
        return RunFolder::refuse_foreign(root);
    }
    let Some(name) = root.file_name().map(|name| name.to_string_lossy().into_owned()) else {
        let message = format!("--fresh: {} has no name of its own to move it aside under", root.display());
        return Err(DriverError::Message(message));
    };
    let _lock = Lock::to_write(root, "run --fresh", terminal)?;
    let mut aside = (1_u32..).map(|number| root.with_file_name(format!("{name}.old-{number}")));
    let Some(aside) = aside.find(|path| path.symlink_metadata().is_err()) else { return Ok(()) };
    std::fs::rename(root, &aside).map_err(DriverError::io(root, "cannot be moved aside"))?;
    terminal.say(format_args!("{}: the earlier run is now {}", root.display(), aside.display()));
    Ok(())
}
