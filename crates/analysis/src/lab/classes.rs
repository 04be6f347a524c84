//! What decides the class of a final state.

use model::{ExactLaw, Spiral};
use schedule::{Schedule, Timestep};

use super::{Classifier, LabData, Truth};
use crate::AnalysisError;

/// The rule that gives a final state z_0 its class, an index into [`ClassRule::labels`].
pub enum ClassRule<'a> {
    /// The classifier trained on the run's training set.
    Trained(Box<Classifier>),
    /// The exact posterior of the data's law, at the least noise of the chain.
    Posterior(&'a dyn ExactLaw, Level),
    /// The arc of the nearest point of the spiral.
    Arc(&'a Spiral, Level),
}

/// The least noise of the chain: z_1 = signal z_0.
#[derive(Debug, Clone, Copy)]
pub struct Level {
    t: Timestep,
    signal: f32,
}

impl<'a> ClassRule<'a> {
    /// Whether final states can be given a class: the law has several, or the labels.
    pub(super) fn is_there(data: LabData<'_>, truth: Option<&Truth>) -> bool {
        match truth {
            Some(Truth::Law(law)) => law.classes() > 1,
            Some(Truth::Spiral(_)) => true,
            None => data.train.label_counts().len() > 1,
        }
    }

    /// The rule for `data`, whose law is `truth` where it is known; `None` without classes.
    ///
    /// # Errors
    /// [`AnalysisError`] when the classifier cannot be trained.
    pub fn of(
        schedule: &Schedule,
        data: LabData<'a>,
        truth: Option<&'a Truth>,
        seed: u64,
    ) -> Result<Option<Self>, AnalysisError> {
        if !Self::is_there(data, truth) {
            return Ok(None);
        }
        let first = schedule.timestep(1).map_err(model_setting)?;
        let level = Level { t: first, signal: schedule.forward(first).signal as f32 };
        Ok(Some(match truth {
            Some(Truth::Law(law)) => Self::Posterior(&**law, level),
            Some(Truth::Spiral(spiral)) => Self::Arc(spiral, level),
            None => Self::Trained(Box::new(Classifier::train(data.train, data.test, seed)?)),
        }))
    }

    /// K, the number of classes.
    pub fn count(&self) -> usize {
        match self {
            Self::Trained(classifier) => classifier.labels().len(),
            Self::Posterior(law, _) => law.classes(),
            Self::Arc(spiral, _) => model::ClassPosterior::classes(*spiral),
        }
    }

    /// The label of each class: that of the data, else its number.
    pub fn labels(&self) -> Vec<u8> {
        match self {
            Self::Trained(classifier) => classifier.labels().to_vec(),
            _ => (0..=u8::MAX).take(self.count()).collect(),
        }
    }

    /// The probability of each class of each final state; `None` where the rule gives the class alone.  z0: `[n, d]` ->
    /// `[n, K]`.
    pub fn probabilities(&self, z0: &[f32]) -> Option<Vec<f64>> {
        match self {
            Self::Trained(classifier) => Some(classifier.probabilities(z0)),
            Self::Posterior(law, level) => {
                let mut probabilities = vec![0.0; z0.len() / law.dim() * self.count()];
                law.class_probabilities(level.t, &level.scaled(z0), &mut probabilities);
                Some(probabilities)
            }
            Self::Arc(..) => None,
        }
    }

    /// The class of each final state.  z0: `[n, d]` -> `[n]`.
    pub fn decide(&self, z0: &[f32]) -> Vec<usize> {
        if let Self::Arc(spiral, level) = self {
            // Of equal weights the most likely grid point is the nearest one.
            let nearest = spiral.grid().summaries(level.t, &level.scaled(z0));
            let (n, arcs) = (spiral.grid().len(), self.count());
            return nearest.iter().map(|summary| summary.most_likely * arcs / n).collect();
        }
        most_likely(&self.probabilities(z0).unwrap_or_default(), self.count())
    }
}

impl Level {
    fn scaled(&self, z0: &[f32]) -> Vec<f32> {
        z0.iter().map(|z| self.signal * z).collect()
    }
}

/// The index of the largest of each row of `classes` probabilities, the first of several.
fn most_likely(probabilities: &[f64], classes: usize) -> Vec<usize> {
    let largest = |row: &[f64]| {
        let better = |best: usize, i: usize| if row[i] > row[best] { i } else { best };
        (0..classes).fold(0, better)
    };
    probabilities.chunks_exact(classes).map(largest).collect()
}

fn model_setting(error: schedule::ScheduleError) -> AnalysisError {
    AnalysisError::Shape { what: "schedule.timesteps", reason: error.to_string() }
}
