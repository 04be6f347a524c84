//! One machine of a stack.

use model::checkpoint::Midway;
use model::{Parametrisation, Weights};
use schedule::Timestep;

use crate::course::Course;
use crate::epoch::Epoch;
use crate::isa::Isa;
use crate::{Job, Losses, MachineError};

/// One machine of a stack: its wiring, its current epoch's draws, its learning curve.
pub(super) struct Member {
    pub(super) t: Timestep,
    pub(super) wiring: Parametrisation,
    pub(super) epoch: Epoch,
    pub(super) course: Course,
    pub(super) end: End,
    /// The weights to keep, once they are known.
    pub(super) kept: Option<Weights>,
}

/// How far a member is.
pub(super) enum End {
    Training,
    Stopped,
    Failed(MachineError),
}

impl Member {
    /// The machine of t at its start or where its training was left.
    pub(super) fn new(job: &Job<'_>, t: Timestep, left: Option<&Midway>) -> Self {
        let mut epoch = Epoch::new(Isa::detect());
        epoch.begin(job, t);
        let (course, ended) = match left {
            Some(state) => Course::resumed(job, t, state.history.clone()),
            None => (Course::new(job, t), false),
        };
        let end = if ended { End::Stopped } else { End::Training };
        Self { t, wiring: job.parametrisation(t), epoch, course, end, kept: left.and_then(|state| state.best.clone()) }
    }

    /// Whether it still learns; one that has stopped is carried along with its stack.
    pub(super) fn trains(&self) -> bool {
        matches!(self.end, End::Training)
    }

    /// Takes note of an evaluation; whether the weights of this epoch have to be kept.
    pub(super) fn evaluated(&mut self, epoch: usize, losses: Losses) -> bool {
        match self.course.evaluated(epoch, losses) {
            Ok(verdict) => {
                if verdict.stop {
                    self.end = End::Stopped;
                }
                verdict.best || (verdict.stop && self.kept.is_none())
            }
            Err(failure) => {
                self.end = End::Failed(failure);
                false
            }
        }
    }
}
