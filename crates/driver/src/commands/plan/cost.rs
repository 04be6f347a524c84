//! Arithmetic, time, memory and disk of a training.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use data::linalg::{View, multiply};
use model::LocalConfig;
use schedule::{ReverseVariance, Schedule, Timestep};

use super::Size;
use crate::config::{ExactLaw, Experiment, Machines, Skip};
use crate::pipeline::effort::Effort;
use crate::pipeline::problem::machine_config;
use crate::terminal::{bytes, duration};

/// The share of the bare matrix product's speed that training reaches, noise and Adam included.
const TRAINING_EFFICIENCY: f64 = 0.6;
/// Time given to measuring the matrix product.
const PROBE: Duration = Duration::from_millis(300);

/// What training some machines and sampling with all of them costs.
pub(super) struct Cost {
    pub(super) machines: usize,
    /// Whether the one machine is for all timesteps.
    for_all: bool,
    pub(super) parameters: usize,
    pub(super) effort: Effort,
    /// Steps an epoch.
    steps: usize,
    train: usize,
    validation: usize,
    test: usize,
    /// Operations.
    pub(super) training: f64,
    pub(super) sampling: f64,
    /// Operations a second and thread.
    rate: f64,
    threads: usize,
    pub(super) seconds: f64,
    /// Bytes.
    pub(super) memory: f64,
    pub(super) disk: f64,
    /// 1 - H/d where it binds.
    floor: Option<f64>,
}

impl Cost {
    /// The cost of training `machines` of the experiment and of sampling.
    pub(super) fn of(
        experiment: &Experiment,
        model: Machines,
        schedule: &Schedule,
        size: &Size,
        machines: &[Timestep],
        threads: usize,
        rates: &mut Rates,
    ) -> Self {
        let with_local: Vec<Timestep> =
            machines.iter().copied().filter(|t| model.at(t.get()).local().is_some()).collect();
        let [effort, of_local] =
            [machines, &with_local].map(|machines| Effort::of(&experiment.train, schedule, machines));
        let machines = machines.len();
        let (validation, test) = (experiment.train.validation, size.test);
        let dim = if experiment.model.is_regression() { 1 } else { size.dim };
        let train = size.train - validation;
        // A product [n, d] [d, H] takes 2 n d H operations: two forward, three backward; a layer has H = d, and one of each.
        let (hidden, parameters, forward, both) = match model {
            Machines::Autoencoders { hidden, .. } => (hidden, machine_config(model).weights(dim), 2.0, 5.0),
            Machines::Sigmoid { .. } => (dim, dim * dim + dim, 1.0, 2.0),
            Machines::Regression { hidden } => (hidden, 3 * hidden + 1, 2.0, 5.0),
        };
        let batch = experiment.train.batch;
        let steps = train / batch;
        let seen = machine_config(model).seen(dim);
        let product = 2.0 * seen as f64 * hidden as f64;
        let work = experiment.model.local().map_or([0.0; 2], |shape| local_work(shape, dim));
        let (both, forward) = (both * product, forward * product);
        let of_epochs = |effort: Effort| (steps * batch * effort.epochs()) as f64;
        let of_losses = |effort: Effort| ((train + validation + test) * effort.evaluations()) as f64;
        let training = both * of_epochs(effort)
            + forward * of_losses(effort)
            + work[0] * of_epochs(of_local)
            + work[1] * of_losses(of_local);
        let chain_steps = experiment.schedule.timesteps.div_ceil(experiment.sample.stride);
        let answers =
            experiment.sample.count * if experiment.sample.variance == ReverseVariance::Optimal { 2 } else { 1 };
        let local_steps = with_local.len().div_ceil(experiment.sample.stride);
        let sampling = answers as f64 * (forward * chain_steps as f64 + work[1] * local_steps as f64);
        let rate = rates.of(batch, seen, hidden);
        let workers = threads.min(machines).max(1) as f64;
        let seconds = training / (rate * TRAINING_EFFICIENCY * workers) + sampling / (rate * threads as f64);
        // Per machine in work: value, gradient and two moments of each parameter, and the noise of an epoch; once: the data.
        let patches = |shape: LocalConfig| batch * dim * (3 * shape.patch() + 2 * shape.channels);
        let local = experiment.model.local().map_or(0, patches);
        let working = 4.0 * (4 * parameters + (size.train + test) * dim + local) as f64;
        let memory = working * workers + 8.0 * (2 * (size.train + test) * dim) as f64;
        let disk = 4.0 * (parameters * machines + experiment.sample.count * dim) as f64;
        let floor = (matches!(model, Machines::Autoencoders { skip: Skip::None, local: None, .. }) && hidden < dim)
            .then(|| 1.0 - hidden as f64 / dim as f64);
        Self {
            machines,
            for_all: false,
            parameters,
            effort,
            steps,
            train,
            validation,
            test,
            training,
            sampling,
            rate,
            threads,
            seconds,
            memory,
            disk,
            floor,
        }
    }

    /// The cost of training one machine for all timesteps and of sampling: the steps of a whole bank, on one thread, and
    /// losses on as many training samples as there are test samples.
    pub(super) fn for_all(
        experiment: &Experiment,
        hidden: usize,
        schedule: &Schedule,
        size: &Size,
        threads: usize,
        rates: &mut Rates,
    ) -> Self {
        let all: Vec<Timestep> = schedule.timesteps().collect();
        let machine = Machines::dense(hidden, Skip::None);
        let bank = Self::of(experiment, machine, schedule, size, &all, threads, rates);
        let product = 2.0 * size.dim as f64 * hidden as f64;
        let evaluated = bank.train.min(bank.test) + bank.validation + bank.test;
        let steps = 5.0 * product * (bank.steps * experiment.train.batch * bank.effort.epochs()) as f64;
        let losses = 2.0 * product * (evaluated * bank.effort.evaluations()) as f64;
        let parameters = bank.parameters + hidden;
        let work = |threads: usize| bank.rate * TRAINING_EFFICIENCY * threads as f64;
        let samples = (size.train + size.test) * size.dim;
        Self {
            machines: 1,
            for_all: true,
            parameters,
            training: steps + losses,
            seconds: steps / work(1) + losses / work(threads) + bank.sampling / (bank.rate * threads as f64),
            memory: 4.0 * (4 * parameters + samples) as f64 + 8.0 * (2 * samples) as f64,
            disk: 4.0 * (parameters + experiment.sample.count * size.dim) as f64,
            ..bank
        }
    }

    /// The estimated seconds of the training alone.
    pub(super) fn training_seconds(&self) -> f64 {
        self.training / (self.rate * TRAINING_EFFICIENCY * self.threads.min(self.machines).max(1) as f64)
    }

    /// What is trained and for how long.
    pub(super) fn training_in_words(&self) -> String {
        let Self { machines, for_all, parameters, effort, .. } = self;
        if *for_all {
            format!("one machine of {parameters} parameters for all timesteps, {} passes", effort.epochs())
        } else {
            format!("{machines} machines of {parameters} parameters, {effort}")
        }
    }

    /// The cost of a run in words.
    pub(super) fn lines(&self) -> Vec<String> {
        let Self { steps, train, validation, test, .. } = self;
        let held_out = if *validation > 0 { format!("{validation} for validation, ") } else { String::new() };
        let training = self.training_in_words();
        let mut lines = vec![
            format!("{training} of {steps} steps on {train} samples ({held_out}{test} for testing)"),
            format!("arithmetic: {:.3e} operations of training, {:.3e} of sampling", self.training, self.sampling),
            format!(
                "time: about {} on {} thread(s) of the host engine (matrix product measured now: {:.0} GFLOP/s a thread)",
                duration(Duration::from_secs_f64(self.seconds)),
                self.threads,
                self.rate / 1e9
            ),
            format!("memory: about {}", bytes(self.memory)),
            format!("disk: about {}", bytes(self.disk)),
        ];
        lines.extend(self.floor.map(|floor| {
            format!(
                "floor: with skip = \"none\" no machine's MSE goes below 1 - H/d = {floor:.4}; the chain will not generate"
            )
        }));
        lines
    }
}

/// Operations a sample of the local units: a step (five products at every pixel, and three between state and image), and an
/// answer (two and two).
fn local_work(shape: LocalConfig, pixels: usize) -> [f64; 2] {
    let product = 2.0 * (pixels * shape.patch() * shape.channels) as f64;
    let turned = 2.0 * (pixels * pixels) as f64;
    [5.0 * product + 3.0 * turned, 2.0 * product + 2.0 * turned]
}

/// What an exact law has to do: no training, one evaluation of the law a sample and a step.
pub(super) fn exact_cost(experiment: &Experiment, law: ExactLaw, size: &Size) -> Vec<String> {
    let steps = experiment.schedule.timesteps.div_ceil(experiment.sample.stride) * experiment.sample.count;
    vec![
        format!("no training: the exact denoiser {law} of {} samples in {} dimensions", size.train, size.dim),
        format!("sampling: {steps} evaluations of the law"),
    ]
}

/// The speed of matrix products by their shape, each measured once.
#[derive(Default)]
pub(super) struct Rates(BTreeMap<(usize, usize, usize), f64>);

impl Rates {
    fn of(&mut self, batch: usize, dim: usize, hidden: usize) -> f64 {
        *self.0.entry((batch, dim, hidden)).or_insert_with(|| gemm_rate(batch, dim, hidden))
    }
}

/// Operations a second of the matrix product that training spends most on, on one thread.
fn gemm_rate(batch: usize, dim: usize, hidden: usize) -> f64 {
    let (x, w) = (vec![1.0_f32; batch * dim], vec![1.0_f32; dim * hidden]);
    let mut out = vec![0.0; batch * hidden];
    let (start, mut products) = (Instant::now(), 0_u32);
    while start.elapsed() < PROBE {
        multiply(&mut out, View::new(&x, batch, dim), View::new(&w, dim, hidden), 0.0);
        products += 1;
    }
    2.0 * (batch * dim * hidden) as f64 * f64::from(products) / start.elapsed().as_secs_f64()
}
