//! The command line of the bench: see `driver --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    driver::cli::main()
}
