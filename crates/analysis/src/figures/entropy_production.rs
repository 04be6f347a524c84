//! The thermodynamics of the forward process.

use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREEN, GREY, INK};

const fn curve(whose: Whose, quantity: &'static str, label: &'static str, look: Look) -> Curve {
    Curve { whose, quantity, of: Of::Group("all"), label, look }
}

const REFERENCE: Look = Look { dash: Dash::Long, ..Look::measured(GREEN, Marker::Triangle) };
const GAUSSIAN: Whose = Whose::Named("gaussian");

pub(super) static ENTROPY_PRODUCTION: Curves = Curves {
    name: "entropy_production",
    reading: "Entropy that a step of the forward process produces, the free energy KL(pₜ ‖ N(0, I)) that is left, and the length of the path of pₜ in the 2-Wasserstein metric against the straight distance, below which no path is.",
    observable: "entropy_production",
    panels: &[
        Panel {
            y: "σₜ per coordinate (nats)",
            range: Range::Log,
            levels: &[],
            curves: &[
                curve(GAUSSIAN, "entropy_production", "Gaussian", Look::theory(INK, Dash::Mixed)),
                curve(Whose::Reference, "entropy_production", "reference", REFERENCE),
                curve(Whose::Own, "entropy_production", "model", Look::measured(BLUE, Marker::Disc)),
            ],
        },
        Panel {
            y: "KL per coordinate (nats)",
            range: Range::Log,
            levels: &[],
            curves: &[
                curve(GAUSSIAN, "kl_to_normal", "Gaussian", Look::theory(INK, Dash::Mixed)),
                curve(Whose::Reference, "kl_to_normal", "reference", REFERENCE),
                curve(Whose::Own, "kl_to_normal", "model", Look::measured(BLUE, Marker::Disc)),
            ],
        },
        Panel {
            y: "path length from t to T",
            range: Range::Linear,
            levels: &[],
            curves: &[
                curve(
                    GAUSSIAN,
                    "transport_distance",
                    "Gaussian, straight distance W₂(pₜ, p_T)",
                    Look::theory(GREY, Dash::Dots),
                ),
                curve(GAUSSIAN, "transport_length", "Gaussian", Look::theory(INK, Dash::Mixed)),
                curve(Whose::Reference, "transport_length", "reference", REFERENCE),
                curve(Whose::Own, "transport_length", "model", Look::measured(BLUE, Marker::Disc)),
            ],
        },
    ],
    transitions: &[Transition::Speciation, Transition::Collapse],
};
