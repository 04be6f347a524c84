//! The trained machines of a run, one file a timestep, read when the chain reaches their step.

use std::path::{Path, PathBuf};

use schedule::Timestep;

use crate::{Denoiser, Machine, ModelError, Predictor, checkpoint};

/// T machines in a folder of checkpoints; memory holds only those in use, whatever T.
#[derive(Debug, Clone)]
pub struct Bank {
    folder: PathBuf,
    dim: usize,
}

impl Bank {
    /// The machines in `folder`, for data of `dim` coordinates.
    pub fn open(folder: &Path, dim: usize) -> Self {
        Self { folder: folder.to_owned(), dim }
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
        if machine.dim == self.dim {
            Ok(machine)
        } else {
            let reason = format!("it is for {} coordinates, the data have {}", machine.dim, self.dim);
            Err(ModelError::Checkpoint { path, reason })
        }
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
