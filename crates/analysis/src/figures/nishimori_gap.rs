//! U-turns against clones: zero for an exact reverse process.

use super::curves::{Curve, Curves, Panel, Range};
use crate::observables::Transition;

pub(super) static NISHIMORI_GAP: Curves = Curves {
    name: "nishimori_gap",
    reading: "U-turns minus clones, G = φ_U − φ_C of classes and the same of overlaps, over t with 95% intervals; both are 0 (dash-dotted) where the reverse process is the Bayesian inverse of the forward one for the law of the data.",
    observable: "nishimori_gap",
    panels: &[
        Panel { y: "G = φ_U − φ_C", range: Range::Linear, levels: &[0.0], curves: &Curve::of_both("gap") },
        Panel { y: "G_o = o_U − o_C", range: Range::Linear, levels: &[0.0], curves: &Curve::of_both("overlap_gap") },
    ],
    transitions: &[Transition::Speciation],
};
