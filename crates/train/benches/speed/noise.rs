//! Standard normals from a keyed stream.

use schedule::{Purpose, Stream};

use crate::clock::{median, rounds};
use crate::report::Measurement;
use crate::{Context, Failure};

/// Normals of a unit.
const UNIT: usize = 1_000_000;
/// Filled at a time: the noise of a batch of 50 images.
const AT_ONCE: usize = 50 * 784;

/// A million normals, each thread from a stream of its own.
pub(crate) fn normals(context: &Context<'_>, threads: usize) -> Result<Measurement, Failure> {
    let seconds = rounds(threads, context.arguments.budget, || {
        let mut stream = Stream::new(0, Purpose::TrainNoise, 1, 1);
        let mut noise = vec![0.0; AT_ONCE];
        move || {
            for first in (0..UNIT).step_by(AT_ONCE) {
                stream.fill_normal(&mut noise[..AT_ONCE.min(UNIT - first)]);
                std::hint::black_box(&noise);
            }
        }
    });
    Ok(Measurement { seconds: median(seconds) / threads as f64, flops: 0.0 })
}
