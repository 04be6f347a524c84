//! What can go wrong in training.

use std::fmt;

use model::ModelError;
use thiserror::Error;

/// An error of a training engine.
#[derive(Debug, Error)]
pub enum TrainError {
    /// Some machines could not be trained; all others were.
    #[error(transparent)]
    Machines(#[from] FailedMachines),
    /// The observer could not keep a finished machine, or not give one back.
    #[error(transparent)]
    Observer(Box<dyn std::error::Error + Send + Sync>),
    /// A neighbour whose arrays are not those of this bank.
    #[error(
        "train.warm_start: t = {t} cannot start from t = {neighbour}, a machine of another shape; remove its checkpoint"
    )]
    Neighbour {
        /// The 1-based timestep.
        t: usize,
        /// The timestep it starts from.
        neighbour: usize,
    },
    /// A state to go on from whose arrays are not those of this bank.
    #[error("the state that the training of t = {t} was left in is that of a machine of another shape; remove it")]
    Midway {
        /// The 1-based timestep.
        t: usize,
    },
    /// A state of a machine for all timesteps to go on from whose arrays are not those of this one.
    #[error("the state that the training of the machine for all t was left in is that of another shape; remove it")]
    ConditionedMidway,
    /// The observer wished for an end; the states of the machines in work are kept.
    #[error("the training was interrupted")]
    Interrupted,
    /// A device that cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The card is too small for the machines.
    #[error(
        "run.device: cuda: out of memory: {machines} machine(s) at once want {} GB, {} GB are free; use a smaller \
         model.hidden or train.batch, or another card, or `--device host`",
        gigabytes(*wanted),
        gigabytes(*free)
    )]
    Memory {
        /// K, the machines of a stack.
        machines: usize,
        /// Bytes that they take.
        wanted: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The card or its driver gave up.
    #[error("run.device: cuda: the card gave up: {reason}; `--device host` trains without it")]
    Card {
        /// What it said, in one line.
        reason: String,
    },
    /// burn's tensors did not come back as expected.
    #[error("run.device: the tensors of the stacked engine cannot be read back: {0}")]
    Tensor(String),
}

/// Bytes as 10^9 bytes with one digit behind the point.
fn gigabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e9)
}

/// Why one machine was not trained.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MachineError {
    /// Its loss is no longer a number.
    #[error("train.learning_rate: the loss of t = {t} is not finite after epoch {epoch}")]
    NotFinite {
        /// The 1-based timestep.
        t: usize,
        /// The 1-based epoch whose evaluation showed it.
        epoch: usize,
    },
    /// The loss of a machine for all timesteps is no longer a number.
    #[error("train.learning_rate: the loss of the machine for all t is not finite at t = {t} after epoch {epoch}")]
    Conditioned {
        /// The first 1-based timestep at which it is not.
        t: usize,
        /// The 1-based epoch whose evaluation showed it.
        epoch: usize,
    },
    /// The machine it starts from could not be trained.
    #[error("train.warm_start: t = {t} starts from its neighbour t = {neighbour}, which failed")]
    Neighbour {
        /// The 1-based timestep.
        t: usize,
        /// The timestep it starts from.
        neighbour: usize,
    },
}

impl MachineError {
    /// The 1-based timestep of the machine.
    pub fn t(&self) -> usize {
        match self {
            Self::NotFinite { t, .. } | Self::Neighbour { t, .. } | Self::Conditioned { t, .. } => *t,
        }
    }
}

/// All machines of a training that failed, by timestep; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedMachines(Vec<MachineError>);

impl FailedMachines {
    /// `Ok` when nothing failed.
    pub(crate) fn check(mut failures: Vec<MachineError>) -> Result<(), Self> {
        failures.sort_by_key(MachineError::t);
        if failures.is_empty() { Ok(()) } else { Err(Self(failures)) }
    }

    /// The failures, by timestep.
    pub fn iter(&self) -> impl Iterator<Item = &MachineError> {
        self.0.iter()
    }
}

impl std::error::Error for FailedMachines {}

/// One line for each kind of failure, with the timesteps as ranges.
impl fmt::Display for FailedMachines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut diverged: Vec<usize> = Vec::new();
        let mut orphaned: Vec<usize> = Vec::new();
        for failure in &self.0 {
            match failure {
                // It is the only one of its training.
                MachineError::Conditioned { .. } => return write!(f, "{failure}; lower it, the machine was not kept"),
                MachineError::NotFinite { t, .. } => diverged.push(*t),
                MachineError::Neighbour { t, .. } => orphaned.push(*t),
            }
        }
        if !diverged.is_empty() {
            let ranges = ranges(&diverged);
            write!(f, "train.learning_rate: the loss is not finite at t = {ranges}; lower it there, ")?;
            f.write_str("these machines were not kept, the others were")?;
        }
        if !orphaned.is_empty() {
            let line = if diverged.is_empty() { "" } else { "\n" };
            let ranges = ranges(&orphaned);
            write!(f, "{line}train.warm_start: not trained at t = {ranges}, since the neighbour to start from failed")?;
        }
        Ok(())
    }
}

/// Increasing numbers as `3, 7-9`.
pub fn ranges(numbers: &[usize]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let shown = runs.filter_map(|run| match run {
        [] => None,
        [one] => Some(one.to_string()),
        [first, .., last] => Some(format!("{first}-{last}")),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_listed_by_kind_in_ranges() {
        assert_eq!(FailedMachines::check(Vec::new()), Ok(()));
        let diverged = |t| MachineError::NotFinite { t, epoch: 1 };
        let orphan = |t| MachineError::Neighbour { t, neighbour: t + 1 };
        let all = FailedMachines::check(vec![orphan(2), diverged(9), diverged(3), diverged(8), diverged(7), orphan(1)]);
        assert_eq!(
            all.unwrap_err().to_string(),
            "train.learning_rate: the loss is not finite at t = 3, 7-9; lower it there, these machines were not kept, \
             the others were\n\
             train.warm_start: not trained at t = 1-2, since the neighbour to start from failed"
        );
        let one = FailedMachines::check(vec![orphan(5)]).unwrap_err().to_string();
        assert_eq!(one, "train.warm_start: not trained at t = 5, since the neighbour to start from failed");
        let all = FailedMachines::check(vec![MachineError::Conditioned { t: 2, epoch: 7 }]).unwrap_err().to_string();
        assert_eq!(
            all,
            "train.learning_rate: the loss of the machine for all t is not finite at t = 2 after epoch 7; lower it, the \
             machine was not kept"
        );
    }
}
