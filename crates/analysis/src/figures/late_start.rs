//! Samples of chains that start late.

use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREEN, GREY, ORANGE, PURPLE, SKY};

const fn share(whose: Whose, quantity: &'static str, label: &'static str, look: Look) -> Curve {
    Curve { whose, quantity, of: Of::EachClass, label, look }
}

pub(super) static LATE_START: Curves = Curves {
    name: "late_start",
    reading: "Fréchet distance to the test set and class shares of samples whose chain starts at s from N(0, I) (about the mean of the data, or about x = 0) or from the Gaussian of pₛ: above the speciation time the start does not matter, below it N(0, I) fails first.",
    observable: "late_start",
    panels: &[
        Panel {
            y: "FD₅₀",
            range: Range::Log,
            levels: &[],
            curves: &[
                Curve::of_all(
                    Whose::Named("data"),
                    "frechet_50",
                    "as many real samples",
                    Look::theory(GREY, Dash::Dots),
                ),
                Curve::of_all(
                    Whose::Reference,
                    "frechet_50_from_gaussian",
                    "reference from the Gaussian of pₛ",
                    Look::measured(PURPLE, Marker::OpenSquare),
                ),
                Curve::of_all(
                    Whose::Reference,
                    "frechet_50_from_noise",
                    "reference from N(0, I)",
                    Look::measured(GREEN, Marker::Triangle),
                ),
                Curve::of_all(
                    Whose::Reference,
                    "frechet_50_from_pixel_noise",
                    "reference from N(0, I) of the pixels",
                    Look { dash: Dash::Dots, ..Look::measured(GREEN, Marker::TriangleDown) },
                ),
                Curve::of_all(
                    Whose::Own,
                    "frechet_50_from_pixel_noise",
                    "model from N(0, I) of the pixels",
                    Look { dash: Dash::Dots, ..Look::measured(SKY, Marker::OpenDisc) },
                ),
                Curve::of_all(
                    Whose::Own,
                    "frechet_50_from_gaussian",
                    "model from the Gaussian of pₛ",
                    Look::measured(ORANGE, Marker::Square),
                ),
                Curve::of_all(
                    Whose::Own,
                    "frechet_50_from_noise",
                    "model from N(0, I)",
                    Look::measured(BLUE, Marker::Disc),
                ),
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
                    Look { dash: Dash::Long, ..Look::measured(ORANGE, Marker::Square) },
                ),
                share(Whose::Own, "class_share_from_noise", "N(0, I), class", Look::measured(BLUE, Marker::Disc)),
            ],
        },
    ],
    transitions: &[Transition::Speciation],
};
