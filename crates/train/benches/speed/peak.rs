//! The peak: large products of the `gemm` crate, one for each thread at once.

use data::linalg::{View, multiply};
use schedule::{Purpose, Stream};

use crate::arguments::Arguments;
use crate::clock::{median, rounds};
use crate::flops;
use crate::report::Measurement;

/// The side of the matrices.
const SIDE: usize = 1536;

/// Seconds a product on one thread and on all cores, each thread with a product of its own.
pub(crate) struct Peak {
    one: f64,
    all: f64,
    threads: usize,
}

impl Peak {
    /// The item's name.
    pub(crate) const NAME: &'static str = "peak gemm 1536^3";

    /// Measures both.
    pub(crate) fn measure(arguments: &Arguments) -> Self {
        let Arguments { threads, budget, .. } = *arguments;
        let seconds = |threads| {
            median(rounds(threads, budget, || {
                let mut stream = Stream::new(0, Purpose::Data, 0, 0);
                let (mut a, mut b, mut out) = (vec![0.0; SIDE * SIDE], vec![0.0; SIDE * SIDE], vec![0.0; SIDE * SIDE]);
                stream.fill_normal(&mut a);
                stream.fill_normal(&mut b);
                move || multiply(&mut out, View::new(&a, SIDE, SIDE), View::new(&b, SIDE, SIDE), 0.0)
            }))
        };
        let one = seconds(1);
        Self { one, all: if threads == 1 { one } else { seconds(threads) }, threads }
    }

    /// Operations a second on one thread or on all.
    pub(crate) fn rate(&self, threads: usize) -> f64 {
        self.measurement(threads).rate()
    }

    /// The rows of the table: threads and what was measured on them.
    pub(crate) fn rows(&self) -> Vec<(usize, Measurement)> {
        let mut threads = vec![1, self.threads];
        threads.dedup();
        threads.into_iter().map(|threads| (threads, self.measurement(threads))).collect()
    }

    fn measurement(&self, threads: usize) -> Measurement {
        let seconds = if threads == 1 { self.one } else { self.all };
        Measurement { seconds: seconds / threads as f64, flops: flops::product(SIDE, SIDE, SIDE) }
    }
}
