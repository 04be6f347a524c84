//! How an engine reports to whoever runs it.

use model::checkpoint::{ConditionedMidway, History, Midway};
use model::{ClassReading, ConditionedMachine, Machine, Net};
use schedule::Timestep;

use crate::MachineError;

/// Mean squared errors on eps per coordinate after one epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Losses {
    /// On the training samples, with the noise just trained on.
    pub train: f64,
    /// On the validation samples, with noise that is the same in every epoch; absent without such samples.
    pub validation: Option<f64>,
    /// On the test samples, with noise of this epoch.
    pub test: f64,
    /// The untrained skip's on the same test noise: what the net has to beat.
    pub skip_test: f64,
    /// How the net tells two classes apart, where that is watched.
    pub classes: Option<ClassReading>,
}

/// What an observer wants of the training after an epoch of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The next epoch.
    GoOn,
    /// The machine's state, and then the next epoch.
    Keep,
    /// The machine's state, and then the end of all training, with [`TrainError::Interrupted`](crate::TrainError).
    End,
}

/// What an observer could not do.
pub type ObserverError = Box<dyn std::error::Error + Send + Sync>;

/// Receives the events of a training run, from any thread, and gives back the machines it was handed.
pub trait Observer: Sync {
    /// The training of the machine of t begins.
    fn started(&self, t: Timestep);

    /// Where an interrupted training of the machine of t was left; asked for once it has begun.
    ///
    /// # Errors
    /// Whatever kept it from being had; the engine stops and passes it on.
    fn left_off(&self, _: Timestep) -> Result<Option<Midway>, ObserverError> {
        Ok(None)
    }

    /// One epoch (1-based) of the machine of t has ended; the losses are there if it was evaluated.
    fn epoch(&self, t: Timestep, epoch: usize, losses: Option<Losses>);

    /// What is wanted after an epoch of the machine of t that was not its last.
    fn wish(&self, _: Timestep) -> Wish {
        Wish::GoOn
    }

    /// The state of the machine of t, as it was wished for.
    ///
    /// # Errors
    /// Whatever kept it from being stored; the engine stops and passes it on.
    fn midway(&self, _: Timestep, _: &Midway) -> Result<(), ObserverError> {
        Ok(())
    }

    /// The machine of t is trained.
    ///
    /// # Errors
    /// Whatever kept it from being stored; the engine stops and passes it on.
    fn finished(&self, t: Timestep, machine: Net, history: History) -> Result<(), ObserverError>;

    /// The machine of t was not trained; the training goes on with others.
    fn failed(&self, t: Timestep, error: &MachineError);

    /// The finished machine of t, from this training or an earlier one, for its neighbour to start from.
    ///
    /// # Errors
    /// Whatever kept it from being had; the engine stops and passes it on.
    fn trained(&self, t: Timestep) -> Result<Machine, ObserverError>;
}

/// Receives the events of the training of one machine for all timesteps.
pub trait ConditionedObserver: Sync {
    /// Where an interrupted training was left.
    ///
    /// # Errors
    /// Whatever kept it from being had; the engine stops and passes it on.
    fn left_off(&self) -> Result<Option<ConditionedMidway>, ObserverError> {
        Ok(None)
    }

    /// One pass (1-based) over the data has ended.
    fn pass(&self, pass: usize);

    /// What is wanted after a pass, and, where it is the end, before the machine is measured at another timestep.
    fn wish(&self) -> Wish {
        Wish::GoOn
    }

    /// The state of the machine, as it was wished for.
    ///
    /// # Errors
    /// Whatever kept it from being stored; the engine stops and passes it on.
    fn midway(&self, _: &ConditionedMidway) -> Result<(), ObserverError> {
        Ok(())
    }

    /// The machine is trained; with the learning curve of every t: `[T]`.
    ///
    /// # Errors
    /// Whatever kept it from being stored; the engine passes it on.
    fn finished(&self, machine: ConditionedMachine, curves: Vec<History>) -> Result<(), ObserverError>;
}
