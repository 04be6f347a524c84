//! `timing.csv`: how long the training of each machine took.

use std::collections::BTreeMap;

use model::Device;
use serde::{Deserialize, Serialize};

use crate::DriverError;
use crate::folder::RunFolder;

/// The wall-clock of one machine; t = 0 stands for a machine for all timesteps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TimingRow {
    /// Timestep.
    pub(crate) t: usize,
    /// From the start of its training to its checkpoint; machines trained side by side overlap.
    pub(crate) seconds: f64,
    /// The device it was trained on.
    pub(crate) device: String,
    /// Threads of the run.
    threads: usize,
}

/// The columns of the table, each with what it holds.
#[cfg(test)]
pub(crate) const COLUMNS: analysis::Columns = &[
    ("t", "timestep; 0 stands for a machine for all of them"),
    ("seconds", "wall-clock from the start of its training to its checkpoint; machines trained side by side overlap"),
    ("device", "what it was trained on"),
    ("threads", "threads of the process"),
];

/// What takes the times of machines just trained.
pub(crate) type Keep<'a> = &'a dyn Fn(&[TimingRow]) -> Result<(), DriverError>;

/// The rows of machines trained on a device by so many threads, from their seconds by t.
pub(crate) fn rows(seconds: BTreeMap<usize, f64>, device: Device, threads: usize) -> Vec<TimingRow> {
    let row = |(t, seconds)| TimingRow { t, seconds, device: device.name().to_owned(), threads };
    seconds.into_iter().map(row).collect()
}

/// The table by t; empty where there is none.
pub(crate) fn read(folder: &RunFolder) -> Result<BTreeMap<usize, TimingRow>, DriverError> {
    let text = folder.read_if_present(RunFolder::TIMING)?.unwrap_or_default();
    // Times are a convenience: rows that cannot be read are left out rather than ending the run.
    let rows = csv::Reader::from_reader(text.as_bytes()).into_deserialize::<TimingRow>().filter_map(Result::ok);
    Ok(rows.map(|row| (row.t, row)).collect())
}

/// Adds the times of machines to the table, in the place of earlier ones.
pub(crate) fn record(folder: &RunFolder, times: &[TimingRow]) -> Result<(), DriverError> {
    let mut rows = read(folder)?;
    rows.extend(times.iter().map(|row| (row.t, row.clone())));
    let rows: Vec<TimingRow> = rows.into_values().collect();
    folder.write(RunFolder::TIMING, analysis::to_csv(&rows)?)
}
