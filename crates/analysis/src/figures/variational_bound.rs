//! The variational bound, term by term.

use super::Figure;
use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::{Axes, Marker, TICK_SIZE};
use crate::plot::drawing::{Align, Dash, Drawing, TextStyle};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREEN, INK, ORANGE};
use crate::{AnalysisError, Run};

pub(super) struct VariationalBound;

/// The variances, a panel each.
const GROUPS: [&str; 2] = ["posterior", "beta"];

const fn term(whose: Whose, group: &'static str, label: &'static str, look: Look) -> Curve {
    Curve { whose, quantity: "bound_term", of: Of::Group(group), label, look }
}

const fn curves(group: &'static str) -> [Curve; 4] {
    [
        term(Whose::Named("wiener"), group, "Wiener, test", Look::theory(INK, Dash::Mixed)),
        Curve {
            whose: Whose::Own,
            quantity: "variance_mismatch",
            of: Of::Group(group),
            label: "of this, the mismatch of the variance",
            look: Look::theory(ORANGE, Dash::Dots),
        },
        term(
            Whose::Reference,
            group,
            "reference",
            Look { dash: Dash::Long, ..Look::measured(GREEN, Marker::Triangle) },
        ),
        term(Whose::Own, group, "model", Look::measured(BLUE, Marker::Disc)),
    ]
}

static CURVES: Curves = Curves {
    name: "variational_bound",
    reading: "Bits per coordinate that the step t → t − 1 adds to the variational bound on −log p(x₀), for the posterior variance (above) and σ² = β (below), and the whole bound with its terms L₀ and L_T.",
    observable: "variational_bound",
    panels: &[
        Panel { y: "bits per coordinate, posterior σ²", range: Range::Log, levels: &[], curves: &curves(GROUPS[0]) },
        Panel { y: "bits per coordinate, σ² = β", range: Range::Log, levels: &[], curves: &curves(GROUPS[1]) },
    ],
    transitions: &[Transition::Speciation, Transition::Collapse],
};

impl Figure for VariationalBound {
    fn name(&self) -> &'static str {
        CURVES.name
    }

    fn reading(&self) -> &'static str {
        CURVES.reading
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let rows = run.observables.get(CURVES.observable).map_or(&[][..], Vec::as_slice);
        let value = |model: &str, quantity: &str, group: &str| {
            let is = |row: &&crate::observables::ObservableRow| {
                row.t.is_none() && row.model == model && row.quantity == quantity && row.group == group
            };
            rows.iter().find(is).map(|row| row.value)
        };
        let totals = |drawing: &mut Drawing, axes: &Axes, panel: usize| {
            let group = GROUPS[panel];
            let line = |model: &str| {
                let [bound, sum, last] = ["bound", "bound_sum", "reconstruction"].map(|q| value(model, q, group));
                let prior = value("data", "prior", "all")?;
                Some(format!("{model}: {:.3} = Σ {:.3} + L₀ {:.3} + L_T {prior:.1e}", bound?, sum?, last?))
            };
            let models = [run.facts.model.as_str(), "law", "mixture", "wiener"];
            let mut lines: Vec<String> = models.into_iter().filter_map(line).collect();
            lines.dedup();
            let style = TextStyle::new(TICK_SIZE, INK).aligned(Align::End);
            for (i, line) in lines.into_iter().enumerate() {
                drawing.text((axes.frame.right() - 10.0, axes.frame.y + 18.0 + 15.0 * i as f64), line, style);
            }
        };
        Ok(CURVES.draw_with(run, page, Vec::new(), totals))
    }
}
