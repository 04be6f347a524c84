//! U-turns against clones: zero for an exact reverse process.

use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::palette::{BLUE, ORANGE};

const fn gaps(quantity: &'static str) -> [Curve; 2] {
    let of = Of::Group("all");
    let (square, disc) = (Look::measured(ORANGE, Marker::OpenSquare), Look::measured(BLUE, Marker::Disc));
    [
        Curve { whose: Whose::Reference, quantity, of, label: "exact law", look: square },
        Curve { whose: Whose::Own, quantity, of, label: "model", look: disc },
    ]
}

pub(super) static NISHIMORI_GAP: Curves = Curves {
    name: "nishimori_gap",
    reading: "U-turns minus clones, G = φ_U − φ_C of classes and the same of overlaps, over t with 95% intervals; both are 0 (dash-dotted) where the reverse process is the Bayesian inverse of the forward one for the law of the data.",
    observable: "nishimori_gap",
    panels: &[
        Panel { y: "G = φ_U − φ_C", range: Range::Linear, levels: &[0.0], curves: &gaps("gap") },
        Panel { y: "G_o = o_U − o_C", range: Range::Linear, levels: &[0.0], curves: &gaps("overlap_gap") },
    ],
    transitions: &[Transition::Speciation],
};
