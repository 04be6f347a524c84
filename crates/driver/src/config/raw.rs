//! The configuration as it is merged: types of the keys and their default values, nothing checked beyond the type.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::choices::{
    Decay, Device, ExactLaw, LawWord, LossWord, ModelWord, Offline, Rule, Skip, Source, StopWord, VarianceWord,
    WarmStartWord,
};
use super::experiment::OverT;

/// All keys; `None` where absence has a meaning.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawExperiment {
    pub(crate) name: Option<String>,
    pub(crate) purpose: String,
    pub(crate) seed: u64,
    pub(crate) data: RawData,
    pub(crate) schedule: RawSchedule,
    pub(crate) model: RawModel,
    pub(crate) train: RawTrain,
    pub(crate) sample: RawSample,
    pub(crate) analysis: RawAnalysis,
    pub(crate) figures: RawFigures,
    pub(crate) run: RawRun,
}

/// Keys of `[data]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawData {
    pub(crate) source: Option<Source>,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) digits: Vec<u8>,
    pub(crate) train_limit: Option<usize>,
    pub(crate) test_limit: Option<usize>,
    pub(crate) offline: Offline,
    pub(crate) mirrors: Option<Vec<String>>,
    pub(crate) noise: f64,
    pub(crate) dim: Option<usize>,
    pub(crate) mean_norm2: Option<f64>,
    pub(crate) means: Option<Vec<Vec<f64>>>,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) std: f64,
    pub(crate) spins: usize,
    pub(crate) coupling: f64,
}

/// Keys of `[schedule]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSchedule {
    pub(crate) law: LawWord,
    pub(crate) timesteps: usize,
    pub(crate) beta_start: f64,
    pub(crate) beta_end: f64,
}

/// Keys of `[model]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawModel {
    pub(crate) kind: ModelWord,
    pub(crate) law: Option<ExactLaw>,
    pub(crate) hidden: usize,
    pub(crate) skip: Skip,
    pub(crate) axes: Option<usize>,
    pub(crate) local: Option<RawLocal>,
}

/// The table `model.local`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLocal {
    pub(crate) kernel: usize,
    pub(crate) channels: usize,
    pub(crate) last: Option<usize>,
}

/// Keys of `[train]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTrain {
    pub(crate) epochs: usize,
    pub(crate) effort: OverT,
    pub(crate) batch: usize,
    pub(crate) learning_rate: OverT,
    pub(crate) local_rate: f64,
    pub(crate) decay: Decay,
    pub(crate) rule: Rule,
    pub(crate) loss: LossWord,
    pub(crate) warm_start: WarmStartWord,
    pub(crate) anchor_spacing: usize,
    pub(crate) warm_epochs: Option<usize>,
    pub(crate) validation: usize,
    pub(crate) evaluate_every: usize,
    pub(crate) stop: StopWord,
    pub(crate) patience: usize,
    pub(crate) min_improvement: f64,
    pub(crate) tolerance: f64,
}

/// Keys of `[sample]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSample {
    pub(crate) count: usize,
    pub(crate) variance: VarianceWord,
    pub(crate) return_variance: Option<VarianceWord>,
    pub(crate) stride: usize,
    pub(crate) noiseless_steps: usize,
}

/// Keys of `[analysis]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawAnalysis {
    pub(crate) observables: Vec<String>,
    pub(crate) trajectories: usize,
    pub(crate) times: usize,
    pub(crate) resamples: usize,
}

/// Keys of `[figures]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFigures {
    pub(crate) reconstruction_t: Option<OneOrMore>,
    pub(crate) reconstruction_images: usize,
}

/// A whole number, or a list of them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(usize),
    More(Vec<usize>),
}

impl OneOrMore {
    /// The numbers in their order.
    pub(crate) fn into_list(self) -> Vec<usize> {
        match self {
            Self::One(number) => vec![number],
            Self::More(numbers) => numbers,
        }
    }
}

/// Keys of `[run]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRun {
    pub(crate) device: Device,
    pub(crate) save_seconds: f64,
}

impl Default for RawExperiment {
    fn default() -> Self {
        Self {
            name: None,
            purpose: String::new(),
            seed: 0,
            data: RawData {
                source: None,
                dir: None,
                digits: (0..=9).collect(),
                train_limit: None,
                test_limit: None,
                offline: Offline::Error,
                mirrors: None,
                noise: 0.0,
                dim: None,
                mean_norm2: None,
                means: None,
                weights: None,
                std: 1.0,
                spins: 100,
                coupling: 1.5,
            },
            schedule: RawSchedule { law: LawWord::Linear, timesteps: 1000, beta_start: 1e-4, beta_end: 0.02 },
            model: RawModel {
                kind: ModelWord::Machines,
                law: None,
                hidden: 200,
                skip: Skip::Wiener,
                axes: None,
                local: None,
            },
            train: RawTrain {
                epochs: 10,
                effort: OverT::Constant(1.0),
                batch: 50,
                learning_rate: OverT::Constant(1e-3),
                local_rate: 10.0,
                decay: Decay::Cosine,
                rule: Rule::Gradient,
                loss: LossWord::Simple,
                warm_start: WarmStartWord::None,
                anchor_spacing: 10,
                warm_epochs: None,
                validation: 0,
                evaluate_every: 1,
                stop: StopWord::None,
                patience: 5,
                min_improvement: 1e-3,
                tolerance: 1e-6,
            },
            sample: RawSample {
                count: 1000,
                variance: VarianceWord::Posterior,
                return_variance: None,
                stride: 1,
                noiseless_steps: 1,
            },
            analysis: RawAnalysis { observables: Vec::new(), trajectories: 1000, times: 20, resamples: 500 },
            figures: RawFigures { reconstruction_t: None, reconstruction_images: 100 },
            run: RawRun { device: Device::Auto, save_seconds: 30.0 },
        }
    }
}
