//! The losses of a stack.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use model::StackedAutoencoder;

use super::class_reading::ClassProbes;
use super::learner::batch;
use super::member::Member;
use crate::epoch::Split;
use crate::job::ErrorSums;
use crate::{Job, Losses, TrainError};

/// Samples of each machine evaluated at a time.
const EVALUATION_BLOCK: usize = 250;

/// The losses of every machine on the present draws.
pub(super) fn evaluate<B: Backend>(
    job: &Job<'_>,
    members: &[Member],
    net: &StackedAutoencoder<B>,
    probes: &ClassProbes<B>,
    device: &B::Device,
) -> Result<Vec<Losses>, TrainError> {
    let mut sums = vec![ErrorSums::default(); members.len()];
    let (train, validation, test) = (job.set.train_len(), job.set.validation_len(), job.set.test_len());
    sum_errors(job, members, net, (Split::Train, train), device, |i, net, _| sums[i].train += net)?;
    sum_errors(job, members, net, (Split::Validation, validation), device, |i, net, _| sums[i].validation += net)?;
    sum_errors(job, members, net, (Split::Test, test), device, |i, net, skip| {
        sums[i].test += net;
        sums[i].skip_test += skip;
    })?;
    let losses = members.iter().zip(sums).map(|(member, sums)| job.losses(&member.wiring, sums));
    Ok(losses.zip(probes.readings(net)?).map(|(losses, classes)| Losses { classes, ..losses }).collect())
}

/// Goes through the samples of a split block by block and hands (machine, sum of |net - u|^2, sum of |u|^2) to `add`.
fn sum_errors<B: Backend>(
    job: &Job<'_>,
    members: &[Member],
    net: &StackedAutoencoder<B>,
    (split, samples): (Split, usize),
    device: &B::Device,
    mut add: impl FnMut(usize, f64, f64),
) -> Result<(), TrainError> {
    for first in (0..samples).step_by(EVALUATION_BLOCK) {
        let rows = EVALUATION_BLOCK.min(samples - first);
        let (z, u) = batch::<B>(job, members, (split, first, rows), device);
        let errors = squares(net.forward(z) - u.clone())?;
        for (i, (error, skip)) in errors.into_iter().zip(squares(u)?).enumerate() {
            add(i, f64::from(error), f64::from(skip));
        }
    }
    Ok(())
}

/// The sum of squares of each machine's slice: `[K, n, r]` -> K numbers on the host.
fn squares<B: Backend>(values: Tensor<B, 3>) -> Result<Vec<f32>, TrainError> {
    let sums = values.powi_scalar(2).sum_dim(2).sum_dim(1);
    sums.into_data().into_vec().map_err(|error| TrainError::Tensor(format!("{error:?}")))
}
