//! The settings that are one word out of a few: each enum is also the list of words that the key table allows, and its
//! documentation is what users read of each word.

use std::fmt;

use model::SkipKind;
use schedule::{LossWeight, ReverseVariance};
use serde::{Deserialize, Serialize};
use train::Stop;

/// Declares an enum whose variants are the allowed words of a key.
macro_rules! choice {
    ($(#[$meta:meta])* $vis:vis $name:ident { $($(#[doc = $about:literal])+ $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        $vis enum $name {
            $($(#[doc = $about])+ #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// The words of all variants, as written in a file.
            $vis const WORDS: &'static [&'static str] = &[$($word),+];
            /// What each word means, in the order of the words.
            $vis const ABOUT: &'static [&'static str] = &[$(concat!($($about),+)),+];
            /// All variants, in the order of the words.
            #[allow(dead_code, reason = "not every choice is gone through")]
            $vis const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word of this variant, as written in a file.
            $vis fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

choice! {
    /// Which data set to learn (`data.source`).
    pub Source {
        /// MNIST handwritten digits from the IDX files, fetched when absent.
        Mnist = "mnist",
        /// MNIST as `label, 784 pixels` CSV files in a folder.
        MnistCsv = "mnist_csv",
        /// Two-dimensional Swiss roll.
        SwissRoll = "swiss_roll",
        /// Mixture of isotropic Gaussians, for which the exact denoiser is known.
        GaussianMixture = "gaussian_mixture",
        /// Spins that all couple to each other, a law with a phase transition of its own.
        CurieWeiss = "curie_weiss",
        /// A cubic on an interval, with noise on its values: what a regression is fitted to.
        Cubic = "cubic",
        /// Digits drawn by this program, for machines without a network.
        SyntheticDigits = "synthetic_digits",
    }
}

choice! {
    /// What to do when MNIST is neither on disk nor can be fetched (`data.offline`).
    pub Offline {
        /// Stop with an error.
        Error = "error",
        /// Use the synthetic digits instead.
        SyntheticDigits = "synthetic_digits",
    }
}

choice! {
    /// The words of `model.kind`.
    pub(crate) ModelWord {
        /// One trained autoencoder a timestep.
        Machines = "machines",
        /// One trained machine for all timesteps, with t/T as an input, on the budget of the T machines.
        Conditioned = "conditioned",
        /// One layer of sigmoids a timestep: eps_hat = 2 (sigmoid(W x + b) - 1/2).
        Sigmoid = "sigmoid",
        /// A denoiser known in closed form.
        Exact = "exact",
        /// No diffusion: one machine of one input and one output, fitted to a cubic.
        Regression = "regression",
    }
}

choice! {
    /// The law whose exact denoiser takes the machines' place (`model.law`).
    pub ExactLaw {
        /// The best affine predictor: the Gaussian of the training set's moments.
        Wiener = "wiener",
        /// The same Gaussian with its density and its posterior.
        Gaussian = "gaussian",
        /// One Gaussian a class, fitted to the training set.
        Mixture = "mixture",
        /// The training set itself: the memoriser.
        Empirical = "empirical",
        /// N(m, s2 I) and N(-m, s2 I) with equal weights, the law of the symmetric Gaussian mixture.
        TwoGaussians = "two_gaussians",
        /// +1 and -1 with equal weights.
        TwoDeltas = "two_deltas",
        /// The law of the Curie-Weiss spins.
        CurieWeiss = "curie_weiss",
        /// The Swiss roll's curve.
        Spiral = "spiral",
    }
}

choice! {
    /// The part of eps_hat that is linear in x and stands beside the hidden layer (`model.skip`).
    pub Skip {
        /// None: the hidden layer does everything.
        None = "none",
        /// A trained scalar c_t x (Cui, Krzakala, Vanden-Eijnden and Zdeborova 2024).
        Learned = "learned",
        /// The closed-form best affine predictor of eps, not trained.
        Wiener = "wiener",
        /// A trained gain for each principal axis, started at the best affine predictor.
        Diagonal = "diagonal",
    }
}

choice! {
    /// By what a layer of sigmoids is moved (`train.rule`).
    pub Rule {
        /// x^T (eps - eps_hat), without the slope of the sigmoid (Widrow and Hoff 1960).
        Delta = "delta",
        /// The gradient of (eps - eps_hat)^2 / 2.
        Gradient = "gradient",
    }
}

impl Skip {
    /// The same in the model's words.
    pub fn kind(self) -> SkipKind {
        match self {
            Self::None => SkipKind::None,
            Self::Learned => SkipKind::Learned,
            Self::Wiener => SkipKind::Wiener,
            Self::Diagonal => SkipKind::Diagonal,
        }
    }
}

choice! {
    /// How the learning rate falls over the epochs (`train.decay`).
    pub Decay {
        /// Constant over the epochs.
        None = "none",
        /// Half a cosine from the rate to 0 (Loshchilov and Hutter 2017, eq. 5, without restarts).
        Cosine = "cosine",
    }
}

choice! {
    /// The words of `train.warm_start`.
    pub(crate) WarmStartWord {
        /// Every machine from initial weights.
        None = "none",
        /// From a trained neighbour, but for the anchors.
        Neighbour = "neighbour",
    }
}

choice! {
    /// The words of `train.stop`.
    pub(crate) StopWord {
        /// All epochs.
        None = "none",
        /// Until the validation loss no longer falls.
        Plateau = "plateau",
        /// All epochs, and the one of the lowest test loss is kept.
        Minimum = "minimum",
        /// Until the test losses no longer vary.
        TestVariance = "test_variance",
    }
}

impl LossWord {
    /// The word of a weight.
    pub(crate) fn of(loss: LossWeight) -> Self {
        match loss {
            LossWeight::Simple => Self::Simple,
            LossWeight::Variational => Self::Variational,
            LossWeight::Accidental => Self::Accidental,
        }
    }
}

impl StopWord {
    /// The word of a rule.
    pub(crate) fn of(stop: Stop) -> Self {
        match stop {
            Stop::None => Self::None,
            Stop::Plateau { .. } => Self::Plateau,
            Stop::Minimum => Self::Minimum,
            Stop::TestVariance { .. } => Self::TestVariance,
        }
    }
}

choice! {
    /// What the machines are trained on (`run.device`).
    pub Device {
        /// CPU, one machine a thread, kernels of this workspace.
        Host = "host",
        /// CPU, stacked machines through burn's ndarray backend.
        Ndarray = "ndarray",
        /// NVIDIA GPU, stacked machines through burn's CUDA backend.
        Cuda = "cuda",
        /// As `cuda`, with the noise drawn on the host, to the bits of its own engine: slower, for comparisons.
        CudaHostNoise = "cuda_host_noise",
        /// `cuda` where there is one, else `host`.
        Auto = "auto",
    }
}

choice! {
    /// The words of `schedule.law`.
    pub(crate) LawWord {
        /// Straight line in beta.
        Linear = "linear",
        /// Squared cosine in alpha_bar.
        Cosine = "cosine",
        /// One beta.
        Constant = "constant",
    }
}

choice! {
    /// The words of `train.loss`.
    pub(crate) LossWord {
        /// Weight 1.
        Simple = "simple",
        /// Weight of the variational bound.
        Variational = "variational",
        /// The weight alpha_t / (2 sigma_t^4 alpha_bar_t), sigma_t^2 the posterior variance, that the thesis's program used: Ho's
        /// with alpha, alpha_bar and beta unpacked in the wrong order and the variance squared once more.
        Accidental = "accidental",
    }
}

choice! {
    /// The words of `sample.variance`.
    pub(crate) VarianceWord {
        /// Variance of q(x_{t-1} | x_t, x_0).
        Posterior = "posterior",
        /// beta_t.
        Beta = "beta",
        /// The covariance of q(x_{t-1} | x_t), from the slope of the denoiser along the noise: two answers a step.
        Optimal = "optimal",
    }
}

impl VarianceWord {
    /// The word of a reverse variance.
    pub(crate) fn of(variance: ReverseVariance) -> Self {
        match variance {
            ReverseVariance::Posterior => Self::Posterior,
            ReverseVariance::Beta => Self::Beta,
            ReverseVariance::Optimal => Self::Optimal,
        }
    }

    /// The reverse variance of a word.
    pub(crate) fn variance(self) -> ReverseVariance {
        match self {
            Self::Posterior => ReverseVariance::Posterior,
            Self::Beta => ReverseVariance::Beta,
            Self::Optimal => ReverseVariance::Optimal,
        }
    }
}

choice! {
    /// How the axes of a sweep are combined (`sweep.mode`).
    pub SweepMode {
        /// Every value of each with every value of the others.
        Grid = "grid",
        /// The first values of all, the second values of all, ...
        Zip = "zip",
    }
}
