//! Spins that all couple to each other: a law with a phase transition of its own.

mod law;

use schedule::{Schedule, Timestep};

use super::level::{At, EpsHat, Level, by_blocks_with, by_rows};
use super::softmax::{softmax, softplus};
use crate::{ClassPosterior, Denoiser, LogDensity, ModelError, PosteriorMoments, Predictor};

/// Reach of the field's grid beyond [-1, 1], in units of 1/sqrt(N b): the integrand falls as a Gaussian of that width.
const REACH: f64 = 9.0;
/// Spacing of the grid in the same units; the trapezoidal rule's error is exp(-2 pi^2 / SPACING^2).
const SPACING: f64 = 0.5;
/// A local field beyond which tanh is 1 to every digit; e^{2 STEEPEST} is still a number.
const STEEPEST: f64 = 300.0;
/// Factors 1 + e^{-2|y|}, at most 2 each, that are multiplied before a logarithm is taken.
const PRODUCT: usize = 512;

/// z_0 = a in {-1, 1}^N with p(a) ~ exp(b (sum_i a_i)^2 / 2N), in the spins' own coordinates.
///
/// The Hubbard-Stratonovich field m makes the spins independent: with h = sqrt(A) z_t / D,
/// E[a_i | z_t] = <tanh(b m + h_i)> under w(m) ~ exp(-N b m^2 / 2) prod_i 2 cosh(b m + h_i), a one-dimensional integral
/// of an entire function.  Class 0 is a positive magnetisation sum_i a_i, class 1 a negative one; zero is split evenly.
#[derive(Debug, Clone)]
pub struct CurieWeiss {
    levels: Vec<Level>,
    spins: usize,
    coupling: f64,
    /// The grid of m.
    fields: Vec<f64>,
    /// ln of the integral over m without h, on the same grid.
    log_partition: f64,
    /// p(k spins up) for k = 0..=N.
    spins_up: Vec<f64>,
}

/// The field's posterior at one z_t.
struct Fields {
    /// w(m) on the grid, of sum 1.
    weights: Vec<f64>,
    /// ln of the sum of the weights before they were normalised.
    log_sum: f64,
    /// tanh(b m + h_i): `[grid, N]`.
    tanh: Vec<f64>,
}

impl CurieWeiss {
    /// N = `spins` spins with coupling b = `coupling` (inverse temperature; ordered for b > 1).
    ///
    /// # Errors
    /// [`ModelError::Setting`] for no spins or a coupling that is not positive and finite.
    pub fn new(schedule: &Schedule, spins: usize, coupling: f64) -> Result<Self, ModelError> {
        if spins == 0 {
            return Err(ModelError::setting("spins", spins, "use 1 or more"));
        }
        if !(coupling > 0.0 && coupling.is_finite()) {
            return Err(ModelError::setting("coupling", coupling, "use a finite number above 0"));
        }
        let width = 1.0 / (spins as f64 * coupling).sqrt();
        let nodes = ((1.0 + REACH * width) / (SPACING * width)).ceil() as i32;
        let fields = (-nodes..=nodes).map(|k| f64::from(k) * SPACING * width).collect();
        let spins_up = data::curie_weiss::spins_up(spins, coupling);
        let mut model = Self { levels: Level::all(schedule), spins, coupling, fields, log_partition: 0.0, spins_up };
        model.log_partition = model.fields(&vec![0.0; spins]).log_sum;
        Ok(model)
    }

    /// The posterior of m under the local fields h `[N]`.
    fn fields(&self, h: &[f64]) -> Fields {
        let n = h.len();
        // e^{-2y}, y = b m + h_i, is a factor of the node times one of the spin: no exponential in the inner loop.
        let falling: Vec<f64> = h.iter().map(|h| (-2.0 * h.clamp(-STEEPEST, STEEPEST)).exp()).collect();
        let rising: Vec<f64> = falling.iter().map(|e| e.recip()).collect();
        let mut tanh = vec![0.0; self.fields.len() * n];
        let log_weight = |(&m, tanh): (&f64, &mut [f64])| {
            let node = self.coupling * m;
            let (down, up) = ((-2.0 * node).exp(), (2.0 * node).exp());
            let mut log = -0.5 * n as f64 * self.coupling * m * m;
            let spins = tanh.chunks_mut(PRODUCT).zip(h.chunks(PRODUCT));
            for ((tanh, h), (falling, rising)) in spins.zip(falling.chunks(PRODUCT).zip(rising.chunks(PRODUCT))) {
                // 2 cosh y = e^|y| (1 + e), tanh |y| = (1 - e) / (1 + e), e = e^{-2|y|}.
                let (mut exponent, mut product) = (0.0, 1.0);
                for (((tanh, h), falling), rising) in tanh.iter_mut().zip(h).zip(falling).zip(rising) {
                    let (y, e) = (node + h, (down * falling).min(up * rising));
                    exponent += y.abs();
                    product *= 1.0 + e;
                    *tanh = ((1.0 - e) / (1.0 + e)).copysign(y);
                }
                log += exponent + product.ln();
            }
            log
        };
        let mut weights: Vec<f64> = self.fields.iter().zip(tanh.chunks_exact_mut(n)).map(log_weight).collect();
        let log_sum = softmax(&mut weights);
        Fields { weights, log_sum, tanh }
    }

    /// h = sqrt(A) z_t / D.
    fn local_fields(level: Level, row: &[f32]) -> Vec<f64> {
        let scale = level.signal / level.noise_variance;
        row.iter().map(|&z| scale * f64::from(z)).collect()
    }

    fn at_row(&self, level: Level, row: &[f32]) -> Fields {
        self.fields(&Self::local_fields(level, row))
    }
}

impl Fields {
    /// Each value of the grid with its row of tanh.
    fn rows(&self) -> impl Iterator<Item = (f64, &[f64])> {
        let spins = self.tanh.len() / self.weights.len();
        self.weights.iter().copied().zip(self.tanh.chunks_exact(spins))
    }

    /// E[a | z_t]: `[N]`.
    fn mean(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.tanh.len() / self.weights.len()];
        for (w, tanh) in self.rows() {
            mean.iter_mut().zip(tanh).for_each(|(mean, tanh)| *mean += w * tanh);
        }
        mean
    }

    /// Cov(a | z_t) v = <(1 - tanh^2) v> + Cov_m(tanh, tanh) v: `[N]`.
    fn covariance_times(&self, v: &[f64]) -> Vec<f64> {
        let mean = self.mean();
        let mut product = vec![0.0; v.len()];
        for (w, tanh) in self.rows() {
            let along: f64 = tanh.iter().zip(&mean).zip(v).map(|((tanh, mean), v)| (tanh - mean) * v).sum();
            for (((out, tanh), mean), v) in product.iter_mut().zip(tanh).zip(&mean).zip(v) {
                *out += w * ((1.0 - tanh * tanh) * v + (tanh - mean) * along);
            }
        }
        product
    }
}

impl Denoiser for CurieWeiss {
    fn dim(&self) -> usize {
        self.spins
    }

    fn at(&self, t: Timestep) -> Result<Box<dyn Predictor + '_>, ModelError> {
        Ok(Box::new(At { law: self, level: self.levels[t.index()] }))
    }
}

impl EpsHat for CurieWeiss {
    fn eps_hat_at(&self, level: Level, zt: &[f32], eps_hat: &mut [f32]) {
        by_rows((zt, self.spins), (eps_hat, self.spins), |row, out| {
            let mean = self.at_row(level, row).mean();
            level.eps_hat(row, &mean, out);
        });
    }
}

impl PosteriorMoments for CurieWeiss {
    fn alpha_bar(&self, t: Timestep) -> f64 {
        self.levels[t.index()].alpha_bar
    }

    fn posterior_mean(&self, t: Timestep, zt: &[f32], mean: &mut [f64]) {
        let level = self.levels[t.index()];
        by_rows((zt, self.spins), (mean, self.spins), |row, out| {
            out.copy_from_slice(&self.at_row(level, row).mean());
        });
    }

    fn posterior_variance_along(&self, t: Timestep, zt: &[f32], direction: &[f64], variances: &mut [f64]) {
        let level = self.levels[t.index()];
        by_rows((zt, self.spins), (variances, 1), |row, out| {
            let product = self.at_row(level, row).covariance_times(direction);
            out[0] = product.iter().zip(direction).map(|(p, u)| p * u).sum();
        });
    }

    fn posterior_variance(&self, t: Timestep, zt: &[f32], traces: &mut [f64]) {
        let level = self.levels[t.index()];
        by_rows((zt, self.spins), (traces, 1), |row, out| {
            out[0] = self.at_row(level, row).mean().iter().map(|mean| 1.0 - mean * mean).sum();
        });
    }

    fn posterior_covariance_times(&self, t: Timestep, zt: &[f32], directions: &[f64], products: &mut [f64]) {
        let (d, level) = (self.spins, self.levels[t.index()]);
        by_blocks_with(d, (zt, directions), products, 1, |row, v, out| {
            out.copy_from_slice(&self.at_row(level, row).covariance_times(v));
        });
    }
}

impl LogDensity for CurieWeiss {
    fn log_density(&self, t: Timestep, zt: &[f32], log_densities: &mut [f64]) {
        let level = self.levels[t.index()];
        let n = self.spins as f64;
        let volume = n * (std::f64::consts::TAU * level.noise_variance).ln();
        by_rows((zt, self.spins), (log_densities, 1), |row, out| {
            let square: f64 = row.iter().map(|&z| f64::from(z) * f64::from(z)).sum();
            let gaussian = -0.5 * (volume + (square + level.alpha_bar * n) / level.noise_variance);
            out[0] = gaussian + self.at_row(level, row).log_sum - self.log_partition;
        });
    }
}

impl ClassPosterior for CurieWeiss {
    fn classes(&self) -> usize {
        2
    }

    fn class_probabilities(&self, t: Timestep, zt: &[f32], probabilities: &mut [f64]) {
        let level = self.levels[t.index()];
        by_rows((zt, self.spins), (probabilities, 2), |row, out| {
            let h = Self::local_fields(level, row);
            let up = law::spins_up_given(&h, self.coupling);
            let (mut negative, mut positive) = (0.0, 0.0);
            for (k, p) in up.iter().enumerate() {
                match (2 * k).cmp(&self.spins) {
                    std::cmp::Ordering::Less => negative += p,
                    std::cmp::Ordering::Equal => (negative, positive) = (negative + 0.5 * p, positive + 0.5 * p),
                    std::cmp::Ordering::Greater => positive += p,
                }
            }
            out.copy_from_slice(&[positive, negative]);
        });
    }
}
