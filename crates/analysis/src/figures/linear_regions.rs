//! Activation patterns in use at t.

use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, INK, ORANGE, Rgb};

const fn curve(quantity: &'static str, group: &'static str, label: &'static str, color: Rgb) -> Curve {
    let look = Look::measured(color, Marker::Disc);
    Curve { whose: Whose::Own, quantity, of: Of::Group(group), label, look }
}

const fn dead(group: &'static str, label: &'static str, color: Rgb) -> Curve {
    let look = Look::theory(color, Dash::Dots);
    Curve { whose: Whose::Own, quantity: "dead_share", of: Of::Group(group), label, look }
}

const DATA: &str = "noised data";
const CHAIN: &str = "reverse chain";

pub(super) static LINEAR_REGIONS: Curves = Curves {
    name: "linear_regions",
    reading: "Activation patterns of the hidden units at noised data and along the reverse chain: the share of active units, against that under Gaussian states of the same covariance; the mean entropy of a unit; distinct patterns as a share of the states (1: every state in a linear region of its own), with the share of units that no state activates.",
    observable: "linear_regions",
    panels: &[
        Panel {
            y: "active units",
            range: Range::Linear,
            levels: &[],
            curves: &[
                Curve {
                    whose: Whose::Named("gaussian"),
                    quantity: "active_share",
                    of: Of::Group("all"),
                    label: "Gaussian states",
                    look: Look::theory(INK, Dash::Long),
                },
                curve("active_share", "data", DATA, BLUE),
                curve("active_share", "chain", CHAIN, ORANGE),
            ],
        },
        Panel {
            y: "bits a unit",
            range: Range::Fixed(0.0, 1.02),
            levels: &[],
            curves: &[curve("pattern_bits", "data", DATA, BLUE), curve("pattern_bits", "chain", CHAIN, ORANGE)],
        },
        Panel {
            y: "shares",
            range: Range::Fixed(-0.03, 1.05),
            levels: &[],
            curves: &[
                curve("region_share", "data", DATA, BLUE),
                curve("region_share", "chain", CHAIN, ORANGE),
                dead("data", "dead units, noised data", BLUE),
                dead("chain", "dead units, reverse chain", ORANGE),
            ],
        },
    ],
    transitions: &[Transition::Speciation, Transition::Collapse],
};
