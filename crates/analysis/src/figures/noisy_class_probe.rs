//! Speciation read off a probe of the class.

use super::curves::{Curve, Curves, Look, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREEN, INK, ORANGE};

/// H(c | x_t) of two equal Gaussians at kappa = 1, ln 2 - I.
const CRITICAL: f64 = 0.356_316_360_3;

/// The measured curves of one quantity.
const fn measured(quantity: &'static str) -> [Curve; 3] {
    [
        Curve::of_all(Whose::Named("data"), quantity, "probe of noised data", Look::measured(GREEN, Marker::Triangle)),
        Curve::of_all(
            Whose::Reference,
            quantity,
            "probe of the exact law's trajectories",
            Look::measured(ORANGE, Marker::OpenSquare),
        ),
        Curve::of_all(Whose::Own, quantity, "probe of the model's trajectories", Look::measured(BLUE, Marker::Disc)),
    ]
}

/// Two equal Gaussians and the exact law's posterior, that of a run without training or the one beside its machines, with
/// the measured curves over them.
const fn all(quantity: &'static str, of_posterior: &'static str) -> [Curve; 6] {
    let [data, reference, own] = measured(quantity);
    let exact = Look::theory(INK, Dash::Solid);
    [
        Curve::of_all(
            Whose::Named("equal_gaussians"),
            quantity,
            "two equal Gaussians of the same κ",
            Look::theory(INK, Dash::Mixed),
        ),
        Curve::of_all(Whose::Own, of_posterior, "exact law, posterior", exact),
        Curve::of_all(Whose::Reference, of_posterior, "exact law, posterior", exact),
        data,
        reference,
        own,
    ]
}

pub(super) static NOISY_CLASS_PROBE: Curves = Curves {
    name: "noisy_class_probe",
    reading: "What a quadratic logistic probe, fitted at each t and judged on states it has not seen, says of the class that follows from x_t: its cross-entropy, an upper bound of the class entropy H, with the level 0.3563 of κ = 1; its growth per step; the variance of the surprisal, which peaks at the speciation time; and the share of classes it gets right. Probes of the data and of a model's own trajectories agree where the model commits as the data do; lines are exact.",
    observable: "noisy_class_probe",
    panels: &[
        Panel {
            y: "H(c|x), nats",
            range: Range::Linear,
            levels: &[CRITICAL],
            curves: &all("class_entropy", "class_entropy_posterior"),
        },
        Panel {
            y: "dH/dt, nats a step",
            range: Range::Linear,
            levels: &[],
            curves: &all("class_entropy_rate", "class_entropy_rate_posterior"),
        },
        Panel {
            y: "Var[−ln p(c|x)]",
            range: Range::Fixed(0.0, 0.5),
            levels: &[],
            curves: &all("surprisal_variance", "surprisal_variance_posterior"),
        },
        Panel { y: "accuracy", range: Range::Linear, levels: &[], curves: &measured("accuracy") },
    ],
    transitions: &[Transition::Speciation],
};
