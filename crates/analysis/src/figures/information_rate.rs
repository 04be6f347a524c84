//! Bits per step of the chain.

use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREEN, INK, ORANGE};

const fn curve(whose: Whose, quantity: &'static str, label: &'static str, look: Look) -> Curve {
    Curve { whose, quantity, of: Of::Group("all"), label, look }
}

const GAUSSIAN: Whose = Whose::Named("gaussian");

pub(super) static INFORMATION_RATE: Curves = Curves {
    name: "information_rate",
    reading: "Bits about x₀ that each step decides, the bits I(x₀; xₜ) that xₜ still holds, both from the errors by dI/dγ = mmse/2, and the entropic time, whose discs cut the chain into ten steps of equal information.",
    observable: "information_rate",
    panels: &[
        Panel {
            y: "bits per step",
            range: Range::Log,
            levels: &[],
            curves: &[
                curve(GAUSSIAN, "bits_per_step", "Gaussian", Look::theory(INK, Dash::Mixed)),
                curve(Whose::Reference, "bits_per_step", "reference", Look::measured(GREEN, Marker::Triangle)),
                curve(Whose::Own, "bits_per_step", "model", Look::measured(BLUE, Marker::Disc)),
            ],
        },
        Panel {
            y: "I(x₀; xₜ) in bits",
            range: Range::Log,
            levels: &[],
            curves: &[
                curve(GAUSSIAN, "information", "Gaussian", Look::theory(INK, Dash::Mixed)),
                curve(Whose::Reference, "information", "reference", Look::measured(GREEN, Marker::Triangle)),
                curve(Whose::Own, "information", "model", Look::measured(BLUE, Marker::Disc)),
            ],
        },
        Panel {
            y: "entropic time",
            range: Range::Fixed(-0.03, 1.03),
            levels: &[],
            curves: &[
                curve(GAUSSIAN, "entropic_time", "Gaussian", Look::theory(INK, Dash::Mixed)),
                curve(Whose::Own, "entropic_time", "model", Look::measured(BLUE, Marker::Disc)),
                curve(
                    Whose::Own,
                    "equal_information_step",
                    "equal-information steps of the model",
                    Look::measured(ORANGE, Marker::Disc),
                ),
            ],
        },
    ],
    transitions: &[Transition::Speciation, Transition::Collapse],
};
