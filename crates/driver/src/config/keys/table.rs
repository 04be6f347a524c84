//! The table itself: to add a key, add it here, to `raw.rs` (type and default), `experiment.rs`, `build.rs` and `write.rs`.

use super::super::choices::{
    Decay, Device, ExactLaw, LawWord, LossWord, ModelWord, Offline, Skip, Source, StopWord, VarianceWord, WarmStartWord,
};
use super::{Key, Kind, Range, Requirement};

/// More rows or samples than this do not fit into the memory of a workstation.
const MOST_ROWS: i64 = 100_000_000;
/// The widest hidden layer and the most data dimensions: matrices of this side still fit into memory.
const WIDEST: i64 = 65_536;

const fn key(path: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { path, kind, required: false, goes_with: None, doc }
}

impl Key {
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn goes_with(self, key: &'static str, words: &'static [&'static str]) -> Self {
        Self { goes_with: Some(Requirement { key, words }), ..self }
    }
}

/// More epochs than this no machine is trained for.
const MOST_EPOCHS: i64 = 1_000_000;

/// The choice of `model.kind` that is trained.
const MACHINES: &[&str] = &["machines"];

/// At least `min`.
const fn from(min: i64) -> Kind {
    Kind::Int { min, max: i64::MAX }
}

/// Rows of data or samples, at least `min`.
const fn rows(min: i64) -> Kind {
    Kind::Int { min, max: MOST_ROWS }
}

/// All keys; those of a section stand together.
pub(super) static KEYS: &[Key] = &[
    key(
        "name",
        Kind::Text,
        "Name of the run and of its results folder: letters, digits, _, - and . (default: the file's name without .toml).",
    ),
    key("purpose", Kind::Text, "What the experiment is for, shown at the head of its report."),
    key(
        "seed",
        from(0),
        "Seed of every random stream; two runs with the same settings and seed agree in every number.",
    ),
    key("data.source", Kind::Choice(Source::WORDS), "The data set to learn.").required(),
    key(
        "data.dir",
        Kind::Path,
        "Folder of the data files, only read; mnist is also looked for in the user's cache, where it is fetched to.",
    )
    .goes_with("data.source", &["mnist", "mnist_csv"]),
    key("data.digits", Kind::IntList { min: 0, max: 9 }, "The digits to keep, by label.")
        .goes_with("data.source", &["mnist", "mnist_csv", "synthetic_digits"]),
    key(
        "data.train_limit",
        rows(1),
        "Training images kept after the choice of digits, in file order (default: all); for generated data the number \
         generated (default: swiss_roll 10000, gaussian_mixture 10000, curie_weiss 10000, synthetic_digits 12500).",
    ),
    key(
        "data.test_limit",
        rows(1),
        "Test images kept after the choice of digits, in file order (default: all); for generated data the number \
         generated (default: swiss_roll 2000, gaussian_mixture 2000, curie_weiss 2000, synthetic_digits 2100).",
    ),
    key(
        "data.offline",
        Kind::Choice(Offline::WORDS),
        "What to do when MNIST is neither on disk nor can be fetched: stop, or use the synthetic digits instead.",
    )
    .goes_with("data.source", &["mnist"]),
    key(
        "data.mirrors",
        Kind::TextList,
        "Addresses to fetch MNIST from, tried in this order (default: a built-in list).",
    )
    .goes_with("data.source", &["mnist"]),
    key(
        "data.noise",
        Kind::Float(Range::NOT_NEGATIVE),
        "Standard deviation of the Gaussian noise added to each point of the roll, in the units of its coordinates.",
    )
    .goes_with("data.source", &["swiss_roll"]),
    key(
        "data.dim",
        Kind::Int { min: 1, max: WIDEST },
        "Dimension d of the symmetric mixture of N(m, std^2 I) and N(-m, std^2 I) with equal weights; give it together \
         with data.mean_norm2, or give data.means.",
    )
    .goes_with("data.source", &["gaussian_mixture"]),
    key("data.mean_norm2", Kind::Float(Range::NOT_NEGATIVE), "Squared length |m|^2 of the means +m and -m.")
        .goes_with("data.source", &["gaussian_mixture"]),
    key("data.means", Kind::FloatMatrix, "Mean of each component of the mixture, all of the same dimension.")
        .goes_with("data.source", &["gaussian_mixture"]),
    key(
        "data.weights",
        Kind::FloatList(Range::POSITIVE),
        "Weight of each component in data.means, divided by their sum (default: equal).",
    )
    .goes_with("data.source", &["gaussian_mixture"]),
    key(
        "data.std",
        Kind::Float(Range::NOT_NEGATIVE),
        "Standard deviation of every component along every axis; 0 for components that are points.",
    )
    .goes_with("data.source", &["gaussian_mixture"]),
    key("data.spins", Kind::Int { min: 1, max: WIDEST }, "N, the spins of a sample a in {-1, 1}^N.")
        .goes_with("data.source", &["curie_weiss"]),
    key(
        "data.coupling",
        Kind::Float(Range::POSITIVE),
        "b of p(a) ~ exp(b (sum_i a_i)^2 / 2N): the inverse temperature, ordered above 1.",
    )
    .goes_with("data.source", &["curie_weiss"]),
    key(
        "schedule.law",
        Kind::Choice(LawWord::WORDS),
        "How the noise rate beta_t depends on t: linear (Ho et al. 2020), cosine (Nichol and Dhariwal 2021, eq. 17), \
         constant.",
    ),
    key("schedule.timesteps", Kind::Int { min: 1, max: 100_000 }, "T, the number of timesteps and of machines."),
    key("schedule.beta_start", Kind::Float(Range::OPEN_UNIT), "beta_1 of the linear law; beta of the constant law.")
        .goes_with("schedule.law", &["linear", "constant"]),
    key("schedule.beta_end", Kind::Float(Range::OPEN_UNIT), "beta_T of the linear law.")
        .goes_with("schedule.law", &["linear"]),
    key(
        "model.kind",
        Kind::Choice(ModelWord::WORDS),
        "What predicts the noise: machines that are trained, or an exact denoiser that is not.",
    ),
    key(
        "model.law",
        Kind::Choice(ExactLaw::WORDS),
        "The law whose exact denoiser it is: that of the data (two_gaussians, two_deltas, curie_weiss, spiral, each with \
         its data.source), or one made from the training set (wiener, gaussian, mixture, empirical).",
    )
    .goes_with("model.kind", &["exact"]),
    key("model.hidden", Kind::Int { min: 1, max: WIDEST }, "Units of the hidden layer of each machine.")
        .goes_with("model.kind", MACHINES),
    key(
        "model.skip",
        Kind::Choice(Skip::WORDS),
        "The part of eps_hat linear in x beside the hidden layer: none, one trained scalar, or the closed-form best \
         affine predictor.",
    )
    .goes_with("model.kind", MACHINES),
    key("train.epochs", Kind::Int { min: 1, max: MOST_EPOCHS }, "Passes over the training data for each machine.")
        .goes_with("model.kind", MACHINES),
    key("train.batch", from(1), "Training images in one step of Adam, at most the number of training images.")
        .goes_with("model.kind", MACHINES),
    key(
        "train.learning_rate",
        Kind::FloatOrKnots(Range::POSITIVE),
        "Step size of Adam: one number, or [t, rate] knots of a piecewise linear law over t, constant beyond its ends.",
    )
    .goes_with("model.kind", MACHINES),
    key("train.decay", Kind::Choice(Decay::WORDS), "How the learning rate falls over the epochs.")
        .goes_with("model.kind", MACHINES),
    key(
        "train.loss",
        Kind::Choice(LossWord::WORDS),
        "Weight of the squared error on eps: 1 (Ho et al. 2020, eq. 14) or that of the variational bound (eq. 12).",
    )
    .goes_with("model.kind", MACHINES),
    key(
        "train.warm_start",
        Kind::Choice(WarmStartWord::WORDS),
        "neighbour: only anchors start from initial weights, every other machine from its trained neighbour t - 1 or \
         t + 1 on the way to the nearest anchor, so that finer chains need fewer epochs.",
    )
    .goes_with("model.kind", MACHINES),
    key(
        "train.anchor_spacing",
        Kind::Int { min: 1, max: 100_000 },
        "Anchors are t = T, T - anchor_spacing, T - 2 anchor_spacing, ...",
    )
    .goes_with("train.warm_start", &["neighbour"]),
    key(
        "train.warm_epochs",
        Kind::Int { min: 1, max: MOST_EPOCHS },
        "Passes over the training data for a machine that starts from its neighbour (default: train.epochs).",
    )
    .goes_with("train.warm_start", &["neighbour"]),
    key(
        "train.validation",
        rows(0),
        "Training images held out at random: never trained on, their loss is measured on noise that is the same in \
         every epoch.",
    )
    .goes_with("model.kind", MACHINES),
    key(
        "train.evaluate_every",
        Kind::Int { min: 1, max: MOST_EPOCHS },
        "The losses are measured after every so many epochs and after the last; train.stop looks at measured losses only.",
    )
    .goes_with("model.kind", MACHINES),
    key(
        "train.stop",
        Kind::Choice(StopWord::WORDS),
        "What ends a machine's training early: plateau, the validation loss no longer falls, and the machine of the \
         lowest one is kept; test_variance, the last six test losses vary by less than train.tolerance (the thesis's \
         rule, which looks at the test set).",
    )
    .goes_with("model.kind", MACHINES),
    key(
        "train.patience",
        Kind::Int { min: 1, max: MOST_EPOCHS },
        "Measurements without an improvement that end the training.",
    )
    .goes_with("train.stop", &["plateau"]),
    key(
        "train.min_improvement",
        Kind::Float(Range { min: 0.0, max: 1.0, min_allowed: true, max_allowed: false }),
        "Relative fall of the validation loss below that of the last improvement that counts as the next one.",
    )
    .goes_with("train.stop", &["plateau"]),
    key(
        "train.tolerance",
        Kind::Float(Range::POSITIVE),
        "Variance of the last six test losses below which the training ends, in units of the squared MSE.",
    )
    .goes_with("train.stop", &["test_variance"]),
    key("sample.count", rows(0), "Samples to draw through the whole chain once training is done."),
    key(
        "sample.variance",
        Kind::Choice(VarianceWord::WORDS),
        "Variance of the reverse step: that of the posterior q(x_{t-1} | x_t, x_0), or beta_t (Ho et al. 2020, section \
         3.2).",
    ),
    key("sample.stride", from(1), "Timesteps taken in one reverse step, at most schedule.timesteps."),
    key(
        "analysis.observables",
        Kind::Observables,
        "What is measured once there are samples: names of observables, groups of them, or all (default: nothing).",
    ),
    key(
        "analysis.trajectories",
        rows(2),
        "N, the trajectories of an estimate; those that start from test samples are as many as there are, at most.",
    ),
    key(
        "analysis.times",
        Kind::Int { min: 1, max: 100_000 },
        "Timesteps at which observables that run chains are measured, evenly spread up to T.",
    ),
    key(
        "analysis.resamples",
        Kind::Int { min: 1, max: 1_000_000 },
        "Resamples of the trajectories from which the 95% intervals are taken.",
    ),
    key(
        "figures.reconstruction_t",
        from(1),
        "Timestep to which test images are noised and from which they are reconstructed (default: 0.55 T, rounded).",
    ),
    key("run.device", Kind::Choice(Device::WORDS), "What trains the machines."),
];
