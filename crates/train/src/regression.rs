//! The warm-up: a machine of one input and one output fitted to points of the plane, by burn's autodiff and Adam.

use burn::backend::Autodiff;
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::{DataError, Tensor, TensorData};
use burn_ndarray::{NdArray, NdArrayDevice};
use model::{Machine, MachineConfig, Predictor, Skip, SkipKind, StackedConfig, Weights};
use schedule::{Purpose, Stream, Timestep};

use crate::adam::{BETA_1, BETA_2, EPSILON};
use crate::course::Course;
use crate::{FailedMachines, Job, Losses, Observer, TrainError, Wish};

type B = Autodiff<NdArray<f32>>;

/// Fits y_hat = W2 relu(W1 x + b1) + b2 to the points (x, y) of the job's set, its two coordinates, by the mean of
/// (y_hat - y)^2 over a batch, and hands the machine to the observer as that of `t`.
///
/// Hidden units and weights to begin with are those of the job's machines; schedule, moments and skips are not looked at.
/// Streams: (seed, shuffle, t, epoch).
///
/// # Errors
/// As [`train_layers`](crate::train_layers); [`TrainError::Tensor`] from burn.
pub fn train_regression(job: &Job<'_>, t: Timestep, observer: &dyn Observer) -> Result<(), TrainError> {
    observer.started(t);
    let (device, hidden) = (NdArrayDevice::Cpu, job.config.hidden);
    let config = MachineConfig::dense(hidden, SkipKind::None);
    let start = Weights::init(config, 1, job.settings.seed, t);
    let mut net = StackedConfig { inputs: 1, seen: 1, hidden, gains: 0 }.init::<B>(&[start], &device);
    let adam = AdamConfig::new().with_beta_1(BETA_1 as f32).with_beta_2(BETA_2 as f32).with_epsilon(EPSILON as f32);
    let mut optimizer = adam.init::<B, _>();
    let mut course = Course::new(job, t);
    let (batch, steps) = (job.settings.batch, job.steps_per_epoch());
    for epoch in 1..=job.epochs(t) {
        let stream = Stream::new(job.settings.seed, Purpose::Shuffle, t.get() as u64, epoch as u64);
        let order = { stream }.permutation(job.set.train_len());
        for (step, chosen) in order.chunks_exact(batch).enumerate() {
            let column = |k: usize| {
                let values: Vec<f32> = chosen.iter().map(|&i| job.set.train[2 * i as usize + k]).collect();
                Tensor::<B, 3>::from_data(TensorData::new(values, [1, batch, 1]), &device)
            };
            let loss = (net.forward(column(0)) - column(1)).powi_scalar(2).mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = optimizer.step(job.learning_rate(t, (epoch - 1) * steps + step), net, gradients);
        }
        let losses = match job.evaluates(t, epoch) {
            true => Some(losses(&machine(net.weights().map_err(unread)?)?, job)),
            false => None,
        };
        if let Some(Err(failure)) = losses.map(|losses| course.evaluated(epoch, losses)) {
            observer.failed(t, &failure);
            return Ok(FailedMachines::check(vec![failure])?);
        }
        observer.epoch(t, epoch, losses);
        if epoch < job.epochs(t) && observer.wish(t) == Wish::End {
            return Err(TrainError::Interrupted);
        }
    }
    let machine = machine(net.weights().map_err(unread)?)?;
    observer.finished(t, machine.into(), course.into_history()).map_err(TrainError::Observer)
}

fn unread(error: DataError) -> TrainError {
    TrainError::Tensor(format!("{error:?}"))
}

/// The one machine of a stack.
fn machine(weights: Vec<Weights>) -> Result<Machine, TrainError> {
    let none = || TrainError::Tensor("the stack is empty".to_owned());
    let Weights { w1, b1, w2, b2, .. } = weights.into_iter().next().ok_or_else(none)?;
    Ok(Machine { dim: 1, inputs: 1, hidden: b1.len(), w1, b1, w2, b2, skip: Skip::None, local: None })
}

/// The means of (y_hat - y)^2 over both splits.
fn losses(machine: &Machine, job: &Job<'_>) -> Losses {
    let mse = |points: &[f32]| {
        let x: Vec<f32> = points.iter().step_by(2).copied().collect();
        let mut y_hat = vec![0.0; x.len()];
        machine.eps_hat(&x, &mut y_hat);
        let squares = points.chunks_exact(2).zip(&y_hat).map(|(point, y_hat)| f64::from(y_hat - point[1]).powi(2));
        squares.sum::<f64>() / x.len() as f64
    };
    Losses {
        train: mse(&job.set.train),
        validation: None,
        test: mse(&job.set.test),
        skip_test: f64::NAN,
        classes: None,
    }
}
