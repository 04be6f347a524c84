//! The CSV tables of a run: one row type a file, written and read through the same type.

mod histogram;
mod profile;
mod reconstruction;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use histogram::{HISTOGRAM_BINS, HISTOGRAM_RANGE, HistogramRow, Origin, pixel_histogram};
pub use profile::{Along, ProfileRow, profiles};
pub use reconstruction::ReconstructionRow;

use crate::AnalysisError;

/// Names of columns, or of keys, each with what it holds.
pub type Columns = &'static [(&'static str, &'static str)];

/// A row of one of the run's CSV files.
pub trait Table: Serialize + DeserializeOwned {
    /// The file's name in the run folder.
    const FILE: &'static str;

    /// The columns in the order of the file, each with what it holds; docs/FORMAT.md is written from them.
    const COLUMNS: Columns;

    /// What a parsed row may still get wrong, in the words of the error message.
    ///
    /// # Errors
    /// The reason, naming the column and what is allowed.
    fn check(&self) -> Result<(), String>;
}

/// Which part of the data a number was measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// The images the machines were trained on.
    Train,
    /// Training images held out of the training, on noise that is the same after every epoch.
    Validation,
    /// Images they never saw.
    Test,
}

impl Split {
    /// Its word in the tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// One measurement of one machine after one epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricRow {
    /// Timestep, 1..=T.
    pub t: usize,
    /// Epoch, counted from 1; 0 is the machine before training.
    pub epoch: usize,
    /// Data it was measured on.
    pub split: Split,
    /// What was measured: one of the names below, or one a later version adds.
    pub metric: String,
    /// Its value.
    pub value: f64,
}

impl MetricRow {
    /// E |eps_hat(x_t) - eps|^2 / d of the trained machine.
    pub const MSE: &'static str = "mse";
    /// The same for the best affine predictor of eps, on the same noise.
    pub const MSE_WIENER: &'static str = "mse_wiener";
    /// How far x0_hat goes towards the right class mean, on probes of both classes: [`model::ClassReading::gain`].
    pub const CLASS_GAIN: &'static str = "class_gain";
    /// Where x0_hat lies between the class means on average over the probes: [`model::ClassReading::offset`].
    pub const CLASS_OFFSET: &'static str = "class_offset";
}

impl Table for MetricRow {
    const FILE: &'static str = "metrics.csv";
    const COLUMNS: Columns = &[
        ("t", "timestep, 1 to T"),
        ("epoch", "epoch, from 1 on; 0 is before the training, and all there is of an exact law"),
        ("split", "`train`, `validation` or `test`: the samples it was measured on"),
        (
            "metric",
            "`mse`: squared error on eps per coordinate; `mse_wiener`: that of the best affine predictor on the same noise; `class_gain`, `class_offset`: with two classes, half the distance of the class means of the denoised order parameter on fixed probes, and their middle",
        ),
        ("value", "its value"),
    ];

    fn check(&self) -> Result<(), String> {
        check_timestep(self.t)
    }
}

/// How long one machine was trained, and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingRow {
    /// Timestep, 1..=T.
    pub t: usize,
    /// Epochs it was trained.
    pub epochs: usize,
    /// The epoch, counted from 1, whose weights it has.
    pub kept: usize,
    /// The timestep whose finished machine it started from; empty for initial weights.
    pub started_from: Option<usize>,
}

impl Table for TrainingRow {
    const FILE: &'static str = "training.csv";
    const COLUMNS: Columns = &[
        ("t", "timestep, 1 to T"),
        ("epochs", "epochs it was trained"),
        ("kept", "the epoch whose weights it has"),
        ("started_from", "the timestep whose finished machine it started from; empty for initial weights"),
    ];

    fn check(&self) -> Result<(), String> {
        check_timestep(self.t)
    }
}

/// The measurements of the machines as they are kept: at the epoch that `training` names, else at the last one.
pub fn at_kept_epoch<'a>(metrics: &'a [MetricRow], training: &[TrainingRow]) -> Vec<&'a MetricRow> {
    let mut kept: BTreeMap<usize, usize> = BTreeMap::new();
    for row in metrics {
        let epoch = kept.entry(row.t).or_default();
        *epoch = row.epoch.max(*epoch);
    }
    kept.extend(training.iter().map(|row| (row.t, row.kept)));
    metrics.iter().filter(|row| kept.get(&row.t) == Some(&row.epoch)).collect()
}

/// One point of a regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitRow {
    /// Whether it was trained on.
    pub split: Split,
    /// Where it is.
    pub x: f64,
    /// Its value, with noise.
    pub y: f64,
    /// The machine's value.
    pub y_hat: f64,
    /// The value without noise.
    pub target: f64,
}

impl Table for FitRow {
    const FILE: &'static str = "fit.csv";
    const COLUMNS: Columns = &[
        ("split", "`train` or `test`: whether the point was trained on"),
        ("x", "where the point is"),
        ("y", "its value, with noise"),
        ("y_hat", "the value of the machine"),
        ("target", "the value without noise"),
    ];

    fn check(&self) -> Result<(), String> {
        let finite = [self.x, self.y, self.y_hat, self.target].iter().all(|value| value.is_finite());
        if finite { Ok(()) } else { Err("a value that is not finite is not allowed".to_owned()) }
    }
}

/// The place where a hidden unit of a regression begins or ceases to act.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KinkRow {
    /// The number of the unit, from 1.
    pub unit: usize,
    /// -b1 / w1.
    pub x: f64,
    /// The machine's value there.
    pub y_hat: f64,
    /// |w1| w2, by which the slope of y_hat grows there from left to right.
    pub bend: f64,
}

impl Table for KinkRow {
    const FILE: &'static str = "kinks.csv";
    const COLUMNS: Columns = &[
        ("unit", "number of the hidden unit, from 1"),
        ("x", "where it begins or ceases to act, -b1 / w1"),
        ("y_hat", "the value of the machine there"),
        ("bend", "by how much the slope of the machine grows there from left to right, the modulus of w1 times w2"),
    ];

    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// One value of a reference predictor or bound, to be compared with the MSE of the machines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferenceRow {
    /// Timestep, 1..=T.
    pub t: usize,
    /// [`ReferenceRow::WIENER`], [`ReferenceRow::RANK_FLOOR`], [`ReferenceRow::SIGMOID_FLOOR`] or a name a later version adds.
    pub reference: String,
    /// Data it was evaluated on.
    pub split: Split,
    /// MSE per coordinate on eps.
    pub value: f64,
}

impl ReferenceRow {
    /// The best affine predictor of eps from x_t.
    pub const WIENER: &'static str = "wiener";
    /// 1 - H/d: what a machine without skip cannot go below, because its output spans at most H directions.
    pub const RANK_FLOOR: &'static str = "rank_floor";
    /// The minimum over g of E (eps - tanh(g eps / 2))^2: what a layer of sigmoids misses of noise that it knows.
    pub const SIGMOID_FLOOR: &'static str = "sigmoid_floor";
}

impl Table for ReferenceRow {
    const FILE: &'static str = "references.csv";
    const COLUMNS: Columns = &[
        ("t", "timestep, 1 to T"),
        (
            "reference",
            "`wiener`: the best affine predictor, averaged over the noise exactly; `rank_floor`: 1 - H/d, where it binds; `sigmoid_floor`: what answers within (-1, 1) leave of the noise itself",
        ),
        ("split", "`train` or `test`"),
        ("value", "squared error on eps per coordinate"),
    ];

    fn check(&self) -> Result<(), String> {
        check_timestep(self.t)
    }
}

/// The noise schedule at one timestep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduleRow {
    /// Timestep, 1..=T.
    pub t: usize,
    /// Variance of the noise added by step t.
    pub beta: f64,
    /// Product of 1 - beta over the steps up to t.
    pub alpha_bar: f64,
    /// Signal-to-noise ratio alpha_bar / (1 - alpha_bar).
    pub snr: f64,
}

impl Table for ScheduleRow {
    const FILE: &'static str = "schedule.csv";
    const COLUMNS: Columns = &[
        ("t", "timestep, 1 to T"),
        ("beta", "variance of the noise that step t adds"),
        ("alpha_bar", "product of 1 - beta over the steps up to t"),
        ("snr", "alpha_bar / (1 - alpha_bar)"),
    ];

    fn check(&self) -> Result<(), String> {
        check_timestep(self.t)
    }
}

fn check_timestep(t: usize) -> Result<(), String> {
    if t == 0 { Err("t: 0 is not allowed, timesteps are counted from 1".to_owned()) } else { Ok(()) }
}

/// The CSV text of `rows`, header included, floats in their shortest round-trip form.
///
/// # Errors
/// [`AnalysisError::Encode`] when a row is not a flat record.
pub fn to_csv<R: Serialize>(rows: &[R]) -> Result<String, AnalysisError> {
    let encode = |reason: String| AnalysisError::Encode { what: "table", reason };
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(|error| encode(error.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|error| encode(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| encode(error.to_string()))
}

/// The rows of `R`'s file in the folder `dir`.
///
/// # Errors
/// [`AnalysisError::Read`] when the file cannot be opened, [`AnalysisError::Row`] with the line that is wrong.
pub fn read_table<R: Table>(dir: &Path) -> Result<Vec<R>, AnalysisError> {
    read_rows(&dir.join(R::FILE))
}

/// The rows of the file `path`.
///
/// # Errors
/// As [`read_table`].
pub fn read_rows<R: Table>(path: &Path) -> Result<Vec<R>, AnalysisError> {
    let file = File::open(path).map_err(|source| AnalysisError::Read { path: path.to_owned(), source })?;
    rows_from(path, file)
}

/// [`read_rows`] with the content of the file at hand; `path` is what errors name.
///
/// # Errors
/// [`AnalysisError::Row`] with the line that is wrong.
pub fn rows_from_bytes<R: Table>(path: &Path, bytes: &[u8]) -> Result<Vec<R>, AnalysisError> {
    rows_from(path, bytes)
}

fn rows_from<R: Table>(path: &Path, content: impl std::io::Read) -> Result<Vec<R>, AnalysisError> {
    let mut reader = csv::Reader::from_reader(content);
    let headers = reader.headers().map_err(|error| row_error(path, 1, &error))?.clone();
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        if !reader.read_record(&mut record).map_err(|error| row_error(path, line, &error))? {
            return Ok(rows);
        }
        // The reader counts blank lines too: the record knows the line it starts at.
        let line = record.position().map_or(line, csv::Position::line);
        let row: R = record.deserialize(Some(&headers)).map_err(|error| row_error(path, line, &error))?;
        row.check().map_err(|reason| AnalysisError::Row { path: path.to_owned(), line, reason })?;
        rows.push(row);
    }
}

/// As [`read_table`], with no rows where the file does not exist.
///
/// # Errors
/// As [`read_table`], but for a missing file.
pub fn read_table_if_present<R: Table>(dir: &Path) -> Result<Vec<R>, AnalysisError> {
    read_rows_if_present(&dir.join(R::FILE))
}

/// As [`read_rows`], with no rows where the file does not exist.
///
/// # Errors
/// As [`read_table`], but for a missing file.
pub fn read_rows_if_present<R: Table>(path: &Path) -> Result<Vec<R>, AnalysisError> {
    match read_rows(path) {
        Err(AnalysisError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        other => other,
    }
}

fn row_error(path: &Path, line: u64, error: &csv::Error) -> AnalysisError {
    let path = path.to_owned();
    match error.kind() {
        csv::ErrorKind::Io(source) => {
            AnalysisError::Read { path, source: std::io::Error::new(source.kind(), source.to_string()) }
        }
        csv::ErrorKind::Deserialize { pos, err } => {
            let line = pos.as_ref().map_or(line, csv::Position::line);
            let field = err.field().map_or(String::new(), |field| format!("column {}: ", field + 1));
            AnalysisError::Row { path, line, reason: format!("{field}{}", err.kind()) }
        }
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(line, csv::Position::line);
            AnalysisError::Row { path, line, reason: format!("{len} columns, the header has {expected_len}") }
        }
        other => AnalysisError::Row { path, line, reason: format!("{other:?}") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(MetricRow::FILE), text).unwrap();
        dir
    }

    #[test]
    fn rows_survive_a_round_trip() {
        let rows = vec![
            MetricRow { t: 1, epoch: 0, split: Split::Train, metric: "mse".into(), value: 0.1 + 0.2 },
            MetricRow { t: 9, epoch: 3, split: Split::Test, metric: "mse_wiener".into(), value: 1e-9 },
        ];
        let text = to_csv(&rows).unwrap();
        assert!(text.starts_with("t,epoch,split,metric,value\n1,0,train,mse,0.30000000000000004\n"));
        assert_eq!(read_table::<MetricRow>(written(&text).path()).unwrap(), rows);
    }

    #[test]
    fn a_bad_value_is_named_with_its_file_line_and_column() {
        let dir = written("t,epoch,split,metric,value\n1,1,train,mse,0.5\n2,1,train,mse,half\n");
        let message = read_table::<MetricRow>(dir.path()).unwrap_err().to_string();
        assert!(message.contains("metrics.csv: line 3: column 5: "), "{message}");
    }

    #[test]
    fn a_short_row_and_a_missing_column_are_named() {
        let dir = written("t,epoch,split,metric,value\n1,1,train\n");
        let message = read_table::<MetricRow>(dir.path()).unwrap_err().to_string();
        assert!(message.ends_with("metrics.csv: line 2: 3 columns, the header has 5"), "{message}");
        let dir = written("t,epoch,split,metric\n1,1,train,mse\n");
        let message = read_table::<MetricRow>(dir.path()).unwrap_err().to_string();
        assert!(message.contains("missing field `value`"), "{message}");
    }

    #[test]
    fn timestep_zero_is_refused() {
        let dir = written("t,epoch,split,metric,value\n0,1,train,mse,0.5\n");
        let message = read_table::<MetricRow>(dir.path()).unwrap_err().to_string();
        assert!(message.ends_with("line 2: t: 0 is not allowed, timesteps are counted from 1"), "{message}");
    }

    #[test]
    fn a_missing_optional_table_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read_table_if_present::<MetricRow>(dir.path()).unwrap(), Vec::new());
        assert!(read_table::<MetricRow>(dir.path()).is_err());
    }
}
