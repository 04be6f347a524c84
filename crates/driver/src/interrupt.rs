//! Ctrl-C and SIGTERM: the write in hand is finished, machines in training leave their states, and the program ends with
//! 128 + the signal's number.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::DriverError;
use crate::terminal::Terminal;

/// The first signal that came; 0 before.
static SIGNAL: AtomicU8 = AtomicU8::new(0);
/// Whether machines are in training, whose engine ends by itself after the epochs in hand.
static TRAINING: AtomicBool = AtomicBool::new(false);
/// Held while a file is written.
static WRITING: Mutex<()> = Mutex::new(());

/// The number of the signal that asked the program to end, if one did.
pub(crate) fn signal() -> Option<u8> {
    Some(SIGNAL.load(Ordering::SeqCst)).filter(|signal| *signal > 0)
}

/// Keeps the program from ending while the guard lives.
pub(crate) fn writing() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While it lives a signal does not end the program: the training does, once it has kept its states.
pub(crate) struct Training(());

/// Marks the beginning of training.
pub(crate) fn training() -> Training {
    TRAINING.store(true, Ordering::SeqCst);
    Training(())
}

impl Training {
    /// Marks the end of training.
    ///
    /// # Errors
    /// [`DriverError::Interrupted`] when a signal came meanwhile.
    pub(crate) fn over(self) -> Result<(), DriverError> {
        drop(self);
        signal().map_or(Ok(()), |signal| Err(DriverError::Interrupted(signal)))
    }
}

impl Drop for Training {
    fn drop(&mut self) {
        TRAINING.store(false, Ordering::SeqCst);
    }
}

/// Listens for signals from now on.
#[cfg(unix)]
pub(crate) fn listen(terminal: Terminal) {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else {
        terminal.warn("signals cannot be caught: Ctrl-C ends the program at once");
        return;
    };
    std::thread::spawn(move || {
        for number in signals.forever().filter_map(|number| u8::try_from(number).ok()) {
            let first = SIGNAL.compare_exchange(0, number, Ordering::SeqCst, Ordering::SeqCst).is_ok();
            if first && TRAINING.load(Ordering::SeqCst) {
                terminal.say("interrupted: the epochs in hand are finished first; once more ends at once");
            } else {
                end(number, terminal);
            }
        }
    });
}

/// Elsewhere Ctrl-C ends the program at once; files are whole all the same.
#[cfg(not(unix))]
pub(crate) fn listen(_: Terminal) {}

/// Ends the program once the write in hand is done.
#[cfg(unix)]
fn end(number: u8, terminal: Terminal) {
    let _no_further_write = writing();
    let error = DriverError::Interrupted(number);
    terminal.error(&error);
    std::process::exit(error.exit_code().into());
}
