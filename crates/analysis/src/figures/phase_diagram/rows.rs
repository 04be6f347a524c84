//! The lines of the phase diagram: one a convention.

use crate::observables::{Transition, TransitionRow};

/// A convention with its times.
pub(super) struct Line<'a> {
    pub(super) label: String,
    /// Over all trajectories, one a model.
    pub(super) times: Vec<&'a TransitionRow>,
    /// Over the trajectories of one class, whose label is the group; other groups stay in the table.
    pub(super) classes: Vec<&'a TransitionRow>,
}

impl Line<'_> {
    /// The middle one of its times; none where the criterion is never met.
    fn median(&self) -> Option<f64> {
        let mut times: Vec<f64> = self.times.iter().filter_map(|row| row.t.filter(|t| t.is_finite())).collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied()
    }
}

/// The conventions of a transition in the order in which a reverse trajectory meets them.
pub(super) fn lines(rows: &[TransitionRow], transition: Transition) -> Vec<Line<'_>> {
    let of: Vec<&TransitionRow> = rows.iter().filter(|row| row.transition == transition).collect();
    let mut conventions: Vec<&str> = Vec::new();
    for row in of.iter().filter(|row| row.group == "all") {
        if !conventions.contains(&row.convention.as_str()) {
            conventions.push(&row.convention);
        }
    }
    let line = |convention: &&str| {
        let own = || of.iter().copied().filter(|row| row.convention == *convention);
        Line {
            label: written(convention),
            times: own().filter(|row| row.group == "all").collect(),
            classes: own().filter(|row| row.group.parse::<u8>().is_ok()).collect(),
        }
    };
    let mut lines: Vec<Line<'_>> = conventions.iter().map(line).collect();
    let time = |line: &Line<'_>| line.median().unwrap_or(f64::NEG_INFINITY);
    lines.sort_by(|a, b| time(b).total_cmp(&time(a)));
    lines
}

/// A convention in the letters of the formulas.
pub(in crate::figures) fn written(convention: &str) -> String {
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
    fn lines_go_from_early_to_late_in_the_reverse_process_and_hold_their_classes() {
        let row = |convention, model, t| TransitionRow::predicted(Transition::Collapse, convention, model, t);
        let rows = [
            row("never met", "data", None),
            row("Y2 = 1/2", "law", Some(45.0)).of_group("3"),
            row("Y2 = 1/2", "law", Some(39.0)),
            row("Y2 = 1/2", "law", Some(30.0)).of_group("test"),
            row("Y2 = 1/2", "machines", Some(30.0)),
            row("I_G = ln n", "data", Some(42.0)),
            TransitionRow::predicted(Transition::Speciation, "kappa = 1", "data", Some(57.0)),
        ];
        let lines = lines(&rows, Transition::Collapse);
        let found: Vec<(&str, usize, usize)> =
            lines.iter().map(|line| (line.label.as_str(), line.times.len(), line.classes.len())).collect();
        assert_eq!(found, [("I_G = ln n", 1, 0), ("Y₂ = 1/2", 2, 1), ("never met", 1, 0)]);
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
