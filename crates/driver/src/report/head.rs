//! The head of the page: the question, the run in a line, and what a reader must know before anything else.

use analysis::RunFacts;
use maud::{Markup, html};

use super::source::Source;

/// The head of the page.
pub(super) fn head(source: &Source) -> Markup {
    let facts = &source.run.facts;
    html! {
        header {
            h1 { (facts.name) }
            @if let Some(purpose) = purpose(source) { p.lead id="question" { (purpose) } }
            p.soft { (in_a_line(facts)) }
            @for warning in warnings(source) { p.warning { (warning) } }
        }
    }
}

/// What the experiment is for, in the words of its file.
fn purpose(source: &Source) -> Option<String> {
    let told = source.manifest.as_ref().map(|manifest| manifest.purpose.clone());
    told.or_else(|| source.settings.as_ref()?.word("purpose")).filter(|purpose| !purpose.is_empty())
}

/// Data, model and chain.
pub(super) fn in_a_line(facts: &RunFacts) -> String {
    let classes: Vec<String> = facts.classes.iter().map(u8::to_string).collect();
    let classes = if classes.is_empty() { String::new() } else { format!(", classes {}", classes.join(", ")) };
    let RunFacts { source, dim, hidden, skip, timesteps, seed, .. } = facts;
    let model = match facts.exact_law() {
        None if facts.is_regression() => format!("one machine of {hidden} hidden units, no chain"),
        None if facts.is_conditioned() => format!("one machine of {hidden} hidden units for all timesteps"),
        None if *hidden == 0 => "one layer of sigmoids a timestep".to_owned(),
        None => format!("one machine of {hidden} hidden units a timestep, skip {skip}"),
        Some(law) => format!("the exact denoiser {law}, nothing trained"),
    };
    let chain = if facts.is_regression() { String::new() } else { format!("; T = {timesteps}") };
    let coordinates = if *dim == 1 { "1 coordinate".to_owned() } else { format!("{dim} coordinates") };
    format!("{source}, {coordinates}{classes}; {model}{chain}; seed {seed}")
}

/// What may spoil what is read off the page.
fn warnings(source: &Source) -> Vec<String> {
    let note = source.run.facts.data_note.iter().map(|note| format!("The data are {note}."));
    let told = source.manifest.iter().flat_map(|manifest| manifest.warnings.iter().cloned());
    let unfinished = source.manifest.is_none().then(|| {
        "The run was not finished: it has no manifest, so nothing says whether its files are as it wrote them."
            .to_owned()
    });
    let left_out = (!source.left_out.is_empty())
        .then(|| format!("Left out, since they are not as the run wrote them: {}.", source.left_out.join(", ")));
    note.chain(told).chain(unfinished).chain(left_out).collect()
}
