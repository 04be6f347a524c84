//! How a machine's net is wired into eps_hat at one timestep, and the training problem that follows.

use std::sync::Arc;

use schedule::{Forward, Schedule, Timestep};

use crate::{Canvas, Local, LocalConfig, LocalUnits, Machine, Skip, Weights};

/// What passes by the hidden layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipKind {
    /// Nothing: eps_hat = net(z), the thesis's machine, bounded below by 1 - H/d.
    None,
    /// A trained scalar: eps_hat = c z + net(z).  Cui, Krzakala, Vanden-Eijnden and Zdeborova 2024.
    Learned,
    /// The best affine predictor, not trained: the net learns what is not linear.
    Wiener,
    /// A trained gain for each principal axis, started at the best affine predictor.
    Diagonal,
}

impl SkipKind {
    /// Whether the skip is, or starts as, the best affine predictor: the machine then lives in the principal frame.
    pub fn is_affine(self) -> bool {
        matches!(self, Self::Wiener | Self::Diagonal)
    }
}

/// The shape of every machine of a bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachineConfig {
    /// H, the number of hidden units.
    pub hidden: usize,
    /// What passes by the hidden layer.
    pub skip: SkipKind,
    /// The leading coordinates that dense units see and correct; all where absent.
    pub axes: Option<usize>,
    /// The local units of the hidden layer, where it has any.
    pub local: Option<LocalConfig>,
    /// The last timestep whose machine has the local units.
    pub local_last: usize,
}

impl MachineConfig {
    /// Dense units only, that see all coordinates.
    pub fn dense(hidden: usize, skip: SkipKind) -> Self {
        Self { hidden, skip, axes: None, local: None, local_last: usize::MAX }
    }

    /// The shape of the machine of t.
    pub fn at(self, t: Timestep) -> Self {
        Self { local: self.local.filter(|_| t.get() <= self.local_last), ..self }
    }

    /// a <= r, the leading coordinates of a net of r inputs that dense units see and correct.
    pub fn seen(self, inputs: usize) -> usize {
        self.axes.map_or(inputs, |axes| axes.min(inputs))
    }

    /// The trained gains of a net of r inputs: one for all coordinates, one for each, or none.
    pub fn gains(self, inputs: usize) -> usize {
        match self.skip {
            SkipKind::None | SkipKind::Wiener => 0,
            SkipKind::Learned => 1,
            SkipKind::Diagonal => inputs,
        }
    }

    /// The trainable numbers of a net of r inputs.
    pub fn weights(self, inputs: usize) -> usize {
        let dense = 2 * self.seen(inputs) * self.hidden + self.hidden + inputs;
        dense + self.gains(inputs) + self.local.map_or(0, LocalConfig::weights)
    }

    /// No hidden layer and nothing beside it: the net is trained on eps itself, as a [`SigmoidLayer`](crate::SigmoidLayer) is.
    pub const LAYER: Self = Self { hidden: 0, skip: SkipKind::None, axes: None, local: None, local_last: usize::MAX };
}

/// Second moments of the training set in the coordinates of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Variances along the axes, decreasing: `[d]`.
    pub eigenvalues: Vec<f64>,
    /// (1/d) E|z_0|^2 about the origin.
    pub second_moment: f64,
}

/// The wiring of one machine: eps_hat = skip(z) + output net(z), with the training problem in scaled units.
///
/// With u = (eps - skip(z)) / output the net is trained on the mean of (net_k - u_k)^2, and
/// u_k = target_eps_k eps_k - target_z0_k z0_k is formed without cancellation, so that errors far below the rounding
/// of eps are learned.  All vectors run over the r inputs of the net.
#[derive(Debug, Clone, PartialEq)]
pub struct Parametrisation {
    /// d, the number of coordinates of z.
    pub dim: usize,
    /// The net's input is input_z0_k z0_k + input_eps_k eps_k.
    pub input_z0: Vec<f32>,
    /// See [`Self::input_z0`].
    pub input_eps: Vec<f32>,
    /// The net's target is target_eps_k eps_k - target_z0_k z0_k.
    pub target_eps: Vec<f32>,
    /// See [`Self::target_eps`].
    pub target_z0: Vec<f32>,
    /// sqrt(alpha_bar_t), the share of the mean image in what local units see.
    pub signal: f64,
    /// What a trained gain of 1 is, as many as there are trained gains: 1 where all coordinates share it, D^(-1/4) where each
    /// axis has its own.  Those have to come down from 1/sqrt(D) as the local units take over; with a unit of 1 they are too
    /// slow at t = 1, with 1/sqrt(D) they are there before the local units, which ends worse.
    pub gain_units: Vec<f32>,
    output: f64,
    snr: f64,
    skip: Skip,
}

/// sqrt(D) / (A lambda + D), A = alpha_bar, D = 1 - A: the gain from z to the best linear eps_hat along one axis.
pub(crate) fn wiener_gain(alpha_bar: f64, lambda: f64) -> f64 {
    let noise_variance = 1.0 - alpha_bar;
    noise_variance.sqrt() / (alpha_bar * lambda + noise_variance)
}

impl Parametrisation {
    /// The wiring of `config` at timestep t for data with these moments.
    ///
    /// With a skip the net's output is scaled by the root mean square of what the skip leaves, sqrt(A v / (A v + D))
    /// for a coordinate of variance v, so that one learning rate serves every t (as c_out of Karras et al. 2022).
    pub fn new(config: MachineConfig, schedule: &Schedule, t: Timestep, moments: &Moments) -> Self {
        let alpha_bar = schedule.alpha_bar(t);
        let Forward { signal, noise } = schedule.forward(t);
        let dim = moments.eigenvalues.len();
        let variances = match config.skip {
            SkipKind::None => vec![f64::INFINITY; dim],
            SkipKind::Learned => vec![moments.second_moment; dim],
            SkipKind::Wiener | SkipKind::Diagonal => {
                moments.eigenvalues.iter().copied().take_while(|lambda| *lambda > 0.0).collect()
            }
        };
        let skip = match config.skip {
            SkipKind::None => Skip::None,
            SkipKind::Learned => Skip::Scalar(wiener_gain(alpha_bar, moments.second_moment) as f32),
            SkipKind::Wiener | SkipKind::Diagonal => {
                Skip::Diagonal(moments.eigenvalues.iter().map(|&v| wiener_gain(alpha_bar, v) as f32).collect())
            }
        };
        let gain_units = match config.skip {
            SkipKind::None | SkipKind::Wiener => Vec::new(),
            SkipKind::Learned => vec![1.0],
            SkipKind::Diagonal => vec![(1.0 - alpha_bar).powf(-0.25) as f32; variances.len()],
        };
        let left: Vec<f64> = variances.iter().map(|&v| residual(alpha_bar, v)).collect();
        let output = (left.iter().sum::<f64>() / left.len() as f64).sqrt();
        Self {
            dim,
            input_z0: vec![signal as f32; left.len()],
            input_eps: vec![noise as f32; left.len()],
            target_eps: left.iter().map(|share| (share / output) as f32).collect(),
            target_z0: variances.iter().map(|&v| (wiener_gain(alpha_bar, v) * signal / output) as f32).collect(),
            output,
            snr: schedule.snr(t),
            signal,
            gain_units,
            skip,
        }
    }

    /// r, the number of inputs (and outputs) of the net: the coordinates in which the data vary.
    pub fn inputs(&self) -> usize {
        self.input_z0.len()
    }

    /// The mean squared error per coordinate on eps, from the mean over samples of sum_k (net_k - u_k)^2.
    ///
    /// `beyond` is the mean of |z_0|^2 over the d - r coordinates without training variance, where
    /// eps_hat = z_t / sqrt(D) leaves exactly A/D |z_0|^2.
    pub fn mse(&self, scaled_error: f64, beyond: f64) -> f64 {
        (self.output * self.output * scaled_error + self.snr * beyond) / self.dim as f64
    }

    /// sqrt(D/A) output: z0_hat - z_0 = denoised_scale (u - net), z0_hat = (z_t - sqrt(D) eps_hat) / sqrt(A).
    pub fn denoised_scale(&self) -> f64 {
        self.output / self.snr.sqrt()
    }

    /// The finished machine: trained weights with the wiring's scale folded in.
    pub fn machine(&self, weights: &Weights) -> Machine {
        let scaled = |values: &[f32]| values.iter().map(|&v| (f64::from(v) * self.output) as f32).collect();
        let mut skip = self.skip.clone();
        let bases = match &mut skip {
            Skip::None => &mut [][..],
            Skip::Scalar(base) => std::slice::from_mut(base),
            Skip::Diagonal(bases) => bases.as_mut_slice(),
        };
        for (base, (gain, unit)) in bases.iter_mut().zip(weights.gains.iter().zip(&self.gain_units)) {
            *base = (f64::from(*base) + self.output * f64::from(*unit) * f64::from(*gain)) as f32;
        }
        let local = weights.local.as_ref().map(|units| Local {
            units: LocalUnits { w2: scaled(&units.w2), ..units.clone() },
            canvas: Arc::new(Canvas::bare(self.dim, self.inputs())),
            signal: self.signal,
        });
        Machine {
            dim: self.dim,
            inputs: self.inputs(),
            hidden: weights.b1.len(),
            w1: weights.w1.clone(),
            b1: weights.b1.clone(),
            w2: scaled(&weights.w2),
            b2: scaled(&weights.b2),
            skip,
            local,
        }
    }

    /// The trainable numbers of a finished machine in scaled units: the inverse of [`Self::machine`] up to rounding.
    ///
    /// The machine has the shape of this wiring; what it holds of a skip that is not trained is not looked at.
    pub fn weights(&self, machine: &Machine) -> Weights {
        let unscaled = |values: &[f32]| values.iter().map(|&v| (f64::from(v) / self.output) as f32).collect();
        let (bases, found) = (gains_of(&self.skip), gains_of(&machine.skip));
        let untrained = |((base, found), unit): ((&f32, &f32), &f32)| {
            ((f64::from(*found) - f64::from(*base)) / (self.output * f64::from(*unit))) as f32
        };
        let gains = bases.iter().zip(found).zip(&self.gain_units).map(untrained).collect();
        let local =
            machine.local.as_ref().map(|Local { units, .. }| LocalUnits { w2: unscaled(&units.w2), ..units.clone() });
        Weights {
            w1: machine.w1.clone(),
            b1: machine.b1.clone(),
            w2: unscaled(&machine.w2),
            b2: unscaled(&machine.b2),
            gains,
            local,
        }
    }
}

/// The gains of a skip.
fn gains_of(skip: &Skip) -> &[f32] {
    match skip {
        Skip::None => &[],
        Skip::Scalar(gain) => std::slice::from_ref(gain),
        Skip::Diagonal(gains) => gains,
    }
}

/// A v / (A v + D), the share of eps along a coordinate of variance v that the best linear predictor misses; 1 for
/// infinite v, where there is no skip.
fn residual(alpha_bar: f64, variance: f64) -> f64 {
    1.0 / (1.0 + (1.0 - alpha_bar) / (alpha_bar * variance))
}
