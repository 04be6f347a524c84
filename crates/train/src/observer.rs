//! How an engine reports to whoever runs it.

use model::Machine;
use model::checkpoint::History;
use schedule::Timestep;

/// Mean squared errors on eps per coordinate after one epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Losses {
    /// On the training samples, with the noise just trained on.
    pub train: f64,
    /// On the test samples, with noise of this epoch.
    pub test: f64,
    /// The untrained skip's on the same test noise: what the net has to beat.
    pub skip_test: f64,
}

/// Receives the events of a training run, from any thread.
pub trait Observer: Sync {
    /// The training of the machine of t begins.
    fn started(&self, t: Timestep);

    /// One epoch (1-based) of the machine of t has ended.
    fn epoch(&self, t: Timestep, epoch: usize, losses: Losses);

    /// The machine of t is trained.
    ///
    /// # Errors
    /// Whatever kept it from being stored; the engine stops and passes it on.
    fn finished(
        &self,
        t: Timestep,
        machine: Machine,
        history: History,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}
