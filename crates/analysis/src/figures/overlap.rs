//! What survives a U-turn, from coarse features to fine ones.

use super::curves::{Curve, Curves, Look, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Rgb, VERMILION};

const fn own(quantity: &'static str, label: &'static str, color: Rgb, marker: Marker) -> Curve {
    Curve::of_all(Whose::Own, quantity, label, Look::measured(color, marker))
}

const FROM_LOSS: &str = "overlap_from_loss";
const RANGE: Range = Range::Fixed(-0.08, 1.04);

pub(super) static OVERLAP: Curves = Curves {
    name: "overlap",
    reading: "Overlap o of a sample with itself after a U-turn at t, 1 where everything survives and 0 where nothing does: of the whole sample beside the value that the losses imply, of bands of principal axes, and of features of images; coarse features outlive fine ones, and the raw cosine, which keeps the mean, never falls to 0.",
    observable: "overlap",
    panels: &[
        Panel {
            y: "o, whole sample",
            range: RANGE,
            levels: &[0.0],
            curves: &[
                Curve::of_all(Whose::Reference, FROM_LOSS, "exact law, from its loss", Look::theory(INK, Dash::Solid)),
                Curve::of_all(Whose::Own, FROM_LOSS, "model, from its loss", Look::theory(BLUE, Dash::Long)),
                Curve::of_all(Whose::Own, "raw_cosine", "model, raw cosine", Look::theory(GREY, Dash::Dots)),
                Curve::of_all(Whose::Reference, "overlap", "exact law", Look::measured(ORANGE, Marker::OpenSquare)),
                own("overlap", "model", BLUE, Marker::Disc),
            ],
        },
        Panel {
            y: "o, principal axes",
            range: RANGE,
            levels: &[0.0],
            curves: &[
                own("overlap_axes_1_to_10", "axes 1–10", VERMILION, Marker::Triangle),
                own("overlap_axes_11_to_50", "axes 11–50", GREEN, Marker::Diamond),
                own("overlap_axes_51_to_200", "axes 51–200", PURPLE, Marker::TriangleDown),
                own("overlap_axes_from_201", "axes from 201", GREY, Marker::OpenDisc),
            ],
        },
        Panel {
            y: "o, features of images",
            range: RANGE,
            levels: &[0.0],
            curves: &[
                own("overlap_features", "classifier's features", VERMILION, Marker::Square),
                own("overlap_patch_means", "means of 4 × 4 patches", GREEN, Marker::Disc),
                own("overlap_within_patches", "within patches", PURPLE, Marker::OpenSquare),
            ],
        },
    ],
    transitions: &[Transition::Speciation],
};
