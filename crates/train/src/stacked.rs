//! The burn engine: K machines stacked in batched tensors, gradients and Adam written out in tensor operations.

mod adam;
mod class_reading;
#[cfg(feature = "cuda")]
mod cuda;
mod evaluation;
#[cfg_attr(not(feature = "cuda"), allow(dead_code, reason = "the CPU does not fail"))]
mod guard;
mod learner;
mod local;
mod member;
mod nets;
mod noise;
mod products;
mod samples;
#[cfg_attr(not(feature = "cuda"), allow(dead_code, reason = "only a card's memory is measured"))]
mod size;
mod tensors;

use std::collections::BTreeSet;

use burn::tensor::backend::Backend;
use burn_ndarray::{NdArray, NdArrayDevice};
use model::Weights;
use model::checkpoint::Midway;
use rayon::prelude::*;
use schedule::Timestep;

use crate::{FailedMachines, Job, Losses, MachineError, Observer, TrainError, Wish};
use class_reading::ClassProbes;
use evaluation::evaluate;
use learner::Learner;
use member::{End, Member};
use noise::{HostNoise, Noise};
use products::Products;
use samples::{Samples, Wirings};
use size::Stacks;

/// Machines stacked at once on the CPU, where a larger stack only leaves the cache.
const NDARRAY_STACK: usize = 8;

/// A machine to be trained, and where its training was left.
type Begun = (Timestep, Option<Midway>);

/// The epochs that it has behind it.
fn done((_, state): &Begun) -> usize {
    state.as_ref().map_or(0, |state| state.done)
}

/// What the machines of a stack share.
struct Stack<'a, B: Backend, N> {
    job: &'a Job<'a>,
    samples: &'a Samples<B>,
    noise: &'a N,
    wirings: Wirings<B>,
}

/// Trains on the CPU through burn-ndarray.
pub(crate) fn train_ndarray(job: &Job<'_>, timesteps: &[Timestep], observer: &dyn Observer) -> Result<(), TrainError> {
    let device = NdArrayDevice::Cpu;
    let engine = Engine {
        job,
        stacks: Stacks::of_at_most(NDARRAY_STACK),
        noise: HostNoise::<NdArray>::new(job, &device),
        device,
        observer,
    };
    engine.train(timesteps)
}

/// Trains on the first NVIDIA card through burn-cuda.
#[cfg(feature = "cuda")]
pub(crate) use cuda::train as train_cuda;

/// A build without CUDA has no such engine.
#[cfg(not(feature = "cuda"))]
pub(crate) fn train_cuda(
    _: &Job<'_>,
    _: &[Timestep],
    device: model::Device,
    _: &dyn Observer,
) -> Result<(), TrainError> {
    Ok(device.check()?)
}

/// A training on one device.
struct Engine<'a, B: Backend, N> {
    job: &'a Job<'a>,
    stacks: Stacks,
    noise: N,
    device: B::Device,
    observer: &'a dyn Observer,
}

impl<B: Products, N: Noise<B>> Engine<'_, B, N> {
    fn train(&self, timesteps: &[Timestep]) -> Result<(), TrainError> {
        let Self { job, observer, .. } = *self;
        let samples = Samples::new(job, &self.device);
        let lineage = job.lineage();
        let mut failures = Vec::new();
        // A stack holds machines of one generation: their parents are trained, and they have the same number of epochs.
        for generation in timesteps.chunk_by(|&a, &b| lineage.generation(a) == lineage.generation(b)) {
            let ready = without_orphans(job, generation, observer, &mut failures);
            let begin = |t| Ok((t, job.left_off(t, observer)?));
            let mut begun = ready.into_iter().map(begin).collect::<Result<Vec<Begun>, TrainError>>()?;
            // They take their steps together, so those that go on from an earlier state stay among themselves.
            // Nor do machines of different shapes, or with more epochs to come than others.
            let alike = |begun: &Begun| (done(begun), job.epochs(begun.0), job.config.at(begun.0).local.is_some());
            begun.sort_by_key(alike);
            for same in begun.chunk_by(|a, b| alike(a) == alike(b)) {
                for block in same.chunks(self.stacks.machines(same.len())) {
                    self.train_block(block, &samples, &mut failures)?;
                }
            }
        }
        Ok(FailedMachines::check(failures)?)
    }

    fn train_block(
        &self,
        block: &[Begun],
        samples: &Samples<B>,
        failures: &mut Vec<MachineError>,
    ) -> Result<(), TrainError> {
        let Self { job, observer, .. } = *self;
        block.iter().for_each(|(t, _)| observer.started(*t));
        let mut members: Vec<Member> = block.iter().map(|(t, state)| Member::new(job, *t, state.as_ref())).collect();
        let mut learner = Learner::<B>::begin(job, block, observer, &self.device)?;
        let wirings = Wirings::new(job, &members, &self.device);
        let stack = Stack { job, samples, noise: &self.noise, wirings };
        let probes = ClassProbes::<B>::new(job, &members, &self.device);
        let begun = block.iter().map(done).max().unwrap_or(0);
        if begun == 0 {
            for (member, reading) in members.iter_mut().zip(probes.readings(learner.nets(), &stack.wirings.beside)?) {
                member.course.begun(reading);
            }
        }
        let epochs = members.iter().map(|member| job.epochs(member.t)).max().unwrap_or(0);
        for epoch in begun + 1..=epochs {
            if !members.iter().any(Member::trains) {
                break;
            }
            members.par_iter_mut().for_each(|member| member.shuffle(job, epoch));
            learner = learner.epoch(&stack, &members, epoch);
            // The device is a queue: without a wait the host would lay up epoch after epoch in it.
            B::sync(&self.device).map_err(|error| TrainError::Tensor(format!("{error:?}")))?;
            let mut losses = vec![None; members.len()];
            if job.evaluates(members[0].t, epoch) {
                let all = evaluate(&stack, &members, learner.nets(), &probes, epoch)?;
                losses = all.into_iter().map(Some).collect();
            }
            let to_keep = report(&mut members, epoch, &losses, observer);
            learner.keep(&mut members, &to_keep)?;
            if epoch < epochs {
                keep_states(&members, &learner, epoch, observer)?;
            }
        }
        let last: Vec<usize> = (0..members.len()).filter(|&i| members[i].kept.is_none()).collect();
        learner.keep(&mut members, &last)?;
        finish(members, observer, failures)
    }
}

/// The timesteps whose parent has not failed; the others fail with it.
fn without_orphans(
    job: &Job<'_>,
    timesteps: &[Timestep],
    observer: &dyn Observer,
    failures: &mut Vec<MachineError>,
) -> Vec<Timestep> {
    let lost: BTreeSet<usize> = failures.iter().map(MachineError::t).collect();
    let mut ready = Vec::new();
    for &t in timesteps {
        match job.lineage().parent(t).filter(|parent| lost.contains(&parent.get())) {
            None => ready.push(t),
            Some(parent) => {
                let failure = MachineError::Neighbour { t: t.get(), neighbour: parent.get() };
                observer.failed(t, &failure);
                failures.push(failure);
            }
        }
    }
    ready
}

/// Reports an epoch of the members in training; those whose weights have to be kept.
fn report(members: &mut [Member], epoch: usize, losses: &[Option<Losses>], observer: &dyn Observer) -> Vec<usize> {
    let mut to_keep = Vec::new();
    for (i, (member, losses)) in members.iter_mut().zip(losses).enumerate().filter(|(_, (m, _))| m.trains()) {
        if losses.is_some_and(|losses| member.evaluated(epoch, losses)) {
            to_keep.push(i);
        }
        match &member.end {
            End::Failed(failure) => observer.failed(member.t, failure),
            End::Training | End::Stopped => observer.epoch(member.t, epoch, *losses),
        }
    }
    to_keep
}

/// Hands over the states of a stack where one of its members is wished for.
///
/// # Errors
/// [`TrainError::Interrupted`] where the end is wished for.
fn keep_states<B: Backend>(
    members: &[Member],
    learner: &Learner<B>,
    epoch: usize,
    observer: &dyn Observer,
) -> Result<(), TrainError> {
    let wishes: Vec<Wish> = members.iter().filter(|m| m.trains()).map(|member| observer.wish(member.t)).collect();
    if wishes.iter().all(|wish| *wish == Wish::GoOn) {
        return Ok(());
    }
    let alive = |(member, _): &(&Member, [Weights; 3])| !matches!(member.end, End::Failed(_));
    for (member, [weights, first, second]) in members.iter().zip(learner.states()?).filter(alive) {
        let (best, history) = (member.kept.clone(), member.course.history().clone());
        let state = Midway { done: epoch, weights, first, second, best, history };
        observer.midway(member.t, &state).map_err(TrainError::Observer)?;
    }
    if wishes.contains(&Wish::End) { Err(TrainError::Interrupted) } else { Ok(()) }
}

/// Hands the machines of a stack over.
fn finish(members: Vec<Member>, observer: &dyn Observer, failures: &mut Vec<MachineError>) -> Result<(), TrainError> {
    for member in members {
        match (member.end, member.kept) {
            (End::Failed(failure), _) => failures.push(failure),
            (End::Training | End::Stopped, Some(weights)) => observer
                .finished(member.t, member.wiring.machine(&weights).into(), member.course.into_history())
                .map_err(TrainError::Observer)?,
            (End::Training | End::Stopped, None) => {
                return Err(TrainError::Tensor(format!("no weights of t = {}", member.t)));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
