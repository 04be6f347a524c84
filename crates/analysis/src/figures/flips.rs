//! The pixels that change in a U-turn.

use super::curves::{Curve, Curves, Panel, Range};
use crate::observables::Transition;

pub(super) static FLIPS: Curves = Curves {
    name: "flips",
    reading: "Black-and-white pixels that a U-turn at t changes: the susceptibility χ, the number of pixels that change together (1 for independent ones), which peaks where the class is decided, and the share of pixels that change.",
    observable: "flips",
    panels: &[
        Panel {
            y: "susceptibility χ",
            range: Range::Linear,
            levels: &[],
            curves: &Curve::of_both("flip_susceptibility"),
        },
        Panel { y: "flipped pixels", range: Range::Linear, levels: &[0.0], curves: &Curve::of_both("flips") },
    ],
    transitions: &[Transition::Speciation],
};
