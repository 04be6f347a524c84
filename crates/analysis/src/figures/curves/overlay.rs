//! The same figure of several runs in one: a colour for each run's own model, and the theory under all of them once.

use super::{Curves, Filled, Found, Look, Of, Panel, Whose, draw_panels, find};
use crate::RunFacts;
use crate::observables::{ObservableRow, Transition, TransitionRow};
use crate::plot::axes::Marker;
use crate::plot::drawing::Drawing;
use crate::plot::page::Page;
use crate::plot::palette::Rgb;
use crate::run::predicted;

/// One of the runs laid over one another.
#[derive(Clone, Copy)]
pub(crate) struct Member<'a> {
    /// What tells it from the others, e.g. `model.skip = none`.
    pub(crate) label: &'a str,
    pub(crate) color: Rgb,
    pub(crate) facts: &'a RunFacts,
    /// The table of the figure's observable.
    pub(crate) rows: &'a [ObservableRow],
    pub(crate) transitions: &'a [TransitionRow],
}

impl Curves {
    /// The panels with what each run's own model measured, all trajectories together; theory and exact laws as the first
    /// run that has them knows them.  `None` where fewer than two runs have measured anything.
    pub(crate) fn overlay(&self, members: &[Member<'_>], page: &Page) -> Option<Drawing> {
        let measured = |member: &&Member<'_>| self.panels.iter().any(|panel| own(panel, member, 0).next().is_some());
        let members: Vec<&Member<'_>> = members.iter().filter(measured).collect();
        let (first, _) = members.split_first().filter(|(_, others)| !others.is_empty())?;
        let panel = |(number, panel): (usize, &'static Panel)| {
            let models: Vec<Found<'_>> =
                members.iter().enumerate().flat_map(|(rank, member)| own(panel, member, rank)).collect();
            let shared = panel.curves.iter().filter(|curve| curve.whose != Whose::Own && is_of_a_group(curve.of));
            let theory = shared.flat_map(|curve| {
                members.iter().map(|member| find(member.facts, member.rows, curve)).find(|found| !found.is_empty())
            });
            let found = if models.is_empty() { Vec::new() } else { theory.flatten().chain(models).collect() };
            Filled { number, panel, found }
        };
        let panels = self.panels.iter().enumerate().map(panel).collect();
        let line = |&transition: &Transition| Some((transition, predicted(first.transitions, transition)?));
        let lines: Vec<(Transition, f64)> = self.transitions.iter().filter_map(line).collect();
        draw_panels(page, panels, &lines, (Vec::new(), 0.0), |_, _, _| {}).map(|(drawing, ..)| drawing)
    }
}

fn is_of_a_group(of: Of) -> bool {
    matches!(of, Of::Group(_))
}

/// The measurements of a run's own model on a panel, under the run's name and in its colour.
fn own<'a>(panel: &'static Panel, member: &Member<'a>, rank: usize) -> impl Iterator<Item = Found<'a>> {
    let member = *member;
    let of_model = move |curve: &&'static super::Curve| {
        curve.whose == Whose::Own && matches!(curve.of, Of::Group("all")) && curve.look.measured.is_some()
    };
    panel.curves.iter().filter(of_model).flat_map(move |curve| {
        let look = Look::measured(member.color, Marker::SERIES[rank % Marker::SERIES.len()]);
        let found = find(member.facts, member.rows, curve);
        found.into_iter().map(move |found| Found { label: member.label.to_owned(), look, ..found })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{cloning, fabricated};
    use crate::plot::palette::class_color;

    fn row(model: &str, quantity: &str, t: usize, value: f64) -> ObservableRow {
        let (model, quantity, group) = (model.to_owned(), quantity.to_owned(), "all".to_owned());
        ObservableRow { t: Some(t), x: None, model, quantity, group, value, low: None, high: None, trajectories: None }
    }

    #[test]
    fn every_run_has_a_curve_of_its_own_and_theory_is_drawn_once() {
        let facts = fabricated::facts(None, 2);
        let rows = |value: f64| {
            let own = (1..=5).map(|t| row(&facts.model, "phi_c", t, value));
            own.chain((1..=5).map(|t| row("mixture", "phi_posterior", t, 0.8))).collect::<Vec<_>>()
        };
        let (low, high) = (rows(0.6), rows(0.9));
        let transitions = fabricated::transitions();
        let member = |label, rows, rank| Member {
            label,
            color: class_color(rank),
            facts: &facts,
            rows,
            transitions: &transitions,
        };
        let members = [member("skip = none", &low[..], 0), member("skip = wiener", &high[..], 1)];
        let page = Page::with_footer(&[], &["a sweep".to_owned()]).unwrap();
        let svg = cloning::CLONING.overlay(&members, &page).unwrap().to_svg().unwrap();
        for (text, times) in
            [("skip = none<", 1), ("skip = wiener<", 1), ("exact posterior<", 1), (">φ_C, all pairs<", 1)]
        {
            assert_eq!(svg.matches(text).count(), times, "{text}");
        }
        // Classes would be too many curves; one run alone is no comparison.
        assert!(!svg.contains("φ_C by class"));
        assert!(cloning::CLONING.overlay(&members[..1], &page).is_none());
        let empty = member("nothing", &[], 2);
        assert!(cloning::CLONING.overlay(&[members[0], empty], &page).is_none());
    }
}
