//! Where each figure stands on the page, and the file it draws where that is no table of its own.

use analysis::observables::{Group, ObservableRow, observables};

/// A part of the page that has figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Transition times.
    Transitions,
    /// What comes out of the chain.
    Samples,
    /// Losses against t.
    Losses,
    /// How good the samples are.
    Quality,
    /// The chain itself.
    Chain,
    /// Learning curves and fits.
    Training,
    /// What observables of a group measured.
    Observed(Group),
}

const STATES: &str = "trajectories.safetensors";

/// The figures that are not those of the observable of their name, with the files they draw; one whose numbers are in no other
/// table has a table beside it.
const PLACES: [(&str, Part, &[&str]); 24] = [
    ("algorithm", Part::Chain, &["config.toml"]),
    ("schedule", Part::Chain, &["schedule.csv"]),
    ("forward_strip", Part::Chain, &[STATES]),
    ("swiss_roll_forward", Part::Chain, &[STATES]),
    ("cubic_fit", Part::Training, &["fit.csv", "kinks.csv"]),
    ("noise_histogram", Part::Observed(Group::Forward), &["observables/forward_agreement.csv"]),
    ("loss_vs_epoch", Part::Training, &["metrics.csv"]),
    ("test_loss_variance", Part::Training, &["metrics.csv"]),
    ("epochs_to_minimum", Part::Training, &[]),
    ("loss_vs_t", Part::Losses, &[]),
    ("loss_landscape", Part::Losses, &["observables/loss_landscape.csv"]),
    ("reverse_strip", Part::Samples, &[STATES]),
    ("swiss_roll_reverse", Part::Samples, &[STATES]),
    ("sample_birth", Part::Samples, &["birth.safetensors"]),
    ("sample_grid", Part::Samples, &["samples.safetensors"]),
    ("samples_scatter", Part::Samples, &["samples.safetensors"]),
    ("sample_quality", Part::Quality, &["observables/sample_quality.csv"]),
    ("swiss_roll_returns", Part::Samples, &[STATES]),
    ("pixel_histogram", Part::Samples, &[]),
    ("mean_image", Part::Samples, &["profiles.csv", "mean_images.safetensors"]),
    ("reconstruction", Part::Samples, &["reconstructions.csv", STATES]),
    ("phase_diagram", Part::Transitions, &["transitions.csv"]),
    ("binder_cumulant", Part::Observed(Group::Speciation), &["observables/order_parameter.csv"]),
    ("collapse_vs_n", Part::Observed(Group::Collapse), &["observables/gaussian_collapse.csv"]),
];

/// Figures of an observable of another name.
const OF_ANOTHER: [(&str, &str); 1] = [("class_learning", "learning_time")];

/// The part of the page that a figure stands in, and the files of the run it draws.
pub(super) fn place(figure: &str) -> (Part, Vec<String>) {
    if let Some((_, part, files)) = PLACES.iter().find(|(name, ..)| *name == figure) {
        return (*part, files.iter().map(|file| (*file).to_owned()).collect());
    }
    let of = OF_ANOTHER.iter().find(|(name, _)| *name == figure).map_or(figure, |(_, observable)| observable);
    match observables().iter().find(|observable| observable.name() == of) {
        Some(observable) => (Part::Observed(observable.group()), vec![format!("{}/{of}.csv", ObservableRow::FOLDER)]),
        None => (Part::Chain, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use analysis::figures;

    use super::*;

    #[test]
    fn every_figure_has_its_place_and_every_place_its_figure() {
        let names: Vec<&str> = figures().iter().map(|figure| figure.name()).collect();
        let known = PLACES.iter().map(|(name, ..)| *name).chain(OF_ANOTHER.map(|(name, _)| name));
        known.for_each(|name| assert!(names.contains(&name), "{name} is no figure"));
        for name in names {
            let placed = PLACES.iter().any(|(place, ..)| *place == name);
            assert!(placed || !place(name).1.is_empty(), "{name}: say in PLACES where it stands");
        }
    }
}
