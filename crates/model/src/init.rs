//! Initial weights, drawn on the host from keyed streams.

use schedule::{Purpose, Stream, Timestep};

use crate::{LocalConfig, LocalUnits, MachineConfig, SkipKind};

/// The trainable numbers of one machine in scaled units, row-major, matrices `[in, out]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// W1: `[a, H]`, of the a <= r coordinates that dense units see.
    pub w1: Vec<f32>,
    /// b1: `[H]`.
    pub b1: Vec<f32>,
    /// W2: `[H, a]`.
    pub w2: Vec<f32>,
    /// b2: `[r]`.
    pub b2: Vec<f32>,
    /// What is added to the gains of the skip, in the units of [`Parametrisation`](crate::Parametrisation): one for all
    /// coordinates, one for each of the r, or none where the skip is not trained.
    pub gains: Vec<f32>,
    /// The local units, where there are any.
    pub local: Option<LocalUnits>,
}

impl Weights {
    /// PyTorch's default for a linear layer, U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for weights and biases; W2 = b2 = 0
    /// with a skip, so that training starts at the skip itself; the local units likewise.  Stream: (seed, init, t).
    pub fn init(config: MachineConfig, inputs: usize, seed: u64, t: Timestep) -> Self {
        let hidden = config.hidden;
        let mut uniform = uniform(Stream::new(seed, Purpose::Init, t.get() as u64, 0));
        let seen = config.seen(inputs);
        let (w1, b1) = (uniform(seen * hidden, seen), uniform(hidden, seen));
        let (w2, b2) = match config.skip {
            SkipKind::None => (uniform(hidden * seen, hidden), uniform(inputs, hidden)),
            SkipKind::Learned | SkipKind::Wiener | SkipKind::Diagonal => (vec![0.0; hidden * seen], vec![0.0; inputs]),
        };
        let local = config.at(t).local.map(|local| LocalUnits::init(local, config.skip, &mut uniform));
        Self { w1, b1, w2, b2, gains: vec![0.0; config.gains(inputs)], local }
    }

    /// Whether they are of a net of this shape with r inputs.
    pub fn fits(&self, config: MachineConfig, inputs: usize) -> bool {
        let (hidden, seen) = (config.hidden, config.seen(inputs));
        let lengths = [&self.w1, &self.b1, &self.w2, &self.b2, &self.gains].map(Vec::len);
        let local = match (&self.local, config.local) {
            (Some(units), Some(shape)) => units.fits(shape),
            (None, None) => true,
            _ => false,
        };
        local && lengths == [seen * hidden, hidden, hidden * seen, inputs, config.gains(inputs)]
    }

    /// PyTorch's default for the layers of a [`ConditionedMachine`](crate::ConditionedMachine) of d coordinates and H hidden
    /// units, as those of a net of d + 1 inputs and outputs: with the last column of W2 and of b2 at 0 the output that
    /// answers for t/T is 0, which is also its target, so that no gradient ever moves it.  Stream: (seed, init, 0, 0).
    pub fn init_conditioned(dim: usize, hidden: usize, seed: u64) -> Self {
        let mut uniform = uniform(Stream::new(seed, Purpose::Init, 0, 0));
        let (w1, b1) = (uniform((dim + 1) * hidden, dim + 1), uniform(hidden, dim + 1));
        let (w2, b2) = (uniform(hidden * dim, hidden), uniform(dim, hidden));
        let with_zero =
            |rows: &[f32]| rows.chunks_exact(dim).flat_map(|row| row.iter().copied().chain([0.0])).collect();
        Self { w1, b1, w2: with_zero(&w2), b2: with_zero(&b2), gains: Vec::new(), local: None }
    }
}

impl LocalUnits {
    /// PyTorch's default for a convolution of one channel, and for the one back; w2 = 0 with a skip.
    fn init(
        LocalConfig { kernel, channels }: LocalConfig,
        skip: SkipKind,
        uniform: &mut impl FnMut(usize, usize) -> Vec<f32>,
    ) -> Self {
        let patch = kernel * kernel;
        let (w1, b1) = (uniform(patch * channels, patch), uniform(channels, patch));
        let w2 = match skip {
            SkipKind::None => uniform(channels * patch, channels * patch),
            SkipKind::Learned | SkipKind::Wiener | SkipKind::Diagonal => vec![0.0; channels * patch],
        };
        Self { w1, b1, w2 }
    }
}

/// Draws `len` numbers from U(-1/sqrt(fan_in), 1/sqrt(fan_in)), call after call.
fn uniform(mut stream: Stream) -> impl FnMut(usize, usize) -> Vec<f32> {
    move |len, fan_in| {
        let mut values = vec![0.0; len];
        stream.fill_symmetric((fan_in as f64).sqrt().recip(), &mut values);
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_for_all_t_are_uniform_within_their_bounds_and_the_output_of_time_is_zero() {
        let weights = Weights::init_conditioned(15, 400, 3);
        assert_eq!([&weights.w1, &weights.b1, &weights.w2, &weights.b2].map(Vec::len), [16 * 400, 400, 400 * 16, 16]);
        for row in weights.w2.chunks_exact(16).chain([&weights.b2[..]]) {
            assert!(row[15] == 0.0 && row[..15].iter().all(|&w| w != 0.0 && w.abs() <= 0.05));
        }
        // U(-1/4, 1/4) has the standard deviation 1/(4 sqrt 3), here to four times that of its estimate.
        assert!(weights.w1.iter().all(|w| w.abs() <= 0.25));
        let square = weights.w1.iter().map(|&w| f64::from(w * w)).sum::<f64>() / weights.w1.len() as f64;
        assert!((square * 48.0 - 1.0).abs() < 0.05, "{square}");
        assert_ne!(weights, Weights::init_conditioned(15, 400, 4));
    }
}
