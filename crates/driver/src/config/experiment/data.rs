//! What is learnt, one variant a source with exactly the settings that source has.

use std::path::PathBuf;

use super::super::choices::{Offline, Source};

/// The data set and its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// MNIST from its IDX files.
    Mnist {
        /// Folder of the files; `None` for the user's cache folder.
        dir: Option<PathBuf>,
        /// Labels to keep, increasing, at least one.
        digits: Vec<u8>,
        /// How many to keep.
        limits: Limits,
        /// What to do without the files and without a network.
        offline: Offline,
        /// Addresses to fetch from, `http://` or `https://`; empty for the built-in list.
        mirrors: Vec<String>,
    },
    /// MNIST from CSV files.
    MnistCsv {
        /// Folder of the files.
        dir: PathBuf,
        /// Labels to keep, increasing, at least one.
        digits: Vec<u8>,
        /// How many to keep.
        limits: Limits,
    },
    /// Swiss roll.
    SwissRoll {
        /// How many to generate.
        counts: Counts,
        /// Standard deviation of the noise on each coordinate, at least 0.
        noise: f64,
    },
    /// Mixture of isotropic Gaussians.
    GaussianMixture {
        /// How many to generate.
        counts: Counts,
        /// Means and weights.
        components: Components,
        /// Standard deviation of every component, at least 0.
        std: f64,
    },
    /// Curie-Weiss spins.
    CurieWeiss {
        /// How many to generate.
        counts: Counts,
        /// N, at least 1.
        spins: usize,
        /// b, above 0.
        coupling: f64,
    },
    /// Points of a cubic.
    Cubic {
        /// How many to generate.
        counts: Counts,
        /// Standard deviation of the noise on y, at least 0.
        noise: f64,
    },
    /// Digits drawn by this program.
    SyntheticDigits {
        /// How many to generate.
        counts: Counts,
        /// Labels to generate, increasing, at least one.
        digits: Vec<u8>,
    },
}

impl Data {
    /// The number of training samples, or at least a bound of it, where it is known without the data.
    pub(crate) fn most_train(&self) -> Option<usize> {
        match self {
            Self::Mnist { limits, .. } | Self::MnistCsv { limits, .. } => limits.train,
            Self::SwissRoll { counts, .. }
            | Self::GaussianMixture { counts, .. }
            | Self::CurieWeiss { counts, .. }
            | Self::Cubic { counts, .. }
            | Self::SyntheticDigits { counts, .. } => Some(counts.train),
        }
    }

    /// Whether its samples are images.
    pub fn is_of_images(&self) -> bool {
        matches!(self, Self::Mnist { .. } | Self::MnistCsv { .. } | Self::SyntheticDigits { .. })
    }

    /// Which source it is.
    pub fn source(&self) -> Source {
        match self {
            Self::Mnist { .. } => Source::Mnist,
            Self::MnistCsv { .. } => Source::MnistCsv,
            Self::SwissRoll { .. } => Source::SwissRoll,
            Self::GaussianMixture { .. } => Source::GaussianMixture,
            Self::CurieWeiss { .. } => Source::CurieWeiss,
            Self::Cubic { .. } => Source::Cubic,
            Self::SyntheticDigits { .. } => Source::SyntheticDigits,
        }
    }
}

/// At most this many rows of a data set read from files, each at least 1; `None` for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Training rows.
    pub train: Option<usize>,
    /// Test rows.
    pub test: Option<usize>,
}

impl Limits {
    /// These limits as numbers to generate, `default` where there is no limit.
    pub fn or(self, default: Counts) -> Counts {
        Counts { train: self.train.unwrap_or(default.train), test: self.test.unwrap_or(default.test) }
    }
}

/// Rows to generate, each at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Training rows.
    pub train: usize,
    /// Test rows.
    pub test: usize,
}

impl Counts {
    /// Rows of the Swiss roll by default.
    pub const SWISS_ROLL: Self = Self { train: 10_000, test: 2_000 };
    /// Rows of the Gaussian mixture by default.
    pub const GAUSSIAN_MIXTURE: Self = Self { train: 10_000, test: 2_000 };
    /// Rows of Curie-Weiss spins by default.
    pub const CURIE_WEISS: Self = Self { train: 10_000, test: 2_000 };
    /// Points of the cubic by default.
    pub const CUBIC: Self = Self { train: 1_000, test: 1_001 };
    /// Rows of the synthetic digits by default: about as many as MNIST has of two digits.
    pub const SYNTHETIC_DIGITS: Self = Self { train: 12_500, test: 2_100 };
}

/// The components of a Gaussian mixture.
#[derive(Debug, Clone, PartialEq)]
pub enum Components {
    /// Means +m and -m in d dimensions, equal weights.
    Symmetric {
        /// d, at least 1.
        dim: usize,
        /// |m|^2, at least 0.
        mean_norm2: f64,
    },
    /// Any means.
    Means {
        /// One row a component, all of the same length, at least one row and one column.
        means: Vec<Vec<f64>>,
        /// One positive weight a component, not normalised; `None` for equal weights.
        weights: Option<Vec<f64>>,
    },
}
