//! The table itself: to add a key, add it here, to `raw.rs` (type and default), `experiment.rs`, `build.rs` and `write.rs`.

use super::super::choices::{
    Decay, Device, ExactLaw, LawWord, LossWord, ModelWord, Offline, Rule, Skip, Source, StopWord, VarianceWord,
    WarmStartWord,
};
use super::{Key, Kind, Range, Requirement};

/// More rows or samples than this do not fit into the memory of a workstation.
const MOST_ROWS: i64 = 100_000_000;
/// The widest hidden layer and the most data dimensions: matrices of this side still fit into memory.
const WIDEST: i64 = 65_536;

const fn key(path: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { path, kind, required: false, goes_with: None, doc, words: &[], example: None }
}

impl Key {
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn goes_with(self, key: &'static str, words: &'static [&'static str]) -> Self {
        Self { goes_with: Some(Requirement { key, words }), ..self }
    }

    const fn words(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }

    const fn example(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }
}

/// More epochs than this no machine is trained for.
const MOST_EPOCHS: i64 = 1_000_000;

/// The choices of `model.kind` that are trained and have a hidden layer over the timesteps.
const MACHINES: &[&str] = &["machines", "conditioned"];
/// Those that are trained.
const TRAINED: &[&str] = &["machines", "conditioned", "sigmoid", "regression"];

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
    )
    .example(r#""wide""#),
    key("purpose", Kind::Text, "What the experiment is for, shown at the head of its report.")
    .example(r#""Twice the hidden units""#),
    key(
        "seed",
        from(0),
        "Seed of every random stream; two runs with the same settings and seed agree in every number.",
    )
    .example("7"),
    key("data.source", Kind::Choice(Source::WORDS), "The data set to learn.").required()
    .words(Source::ABOUT)
    .example(r#""mnist""#),
    key(
        "data.dir",
        Kind::Path,
        "Folder of the data files, only read; mnist is also looked for in the user's cache, where it is fetched to.",
    )
    .goes_with("data.source", &["mnist", "mnist_csv"])
    .example(r#""mnist""#),
    key("data.digits", Kind::IntList { min: 0, max: 9 }, "The digits to keep, by label.")
        .goes_with("data.source", &["mnist", "mnist_csv", "synthetic_digits"])
    .example("[1, 3]"),
    key(
        "data.train_limit",
        rows(1),
        "Training images kept after the choice of digits, in file order (default: all); for generated data the number \
         generated (default: swiss_roll 10000, gaussian_mixture 10000, curie_weiss 10000, cubic 1000, synthetic_digits 12500).",
    )
    .example("12500"),
    key(
        "data.test_limit",
        rows(1),
        "Test images kept after the choice of digits, in file order (default: all); for generated data the number \
         generated (default: swiss_roll 2000, gaussian_mixture 2000, curie_weiss 2000, cubic 1001, synthetic_digits 2100).",
    )
    .example("2100"),
    key(
        "data.offline",
        Kind::Choice(Offline::WORDS),
        "What to do when MNIST is neither on disk nor can be fetched: stop, or use the synthetic digits instead.",
    )
    .goes_with("data.source", &["mnist"])
    .words(Offline::ABOUT)
    .example(r#""synthetic_digits""#),
    key(
        "data.mirrors",
        Kind::TextList,
        "Addresses to fetch MNIST from, tried in this order (default: a built-in list).",
    )
    .goes_with("data.source", &["mnist"])
    .example(r#"["https://example.org/mnist"]"#),
    key(
        "data.noise",
        Kind::Float(Range::NOT_NEGATIVE),
        "Standard deviation of the Gaussian noise added to each point of the roll, or to y of each point of the cubic, in the units of \
         the coordinates.",
    )
    .goes_with("data.source", &["swiss_roll", "cubic"])
    .example("0.05"),
    key(
        "data.dim",
        Kind::Int { min: 1, max: WIDEST },
        "Dimension d of the symmetric mixture of N(m, std^2 I) and N(-m, std^2 I) with equal weights; give it together \
         with data.mean_norm2, or give data.means.",
    )
    .goes_with("data.source", &["gaussian_mixture"])
    .example("64"),
    key("data.mean_norm2", Kind::Float(Range::NOT_NEGATIVE), "Squared length |m|^2 of the means +m and -m.")
        .goes_with("data.source", &["gaussian_mixture"])
    .example("16.0"),
    key("data.means", Kind::FloatMatrix, "Mean of each component of the mixture, all of the same dimension.")
        .goes_with("data.source", &["gaussian_mixture"])
    .example("[[2.0, 0.0], [-2.0, 0.0]]"),
    key(
        "data.weights",
        Kind::FloatList(Range::POSITIVE),
        "Weight of each component in data.means, divided by their sum (default: equal).",
    )
    .goes_with("data.source", &["gaussian_mixture"])
    .example("[0.7, 0.3]"),
    key(
        "data.std",
        Kind::Float(Range::NOT_NEGATIVE),
        "Standard deviation of every component along every axis; 0 for components that are points.",
    )
    .goes_with("data.source", &["gaussian_mixture"])
    .example("0.5"),
    key("data.spins", Kind::Int { min: 1, max: WIDEST }, "N, the spins of a sample a in {-1, 1}^N.")
        .goes_with("data.source", &["curie_weiss"])
    .example("64"),
    key(
        "data.coupling",
        Kind::Float(Range::POSITIVE),
        "b of p(a) ~ exp(b (sum_i a_i)^2 / 2N): the inverse temperature, ordered above 1.",
    )
    .goes_with("data.source", &["curie_weiss"])
    .example("1.2"),
    key(
        "schedule.law",
        Kind::Choice(LawWord::WORDS),
        "How the noise rate beta_t depends on t: linear (Ho et al. 2020), cosine (Nichol and Dhariwal 2021, eq. 17), \
         constant.",
    )
    .words(LawWord::ABOUT)
    .example(r#""cosine""#),
    key("schedule.timesteps", Kind::Int { min: 1, max: 100_000 }, "T, the number of timesteps and of machines.")
    .example("100"),
    key("schedule.beta_start", Kind::Float(Range::OPEN_UNIT), "beta_1 of the linear law, at most schedule.beta_end; beta of the constant law.")
        .goes_with("schedule.law", &["linear", "constant"])
    .example("1e-3"),
    key("schedule.beta_end", Kind::Float(Range::OPEN_UNIT), "beta_T of the linear law.")
        .goes_with("schedule.law", &["linear"])
    .example("0.2"),
    key(
        "model.kind",
        Kind::Choice(ModelWord::WORDS),
        "What predicts the noise: machines that are trained, with a hidden layer, one a timestep or one for all, or as one layer \
         of sigmoids a timestep, or an exact denoiser that is not; or, without any noise to predict, a regression.",
    )
    .words(ModelWord::ABOUT)
    .example(r#""exact""#),
    key(
        "model.law",
        Kind::Choice(ExactLaw::WORDS),
        "The law whose exact denoiser it is: that of the data (two_gaussians, two_deltas, curie_weiss, spiral, each with \
         its data.source), or one made from the training set (wiener, gaussian, mixture, empirical).",
    )
    .goes_with("model.kind", &["exact"])
    .words(ExactLaw::ABOUT)
    .example(r#""mixture""#),
    key("model.hidden", Kind::Int { min: 1, max: WIDEST }, "Units of the hidden layer of each machine, or of the one for all timesteps.")
        .goes_with("model.kind", &["machines", "conditioned", "regression"])
    .example("400"),
    key(
        "model.skip",
        Kind::Choice(Skip::WORDS),
        "The part of eps_hat linear in x beside the hidden layer: none, one trained scalar, or the closed-form best \
         affine predictor, as it is or with a gain for each principal axis that is trained on; one machine for all timesteps has \
         none.",
    )
    .goes_with("model.kind", MACHINES)
    .words(Skip::ABOUT)
    .example(r#""none""#),
    key(
        "model.axes",
        Kind::Int { min: 1, max: WIDEST },
        "The leading principal axes of the data that the units of model.hidden see and correct; what lies along the others is \
         left to the skip and to local units.  Where the noise hides the finer axes, many units on few axes learn more than few \
         units on all, at the same cost (default: all).",
    )
    .goes_with("model.skip", &["wiener", "diagonal"])
    .example("150"),
    key(
        "model.local",
        Kind::Local,
        "Local units beside those of model.hidden in the same hidden layer: at every pixel of an image channels units, each of \
         which sees and writes the kernel x kernel patch around it through weights that all pixels share (default: none).",
    )
    .goes_with("model.kind", MACHINES)
    .example("{ kernel = 5, channels = 32 }"),
    key(
        "train.epochs",
        Kind::Int { min: 1, max: MOST_EPOCHS },
        "Passes over the training data for each machine; one machine for all timesteps makes T times as many, those of the T \
         machines together, and is measured when each of them would be.",
    )
        .goes_with("model.kind", TRAINED)
    .example("20"),
    key(
        "train.effort",
        Kind::FloatOrKnots(Range::UNIT),
        "The share of train.epochs, or of train.warm_epochs, that the machine of t is trained for, rounded, at least one epoch: one number, or [t, share] \
         knots of a piecewise linear law over t, constant beyond its ends.",
    )
    .goes_with("model.kind", MACHINES)
    .example("[[1, 0.1], [20, 0.1], [21, 1.0]]"),
    key("train.batch", from(1), "Training images in one step, at most as many as there are (data.train_limit) less those of train.validation.")
        .goes_with("model.kind", TRAINED)
    .example("100"),
    key(
        "train.learning_rate",
        Kind::FloatOrKnots(Range::POSITIVE),
        "Step size of Adam, or of plain gradient descent for layers of sigmoids: one number, or [t, rate] knots of a piecewise linear law over t, constant beyond its ends.",
    )
    .goes_with("model.kind", TRAINED)
    .example("[[1, 8e-3], [100, 4e-3]]"),
    key(
        "train.local_rate",
        Kind::Float(Range::POSITIVE),
        "What train.learning_rate is multiplied by for the local units of model.local and for the gains of model.skip = diagonal, \
         few weights whose gradients are sums over many pixels or belong to one axis alone.",
    )
    .goes_with("model.kind", MACHINES)
    .example("5.0"),
    key("train.decay", Kind::Choice(Decay::WORDS), "How the learning rate falls over the epochs.")
        .goes_with("model.kind", TRAINED)
    .words(Decay::ABOUT)
    .example(r#""none""#),
    key(
        "train.rule",
        Kind::Choice(Rule::WORDS),
        "By what a layer of sigmoids is moved, with plain gradient descent: W += rate mean x^T e over the batch, e = eps - eps_hat \
         (delta), or that times the slope (1 - eps_hat^2) / 2 of the sigmoid (gradient).",
    )
    .goes_with("model.kind", &["sigmoid"])
    .words(Rule::ABOUT)
    .example(r#""delta""#),
    key(
        "train.loss",
        Kind::Choice(LossWord::WORDS),
        "Weight of the squared error on eps: 1 (Ho et al. 2020, eq. 14), that of the variational bound (eq. 12), or that of the \
         thesis's program, which mixed up the names in the latter; a constant of each machine's loss, which Adam all but \
         divides out.",
    )
    .goes_with("model.kind", MACHINES)
    .words(LossWord::ABOUT)
    .example(r#""variational""#),
    key(
        "train.warm_start",
        Kind::Choice(WarmStartWord::WORDS),
        "neighbour: only anchors start from initial weights, every other machine from its trained neighbour t - 1 or \
         t + 1 on the way to the nearest anchor, so that finer chains need fewer epochs.",
    )
    .goes_with("model.kind", MACHINES)
    .words(WarmStartWord::ABOUT)
    .example(r#""neighbour""#),
    key(
        "train.anchor_spacing",
        Kind::Int { min: 1, max: 100_000 },
        "Anchors are t = T, T - anchor_spacing, T - 2 anchor_spacing, ...",
    )
    .goes_with("train.warm_start", &["neighbour"])
    .example("5"),
    key(
        "train.warm_epochs",
        Kind::Int { min: 1, max: MOST_EPOCHS },
        "Passes over the training data for a machine that starts from its neighbour (default: train.epochs).",
    )
    .goes_with("train.warm_start", &["neighbour"])
    .example("3"),
    key(
        "train.validation",
        rows(0),
        "Training images held out at random: never trained on, their loss is measured on noise that is the same in \
         every epoch.",
    )
    .goes_with("model.kind", &["machines", "conditioned", "sigmoid"])
    .example("500"),
    key(
        "train.evaluate_every",
        Kind::Int { min: 1, max: MOST_EPOCHS },
        "The losses are measured after every so many epochs and after the last; train.stop looks at measured losses only.",
    )
    .goes_with("model.kind", TRAINED)
    .example("5"),
    key(
        "train.stop",
        Kind::Choice(StopWord::WORDS),
        "What ends a machine's training early: plateau, the validation loss no longer falls, and the machine of the \
         lowest one is kept, which needs images of train.validation; test_variance, the last six test losses vary by less than \
         train.tolerance. With minimum all epochs are trained and the machine of the lowest test loss is kept. These two are \
         the thesis's rules and look at the test set: their test losses are not those of unseen data.",
    )
    .goes_with("model.kind", MACHINES)
    .words(StopWord::ABOUT)
    .example(r#""plateau""#),
    key(
        "train.patience",
        Kind::Int { min: 1, max: MOST_EPOCHS },
        "Measurements without an improvement that end the training.",
    )
    .goes_with("train.stop", &["plateau"])
    .example("10"),
    key(
        "train.min_improvement",
        Kind::Float(Range { min: 0.0, max: 1.0, min_allowed: true, max_allowed: false }),
        "Relative fall of the validation loss below that of the last improvement that counts as the next one.",
    )
    .goes_with("train.stop", &["plateau"])
    .example("1e-4"),
    key(
        "train.tolerance",
        Kind::Float(Range::POSITIVE),
        "Variance of the last six test losses below which the training ends, in units of the squared MSE.",
    )
    .goes_with("train.stop", &["test_variance"])
    .example("1e-5"),
    key("sample.count", rows(0), "Samples to draw through the whole chain once training is done.")
    .example("2000"),
    key(
        "sample.variance",
        Kind::Choice(VarianceWord::WORDS),
        "Variance of the reverse step: that of the posterior q(x_{t-1} | x_t, x_0), or beta_t (Ho et al. 2020, section 3.2), or \
         the covariance of q(x_{t-1} | x_t), which the others leave out or put in all directions alike (Bao et al. 2022).",
    )
    .words(VarianceWord::ABOUT)
    .example(r#""beta""#),
    key(
        "sample.return_variance",
        Kind::Choice(VarianceWord::WORDS),
        "As sample.variance, for chains that start from a given x_t, those of the reconstructions (default: \
         sample.variance); observables take sample.variance for all of theirs, so that U-turns and clones are of one chain.",
    )
    .words(VarianceWord::ABOUT)
    .example(r#""posterior""#),
    key("sample.stride", from(1), "Timesteps taken in one reverse step, at most schedule.timesteps.")
    .example("2"),
    key(
        "sample.noiseless_steps",
        Kind::Int { min: 0, max: 100_000 },
        "Reverse steps at the end of the chain that add no noise, at most schedule.timesteps: 1 in Ho et al. 2020, 0 for noise \
         in the last step too (that of the posterior variance is 0 there), more for a smoother end; observables leave it at 1.",
    )
    .example("0"),
    key(
        "analysis.observables",
        Kind::Observables,
        "What is measured once there are samples: names of observables, groups of them, or all (default: nothing).",
    )
    .example(r#"["speciation", "kappa"]"#),
    key(
        "analysis.trajectories",
        rows(2),
        "N, the trajectories of an estimate; those that start from test samples are as many as there are, at most.",
    )
    .example("400"),
    key(
        "analysis.times",
        Kind::Int { min: 1, max: 100_000 },
        "Timesteps at which observables that run chains are measured, evenly spread up to T.",
    )
    .example("12"),
    key(
        "analysis.resamples",
        Kind::Int { min: 1, max: 1_000_000 },
        "Resamples of the trajectories from which the 95% intervals are taken.",
    )
    .example("200"),
    key(
        "figures.reconstruction_t",
        Kind::IntOrList { min: 1, max: i64::MAX },
        "Timesteps u to which test and training images are noised and from which they are reconstructed: one, or an \
         increasing list of at most 8, each at most schedule.timesteps (default: 0.3 T, 0.5 T, 0.575 T, \
         0.65 T and 0.84 T, rounded).",
    )
    .example("[30, 55, 84]"),
    key(
        "figures.reconstruction_images",
        Kind::Int { min: 0, max: 1_000 },
        "Test images, and as many training images, each reconstructed ten times from every u to count how many \
         reconstructions change class; 0 for none.",
    )
    .example("50"),
    key(
        "run.device",
        Kind::Choice(Device::WORDS),
        "What trains the machines; one machine for all timesteps is trained on the host, by one thread.",
    )
    .words(Device::ABOUT)
    .example(r#""host""#),
    key(
        "run.save_seconds",
        Kind::Float(Range::NOT_NEGATIVE),
        "Seconds of training after which a machine's state is saved, so that an interrupted run goes on inside its \
         training; 0 saves after every epoch.",
    )
    .example("5.0"),
];
