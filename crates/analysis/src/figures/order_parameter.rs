//! The order parameter of speciation: its density over t as a map, its cumulant and its fluctuations.

use std::collections::BTreeMap;

use super::Figure;
use super::curves::{Curve, Curves, Look, Panel, Range, Whose};
use crate::observables::{ObservableRow, Transition};
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Marker, Scale};
use crate::plot::drawing::{Align, Dash, Drawing, Rect, Stroke, TextStyle};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREEN, GREY, INK, ORANGE, shade};
use crate::plot::pixels::Pixels;
use crate::{AnalysisError, Run};

/// Theory, forward data and the models' reverse trajectories.
const fn all(quantity: &'static str) -> [Curve; 5] {
    [
        Curve::of_all(
            Whose::Named("equal_gaussians"),
            quantity,
            "two equal Gaussians, (2/3)(κ/(1+κ))²",
            Look::theory(INK, Dash::Mixed),
        ),
        Curve::of_all(Whose::Named("empirical_train"), quantity, "training set, exact", Look::theory(INK, Dash::Solid)),
        Curve::of_all(Whose::Named("data"), quantity, "test samples, forward", Look::measured(GREEN, Marker::Triangle)),
        Curve::of_all(Whose::Reference, quantity, "exact law, reverse", Look::measured(ORANGE, Marker::Square)),
        Curve::of_all(Whose::Own, quantity, "model, reverse", Look::measured(BLUE, Marker::Disc)),
    ]
}

pub(super) static BINDER: Curves = Curves {
    name: "binder_cumulant",
    reading: "Binder cumulant U₄ and variance χ of the projection M of x_t on the line between the class means, and the variance of the denoised m̂: U₄ rises from 0 of one Gaussian towards 2/3 of two points; of two equal Gaussians it is 1/6 at the speciation time. Where the reverse curves leave the forward ones the model does not follow the data.",
    observable: "order_parameter",
    panels: &[
        Panel { y: "U₄", range: Range::Linear, levels: &[1.0 / 6.0], curves: &all("binder") },
        Panel { y: "χ = Var M", range: Range::Log, levels: &[], curves: &all("susceptibility") },
        Panel {
            y: "Var m̂",
            range: Range::Linear,
            levels: &[],
            curves: &[
                Curve::of_all(
                    Whose::Reference,
                    "denoised_variance",
                    "exact law, reverse",
                    Look::measured(ORANGE, Marker::Square),
                ),
                Curve::of_all(Whose::Own, "denoised_variance", "model, reverse", Look::measured(BLUE, Marker::Disc)),
            ],
        },
    ],
    transitions: &[Transition::Speciation],
};

/// The density of M over t as a map.
pub(super) struct OrderParameter;

/// A map of the figure: whose density, and what it is called.
struct Map<'a> {
    model: &'a str,
    quantity: &'static str,
    title: &'static str,
}

/// Height of a map.
const HEIGHT: f64 = 175.0;
/// Space between two maps, the title of the lower one in it.
const BETWEEN: f64 = 44.0;

impl Figure for OrderParameter {
    fn name(&self) -> &'static str {
        "order_parameter"
    }

    fn reading(&self) -> &'static str {
        "Density of the projection M of x_t on the line between the class means, for data noised forwards and for trajectories of the reverse chain, and of the denoised m̂, which is −1 and 1 at the class means; each column is scaled to its own maximum (dark). One branch becomes two below the speciation time."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(rows) = run.observables.get("order_parameter") else { return Ok(None) };
        let reference = if run.facts.model == "law" { "" } else { reference(rows) };
        let maps = [
            Map { model: "empirical_train", quantity: "density", title: "training set, forward" },
            Map { model: &run.facts.model, quantity: "density", title: "model, reverse" },
            Map { model: reference, quantity: "density", title: "exact law, reverse" },
            Map { model: &run.facts.model, quantity: "denoised_density", title: "model, denoised" },
        ];
        let drawn: Vec<(&Map<'_>, Columns)> =
            maps.iter().map(|map| (map, columns(rows, map))).filter(|(_, columns)| !columns.is_empty()).collect();
        let (Some(last), false) = (rows.iter().filter_map(|row| row.t).max(), drawn.is_empty()) else {
            return Ok(None);
        };
        let count = drawn.len() as f64;
        let height = 26.0 + count * (HEIGHT + BETWEEN) + Axes::BELOW;
        let mut drawing = page.drawing(height);
        for (i, (map, columns)) in drawn.iter().enumerate() {
            let whole = Axes::page_frame(0.0, height);
            let frame = Rect { y: 30.0 + i as f64 * (HEIGHT + BETWEEN), height: HEIGHT, ..whole };
            let x = Axis::new("t", Scale::Linear, 0.0, last as f64 + 0.5);
            let x = if i + 1 == drawn.len() { x } else { x.unlabelled() };
            draw_map(&mut drawing, frame, x, map, columns);
            if let Some(t) = run.predicted(Transition::Speciation) {
                let axes = Axes {
                    frame,
                    x: Axis::new("t", Scale::Linear, 0.0, last as f64 + 0.5),
                    y: Axis::new("", Scale::Linear, 0.0, 1.0),
                };
                axes.upright(&mut drawing, t, Stroke::solid(GREY, 1.1).dashed(Dash::Dots));
                if let (0, Some(x)) = (i, axes.x_of(t)) {
                    let style = TextStyle::new(LABEL_SIZE, GREY).aligned(Align::Middle);
                    drawing.text((x, frame.y - 5.0), format!("t_S = {t:.0}"), style);
                }
            }
        }
        Ok(Some(drawing))
    }
}

/// The exact law whose trajectories are in the table.
fn reference(rows: &[ObservableRow]) -> &str {
    let is = |row: &&ObservableRow| row.model == "law" || row.model == "mixture";
    rows.iter().find(is).map_or("", |row| &row.model)
}

/// (x, density) of every bin, by t.
type Columns = BTreeMap<usize, Vec<(f64, f64)>>;

fn columns(rows: &[ObservableRow], map: &Map<'_>) -> Columns {
    let mut columns = Columns::new();
    for row in rows.iter().filter(|row| row.model == map.model && row.quantity == map.quantity) {
        if let (Some(t), Some(x)) = (row.t, row.x) {
            columns.entry(t).or_default().push((x, row.value));
        }
    }
    columns
}

fn draw_map(drawing: &mut Drawing, frame: Rect, x: Axis, map: &Map<'_>, columns: &Columns) {
    let centres: Vec<f64> = columns.values().flat_map(|column| column.iter().map(|(x, _)| *x)).collect();
    let Some((low, high)) = crate::plot::axes::bounds(centres) else { return };
    let bins = columns.values().map(Vec::len).max().unwrap_or(1).max(2);
    let half = 0.5 * (high - low) / (bins - 1) as f64;
    let name = if map.quantity == "density" { "M" } else { "m̂" };
    let axes = Axes { frame, x, y: Axis::new(name, Scale::Linear, low - half, high + half).with_ticks(5) };
    let last = columns.keys().next_back().copied().unwrap_or(1);
    let (width, height) = (frame.width.round() as usize, frame.height.round() as usize);
    let mut pixels = Pixels::filled(width, height, shade(0.0));
    for px in 0..width {
        let t = (px as f64 + 0.5) / width as f64 * (last as f64 + 0.5);
        let Some(column) = nearest(columns, t) else { continue };
        let top = column.iter().map(|(_, density)| *density).fold(0.0, f64::max);
        for py in 0..height {
            let bin = ((height - 1 - py) * column.len() / height).min(column.len() - 1);
            let share = if top > 0.0 { column[bin].1 / top } else { 0.0 };
            let (r, g, b) = shade(share);
            let at = 3 * (py * width + px);
            pixels.rgb[at..at + 3].copy_from_slice(&[r, g, b]);
        }
    }
    axes.draw(drawing);
    drawing.image((frame.x, frame.y), pixels, frame.width / width as f64);
    // The image lies over the inner half of the frame.
    drawing.outline(frame, Stroke::solid(INK, 0.8));
    drawing.text((frame.x, frame.y - 5.0), map.title, TextStyle::new(LABEL_SIZE, INK));
}

/// The column whose t is nearest; the earlier of two.
fn nearest(columns: &Columns, t: f64) -> Option<&Vec<(f64, f64)>> {
    let distance = |key: usize| (key as f64 - t).abs();
    let nearer = |a, b: &usize| if distance(*b) < distance(a) { *b } else { a };
    let first = *columns.keys().next()?;
    columns.get(&columns.keys().fold(first, nearer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_are_gathered_by_t_and_found_by_the_nearest() {
        let row = |t, x, value| ObservableRow {
            t: Some(t),
            x: Some(x),
            ..ObservableRow::timeless("machines", "density", value)
        };
        let rows = [row(10, -1.0, 0.2), row(10, 1.0, 0.3), row(20, -1.0, 0.5)];
        let map = Map { model: "machines", quantity: "density", title: "" };
        let found = columns(&rows, &map);
        assert_eq!(found[&10], [(-1.0, 0.2), (1.0, 0.3)]);
        assert_eq!(nearest(&found, 14.9), Some(&found[&10]));
        assert_eq!(nearest(&found, 15.1), Some(&found[&20]));
        assert!(columns(&rows, &Map { model: "law", ..map }).is_empty());
    }
}
