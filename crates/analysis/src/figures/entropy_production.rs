//! The thermodynamics of the forward process.

use super::curves::{Curve, Curves, Look, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREEN, GREY, INK};

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
                Curve::of_all(GAUSSIAN, "entropy_production", "Gaussian", Look::theory(INK, Dash::Mixed)),
                Curve::of_all(Whose::Reference, "entropy_production", "reference", REFERENCE),
                Curve::of_all(Whose::Own, "entropy_production", "model", Look::measured(BLUE, Marker::Disc)),
            ],
        },
        Panel {
            y: "KL per coordinate (nats)",
            range: Range::Log,
            levels: &[],
            curves: &[
                Curve::of_all(GAUSSIAN, "kl_to_normal", "Gaussian", Look::theory(INK, Dash::Mixed)),
                Curve::of_all(Whose::Reference, "kl_to_normal", "reference", REFERENCE),
                Curve::of_all(Whose::Own, "kl_to_normal", "model", Look::measured(BLUE, Marker::Disc)),
            ],
        },
        Panel {
            y: "path length from t to T",
            range: Range::Linear,
            levels: &[],
            curves: &[
                Curve::of_all(
                    GAUSSIAN,
                    "transport_distance",
                    "Gaussian, straight distance W₂(pₜ, p_T)",
                    Look::theory(GREY, Dash::Dots),
                ),
                Curve::of_all(GAUSSIAN, "transport_length", "Gaussian", Look::theory(INK, Dash::Mixed)),
                Curve::of_all(Whose::Reference, "transport_length", "reference", REFERENCE),
                Curve::of_all(Whose::Own, "transport_length", "model", Look::measured(BLUE, Marker::Disc)),
            ],
        },
    ],
    transitions: &[Transition::Speciation, Transition::Collapse],
};
