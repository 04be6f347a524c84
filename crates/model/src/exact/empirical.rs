//! The training set itself as the law of z_0: the denoiser that memorises.

use data::Samples;
use data::linalg::{View, multiply};
use rayon::prelude::*;
use schedule::{Schedule, Timestep};

use super::level::{At, EpsHat, Level, by_blocks, by_blocks_with};
use super::softmax::softmax;
use crate::{ClassPosterior, Denoiser, LogDensity, ModelError, PosteriorMoments, Predictor};

/// Posterior weights held at a time (8 MiB a thread), so that memory does not grow with the number of rows.
const WEIGHTS_AT_ONCE: usize = 1 << 20;
/// Rows handled together in f32; a constant, so that no result depends on the number of threads.
const F32_ROWS: usize = 128;

/// z_0 uniform over n points a_i: w_i(z_t) = softmax_i(-|z_t - sqrt(A) a_i|^2 / 2D).
///
/// eps_hat = (z_t - sqrt(A) sum_i w_i a_i) / sqrt(D). The points are held in f64 (8 n d bytes), since at small D the
/// logarithms of the weights are differences of numbers near |z|^2/D.  Biroli, Bonnaire, de Bortoli and Mezard 2024.
#[derive(Debug, Clone)]
pub struct Empirical {
    levels: Vec<Level>,
    dim: usize,
    /// a: `[n, d]`.
    points: Vec<f64>,
    /// |a_i|^2: `[n]`.
    norms2: Vec<f64>,
    /// The class of each point as an index into `labels`: `[n]`, empty without classes.
    classes: Vec<usize>,
    labels: Vec<u8>,
}

/// How the posterior weights of one z_t are spread over the points.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightSummary {
    /// -sum_i w_i ln w_i in nats: 0 when one point holds all, ln n when all are alike.
    pub entropy: f64,
    /// Y2 = sum_i w_i^2; 1/Y2 is the effective number of points.
    pub participation: f64,
    /// The point of largest weight; the first of several.
    pub most_likely: usize,
    /// p(c | z_t) in the order of [`Empirical::labels`]: `[K]`, empty without classes.
    pub class_probabilities: Vec<f64>,
}

/// The posterior of some rows.
struct Posterior {
    /// w: `[rows, n]`.
    weights: Vec<f64>,
    /// ln sum_i exp((sqrt(A) z_t . a_i - A |a_i|^2 / 2) / D): `[rows]`.
    log_sums: Vec<f64>,
}

impl Empirical {
    /// The law of these points; with labels it has classes.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for no points or fewer labels than points.
    pub fn new(schedule: &Schedule, samples: &Samples) -> Result<Self, ModelError> {
        let (n, dim) = (samples.len(), samples.dim);
        if n == 0 || dim == 0 {
            return Err(ModelError::setting("samples", n, "use one or more points"));
        }
        if !samples.labels.is_empty() && samples.labels.len() != n {
            return Err(ModelError::setting("samples.labels", samples.labels.len(), format!("use none or {n}")));
        }
        let points: Vec<f64> = samples.values.iter().map(|&v| f64::from(v)).collect();
        let norms2 = points.chunks_exact(dim).map(|a| a.iter().map(|a| a * a).sum()).collect();
        let labels: Vec<u8> = samples.label_counts().into_iter().map(|(label, _)| label).collect();
        let class_of = |label: &u8| labels.iter().position(|known| known == label);
        let classes = samples.labels.iter().filter_map(class_of).collect();
        Ok(Self { levels: Level::all(schedule), dim, points, norms2, classes, labels })
    }

    /// n, the number of points.
    pub fn len(&self) -> usize {
        self.norms2.len()
    }

    /// Always false: there is at least one point.
    pub fn is_empty(&self) -> bool {
        self.norms2.is_empty()
    }

    /// The labels of the classes, ascending: class k of [`ClassPosterior`] has label `labels()[k]`.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// Entropy, participation, most likely point and classes of every row in one pass.  zt: `[m, d]` -> `[m]`.
    ///
    /// Needs one product of `[m, d]` with `[d, n]`.
    pub fn summaries(&self, t: Timestep, zt: &[f32]) -> Vec<WeightSummary> {
        let level = self.levels[t.index()];
        let empty = WeightSummary { entropy: 0.0, participation: 0.0, most_likely: 0, class_probabilities: Vec::new() };
        let mut summaries = vec![empty; zt.len() / self.dim];
        by_blocks((zt, self.dim), (&mut summaries, 1), self.block(), |zt, out| {
            let posterior = self.posterior(level, zt);
            for (out, w) in out.iter_mut().zip(posterior.weights.chunks_exact(self.len())) {
                *out = self.summary(w);
            }
        });
        summaries
    }

    /// As [`Self::summaries`] in half the time: the products z_t . a_i are formed in f32, everything else in f64.
    ///
    /// Their error, about 1e-7 |z_t| |a_i|, moves a logarithm of a weight by sqrt(A)/D times as much. That is far below 1
    /// where the weights are shared out, and where D is so small that it is not, one point leads by far more.
    pub fn summaries_in_f32(&self, t: Timestep, zt: &[f32]) -> Vec<WeightSummary> {
        let (level, n, d) = (self.levels[t.index()], self.len(), self.dim);
        let points: Vec<f32> = self.points.iter().map(|&a| a as f32).collect();
        let scale = level.signal / level.noise_variance;
        let half_snr = 0.5 * level.alpha_bar / level.noise_variance;
        let of_rows = |zt: &[f32]| {
            let rows = zt.len() / d;
            let mut products = vec![0.0_f32; rows * n];
            multiply(&mut products, View::new(zt, rows, d), View::new(&points, n, d).transposed(), 0.0);
            let mut logs = vec![0.0; n];
            let summary = |products: &[f32]| {
                for ((log, &product), norm2) in logs.iter_mut().zip(products).zip(&self.norms2) {
                    *log = scale * f64::from(product) - half_snr * norm2;
                }
                self.summary_of_logs(&logs)
            };
            products.chunks_exact(n).map(summary).collect::<Vec<_>>()
        };
        zt.par_chunks(F32_ROWS * d).map(of_rows).collect::<Vec<_>>().concat()
    }

    /// The summary of w_i = exp(l_i) / sum_j exp(l_j): with S = sum_i exp(l_i - max), H = ln S - sum_i w_i (l_i - max).
    fn summary_of_logs(&self, logs: &[f64]) -> WeightSummary {
        let mut most_likely = 0;
        for (i, &log) in logs.iter().enumerate() {
            if log > logs[most_likely] {
                most_likely = i;
            }
        }
        let largest = logs[most_likely];
        let (mut sum, mut squares, mut lag) = (0.0, 0.0, 0.0);
        let mut class_probabilities = vec![0.0; self.labels.len()];
        for (i, log) in logs.iter().enumerate() {
            let gap = log - largest;
            // Below e^-60 a point is lost in the rounding of every sum.
            if gap > -60.0 {
                let weight = gap.exp();
                sum += weight;
                squares += weight * weight;
                lag += weight * gap;
                if let Some(&class) = self.classes.get(i) {
                    class_probabilities[class] += weight;
                }
            }
        }
        class_probabilities.iter_mut().for_each(|p| *p /= sum);
        let entropy = (sum.ln() - lag / sum).max(0.0);
        WeightSummary { entropy, participation: squares / (sum * sum), most_likely, class_probabilities }
    }

    /// w_i(z_t).  zt: `[m, d]` -> weights: `[m, n]`.
    pub fn weights(&self, t: Timestep, zt: &[f32], weights: &mut [f64]) {
        let level = self.levels[t.index()];
        by_blocks((zt, self.dim), (weights, self.len()), self.block(), |zt, out| {
            out.copy_from_slice(&self.posterior(level, zt).weights);
        });
    }

    /// E[f(z_0) | z_t] = sum_i w_i f(a_i) of k functions.  values f(a_i): `[n, k]`, zt: `[m, d]` -> expectations: `[m, k]`.
    pub fn expectations(&self, t: Timestep, zt: &[f32], values: &[f64], expectations: &mut [f64]) {
        let (n, level) = (self.len(), self.levels[t.index()]);
        let k = values.len() / n;
        by_blocks((zt, self.dim), (expectations, k), self.block(), |zt, out| {
            let posterior = self.posterior(level, zt);
            multiply(out, View::new(&posterior.weights, zt.len() / self.dim, n), View::new(values, n, k), 0.0);
        });
    }

    fn summary(&self, w: &[f64]) -> WeightSummary {
        let (mut entropy, mut participation, mut most_likely) = (0.0, 0.0, 0);
        for (i, &w_i) in w.iter().enumerate() {
            if w_i > 0.0 {
                entropy -= w_i * w_i.ln();
                participation += w_i * w_i;
            }
            if w_i > w[most_likely] {
                most_likely = i;
            }
        }
        let mut class_probabilities = vec![0.0; self.labels.len()];
        self.add_classes(w, &mut class_probabilities);
        WeightSummary { entropy, participation, most_likely, class_probabilities }
    }

    fn add_classes(&self, w: &[f64], probabilities: &mut [f64]) {
        for (&w, &class) in w.iter().zip(&self.classes) {
            probabilities[class] += w;
        }
    }

    /// Rows handled together.
    fn block(&self) -> usize {
        (WEIGHTS_AT_ONCE / self.len()).clamp(8, 256)
    }

    fn posterior(&self, level: Level, zt: &[f32]) -> Posterior {
        let (n, d) = (self.len(), self.dim);
        let rows = zt.len() / d;
        let scale = level.signal / level.noise_variance;
        let scaled: Vec<f64> = zt.iter().map(|&z| scale * f64::from(z)).collect();
        let mut weights = vec![0.0; rows * n];
        multiply(&mut weights, View::new(&scaled, rows, d), self.view().transposed(), 0.0);
        let half_snr = 0.5 * level.alpha_bar / level.noise_variance;
        let log_sums = weights
            .chunks_exact_mut(n)
            .map(|row| {
                row.iter_mut().zip(&self.norms2).for_each(|(log, norm2)| *log -= half_snr * norm2);
                softmax(row)
            })
            .collect();
        Posterior { weights, log_sums }
    }

    /// The points as a matrix `[n, d]`.
    fn view(&self) -> View<'_, f64> {
        View::new(&self.points, self.len(), self.dim)
    }

    /// sum_i w_i a_i.  weights: `[rows, n]` -> `[rows, d]`.
    fn weighted_sums(&self, weights: &[f64]) -> Vec<f64> {
        let rows = weights.len() / self.len();
        let mut sums = vec![0.0; rows * self.dim];
        multiply(&mut sums, View::new(weights, rows, self.len()), self.view(), 0.0);
        sums
    }
}

/// sum_i w_i (s_i - s)^2 with s the mean, for values s_i; turns them into w_i (s_i - s).
fn weigh_deviations(w: &[f64], values: &mut [f64]) -> f64 {
    let mean: f64 = w.iter().zip(values.iter()).map(|(w, s)| w * s).sum();
    let mut variance = 0.0;
    for (value, w) in values.iter_mut().zip(w) {
        let deviation = *value - mean;
        *value = w * deviation;
        variance += *value * deviation;
    }
    variance
}

impl Denoiser for Empirical {
    fn dim(&self) -> usize {
        self.dim
    }

    fn at(&self, t: Timestep) -> Result<Box<dyn Predictor + '_>, ModelError> {
        Ok(Box::new(At { law: self, level: self.levels[t.index()] }))
    }
}

impl EpsHat for Empirical {
    fn eps_hat_at(&self, level: Level, zt: &[f32], eps_hat: &mut [f32]) {
        by_blocks((zt, self.dim), (eps_hat, self.dim), self.block(), |zt, out| {
            let mean = self.weighted_sums(&self.posterior(level, zt).weights);
            level.eps_hat(zt, &mean, out);
        });
    }
}

impl PosteriorMoments for Empirical {
    fn alpha_bar(&self, t: Timestep) -> f64 {
        self.levels[t.index()].alpha_bar
    }

    fn posterior_mean(&self, t: Timestep, zt: &[f32], mean: &mut [f64]) {
        let level = self.levels[t.index()];
        by_blocks((zt, self.dim), (mean, self.dim), self.block(), |zt, out| {
            out.copy_from_slice(&self.weighted_sums(&self.posterior(level, zt).weights));
        });
    }

    fn posterior_variance_along(&self, t: Timestep, zt: &[f32], direction: &[f64], variances: &mut [f64]) {
        let (n, level) = (self.len(), self.levels[t.index()]);
        let mut along = vec![0.0; n];
        multiply(&mut along, self.view(), View::new(direction, self.dim, 1), 0.0);
        by_blocks((zt, self.dim), (variances, 1), self.block(), |zt, out| {
            let posterior = self.posterior(level, zt);
            let mut values = vec![0.0; n];
            for (out, w) in out.iter_mut().zip(posterior.weights.chunks_exact(n)) {
                values.copy_from_slice(&along);
                *out = weigh_deviations(w, &mut values);
            }
        });
    }

    fn posterior_variance(&self, t: Timestep, zt: &[f32], traces: &mut [f64]) {
        let (n, level) = (self.len(), self.levels[t.index()]);
        by_blocks((zt, self.dim), (traces, 1), self.block(), |zt, out| {
            let posterior = self.posterior(level, zt);
            let means = self.weighted_sums(&posterior.weights);
            let rows = posterior.weights.chunks_exact(n).zip(means.chunks_exact(self.dim));
            for (out, (w, mean)) in out.iter_mut().zip(rows) {
                let second: f64 = w.iter().zip(&self.norms2).map(|(w, norm2)| w * norm2).sum();
                // Where one point holds all the weight the difference is rounding of either sign.
                *out = (second - mean.iter().map(|m| m * m).sum::<f64>()).max(0.0);
            }
        });
    }

    fn posterior_covariance_times(&self, t: Timestep, zt: &[f32], directions: &[f64], products: &mut [f64]) {
        let (n, d, level) = (self.len(), self.dim, self.levels[t.index()]);
        by_blocks_with(d, (zt, directions), products, self.block(), |zt, v, out| {
            let posterior = self.posterior(level, zt);
            let mut along = vec![0.0; posterior.weights.len()];
            multiply(&mut along, View::new(v, v.len() / d, d), self.view().transposed(), 0.0);
            for (along, w) in along.chunks_exact_mut(n).zip(posterior.weights.chunks_exact(n)) {
                weigh_deviations(w, along);
            }
            out.copy_from_slice(&self.weighted_sums(&along));
        });
    }
}

impl LogDensity for Empirical {
    fn log_density(&self, t: Timestep, zt: &[f32], log_densities: &mut [f64]) {
        let level = self.levels[t.index()];
        let volume = 0.5 * self.dim as f64 * (std::f64::consts::TAU * level.noise_variance).ln();
        let constant = (self.len() as f64).ln() + volume;
        by_blocks((zt, self.dim), (log_densities, 1), self.block(), |zt, out| {
            let sums = self.posterior(level, zt).log_sums;
            for ((out, row), sum) in out.iter_mut().zip(zt.chunks_exact(self.dim)).zip(sums) {
                let square: f64 = row.iter().map(|&z| f64::from(z) * f64::from(z)).sum();
                *out = sum - 0.5 * square / level.noise_variance - constant;
            }
        });
    }
}

/// Without labels there are 0 classes and nothing is written.
impl ClassPosterior for Empirical {
    fn classes(&self) -> usize {
        self.labels.len()
    }

    fn class_probabilities(&self, t: Timestep, zt: &[f32], probabilities: &mut [f64]) {
        let (k, level) = (self.labels.len(), self.levels[t.index()]);
        if k == 0 {
            return;
        }
        by_blocks((zt, self.dim), (probabilities, k), self.block(), |zt, out| {
            let posterior = self.posterior(level, zt);
            out.fill(0.0);
            for (out, w) in out.chunks_exact_mut(k).zip(posterior.weights.chunks_exact(self.len())) {
                self.add_classes(w, out);
            }
        });
    }
}
