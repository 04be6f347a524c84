//! One machine of a stack.

use model::checkpoint::Midway;
use model::{Parametrisation, Weights};
use schedule::Timestep;

use crate::course::Course;
use crate::epoch::order;
use crate::{Job, Losses, MachineError};

/// One machine of a stack: its wiring, its current epoch's order, its learning curve.
pub(super) struct Member {
    pub(super) t: Timestep,
    pub(super) wiring: Parametrisation,
    /// The training samples as the current epoch takes them: `[n]`.
    pub(super) order: Vec<u32>,
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
        let (course, ended) = match left {
            Some(state) => Course::resumed(job, t, state.history.clone()),
            None => (Course::new(job, t), false),
        };
        let end = if ended { End::Stopped } else { End::Training };
        let kept = left.and_then(|state| state.best.clone());
        Self { t, wiring: job.parametrisation(t), order: Vec::new(), course, end, kept }
    }

    /// Draws the order of an epoch (1-based).
    pub(super) fn shuffle(&mut self, job: &Job<'_>, epoch: usize) {
        self.order = order(job, self.t.get() as u64, epoch as u64);
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

/// The timesteps of a stack.
pub(super) fn timesteps(members: &[Member]) -> Vec<Timestep> {
    members.iter().map(|member| member.t).collect()
}
