//! Images taken to x_u and back: the strips that a figure shows, and how many reversals change class.

use analysis::lab::{ClassRule, Classifier};
use analysis::stats::Bootstrap;
use analysis::{Points, Reconstruction, ReconstructionRow, Split, Table, to_csv};
use data::{Frame, Samples, Shape};
use model::{Chain, Family, Walk};
use schedule::Timestep;

use super::bench::Bench;
use super::models;
use super::principal::Principal;
use super::sampling::{by_class, shown_points, spread};
use crate::DriverError;
use crate::folder::RunFolder;
use crate::terminal::Terminal;

/// Independent reversals of each x_u.
const REVERSALS: usize = 10;
/// Images of each split that the strips show.
const SHOWN: usize = 2;

/// Where reversals start: images that are shown, then those that are counted, z_0 in the frame of the bench.
struct Starts {
    z0: Vec<f32>,
    /// The split of each image that is shown.
    shown: Vec<Split>,
    /// The split of each image that is counted.
    counted: Vec<Split>,
}

impl Starts {
    /// Test images before training images; points are counted only.
    fn of(bench: &Bench, images: usize) -> Self {
        let shown = if matches!(bench.dataset.shape, Shape::Image { .. }) { SHOWN } else { 0 };
        let mut starts = Self { z0: Vec::new(), shown: Vec::new(), counted: Vec::new() };
        let sets = [(Split::Test, &bench.dataset.test), (Split::Train, &bench.dataset.train)];
        let mut take = |samples: &Samples, chosen: Vec<usize>| {
            let count = chosen.len();
            starts.z0.extend(bench.frame.project_samples(&samples.select(chosen)).values);
            count
        };
        for (split, samples) in sets {
            let count = take(samples, by_class(samples, shown));
            starts.shown.extend(std::iter::repeat_n(split, count));
        }
        for (split, samples) in sets {
            let count = take(samples, spread(samples, images));
            starts.counted.extend(std::iter::repeat_n(split, count));
        }
        starts
    }

    fn len(&self) -> usize {
        self.shown.len() + self.counted.len()
    }
}

/// x_u and the ends of its reversals, from every start.
struct Returns {
    u: Timestep,
    /// z_u: `[n, d]`.
    zu: Vec<f32>,
    /// z_0' of the reversals of each start, one after the other: `[n REVERSALS, d]`.
    ends: Vec<f32>,
}

/// Runs the reversals of `figures.reconstruction_t` and returns those that a figure shows; counts by class go to
/// `reconstructions.csv`.
///
/// The noise of the k-th start at u is keyed by u and k: no u depends on the others.
///
/// # Errors
/// A denoiser that cannot be had, a classifier that cannot be trained, a file that cannot be written.
pub(super) fn reconstruct(
    bench: &Bench,
    folder: &RunFolder,
    chain: &Chain<'_>,
    terminal: Terminal,
) -> Result<Vec<Reconstruction>, DriverError> {
    let principal = Principal::of(bench);
    let truth = models::truth(bench, &principal.frame)?;
    let rule = ClassRule::of(&bench.schedule, principal.data(bench), truth.as_ref(), bench.experiment.seed)?;
    let images = rule.as_ref().map_or(0, |_| bench.experiment.figures.reconstruction_images);
    let starts = Starts::of(bench, images);
    if starts.counted.is_empty() {
        folder.remove_if_present(ReconstructionRow::FILE)?;
    }
    if starts.len() == 0 {
        return Ok(Vec::new());
    }
    let returns = run(bench, chain, &starts, terminal)?;
    let changed = rule.as_ref().map(|rule| changes(bench, rule, &principal, &starts, &returns));
    if let Some(changed) = changed.as_ref().filter(|_| !starts.counted.is_empty()) {
        folder.write(ReconstructionRow::FILE, to_csv(&shares(bench, &starts, &returns, changed))?)?;
    }
    if let Some(ClassRule::Trained(classifier)) = &rule {
        folder.write(Classifier::FILE, classifier.to_safetensors()?)?;
    }
    let shown = |(i, returns): (usize, &Returns)| show(bench, &starts, returns, changed.as_ref().map(|of| &of[i][..]));
    let all: Vec<Reconstruction> = returns.iter().enumerate().map(shown).collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter(|_| !starts.shown.is_empty()).collect())
}

/// Noises every start to every u and takes it back, all reversals together so that each machine is read once.
fn run(bench: &Bench, chain: &Chain<'_>, starts: &Starts, terminal: Terminal) -> Result<Vec<Returns>, DriverError> {
    let times = bench.experiment.figures.reconstruction_t.iter().map(|&u| bench.schedule.timestep(u));
    let times: Vec<Timestep> = times.collect::<Result<_, _>>()?;
    let steps = |u: &Timestep| u.get().div_ceil(chain.stride.max(1));
    let progress = terminal.progress("reversals", times.iter().map(steps).sum::<usize>() as u64);
    // Starts and their reversals are numbered below 2^20 at each u, and u is below 2^20 too.
    let first = |u: Timestep| Family::Reconstructions.first() + ((u.get() as u64) << 20);
    let noised: Vec<Vec<f32>> = times.iter().map(|&u| chain.noised(&starts.z0, u, first(u))).collect();
    let walk = |(&u, zu): (&Timestep, &Vec<f32>)| {
        let z = zu.chunks_exact(bench.dim()).flat_map(|row| row.repeat(REVERSALS)).collect();
        Walk { z, from: u, first: first(u) }
    };
    let mut walks: Vec<Walk> = times.iter().zip(&noised).map(walk).collect();
    chain.run_together(&mut walks, &mut |_| progress.advance(1))?;
    progress.finish();
    let ends = walks.into_iter().zip(noised);
    Ok(ends.map(|(walk, zu)| Returns { u: walk.from, zu, ends: walk.z }).collect())
}

/// Whether the class of each end is not that of its start: `[u][n][REVERSALS]`.
fn changes(
    bench: &Bench,
    rule: &ClassRule<'_>,
    principal: &Principal,
    starts: &Starts,
    returns: &[Returns],
) -> Vec<Vec<Vec<bool>>> {
    let decide = |z: &[f32]| match bench.frame {
        Frame::Principal(_) => rule.decide(z),
        Frame::Identity { .. } => rule.decide(&principal.frame.project(z, 1.0)),
    };
    let classes = decide(&starts.z0);
    let of_start = |(class, ends): (&usize, &[usize])| ends.iter().map(|end| end != class).collect();
    let of_time = |returns: &Returns| {
        let ends = decide(&returns.ends);
        classes.iter().zip(ends.chunks_exact(REVERSALS)).map(of_start).collect()
    };
    returns.iter().map(of_time).collect()
}

/// The share of changes among the counted starts of each split, with its interval over images.
fn shares(bench: &Bench, starts: &Starts, returns: &[Returns], changed: &[Vec<Vec<bool>>]) -> Vec<ReconstructionRow> {
    let mut rows = Vec::new();
    for (returns, changed) in returns.iter().zip(changed) {
        let counted = || starts.counted.iter().zip(changed.iter().skip(starts.shown.len()));
        for split in [Split::Test, Split::Train] {
            let share = |of: &Vec<bool>| of.iter().filter(|changed| **changed).count() as f64 / REVERSALS as f64;
            let own: Vec<f64> = counted().filter(|(of, _)| **of == split).map(|(_, of)| share(of)).collect();
            let bootstrap = Bootstrap::new(bench.experiment.seed, bench.experiment.analysis.resamples, own.len());
            let all = bootstrap.mean(&own);
            rows.push(ReconstructionRow {
                u: returns.u.get(),
                split,
                images: own.len(),
                reversals: REVERSALS,
                changed: all.value,
                low: all.low,
                high: all.high,
            });
        }
    }
    rows
}

/// The shown part of the reversals from one u, as a reader sees them.
fn show(
    bench: &Bench,
    starts: &Starts,
    returns: &Returns,
    changed: Option<&[Vec<bool>]>,
) -> Result<Reconstruction, DriverError> {
    let (m, d) = (starts.shown.len(), bench.dim());
    let sets = returns.ends.chunks_exact(REVERSALS * d).take(m).map(|set| shown_points(bench, set, None));
    Ok(Reconstruction {
        t: returns.u.get() as f32,
        training: starts.shown.iter().map(|split| *split == Split::Train).collect(),
        x0: shown_points(bench, &starts.z0[..m * d], None)?,
        xt: shown_points(bench, &returns.zu[..m * d], Some(returns.u))?,
        x0_hat: sets.collect::<Result<Vec<Points>, _>>()?,
        changed: changed.map_or_else(Vec::new, |changed| changed.iter().take(m).cloned().collect()),
    })
}
