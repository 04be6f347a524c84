//! The models that a run can have: its machines, or the exact denoiser of a law.

use analysis::lab::Truth;
use analysis::{MetricRow, Split};
use data::{Frame, Samples};
use model::{Bank, CurieWeiss, Denoiser, Empirical, Framed, Gaussian, Mixture, Spiral, TwoGaussians, Wiener};
use schedule::{Purpose, Stream, Timestep};

use super::bench::Bench;
use super::conditioned::Conditioned;
use super::problem::Problem;
use super::shelf::Shelf;
use super::{dataset, sampling};
use crate::DriverError;
use crate::config::{Components, Data, ExactLaw, Machines, Model};
use crate::folder::RunFolder;
use crate::terminal::Terminal;

/// Arcs that the spiral's classes are: its inner and its outer half.
const ARCS: usize = 2;

/// The model of the run, in the frame of the bench.
///
/// # Errors
/// A law that cannot be made from the training set, a machine that cannot be read.
pub(crate) fn denoiser(bench: &Bench, folder: &RunFolder) -> Result<Box<dyn Denoiser>, DriverError> {
    Ok(match bench.experiment.model {
        Model::Machines(machines) => Box::new(trained(bench, folder, machines)?),
        Model::Conditioned { .. } => Box::new(Bank::open_conditioned(&folder.machines(), bench.dim())?),
        Model::Exact(law) => exact(bench, law)?,
    })
}

/// The bank of trained machines.
fn trained(bench: &Bench, folder: &RunFolder, machines: Machines) -> Result<Bank, DriverError> {
    let bank = Bank::open(&folder.machines(), bench.dim());
    if bench.experiment.model.local().is_none() {
        return Ok(bank);
    }
    Ok(bank.on_canvas(&bench.frame, bench.inputs(machines.skip().kind()), &bench.schedule)?)
}

/// The exact denoiser of a law.
fn exact(bench: &Bench, law: ExactLaw) -> Result<Box<dyn Denoiser>, DriverError> {
    let (schedule, variances) = (&bench.schedule, &bench.pca.eigenvalues);
    let train = || bench.frame.project_samples(&bench.dataset.train);
    Ok(match law {
        ExactLaw::Wiener => Box::new(Wiener::new(schedule, variances)),
        ExactLaw::Gaussian => Box::new(Gaussian::new(schedule, variances)),
        ExactLaw::Mixture => Box::new(Mixture::fit(schedule, &train())?),
        ExactLaw::Empirical => Box::new(Empirical::new(schedule, &train())?),
        ExactLaw::TwoGaussians | ExactLaw::TwoDeltas | ExactLaw::CurieWeiss | ExactLaw::Spiral => {
            match truth(bench, &bench.frame)? {
                Some(Truth::Law(law)) => law,
                Some(Truth::Spiral(spiral)) => spiral,
                None => {
                    let source = bench.experiment.data.source();
                    return Err(bench
                        .experiment
                        .error("model.law", format!("{law} is not the law of {source}"))
                        .into());
                }
            }
        }
    })
}

/// The trained machines of the run, in the frame of the bench, where it has any.
///
/// # Errors
/// A machine for all timesteps that cannot be read.
pub(crate) fn bank(bench: &Bench, folder: &RunFolder) -> Result<Option<Bank>, DriverError> {
    let (machines, dim) = (folder.machines(), bench.dim());
    Ok(match bench.experiment.model {
        Model::Machines(settings) => Some(trained(bench, folder, settings)?),
        Model::Conditioned { .. } => Some(Bank::open_conditioned(&machines, dim)?),
        Model::Exact(_) => None,
    })
}

/// Identifies the run's model: everything that its predictions depend on beside the data and the schedule.
///
/// # Errors
/// A machine of the folder that is damaged or belongs to other settings.
pub(crate) fn key(bench: &Bench, folder: &RunFolder) -> Result<String, DriverError> {
    match bench.experiment.model {
        Model::Machines(machines) => {
            let problem = Problem::new(bench, machines)?;
            let shelf = Shelf::new(&problem, folder);
            shelf.check()?;
            Ok(shelf.key())
        }
        Model::Conditioned { hidden } => {
            let problem = Problem::for_all(bench, hidden)?;
            let machine = Conditioned::new(&problem, folder);
            machine.check()?;
            Ok(machine.key().to_owned())
        }
        Model::Exact(law) => Ok(law.word().to_owned()),
    }
}

/// The law that the data were generated from, in the coordinates of `frame`, where it is known.
///
/// # Errors
/// Settings that no law has.
pub(crate) fn truth(bench: &Bench, frame: &Frame) -> Result<Option<Truth>, DriverError> {
    let schedule = &bench.schedule;
    Ok(match &bench.experiment.data {
        Data::GaussianMixture { components: Components::Symmetric { dim, mean_norm2 }, std, .. } => {
            let means = data::opposite_means(*dim, *mean_norm2)?;
            let mean = means.first().map_or(&[][..], Vec::as_slice);
            let law = TwoGaussians::new(schedule, mean, std * std)?;
            Some(Truth::Law(Box::new(Framed::new(law, frame, schedule)?)))
        }
        Data::GaussianMixture { counts, components, std } => {
            let law = dataset::mixture(*counts, components, *std, bench.experiment.seed)?;
            Some(Truth::Law(Box::new(Mixture::of_law(schedule, &law, frame)?)))
        }
        Data::CurieWeiss { spins, coupling, .. } => {
            let law = CurieWeiss::new(schedule, *spins, *coupling)?;
            Some(Truth::Law(Box::new(Framed::new(law, frame, schedule)?)))
        }
        Data::SwissRoll { noise, .. } if *noise == 0.0 => {
            Some(Truth::Spiral(Box::new(Spiral::new(schedule, frame, Spiral::GRID, ARCS)?)))
        }
        Data::SwissRoll { .. }
        | Data::Cubic { .. }
        | Data::Mnist { .. }
        | Data::MnistCsv { .. }
        | Data::SyntheticDigits { .. } => None,
    })
}

/// Samples on which the loss of `law` is measured: a posterior over many points costs the most.
fn measured(law: ExactLaw, dim: usize) -> usize {
    match law {
        ExactLaw::Empirical | ExactLaw::Spiral | ExactLaw::CurieWeiss => 250,
        _ => (1_000_000 / dim).clamp(1000, 10_000),
    }
}

/// The losses of an exact denoiser, and of Wiener's on the same test noise, as the metrics of epoch 0.
///
/// Streams: (seed, train or test noise, t, 0).
///
/// # Errors
/// A predictor that cannot be had.
pub(crate) fn losses(
    bench: &Bench,
    law: ExactLaw,
    denoiser: &dyn Denoiser,
    terminal: Terminal,
) -> Result<Vec<MetricRow>, DriverError> {
    let most = measured(law, bench.dim());
    let projected = |samples: &Samples| bench.frame.project_samples(&samples.select(sampling::spread(samples, most)));
    let (train, test) = (projected(&bench.dataset.train), projected(&bench.dataset.test));
    let wiener = Wiener::new(&bench.schedule, &bench.pca.eigenvalues);
    let progress = terminal.progress("losses", bench.schedule.len() as u64);
    let mut rows = Vec::new();
    for t in bench.schedule.timesteps() {
        let mut push = |split, metric: &str, value| {
            rows.push(MetricRow { t: t.get(), epoch: 0, split, metric: metric.to_owned(), value });
        };
        push(Split::Train, MetricRow::MSE, mse(bench, denoiser, t, (&train, Purpose::TrainNoise))?);
        push(Split::Test, MetricRow::MSE, mse(bench, denoiser, t, (&test, Purpose::TestNoise))?);
        push(Split::Test, MetricRow::MSE_WIENER, mse(bench, &wiener, t, (&test, Purpose::TestNoise))?);
        progress.advance(1);
    }
    progress.finish();
    Ok(rows)
}

/// E |eps_hat(z_t) - eps|^2 / d over the samples, one draw of eps each.
fn mse(
    bench: &Bench,
    denoiser: &dyn Denoiser,
    t: Timestep,
    (samples, purpose): (&Samples, Purpose),
) -> Result<f64, DriverError> {
    let forward = bench.schedule.forward(t);
    let (signal, noise) = (forward.signal as f32, forward.noise as f32);
    let mut eps = vec![0.0; samples.values.len()];
    Stream::new(bench.experiment.seed, purpose, t.get() as u64, 0).fill_normal(&mut eps);
    let zt: Vec<f32> = samples.values.iter().zip(&eps).map(|(z, eps)| signal * z + noise * eps).collect();
    let mut eps_hat = vec![0.0; eps.len()];
    denoiser.at(t)?.eps_hat(&zt, &mut eps_hat);
    let squares = eps_hat.iter().zip(&eps).map(|(hat, eps)| f64::from(hat - eps).powi(2));
    Ok(squares.sum::<f64>() / eps.len() as f64)
}
