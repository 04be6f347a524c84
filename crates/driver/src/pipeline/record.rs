//! The tables of a run, from its checkpoints and its data.

use analysis::{
    MetricRow, ReferenceRow, RunFacts, ScheduleRow, Split, Table, TrainingRow, at_kept_epoch, read_table,
    read_table_if_present, to_csv,
};
use data::Frame;
use model::checkpoint::{self, History};
use model::{SigmoidLayer, Wiener};
use schedule::Timestep;

use super::bench::Bench;
use crate::DriverError;
use crate::config::{Machines, Skip};
use crate::folder::RunFolder;

/// What is known before training, by file: the settings, facts, schedule, references, and the frame of the machines.
pub(crate) fn known(bench: &Bench) -> Result<Vec<(&'static str, Vec<u8>)>, DriverError> {
    let mut files = vec![
        (RunFolder::CONFIG, bench.experiment.to_toml().into_bytes()),
        (RunFacts::FILE, bench.facts().to_json()?.into_bytes()),
    ];
    if bench.experiment.model.is_regression() {
        return Ok(files);
    }
    files.push((ScheduleRow::FILE, to_csv(&schedule_rows(bench))?.into_bytes()));
    files.push((ReferenceRow::FILE, to_csv(&reference_rows(bench))?.into_bytes()));
    if let (Frame::Principal(pca), Some(_)) = (&bench.frame, bench.machines()) {
        files.push((RunFolder::FRAME, checkpoint::write_frame(pca)?));
    }
    Ok(files)
}

/// Writes what is known before training.
pub(crate) fn before_training(bench: &Bench, folder: &RunFolder) -> Result<(), DriverError> {
    known(bench)?.into_iter().try_for_each(|(name, bytes)| folder.write(name, bytes))
}

/// Writes [`tables`].
pub(crate) fn metrics(bench: &Bench, folder: &RunFolder, curves: &[(Timestep, History)]) -> Result<(), DriverError> {
    tables(bench, curves)?.into_iter().try_for_each(|(name, text)| folder.write(name, text))
}

/// `metrics.csv` and `training.csv`, from the learning curves of the machines that are there.
pub(crate) fn tables(
    bench: &Bench,
    curves: &[(Timestep, History)],
) -> Result<[(&'static str, String); 2], DriverError> {
    let rows: Vec<MetricRow> = curves.iter().flat_map(|(t, history)| metric_rows(t.get(), history)).collect();
    let lineage = bench.experiment.train.lineage(&bench.schedule);
    let row = |(t, history): &(Timestep, History)| TrainingRow {
        t: t.get(),
        epochs: history.epoch.last().copied().unwrap_or(0),
        kept: history.kept,
        started_from: lineage.parent(*t).map(Timestep::get),
    };
    let training: Vec<TrainingRow> = curves.iter().map(row).collect();
    Ok([(MetricRow::FILE, to_csv(&rows)?), (TrainingRow::FILE, to_csv(&training)?)])
}

fn metric_rows(t: usize, history: &History) -> Vec<MetricRow> {
    let curves = [
        (Split::Train, MetricRow::MSE, &history.train),
        (Split::Validation, MetricRow::MSE, &history.validation),
        (Split::Test, MetricRow::MSE, &history.test),
        (Split::Test, MetricRow::MSE_WIENER, &history.wiener_test),
    ];
    let row = |epoch, split, metric: &str, value| MetricRow { t, epoch, split, metric: metric.to_owned(), value };
    let losses = history.epoch.iter().enumerate().flat_map(|(i, &epoch)| {
        curves.iter().filter_map(move |(split, metric, curve)| Some((epoch, *split, *metric, *curve.get(i)?)))
    });
    // Unlike losses, the classes are looked at before the training too.
    let classes = [(MetricRow::CLASS_GAIN, &history.class_gain), (MetricRow::CLASS_OFFSET, &history.class_offset)];
    let epochs = || std::iter::once(0).chain(history.epoch.iter().copied());
    let classes = classes.into_iter().flat_map(|(metric, curve)| {
        epochs().zip(curve).map(move |(epoch, &value)| (epoch, Split::Train, metric, value))
    });
    losses.chain(classes).map(|(epoch, split, metric, value)| row(epoch, split, metric, value)).collect()
}

/// The losses of one machine as it is kept beside the Wiener predictor's.
pub(crate) struct Summary {
    pub(crate) t: usize,
    pub(crate) train: f64,
    pub(crate) test: f64,
    pub(crate) wiener: f64,
}

/// The losses of about ten machines spread over those that are there.
pub(crate) fn summary(folder: &RunFolder) -> Result<Vec<Summary>, DriverError> {
    let metrics: Vec<MetricRow> = read_table(folder.root())?;
    let references: Vec<ReferenceRow> = read_table_if_present(folder.root())?;
    let training: Vec<TrainingRow> = read_table_if_present(folder.root())?;
    Ok(summary_of(&metrics, &references, &training))
}

/// [`summary`] with the tables at hand.
pub(crate) fn summary_of(metrics: &[MetricRow], references: &[ReferenceRow], training: &[TrainingRow]) -> Vec<Summary> {
    const ROWS: usize = 10;
    let kept = at_kept_epoch(metrics, training);
    let loss = |t: usize, split| {
        let mut rows = kept.iter().filter(|row| row.t == t && row.split == split);
        rows.find(|row| row.metric == MetricRow::MSE).map_or(f64::NAN, |row| row.value)
    };
    let wiener = |t: usize| {
        let mut rows = references.iter().filter(|row| row.t == t && row.split == Split::Test);
        rows.find(|row| row.reference == ReferenceRow::WIENER).map_or(f64::NAN, |row| row.value)
    };
    let mut there: Vec<usize> = metrics.iter().map(|row| row.t).collect();
    there.dedup();
    let chosen = (0..ROWS.min(there.len())).map(|i| there[i * (there.len() - 1) / (ROWS.min(there.len()) - 1).max(1)]);
    chosen.map(|t| Summary { t, train: loss(t, Split::Train), test: loss(t, Split::Test), wiener: wiener(t) }).collect()
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

/// The Wiener predictor on both splits, averaged over the noise exactly, and the floor of the machines where they have one.
fn reference_rows(bench: &Bench) -> Vec<ReferenceRow> {
    let wiener = Wiener::new(&bench.schedule, &bench.pca.eigenvalues);
    let test_moments = second_moments(&bench.pca, &bench.dataset.test.values);
    let floor = floor(bench);
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
            let floor = floor.map(|floor| row(floor.reference, Split::Test, floor.value));
            [train, test].into_iter().chain(floor)
        })
        .collect()
}

/// A loss that the machines of a run do not go below, whatever t.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Floor {
    reference: &'static str,
    value: f64,
}

impl Floor {
    /// What a reader is told of it, as a line.
    pub(crate) fn sentence(self) -> String {
        let value = self.value;
        if self.reference == ReferenceRow::RANK_FLOOR {
            format!("without a skip no machine goes below 1 - H/d = {value:.4}\n")
        } else {
            format!(
                "answers in (-1, 1) leave {value:.4} of the noise itself, the least of E (eps - tanh(g eps / 2))^2\n"
            )
        }
    }
}

/// 1 - H/d without a skip if H < d, and for sigmoids what is left of noise that they know.
pub(crate) fn floor(bench: &Bench) -> Option<Floor> {
    match bench.machines()? {
        Machines::Autoencoders { hidden, skip: Skip::None, local: None, .. } if hidden < bench.dim() => {
            let value = 1.0 - hidden as f64 / bench.dim() as f64;
            Some(Floor { reference: ReferenceRow::RANK_FLOOR, value })
        }
        Machines::Autoencoders { .. } | Machines::Regression { .. } => None,
        Machines::Sigmoid { .. } => {
            Some(Floor { reference: ReferenceRow::SIGMOID_FLOOR, value: SigmoidLayer::floor() })
        }
    }
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
