//! Repeated measurements of work done on several threads at once.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// At least so many rounds are measured, whatever they take.
const FEWEST: usize = 3;

/// Seconds of each round in which every one of `threads` threads did its work once, after one round that is not counted.
///
/// `make` is called on each thread for the work and the buffers it owns; the rounds go on until `budget` is spent.
pub(crate) fn rounds<W: FnMut()>(threads: usize, budget: Duration, make: impl Fn() -> W + Sync) -> Vec<f64> {
    let (barrier, stop) = (Barrier::new(threads), AtomicBool::new(false));
    let follow = || {
        let mut work = make();
        work();
        loop {
            barrier.wait();
            if stop.load(Ordering::SeqCst) {
                break;
            }
            work();
            barrier.wait();
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(follow);
        }
        let mut work = make();
        work();
        let mut seconds = Vec::new();
        let begin = Instant::now();
        while begin.elapsed() < budget || seconds.len() < FEWEST {
            barrier.wait();
            let round = Instant::now();
            work();
            barrier.wait();
            seconds.push(round.elapsed().as_secs_f64());
        }
        stop.store(true, Ordering::SeqCst);
        barrier.wait();
        seconds
    })
}

/// The middle value, the upper one of two; NaN of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
