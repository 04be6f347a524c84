//! How many U-turns a class survives.

use super::curves::{Curve, Curves, Look, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREY, INK, ORANGE, SKY};

pub(super) static ITERATED_UTURNS: Curves = Curves {
    name: "iterated_uturns",
    reading: "Number τ of U-turns at t after which a sample has forgotten its class, on a logarithmic axis: it diverges below t_S; theory is τ = −1/ln q for flips without memory, a model whose samples drift away from the data as U-turns are repeated has τ below the value of its first U-turn.",
    observable: "iterated_uturns",
    panels: &[Panel {
        y: "τ in U-turns",
        range: Range::Log,
        levels: &[1.0],
        curves: &[
            Curve::of_all(Whose::Named("data"), "tau_of_kappa", "two Gaussians at κ", Look::theory(GREY, Dash::Long)),
            Curve::of_all(Whose::Reference, "tau_posterior", "exact posterior", Look::theory(INK, Dash::Solid)),
            Curve::of_all(Whose::Own, "tau_posterior", "exact posterior", Look::theory(INK, Dash::Solid)),
            Curve::of_all(Whose::Own, "tau_one_step", "model, one U-turn", Look::measured(SKY, Marker::OpenDisc)),
            Curve::of_all(Whose::Reference, "tau_class", "exact law", Look::measured(ORANGE, Marker::OpenSquare)),
            Curve::of_all(Whose::Own, "tau_class", "model", Look::measured(BLUE, Marker::Disc)),
        ],
    }],
    transitions: &[Transition::Speciation],
};
