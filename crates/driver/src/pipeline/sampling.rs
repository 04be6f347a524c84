//! Runs the chains of the model: the samples, and the states that the figures show.

use analysis::{
    Frames, HistogramRow, Points, Reconstruction, Run, Table, Trajectories, pixel_histogram, samples_to_safetensors,
    to_csv,
};
use data::{Samples, Shape};
use model::{Chain, Denoiser, Family};
use schedule::Timestep;

use super::bench::Bench;
use crate::DriverError;
use crate::folder::RunFolder;
use crate::terminal::Terminal;

/// Independent reversals of each reconstructed sample.
const REVERSALS: usize = 10;

/// How much of the chains is shown: images need few samples and many times, points many samples and few times.
struct Shown {
    real: usize,
    strip: usize,
    times: usize,
    /// Samples that are reconstructed.
    returned: usize,
}

impl Shown {
    fn of(shape: Shape) -> Self {
        match shape {
            Shape::Image { .. } => Self { real: 64, strip: 4, times: 10, returned: 4 },
            Shape::Point => Self { real: 2000, strip: 2000, times: 6, returned: 200 },
        }
    }
}

/// Samples with `denoiser`, which lives in the frame of the bench, and writes `samples.safetensors`, `trajectories.safetensors` and the histogram.
pub(crate) fn sample(
    bench: &Bench,
    folder: &RunFolder,
    denoiser: &dyn Denoiser,
    terminal: Terminal,
) -> Result<(), DriverError> {
    let settings = bench.experiment.sample;
    let chain = Chain {
        denoiser,
        schedule: &bench.schedule,
        variance: settings.variance,
        stride: settings.stride,
        noiseless_steps: settings.noiseless_steps,
        seed: bench.experiment.seed,
    };
    let shown = Shown::of(bench.dataset.shape);
    let reverse_steps = bench.schedule.len().div_ceil(settings.stride) as u64;
    let from = bench.schedule.timestep(bench.experiment.figures.reconstruction_t)?;
    let progress = terminal.progress("sampling", reverse_steps + from.get().div_ceil(settings.stride) as u64);
    let mut z = chain.start(settings.count, Family::Samples.first());
    let mut reverse = Recorder::new(bench, &shown, settings.stride);
    reverse.see(bench, bench.schedule.len(), &z)?;
    let mut failure = None;
    chain.run(&mut z, bench.schedule.last(), Family::Samples.first(), &mut |t, z| {
        progress.advance(1);
        failure = failure.take().or(reverse.see(bench, t, z).err());
    })?;
    failure.map_or(Ok(()), Err)?;
    let samples = Points::new(bench.shown(&z, None), bench.dim())?;
    folder.write(Run::SAMPLES_FILE, samples_to_safetensors(&samples)?)?;
    if let Shape::Image { .. } = bench.dataset.shape {
        let real: Vec<f32> = bench.dataset.test.values.iter().map(|v| v + bench.dataset.shift).collect();
        folder.write(HistogramRow::FILE, to_csv(&pixel_histogram(&real, samples.values()))?)?;
    }
    let trajectories = states(bench, &chain, &shown, reverse.frames()?, &mut || progress.advance(1))?;
    progress.finish();
    folder.write(Trajectories::FILE, trajectories.to_safetensors()?)
}

/// The states that the figures show: real samples, both directions of the chain, and U-turns of images and of points in the
/// plane.
fn states(
    bench: &Bench,
    chain: &Chain<'_>,
    shown: &Shown,
    reverse: Frames,
    advance: &mut dyn FnMut(),
) -> Result<Trajectories, DriverError> {
    let test = bench.frame.project_samples(&bench.dataset.test);
    let from = bench.schedule.timestep(bench.experiment.figures.reconstruction_t)?;
    Ok(Trajectories {
        real: Some(shown_points(bench, &test.select(spread(&test, shown.real)).values, None)?),
        forward: Some(forward(bench, chain, &test.select(by_class(&test, shown.strip)), shown)?),
        reverse: Some(reverse),
        reconstruction: match bench.dataset.shape {
            Shape::Point if bench.dim() != 2 => None,
            Shape::Image { .. } | Shape::Point => {
                let x0 = test.select(by_class(&test, shown.returned));
                let returning = Chain { variance: bench.experiment.sample.return_variance, ..*chain };
                Some(reconstruct(bench, &returning, &x0, from, advance)?)
            }
        },
    })
}

fn shown_points(bench: &Bench, z: &[f32], t: Option<Timestep>) -> Result<Points, DriverError> {
    Ok(Points::new(bench.shown(z, t), bench.dim())?)
}

/// `count` indices spread evenly over the samples, or all of them.
pub(super) fn spread(samples: &Samples, count: usize) -> Vec<usize> {
    samples.spread(count.min(samples.len()))
}

/// `count` indices that go round the classes in turn, each in file order; without labels, evenly spread.
fn by_class(samples: &Samples, count: usize) -> Vec<usize> {
    let classes: Vec<u8> = samples.label_counts().into_iter().map(|(label, _)| label).collect();
    if classes.is_empty() {
        return spread(samples, count);
    }
    let of_class = |label: u8| (0..samples.len()).filter(move |&i| samples.labels[i] == label);
    let mut queues: Vec<_> = classes.iter().map(|&label| of_class(label)).collect();
    let mut chosen = Vec::new();
    while chosen.len() < count.min(samples.len()) {
        chosen.extend(queues.iter_mut().filter_map(Iterator::next));
    }
    chosen.truncate(count);
    chosen
}

/// `count` times from 0 to T, evenly spread, both ends included.
fn times(last: usize, count: usize) -> Vec<usize> {
    let mut times: Vec<usize> = (0..count).map(|i| (i * last + (count - 1) / 2) / (count - 1)).collect();
    times.dedup();
    times
}

/// The forward process of some samples at a few times, each sample followed along one path of one-step kernels.
fn forward(bench: &Bench, chain: &Chain<'_>, x0: &Samples, shown: &Shown) -> Result<Frames, DriverError> {
    let wanted = times(bench.schedule.len(), shown.times);
    let mut recorder = Recorder { wanted, values: x0.values.len(), times: Vec::new(), points: Vec::new() };
    let (mut z, mut failure) = (x0.values.clone(), None);
    chain.run_forward(&mut z, Family::Forwards.first(), &mut |t, z| {
        failure = failure.take().or(recorder.see(bench, t, z).err());
    });
    failure.map_or(Ok(()), Err)?;
    recorder.frames()
}

/// Keeps the first trajectories of a chain at a few times.
struct Recorder {
    wanted: Vec<usize>,
    values: usize,
    times: Vec<f32>,
    points: Vec<Points>,
}

impl Recorder {
    fn new(bench: &Bench, shown: &Shown, stride: usize) -> Self {
        let last = bench.schedule.len();
        // The times that a strided chain visits: T, T - stride, ..., 0.
        let visited = |t: usize| (last - t).div_ceil(stride) * stride;
        let mut wanted: Vec<usize> =
            times(last, shown.times).into_iter().map(|t| last.saturating_sub(visited(t))).collect();
        wanted.dedup();
        let values = shown.strip.min(bench.experiment.sample.count) * bench.dim();
        Self { wanted, values, times: Vec::new(), points: Vec::new() }
    }

    fn see(&mut self, bench: &Bench, t: usize, z: &[f32]) -> Result<(), DriverError> {
        if self.wanted.contains(&t) {
            let at = if t == 0 { None } else { Some(bench.schedule.timestep(t)?) };
            self.points.push(shown_points(bench, &z[..self.values], at)?);
            self.times.push(t as f32);
        }
        Ok(())
    }

    fn frames(self) -> Result<Frames, DriverError> {
        Ok(Frames::new(self.times, self.points)?)
    }
}

/// Takes samples to x_t and back to x_0, ten times each with noise of its own: a U-turn.
fn reconstruct(
    bench: &Bench,
    chain: &Chain<'_>,
    x0: &Samples,
    t: Timestep,
    advance: &mut dyn FnMut(),
) -> Result<Reconstruction, DriverError> {
    let zt = chain.noised(&x0.values, t, Family::Reconstructions.first());
    let mut back: Vec<f32> = zt.chunks_exact(bench.dim()).flat_map(|row| row.repeat(REVERSALS)).collect();
    chain.run(&mut back, t, Family::Reconstructions.first(), &mut |_, _| advance())?;
    let x0_hat = back.chunks_exact(REVERSALS * bench.dim()).map(|set| shown_points(bench, set, None));
    Ok(Reconstruction {
        t: t.get() as f32,
        x0: shown_points(bench, &x0.values, None)?,
        xt: shown_points(bench, &zt, Some(t))?,
        x0_hat: x0_hat.collect::<Result<_, _>>()?,
    })
}
