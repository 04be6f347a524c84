//! One machine of a stack.

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
    pub(super) fn new(job: &Job<'_>, t: Timestep) -> Self {
        let mut epoch = Epoch::new(Isa::detect());
        epoch.begin(job, t);
        Self { t, wiring: job.parametrisation(t), epoch, course: Course::new(job, t), end: End::Training, kept: None }
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
