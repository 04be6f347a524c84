//! The forward process step by step beside the jump.

use super::Figure;
use super::curves::{Curve, Curves, Look, Panel, Range, Whose};
use crate::observables::ObservableRow;
use crate::plot::axes::{Axes, Axis, Marker, Scale};
use crate::plot::drawing::{Dash, Drawing, Stroke};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREEN, GREY, INK, ORANGE, Rgb, VERMILION};
use crate::{AnalysisError, Run};

const CHAIN: Whose = Whose::Named("chain");
const JUMP: Whose = Whose::Named("jump");
const EXACT: Whose = Whose::Named("exact");

/// 95% of standard normals lie within.
const CENTRAL: f64 = 1.96;
/// Height of the frame of correlations with its legend.
const CORRELATIONS: f64 = 250.0;

/// Both measurements.
const fn ways(quantity: &'static str) -> [Curve; 2] {
    [
        Curve::of_all(JUMP, quantity, "one jump", Look::measured(ORANGE, Marker::OpenSquare)),
        Curve::of_all(CHAIN, quantity, "step by step", Look::measured(BLUE, Marker::Disc)),
    ]
}

/// Both measurements and the exact curve over them.
const fn all(quantity: &'static str) -> [Curve; 3] {
    let [jump, chain] = ways(quantity);
    [jump, chain, Curve::of_all(EXACT, quantity, "exact", Look::theory(INK, Dash::Solid))]
}

static CURVES: Curves = Curves {
    name: "forward_agreement",
    reading: READING,
    observable: "forward_agreement",
    panels: &[
        Panel { y: "variance of xₜ", range: Range::Linear, levels: &[], curves: &all("variance") },
        Panel {
            y: "variance: deviation / s.e.",
            range: Range::Linear,
            levels: &[-CENTRAL, 0.0, CENTRAL],
            curves: &ways("variance_deviation"),
        },
        Panel { y: "mean of xₜ", range: Range::Linear, levels: &[], curves: &all("mean") },
        Panel {
            y: "KS / its 95% quantile",
            range: Range::Linear,
            levels: &[0.0, 1.0],
            curves: &[
                ways("ks")[0],
                ways("ks")[1],
                Curve::of_all(
                    Whose::Named("pair"),
                    "ks",
                    "one from the other",
                    Look::measured(VERMILION, Marker::TriangleDown),
                ),
            ],
        },
    ],
    transitions: &[],
};

const READING: &str = "The forward process taken step by step and in one jump from the same x0: the variance per coordinate on the exact curve, its deviation in standard errors (95% lie between the outer lines), the mean of all coordinates with its 95% band, and Kolmogorov-Smirnov distances of the noise, from N(0, 1) and from each other, over their 95% quantiles (one in twenty may exceed 1), so that the two have one law at every t; below, what only a path has: x_t remembers x_s, where two jumps have only x0 in common. Neighbouring points of a path are correlated.";

pub(super) struct ForwardAgreement;

impl Figure for ForwardAgreement {
    fn name(&self) -> &'static str {
        CURVES.name
    }

    fn reading(&self) -> &'static str {
        CURVES.reading
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(rows) = run.observables.get(CURVES.observable) else { return Ok(None) };
        let correlations: Vec<&ObservableRow> =
            rows.iter().filter(|row| row.quantity.starts_with("correlation")).collect();
        let extra = if correlations.is_empty() { 0.0 } else { CORRELATIONS };
        Ok(CURVES.draw_above(run, page, extra).map(|(mut drawing, x, top)| {
            if !correlations.is_empty() {
                draw_correlations(&mut drawing, &correlations, x, (top, top + extra));
            }
            drawing
        }))
    }
}

/// The correlation of x_t with x_s for each s that was kept, of the path, of jumps, and in theory.
fn draw_correlations(drawing: &mut Drawing, rows: &[&ObservableRow], x: Axis, (top, bottom): (f64, f64)) {
    let mut kept: Vec<f64> = rows.iter().filter_map(|row| row.x).collect();
    kept.sort_by(f64::total_cmp);
    kept.dedup();
    let colors: [Rgb; 3] = [BLUE, GREEN, VERMILION];
    let theory = |dash| Stroke::solid(GREY, 1.2).dashed(dash);
    let entries = kept.iter().zip(colors).map(|(s, color)| Entry::line(format!("s = {s}"), Stroke::solid(color, 1.7)));
    let marks = [
        Entry::marker("steps", Marker::Disc, INK),
        Entry::marker("jumps", Marker::OpenSquare, INK),
        Entry::line("exact, one path", theory(Dash::Solid)),
        Entry::line("exact, jumps", theory(Dash::Long)),
    ];
    let width = Page::WIDTH - Axes::LEFT - Axes::RIGHT;
    let below = legend(drawing, (Axes::LEFT, top + 4.0), width, &entries.chain(marks).collect::<Vec<_>>());
    let axes =
        Axes {
            frame: Axes::page_frame(below, bottom), x, y: Axis::new("corr(xₛ, xₜ)", Scale::Linear, -0.05, 1.05)
        };
    axes.draw(drawing);
    for (&s, color) in kept.iter().zip(colors) {
        let points = |model: &str, quantity: &str| -> Vec<(f64, f64)> {
            let of = |row: &&&ObservableRow| row.x == Some(s) && row.model == model && row.quantity == quantity;
            rows.iter().filter(of).filter_map(|row| Some((row.t? as f64, row.value))).collect()
        };
        let from_itself = |points: Vec<(f64, f64)>| [vec![(s, 1.0)], points].concat();
        axes.line(drawing, &points("exact", "correlation_of_jumps"), theory(Dash::Long));
        axes.line(drawing, &from_itself(points("exact", "correlation")), theory(Dash::Solid));
        axes.markers(drawing, &points("jump", "correlation"), Marker::OpenSquare, color);
        axes.markers(drawing, &points("chain", "correlation"), Marker::Disc, color);
    }
}
