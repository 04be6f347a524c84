//! Do the pixels that change in a U-turn change together?

use data::Shape;
use rayon::prelude::*;

use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::{Lab, UTurns};

/// f_i = 1 where pixel i, black or white by the sign of the picture in [-1, 1], differs between x_0 and x_0'.
///
/// `flips` = E sum_i f_i / d, and the susceptibility chi = Var(sum_i f_i) / sum_i Var f_i = sum_ij C_ij / sum_i C_ii:
/// the number of pixels that change together, 1 for independent ones; it peaks where the class changes.
/// Sclocchi, Favero, Levi and Wyart 2024.
pub(super) struct Flips;

impl Observable for Flips {
    fn name(&self) -> &'static str {
        "flips"
    }

    fn group(&self) -> Group {
        Group::Speciation
    }

    fn question(&self) -> &'static str {
        "At which t do pixels change together when a sample is noised and brought back?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        let image = matches!(lab.data.shape, Shape::Image { .. });
        image.then(|| lab.model_count() * UTurns::work(lab))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let mut rows = Vec::new();
        for (k, model) in lab.models()?.iter().enumerate() {
            let uturns = lab.uturns(k, advance)?;
            let n = uturns.indices.len();
            let bootstrap = lab.bootstrap(n);
            let start = white(lab, &uturns.z0);
            let measure = |(t, ends): (&schedule::Timestep, &Vec<f32>)| {
                let changes = Changes::between(&start, &white(lab, ends), lab.dim());
                let row = |quantity, interval| ObservableRow::estimate(*t, model.name, quantity, interval, n);
                let share: Vec<f64> = changes.totals.iter().map(|total| total / lab.dim() as f64).collect();
                [
                    row("flips", bootstrap.mean(&share)),
                    row("flip_susceptibility", bootstrap.interval(|indices| changes.susceptibility(indices))),
                ]
            };
            let found: Vec<_> = uturns.times.par_iter().zip(&uturns.ends).map(measure).collect();
            rows.extend(found.into_iter().flatten());
        }
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// Which pixels of the pictures are white.  z: `[n, d]` -> `[n, d]`.
fn white(lab: &Lab<'_>, z: &[f32]) -> Vec<bool> {
    lab.data.frame.lift(z, 1.0).into_iter().map(|x| x + lab.data.shift > 0.0).collect()
}

/// The changed pixels of every trajectory.
struct Changes {
    /// f: `[n, d]`, 0 or 1.
    flips: Vec<f32>,
    /// sum_i f_i: `[n]`.
    totals: Vec<f64>,
    dim: usize,
}

impl Changes {
    fn between(a: &[bool], b: &[bool], dim: usize) -> Self {
        let flips: Vec<f32> = a.iter().zip(b).map(|(a, b)| f32::from(u8::from(a != b))).collect();
        let totals = flips.chunks_exact(dim).map(|row| row.iter().map(|f| f64::from(*f)).sum()).collect();
        Self { flips, totals, dim }
    }

    /// chi over some trajectories; NaN where nothing varies.
    fn susceptibility(&self, indices: &[u32]) -> f64 {
        let n = indices.len() as f64;
        // Counts up to the number of trajectories, exact in f32.
        let mut counts = vec![0.0_f32; self.dim];
        let (mut sum, mut squares) = (0.0, 0.0);
        for i in indices.iter().map(|&i| i as usize) {
            let row = &self.flips[i * self.dim..][..self.dim];
            counts.iter_mut().zip(row).for_each(|(count, f)| *count += f);
            sum += self.totals[i];
            squares += self.totals[i] * self.totals[i];
        }
        let share = |count: &f32| f64::from(*count) / n;
        let apart: f64 = counts.iter().map(|count| share(count) * (1.0 - share(count))).sum();
        (squares / n - (sum / n).powi(2)) / apart
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn susceptibility(flips: &[[bool; 4]]) -> f64 {
        let still = vec![false; 4 * flips.len()];
        let changes = Changes::between(&still, flips.as_flattened(), 4);
        changes.susceptibility(&(0..flips.len() as u32).collect::<Vec<_>>())
    }

    #[test]
    fn four_pixels_that_flip_together_count_as_four_and_alternating_ones_as_none() {
        let (on, off) = ([true; 4], [false; 4]);
        assert!((susceptibility(&[on, off, on, off, off]) - 4.0).abs() < 1e-6);
        assert!(susceptibility(&[[true, false, true, false], [false, true, false, true]]).abs() < 1e-6);
        // All 16 patterns: independent pixels.
        let all: Vec<[bool; 4]> = (0..16).map(|i| [1, 2, 4, 8].map(|bit| i & bit != 0)).collect();
        assert!((susceptibility(&all) - 1.0).abs() < 1e-6);
        assert!(susceptibility(&[on, on]).is_nan());
    }
}
