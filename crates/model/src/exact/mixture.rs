//! Mixtures of Gaussians with covariances of their own.

mod component;
mod precise;

use component::Component;
use data::linalg::{View, multiply};
use data::{Frame, Samples};
use schedule::{Schedule, Timestep};

use super::level::{At, EpsHat, Level, ROWS, by_blocks, by_blocks_with};
use super::softmax::softmax;
use crate::{ClassPosterior, Denoiser, LogDensity, ModelError, PosteriorMoments, Predictor};
use precise::Precise;

/// A coordinate whose variance is below this share of the largest is taken for constant: the rounding of f32 data.
const NO_VARIANCE: f64 = 1e-12;

/// z_0 ~ sum_c w_c N(m_c, Sigma_c).
///
/// eps_hat = sum_c p(c | z_t) sqrt(D) (A Sigma_c + D)^{-1} (z_t - sqrt(A) m_c), formed without cancellation. Each
/// covariance is decomposed once, so a timestep costs two products a class and a row; a predictor forms the precisions
/// first and needs one.  Wang and Vastola 2024.
#[derive(Debug, Clone)]
pub struct Mixture {
    levels: Vec<Level>,
    components: Vec<Component>,
    dim: usize,
    /// Coordinates from here on vary in no class.
    rank: usize,
}

/// w N(m, Sigma), one class of a [`Mixture`].
#[derive(Debug, Clone, PartialEq)]
pub struct ClassGaussian {
    /// w, positive; the weights of a mixture are divided by their sum.
    pub weight: f64,
    /// m: `[d]`.
    pub mean: Vec<f64>,
    /// Sigma, row-major `[d, d]`; directions of zero variance are allowed.
    pub covariance: Vec<f64>,
}

/// One class's share in the posterior of some rows.
struct Conditional {
    /// p(c | z_t): `[n]`.
    probabilities: Vec<f64>,
    /// E[z_0 | z_t, c] - E[z_0 | z_t]: `[n, d]`.
    offsets: Vec<f64>,
}

/// The classes of some rows under the mixture.
struct Explained {
    /// U_c^T (z_t - sqrt(A) m_c), one `[n, d]` a class.
    residuals: Vec<Vec<f64>>,
    /// p(c | z_t): `[n, K]`.
    probabilities: Vec<f64>,
    /// ln p_t(z_t): `[n]`.
    log_densities: Vec<f64>,
}

impl Mixture {
    /// The mixture of these Gaussians.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for no class, a weight that is not positive, lengths that do not agree;
    /// [`ModelError::Data`] for a covariance that is not finite.
    pub fn new(schedule: &Schedule, classes: &[ClassGaussian]) -> Result<Self, ModelError> {
        let total = checked_weights(classes.iter().map(|class| class.weight))?;
        let dim = classes.first().map_or(0, |class| class.mean.len());
        for ClassGaussian { mean, covariance, .. } in classes {
            if mean.len() != dim || dim == 0 || covariance.len() != dim * dim {
                let value = format!("a mean of length {} with {} covariances", mean.len(), covariance.len());
                return Err(ModelError::setting("mixture", value, "use d and d * d numbers, the same d for all"));
            }
        }
        let component = |class: &ClassGaussian| Component::full(class.weight / total, &class.mean, &class.covariance);
        let components = classes.iter().map(component).collect::<Result<_, _>>()?;
        let variance = |k: usize| classes.iter().map(|class| class.covariance[k * dim + k]).fold(0.0, f64::max);
        let most = (0..dim).map(variance).fold(0.0, f64::max);
        let rank = (0..dim).rev().find(|&k| variance(k) > NO_VARIANCE * most).map_or(0, |last| last + 1);
        Ok(Self { levels: Level::all(schedule), components, dim, rank })
    }

    /// One Gaussian a class of `samples`, with the class's share, mean and covariance; classes ascend by label.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for samples without labels; [`ModelError::Data`] for values that are not finite.
    pub fn fit(schedule: &Schedule, samples: &Samples) -> Result<Self, ModelError> {
        let gaussian = |(label, count): (u8, usize)| {
            let (mean, covariance) = samples.of_label(label).mean_and_covariance();
            ClassGaussian { weight: count as f64, mean, covariance }
        };
        let classes: Vec<_> = samples.label_counts().into_iter().map(gaussian).collect();
        Self::new(schedule, &classes)
    }

    /// The law that a drawn data set comes from, in the coordinates of `frame`; class k is component k.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for no component, a weight that is not positive, or means that do not fit the frame.
    pub fn of_law(schedule: &Schedule, law: &data::GaussianMixture, frame: &Frame) -> Result<Self, ModelError> {
        let total = checked_weights(law.weights.iter().copied())?;
        let dim = frame.dim();
        if law.means.len() != law.weights.len() || law.means.iter().any(|mean| mean.len() != dim) || dim == 0 {
            let value = format!("a list of {}", law.means.len());
            return Err(ModelError::setting("data.means", value, format!("use one mean of length {dim} a weight")));
        }
        let component = |(mean, weight): (&Vec<f64>, &f64)| {
            Component::isotropic(weight / total, &frame.project_point(mean), law.std * law.std)
        };
        let components = law.means.iter().zip(&law.weights).map(component).collect();
        Ok(Self { levels: Level::all(schedule), components, dim, rank: dim })
    }

    fn explain(&self, level: Level, zt: &[f32]) -> Explained {
        let (k, rows) = (self.components.len(), zt.len() / self.dim);
        let zt: Vec<f64> = zt.iter().map(|&z| f64::from(z)).collect();
        let residuals: Vec<Vec<f64>> = self.components.iter().map(|c| c.residual(level, &zt)).collect();
        let mut probabilities = vec![0.0; rows * k];
        for (class, (component, y)) in self.components.iter().zip(&residuals).enumerate() {
            for (row, log) in component.log_joint(level, y).into_iter().enumerate() {
                probabilities[row * k + class] = log;
            }
        }
        let log_densities = probabilities.chunks_exact_mut(k).map(softmax).collect();
        Explained { residuals, probabilities, log_densities }
    }

    /// E[z_0 | z_t] of some rows, and each class's share in it.
    fn conditional_means(&self, level: Level, zt: &[f32]) -> (Vec<f64>, Vec<Conditional>) {
        let explained = self.explain(level, zt);
        let mut mean = vec![0.0; zt.len()];
        let mut classes = Vec::with_capacity(self.components.len());
        for (class, (component, y)) in self.components.iter().zip(&explained.residuals).enumerate() {
            let (offsets, probabilities) = (component.posterior_mean(level, y), explained.of_class(class));
            add_weighted(&mut mean, &offsets, &probabilities);
            classes.push(Conditional { probabilities, offsets });
        }
        for Conditional { offsets, .. } in &mut classes {
            offsets.iter_mut().zip(&mean).for_each(|(own, mean)| *own -= mean);
        }
        (mean, classes)
    }
}

impl Explained {
    /// p(c | z_t) of one class: `[n]`.
    fn of_class(&self, class: usize) -> Vec<f64> {
        self.probabilities.chunks_exact(self.residuals.len()).map(|row| row[class]).collect()
    }
}

/// out += p rows, each row with its own p.  out, rows: `[n, d]`, p: `[n]`.
fn add_weighted(out: &mut [f64], rows: &[f64], p: &[f64]) {
    let d = rows.len() / p.len().max(1);
    for ((out, row), p) in out.chunks_exact_mut(d).zip(rows.chunks_exact(d)).zip(p) {
        out.iter_mut().zip(row).for_each(|(out, value)| *out += p * value);
    }
}

/// The sum of the weights, of which there is at least one and each is positive.
fn checked_weights(weights: impl Iterator<Item = f64>) -> Result<f64, ModelError> {
    let mut total = 0.0;
    for weight in weights {
        if !(weight > 0.0 && weight.is_finite()) {
            return Err(ModelError::setting("data.weights", weight, "use finite numbers above 0"));
        }
        total += weight;
    }
    if total > 0.0 { Ok(total) } else { Err(ModelError::setting("mixture", "no class", "use labelled samples")) }
}

impl Denoiser for Mixture {
    fn dim(&self) -> usize {
        self.dim
    }

    fn at(&self, t: Timestep) -> Result<Box<dyn Predictor + '_>, ModelError> {
        let level = self.levels[t.index()];
        Ok(match Precise::of(self, level) {
            Some(precise) => Box::new(precise),
            None => Box::new(At { law: self, level }),
        })
    }
}

impl EpsHat for Mixture {
    fn eps_hat_at(&self, level: Level, zt: &[f32], eps_hat: &mut [f32]) {
        let d = self.dim;
        by_blocks((zt, d), (eps_hat, d), ROWS, |zt, out| {
            let explained = self.explain(level, zt);
            let mut sum = vec![0.0; zt.len()];
            for (class, (component, y)) in self.components.iter().zip(&explained.residuals).enumerate() {
                let precisions = component.precisions(level);
                let mut scaled = vec![0.0; y.len()];
                let rows = scaled.chunks_exact_mut(d).zip(y.chunks_exact(d)).zip(explained.of_class(class));
                for ((scaled, y), p) in rows {
                    for ((scaled, y), precision) in scaled.iter_mut().zip(y).zip(&precisions) {
                        *scaled = level.noise * p * precision * y;
                    }
                }
                component.add_back(&scaled, &mut sum);
            }
            out.iter_mut().zip(sum).for_each(|(out, sum)| *out = sum as f32);
        });
    }
}

/// Cov(z_0 | z_t) = sum_c p_c (C_c + (mu_c - mu)(mu_c - mu)^T), C_c = D Sigma_c (A Sigma_c + D)^{-1}.
impl PosteriorMoments for Mixture {
    fn alpha_bar(&self, t: Timestep) -> f64 {
        self.levels[t.index()].alpha_bar
    }

    fn posterior_mean(&self, t: Timestep, zt: &[f32], mean: &mut [f64]) {
        let level = self.levels[t.index()];
        by_blocks((zt, self.dim), (mean, self.dim), ROWS, |zt, out| {
            out.copy_from_slice(&self.conditional_means(level, zt).0);
        });
    }

    fn posterior_variance_along(&self, t: Timestep, zt: &[f32], direction: &[f64], variances: &mut [f64]) {
        let level = self.levels[t.index()];
        let rotated: Vec<Vec<f64>> = self.components.iter().map(|c| c.rotate(direction)).collect();
        let within = |(c, u): (&Component, &Vec<f64>)| {
            c.posterior_variances(level).iter().zip(u).map(|(v, u)| v * u * u).sum::<f64>()
        };
        let within: Vec<f64> = self.components.iter().zip(&rotated).map(within).collect();
        by_blocks((zt, self.dim), (variances, 1), ROWS, |zt, out| {
            let explained = self.explain(level, zt);
            let classes = self.components.iter().zip(&explained.residuals).zip(&rotated);
            let along: Vec<Vec<f64>> = classes.map(|((c, y), u)| c.posterior_mean_along(level, y, u)).collect();
            let probabilities = explained.probabilities.chunks_exact(self.components.len());
            for (row, (out, p)) in out.iter_mut().zip(probabilities).enumerate() {
                let mean: f64 = p.iter().zip(&along).map(|(p, along)| p * along[row]).sum();
                let class =
                    |((p, along), within): ((&f64, &Vec<f64>), &f64)| p * (within + (along[row] - mean).powi(2));
                *out = p.iter().zip(&along).zip(&within).map(class).sum();
            }
        });
    }

    fn posterior_variances_along(&self, t: Timestep, zt: &[f32], directions: &[f64], variances: &mut [f64]) {
        let (d, level) = (self.dim, self.levels[t.index()]);
        let m = directions.len() / d;
        let within = |c: &Component| {
            let (rotated, variances) = (c.rotate(directions), c.posterior_variances(level));
            let along = |u: &[f64]| u.iter().zip(&variances).map(|(u, v)| v * u * u).sum::<f64>();
            rotated.chunks_exact(d).map(along).collect::<Vec<_>>()
        };
        let within: Vec<Vec<f64>> = self.components.iter().map(within).collect();
        by_blocks((zt, d), (variances, m), ROWS, |zt, out| {
            out.fill(0.0);
            for (Conditional { probabilities, offsets }, within) in
                self.conditional_means(level, zt).1.iter().zip(&within)
            {
                let mut along = vec![0.0; out.len()];
                let directions = View::new(directions, m, d).transposed();
                multiply(&mut along, View::new(offsets, probabilities.len(), d), directions, 0.0);
                for ((out, along), p) in out.chunks_exact_mut(m).zip(along.chunks_exact(m)).zip(probabilities) {
                    let directions = out.iter_mut().zip(along).zip(within);
                    directions.for_each(|((out, along), within)| *out += p * (within + along * along));
                }
            }
        });
    }

    fn posterior_variance(&self, t: Timestep, zt: &[f32], traces: &mut [f64]) {
        let level = self.levels[t.index()];
        let within: Vec<f64> =
            self.components.iter().map(|c| c.posterior_variances(level).iter().sum::<f64>()).collect();
        by_blocks((zt, self.dim), (traces, 1), ROWS, |zt, out| {
            out.fill(0.0);
            for (Conditional { probabilities, offsets }, within) in
                self.conditional_means(level, zt).1.iter().zip(&within)
            {
                for ((out, p), offset) in out.iter_mut().zip(probabilities).zip(offsets.chunks_exact(self.dim)) {
                    *out += p * (within + offset.iter().map(|o| o * o).sum::<f64>());
                }
            }
        });
    }

    fn posterior_covariance_times(&self, t: Timestep, zt: &[f32], directions: &[f64], products: &mut [f64]) {
        let (d, level) = (self.dim, self.levels[t.index()]);
        by_blocks_with(d, (zt, directions), products, ROWS, |zt, v, out| {
            out.fill(0.0);
            let classes = self.conditional_means(level, zt).1;
            for (component, Conditional { probabilities: p, offsets }) in self.components.iter().zip(&classes) {
                let mut rotated = component.rotate(v);
                let variances = component.posterior_variances(level);
                for (row, p) in rotated.chunks_exact_mut(d).zip(p) {
                    row.iter_mut().zip(&variances).for_each(|(v, variance)| *v *= p * variance);
                }
                component.add_back(&rotated, out);
                let along = v.chunks_exact(d).zip(offsets.chunks_exact(d)).zip(p);
                let pulls: Vec<f64> =
                    along.map(|((v, o), p)| p * v.iter().zip(o).map(|(v, o)| v * o).sum::<f64>()).collect();
                add_weighted(out, offsets, &pulls);
            }
        });
    }
}

impl LogDensity for Mixture {
    fn log_density(&self, t: Timestep, zt: &[f32], log_densities: &mut [f64]) {
        let level = self.levels[t.index()];
        by_blocks((zt, self.dim), (log_densities, 1), ROWS, |zt, out| {
            out.copy_from_slice(&self.explain(level, zt).log_densities);
        });
    }
}

impl ClassPosterior for Mixture {
    fn classes(&self) -> usize {
        self.components.len()
    }

    fn class_probabilities(&self, t: Timestep, zt: &[f32], probabilities: &mut [f64]) {
        let level = self.levels[t.index()];
        by_blocks((zt, self.dim), (probabilities, self.components.len()), ROWS, |zt, out| {
            out.copy_from_slice(&self.explain(level, zt).probabilities);
        });
    }
}
