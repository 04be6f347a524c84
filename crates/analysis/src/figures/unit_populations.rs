//! The work of local and of dense units over t.

use super::curves::{Curve, Curves, Look, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREY, INK, ORANGE, Rgb, VERMILION};

const fn measured(quantity: &'static str, label: &'static str, color: Rgb) -> Curve {
    Curve::of_all(Whose::Own, quantity, label, Look::measured(color, Marker::Disc))
}

const fn line(whose: Whose, quantity: &'static str, label: &'static str, color: Rgb, dash: Dash) -> Curve {
    Curve::of_all(whose, quantity, label, Look::theory(color, dash))
}

pub(super) static UNIT_POPULATIONS: Curves = Curves {
    name: "unit_populations",
    reading: "Who takes the error off: squared errors of the skip alone, with the dense units, with the local ones and with both, beside the best affine predictor; the local units' share of the work by Shapley values, where the net takes off 1% or more; mean squares of what each population adds to ε̂. Where the share crosses ½ the structure that the machines know turns from local to global.",
    observable: "unit_populations",
    panels: &[
        Panel {
            y: "MSE(ε̂)",
            range: Range::Log,
            levels: &[],
            curves: &[
                line(Whose::Named("gaussian"), "error_skip", "Wiener", INK, Dash::Long),
                line(Whose::Own, "error_skip", "skip alone", GREY, Dash::Solid),
                line(Whose::Own, "error_dense", "with dense units", ORANGE, Dash::Solid),
                line(Whose::Own, "error_local", "with local units", BLUE, Dash::Solid),
                line(Whose::Own, "error_both", "with both", VERMILION, Dash::Solid),
            ],
        },
        Panel {
            y: "share of the local units",
            range: Range::AtLeast(-0.05, 1.05),
            levels: &[0.5],
            curves: &[measured("local_share", "local units", BLUE)],
        },
        Panel {
            y: "mean squares",
            range: Range::Log,
            levels: &[],
            curves: &[measured("power_local", "local units", BLUE), measured("power_dense", "dense units", ORANGE)],
        },
    ],
    transitions: &[Transition::Speciation],
};
