//! The pixels that change in a U-turn.

use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::palette::{BLUE, ORANGE};

const fn both(quantity: &'static str) -> [Curve; 2] {
    let of = Of::Group("all");
    let (square, disc) = (Look::measured(ORANGE, Marker::OpenSquare), Look::measured(BLUE, Marker::Disc));
    [
        Curve { whose: Whose::Reference, quantity, of, label: "exact law", look: square },
        Curve { whose: Whose::Own, quantity, of, label: "model", look: disc },
    ]
}

pub(super) static FLIPS: Curves = Curves {
    name: "flips",
    reading: "Black-and-white pixels that a U-turn at t changes: the susceptibility χ, the number of pixels that change together (1 for independent ones), which peaks where the class is decided, and the share of pixels that change.",
    observable: "flips",
    panels: &[
        Panel { y: "susceptibility χ", range: Range::Linear, levels: &[], curves: &both("flip_susceptibility") },
        Panel { y: "flipped pixels", range: Range::Linear, levels: &[0.0], curves: &both("flips") },
    ],
    transitions: &[Transition::Speciation],
};
