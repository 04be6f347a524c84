//! The trained machines of a run, one file a timestep, read when the chain reaches their step.

use std::path::{Path, PathBuf};

use data::Frame;
use schedule::{Schedule, Timestep};

use crate::{Denoiser, Machine, ModelError, Predictor, checkpoint};

/// T machines in a folder of checkpoints; memory holds only those in use, whatever T.
#[derive(Debug, Clone)]
pub struct Bank {
    folder: PathBuf,
    dim: usize,
    /// The frame the machines are seen from, with sqrt(alpha_bar_t) of t = 1..=T, where it is not their own.
    view: Option<(Frame, Vec<f64>)>,
}

impl Bank {
    /// The machines in `folder`, for data of `dim` coordinates.
    pub fn open(folder: &Path, dim: usize) -> Self {
        Self { folder: folder.to_owned(), dim, view: None }
    }

    /// The same machines for states in the coordinates of `frame`; those that live in principal coordinates stay as
    /// they are.
    pub fn seen_from(self, frame: &Frame, schedule: &Schedule) -> Self {
        let signals = schedule.timesteps().map(|t| schedule.forward(t).signal).collect();
        Self { view: Some((frame.clone(), signals)), ..self }
    }

    /// The file of timestep t: `t0042.safetensors`.
    pub fn file_name(t: Timestep) -> String {
        format!("t{:04}.safetensors", t.get())
    }

    /// The machine of timestep t.
    ///
    /// # Errors
    /// [`ModelError`] when it is missing, unreadable, or for data of another dimension.
    pub fn machine(&self, t: Timestep) -> Result<Machine, ModelError> {
        let path = self.folder.join(Self::file_name(t));
        if !path.exists() {
            return Err(ModelError::MissingMachine { t: t.get() });
        }
        let machine = checkpoint::read(&path)?.machine;
        if machine.dim != self.dim {
            let reason = format!("it is for {} coordinates, the data have {}", machine.dim, self.dim);
            return Err(ModelError::Checkpoint { path, reason });
        }
        let turned = self.view.as_ref().and_then(|(frame, signals)| machine.turned(frame, signals[t.index()]));
        Ok(turned.unwrap_or(machine))
    }
}

impl Denoiser for Bank {
    fn dim(&self) -> usize {
        self.dim
    }

    fn at(&self, t: Timestep) -> Result<Box<dyn Predictor + '_>, ModelError> {
        Ok(Box::new(self.machine(t)?))
    }
}
