//! Which runs stand on each side of a comparison, and what the spread of their difference is taken from.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::neighbours;
use super::student::Estimate;
use crate::observables::{self, ObservableRow, TransitionRow};
use crate::{AnalysisError, MetricRow, RunFacts, ScheduleRow, TrainingRow, read_table, read_table_if_present};

/// The tables of a run that can be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct RunTables {
    /// The experiment.
    pub facts: RunFacts,
    /// Measurements by timestep and epoch.
    pub metrics: Vec<MetricRow>,
    /// How long each machine was trained; empty where it was not written.
    pub training: Vec<TrainingRow>,
    /// The noise schedule; empty where it was not written.
    pub schedule: Vec<ScheduleRow>,
    /// The tables of the observables, by name.
    pub observables: BTreeMap<&'static str, Vec<ObservableRow>>,
    /// Transition times.
    pub transitions: Vec<TransitionRow>,
}

impl RunTables {
    /// The tables in the run folder `dir`; `facts.json` and `metrics.csv` must be there.
    ///
    /// # Errors
    /// Any [`AnalysisError`] about a table, naming it and the line at fault.
    pub fn read(dir: &Path) -> Result<Self, AnalysisError> {
        Ok(Self {
            facts: RunFacts::read(dir)?,
            metrics: read_table(dir)?,
            training: read_table_if_present(dir)?,
            schedule: read_table_if_present(dir)?,
            observables: observables::read_all(dir)?,
            transitions: read_table_if_present(dir)?,
        })
    }

    /// Timesteps from which on two machines are independent: 1, or with warm starts the spacing of the anchors (all
    /// timesteps, where there are no two anchors).
    fn lag(&self) -> usize {
        if self.training.iter().all(|row| row.started_from.is_none()) {
            return 1;
        }
        let mut anchors: Vec<usize> =
            self.training.iter().filter(|row| row.started_from.is_none()).map(|row| row.t).collect();
        anchors.sort_unstable();
        anchors.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(self.facts.timesteps).max(1)
    }
}

/// Runs of one configuration with seeds of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What it is called in what is shown, e.g. `A`.
    pub label: String,
    /// The runs.
    pub runs: Vec<RunTables>,
}

impl Group {
    /// The seeds of the runs.
    pub fn seeds(&self) -> Vec<u64> {
        self.runs.iter().map(|run| run.facts.seed).collect()
    }

    /// The runs of these seeds, in their order.
    pub(crate) fn of_seeds<'a>(&'a self, seeds: &'a [u64]) -> Vec<&'a RunTables> {
        seeds.iter().filter_map(|seed| self.runs.iter().find(|run| run.facts.seed == *seed)).collect()
    }
}

/// Runs on each side from which on their own spread is used.
const ENOUGH: usize = 3;

/// What a difference between two groups is judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "spread", rename_all = "snake_case")]
pub enum Design {
    /// Differences of runs with the same seed, which see the same noise: Student's t over three or more seeds.
    Paired {
        /// The seeds both groups have.
        seeds: Vec<u64>,
    },
    /// Three or more runs on each side without three seeds in common: Welch's t.
    Unpaired {
        /// The first group's seeds.
        base: Vec<u64>,
        /// The other's.
        other: Vec<u64>,
    },
    /// Fewer runs: losses by the scatter of neighbouring timesteps ([`neighbours`]), observables by their intervals.
    Alone {
        /// The seeds both groups have, whose differences are averaged; without any, all runs of each side are.
        seeds: Vec<u64>,
        /// Timesteps from which on two machines are independent.
        lag: usize,
    },
}

impl Design {
    /// The design for two groups: paired where three seeds are in both.
    pub fn of(base: &Group, other: &Group) -> Self {
        let (of_base, of_other) = (base.seeds(), other.seeds());
        let seeds: Vec<u64> = of_base.iter().copied().filter(|seed| of_other.contains(seed)).collect();
        if seeds.len() >= ENOUGH {
            Self::Paired { seeds }
        } else if of_base.len() >= ENOUGH && of_other.len() >= ENOUGH {
            Self::Unpaired { base: of_base, other: of_other }
        } else {
            let lag = base.runs.iter().chain(&other.runs).map(RunTables::lag).max().unwrap_or(1);
            Self::Alone { seeds, lag }
        }
    }

    /// The runs of both groups that count, in the order in which [`Self::estimate`] takes their numbers.
    pub(crate) fn runs<'a>(&'a self, base: &'a Group, other: &'a Group) -> (Vec<&'a RunTables>, Vec<&'a RunTables>) {
        match self {
            Self::Unpaired { .. } => (base.runs.iter().collect(), other.runs.iter().collect()),
            Self::Alone { seeds, .. } if seeds.is_empty() => (base.runs.iter().collect(), other.runs.iter().collect()),
            Self::Paired { seeds } | Self::Alone { seeds, .. } => (base.of_seeds(seeds), other.of_seeds(seeds)),
        }
    }

    /// The mean difference with the spread that the runs' own scatter gives; `None` where there are too few.
    pub(crate) fn estimate(&self, base: &[f64], other: &[f64]) -> Option<Estimate> {
        match self {
            Self::Paired { .. } => {
                Estimate::of_pairs(&base.iter().zip(other).map(|(base, other)| other - base).collect::<Vec<_>>())
            }
            Self::Unpaired { .. } => Estimate::of_sets(base, other),
            Self::Alone { .. } => None,
        }
    }

    /// The estimates of a curve over t, one value a run at each of `times`; `None` where there is no spread.
    pub(crate) fn estimates(&self, times: &[usize], base: &[Vec<f64>], other: &[Vec<f64>]) -> Vec<Option<Estimate>> {
        match self {
            Self::Alone { lag, .. } => {
                let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
                let differences: Vec<f64> = base.iter().zip(other).map(|(x, y)| mean(y) - mean(x)).collect();
                neighbours::estimates(times, &differences, *lag)
            }
            _ => base.iter().zip(other).map(|(x, y)| self.estimate(x, y)).collect(),
        }
    }

    /// One sentence on what the losses are judged by.
    pub fn of_losses(&self) -> String {
        match self {
            Self::Paired { seeds } => {
                format!("Student's t over the differences of {} runs with equal seeds, at each t", seeds.len())
            }
            Self::Unpaired { base, other } => {
                format!("Welch's t over {} and {} runs of different seeds, at each t", base.len(), other.len())
            }
            Self::Alone { lag: 1, .. } => {
                "scatter of the difference between neighbouring timesteps, whose machines were trained independently"
                    .to_owned()
            }
            Self::Alone { lag, .. } => format!(
                "scatter of the difference between timesteps {lag} apart, the spacing of anchors: with warm starts nearer \
                 machines are not independent"
            ),
        }
    }

    /// One sentence on what observables and transition times are judged by.
    pub fn of_observables(&self) -> String {
        match self {
            Self::Alone { .. } => {
                "the 95% intervals of both runs, which cover the trajectories, not the training".to_owned()
            }
            Self::Paired { seeds } => {
                format!("Student's t over the differences of {} runs with equal seeds", seeds.len())
            }
            Self::Unpaired { base, other } => format!("Welch's t over {} and {} runs", base.len(), other.len()),
        }
    }
}
