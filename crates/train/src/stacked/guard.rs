//! Panics of a device as errors: the libraries below panic where the card fails.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Arc, Mutex, PoisonError};

use crate::TrainError;

/// Panics that are remembered: libraries try kernels that a card may refuse, so that more than one is no surprise.
const REMEMBERED: usize = 100;

/// Does work on a card; a panic, on this thread or on one of the libraries', becomes one error, made by `failed` from
/// the messages of all panics, and nothing is printed.
///
/// The process's panic hook is away in the meantime, so two such works do not run at once.
pub(super) fn guarded<T>(
    failed: impl FnOnce(&[String]) -> TrainError,
    work: impl FnOnce() -> Result<T, TrainError>,
) -> Result<T, TrainError> {
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.truncate(REMEMBERED);
        heard.push(message(info));
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(before);
    let mut said = std::mem::take(&mut *said.lock().unwrap_or_else(PoisonError::into_inner));
    match result {
        // What cannot be read back is an error of the card too, whether or not a panic came before it.
        Ok(Err(TrainError::Tensor(reason))) => {
            said.push(reason);
            Err(failed(&said))
        }
        Ok(result) => result,
        Err(_) => Err(failed(&said)),
    }
}

/// The message of a panic.
fn message(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let text = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a message").to_owned()
}

/// The error of a card that gave up on stacks of `machines` machines that want `wanted` bytes, of which `free` were free.
pub(super) fn card_error(said: &[String], (machines, wanted, free): (usize, u64, u64)) -> TrainError {
    let memory = ["out of memory", "out_of_memory", "outofmemory", "buffertoobig", "buffer too big"];
    if said.iter().map(|said| said.to_lowercase()).any(|said| memory.iter().any(|words| said.contains(words))) {
        return TrainError::Memory { machines, wanted, free };
    }
    // The first line of each that says something; what follows are traces.
    let line = |said: &String| said.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
    let lines: Vec<String> = said.iter().filter_map(line).collect();
    let reason = match lines.as_slice() {
        [] => "it said nothing".to_owned(),
        [one] => one.clone(),
        [first, .., last] => format!("{last} (after: {first})"),
    };
    TrainError::Card { reason: reason.chars().take(300).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(said: &[String]) -> TrainError {
        card_error(said, (40, 90_000_000_000, 80_000_000_000))
    }

    // One test, since the hook is the process's.
    #[test]
    fn panics_of_any_thread_become_one_error() {
        assert_eq!(guarded(failed, || Ok(7)).unwrap(), 7);
        let error =
            guarded::<()>(failed, || panic!("called `unwrap` on Err: CUDA_ERROR_OUT_OF_MEMORY\n at 0x7")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "run.device: cuda: out of memory: 40 machine(s) at once want 90.0 GB, 80.0 GB are free; use a smaller \
             model.hidden or train.batch, or another card, or `--device host`"
        );
        let error = guarded(failed, || {
            let server = std::thread::spawn(|| panic!("launch failed: {}\nwith a trace", 700));
            assert!(server.join().is_err(), "the server is gone");
            Err::<(), _>(TrainError::Tensor("nothing to read".to_owned()))
        });
        assert_eq!(
            error.unwrap_err().to_string(),
            "run.device: cuda: the card gave up: nothing to read (after: launch failed: 700); `--device host` trains \
             without it"
        );
        // An error of the training's own stays what it is.
        let error = guarded::<()>(failed, || Err(TrainError::Interrupted)).unwrap_err();
        assert!(matches!(error, TrainError::Interrupted));
    }

    #[test]
    fn the_words_of_a_lack_of_memory_are_known() {
        for reason in ["Can't allocate buffer: OutOfMemory", "BufferTooBig(4096)", "cuda: out of memory"] {
            let said = ["a kernel was refused".to_owned(), reason.to_owned()];
            assert!(matches!(failed(&said), TrainError::Memory { machines: 40, .. }), "{reason}");
        }
        assert!(matches!(failed(&["\n \n".to_owned()]), TrainError::Card { reason } if reason == "it said nothing"));
    }
}
