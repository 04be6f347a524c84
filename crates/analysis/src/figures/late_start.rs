//! Samples of chains that start late.

use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREEN, GREY, ORANGE, PURPLE};

const fn curve(whose: Whose, quantity: &'static str, label: &'static str, look: Look) -> Curve {
    Curve { whose, quantity, of: Of::Group("all"), label, look }
}

const fn share(whose: Whose, quantity: &'static str, label: &'static str, look: Look) -> Curve {
    Curve { whose, quantity, of: Of::EachClass, label, look }
}

pub(super) static LATE_START: Curves = Curves {
    name: "late_start",
    reading: "Fréchet distance to the test set and class shares of samples whose chain starts at s from N(0, I) or from the Gaussian of pₛ: above the speciation time the start does not matter, below it N(0, I) fails first.",
    observable: "late_start",
    panels: &[
        Panel {
            y: "FD₅₀",
            range: Range::Log,
            levels: &[],
            curves: &[
                curve(Whose::Named("data"), "frechet_50", "as many real samples", Look::theory(GREY, Dash::Dots)),
                curve(
                    Whose::Reference,
                    "frechet_50_from_gaussian",
                    "reference from the Gaussian of pₛ",
                    Look::measured(PURPLE, Marker::OpenSquare),
                ),
                curve(
                    Whose::Reference,
                    "frechet_50_from_noise",
                    "reference from N(0, I)",
                    Look::measured(GREEN, Marker::Triangle),
                ),
                curve(
                    Whose::Own,
                    "frechet_50_from_gaussian",
                    "model from the Gaussian of pₛ",
                    Look::measured(ORANGE, Marker::Square),
                ),
                curve(Whose::Own, "frechet_50_from_noise", "model from N(0, I)", Look::measured(BLUE, Marker::Disc)),
            ],
        },
        Panel {
            y: "class share of the model",
            range: Range::Fixed(0.0, 1.0),
            levels: &[],
            curves: &[
                share(Whose::Named("data"), "class_share", "training set, class", Look::theory(GREY, Dash::Dots)),
                share(
                    Whose::Own,
                    "class_share_from_gaussian",
                    "Gaussian of pₛ, class",
                    Look::measured(ORANGE, Marker::Square),
                ),
                share(Whose::Own, "class_share_from_noise", "N(0, I), class", Look::measured(BLUE, Marker::Disc)),
            ],
        },
    ],
    transitions: &[Transition::Speciation],
};
