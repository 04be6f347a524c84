//! How much data an experiment has, as far as its settings say.

use crate::config::{Components, Counts, Data, Limits};

/// The images of each digit in MNIST's training and test files.
const MNIST_COUNTS: [(usize, usize); 10] = [
    (5923, 980),
    (6742, 1135),
    (5958, 1032),
    (6131, 1010),
    (5842, 982),
    (5421, 892),
    (5918, 958),
    (6265, 1028),
    (5851, 974),
    (5949, 1009),
];
/// The pixels of an MNIST image.
const MNIST_DIM: usize = 784;
/// The size of a training problem; for MNIST it is known without the files.
pub(crate) struct Size {
    pub(crate) train: usize,
    pub(crate) test: usize,
    pub(crate) dim: usize,
}

/// The size of the data that the settings describe.
pub(crate) fn size(data: &Data) -> Size {
    let generated = |counts: &Counts, dim| Size { train: counts.train, test: counts.test, dim };
    match data {
        Data::Mnist { digits, limits, .. } | Data::MnistCsv { digits, limits, .. } => {
            let Limits { train, test } = *limits;
            let all = digits.iter().filter_map(|&digit| MNIST_COUNTS.get(usize::from(digit)));
            let (all_train, all_test) = all.fold((0, 0), |(a, b), (train, test)| (a + train, b + test));
            Size { train: train.unwrap_or(all_train), test: test.unwrap_or(all_test), dim: MNIST_DIM }
        }
        Data::SwissRoll { counts, .. } | Data::Cubic { counts, .. } => generated(counts, 2),
        Data::GaussianMixture { counts, components, .. } => {
            let dim = match components {
                Components::Symmetric { dim, .. } => *dim,
                Components::Means { means, .. } => means.first().map_or(0, Vec::len),
            };
            generated(counts, dim)
        }
        Data::CurieWeiss { counts, spins, .. } => generated(counts, *spins),
        Data::SyntheticDigits { counts, .. } => generated(counts, MNIST_DIM),
    }
}
