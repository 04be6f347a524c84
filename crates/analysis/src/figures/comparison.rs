//! The figures of a comparison: losses of the groups over each other, and their transition times.

mod forest;
mod overlay;

use crate::AnalysisError;
use crate::compare::{Comparison, Group};
use crate::plot::axes::Marker;
use crate::plot::drawing::{Drawing, Stroke};
use crate::plot::legend::Entry;
use crate::plot::page::Page;
use crate::plot::palette::{Rgb, class_color};

/// A figure of a comparison in the forms it is kept in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// Stem of the figure's files.
    pub name: String,
    /// One sentence: what it shows and how to read it.
    pub reading: String,
    /// The SVG document.
    pub svg: String,
    /// The PNG file, two pixels for each SVG unit.
    pub png: Vec<u8>,
}

/// Draws every figure there is material for; `comparisons` are those of each later group with the first.
///
/// # Errors
/// [`AnalysisError::Render`] from the rasteriser or the fonts.
pub fn draw(groups: &[Group], comparisons: &[Comparison]) -> Result<Vec<Overlay>, AnalysisError> {
    let of = |group: &'_ Group| group.runs.first().map(|run| run.facts.clone()).zip(Some(group.seeds()));
    let lines: Vec<_> = groups.iter().filter_map(|group| Some((group.label.as_str(), of(group)?))).collect();
    let page = Page::of_groups(&lines)?;
    let mut figures = overlay::draw(&page, groups, comparisons)?;
    figures.extend(forest::draw(&page, groups, comparisons)?);
    Ok(figures)
}

impl Overlay {
    fn new(name: String, reading: String, drawing: Drawing) -> Result<Self, AnalysisError> {
        let drawing = drawing.with_reading(&reading);
        Ok(Self { name, reading, svg: drawing.to_svg()?, png: drawing.to_png()? })
    }
}

/// The colour of a group by its rank, the same in every figure.
fn color(rank: usize) -> Rgb {
    class_color(rank)
}

/// A legend entry for each group.
fn entries(groups: &[Group], marked: bool) -> Vec<Entry> {
    let entry = |(rank, group): (usize, &Group)| {
        let count = group.runs.len();
        let label = if count == 1 { group.label.clone() } else { format!("{} (mean of {count} seeds)", group.label) };
        let entry = Entry::line(label, Stroke::solid(color(rank), 1.7));
        if marked { entry.with_marker(Marker::Disc, color(rank)) } else { entry }
    };
    groups.iter().enumerate().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{RunTables, compare};
    use crate::figures::fabricated;
    use crate::{MetricRow, Split};

    fn group(label: &str, factor: f64, shift: f64) -> Group {
        let row = |t: usize| {
            let ripple = 1.0 + 0.02 * (7.3 * t as f64 + 100.0 * shift).sin();
            let changed = if (41..=53).contains(&t) { factor } else { 1.0 };
            let value = ripple * changed * (-(t as f64) / 20.0).exp();
            MetricRow { t, epoch: 1, split: Split::Test, metric: "mse".into(), value }
        };
        let mut transitions = fabricated::transitions();
        for time in &mut transitions {
            for end in [&mut time.t, &mut time.low, &mut time.high] {
                *end = end.map(|t| t + shift);
            }
        }
        let run = RunTables {
            facts: fabricated::facts(None, 2),
            metrics: (1..=100).map(row).collect(),
            training: Vec::new(),
            schedule: Vec::new(),
            observables: std::collections::BTreeMap::new(),
            transitions,
        };
        Group { label: label.into(), runs: vec![run] }
    }

    #[test]
    fn figures_name_their_groups_and_are_identical_to_the_byte() {
        let groups = [group("A", 1.0, 0.0), group("B", 1.3, 3.0), group("C", 1.0, -0.4)];
        let comparisons: Vec<Comparison> = groups[1..].iter().map(|other| compare(&groups[0], other, 0.05)).collect();
        assert!(comparisons[0].differs);
        let figures = draw(&groups, &comparisons).unwrap();
        let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
        assert_eq!(names, ["mse_test_vs_t", "transitions"]);
        for figure in &figures {
            for text in [">A<", ">B<", ">C<", "A: fabricated", "C: fabricated", "seed 7<"] {
                assert!(figure.svg.contains(text), "{}: {text}", figure.name);
            }
            assert!(figure.png.starts_with(b"\x89PNG"));
        }
        assert!(figures == draw(&groups, &comparisons).unwrap());
        // One line a convention and model, and one mark a group that has a time there.
        let rows = comparisons[0].transitions.iter().filter(|pair| pair.group == "all").count();
        assert_eq!(
            figures[1].svg.matches(", mixture<").count() + figures[1].svg.matches(", machines<").count(),
            rows - 6 - 1
        );
    }

    #[test]
    fn runs_without_anything_in_common_have_no_figure() {
        let mut groups = [group("A", 1.0, 0.0), group("B", 1.0, 0.0)];
        groups[1].runs[0].metrics.clear();
        groups[1].runs[0].transitions.clear();
        let comparisons = [compare(&groups[0], &groups[1], 0.05)];
        assert_eq!(draw(&groups, &comparisons).unwrap(), []);
        let zero = MetricRow { value: 0.0, ..groups[0].runs[0].metrics[3].clone() };
        groups[1].runs[0].metrics.push(zero);
        let comparisons = [compare(&groups[0], &groups[1], 0.05)];
        assert_eq!(draw(&groups, &comparisons).unwrap().len(), 1);
    }
}
