//! Figures made of curves over t, read off an observable's table: panels, curves, bands, and the transitions as lines.

mod overlay;

use super::Figure;
use crate::observables::{ObservableRow, Transition};
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Marker, Scale, bounds};
use crate::plot::drawing::{Align, Dash, Drawing, Rect, Stroke, TextStyle};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREY, ORANGE, Rgb, lighter};
use crate::{AnalysisError, Run, RunFacts};
pub(crate) use overlay::Member;

/// Points up to which each gets a marker.
const MARKED: usize = 40;
/// Space between two panels.
const BETWEEN: f64 = 22.0;

/// A figure of one or more panels over t.
pub(crate) struct Curves {
    pub(super) name: &'static str,
    pub(super) reading: &'static str,
    /// The observable whose table is drawn.
    pub(super) observable: &'static str,
    pub(super) panels: &'static [Panel],
    /// Transitions drawn as vertical lines.
    pub(super) transitions: &'static [Transition],
}

/// A frame with its curves.
pub(super) struct Panel {
    /// The label of its axis.
    pub(super) y: &'static str,
    pub(super) range: Range,
    /// Values drawn as level lines.
    pub(super) levels: &'static [f64],
    pub(super) curves: &'static [Curve],
}

/// What a panel's axis spans.
#[derive(Clone, Copy)]
pub(super) enum Range {
    /// From the first to the second value.
    Fixed(f64, f64),
    /// From the first to the second value, farther where a curve goes farther.
    AtLeast(f64, f64),
    /// Around the values, linear.
    Linear,
    /// Around the positive values, logarithmic where they span a decade.
    Log,
}

/// Whose numbers a curve shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The run's own model: the trained machines, or the exact law of a run without training.
    Own,
    /// The exact law that stands beside it: that of the data, or the fitted mixture.
    Reference,
    /// The model of this name.
    Named(&'static str),
}

/// Which trajectories a curve shows.
#[derive(Clone, Copy)]
pub(super) enum Of {
    /// The group of this name.
    Group(&'static str),
    /// Every class, a curve each: its label is the class's after the curve's own.
    EachClass,
}

/// One curve.
#[derive(Clone, Copy)]
pub(super) struct Curve {
    pub(super) whose: Whose,
    pub(super) quantity: &'static str,
    pub(super) of: Of,
    pub(super) label: &'static str,
    pub(super) look: Look,
}

impl Curve {
    /// A curve of all trajectories.
    pub(super) const fn of_all(whose: Whose, quantity: &'static str, label: &'static str, look: Look) -> Self {
        Self { whose, quantity, of: Of::Group("all"), label, look }
    }

    /// The exact law's and the model's measurements of one quantity.
    pub(super) const fn of_both(quantity: &'static str) -> [Self; 2] {
        [
            Self::of_all(Whose::Reference, quantity, "exact law", Look::measured(ORANGE, Marker::OpenSquare)),
            Self::of_all(Whose::Own, quantity, "model", Look::measured(BLUE, Marker::Disc)),
        ]
    }
}

/// How a curve is drawn.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) color: Rgb,
    pub(super) dash: Dash,
    /// Measured: with markers and a band for the interval; otherwise a line of theory.
    pub(super) measured: Option<Marker>,
}

impl Look {
    /// Theory: a line.
    pub(super) const fn theory(color: Rgb, dash: Dash) -> Self {
        Self { color, dash, measured: None }
    }

    /// A measurement: markers with a band.
    pub(super) const fn measured(color: Rgb, marker: Marker) -> Self {
        Self { color, dash: Dash::Solid, measured: Some(marker) }
    }

    fn stroke(self) -> Stroke {
        Stroke::solid(self.color, if self.measured.is_some() { 1.7 } else { 1.4 }).dashed(self.dash)
    }
}

/// A curve found in the table.
struct Found<'a> {
    label: String,
    look: Look,
    rows: Vec<&'a ObservableRow>,
}

impl Found<'_> {
    fn points(&self) -> Vec<(f64, f64)> {
        self.rows.iter().filter_map(|row| Some((row.t? as f64, row.value))).collect()
    }

    /// Whether there are few enough points to mark each.
    fn marker(&self) -> Option<Marker> {
        self.look.measured.filter(|_| self.rows.len() <= MARKED)
    }

    fn entry(&self) -> Entry {
        let entry = Entry::line(self.label.clone(), self.look.stroke());
        match self.marker() {
            Some(marker) => entry.with_marker(marker, self.look.color),
            None => entry,
        }
    }

    /// Values and interval ends, for the extent of an axis.
    fn extent(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().flat_map(|row| [Some(row.value), row.low, row.high]).flatten()
    }
}

impl Figure for Curves {
    fn name(&self) -> &'static str {
        self.name
    }

    fn reading(&self) -> &'static str {
        self.reading
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        Ok(self.draw_with(run, page, Vec::new(), |_, _, _| {}))
    }
}

impl Curves {
    /// The observable whose table is drawn.
    pub(crate) const fn observable(&self) -> &'static str {
        self.observable
    }

    /// The figure with more entries in its legend, and `finish` called on every panel (its number counted in
    /// [`Curves::panels`]) after its curves.
    pub(super) fn draw_with(
        &self,
        run: &Run,
        page: &Page,
        more: Vec<Entry>,
        finish: impl Fn(&mut Drawing, &Axes, usize),
    ) -> Option<Drawing> {
        self.draw_on(run, page, (more, 0.0), finish).map(|(drawing, ..)| drawing)
    }

    /// The figure with `below` units of the page left free below it, its axis of t, and the y where they begin.
    pub(super) fn draw_above(&self, run: &Run, page: &Page, below: f64) -> Option<(Drawing, Axis, f64)> {
        self.draw_on(run, page, (Vec::new(), below), |_, _, _| {})
    }

    fn draw_on(
        &self,
        run: &Run,
        page: &Page,
        (more, free): (Vec<Entry>, f64),
        finish: impl Fn(&mut Drawing, &Axes, usize),
    ) -> Option<(Drawing, Axis, f64)> {
        let rows = run.observables.get(self.observable)?;
        let found = |panel: &'static Panel| panel.curves.iter().flat_map(|curve| find(&run.facts, rows, curve));
        let panels =
            self.panels.iter().enumerate().map(|(i, panel)| Filled { number: i, panel, found: found(panel).collect() });
        let lines = self.transitions.iter().filter_map(|&transition| Some((transition, run.predicted(transition)?)));
        draw_panels(page, panels.collect(), &lines.collect::<Vec<_>>(), (more, free), finish)
    }
}

/// A panel with the curves that there are.
struct Filled<'a> {
    /// Its number, counted in [`Curves::panels`].
    number: usize,
    panel: &'static Panel,
    found: Vec<Found<'a>>,
}

/// Draws the panels that have a curve below one another, one legend above all, with `free` units of the page left below;
/// returns the drawing, its axis of t, and the y where those units begin.
fn draw_panels(
    page: &Page,
    mut panels: Vec<Filled<'_>>,
    lines: &[(Transition, f64)],
    (more, free): (Vec<Entry>, f64),
    finish: impl Fn(&mut Drawing, &Axes, usize),
) -> Option<(Drawing, Axis, f64)> {
    panels.retain(|panel| !panel.found.is_empty());
    if panels.is_empty() {
        return None;
    }
    let all = panels.iter().flat_map(|panel| panel.found.iter().flat_map(|curve| &curve.rows));
    let x = Axis::of_timesteps(all.filter_map(|row| row.t))?;
    let height = 180.0 + 220.0 * panels.len() as f64;
    let mut drawing = page.drawing(height + free);
    let mut entries: Vec<Entry> = Vec::new();
    for entry in panels.iter().flat_map(|panel| panel.found.iter().map(Found::entry)) {
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries.extend(more);
    let below = legend(&mut drawing, (Axes::LEFT, 8.0), Page::WIDTH - Axes::LEFT - Axes::RIGHT, &entries);
    let whole = Axes::page_frame(below + 12.0, height);
    let count = panels.len() as f64;
    let each = (whole.height - BETWEEN * (count - 1.0)) / count;
    for (i, Filled { number, panel, found }) in panels.iter().enumerate() {
        let frame = Rect { y: whole.y + i as f64 * (each + BETWEEN), height: each, ..whole };
        let x = if i + 1 == panels.len() { x.clone() } else { x.clone().unlabelled() };
        let axes = Axes { frame, x, y: panel.axis(found) };
        axes.draw(&mut drawing);
        mark_transitions(&mut drawing, &axes, lines, i == 0);
        panel.draw(&mut drawing, &axes, found);
        finish(&mut drawing, &axes, *number);
    }
    Some((drawing, x, height))
}

/// Vertical lines where the exact theory puts the transitions, with their names above the first panel.
fn mark_transitions(drawing: &mut Drawing, axes: &Axes, lines: &[(Transition, f64)], named: bool) {
    for &(transition, t) in lines {
        axes.upright(drawing, t, Stroke::solid(GREY, 1.1).dashed(Dash::Dots));
        if let (true, Some(x)) = (named, axes.x_of(t)) {
            let name = match transition {
                Transition::Speciation => "t_S",
                Transition::Collapse => "t_C",
            };
            let style = TextStyle::new(LABEL_SIZE, GREY).aligned(Align::Middle);
            drawing.text((x, axes.frame.y - 4.0), format!("{name} = {t:.0}"), style);
        }
    }
}

impl Panel {
    fn axis(&self, found: &[Found<'_>]) -> Axis {
        let values = found.iter().flat_map(Found::extent).chain(self.levels.iter().copied());
        match self.range {
            Range::Fixed(low, high) => Axis::new(self.y, Scale::Linear, low, high),
            Range::AtLeast(low, high) => {
                let points = found.iter().flat_map(|found| &found.rows).map(|row| row.value);
                let (least, greatest) = bounds(points).unwrap_or((low, high));
                let margin = 0.02 * (high - low);
                Axis::new(self.y, Scale::Linear, least.min(low + margin) - margin, greatest.max(high - margin) + margin)
            }
            Range::Linear => Axis::around(self.y, values, f64::INFINITY),
            Range::Log => Axis::around(self.y, values.filter(|value| *value > 0.0), 10.0),
        }
    }

    fn draw(&self, drawing: &mut Drawing, axes: &Axes, found: &[Found<'_>]) {
        for curve in found.iter().filter(|curve| curve.look.measured.is_some()) {
            let ends = curve.rows.iter().filter_map(|row| Some((row.t? as f64, row.low?, row.high?)));
            axes.band(drawing, &ends.collect::<Vec<_>>(), lighter(curve.look.color));
        }
        for &level in self.levels {
            axes.level(drawing, level, Stroke::solid(GREY, 1.1).dashed(Dash::Mixed));
        }
        let outside = |y: f64| matches!(self.range, Range::Fixed(low, high) if !(low..=high).contains(&y));
        for curve in found {
            // A curve that leaves a fixed range is broken there.
            let inside = |(x, y)| (x, if outside(y) { f64::NAN } else { y });
            let points: Vec<(f64, f64)> = curve.points().into_iter().map(inside).collect();
            axes.line(drawing, &points, curve.look.stroke());
            if let Some(marker) = curve.marker() {
                axes.markers(drawing, &points, marker, curve.look.color);
            }
        }
    }
}

/// The curves of the table that `curve` names, those of every class where it asks for them.
fn find<'a>(facts: &RunFacts, rows: &'a [ObservableRow], curve: &Curve) -> Vec<Found<'a>> {
    let is_model = |model: &str| match curve.whose {
        Whose::Own => model == facts.model,
        Whose::Reference => (model == "law" || model == "mixture") && model != facts.model,
        Whose::Named(name) => model == name,
    };
    let of = |row: &&ObservableRow| row.t.is_some() && row.quantity == curve.quantity && is_model(&row.model);
    let mut groups: Vec<&str> = match curve.of {
        Of::Group(group) => vec![group],
        // Classes go by numbers, other groups (`all`, a split) by words.
        Of::EachClass => {
            rows.iter().filter(of).map(|row| row.group.as_str()).filter(|group| group.parse::<u8>().is_ok()).collect()
        }
    };
    groups.sort_unstable();
    groups.dedup();
    let many = matches!(curve.of, Of::EachClass);
    let found = groups.iter().enumerate().map(|(i, group)| {
        let label = if many { format!("{} {group}", curve.label) } else { curve.label.to_owned() };
        let color = if many { crate::plot::palette::class_color(i) } else { curve.look.color };
        let rows = rows.iter().filter(of).filter(|row| row.group == *group).collect();
        Found { label, look: Look { color, ..curve.look }, rows }
    });
    found.filter(|found| !found.rows.is_empty()).collect()
}
