//! Ctrl-C and SIGTERM: the write in hand is finished, machines in training leave their states, a long file begun is removed,
//! and the program ends with 128 + the signal's number.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::DriverError;
use crate::terminal::Terminal;

/// The first signal that came; 0 before.
static SIGNAL: AtomicU8 = AtomicU8::new(0);
/// What is done first by work that ends by itself soon after a signal, while there is such work.
static PROMISE: Mutex<Option<&'static str>> = Mutex::new(None);
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

/// While it lives a signal does not end the program: the work in hand does, once it has left things in order.
pub(crate) struct Patience(());

/// Marks the beginning of training, whose engine ends by itself after the epochs in hand.
pub(crate) fn training() -> Patience {
    patiently("the epochs in hand are finished first")
}

/// Marks the beginning of work that looks for signals; `promise` is what is done first once one came.
pub(crate) fn patiently(promise: &'static str) -> Patience {
    *PROMISE.lock().unwrap_or_else(PoisonError::into_inner) = Some(promise);
    Patience(())
}

impl Patience {
    /// Marks the end of the work.
    ///
    /// # Errors
    /// [`DriverError::Interrupted`] when a signal came meanwhile.
    pub(crate) fn over(self) -> Result<(), DriverError> {
        drop(self);
        signal().map_or(Ok(()), |signal| Err(DriverError::Interrupted(signal)))
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        *PROMISE.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
            let promise = *PROMISE.lock().unwrap_or_else(PoisonError::into_inner);
            match promise.filter(|_| first) {
                Some(promise) => terminal.say(format_args!("interrupted: {promise}; once more ends at once")),
                None => end(number, terminal),
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
