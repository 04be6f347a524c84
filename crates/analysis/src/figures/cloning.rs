//! phi_C and phi_U over t, with theory under them.

use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREY, INK, ORANGE, SKY};

const TRAINING: Curve = Curve {
    whose: Whose::Own,
    quantity: "phi_u_train",
    of: Of::Group("train"),
    label: "model, from training samples",
    look: Look::measured(SKY, Marker::OpenDisc),
};

/// The curves of a panel: theory, U-turns from training samples, the exact law's chain, the model's chain.
const fn agreement(quantity: &'static str) -> [Curve; 6] {
    [
        TRAINING,
        Curve::of_all(Whose::Named("data"), "phi_of_kappa", "two Gaussians at κ", Look::theory(GREY, Dash::Long)),
        Curve::of_all(Whose::Reference, "phi_posterior", "exact posterior", Look::theory(INK, Dash::Solid)),
        Curve::of_all(Whose::Own, "phi_posterior", "exact posterior", Look::theory(INK, Dash::Solid)),
        Curve::of_all(Whose::Reference, quantity, "exact law, chain", Look::measured(ORANGE, Marker::OpenSquare)),
        Curve::of_all(Whose::Own, quantity, "model, chain", Look::measured(BLUE, Marker::Disc)),
    ]
}

const fn classes(quantity: &'static str) -> [Curve; 1] {
    let look = Look::measured(BLUE, Marker::Triangle);
    [Curve { whose: Whose::Own, quantity, of: Of::EachClass, label: "model, class", look }]
}

const LEVELS: &[f64] = &[0.775_200_245_4];

pub(super) static CLONING: Curves = Curves {
    name: "cloning",
    reading: "Probability φ_C that two reverse trajectories which share their path until t end in the same class, over t, of all pairs and by the class of the first; the class is decided where φ_C passes through 0.7752 (dash-dotted).",
    observable: "cloning",
    panels: &[
        Panel { y: "φ_C, all pairs", range: Range::AtLeast(0.45, 1.02), levels: LEVELS, curves: &agreement("phi_c") },
        Panel { y: "φ_C by class", range: Range::AtLeast(0.3, 1.03), levels: LEVELS, curves: &classes("phi_c") },
    ],
    transitions: &[Transition::Speciation],
};

pub(super) static UTURN: Curves = Curves {
    name: "uturn",
    reading: "Probability φ_U that a test sample (and a training sample) noised to t and brought back keeps its class, and 1 − φ_U by the class it began with; below t_S the class survives, above it is drawn anew.",
    observable: "uturn",
    panels: &[
        Panel {
            y: "φ_U, all samples", range: Range::AtLeast(0.45, 1.02), levels: LEVELS, curves: &agreement("phi_u")
        },
        Panel {
            y: "class flips 1 − φ_U",
            range: Range::AtLeast(-0.03, 0.7),
            levels: &[1.0 - 0.775_200_245_4],
            curves: &classes("class_flip"),
        },
    ],
    transitions: &[Transition::Speciation],
};
