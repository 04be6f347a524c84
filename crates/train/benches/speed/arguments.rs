//! The command line of the benchmark.

use std::time::Duration;

/// Shown by `--help`.
pub(crate) const HELP: &str = "\
Usage: cargo bench -p train -- [OPTIONS] [FILTER]

Measures the items whose names contain FILTER (default: all): peak, step, epoch, normals, chain.
The peak of the matrix product is always measured, since the other figures are shares of it.

Options:
  --threads N   what `all cores` means here (default: all)
  --seconds S   time given to each item (default: 5)
  --quick       half a second an item: figures to check the program by, not to quote
  --help        this text";

/// Checked arguments.
#[derive(Debug, Clone)]
pub(crate) struct Arguments {
    /// Only items whose names contain this.
    pub(crate) filter: String,
    /// Threads of the rows that use all cores.
    pub(crate) threads: usize,
    /// Time given to each item.
    pub(crate) budget: Duration,
}

/// What is asked for.
pub(crate) enum Request {
    /// The text above.
    Help,
    /// Nothing: the program was not started by `cargo bench`.
    Test,
    /// The measurements.
    Run(Arguments),
}

impl Arguments {
    /// Reads the arguments, those of `cargo bench` itself included.
    pub(crate) fn parse(mut raw: impl Iterator<Item = String>) -> Result<Request, String> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut arguments = Self { filter: String::new(), threads: cores, budget: Duration::from_secs(5) };
        let mut bench = false;
        while let Some(argument) = raw.next() {
            match argument.as_str() {
                "--help" | "-h" => return Ok(Request::Help),
                "--bench" => bench = true,
                "--quick" => arguments.budget = Duration::from_millis(500),
                "--threads" => arguments.threads = number(&argument, raw.next(), |&n| n >= 1, "a number from 1 on")?,
                "--seconds" => {
                    let seconds =
                        number(&argument, raw.next(), |&s| s > 0.0 && s <= 3600.0, "more than 0, at most 3600")?;
                    arguments.budget = Duration::from_secs_f64(seconds);
                }
                other if other.starts_with('-') => return Err(format!("{other}: no such option")),
                other if arguments.filter.is_empty() => other.clone_into(&mut arguments.filter),
                other => {
                    return Err(format!("{other}: one filter is allowed, `{}` is there already", arguments.filter));
                }
            }
        }
        Ok(if bench { Request::Run(arguments) } else { Request::Test })
    }

    /// Whether the item `name` is asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        name.contains(&self.filter)
    }
}

fn number<T: std::str::FromStr>(
    option: &str,
    value: Option<String>,
    allowed: impl Fn(&T) -> bool,
    what: &str,
) -> Result<T, String> {
    let value = value.unwrap_or_default();
    value.parse().ok().filter(allowed).ok_or_else(|| format!("{option}: `{value}` is not allowed, use {what}"))
}
