//! The Adam step and the whole epoch of machines without a skip, on random images.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use data::Samples;
use model::checkpoint::History;
use model::{Device, Machine, MachineConfig, Moments, Net, SkipKind};
use schedule::{Law, LossWeight, Purpose, Schedule, Stream, Timestep};
use train::bench::StepBench;
use train::{Decay, Job, Losses, MachineError, Observer, ObserverError, Settings, Stop, TrainingSet};

use crate::clock::{median, rounds};
use crate::flops;
use crate::report::Measurement;
use crate::{Context, Failure};

/// MNIST's pixels, and the thesis's numbers of images.
const DIM: usize = 784;
const TRAIN: usize = 12_500;
const TEST: usize = 2_100;
const BATCH: usize = 50;
/// The timesteps of the chain that the machines are taken from.
const TIMESTEPS: usize = 1000;
/// The part of the peak that training is taken to reach when the number of epochs is chosen.
const EXPECTED_SHARE: f64 = 0.5;
/// Steps measured together, so that a round is long against the threads' meeting: 20 of H = 100.
const WIDTH_OF_A_ROUND: usize = 2000;

/// Everything a job borrows.
struct Problem {
    schedule: Schedule,
    moments: Moments,
    set: TrainingSet,
    settings: Settings,
    config: MachineConfig,
}

impl Problem {
    /// The thesis's chain and machine on random data of `train` and `test` samples.
    fn new(hidden: usize, train: usize, test: usize, epochs: usize) -> Result<Self, Failure> {
        let samples = |split, n| {
            let mut values = vec![0.0; n * DIM];
            Stream::new(0, Purpose::Data, split, 0).fill_normal(&mut values);
            Samples { dim: DIM, values, labels: Vec::new() }
        };
        Ok(Self {
            schedule: Schedule::new(Law::Linear { beta_start: 1e-4, beta_end: 0.02 }, TIMESTEPS)?,
            moments: Moments { eigenvalues: vec![1.0; DIM], second_moment: 1.0 },
            set: TrainingSet::new(&samples(0, train), &samples(1, test), DIM),
            settings: Settings {
                epochs,
                batch: BATCH,
                learning_rates: vec![2e-4; TIMESTEPS],
                decay: Decay::None,
                loss: LossWeight::Simple,
                warm_start: None,
                local_rate: 10.0,
                effort: Vec::new(),
                stop: Stop::None,
                evaluate_every: 1,
                seed: 0,
            },
            config: MachineConfig::dense(hidden, SkipKind::None),
        })
    }

    fn job(&self) -> Job<'_> {
        let Self { schedule, moments, set, settings, config } = self;
        Job { schedule, config: *config, moments, set, settings, classes: None }
    }
}

/// One Adam step with the loading of its batch, whose noise is drawn; each thread has a machine of its own.
pub(crate) fn step(context: &Context<'_>, threads: usize, hidden: usize) -> Result<Measurement, Failure> {
    let problem = Problem::new(hidden, BATCH, 1, 1)?;
    let job = problem.job();
    let t = problem.schedule.timestep(TIMESTEPS / 2)?;
    let steps = WIDTH_OF_A_ROUND.div_ceil(hidden);
    let seconds = rounds(threads, context.arguments.budget, || {
        let mut machine = StepBench::new(&job, t);
        move || machine.run(steps)
    });
    let seconds = median(seconds) / (steps * threads) as f64;
    Ok(Measurement { seconds, flops: flops::step(BATCH, DIM, hidden) })
}

/// One epoch through the public entry: noise, 250 steps, the losses on both splits; each thread has a machine of its own.
pub(crate) fn epoch(context: &Context<'_>, threads: usize, hidden: usize) -> Result<Measurement, Failure> {
    let flops = flops::epoch(TRAIN, TEST, BATCH, DIM, hidden);
    let expected = threads as f64 * flops / (EXPECTED_SHARE * context.peak.rate(threads));
    // The first epoch meets untouched memory and is not counted.
    let epochs = 1 + ((context.arguments.budget.as_secs_f64() / expected) as usize).clamp(1, 1000);
    let problem = Problem::new(hidden, TRAIN, TEST, epochs)?;
    let timesteps: Vec<Timestep> =
        problem.schedule.timesteps().step_by((TIMESTEPS / threads).max(1)).take(threads).collect();
    let watch = Watch::default();
    train::train(&problem.job(), &timesteps, Device::Host, threads, &watch)?;
    Ok(Measurement { seconds: median(watch.intervals()) / threads as f64, flops })
}

/// Takes the time at the end of every epoch of every machine.
#[derive(Default)]
struct Watch(Mutex<BTreeMap<Timestep, Vec<Instant>>>);

impl Watch {
    /// Seconds between the ends of consecutive epochs of each machine.
    fn intervals(self) -> Vec<f64> {
        let ends = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        ends.values().flat_map(|ends| ends.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64())).collect()
    }
}

impl Observer for Watch {
    fn started(&self, _: Timestep) {}

    fn epoch(&self, t: Timestep, _: usize, _: Option<Losses>) {
        let now = Instant::now();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(t).or_default().push(now);
    }

    fn finished(&self, _: Timestep, _: Net, _: History) -> Result<(), ObserverError> {
        Ok(())
    }

    fn failed(&self, _: Timestep, _: &MachineError) {}

    fn trained(&self, t: Timestep) -> Result<Machine, ObserverError> {
        Err(format!("t = {t} starts from no neighbour here").into())
    }
}
