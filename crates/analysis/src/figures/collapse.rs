//! Collapse of the memoriser, of the machines, and its prediction.

use super::curves::{Curve, Curves, Look, Of, Panel, Range, Whose};
use crate::observables::Transition;
use crate::plot::axes::Marker;
use crate::plot::drawing::Dash;
use crate::plot::palette::{BLUE, GREEN, INK, ORANGE, PURPLE};

const MEMORISER: Whose = Whose::Named("empirical_train");

const fn curve(whose: Whose, quantity: &'static str, of: Of, label: &'static str, look: Look) -> Curve {
    Curve { whose, quantity, of, label, look }
}

/// All training samples, the classes, and test samples.
const fn groups(quantity: &'static str) -> [Curve; 3] {
    [
        curve(MEMORISER, quantity, Of::EachClass, "class", Look::theory(BLUE, Dash::Long)),
        curve(MEMORISER, quantity, Of::Group("test"), "from test samples", Look::measured(GREEN, Marker::Triangle)),
        curve(MEMORISER, quantity, Of::Group("all"), "from training samples", Look::measured(INK, Marker::Disc)),
    ]
}

pub(super) static EMPIRICAL_POSTERIOR: Curves = Curves {
    name: "empirical_posterior",
    reading: "The posterior over training samples given x_t: its entropy over ln n, the participation Y₂ = E Σ w² and the rate at which its heaviest sample is x₀ itself; below the collapse time x_t belongs to one training sample, in each class at a time of its own.",
    observable: "empirical_posterior",
    panels: &[
        Panel {
            y: "H / ln n",
            range: Range::Fixed(-0.04, 1.04),
            levels: &[],
            curves: &[
                curve(
                    Whose::Named("gaussian"),
                    "entropy_share",
                    Of::Group("all"),
                    "Gaussian cloud, 1 − I_G / ln n",
                    Look::theory(PURPLE, Dash::Mixed),
                ),
                groups("entropy_share")[0],
                groups("entropy_share")[1],
                groups("entropy_share")[2],
            ],
        },
        Panel { y: "Y₂", range: Range::Fixed(-0.04, 1.04), levels: &[0.5], curves: &groups("participation") },
        Panel { y: "MAP hit rate", range: Range::Fixed(-0.04, 1.04), levels: &[0.5], curves: &groups("map_hit") },
    ],
    transitions: &[Transition::Collapse],
};

/// The exact law and the run's model.
const fn models(quantity: &'static str) -> [Curve; 2] {
    [
        curve(Whose::Reference, quantity, Of::Group("all"), "exact law", Look::measured(ORANGE, Marker::Square)),
        curve(Whose::Own, quantity, Of::Group("all"), "model", Look::measured(BLUE, Marker::Disc)),
    ]
}

pub(super) static MEMORISATION: Curves = Curves {
    name: "memorisation",
    reading: "Clones that share x_t and end at the same nearest training sample, beside the same of a memoriser, which is Y₂; trajectories whose nearest training sample at t is the one they end at, beside the MAP hit rate of the memoriser; and where U-turns of test samples end: distance d₁ to the nearest training sample, d₁/d₂, and the fraction with d₁/d₂ < 1/3. A model that generalises stays far below the memoriser.",
    observable: "memorisation",
    panels: &[
        Panel {
            y: "φ_c",
            range: Range::Fixed(-0.04, 1.04),
            levels: &[0.5],
            curves: &[
                curve(MEMORISER, "phi_c", Of::Group("all"), "memoriser, Y₂", Look::theory(INK, Dash::Mixed)),
                models("phi_c")[0],
                models("phi_c")[1],
            ],
        },
        Panel {
            y: "nearest settled",
            range: Range::Fixed(-0.04, 1.04),
            levels: &[0.5],
            curves: &[
                curve(
                    MEMORISER,
                    "nearest_settled",
                    Of::Group("all"),
                    "memoriser, MAP hit rate",
                    Look::theory(INK, Dash::Long),
                ),
                models("nearest_settled")[0],
                models("nearest_settled")[1],
            ],
        },
        Panel {
            y: "d₁ after a U-turn", range: Range::Linear, levels: &[], curves: &models("uturn_nearest_distance")
        },
        Panel { y: "d₁ / d₂", range: Range::Linear, levels: &[], curves: &models("uturn_nearest_ratio") },
        Panel { y: "memorised", range: Range::Fixed(-0.04, 1.04), levels: &[], curves: &models("uturn_memorised") },
    ],
    transitions: &[Transition::Collapse],
};

const fn cloud(quantity: &'static str, of: Of, label: &'static str, look: Look) -> Curve {
    curve(Whose::Named("gaussian"), quantity, of, label, look)
}

pub(super) static GAUSSIAN_COLLAPSE: Curves = Curves {
    name: "gaussian_collapse",
    reading: "The information I_G that x_t of a Gaussian cloud carries about x₀, for the covariance of all training samples and of each class, against the logarithm of their number (level lines): the collapse time is where I_G falls below ln n.",
    observable: "gaussian_collapse",
    panels: &[Panel {
        y: "I_G, nats",
        range: Range::Log,
        levels: &[],
        curves: &[
            cloud("ln_n", Of::EachClass, "ln n, class", Look::theory(INK, Dash::Dots)),
            cloud("ln_n", Of::Group("all"), "ln n", Look::theory(INK, Dash::Mixed)),
            cloud("information", Of::EachClass, "I_G, class", Look::theory(INK, Dash::Long)),
            cloud("mean_class_information", Of::Group("all"), "Σ p I of the classes", Look::theory(GREEN, Dash::Solid)),
            cloud("information", Of::Group("all"), "I_G, all", Look::theory(INK, Dash::Solid)),
        ],
    }],
    transitions: &[Transition::Collapse],
};
