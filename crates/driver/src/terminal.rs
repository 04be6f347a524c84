//! What the user sees while a command works: bars on a terminal, plain lines elsewhere.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::DriverError;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors and warnings only.
    Quiet,
    /// Stages, progress and the summary.
    Normal,
    /// Every machine as it is done, and why the device is what it is.
    Verbose,
}

/// The only place that writes to the terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    verbosity: Verbosity,
}

/// Writes a line; a closed pipe is no reason to lose a run.
fn line(out: &mut dyn Write, text: &dyn Display) {
    let _ = writeln!(out, "{text}");
}

impl Terminal {
    pub(crate) fn new(verbosity: Verbosity) -> Self {
        Self { verbosity }
    }

    /// The result a command was asked for: standard output, whatever the verbosity.
    pub(crate) fn result(self, text: impl Display) {
        line(&mut std::io::stdout().lock(), &text);
    }

    /// What a run came to: standard output, unless the user wants quiet.
    pub(crate) fn summary(self, text: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            self.result(text);
        }
    }

    /// A stage of the work.
    pub(crate) fn say(self, text: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            line(&mut std::io::stderr().lock(), &text);
        }
    }

    /// What is of use to few.
    pub(crate) fn detail(self, text: impl Display) {
        if self.verbosity >= Verbosity::Verbose {
            self.say(text);
        }
    }

    /// Something that may spoil the result.
    pub(crate) fn warn(self, text: impl Display) {
        line(&mut std::io::stderr().lock(), &format_args!("warning: {text}"));
    }

    /// Why the command failed; the message itself begins with the key or the file.
    pub(crate) fn error(self, error: &DriverError) {
        line(&mut std::io::stderr().lock(), error);
    }

    /// Progress over `total` units of long work.
    pub(crate) fn progress(self, label: &'static str, total: u64) -> Progress {
        let bar = (self.verbosity >= Verbosity::Normal && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8));
            let template =
                "{prefix:>10} [{wide_bar}] {percent:>3}%  {elapsed_precise} elapsed, {eta_precise} left  {msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(label);
            bar
        });
        let lines = Mutex::new(PlainLines { done: 0, last: Instant::now() });
        Progress { terminal: self, label, total, bar, start: Instant::now(), lines }
    }
}

/// Time between two plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(15);

/// The progress of one stage; may be advanced from any thread.
pub(crate) struct Progress {
    terminal: Terminal,
    label: &'static str,
    total: u64,
    bar: Option<ProgressBar>,
    start: Instant,
    lines: Mutex<PlainLines>,
}

struct PlainLines {
    done: u64,
    last: Instant,
}

impl Progress {
    /// `units` more are done.
    pub(crate) fn advance(&self, units: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(units);
            return;
        }
        let mut lines = self.lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        lines.done += units;
        if lines.last.elapsed() >= LINE_INTERVAL {
            lines.last = Instant::now();
            let share = lines.done as f64 / self.total.max(1) as f64;
            let left = self.start.elapsed().mul_f64((1.0 - share).max(0.0) / share.max(1e-9));
            self.terminal.say(format_args!("{}: {:.0}%, about {} left", self.label, 100.0 * share, duration(left)));
        }
    }

    /// A remark beside the bar; on its own line when lines are plain and the user wants them all.
    pub(crate) fn remark(&self, text: String) {
        match &self.bar {
            Some(bar) => bar.set_message(text),
            None if self.terminal.verbosity == Verbosity::Verbose => self.terminal.say(text),
            None => {}
        }
    }

    /// The stage is over.
    pub(crate) fn finish(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.terminal.say(format_args!("{}: done in {}", self.label, duration(self.start.elapsed())));
    }
}

/// `7.3 s`, `4 min 05 s`, `3 h 07 min`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `3.2 kB`, `97 MB`, `10.7 GB`.
pub(crate) fn bytes(count: f64) -> String {
    match count {
        c if c < 1e3 => format!("{c:.0} B"),
        c if c < 1e6 => format!("{:.1} kB", c / 1e3),
        c if c < 1e9 => format!("{:.0} MB", c / 1e6),
        c => format!("{:.1} GB", c / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_read_well() {
        assert_eq!(duration(Duration::from_millis(7340)), "7.3 s");
        assert_eq!(duration(Duration::from_secs(245)), "4 min 05 s");
        assert_eq!(duration(Duration::from_secs(3 * 3600 + 7 * 60 + 59)), "3 h 07 min");
        assert_eq!([bytes(12.0), bytes(3.2e3), bytes(9.7e7), bytes(1.07e10)], ["12 B", "3.2 kB", "97 MB", "10.7 GB"]);
    }
}
