//! What is known of states at t given where they started, and what is measured of them.

use rayon::prelude::*;
use schedule::Forward;

use crate::lab::Lab;
use crate::lab::probes::few_starts;
use crate::stats::{Bootstrap, Interval};

/// N samples x_0 and their moments.
pub(super) struct Origin {
    /// N.
    pub(super) n: usize,
    d: usize,
    /// z_0: `[N, d]`.
    pub(super) z0: Vec<f32>,
    /// The direction along which a state has its mean coordinate in the data's axes, sum_j (U z)_j / d = w . z: `[d]`.
    mean_along: Vec<f64>,
    /// The mean coordinate of the mean that the frame takes off.
    mean_taken: f64,
    /// The mean coordinate of these x_0, and their variance per coordinate, divisor N - 1.
    mean: f64,
    variance: f64,
}

/// An exact value and the standard error of its estimate from N trajectories.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Deviation {
    pub(super) exact: f64,
    pub(super) error: f64,
}

impl Origin {
    /// At most `count` test samples of the lab.
    pub(super) fn of(lab: &Lab<'_>, count: usize) -> Self {
        let (d, frame) = (lab.dim(), lab.data.frame);
        let average = |x: &[f32]| x.iter().map(|&x| f64::from(x)).sum::<f64>() / d as f64;
        let taken = average(&frame.lift(&vec![0.0; d], 1.0));
        Self::new(few_starts(lab, count), d, frame.project_direction(&vec![1.0 / d as f64; d]), taken)
    }

    fn new(z0: Vec<f32>, d: usize, mean_along: Vec<f64>, mean_taken: f64) -> Self {
        let n = z0.len() / d;
        let mut origin = Self { n, d, z0, mean_along, mean_taken, mean: 0.0, variance: 0.0 };
        origin.mean = origin.mean_of(&origin.z0, 1.0);
        origin.variance = origin.variance(&origin.z0);
        origin
    }

    /// The mean of all coordinates in the data's axes.  z: `[N, d]`.
    pub(super) fn mean(&self, z: &[f32], forward: Forward) -> f64 {
        self.mean_of(z, forward.signal)
    }

    fn mean_of(&self, z: &[f32], signal: f64) -> f64 {
        let along: f64 = centre(z, self.d).iter().zip(&self.mean_along).map(|(z, w)| z * w).sum();
        along + signal * self.mean_taken
    }

    /// sqrt(A) mean(x_0), with the error of a mean over N d standard normals times sqrt(D).
    pub(super) fn exact_mean(&self, forward: Forward) -> Deviation {
        let error = forward.noise / ((self.n * self.d) as f64).sqrt();
        Deviation { exact: forward.signal * self.mean, error }
    }

    /// sum_i |z_i - mean|^2 / (d (N - 1)), the same in all axes.  z: `[N, d]`.
    pub(super) fn variance(&self, z: &[f32]) -> f64 {
        let about = centre(z, self.d);
        let square = |row: &[f32]| row.iter().zip(&about).map(|(&z, m)| (f64::from(z) - m).powi(2)).sum::<f64>();
        sum_over(z, self.d, square) / self.degrees()
    }

    /// A Var(x_0) + D.  Of |sqrt(A) y + sqrt(D) eps|^2 the squared error is 4 A D |y|^2 + 2 D^2 d; summed over i, the mean
    /// taken off, and over the squared divisor: (4 A D Var(x_0) + 2 D^2) / (d (N - 1)).
    pub(super) fn exact_variance(&self, forward: Forward) -> Deviation {
        let (a, d) = (forward.signal.powi(2), forward.noise.powi(2));
        let square = (4.0 * a * d * self.variance + 2.0 * d * d) / self.degrees();
        Deviation { exact: a * self.variance + d, error: square.sqrt() }
    }

    /// d (N - 1).
    fn degrees(&self) -> f64 {
        (self.d * (self.n - 1)) as f64
    }

    /// (z_t - sqrt(A) z_0) / sqrt(D), all coordinates in increasing order: `[N d]`.
    pub(super) fn sorted_noise(&self, z: &[f32], forward: Forward) -> Vec<f32> {
        let (signal, noise) = (forward.signal, forward.noise);
        let of = |(&z, &z0): (&f32, &f32)| ((f64::from(z) - signal * f64::from(z0)) / noise) as f32;
        let mut eps: Vec<f32> = z.par_iter().zip(&self.z0).map(of).collect();
        eps.par_sort_unstable_by(f32::total_cmp);
        eps
    }

    /// The correlation of two states of a path, and of two jumps, given these x_0.
    pub(super) fn exact_correlations(&self, earlier: Forward, later: Forward) -> (f64, f64) {
        let variance = |forward: Forward| self.exact_variance(forward).exact;
        let path = later.signal / earlier.signal * (variance(earlier) / variance(later)).sqrt();
        let common = earlier.signal * later.signal * self.variance;
        (path, common / (variance(earlier) * variance(later)).sqrt())
    }

    /// sum x_s x_t / sqrt(sum x_s^2 sum x_t^2) over all coordinates about their means, with its interval over trajectories.
    pub(super) fn correlation(&self, earlier: &[f32], later: &[f32], bootstrap: &Bootstrap) -> Interval {
        let (one, other) = (centre(earlier, self.d), centre(later, self.d));
        let sums = |(a, b): (&[f32], &[f32])| {
            let pairs = a.iter().zip(&one).zip(b.iter().zip(&other));
            pairs.fold([0.0; 3], |[ab, aa, bb], ((&a, m), (&b, k))| {
                let (a, b) = (f64::from(a) - m, f64::from(b) - k);
                [ab + a * b, aa + a * a, bb + b * b]
            })
        };
        let rows: Vec<[f64; 3]> = earlier.par_chunks(self.d).zip(later.par_chunks(self.d)).map(sums).collect();
        bootstrap.interval(|indices| {
            let [ab, aa, bb] = indices
                .iter()
                .map(|&i| rows[i as usize])
                .fold([0.0; 3], |sum, row| [sum[0] + row[0], sum[1] + row[1], sum[2] + row[2]]);
            ab / (aa * bb).sqrt()
        })
    }
}

/// The mean of the rows.  z: `[n, d]` -> `[d]`.
fn centre(z: &[f32], d: usize) -> Vec<f64> {
    let mut mean = vec![0.0; d];
    for row in z.chunks_exact(d) {
        mean.iter_mut().zip(row).for_each(|(sum, &z)| *sum += f64::from(z));
    }
    let n = (z.len() / d) as f64;
    mean.iter_mut().for_each(|sum| *sum /= n);
    mean
}

/// The sum of a function of the rows, in their order whatever the threads.
fn sum_over(z: &[f32], d: usize, of: impl Fn(&[f32]) -> f64 + Sync + Send) -> f64 {
    let terms: Vec<f64> = z.par_chunks(d).map(of).collect();
    terms.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use schedule::{Purpose, Stream};

    use super::*;

    /// The standard errors are those of repeated draws, and the exact values their means.
    #[test]
    fn deviations_have_unit_variance_over_repeated_noise() {
        const REPEATS: u64 = 2000;
        let (n, d) = (12, 3);
        // Far from Gaussian, with a mean of its own.
        let z0: Vec<f32> = (0..n * d).map(|i| if i % 5 == 0 { 3.0 } else { 0.2 * (i % 3) as f32 }).collect();
        let origin = Origin::new(z0.clone(), d, vec![1.0 / d as f64; d], 0.7);
        for signal in [0.9_f64, 0.3] {
            let forward = Forward { signal, noise: (1.0 - signal * signal).sqrt() };
            let mut found = [Vec::new(), Vec::new()];
            for repeat in 0..REPEATS {
                let mut z = vec![0.0; n * d];
                Stream::new(3, Purpose::Choice, repeat, 0).fill_normal(&mut z);
                z.iter_mut().zip(&z0).for_each(|(z, z0)| *z = signal as f32 * z0 + forward.noise as f32 * *z);
                let values = [origin.mean(&z, forward), origin.variance(&z)];
                let exact = [origin.exact_mean(forward), origin.exact_variance(forward)];
                for ((found, value), Deviation { exact, error }) in found.iter_mut().zip(values).zip(exact) {
                    found.push((value - exact) / error);
                }
            }
            for (found, name) in found.iter().zip(["mean", "variance"]) {
                let mean = found.iter().sum::<f64>() / REPEATS as f64;
                let square = found.iter().map(|z| z * z).sum::<f64>() / REPEATS as f64;
                assert!(mean.abs() < 4.0 / (REPEATS as f64).sqrt(), "{name}: {mean}");
                assert!((square - 1.0).abs() < 5.0 * (2.0 / REPEATS as f64).sqrt(), "{name}: {square}");
            }
        }
    }

    #[test]
    fn correlations_of_a_path_and_of_jumps_in_closed_form() {
        let origin = Origin::new(vec![-2.0, 0.0, 2.0], 1, vec![1.0], 0.0);
        let at = |a: f64| Forward { signal: a.sqrt(), noise: (1.0 - a).sqrt() };
        // Var x_0 = 4: V = 2.5 at A = 1/2, 1.75 at A = 1/4.
        let (path, jumps) = origin.exact_correlations(at(0.5), at(0.25));
        assert!((path - (0.5 * 2.5 / 1.75_f64).sqrt()).abs() < 1e-12, "{path}");
        assert!((jumps - 0.125_f64.sqrt() * 4.0 / (2.5 * 1.75_f64).sqrt()).abs() < 1e-12, "{jumps}");
        let found = origin.correlation(&[1.0, 2.0, 3.0], &[5.0, 3.0, 1.0], &Bootstrap::new(0, 10, 3));
        assert!((found.value + 1.0).abs() < 1e-12);
    }
}
