//! Multipliers of the class axis over t.

use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREY, INK, Rgb, VERMILION};

const fn line(whose: Whose, quantity: &'static str, label: &'static str, color: Rgb, dash: Dash) -> Curve {
    Curve::of_all(whose, quantity, label, Look::theory(color, dash))
}

const fn model(quantity: &'static str) -> Curve {
    line(Whose::Own, quantity, "model", BLUE, Dash::Solid)
}

const fn exact(quantity: &'static str) -> Curve {
    line(Whose::Reference, quantity, "exact law", INK, Dash::Solid)
}

/// Where 1/2 + λ = 0.
const DRIFT: Curve = line(Whose::Named("data"), "drift_threshold", "½ + λ = 0", VERMILION, Dash::Dots);
const GAUSSIAN: Curve = line(Whose::Named("gaussian"), "max_multiplier", "one Gaussian", GREY, Dash::Long);

/// An average over draws of the noise.
const TYPICAL: Curve = Curve {
    whose: Whose::Own,
    quantity: "typical_multiplier",
    of: Of::Group("all"),
    label: "model, mean over noise",
    look: Look::measured(BLUE, Marker::Disc),
};

pub(super) static STABILITY: Curves = Curves {
    name: "stability",
    reading: "The multiplier 1 + Dλ of z → √A x̂₀(z) along the class axis, from exact Jacobians: above 1 (λ > 0) the classes push apart; at its largest on the line between the class means, in every direction where both classes are equally likely, and at typical noisy states around the line; a single Gaussian stays below 1.",
    observable: "stability",
    panels: &[
        Panel {
            y: "1 + Dλ, class line",
            range: Range::Log,
            levels: &[1.0],
            curves: &[exact("max_multiplier"), model("max_multiplier"), GAUSSIAN, DRIFT],
        },
        Panel {
            y: "1 + Dλ₁ at p = ½",
            range: Range::Log,
            levels: &[1.0],
            curves: &[exact("top_multiplier_at_half"), model("top_multiplier_at_half"), DRIFT],
        },
        Panel {
            y: "1 + Dλ, typical states",
            range: Range::Log,
            levels: &[1.0],
            curves: &[exact("typical_multiplier"), TYPICAL, GAUSSIAN, DRIFT],
        },
    ],
    transitions: &[Transition::Speciation],
};
