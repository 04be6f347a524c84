//! Directions resolved at t.

use super::curves::{Curve, Curves, Look, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREEN, GREY, INK, Rgb};

const fn model(quantity: &'static str, label: &'static str, color: Rgb) -> Curve {
    Curve::of_all(Whose::Own, quantity, label, Look::measured(color, Marker::Disc))
}

const fn exact(quantity: &'static str) -> Curve {
    Curve::of_all(Whose::Reference, quantity, "exact law", Look::theory(INK, Dash::Solid))
}

pub(super) static LOCAL_DIMENSION: Curves = Curves {
    name: "local_dimension",
    reading: "The number of directions in which the data are resolved at t: d times the MSE, and the trace of I − √D J, which an exact score has equal on average; the participation number of the same matrix; below, the share of what the best affine predictor misses that the nonlinear part carries, which sets in at speciation.",
    observable: "local_dimension",
    panels: &[
        Panel {
            y: "d MSE, tr (I − √D J)",
            range: Range::Log,
            levels: &[],
            curves: &[
                exact("d_mse"),
                Curve::of_all(Whose::Named("gaussian"), "d_mse", "Wiener", Look::theory(GREY, Dash::Long)),
                model("d_mse", "model", BLUE),
                model("degrees_of_freedom", "model, tr (I − √D J)", GREEN),
            ],
        },
        Panel {
            y: "participation number",
            range: Range::Log,
            levels: &[],
            curves: &[exact("participation"), model("participation", "model", BLUE)],
        },
        Panel {
            y: "nonlinear power",
            range: Range::Linear,
            levels: &[0.0],
            curves: &[exact("nonlinear_power"), model("nonlinear_power", "model", BLUE)],
        },
    ],
    transitions: &[Transition::Speciation, Transition::Collapse],
};
