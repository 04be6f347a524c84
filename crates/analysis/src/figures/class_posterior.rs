//! Speciation read off the exact posterior of the class.

use super::curves::{Curve, Curves, Look, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREEN, INK, ORANGE};

/// The laws and the closed form, for one quantity.
const fn laws(quantity: &'static str) -> [Curve; 5] {
    [
        Curve::of_all(
            Whose::Named("equal_gaussians"),
            quantity,
            "two equal Gaussians of the same κ",
            Look::theory(INK, Dash::Mixed),
        ),
        // One of the two: the law of a run without training, or the one beside its machines.
        Curve::of_all(Whose::Own, quantity, "exact law", Look::measured(BLUE, Marker::Disc)),
        Curve::of_all(Whose::Reference, quantity, "exact law", Look::measured(BLUE, Marker::Disc)),
        Curve::of_all(
            Whose::Named("empirical_train"),
            quantity,
            "training set as law",
            Look::measured(ORANGE, Marker::Square),
        ),
        Curve::of_all(
            Whose::Named("empirical_test"),
            quantity,
            "test set as law",
            Look::measured(GREEN, Marker::Triangle),
        ),
    ]
}

pub(super) static CLASS_POSTERIOR: Curves = Curves {
    name: "class_posterior",
    reading: "Exact posteriors of the class at noised test samples over t: agreement φ of two clones, class entropy H, its growth per step, and the variances of the surprisal of the true class and of the entropy; the speciation time is where φ crosses 0.7752 and where the fluctuations peak; at small t the few test samples that a law gets wrong make any variance of the surprisal.",
    observable: "class_posterior",
    panels: &[
        Panel { y: "φ", range: Range::Fixed(0.47, 1.03), levels: &[0.775_200_245_4], curves: &laws("phi") },
        Panel { y: "H(c|x), nats", range: Range::Linear, levels: &[], curves: &laws("class_entropy") },
        Panel { y: "dH/dt, nats a step", range: Range::Linear, levels: &[], curves: &laws("class_entropy_rate") },
        Panel {
            y: "Var[−ln p(c|x)]", range: Range::Fixed(0.0, 0.5), levels: &[], curves: &laws("surprisal_variance")
        },
        Panel { y: "Var h", range: Range::Linear, levels: &[], curves: &laws("entropy_variance") },
    ],
    transitions: &[Transition::Speciation],
};
