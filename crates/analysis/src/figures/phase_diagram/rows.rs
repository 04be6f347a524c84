//! The lines of the phase diagram: one a convention, and one for each class it was measured on alone.

use crate::observables::{Transition, TransitionRow};

/// A convention with its times, one a model.
pub(super) struct Line<'a> {
    pub(super) label: String,
    /// Whether it is about one class, or another part of the trajectories.
    pub(super) is_class: bool,
    pub(super) times: Vec<&'a TransitionRow>,
}

impl Line<'_> {
    /// The middle one of its times; none where the criterion is never met.
    fn median(&self) -> Option<f64> {
        let mut times: Vec<f64> = self.times.iter().filter_map(|row| row.t.filter(|t| t.is_finite())).collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied()
    }
}

/// The conventions of a transition in the order in which a reverse trajectory meets them, each with its classes below.
pub(super) fn lines(rows: &[TransitionRow], transition: Transition) -> Vec<Line<'_>> {
    let of: Vec<&TransitionRow> = rows.iter().filter(|row| row.transition == transition).collect();
    let mut conventions: Vec<&str> = Vec::new();
    for row in &of {
        if !conventions.contains(&row.convention.as_str()) {
            conventions.push(&row.convention);
        }
    }
    let mut blocks: Vec<Vec<Line<'_>>> = conventions.iter().map(|convention| block(&of, convention)).collect();
    let time = |block: &Vec<Line<'_>>| block.first().and_then(Line::median).unwrap_or(f64::NEG_INFINITY);
    blocks.sort_by(|a, b| time(b).total_cmp(&time(a)));
    blocks.into_iter().flatten().collect()
}

/// The line of all trajectories and those of its classes.
fn block<'a>(rows: &[&'a TransitionRow], convention: &str) -> Vec<Line<'a>> {
    let own: Vec<&TransitionRow> = rows.iter().copied().filter(|row| row.convention == convention).collect();
    let mut groups: Vec<&str> = own.iter().map(|row| row.group.as_str()).collect();
    groups.sort_unstable_by_key(|group| (*group != "all", *group));
    groups.dedup();
    let line = |group: &&str| Line {
        label: match *group {
            "all" => written(convention),
            class if class.parse::<u8>().is_ok() => format!("class {class}"),
            other => other.to_owned(),
        },
        is_class: *group != "all",
        times: own.iter().copied().filter(|row| row.group == *group).collect(),
    };
    groups.iter().map(line).collect()
}

/// A convention in the letters of the formulas.
fn written(convention: &str) -> String {
    const LETTERS: [(&str, &str); 11] = [
        ("alpha_bar", "ᾱ"),
        ("Lambda", "Λ"),
        ("lambda", "λ"),
        ("kappa", "κ"),
        ("sigma", "σ"),
        ("phi", "φ"),
        ("chi", "χ"),
        ("^2", "²"),
        ("p1 p2", "p₁p₂"),
        ("Y2", "Y₂"),
        ("U4", "U₄"),
    ];
    LETTERS.iter().fold(convention.to_owned(), |text, (word, letter)| text.replace(word, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_from_early_to_late_in_the_reverse_process_with_classes_below_their_convention() {
        let row = |convention, model, t| TransitionRow::predicted(Transition::Collapse, convention, model, t);
        let rows = [
            row("never met", "data", None),
            row("Y2 = 1/2", "law", Some(39.0)).of_group("3"),
            row("Y2 = 1/2", "law", Some(39.0)),
            row("Y2 = 1/2", "machines", Some(30.0)),
            row("I_G = ln n", "data", Some(42.0)),
            TransitionRow::predicted(Transition::Speciation, "kappa = 1", "data", Some(57.0)),
        ];
        let lines = lines(&rows, Transition::Collapse);
        let labels: Vec<&str> = lines.iter().map(|line| line.label.as_str()).collect();
        assert_eq!(labels, ["I_G = ln n", "Y₂ = 1/2", "class 3", "never met"]);
        assert_eq!(lines.iter().map(|line| line.times.len()).collect::<Vec<_>>(), [1, 2, 1, 1]);
        assert!(lines[2].is_class && !lines[1].is_class);
    }

    #[test]
    fn conventions_are_written_as_formulas() {
        let cases = [
            ("A p1 p2 |d|^2 = 1", "A p₁p₂ |d|² = 1"),
            ("phi_C = 0.7752", "φ_C = 0.7752"),
            ("kappa along d = 1", "κ along d = 1"),
            ("A Lambda = D", "A Λ = D"),
        ];
        for (plain, formula) in cases {
            assert_eq!(written(plain), formula);
        }
    }
}
