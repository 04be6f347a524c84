//! The page: one width for all figures, and the footer that says which run and which data a figure shows.

use super::drawing::{Drawing, TextStyle};
use super::font::{self, text_width};
use super::palette::{GREY, VERMILION};
use crate::AnalysisError;
use crate::run::RunFacts;

const MARGIN: f64 = 10.0;
const NOTE_SIZE: f64 = 12.0;
const FACTS_SIZE: f64 = 9.5;

/// What every figure of a run has in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    footer: Vec<(String, TextStyle)>,
}

impl Page {
    /// Width of every figure in page units (7.5 inches: a printed page's text width).
    pub const WIDTH: f64 = 720.0;

    /// The page for a run.
    ///
    /// # Errors
    /// [`AnalysisError::Render`] when the embedded fonts are damaged.
    pub fn new(facts: &RunFacts) -> Result<Self, AnalysisError> {
        let line = format!("{} · seed {}", describe(facts), facts.seed);
        Self::with_footer(facts.data_note.as_slice(), &[line])
    }

    /// The page for several groups of runs, each with its label and the seeds of its runs.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn of_groups(groups: &[(&str, (RunFacts, Vec<u64>))]) -> Result<Self, AnalysisError> {
        let mut notes: Vec<String> = groups.iter().filter_map(|(_, (facts, _))| facts.data_note.clone()).collect();
        notes.dedup();
        let line = |(label, (facts, seeds)): &(&str, (RunFacts, Vec<u64>))| {
            let word = if seeds.len() == 1 { "seed" } else { "seeds" };
            let seeds = seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            format!("{label}: {} · {word} {seeds}", describe(facts))
        };
        Self::with_footer(&notes, &groups.iter().map(line).collect::<Vec<_>>())
    }

    /// The page with what a reader must know of the data, where there is something, and lines of facts below.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn with_footer(notes: &[String], lines: &[String]) -> Result<Self, AnalysisError> {
        font::check()?;
        let note_style = TextStyle::new(NOTE_SIZE, VERMILION).bold();
        let notes = notes.iter().flat_map(|note| wrap(&format!("Data: {note}"), note_style));
        let facts_style = TextStyle::new(FACTS_SIZE, GREY);
        Ok(Self { footer: notes.chain(lines.iter().flat_map(|line| wrap(line, facts_style))).collect() })
    }

    /// A drawing of which the upper `height` page units are free, the footer below them.
    pub fn drawing(&self, height: f64) -> Drawing {
        let below: f64 = self.footer.iter().map(|(_, style)| line_height(style)).sum();
        let mut drawing = Drawing::new(Self::WIDTH, (height + below + MARGIN).ceil());
        let mut y = height;
        for (text, style) in &self.footer {
            y += line_height(style);
            drawing.text((MARGIN, y), text.clone(), *style);
        }
        drawing
    }
}

fn line_height(style: &TextStyle) -> f64 {
    1.4 * style.size
}

/// Run, data and model on one line, e.g. `mnist_T100 · mnist {1, 3} · skip wiener · H = 1000 · T = 100`, or
/// `one machine for all t` in the place of the skip, or `exact denoiser: mixture` in that of skip and H.
fn describe(facts: &RunFacts) -> String {
    let classes: Vec<String> = facts.classes.iter().map(u8::to_string).collect();
    let data =
        if classes.is_empty() { facts.source.clone() } else { format!("{} {{{}}}", facts.source, classes.join(", ")) };
    let RunFacts { name, skip, hidden, timesteps, .. } = facts;
    let model = match facts.exact_law() {
        None if facts.is_conditioned() => format!("one machine for all t · H = {hidden}"),
        None if facts.is_regression() => return format!("{name} · {data} · one machine · H = {hidden}"),
        None if *hidden == 0 => "one layer of sigmoids".to_owned(),
        None => format!("skip {skip} · H = {hidden}"),
        Some(law) => format!("exact denoiser: {law}"),
    };
    format!("{name} · {data} · {model} · T = {timesteps}")
}

/// The text in lines that fit the page, broken at spaces, or within a word that is longer than a line.
fn wrap(text: &str, style: TextStyle) -> Vec<(String, TextStyle)> {
    let fits = |line: &str| text_width(line, style.size, style.bold) <= Page::WIDTH - 2.0 * MARGIN;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if fits(&longer) {
            *line = longer;
        } else if fits(word) {
            lines.push(word.to_owned());
        } else {
            line.push(' ');
            for c in word.chars() {
                match lines.last_mut() {
                    Some(line) if fits(&format!("{line}{c}")) => line.push(c),
                    _ => lines.push(c.to_string()),
                }
            }
        }
    }
    lines.into_iter().map(|line| (line, style)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::palette::INK;

    #[test]
    fn long_footers_are_broken_and_nothing_is_lost() {
        font::check().unwrap();
        let style = TextStyle::new(12.0, INK);
        for text in ["word ".repeat(80), "x".repeat(400), format!("a {} b", "y".repeat(200))] {
            let lines = wrap(&text, style);
            assert!(lines.len() > 1);
            assert!(lines.iter().all(|(line, _)| text_width(line, 12.0, false) <= Page::WIDTH - 2.0 * MARGIN));
            let squeezed = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            assert_eq!(squeezed(&lines.iter().map(|(line, _)| line.as_str()).collect::<String>()), squeezed(&text));
        }
    }
}
