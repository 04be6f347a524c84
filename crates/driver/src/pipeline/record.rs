//! The tables of a run, from its checkpoints and its data.

use analysis::{MetricRow, ReferenceRow, RunFacts, ScheduleRow, Split, Table, read_table, to_csv};
use data::Frame;
use model::checkpoint::{self, History};
use model::{SkipKind, Wiener};
use schedule::Timestep;

use super::bench::Bench;
use crate::DriverError;
use crate::folder::RunFolder;

/// Writes what is known before training: facts, schedule, references, and the frame of the machines.
pub(crate) fn before_training(bench: &Bench, folder: &RunFolder) -> Result<(), DriverError> {
    folder.write(RunFolder::CONFIG, bench.experiment.to_toml())?;
    folder.write(RunFacts::FILE, bench.facts().to_json()?)?;
    folder.write(ScheduleRow::FILE, to_csv(&schedule_rows(bench))?)?;
    folder.write(ReferenceRow::FILE, to_csv(&reference_rows(bench))?)?;
    if let Frame::Principal(pca) = &bench.frame {
        folder.write(RunFolder::FRAME, checkpoint::write_frame(pca)?)?;
    }
    Ok(())
}

/// Writes `metrics.csv` from the learning curves of the machines that are there.
pub(crate) fn metrics(folder: &RunFolder, curves: &[(Timestep, History)]) -> Result<(), DriverError> {
    let rows: Vec<MetricRow> = curves.iter().flat_map(|(t, history)| metric_rows(t.get(), history)).collect();
    folder.write(MetricRow::FILE, to_csv(&rows)?)
}

fn metric_rows(t: usize, history: &History) -> Vec<MetricRow> {
    let curves = [
        (Split::Train, MetricRow::MSE, &history.train),
        (Split::Test, MetricRow::MSE, &history.test),
        (Split::Test, MetricRow::MSE_WIENER, &history.wiener_test),
    ];
    let row = |epoch, split, metric: &str, value| MetricRow { t, epoch, split, metric: metric.to_owned(), value };
    (0..history.train.len())
        .flat_map(|i| {
            curves.iter().filter_map(move |(split, metric, curve)| Some((i, *split, *metric, *curve.get(i)?)))
        })
        .map(|(i, split, metric, value)| row(i + 1, split, metric, value))
        .collect()
}

/// The final losses of one machine beside the Wiener predictor's.
pub(crate) struct Summary {
    pub(crate) t: usize,
    pub(crate) train: f64,
    pub(crate) test: f64,
    pub(crate) wiener: f64,
}

/// The final losses of about ten machines spread over those that are there.
pub(crate) fn summary(folder: &RunFolder) -> Result<Vec<Summary>, DriverError> {
    const ROWS: usize = 10;
    let metrics: Vec<MetricRow> = read_table(folder.root())?;
    let references: Vec<ReferenceRow> = read_table(folder.root())?;
    let last = |t: usize, split| {
        let rows = metrics.iter().filter(|row| row.t == t && row.split == split && row.metric == MetricRow::MSE);
        rows.max_by_key(|row| row.epoch).map_or(f64::NAN, |row| row.value)
    };
    let wiener = |t: usize| {
        let mut rows = references.iter().filter(|row| row.t == t && row.split == Split::Test);
        rows.find(|row| row.reference == ReferenceRow::WIENER).map_or(f64::NAN, |row| row.value)
    };
    let mut there: Vec<usize> = metrics.iter().map(|row| row.t).collect();
    there.dedup();
    let chosen = (0..ROWS.min(there.len())).map(|i| there[i * (there.len() - 1) / (ROWS.min(there.len()) - 1).max(1)]);
    Ok(chosen
        .map(|t| Summary { t, train: last(t, Split::Train), test: last(t, Split::Test), wiener: wiener(t) })
        .collect())
}

fn schedule_rows(bench: &Bench) -> Vec<ScheduleRow> {
    let schedule = &bench.schedule;
    schedule
        .timesteps()
        .map(|t| ScheduleRow {
            t: t.get(),
            beta: schedule.beta(t),
            alpha_bar: schedule.alpha_bar(t),
            snr: schedule.snr(t),
        })
        .collect()
}

/// The Wiener predictor on both splits, averaged over the noise exactly, and 1 - H/d where it binds.
fn reference_rows(bench: &Bench) -> Vec<ReferenceRow> {
    let wiener = Wiener::new(&bench.schedule, &bench.pca.eigenvalues);
    let test_moments = second_moments(&bench.pca, &bench.dataset.test.values);
    let floor = rank_floor(bench);
    bench
        .schedule
        .timesteps()
        .flat_map(|t| {
            let row = |reference: &str, split, value| ReferenceRow {
                t: t.get(),
                reference: reference.to_owned(),
                split,
                value,
            };
            let train = row(ReferenceRow::WIENER, Split::Train, wiener.mse(t, &bench.pca.eigenvalues));
            let test = row(ReferenceRow::WIENER, Split::Test, wiener.mse(t, &test_moments));
            let floor = floor.map(|value| row(ReferenceRow::RANK_FLOOR, Split::Test, value));
            [train, test].into_iter().chain(floor)
        })
        .collect()
}

/// 1 - H/d, below which no machine without a skip can go, if H < d.
pub(crate) fn rank_floor(bench: &Bench) -> Option<f64> {
    let (hidden, dim) = (bench.config.hidden, bench.dim());
    (bench.config.skip == SkipKind::None && hidden < dim).then(|| 1.0 - hidden as f64 / dim as f64)
}

/// The mean squares of samples along the principal axes: x: `[n, d]` -> `[d]`.
fn second_moments(pca: &data::Pca, x: &[f32]) -> Vec<f64> {
    let d = pca.mean.len();
    let z = Frame::Principal(pca.clone()).project(x, 1.0);
    let mut sums = vec![0.0; d];
    for row in z.chunks_exact(d) {
        sums.iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v) * f64::from(v));
    }
    let n = (z.len() / d) as f64;
    sums.iter_mut().for_each(|sum| *sum /= n);
    sums
}
