//! `driver plan`: what an experiment would do and cost; trains nothing.

use std::time::{Duration, Instant};

use data::linalg::{View, multiply};
use schedule::{Schedule, Timestep};

use super::run::{configure, device, timesteps};
use crate::DriverError;
use crate::cli::RunArgs;
use crate::config::{Components, Counts, Data, ExactLaw, Experiment, Limits, Machines, Model, Skip};
use crate::pipeline::bench::check_counts;
use crate::pipeline::effort::Effort;
use crate::terminal::{Terminal, bytes, duration};

/// The images of each digit in MNIST's training and test files.
const MNIST_COUNTS: [(usize, usize); 10] = [
    (5923, 980),
    (6742, 1135),
    (5958, 1032),
    (6131, 1010),
    (5842, 982),
    (5421, 892),
    (5918, 958),
    (6265, 1028),
    (5851, 974),
    (5949, 1009),
];
/// The pixels of an MNIST image.
const MNIST_DIM: usize = 784;
/// The share of the bare matrix product's speed that training reaches, noise and Adam included.
const TRAINING_EFFICIENCY: f64 = 0.6;
/// Time given to measuring the matrix product.
const PROBE: Duration = Duration::from_millis(300);

/// The size of a training problem; for MNIST it is known without the files.
struct Size {
    train: usize,
    test: usize,
    dim: usize,
}

/// Prints the resolved configuration and its estimated cost.
pub(crate) fn plan(args: &RunArgs, environment: Vec<(String, String)>, terminal: Terminal) -> Result<(), DriverError> {
    let experiment = configure(args, environment)?;
    let device = device(&experiment)?;
    let schedule = Schedule::new(experiment.schedule.law, experiment.schedule.timesteps)?;
    let asked = timesteps(args, &experiment, &schedule)?;
    let machines = experiment.train.lineage(&schedule).closure(&asked, |_| false);
    let size = size(&experiment.data);
    check_counts(&experiment, size.train)?;
    let threads = args
        .threads
        .map_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get), usize::from);
    let mut text = experiment.to_toml();
    text += "\n# cost (nothing was trained)\n";
    let lines = match experiment.model {
        Model::Machines(model) => {
            let mut lines = cost(&experiment, model, &schedule, &size, &machines, threads);
            lines.push(format!("device: {}", device.name()));
            lines
        }
        Model::Exact(law) => exact_cost(&experiment, law, &size),
    };
    text += &lines.iter().map(|line| format!("# {line}")).collect::<Vec<_>>().join("\n");
    terminal.result(text);
    schedule.thermalisation_warning().into_iter().for_each(|warning| terminal.warn(warning));
    Ok(())
}

fn size(data: &Data) -> Size {
    let generated = |counts: &Counts, dim| Size { train: counts.train, test: counts.test, dim };
    match data {
        Data::Mnist { digits, limits, .. } | Data::MnistCsv { digits, limits, .. } => {
            let Limits { train, test } = *limits;
            let all = digits.iter().filter_map(|&digit| MNIST_COUNTS.get(usize::from(digit)));
            let (all_train, all_test) = all.fold((0, 0), |(a, b), (train, test)| (a + train, b + test));
            Size { train: train.unwrap_or(all_train), test: test.unwrap_or(all_test), dim: MNIST_DIM }
        }
        Data::SwissRoll { counts, .. } => generated(counts, 2),
        Data::GaussianMixture { counts, components, .. } => {
            let dim = match components {
                Components::Symmetric { dim, .. } => *dim,
                Components::Means { means, .. } => means.first().map_or(0, Vec::len),
            };
            generated(counts, dim)
        }
        Data::CurieWeiss { counts, spins, .. } => generated(counts, *spins),
        Data::SyntheticDigits { counts, .. } => generated(counts, MNIST_DIM),
    }
}

/// What an exact law has to do: no training, one evaluation of the law a sample and a step.
fn exact_cost(experiment: &Experiment, law: ExactLaw, size: &Size) -> Vec<String> {
    let steps = experiment.schedule.timesteps.div_ceil(experiment.sample.stride) * experiment.sample.count;
    vec![
        format!("no training: the exact denoiser {law} of {} samples in {} dimensions", size.train, size.dim),
        format!("sampling: {steps} evaluations of the law"),
    ]
}

fn cost(
    experiment: &Experiment,
    model: Machines,
    schedule: &Schedule,
    size: &Size,
    machines: &[Timestep],
    threads: usize,
) -> Vec<String> {
    let (effort, machines) = (Effort::of(&experiment.train, schedule, machines), machines.len());
    let (validation, test, dim) = (experiment.train.validation, size.test, size.dim);
    let train = size.train - validation;
    let hidden = model.hidden;
    let parameters = 2 * dim * hidden + dim + hidden;
    let batch = experiment.train.batch;
    let steps = train / batch;
    // A product [n, d] [d, H] takes 2 n d H operations: two forward, three backward.
    let product = 2.0 * dim as f64 * hidden as f64;
    let training = 5.0 * product * (steps * batch * effort.epochs()) as f64
        + 2.0 * product * ((train + validation + test) * effort.evaluations()) as f64;
    let chain_steps = experiment.schedule.timesteps.div_ceil(experiment.sample.stride);
    let sampling = 2.0 * product * (experiment.sample.count * chain_steps) as f64;
    let rate = gemm_rate(batch, dim, hidden);
    let workers = threads.min(machines).max(1) as f64;
    let seconds = training / (rate * TRAINING_EFFICIENCY * workers) + sampling / (rate * threads as f64);
    // Per machine in work: value, gradient and two moments of each parameter, and the noise of an epoch; once: the data.
    let working = 4.0 * (4 * parameters + (size.train + test) * dim) as f64;
    let memory = working * workers + 8.0 * (2 * (size.train + test) * dim) as f64;
    let disk = 4.0 * (parameters * machines + experiment.sample.count * dim) as f64;
    let held_out = if validation > 0 { format!("{validation} for validation, ") } else { String::new() };
    let mut lines = vec![
        format!(
            "{machines} machines of {parameters} parameters, {effort} of {steps} steps on {train} samples ({held_out}{test} \
             for testing)"
        ),
        format!("arithmetic: {:.3e} operations of training, {:.3e} of sampling", training, sampling),
        format!(
            "time: about {} on {threads} thread(s) of the host engine (matrix product measured now: {:.0} GFLOP/s a thread)",
            duration(Duration::from_secs_f64(seconds)),
            rate / 1e9
        ),
        format!("memory: about {}", bytes(memory)),
        format!("disk: about {}", bytes(disk)),
    ];
    if model.skip == Skip::None && hidden < dim {
        let floor = 1.0 - hidden as f64 / dim as f64;
        lines.push(format!(
            "floor: with skip = \"none\" no machine's MSE goes below 1 - H/d = {floor:.4}; the chain will not generate"
        ));
    }
    lines
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
