//! What a run trains at a timestep.

use crate::{Machine, SigmoidLayer};

/// A trained predictor of one timestep, as its checkpoint holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Net {
    /// One hidden layer.
    Autoencoder(Machine),
    /// One layer of sigmoids.
    Sigmoid(SigmoidLayer),
}

impl Net {
    /// d.
    pub fn dim(&self) -> usize {
        match self {
            Self::Autoencoder(machine) => machine.dim,
            Self::Sigmoid(layer) => layer.dim(),
        }
    }

    /// The machine with a hidden layer, if it is one.
    pub fn autoencoder(self) -> Option<Machine> {
        match self {
            Self::Autoencoder(machine) => Some(machine),
            Self::Sigmoid(_) => None,
        }
    }
}

impl From<Machine> for Net {
    fn from(machine: Machine) -> Self {
        Self::Autoencoder(machine)
    }
}

impl From<SigmoidLayer> for Net {
    fn from(layer: SigmoidLayer) -> Self {
        Self::Sigmoid(layer)
    }
}
