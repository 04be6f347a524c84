//! Bits per step of the chain.

use super::Figure;
use super::curves::{Curve, Curves, Look, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::{Axes, Marker};
use crate::plot::drawing::{Dash, Drawing};
use crate::plot::legend::Entry;
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREEN, INK, ORANGE};
use crate::{AnalysisError, Run};

pub(super) struct InformationRate;

const REFERENCE: Look = Look { dash: Dash::Long, ..Look::measured(GREEN, Marker::Triangle) };
const GAUSSIAN: Whose = Whose::Named("gaussian");

static CURVES: Curves = Curves {
    name: "information_rate",
    reading: "Bits about x₀ that each step decides, the bits I(x₀; xₜ) that xₜ still holds, both from the errors by dI/dγ = mmse/2, and the entropic time, whose discs cut the chain into ten steps of equal information.",
    observable: "information_rate",
    panels: &[
        Panel {
            y: "bits per step",
            range: Range::Log,
            levels: &[],
            curves: &[
                Curve::of_all(GAUSSIAN, "bits_per_step", "Gaussian", Look::theory(INK, Dash::Mixed)),
                Curve::of_all(Whose::Reference, "bits_per_step", "reference", REFERENCE),
                Curve::of_all(Whose::Own, "bits_per_step", "model", Look::measured(BLUE, Marker::Disc)),
            ],
        },
        Panel {
            y: "I(x₀; xₜ) in bits",
            range: Range::Log,
            levels: &[],
            curves: &[
                Curve::of_all(GAUSSIAN, "information", "Gaussian", Look::theory(INK, Dash::Mixed)),
                Curve::of_all(Whose::Reference, "information", "reference", REFERENCE),
                Curve::of_all(Whose::Own, "information", "model", Look::measured(BLUE, Marker::Disc)),
            ],
        },
        Panel {
            y: "entropic time",
            range: Range::Fixed(-0.03, 1.03),
            levels: &[],
            curves: &[
                Curve::of_all(GAUSSIAN, "entropic_time", "Gaussian", Look::theory(INK, Dash::Mixed)),
                Curve::of_all(Whose::Own, "entropic_time", "model", Look::measured(BLUE, Marker::Disc)),
            ],
        },
    ],
    transitions: &[Transition::Speciation, Transition::Collapse],
};

impl Figure for InformationRate {
    fn name(&self) -> &'static str {
        CURVES.name
    }

    fn reading(&self) -> &'static str {
        CURVES.reading
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let rows = run.observables.get(CURVES.observable).map_or(&[][..], Vec::as_slice);
        let own = rows.iter().filter(|row| row.quantity == "equal_information_time" && row.model == run.facts.model);
        let cuts: Vec<(f64, f64)> = own.filter_map(|row| Some((row.value, row.x?))).collect();
        let steps = cuts.len().saturating_sub(1).max(1) as f64;
        let cuts: Vec<(f64, f64)> = cuts.into_iter().map(|(t, step)| (t, step / steps)).collect();
        let entry = Entry::marker("ten steps of equal information", Marker::Disc, ORANGE);
        let mark = |drawing: &mut Drawing, axes: &Axes, panel: usize| {
            if panel + 1 == CURVES.panels.len() {
                axes.markers(drawing, &cuts, Marker::Disc, ORANGE);
            }
        };
        Ok(CURVES.draw_with(run, page, vec![entry], mark))
    }
}
