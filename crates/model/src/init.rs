//! Initial weights, drawn on the host from keyed streams.

use schedule::{Purpose, Stream, Timestep};

use crate::{MachineConfig, SkipKind};

/// The trainable numbers of one machine in scaled units, row-major, matrices `[in, out]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// W1: `[r, H]`.
    pub w1: Vec<f32>,
    /// b1: `[H]`.
    pub b1: Vec<f32>,
    /// W2: `[H, r]`.
    pub w2: Vec<f32>,
    /// b2: `[r]`.
    pub b2: Vec<f32>,
    /// The trained scalar skip in units of the output scale; stays 0 unless the skip is learned.
    pub gain: f32,
}

impl Weights {
    /// PyTorch's default for a linear layer, U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for weights and biases; W2 = b2 = 0
    /// with a skip, so that training starts at the skip itself.  Stream: (seed, init, t).
    pub fn init(config: MachineConfig, inputs: usize, seed: u64, t: Timestep) -> Self {
        let hidden = config.hidden;
        let mut stream = Stream::new(seed, Purpose::Init, t.get() as u64, 0);
        let mut uniform = |len: usize, fan_in: usize| {
            let mut values = vec![0.0; len];
            stream.fill_symmetric((fan_in as f64).sqrt().recip(), &mut values);
            values
        };
        let (w1, b1) = (uniform(inputs * hidden, inputs), uniform(hidden, inputs));
        let (w2, b2) = match config.skip {
            SkipKind::None => (uniform(hidden * inputs, hidden), uniform(inputs, hidden)),
            SkipKind::Learned | SkipKind::Wiener => (vec![0.0; hidden * inputs], vec![0.0; inputs]),
        };
        Self { w1, b1, w2, b2, gain: 0.0 }
    }
}
