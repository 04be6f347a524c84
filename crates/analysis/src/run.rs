//! A run folder read into memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::AnalysisError;
use crate::mean_images::MeanImages;
use crate::observables::{self, ObservableRow, Transition, TransitionRow};
use crate::recipe::{Recipe, Training};
use crate::tables::{
    Columns, FitRow, HistogramRow, KinkRow, MetricRow, ProfileRow, ReconstructionRow, ReferenceRow, ScheduleRow,
    TrainingRow, read_table, read_table_if_present,
};
use crate::tensors::{Points, read_if_present};
use crate::trajectories::{BIRTH_FILE, Frames, Trajectories, read_birth, samples_from_bytes};

/// What a figure must know of the experiment, as `facts.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFacts {
    /// Name of the experiment.
    pub name: String,
    /// Where the data come from, e.g. `mnist`.
    pub source: String,
    /// What a reader must know of the data, e.g. `synthetic digits, not MNIST`; printed on every figure.
    pub data_note: Option<String>,
    /// Height and width in pixels, where the data are images.
    pub image: Option<[usize; 2]>,
    /// Coordinates of a point: d.
    pub dim: usize,
    /// Classes kept, empty for data without classes.
    pub classes: Vec<u8>,
    /// Timesteps of the chain: T.
    pub timesteps: usize,
    /// What predicts the noise: `machines`, `conditioned` for one machine for all timesteps, or an exact law by its name.
    #[serde(default = "machines")]
    pub model: String,
    /// Hidden units of each machine: H; 0 for an exact law.
    pub hidden: usize,
    /// The part of the predictor beside the hidden layer: `none`, `learned` or `wiener`.
    pub skip: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// Epochs of each machine that starts from initial weights, at most; 0 for an exact law.
    pub epochs: usize,
    /// Variance of the reverse steps: `beta` or `posterior`.
    pub variance: String,
    /// How it was trained and sampled, beyond the above; folders of before it was kept have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
}

/// Folders of before the exact models hold machines.
fn machines() -> String {
    "machines".to_owned()
}

impl RunFacts {
    /// The file's name in the run folder.
    pub const FILE: &'static str = "facts.json";

    /// Its keys.
    pub const KEYS: Columns = &[
        ("name", "name of the experiment"),
        ("source", "the data set, a word of `data.source`"),
        ("data_note", "what a reader must know of the data, as `synthetic digits, not MNIST`, or null"),
        ("image", "height and width in pixels where the data are images, or null"),
        ("dim", "coordinates of a sample, d"),
        ("classes", "labels of the classes kept"),
        ("timesteps", "T"),
        ("model", "`machines`, `conditioned`, or an exact law by its name"),
        ("hidden", "hidden units of each machine, H; 0 without a hidden layer"),
        ("skip", "`none`, `learned` or `wiener`"),
        ("seed", "seed of every random stream"),
        ("epochs", "epochs of a machine that starts from initial weights, at most"),
        ("variance", "variance of the reverse steps, `beta` or `posterior`"),
        ("recipe", "how it was trained and sampled, for the figure `algorithm`: `law`, `training`, `stride`"),
    ];

    /// The name of one machine for all timesteps.
    pub const CONDITIONED: &'static str = "conditioned";

    /// How its machines were trained, where that was kept.
    pub(crate) fn training(&self) -> Option<&Training> {
        self.recipe.as_ref()?.training.as_ref()
    }

    /// Whether it is a fit without a chain.
    pub fn is_regression(&self) -> bool {
        self.source == "cubic"
    }

    /// The exact law that stands in the machines' place, by its name; `None` for machines.
    pub fn exact_law(&self) -> Option<&str> {
        (self.model != machines() && !self.is_conditioned()).then_some(self.model.as_str())
    }

    /// Whether one machine was trained for all timesteps.
    pub fn is_conditioned(&self) -> bool {
        self.model == Self::CONDITIONED
    }

    /// The text of the file.
    ///
    /// # Errors
    /// [`AnalysisError::Encode`] from the encoder.
    pub fn to_json(&self) -> Result<String, AnalysisError> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| AnalysisError::Encode { what: Self::FILE, reason: error.to_string() })?;
        Ok(text + "\n")
    }

    /// The facts of the run folder `dir`.
    ///
    /// # Errors
    /// [`AnalysisError::Read`] or [`AnalysisError::Row`], naming the file.
    pub fn read(dir: &Path) -> Result<Self, AnalysisError> {
        let path = dir.join(Self::FILE);
        let text = fs::read(&path).map_err(|source| AnalysisError::Read { path: path.clone(), source })?;
        Self::from_bytes(&path, &text)
    }

    /// [`RunFacts::read`] with the content of the file at hand; `path` is what errors name.
    ///
    /// # Errors
    /// [`AnalysisError::Row`], naming the file.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, AnalysisError> {
        let error = |line, reason| AnalysisError::Row { path: path.to_owned(), line, reason };
        let facts: Self =
            serde_json::from_slice(bytes).map_err(|fault| error(fault.line() as u64, fault.to_string()))?;
        match facts.image {
            Some([height, width]) if height.checked_mul(width) != Some(facts.dim) || facts.dim == 0 => {
                Err(error(1, format!("image: {height} x {width} is not allowed, use sides whose product is dim")))
            }
            _ => Ok(facts),
        }
    }
}

/// Everything a run left in its folder that a figure can draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The experiment.
    pub facts: RunFacts,
    /// Measurements by timestep and epoch.
    pub metrics: Vec<MetricRow>,
    /// How long each machine was trained; empty where it was not written.
    pub training: Vec<TrainingRow>,
    /// Reference predictors; empty where none were computed.
    pub references: Vec<ReferenceRow>,
    /// The points of a regression; empty without one.
    pub fit: Vec<FitRow>,
    /// The kinks of its fit; empty without one.
    pub kinks: Vec<KinkRow>,
    /// The noise schedule; empty where it was not written.
    pub schedule: Vec<ScheduleRow>,
    /// Generated samples: [n, d].
    pub samples: Option<Points>,
    /// Histograms of coordinate values; empty where none were computed.
    pub histogram: Vec<HistogramRow>,
    /// States of the chains.
    pub trajectories: Trajectories,
    /// Some chains on their way out of noise, in steps small enough for a film.
    pub birth: Option<Frames>,
    /// How many reversals change class; empty where none were counted.
    pub reconstructions: Vec<ReconstructionRow>,
    /// Mean images, where the data are images.
    pub means: Option<MeanImages>,
    /// Profiles of the mean images; empty where none were computed.
    pub profiles: Vec<ProfileRow>,
    /// The tables of the observables that were measured, by name.
    pub observables: BTreeMap<&'static str, Vec<ObservableRow>>,
    /// Transition times under every convention; empty where none were measured.
    pub transitions: Vec<TransitionRow>,
}

impl Run {
    /// File of the generated samples.
    pub const SAMPLES_FILE: &'static str = "samples.safetensors";

    /// The run in the folder `dir`. `facts.json` and `metrics.csv` must be there, the rest may be missing.
    ///
    /// # Errors
    /// Any [`AnalysisError`] about a file, naming it and the line or tensor at fault.
    pub fn read(dir: &Path) -> Result<Self, AnalysisError> {
        let run = Self {
            facts: RunFacts::read(dir)?,
            metrics: read_table(dir)?,
            training: read_table_if_present(dir)?,
            references: read_table_if_present(dir)?,
            fit: read_table_if_present(dir)?,
            kinks: read_table_if_present(dir)?,
            schedule: read_table_if_present(dir)?,
            samples: read_samples(dir)?,
            histogram: read_table_if_present(dir)?,
            trajectories: Trajectories::read(dir)?,
            birth: read_birth(dir)?,
            reconstructions: read_table_if_present(dir)?,
            means: MeanImages::read(dir)?,
            profiles: read_table_if_present(dir)?,
            observables: observables::read_all(dir)?,
            transitions: read_table_if_present(dir)?,
        };
        run.check_dimensions(dir)?;
        Ok(run)
    }

    /// Where the exact theory puts a transition: the convention that the figures draw as a line.
    pub(crate) fn predicted(&self, transition: Transition) -> Option<f64> {
        predicted(&self.transitions, transition)
    }

    fn check_dimensions(&self, dir: &Path) -> Result<(), AnalysisError> {
        let samples = self.samples.iter().map(|points| (Self::SAMPLES_FILE, "samples", points));
        let others = self.trajectories.sets().map(|(name, points)| (Trajectories::FILE, name, points));
        let birth = self.birth.iter().filter_map(Frames::first).map(|points| (BIRTH_FILE, "birth", points));
        let means = self.means.iter().flat_map(MeanImages::sets).map(|(name, points)| (MeanImages::FILE, name, points));
        match samples.chain(others).chain(birth).chain(means).find(|(.., points)| points.dim() != self.facts.dim) {
            None => Ok(()),
            Some((file, name, points)) => {
                let (found, dim) = (points.dim(), self.facts.dim);
                let reason = format!("`{name}`: {found} coordinates, {} says {dim}", RunFacts::FILE);
                Err(AnalysisError::Tensor { path: dir.join(file), reason })
            }
        }
    }
}

/// Where the exact theory puts a transition: the convention that the figures draw as a line.
pub(crate) fn predicted(transitions: &[TransitionRow], transition: Transition) -> Option<f64> {
    let convention = match transition {
        Transition::Speciation => TransitionRow::SPECIATION_LINE,
        Transition::Collapse => TransitionRow::COLLAPSE_LINE,
    };
    let is = |row: &&TransitionRow| row.transition == transition && row.convention == convention;
    transitions.iter().find(|row| is(row) && row.group == "all" && row.t.is_some())?.t
}

fn read_samples(dir: &Path) -> Result<Option<Points>, AnalysisError> {
    let path = dir.join(Run::SAMPLES_FILE);
    let Some(bytes) = read_if_present(&path)? else { return Ok(None) };
    let samples = samples_from_bytes(&path, &bytes)?;
    Ok(Some(samples).filter(|samples| !samples.is_empty()))
}
