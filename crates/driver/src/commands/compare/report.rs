//! What a comparison found, and its form for scripts.

use analysis::compare::tolerance::Excess;
use analysis::compare::{Comparison, Group, Overlay, draw};
use serde::Serialize;
use serde_json::{Value, json};

use super::quality::Quality;
use crate::DriverError;
use crate::settings::Setting;

/// The version of the keys of compare.json.
const FORMAT: u32 = 1;

/// Everything that was found.
pub(super) struct Report {
    /// The expected share of false ones among the differences found.
    pub(super) q: f64,
    /// The folders of each group's runs.
    pub(super) names: Vec<Vec<String>>,
    /// The groups; the first is what the others are compared with.
    pub(super) groups: Vec<Group>,
    /// Keys of the configuration that differ.
    pub(super) settings: Vec<Setting>,
    /// Each later group with the first; empty where the chains have different lengths.
    pub(super) comparisons: Vec<Comparison>,
    /// Whether each later group's samples are the first's to the byte.
    pub(super) samples: Vec<Option<bool>>,
    /// How good the samples of each group are.
    pub(super) qualities: Vec<Quality>,
}

impl Report {
    /// Whether anything differs beyond chance.
    pub(super) fn differs(&self) -> bool {
        self.comparisons.iter().any(|comparison| comparison.differs)
    }

    /// Why nothing was compared by t, where the lengths of the chains differ.
    pub(super) fn lengths(&self) -> Option<String> {
        let runs = || self.groups.iter().zip(&self.names).flat_map(|(group, names)| group.runs.iter().zip(names));
        let (first, name) = runs().next()?;
        let t = first.facts.timesteps;
        let (other, other_name) = runs().find(|(run, _)| run.facts.timesteps != t)?;
        Some(format!(
            "{other_name}: has T = {}, {name} has T = {t}; runs are compared at each t, so use runs of one T",
            other.facts.timesteps
        ))
    }

    /// The figures, none where nothing was compared.
    pub(super) fn figures(&self) -> Result<Vec<Overlay>, DriverError> {
        if self.comparisons.is_empty() { Ok(Vec::new()) } else { Ok(draw(&self.groups, &self.comparisons)?) }
    }

    /// The document for scripts.
    pub(super) fn to_json(&self) -> Result<String, DriverError> {
        let group = |(group, names): (&Group, &Vec<String>)| json!({ "label": group.label, "runs": names, "seeds": group.seeds() });
        encode(&json!({
            "format": FORMAT,
            "mode": "test",
            "same": !self.differs(),
            "q": self.q,
            "error": self.lengths(),
            "groups": self.groups.iter().zip(&self.names).map(group).collect::<Vec<Value>>(),
            "settings": self.settings,
            "same_samples": self.samples,
            "sample_quality": self.qualities,
            "comparisons": self.comparisons,
        }))
    }
}

/// The document of `--tol` for scripts.
pub(super) fn tolerance_json(
    base: &str,
    found: &[(String, Vec<Excess>, usize)],
    tolerance: f64,
    same: bool,
) -> Result<String, DriverError> {
    let pair = |(other, excesses, compared): &(String, Vec<Excess>, usize)| json!({ "base": base, "other": other, "compared": compared, "exceeding": excesses });
    let pairs: Vec<Value> = found.iter().map(pair).collect();
    encode(&json!({ "format": FORMAT, "mode": "tolerance", "same": same, "tolerance": tolerance, "pairs": pairs }))
}

/// JSON for people's eyes, too.
pub(super) fn encode(document: &impl Serialize) -> Result<String, DriverError> {
    serde_json::to_string_pretty(document)
        .map_err(|error| DriverError::Message(format!("compare.json: cannot be encoded: {error}")))
}
