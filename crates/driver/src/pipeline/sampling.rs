//! Runs the chains of the model: the samples, and the states that the figures show.

use analysis::{
    BIRTH_FILE, Frames, HistogramRow, MeanImages, Points, ProfileRow, Run, Table, Trajectories, birth_to_safetensors,
    pixel_histogram, profiles, samples_to_safetensors, to_csv,
};
use data::{Samples, Shape};
use model::{Chain, Denoiser, Family};
use schedule::Timestep;

use super::bench::Bench;
use super::reconstruction::reconstruct;
use crate::DriverError;
use crate::folder::RunFolder;
use crate::terminal::Terminal;

/// Times of the chains that the film of a sample being born shows.
const BIRTH_TIMES: usize = 61;

/// How much of the chains is shown: images need few samples and many times, points many samples and few times.
struct Shown {
    real: usize,
    strip: usize,
    times: usize,
    birth: usize,
}

impl Shown {
    fn of(shape: Shape) -> Self {
        match shape {
            Shape::Image { .. } => Self { real: 64, strip: 4, times: 10, birth: 16 },
            Shape::Point => Self { real: 2000, strip: 2000, times: 6, birth: 2000 },
        }
    }
}

/// Samples with `denoiser`, which lives in the frame of the bench, and writes `samples.safetensors`, `trajectories.safetensors`,
/// `birth.safetensors`, what the figures show of images, and how many reversals change class.
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
        seed: bench.experiment.seed,
    };
    let shown = Shown::of(bench.dataset.shape);
    let progress = terminal.progress("sampling", bench.schedule.len().div_ceil(settings.stride) as u64);
    let mut z = chain.start(settings.count, Family::Samples.first());
    let mut reverse = Recorder::new(bench, (shown.times, shown.strip), settings.stride);
    let mut birth = Recorder::new(bench, (BIRTH_TIMES, shown.birth), settings.stride);
    let mut see = |t: usize, z: &[f32]| reverse.see(bench, t, z).and_then(|()| birth.see(bench, t, z));
    see(bench.schedule.len(), &z)?;
    let mut failure = None;
    chain.run(&mut z, bench.schedule.last(), Family::Samples.first(), &mut |t, z| {
        progress.advance(1);
        failure = failure.take().or(see(t, z).err());
    })?;
    failure.map_or(Ok(()), Err)?;
    progress.finish();
    let samples = Points::new(bench.shown(&z, None), bench.dim())?;
    folder.write(Run::SAMPLES_FILE, samples_to_safetensors(&samples)?)?;
    record_images(bench, folder, &samples)?;
    if matches!(bench.dataset.shape, Shape::Image { .. }) || bench.dim() == 2 {
        folder.write(BIRTH_FILE, birth_to_safetensors(&birth.frames()?)?)?;
    }
    let reconstructions = reconstruct(bench, folder, &chain, terminal)?;
    let trajectories = Trajectories { reconstructions, ..states(bench, &chain, &shown, reverse.frames()?)? };
    folder.write(Trajectories::FILE, trajectories.to_safetensors()?)
}

/// Histogram, mean images and profiles of generated beside real images.
fn record_images(bench: &Bench, folder: &RunFolder, samples: &Points) -> Result<(), DriverError> {
    let Shape::Image { height, width } = bench.dataset.shape else { return Ok(()) };
    let shift = bench.dataset.shift;
    let seen = |real: &Samples| real.values.iter().map(|v| v + shift).collect::<Vec<f32>>();
    let histogram = pixel_histogram(&seen(&bench.dataset.test), samples.values());
    folder.write(HistogramRow::FILE, to_csv(&histogram)?)?;
    let profiles = profiles([height, width], &seen(&bench.dataset.train), samples.values());
    folder.write(ProfileRow::FILE, to_csv(&profiles)?)?;
    folder.write(MeanImages::FILE, MeanImages::of(&bench.dataset.train, shift, samples)?.to_safetensors()?)
}

/// The states that the figures show: real samples and both directions of the chain.
fn states(bench: &Bench, chain: &Chain<'_>, shown: &Shown, reverse: Frames) -> Result<Trajectories, DriverError> {
    let test = bench.frame.project_samples(&bench.dataset.test);
    Ok(Trajectories {
        real: Some(shown_points(bench, &test.select(spread(&test, shown.real)).values, None)?),
        forward: Some(forward(bench, chain, &test.select(by_class(&test, shown.strip)), shown)?),
        reverse: Some(reverse),
        reconstructions: Vec::new(),
    })
}

/// Samples in frame coordinates at t as a reader sees them.
pub(super) fn shown_points(bench: &Bench, z: &[f32], t: Option<Timestep>) -> Result<Points, DriverError> {
    Ok(Points::new(bench.shown(z, t), bench.dim())?)
}

/// `count` indices spread evenly over the samples, or all of them.
pub(super) fn spread(samples: &Samples, count: usize) -> Vec<usize> {
    samples.spread(count.min(samples.len()))
}

/// `count` indices that go round the classes in turn, each in file order; without labels, evenly spread.
pub(super) fn by_class(samples: &Samples, count: usize) -> Vec<usize> {
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

/// The forward process of some samples at a few times; every time is drawn from q(x_t | x_0).
fn forward(bench: &Bench, chain: &Chain<'_>, x0: &Samples, shown: &Shown) -> Result<Frames, DriverError> {
    let times = times(bench.schedule.len(), shown.times);
    let mut points = Vec::with_capacity(times.len());
    for &time in &times {
        points.push(match time {
            0 => shown_points(bench, &x0.values, None)?,
            time => {
                let t = bench.schedule.timestep(time)?;
                shown_points(bench, &chain.noised(&x0.values, t, Family::Forwards.first()), Some(t))?
            }
        });
    }
    Ok(Frames::new(times.into_iter().map(|t| t as f32).collect(), points)?)
}

/// Keeps the first trajectories of the main chain at a few times.
struct Recorder {
    wanted: Vec<usize>,
    values: usize,
    times: Vec<f32>,
    points: Vec<Points>,
}

impl Recorder {
    /// Keeps `rows` trajectories at about `count` times.
    fn new(bench: &Bench, (count, rows): (usize, usize), stride: usize) -> Self {
        let last = bench.schedule.len();
        // The times that a strided chain visits: T, T - stride, ..., 0.
        let visited = |t: usize| (last - t).div_ceil(stride) * stride;
        let mut wanted: Vec<usize> = times(last, count).into_iter().map(|t| last.saturating_sub(visited(t))).collect();
        wanted.dedup();
        let values = rows.min(bench.experiment.sample.count) * bench.dim();
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
