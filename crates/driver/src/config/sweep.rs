//! `[sweep]`: one experiment over the values of some of its keys, a cell for each combination.

mod axes;
mod belonging;
mod cells;
mod names;

use toml::Value;

use super::choices::SweepMode;
use super::error::{ConfigError, Faults};
use super::experiment::Experiment;
use super::keys::keys;
use super::layers::Layers;
use super::write::{Settings, text_of};
use axes::Given;
pub(crate) use axes::{ALLOWED, may_vary};
use belonging::{Words, lacks};

/// A checked sweep: its cells are all sound, and no two are the same experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Name of the sweep and of its folder.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// How the axes are combined.
    pub mode: SweepMode,
    /// What is varied, in the order of the file.
    pub axes: Vec<Axis>,
    /// The runs, the last axis the fastest.
    pub cells: Vec<Cell>,
}

/// A key and its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The key, e.g. `model.hidden`.
    pub key: &'static str,
    /// Its values, in the order of the file.
    pub values: Vec<Value>,
}

impl Axis {
    /// What other keys may go with.
    fn words(&self) -> Words<'_> {
        let words = self.values.iter().map(|value| value.as_str().unwrap_or_default());
        Words { key: self.key, values: words.collect() }
    }

    /// The values as a table shows them: strings without quotes.
    pub fn texts(&self) -> Vec<String> {
        self.values.iter().map(names::text_of).collect()
    }
}

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Its folder's name: a number from 001 and the values, `004_hidden=100_seed=1`.
    pub folder: String,
    /// The index of its value on each axis.
    pub at: Vec<usize>,
    /// What it runs; its name is the sweep's with the number, `hidden-004`.
    pub experiment: Experiment,
}

impl Sweep {
    /// The sweep as TOML: every setting that all cells have in common, and the axes.  Loading the text gives an equal
    /// sweep; settings left out follow from an axis.
    pub fn to_toml(&self) -> String {
        text_of(&self.common()) + &self.axes_toml()
    }

    /// As [`Self::to_toml`], without the settings of where it runs, what is measured and what is drawn, which change no
    /// machine and no sample.
    pub(crate) fn identity(&self) -> String {
        let mut settings = self.common();
        settings.retain(|(path, _)| !["analysis.", "figures.", "run."].iter().any(|section| path.starts_with(section)));
        text_of(&settings) + &self.axes_toml()
    }

    /// What all cells have in common, but for those that lack a key because it goes with other values of an axis.
    fn common(&self) -> Settings {
        let of = |cell: &Cell| Experiment { name: self.name.clone(), ..cell.experiment.clone() }.settings();
        let cells: Vec<Settings> = self.cells.iter().map(of).collect();
        let axes: Vec<Words<'_>> = self.axes.iter().map(Axis::words).collect();
        let mut common = Settings::new();
        for key in keys().iter().filter(|key| !self.axes.iter().any(|axis| axis.key == key.path)) {
            let having = self.cells.iter().zip(&cells).filter(|(cell, _)| !lacks(key, &axes, &cell.at));
            let mut values =
                having.map(|(_, settings)| settings.iter().find(|(path, _)| *path == key.path).map(|(_, value)| value));
            if let Some(Some(first)) = values.next()
                && values.all(|value| value == Some(first))
            {
                common.push((key.path, first.clone()));
            }
        }
        common
    }

    fn axes_toml(&self) -> String {
        let line = |axis: &Axis| format!("\"{}\" = {}\n", axis.key, Value::Array(axis.values.clone()));
        let lines: String = self.axes.iter().map(line).collect();
        format!("\n[sweep]\nmode = \"{}\"\n\n[sweep.axes]\n{lines}", self.mode)
    }
}

/// The sweep that the layers describe; `None` where something is wrong, all of which goes to `faults`.
pub(crate) fn sweep(layers: &Layers, faults: &mut Faults) -> Option<Sweep> {
    let Given { mode, axes, sound } = axes::given(layers, faults);
    let indices = if sound { cells::indices(mode, &axes) } else { cells::probes(&axes) };
    let experiments = cells::experiments(layers, &axes, &indices, faults);
    let experiments = experiments.filter(|_| sound)?;
    cells::refuse_repeated(layers, &axes, &indices, &experiments, faults);
    let first = experiments.first()?;
    let (name, purpose) = (first.name.clone(), first.purpose.clone());
    let longest = names::longest_name(indices.len());
    if name.len() > longest && !faults.spoils("name") {
        let message = format!(
            "{} characters are not allowed in a sweep of {} cells, use 1 to {longest}",
            name.len(),
            indices.len()
        );
        faults.push(ConfigError::new(layers.origin("name"), Some("name"), message));
    }
    let axes: Vec<Axis> =
        axes.iter().enumerate().map(|(a, axis)| cells::axis(axis, a, &indices, &experiments)).collect();
    let cells = names::named(&axes, indices, experiments);
    Some(Sweep { name, purpose, mode, axes, cells })
}
