//! kappa_t and what it predicts.

use super::curves::{Curve, Curves, Look, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, INK, ORANGE};

const fn line(quantity: &'static str, label: &'static str, look: Look) -> Curve {
    Curve::of_all(Whose::Named("data"), quantity, label, look)
}

pub(super) static KAPPA: Curves = Curves {
    name: "kappa",
    reading: "The class signal-to-noise ratio κ of the data's moments and A Λ over t; the speciation time is where they pass through 1.",
    observable: "kappa",
    panels: &[Panel {
        y: "signal-to-noise ratio",
        range: Range::Log,
        levels: &[1.0],
        curves: &[
            line("kappa", "κ, linear discriminant", Look::theory(BLUE, Dash::Solid)),
            line("kappa_along_means", "κ along the class means", Look::theory(ORANGE, Dash::Long)),
            line("alpha_bar_top_variance", "A Λ", Look::theory(INK, Dash::Mixed)),
        ],
    }],
    transitions: &[Transition::Speciation],
};
