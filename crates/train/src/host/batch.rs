//! The rows in work: inputs, errors and activations of a batch.

use model::Parametrisation;
use pulp::{Simd, WithSimd};

use super::panels::row_stride;
use crate::TrainingSet;
use crate::epoch::{Epoch, Split, wire};
use crate::isa::Isa;

/// The noise level of a row, for a net that is told the time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    /// sqrt(alpha_bar_t).
    pub(super) signal: f32,
    /// sqrt(1 - alpha_bar_t).
    pub(super) noise: f32,
    /// t/T, the input behind those of z.
    pub(super) time: f32,
}

/// Which rows have which noise level.
#[derive(Debug)]
pub(super) enum Levels {
    /// All that of the machine's timestep, by its wiring: the net has no input for the time.
    Wired,
    /// All the same.
    Same(Level),
    /// Each its own, by the position in the epoch's order.
    Each(Vec<Level>),
}

impl Levels {
    #[inline(always)]
    fn at(&self, position: usize) -> Option<Level> {
        match self {
            Self::Wired => None,
            Self::Same(level) => Some(*level),
            Self::Each(levels) => levels.get(position).copied(),
        }
    }
}

/// Matrices of the rows in work, laid out as [`row_stride`] says.
#[derive(Debug)]
pub(super) struct Batch {
    /// z, `[rows, r]`.
    pub(super) inputs: Vec<f32>,
    /// net - u, `[rows, r]`.
    pub(super) errors: Vec<f32>,
    /// `[rows, H]`.
    pub(super) hidden: Vec<f32>,
    /// `[rows, H]`.
    pub(super) hidden_errors: Vec<f32>,
    /// Where dense units see some of the coordinates only: those of z and of the errors.
    pub(super) narrowed: Option<Narrowed>,
}

/// The first a of the r coordinates of the rows in work, each padded as a matrix of its own.
#[derive(Debug)]
pub(super) struct Narrowed {
    /// `[rows, a]`.
    pub(super) inputs: Vec<f32>,
    /// `[rows, a]`.
    pub(super) errors: Vec<f32>,
    seen: usize,
    wide: usize,
}

impl Narrowed {
    fn new(rows: usize, inputs: usize, seen: usize) -> Self {
        let zeros = || vec![0.0; rows * row_stride(seen)];
        Self { inputs: zeros(), errors: zeros(), seen, wide: row_stride(inputs) }
    }

    /// Takes those of `rows` rows of z.
    pub(super) fn take_inputs(&mut self, z: &[f32], rows: usize) {
        copy_columns((&mut self.inputs, row_stride(self.seen)), (z, self.wide), self.seen, rows);
    }

    /// Takes those of `rows` rows of errors.
    pub(super) fn take_errors(&mut self, errors: &[f32], rows: usize) {
        copy_columns((&mut self.errors, row_stride(self.seen)), (errors, self.wide), self.seen, rows);
    }

    /// Gives the errors back to the rows they were taken from.
    pub(super) fn give_errors(&self, errors: &mut [f32], rows: usize) {
        copy_columns((errors, self.wide), (&self.errors, row_stride(self.seen)), self.seen, rows);
    }
}

/// Copies the first columns of `rows` rows from one matrix to another, each given with the stride of its rows.
fn copy_columns(to: (&mut [f32], usize), from: (&[f32], usize), columns: usize, rows: usize) {
    let pairs = to.0.chunks_exact_mut(to.1).zip(from.0.chunks_exact(from.1)).take(rows);
    pairs.for_each(|(to, from)| to[..columns].copy_from_slice(&from[..columns]));
}

impl Batch {
    /// Room for as many rows of r inputs, of which dense units see the first a.
    pub(super) fn new(rows: usize, (inputs, seen): (usize, usize), hidden: usize) -> Self {
        let (wide, narrow) = (rows * row_stride(inputs), rows * row_stride(hidden));
        Self {
            inputs: vec![0.0; wide],
            errors: vec![0.0; wide],
            hidden: vec![0.0; narrow],
            hidden_errors: vec![0.0; narrow],
            narrowed: (seen < inputs).then(|| Narrowed::new(rows, inputs, seen)),
        }
    }

    /// Loads z and the errors of a net without weights, b2 + gains z - u, of `rows` samples from position `first` on;
    /// returns the sum of u^2 for the test split (0 for the other, where nobody asks).
    pub(super) fn load(
        &mut self,
        isa: Isa,
        (epoch, set, wiring, levels): (&Epoch, &TrainingSet, &Parametrisation, &Levels),
        (split, first, rows): (Split, usize, usize),
        (bias, gains): (&[f32], &[f32]),
    ) -> f64 {
        let (inputs, errors) = (&mut self.inputs, &mut self.errors);
        isa.dispatch(Load { epoch, set, wiring, levels, split, first, rows, bias, gains, inputs, errors })
    }
}

struct Load<'a> {
    epoch: &'a Epoch,
    set: &'a TrainingSet,
    wiring: &'a Parametrisation,
    levels: &'a Levels,
    split: Split,
    first: usize,
    rows: usize,
    bias: &'a [f32],
    /// None, one for all coordinates, or one for each.
    gains: &'a [f32],
    inputs: &'a mut [f32],
    errors: &'a mut [f32],
}

impl WithSimd for Load<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        let mut total = 0.0;
        let r = self.set.inputs + usize::from(!matches!(self.levels, Levels::Wired));
        let stride = row_stride(r);
        let rows = self.inputs.chunks_exact_mut(stride).zip(self.errors.chunks_exact_mut(stride)).take(self.rows);
        for (row, (z, errors)) in rows.enumerate() {
            let (z0, eps) = self.epoch.pair(self.set, self.split, self.first + row);
            let (z, errors) = (&mut z[..r], &mut errors[..r]);
            match self.levels.at(self.first + row) {
                None => wire(self.wiring, z0, eps, z, errors),
                Some(level) => wire_at(level, z0, eps, z, errors),
            }
            if self.split == Split::Test {
                total += squares(errors);
            }
            for (error, b) in errors.iter_mut().zip(self.bias) {
                *error = b - *error;
            }
            match self.gains {
                [] => {}
                [gain] => errors.iter_mut().zip(z).for_each(|(error, z)| *error += gain * *z),
                gains => errors.iter_mut().zip(gains.iter().zip(z)).for_each(|(error, (gain, z))| *error += gain * *z),
            }
        }
        total
    }
}

/// One row of a net without a skip that is told the time: z = (signal z_0 + noise eps, t/T), u = (eps, 0).
#[inline(always)]
fn wire_at(level: Level, z0: &[f32], eps: &[f32], z: &mut [f32], u: &mut [f32]) {
    let r = z0.len();
    let ((z, time), (u, of_time), eps) = (z.split_at_mut(r), u.split_at_mut(r), &eps[..r]);
    for k in 0..r {
        z[k] = level.signal * z0[k] + level.noise * eps[k];
        u[k] = eps[k];
    }
    time.fill(level.time);
    of_time.fill(0.0);
}

/// The sum of squares, in 16 lanes of f32.
#[inline(always)]
fn squares(values: &[f32]) -> f64 {
    let (lanes, rest) = values.as_chunks::<16>();
    let mut sums = [0.0_f32; 16];
    for values in lanes {
        for (sum, v) in sums.iter_mut().zip(values) {
            *sum += v * v;
        }
    }
    let whole: f64 = sums.iter().map(|&sum| f64::from(sum)).sum();
    whole + rest.iter().map(|v| f64::from(v * v)).sum::<f64>()
}
