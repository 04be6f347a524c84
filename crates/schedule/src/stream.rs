//! Keyed ChaCha8 streams: all randomness of the workspace.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::chacha::{BYTES, Wide};
use crate::normal::{BLOCK, fill_blocks};

/// What a stream is used for: part of its key, so that no two uses share random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// A machine's initial weights (index: timestep, population).
    Init = 1,
    /// The order of the training samples (index: timestep, epoch).
    Shuffle = 2,
    /// The noise added to the training samples (index: timestep, epoch).
    TrainNoise = 3,
    /// The noise added to the test samples (index: timestep, epoch).
    TestNoise = 4,
    /// The starting point of a trajectory of the chain (index: trajectory, draw).
    Start = 5,
    /// The noise of a step of the reverse chain (index: trajectory, timestep).
    Reverse = 6,
    /// The noise of a jump from x_0 to x_t (index: trajectory, timestep).
    Forward = 7,
    /// The generation of a data set (index: split, sample).
    Data = 8,
    /// The choice of the validation samples (index: 0, 0).
    Validation = 9,
    /// The noise added to the validation samples, the same in every epoch (index: timestep, 0).
    ValidationNoise = 10,
    /// The choice of trajectories in a bootstrap resample (index: resample, number of trajectories).
    Bootstrap = 11,
    /// The training of the run's classifier (index: 0 for weights, 1 + epoch for the order).
    Classifier = 12,
    /// The choice of samples and directions that an observable looks at (index: a number of its own, 0).
    Choice = 13,
    /// The noise of the states on which the learning of two classes is watched (index: pair of probes, 0).
    ClassProbes = 14,
    /// The noise of a step of the forward chain x_{t-1} -> x_t (index: trajectory, timestep).
    ForwardStep = 16,
    /// The timesteps at which one machine for all of them sees the training samples (index: pass, 0).
    Timesteps = 15,
}

/// A stream of random numbers keyed by (seed, purpose, two indices).
///
/// The four numbers *are* the 256-bit ChaCha8 key, little-endian, so different keys give independent streams and a
/// stream can be made again anywhere, whatever the thread, batch or engine.
///
/// ```
/// use schedule::{Purpose, Stream};
/// let (mut a, mut b) = (Stream::new(7, Purpose::Reverse, 3, 5), Stream::new(7, Purpose::Reverse, 3, 5));
/// let (mut whole, mut parts) = ([0.0; 100], [0.0; 100]);
/// a.fill_normal(&mut whole);
/// let (left, right) = parts.split_at_mut(33);
/// b.fill_normal(left);
/// b.fill_normal(right);
/// assert_eq!(whole, parts);
/// ```
#[derive(Debug, Clone)]
pub struct Stream {
    rng: ChaCha8Rng,
    /// Normals of the last block that no call has taken yet, from `taken` on.
    spare: [f32; BLOCK],
    taken: usize,
}

impl Stream {
    /// The stream of (seed, purpose, first, second) at its beginning.
    pub fn new(seed: u64, purpose: Purpose, first: u64, second: u64) -> Self {
        let mut key = [0; 32];
        for (bytes, word) in key.chunks_exact_mut(4).zip(Self::key(seed, purpose, first, second)) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self { rng: ChaCha8Rng::from_seed(key), spare: [0.0; BLOCK], taken: BLOCK }
    }

    /// The ChaCha8 key of a stream, for a device that draws it itself.
    pub fn key(seed: u64, purpose: Purpose, first: u64, second: u64) -> [u32; 8] {
        let numbers = [seed, purpose as u64, first, second];
        std::array::from_fn(|i| (numbers[i / 2] >> (32 * (i % 2))) as u32)
    }

    /// Fills `out` with standard normals N(0, 1), one 32-bit word each.
    ///
    /// The words are taken 32 at a time and the normals left over kept for the next call, so consecutive calls give the
    /// same numbers whatever their sizes.
    pub fn fill_normal(&mut self, out: &mut [f32]) {
        let from_spare = out.len().min(BLOCK - self.taken);
        let (head, rest) = out.split_at_mut(from_spare);
        head.copy_from_slice(&self.spare[self.taken..self.taken + from_spare]);
        self.taken += from_spare;
        let (blocks, tail) = rest.as_chunks_mut::<BLOCK>();
        self.fill_blocks(blocks);
        if !tail.is_empty() {
            let mut block = [[0.0; BLOCK]];
            self.fill_blocks(&mut block);
            self.spare = block[0];
            self.taken = tail.len();
            tail.copy_from_slice(&self.spare[..self.taken]);
        }
    }

    fn fill_blocks(&mut self, blocks: &mut [[f32; BLOCK]]) {
        /// Blocks converted at a time, so that the raw words stay in the first-level cache.
        const AT_ONCE: usize = BYTES / (4 * BLOCK);
        let (groups, rest) = blocks.as_chunks_mut::<AT_ONCE>();
        let mut bytes = [0; BYTES];
        let mut wide = if groups.is_empty() { None } else { Wide::of(&self.rng) };
        for group in groups {
            match &mut wide {
                Some(wide) => wide.fill(&mut bytes),
                None => self.rng.fill_bytes(&mut bytes),
            }
            fill_blocks(&bytes, group.as_flattened_mut());
        }
        if let Some(wide) = wide {
            wide.leave(&mut self.rng);
        }
        let bytes = &mut bytes[..4 * BLOCK * rest.len()];
        self.rng.fill_bytes(bytes);
        fill_blocks(bytes, rest.as_flattened_mut());
    }

    /// A uniform number in `[0, 1)` with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Fills `out` with uniforms in `[-bound, bound]`, drawn in f64 and rounded.
    pub fn fill_symmetric(&mut self, bound: f64, out: &mut [f32]) {
        for value in out {
            *value = (bound * (2.0 * self.uniform() - 1.0)) as f32;
        }
    }

    /// An integer in 0..n without bias (Lemire 2019); 0 when n is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        loop {
            let wide = u128::from(self.rng.next_u64()) * u128::from(n);
            let low = wide as u64;
            if low >= n || low >= n.wrapping_neg() % n.max(1) {
                return (wide >> 64) as u64;
            }
        }
    }

    /// A uniformly random permutation of 0..n (Fisher-Yates), n at most 2^32.
    pub fn permutation(&mut self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..=u32::MAX).take(n).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, self.below(i as u64 + 1) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests;
