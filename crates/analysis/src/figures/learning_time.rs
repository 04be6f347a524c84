//! Epochs that each machine needed.

use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::palette::{BLUE, GREEN, ORANGE, PURPLE};

const fn curve(quantity: &'static str, group: &'static str, look: Look) -> Curve {
    Curve { whose: Whose::Own, quantity, of: Of::Group(group), label: group, look }
}

const fn both(quantity: &'static str) -> [Curve; 2] {
    [
        curve(quantity, "train", Look::measured(ORANGE, Marker::OpenSquare)),
        curve(quantity, "test", Look::measured(BLUE, Marker::Disc)),
    ]
}

pub(super) static LEARNING_TIME: Curves = Curves {
    name: "learning_time",
    reading: "Epochs until the loss of a machine is within a tenth of its final loss (above), and until nine tenths of what it improves on its start are learned (middle, where that is 2% or more); below, where there are two classes, epochs until the gain towards the right class and the offset between the classes stay within 0.02 of their final values.",
    observable: "learning_time",
    panels: &[
        Panel { y: "epochs to 1.1 × final", range: Range::Linear, levels: &[], curves: &both("learning_time") },
        Panel { y: "epochs to 9/10 learned", range: Range::Linear, levels: &[], curves: &both("excess_learning_time") },
        Panel {
            y: "epochs to know the classes",
            range: Range::Linear,
            levels: &[],
            curves: &[
                Curve::of_all(Whose::Own, "direction_time", "class direction", Look::measured(GREEN, Marker::Triangle)),
                Curve::of_all(Whose::Own, "weight_time", "class weight", Look::measured(PURPLE, Marker::Diamond)),
            ],
        },
    ],
    transitions: &[Transition::Speciation, Transition::Collapse],
};
