//! The noise of a stack: walks through a split, block by block.

use std::iter;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use schedule::{Stream, Timestep};

use crate::epoch::Split;
use crate::{Job, pages};

/// Bytes of noise that wait on the host for the device, beside the block in work at either side.
const STAGED: usize = 256 << 20;
/// Blocks that wait at most.
const STAGED_BLOCKS: usize = 16;
/// Normals from which on the machines of a stack are shared out over threads.
const SHARED_OUT: usize = 1 << 15;

/// A walk through the samples of a split in an epoch, `rows` at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    pub(super) split: Split,
    /// 1-based.
    pub(super) epoch: usize,
    pub(super) rows: usize,
    pub(super) samples: usize,
}

impl Walk {
    /// The positions (first, rows) of every block.
    pub(super) fn blocks(self) -> impl Iterator<Item = (usize, usize)> {
        let Self { rows, samples, .. } = self;
        (0..samples).step_by(rows.max(1)).map(move |first| (first, rows.min(samples - first)))
    }
}

/// Where a stack's noise comes from.
pub(super) trait Noise<B: Backend> {
    /// The noise of every block of a walk, in order: tensors `[K, rows, r]`, machine k's rows those of the stream that
    /// [`Split::noise_key`] names at the positions of the block.
    fn walk<'a>(&'a self, walk: Walk, timesteps: &[Timestep]) -> Box<dyn Iterator<Item = Tensor<B, 3>> + 'a>;
}

/// Noise drawn on the host: every block by all cores, while the device works on the one before.
pub(super) struct HostNoise<B: Backend> {
    seed: u64,
    /// r.
    inputs: usize,
    staged: usize,
    device: B::Device,
}

impl<B: Backend> HostNoise<B> {
    pub(super) fn new(job: &Job<'_>, device: &B::Device) -> Self {
        Self { seed: job.settings.seed, inputs: job.set.inputs, staged: STAGED, device: device.clone() }
    }
}

impl<B: Backend> Noise<B> for HostNoise<B> {
    fn walk<'a>(&'a self, walk: Walk, timesteps: &[Timestep]) -> Box<dyn Iterator<Item = Tensor<B, 3>> + 'a> {
        let stream = |t: &Timestep| walk.split.noise(self.seed, t.get() as u64, walk.epoch as u64);
        let (streams, r) = (timesteps.iter().map(stream).collect(), self.inputs);
        let machines = timesteps.len();
        let block_bytes = 4 * machines * walk.rows * r;
        let mut drawn = Drawn::begin(walk, streams, r, (self.staged / block_bytes.max(1)).min(STAGED_BLOCKS));
        let mut blocks = walk.blocks();
        Box::new(iter::from_fn(move || {
            let (_, rows) = blocks.next()?;
            let values = TensorData::new(drawn.next()?, [machines, rows, r]);
            Some(Tensor::from_data(values, &self.device))
        }))
    }
}

/// Blocks of noise that a thread draws ahead.
struct Drawn {
    blocks: Receiver<Vec<f32>>,
    thread: Option<JoinHandle<()>>,
}

impl Drawn {
    /// The thread ends when the walk does, or nobody takes its blocks any more.
    fn begin(walk: Walk, mut streams: Vec<Stream>, r: usize, ahead: usize) -> Self {
        let (sender, blocks) = sync_channel(ahead);
        let thread = thread::spawn(move || {
            for (_, rows) in walk.blocks() {
                if sender.send(draw(&mut streams, rows * r)).is_err() {
                    break;
                }
            }
        });
        Self { blocks, thread: Some(thread) }
    }

    fn next(&mut self) -> Option<Vec<f32>> {
        let Ok(block) = self.blocks.recv() else {
            // The thread ends after its last block, which nobody asks beyond; a panic of its own is passed on.
            if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
                std::panic::resume_unwind(panic);
            }
            return None;
        };
        Some(block)
    }
}

/// The next `len` normals of every stream: `[K, len]`.
fn draw(streams: &mut [Stream], len: usize) -> Vec<f32> {
    let mut values = pages::zeros(streams.len() * len);
    if values.len() < SHARED_OUT {
        values.chunks_exact_mut(len.max(1)).zip(streams).for_each(|(part, stream)| stream.fill_normal(part));
    } else {
        let parts = values.par_chunks_exact_mut(len.max(1));
        parts.zip(streams).for_each(|(part, stream)| stream.fill_normal(part));
    }
    values
}

#[cfg(test)]
mod tests {
    use burn_ndarray::{NdArray, NdArrayDevice};
    use schedule::{Law, Purpose, Schedule};

    use super::*;

    /// All noise of the walks of some machines, machine by machine.
    fn drawn(rows: usize, staged: usize) -> Vec<Vec<f32>> {
        let noise = HostNoise::<NdArray> { seed: 3, inputs: 7, staged, device: NdArrayDevice::Cpu };
        let schedule = Schedule::new(Law::Cosine, 5).unwrap();
        let timesteps: Vec<Timestep> = schedule.timesteps().collect();
        let walk = Walk { split: Split::Train, epoch: 2, rows, samples: 203 };
        let mut machines = vec![Vec::new(); timesteps.len()];
        for block in noise.walk(walk, &timesteps) {
            let values = block.into_data().into_vec::<f32>().unwrap();
            for (all, part) in machines.iter_mut().zip(values.chunks_exact(values.len() / 5)) {
                all.extend_from_slice(part);
            }
        }
        machines
    }

    #[test]
    fn the_noise_is_that_of_the_streams_whatever_the_blocks_and_what_waits() {
        let expected: Vec<Vec<f32>> = (1..=5)
            .map(|t| {
                let mut values = vec![0.0; 203 * 7];
                Stream::new(3, Purpose::TrainNoise, t, 2).fill_normal(&mut values);
                values
            })
            .collect();
        for (rows, staged) in [(1, 0), (30, 1 << 20), (203, STAGED), (1000, 100), (50, 4 * 5 * 50 * 7)] {
            assert_eq!(drawn(rows, staged), expected, "{rows} {staged}");
        }
    }

    #[test]
    fn a_walk_that_is_left_lets_its_thread_go() {
        let streams = vec![Stream::new(1, Purpose::TrainNoise, 1, 1)];
        let walk = Walk { split: Split::Train, epoch: 1, rows: 10, samples: 100_000 };
        let mut drawn = Drawn::begin(walk, streams, 3, 1);
        assert_eq!(drawn.next().unwrap().len(), 30);
        let Drawn { blocks, thread } = drawn;
        drop(blocks);
        thread.unwrap().join().unwrap();
    }
}
