//! The losses of a stack.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::Stack;
use super::class_reading::ClassProbes;
use super::member::{Member, timesteps};
use super::nets::Nets;
use super::noise::{Noise, Walk};
use super::products::Products;
use super::tensors::read;
use crate::epoch::Split;
use crate::job::ErrorSums;
use crate::{Losses, TrainError};

/// Samples of each machine evaluated at a time.
pub(super) const EVALUATION_BLOCK: usize = 250;

/// The losses of every machine on the noise of an epoch; that of the training split is what was just trained on.
pub(super) fn evaluate<B: Products, N: Noise<B>>(
    stack: &Stack<'_, B, N>,
    members: &[Member],
    nets: &Nets<B>,
    probes: &ClassProbes<'_, B>,
    epoch: usize,
) -> Result<Vec<Losses>, TrainError> {
    let sums = |split| sum_errors(stack, members, nets, (split, epoch));
    let (train, _) = sums(Split::Train)?;
    let (validation, _) = sums(Split::Validation)?;
    let (test, skip_test) = sums(Split::Test)?;
    let losses = members.iter().enumerate().map(|(i, member)| {
        let [train, validation, test, skip_test] = [&train, &validation, &test, &skip_test].map(|sums| sums[i]);
        stack.job.losses(&member.wiring, ErrorSums { train, validation, test, skip_test })
    });
    Ok(losses
        .zip(probes.readings(nets, &stack.wirings.beside)?)
        .map(|(losses, classes)| Losses { classes, ..losses })
        .collect())
}

/// The sums over the samples of a split of |net - u|^2 and, for the test split, |u|^2 (0 elsewhere, where nobody asks),
/// each machine's block sums added in f64.
fn sum_errors<B: Products, N: Noise<B>>(
    stack: &Stack<'_, B, N>,
    members: &[Member],
    nets: &Nets<B>,
    (split, epoch): (Split, usize),
) -> Result<(Vec<f64>, Vec<f64>), TrainError> {
    let walk = Walk { split, epoch, rows: EVALUATION_BLOCK, samples: split.len(stack.job.set) };
    let (mut net, mut skip) = (Vec::new(), Vec::new());
    for ((first, _), eps) in walk.blocks().zip(stack.noise.walk(walk, &timesteps(members))) {
        let Some((z, u)) = stack.wirings.batch(stack.samples, members, (split, first), eps) else { break };
        net.push(squares(nets.forward(z, &stack.wirings.beside) - u.clone()));
        if split == Split::Test {
            skip.push(squares(u));
        }
    }
    Ok((totals(net, members.len())?, totals(skip, members.len())?))
}

/// The sum of squares of each machine's slice: `[K, n, r]` -> `[K, 1, 1]`.
fn squares<B: Backend>(values: Tensor<B, 3>) -> Tensor<B, 3> {
    (values.clone() * values).sum_dim(2).sum_dim(1)
}

/// The totals of the block sums, each `[K, 1, 1]`: they come back to the host as one tensor.
fn totals<B: Backend>(blocks: Vec<Tensor<B, 3>>, machines: usize) -> Result<Vec<f64>, TrainError> {
    if blocks.is_empty() {
        return Ok(vec![0.0; machines]);
    }
    let count = blocks.len();
    let sums = read(Tensor::cat(blocks, 2))?;
    Ok(sums.chunks_exact(count).map(|sums| sums.iter().map(|&sum| f64::from(sum)).sum()).collect())
}
