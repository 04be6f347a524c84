//! The trained machines of a run: one file a timestep, read when the chain reaches their step, or one machine for all.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use data::Frame;
use schedule::{Schedule, Timestep};

use crate::framed::Seen;
use crate::{Canvas, ConditionedMachine, Denoiser, Machine, ModelError, Net, Predictor, checkpoint};

/// T machines in a folder of checkpoints, of which memory holds only those in use, whatever T; or the T that one
/// machine for all timesteps is.
#[derive(Debug, Clone)]
pub struct Bank {
    source: Source,
    dim: usize,
    /// The frame the machines are seen from, with sqrt(alpha_bar_t) of t = 1..=T, where it is not their own.
    view: Option<(Frame, Vec<f64>)>,
    /// What local units see of a state in the coordinates that answers are given in, with sqrt(alpha_bar_t).
    canvas: Option<(Arc<Canvas>, Vec<f64>)>,
}

/// Where the machine of a timestep comes from.
#[derive(Debug, Clone)]
enum Source {
    Folder(PathBuf),
    Conditioned(Arc<ConditionedMachine>),
}

impl Bank {
    /// The file of a machine for all timesteps.
    pub const CONDITIONED_FILE: &'static str = "conditioned.safetensors";

    /// The machines in `folder`, for data of `dim` coordinates.
    pub fn open(folder: &Path, dim: usize) -> Self {
        Self { source: Source::Folder(folder.to_owned()), dim, view: None, canvas: None }
    }

    /// The one machine for all timesteps in `folder`, for data of `dim` coordinates.
    ///
    /// # Errors
    /// [`ModelError`] when it is missing, unreadable, or for data of another dimension.
    pub fn open_conditioned(folder: &Path, dim: usize) -> Result<Self, ModelError> {
        let path = folder.join(Self::CONDITIONED_FILE);
        let bytes = std::fs::read(&path).map_err(|source| ModelError::Read { path: path.clone(), source })?;
        let machine = checkpoint::conditioned_from_bytes(&path, &bytes)?.machine;
        check_dim(&path, machine.dim, dim)?;
        Ok(Self { source: Source::Conditioned(Arc::new(machine)), dim, view: None, canvas: None })
    }

    /// The same machines for states in the coordinates of `frame`; those that live in principal coordinates stay as
    /// they are.
    pub fn seen_from(self, frame: &Frame, schedule: &Schedule) -> Self {
        // Machines of pixels are turned, and their local units then see all coordinates of the frame.
        let of_pixels = self.canvas.as_ref().is_some_and(|(canvas, _)| canvas.axes().is_none());
        let whole = of_pixels.then(|| Canvas::new(frame, frame.dim()).ok()).flatten();
        let canvas = whole.map(|canvas| (Arc::new(canvas), signals(schedule))).or(self.canvas);
        Self { view: Some((frame.clone(), signals(schedule))), canvas, ..self }
    }

    /// The same machines, which live in `frame` and of which nets see the first `inputs` coordinates: local units see the
    /// images behind its states.
    ///
    /// # Errors
    /// [`ModelError::Setting`] when the data are no square images.
    pub fn on_canvas(self, frame: &Frame, inputs: usize, schedule: &Schedule) -> Result<Self, ModelError> {
        let canvas = Arc::new(Canvas::new(frame, inputs)?);
        Ok(Self { canvas: Some((canvas, signals(schedule))), ..self })
    }

    /// The file of timestep t: `t0042.safetensors`.
    pub fn file_name(t: Timestep) -> String {
        format!("t{:04}.safetensors", t.get())
    }

    /// What was trained at timestep t, as its checkpoint holds it.
    ///
    /// # Errors
    /// [`ModelError`] when it is missing, unreadable, or for data of another dimension.
    fn net(&self, t: Timestep) -> Result<Net, ModelError> {
        let folder = match &self.source {
            Source::Folder(folder) => folder,
            Source::Conditioned(machine) => return Ok(Net::Autoencoder(machine.at(t))),
        };
        let path = folder.join(Self::file_name(t));
        if !path.exists() {
            return Err(ModelError::MissingMachine { t: t.get() });
        }
        let net = checkpoint::read(&path)?.machine;
        check_dim(&path, net.dim(), self.dim)?;
        Ok(net)
    }

    /// The machine of timestep t, for what needs its hidden layer.
    ///
    /// # Errors
    /// [`ModelError`] when it is missing, unreadable, for data of another dimension, or has no hidden layer.
    pub fn machine(&self, t: Timestep) -> Result<Machine, ModelError> {
        let machine = self.net(t)?.autoencoder().ok_or(ModelError::NoHiddenLayer { t: t.get() })?;
        Ok(self.turned(machine, t))
    }

    fn turned(&self, machine: Machine, t: Timestep) -> Machine {
        let canvas = self.canvas.as_ref().map(|(canvas, signals)| (canvas, signals[t.index()]));
        let view = self.view.as_ref().map(|(frame, signals)| (frame, signals[t.index()]));
        let turned = view.and_then(|(frame, signal)| machine.turned(frame, canvas.map(|(canvas, _)| canvas), signal));
        match (turned, canvas) {
            (Some(turned), _) => turned,
            (None, Some((canvas, signal))) => machine.on_canvas(canvas, signal),
            (None, None) => machine,
        }
    }
}

/// sqrt(alpha_bar_t) of t = 1..=T.
fn signals(schedule: &Schedule) -> Vec<f64> {
    schedule.timesteps().map(|t| schedule.forward(t).signal).collect()
}

fn check_dim(path: &Path, found: usize, expected: usize) -> Result<(), ModelError> {
    if found == expected {
        return Ok(());
    }
    let reason = format!("it is for {found} coordinates, the data have {expected}");
    Err(ModelError::Checkpoint { path: path.to_owned(), reason })
}

impl Denoiser for Bank {
    fn dim(&self) -> usize {
        self.dim
    }

    fn at(&self, t: Timestep) -> Result<Box<dyn Predictor + '_>, ModelError> {
        Ok(match (self.net(t)?, &self.view) {
            (Net::Autoencoder(machine), _) => Box::new(self.turned(machine, t)),
            (Net::Sigmoid(layer), None) => Box::new(layer),
            // Sigmoids act on the data's own coordinates, and cannot be turned themselves.
            (Net::Sigmoid(layer), Some((frame, signals))) => {
                Box::new(Seen { predictor: Box::new(layer), frame, signal: signals[t.index()] })
            }
        })
    }
}
