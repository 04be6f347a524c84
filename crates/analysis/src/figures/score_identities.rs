//! Identities that every score obeys.

use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::palette::{BLUE, GREEN};

const fn panel(y: &'static str, curves: &'static [Curve]) -> Panel {
    Panel { y, range: Range::Linear, levels: &[0.0], curves }
}

const fn both(quantity: &'static str) -> [Curve; 2] {
    [
        Curve {
            whose: Whose::Reference,
            quantity,
            of: Of::Group("all"),
            label: "reference",
            look: Look::measured(GREEN, Marker::Triangle),
        },
        Curve {
            whose: Whose::Own,
            quantity,
            of: Of::Group("all"),
            label: "model",
            look: Look::measured(BLUE, Marker::Disc),
        },
    ]
}

pub(super) static SCORE_IDENTITIES: Curves = Curves {
    name: "score_identities",
    reading: "Relative violations of what holds for the score of the data, on noised test samples: zero within the band (95%) is a calibrated machine, and a violation of the third panel alone is a field that is no gradient of a density.",
    observable: "score_identities",
    panels: &[
        panel("E s", &both("mean_score")),
        panel("E x·s + d", &both("virial")),
        panel("E div s + E|s|²", &both("divergence")),
        panel("E|ε̂|² − d(1 − MSE)", &both("orthogonality")),
    ],
    transitions: &[Transition::Speciation, Transition::Collapse],
};
