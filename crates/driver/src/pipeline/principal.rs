//! The data of a run in the principal axes of its training set, as the analysis sees them.

use analysis::lab::LabData;
use data::{Frame, Samples};

use super::bench::Bench;

/// z = U^T (x - mu) of both sets.
pub(crate) struct Principal {
    pub(crate) frame: Frame,
    train: Samples,
    test: Samples,
}

impl Principal {
    pub(crate) fn of(bench: &Bench) -> Self {
        let frame = Frame::Principal(bench.pca.clone());
        let (train, test) = (frame.project_samples(&bench.dataset.train), frame.project_samples(&bench.dataset.test));
        Self { frame, train, test }
    }

    /// What the lab asks for.
    pub(crate) fn data<'a>(&'a self, bench: &'a Bench) -> LabData<'a> {
        LabData {
            frame: &self.frame,
            eigenvalues: &bench.pca.eigenvalues,
            train: &self.train,
            test: &self.test,
            shape: bench.dataset.shape,
            shift: bench.dataset.shift,
        }
    }
}
