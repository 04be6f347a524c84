//! `driver fetch`: MNIST to the user's cache.

use crate::DriverError;
use crate::cli::FetchArgs;
use crate::pipeline::dataset::{Places, download};
use crate::terminal::Terminal;

/// Downloads what is missing and says where it is.
pub(crate) fn fetch(args: &FetchArgs, environment: &[(String, String)], terminal: Terminal) -> Result<(), DriverError> {
    let folder = Places::new(environment).download(args.dir.as_ref())?;
    download(&args.mirrors, &folder, terminal)?;
    terminal.result(format_args!("MNIST is in {}", folder.display()));
    Ok(())
}
