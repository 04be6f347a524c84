//! How many machines are stacked at once.

use crate::stacked::evaluation::EVALUATION_BLOCK;
use crate::{Job, TrainError};

/// Of the free memory, what a training may take: pools round up, and the compiled kernels want some.
const SHARE: f64 = 0.8;
/// Copies of a machine's weights at the end of a step: they, both moments and the gradient, and the first three anew.
const COPIES: usize = 7;
/// Tensors `[rows, r]` of a batch: samples, noise, inputs, targets, answers, errors, and one of noise in advance.
const WIDE: usize = 7;
/// Tensors `[rows, H]` of a batch: before and after the rectifier, its mask, the errors.
const NARROW: usize = 4;

/// Tensors `[rows, side^2]` of local units: images, answers and errors, each with an edge or without.
const IMAGES: usize = 6;
/// Tensors `[rows, side^2, k^2]`: patches and their pieces, what is written, the errors.
const PATCHES: usize = 4;

/// The most machines of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stacks {
    most: usize,
}

/// What a training takes of a card's memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Demand {
    /// The samples, whatever the stack.
    fixed: u64,
    /// Every machine of a stack.
    machine: u64,
}

impl Demand {
    /// What the machines of a job take: weights and moments, the activations of a batch or of an evaluation's block,
    /// and those of the probes.
    pub(super) fn of(job: &Job<'_>) -> Self {
        let (set, r, h) = (job.set, job.set.inputs as u64, job.config.hidden as u64);
        let samples = [&set.train, &set.validation, &set.test].map(|values| values.len() as u64);
        let weights = job.config.weights(set.inputs) as u64;
        let probes = job.classes.map_or(0, |classes| classes.z0().len() / classes.direction().len().max(1));
        let rows = (job.settings.batch.max(EVALUATION_BLOCK) + probes) as u64;
        let local = job.config.local.zip(set.canvas.as_ref()).map_or(0, |(shape, canvas)| {
            let at_pixel = PATCHES as u64 * shape.patch() as u64 + NARROW as u64 * shape.channels as u64;
            canvas.pixels() as u64 * (IMAGES as u64 + at_pixel)
        });
        let activations = rows * (WIDE as u64 * r + NARROW as u64 * h + local);
        Self { fixed: 4 * samples.iter().sum::<u64>(), machine: 4 * (COPIES as u64 * weights + activations) }
    }

    /// The bytes of a stack of as many machines.
    pub(super) fn bytes(self, machines: usize) -> u64 {
        self.fixed.saturating_add(self.machine.saturating_mul(machines as u64))
    }
}

impl Stacks {
    /// Stacks of at most `most` machines.
    pub(super) fn of_at_most(most: usize) -> Self {
        Self { most: most.max(1) }
    }

    /// As many machines as fit into the safe share of `free` bytes, at least one.
    ///
    /// # Errors
    /// [`TrainError::Memory`] where not even one machine fits into all of it.
    pub(super) fn within(free: u64, demand: Demand) -> Result<Self, TrainError> {
        if demand.bytes(1) > free {
            return Err(TrainError::Memory { machines: 1, wanted: demand.bytes(1), free });
        }
        let left = ((SHARE * free as f64) as u64).saturating_sub(demand.fixed);
        Ok(Self::of_at_most(usize::try_from(left / demand.machine.max(1)).unwrap_or(usize::MAX)))
    }

    /// The machines of each stack of a generation of n, but for the last: n shared out evenly over the fewest stacks.
    pub(super) fn machines(self, n: usize) -> usize {
        n.div_ceil(n.div_ceil(self.most).max(1)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    fn most(free: u64, fixed: u64, machine: u64) -> usize {
        Stacks::within(free, Demand { fixed, machine }).unwrap().most
    }

    #[test]
    fn the_stack_is_what_fits_into_the_safe_share_and_never_nothing() {
        // 0.8 x 1000 - 100 = 700 MB for machines of 7 MB.
        assert_eq!(most(1000 * MB, 100 * MB, 7 * MB), 100);
        assert_eq!(most(1000 * MB, 100 * MB, 7 * MB + 1), 99);
        // One fits into all of the memory, though not into the safe share.
        assert_eq!(most(1000 * MB, 100 * MB, 900 * MB), 1);
        assert_eq!(most(1000 * MB, 900 * MB, 1), 1);
        let error = Stacks::within(1000 * MB, Demand { fixed: 100 * MB, machine: 901 * MB }).unwrap_err();
        assert!(
            matches!(error, TrainError::Memory { machines: 1, wanted, free } if (wanted, free) == (1001 * MB, 1000 * MB))
        );
        assert!(Stacks::within(0, Demand { fixed: u64::MAX, machine: u64::MAX }).is_err());
    }

    #[test]
    fn a_generation_is_shared_out_evenly() {
        let stacks = Stacks::of_at_most(64);
        // 100 machines in 2 stacks of 50 and not of 64 and 36; 129 in 3 of 43.
        assert_eq!([1, 63, 64, 65, 100, 129].map(|n| stacks.machines(n)), [1, 63, 64, 33, 50, 43]);
        assert_eq!((stacks.machines(0), Stacks::of_at_most(0).machines(3)), (1, 1));
        assert_eq!(Stacks::of_at_most(usize::MAX).machines(1000), 1000);
    }
}
