//! The observables: one file each, one line each in `OBSERVABLES`.

mod agreement;
mod class_posterior;
mod cloning;
mod critical_window;
mod empirical_posterior;
mod ensemble;
mod entropy_production;
mod fixed_points;
mod flips;
mod forward_agreement;
mod gaussian_collapse;
mod information_rate;
mod integral;
mod iterated_uturns;
mod judge;
mod kappa;
mod late_start;
mod learning_time;
mod linear_regions;
mod local_dimension;
mod loss_landscape;
mod memorisation;
mod mode_softening;
mod nishimori_gap;
mod noisy_class_probe;
mod order_parameter;
mod overlap;
mod overlaps;
mod potential;
mod sample_quality;
mod score_identities;
mod spectrum;
mod stability;
mod unit_populations;
mod uturn;
mod variational_bound;
mod window_surgery;

use std::collections::BTreeMap;
use std::path::Path;

use model::{Denoiser, ExactLaw};
use schedule::Timestep;
use serde::{Deserialize, Serialize};

use crate::AnalysisError;
use crate::lab::Lab;
use crate::stats::Interval;
use crate::tables::{Columns, Table, read_rows_if_present};

/// A family of observables, as the configuration names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The forward process itself.
    Forward,
    /// When a trajectory commits to a class.
    Speciation,
    /// When it commits to a training sample.
    Collapse,
    /// What the machines are, exactly.
    Machines,
    /// Information and thermodynamics.
    Information,
    /// What happens when a part of the chain is changed.
    Interventions,
}

impl Group {
    /// All groups in the order of the report.
    pub const ALL: [Self; 6] =
        [Self::Forward, Self::Speciation, Self::Collapse, Self::Machines, Self::Information, Self::Interventions];

    /// Its word in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Speciation => "speciation",
            Self::Collapse => "collapse",
            Self::Machines => "machines",
            Self::Information => "information",
            Self::Interventions => "interventions",
        }
    }
}

/// One observable of a run: a table, and the transition times that can be read off it.
pub trait Observable: Sync {
    /// Stem of its table: `observables/NAME.csv`.
    fn name(&self) -> &'static str;

    /// The group it belongs to.
    fn group(&self) -> Group;

    /// The question it answers, in one sentence.
    fn question(&self) -> &'static str;

    /// The version of what it measures; another one makes its table be measured anew.
    fn version(&self) -> u32 {
        1
    }

    /// Units of work as it will report them to `advance`; `None` where the run has no such observable (no classes, no
    /// machines, ...).
    fn work(&self, lab: &Lab<'_>) -> Option<u64>;

    /// Measures it, and calls `advance` as work is done.
    ///
    /// # Errors
    /// [`AnalysisError`] when a machine or the classifier cannot be had.
    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError>;
}

/// One line an observable, in the order a reader meets them.
static OBSERVABLES: &[&dyn Observable] = &[
    &forward_agreement::ForwardAgreement,
    &kappa::Kappa,
    &class_posterior::ClassPosterior,
    &noisy_class_probe::NoisyClassProbe,
    &order_parameter::OrderParameter,
    &gaussian_collapse::GaussianCollapse,
    &empirical_posterior::EmpiricalPosterior,
    &memorisation::Memorisation,
    &cloning::Cloning,
    &uturn::UTurn,
    &nishimori_gap::NishimoriGap,
    &critical_window::CriticalWindow,
    &overlap::Overlap,
    &flips::Flips,
    &iterated_uturns::IteratedUTurns,
    &stability::Stability,
    &fixed_points::FixedPoints,
    &potential::Potential,
    &local_dimension::LocalDimension,
    &linear_regions::LinearRegions,
    &spectrum::Spectrum,
    &unit_populations::UnitPopulations,
    &mode_softening::ModeSoftening,
    &loss_landscape::LossLandscape,
    &information_rate::InformationRate,
    &variational_bound::VariationalBound,
    &entropy_production::EntropyProduction,
    &score_identities::ScoreIdentities,
    &sample_quality::SampleQuality,
    &late_start::LateStart,
    &window_surgery::WindowSurgery,
    &learning_time::LearningTime,
];

/// Every observable there is.
pub fn observables() -> &'static [&'static dyn Observable] {
    OBSERVABLES
}

/// The observables that the words name, in the order of the registry: names, groups, or `all`.
///
/// # Errors
/// [`AnalysisError::UnknownObservable`] for a word that is none of these.
pub fn select(words: &[String]) -> Result<Vec<&'static dyn Observable>, AnalysisError> {
    if let Some(word) = words.iter().find(|word| !words_known().contains(&word.as_str())) {
        return Err(AnalysisError::UnknownObservable { name: word.clone(), known: words_known().join(", ") });
    }
    let named = |observable: &dyn Observable| {
        let is = |word: &String| word == "all" || word == observable.name() || word == observable.group().word();
        words.iter().any(is)
    };
    Ok(observables().iter().copied().filter(|observable| named(*observable)).collect())
}

/// The words that [`select`] takes: `all`, the groups, the names.
pub fn words_known() -> Vec<&'static str> {
    let names = observables().iter().map(|observable| observable.name());
    ["all"].into_iter().chain(Group::ALL.map(Group::word)).chain(names).collect()
}

/// What measuring an observable gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// The table.
    pub rows: Vec<ObservableRow>,
    /// The transition times read off it.
    pub transitions: Vec<TransitionRow>,
}

/// One number of an observable.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ObservableRow {
    /// Timestep, 1..=T; empty where the quantity belongs to no timestep.
    pub t: Option<usize>,
    /// A second coordinate (a position along a line, the bin of a histogram, the end of a window), where there is one.
    pub x: Option<f64>,
    /// Whose it is: `machines`, `mixture`, `empirical`, ..., or `data`.
    pub model: String,
    /// What was measured.
    pub quantity: String,
    /// Which trajectories: `all`, a class by its label, a split, ...
    pub group: String,
    /// Its value.
    pub value: f64,
    /// Lower end of its 95% interval, where it was estimated from trajectories.
    pub low: Option<f64>,
    /// Upper end of its 95% interval.
    pub high: Option<f64>,
    /// Trajectories (or samples) it was estimated from.
    pub trajectories: Option<usize>,
}

impl ObservableRow {
    /// The folder of the tables in the run folder.
    pub const FOLDER: &'static str = "observables";

    /// A number of `model` at t that is exact, or not estimated from trajectories.
    pub fn exact(t: Timestep, model: &str, quantity: &str, value: f64) -> Self {
        Self { t: Some(t.get()), ..Self::timeless(model, quantity, value) }
    }

    /// A number of `model` that belongs to no timestep.
    pub fn timeless(model: &str, quantity: &str, value: f64) -> Self {
        Self {
            model: model.to_owned(),
            quantity: quantity.to_owned(),
            group: "all".to_owned(),
            value,
            ..Self::default()
        }
    }

    /// An estimate at t from `trajectories` trajectories.
    pub fn estimate(t: Timestep, model: &str, quantity: &str, interval: Interval, trajectories: usize) -> Self {
        Self::exact(t, model, quantity, interval.value).with_interval(interval, trajectories)
    }

    /// The same number with its interval.
    pub fn with_interval(self, interval: Interval, trajectories: usize) -> Self {
        let Interval { value, low, high } = interval;
        Self { value, low: Some(low), high: Some(high), trajectories: Some(trajectories), ..self }
    }

    /// The same number for the trajectories called `group`.
    pub fn of_group(self, group: impl ToString) -> Self {
        Self { group: group.to_string(), ..self }
    }

    /// The same number at the second coordinate `x`.
    pub fn at(self, x: f64) -> Self {
        Self { x: Some(x), ..self }
    }
}

impl Table for ObservableRow {
    const FILE: &'static str = Self::FOLDER;
    const COLUMNS: Columns = &[
        ("t", "timestep, 1 to T; empty where the quantity belongs to none"),
        (
            "x",
            "a second coordinate, where there is one: a position along a line, the bin of a histogram, the end of a window",
        ),
        ("model", "whose it is: `machines`, `conditioned`, `law`, `mixture`, `empirical`, ..., or `data`"),
        ("quantity", "what was measured, in the words of the observable"),
        ("group", "which trajectories: `all`, a class by its label, a split, ..."),
        ("value", "its value"),
        ("low", "lower end of its 95% interval, where it was estimated from trajectories"),
        ("high", "upper end"),
        ("trajectories", "trajectories or samples it was estimated from"),
    ];

    fn check(&self) -> Result<(), String> {
        match self.t {
            Some(0) => Err("t: 0 is not allowed, timesteps are counted from 1".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Which transition a time belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transition {
    /// t_S, where a trajectory commits to a class.
    Speciation,
    /// t_C, where it commits to a training sample.
    Collapse,
}

impl Transition {
    /// Its word in the tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Speciation => "speciation",
            Self::Collapse => "collapse",
        }
    }
}

/// One transition time under one convention.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransitionRow {
    /// The transition.
    pub transition: Transition,
    /// The criterion, e.g. `phi_C = 0.7752`.
    pub convention: String,
    /// Whose it is.
    pub model: String,
    /// Which trajectories: `all` or a class.
    pub group: String,
    /// The time, in timesteps of the schedule; empty where the criterion is never met.
    pub t: Option<f64>,
    /// Lower end of its 95% interval, where it was measured.
    pub low: Option<f64>,
    /// Upper end of its 95% interval.
    pub high: Option<f64>,
    /// Trajectories it was measured on.
    pub trajectories: Option<usize>,
    /// The observable it was read off.
    pub observable: String,
    /// Whether it follows from moments or the exact posterior (`predicted`) or from trajectories (`measured`).
    pub kind: String,
}

impl TransitionRow {
    /// The convention that the figures draw as t_S: kappa = 1, of two equal Gaussians the same as phi = 0.7752.
    pub const SPECIATION_LINE: &'static str = "kappa = 1";
    /// The convention that the figures draw as t_C.
    pub const COLLAPSE_LINE: &'static str = "I_G = ln n";

    /// A time that follows from theory.
    pub fn predicted(transition: Transition, convention: &str, model: &str, t: Option<f64>) -> Self {
        Self {
            transition,
            convention: convention.to_owned(),
            model: model.to_owned(),
            group: "all".to_owned(),
            t,
            low: None,
            high: None,
            trajectories: None,
            observable: String::new(),
            kind: "predicted".to_owned(),
        }
    }

    /// A time read off trajectories.
    pub fn measured(
        transition: Transition,
        convention: &str,
        model: &str,
        time: Option<Interval>,
        trajectories: usize,
    ) -> Self {
        Self {
            low: time.map(|time| time.low),
            high: time.map(|time| time.high),
            trajectories: Some(trajectories),
            kind: "measured".to_owned(),
            ..Self::predicted(transition, convention, model, time.map(|time| time.value))
        }
    }

    /// The same time for the trajectories called `group`.
    pub fn of_group(self, group: impl ToString) -> Self {
        Self { group: group.to_string(), ..self }
    }
}

impl Table for TransitionRow {
    const FILE: &'static str = "transitions.csv";
    const COLUMNS: Columns = &[
        ("transition", "`speciation`: a trajectory commits to a class; `collapse`: to a training sample"),
        ("convention", "the criterion, as `phi_C = 0.7752`"),
        ("model", "whose it is"),
        ("group", "which trajectories: `all` or a class by its label"),
        ("t", "the time in timesteps; empty where the criterion is never met"),
        ("low", "lower end of its 95% interval, where it was measured"),
        ("high", "upper end"),
        ("trajectories", "trajectories it was measured on"),
        ("observable", "the observable it was read off"),
        ("kind", "`predicted`: from moments or the exact posterior; `measured`: from trajectories"),
    ];

    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// The tables of the observables in a run folder, by name.
///
/// # Errors
/// [`AnalysisError`] naming the file and the line at fault.
pub(crate) fn read_all(dir: &Path) -> Result<BTreeMap<&'static str, Vec<ObservableRow>>, AnalysisError> {
    let mut tables = BTreeMap::new();
    for name in observables().iter().map(|observable| observable.name()) {
        let rows = read_rows_if_present(&dir.join(ObservableRow::FOLDER).join(format!("{name}.csv")))?;
        if !rows.is_empty() {
            tables.insert(name, rows);
        }
    }
    Ok(tables)
}

/// A denoiser with its name in the tables.
#[derive(Clone, Copy)]
pub struct Named<'a, D: ?Sized> {
    /// The name.
    pub name: &'a str,
    /// The denoiser.
    pub denoiser: &'a D,
}

/// A denoiser to run chains with.
pub type Model<'a> = Named<'a, dyn Denoiser + 'a>;
/// A law of which everything is known.
pub type Law<'a> = Named<'a, dyn ExactLaw + 'a>;
