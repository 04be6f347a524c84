//! A mixture at one timestep with its precision matrices formed, for many rows.

use data::linalg::{View, multiply};
use rayon::prelude::*;

use super::Mixture;
use super::component::Component;
use crate::Predictor;
use crate::exact::level::{Level, ROWS, by_blocks};
use crate::exact::softmax::softmax;

/// The predictor of a mixture of full covariances at one level.
///
/// eps_hat = sqrt(D) sum_c p(c | z_t) P_c (z_t - sqrt(A) m_c), P_c = (A Sigma_c + D)^{-1}; the log-odds use the same
/// products, (z_t - sqrt(A) m_c)^T P_c (z_t - sqrt(A) m_c).  Along coordinates without variance P_c = 1/D.
pub(super) struct Precise {
    level: Level,
    dim: usize,
    rank: usize,
    classes: Vec<Class>,
}

/// One class at this level.
struct Class {
    /// ln w_c - (1/2) ln det(2 pi (A Sigma_c + D)).
    log_factor: f64,
    /// sqrt(A) m_c: `[d]`.
    mean: Vec<f64>,
    /// P_c of the first `rank` coordinates: `[rank, rank]`.
    precision: Vec<f64>,
}

impl Precise {
    /// The predictor; `None` for a mixture of isotropic covariances, which needs no matrices.
    pub(super) fn of(mixture: &Mixture, level: Level) -> Option<Self> {
        let Mixture { components, dim, rank, .. } = mixture;
        let class = |component: &Component| {
            let precision = component.precision_matrix(level, *rank)?;
            let mean = component.mean().iter().map(|m| level.signal * m).collect();
            Some(Class { log_factor: component.log_factor(level), mean, precision })
        };
        let classes = components.par_iter().map(class).collect::<Option<Vec<_>>>()?;
        Some(Self { level, dim: *dim, rank: *rank, classes })
    }

    /// P_c (z_t - sqrt(A) m_c) and the log of the joint density of some rows.  zt: `[n, d]` -> `[n, d]`, `[n]`.
    fn explain(&self, class: &Class, zt: &[f32]) -> (Vec<f64>, Vec<f64>) {
        let (d, r, n) = (self.dim, self.rank, zt.len() / self.dim);
        let minus = |(z, m): (&f32, &f64)| f64::from(*z) - m;
        let rows = || zt.chunks_exact(d);
        let y: Vec<f64> = rows().flat_map(|row| row.iter().zip(&class.mean).map(minus)).collect();
        let mut products = y.clone();
        let flat = self.level.noise_variance.recip();
        products.chunks_exact_mut(d).for_each(|row| row[r..].iter_mut().for_each(|y| *y *= flat));
        let matrix = View::new(&class.precision, r, r);
        data::linalg::multiply_into(&mut products, d, View::strided(&y, n, r, d), matrix, 0.0);
        let square = |(y, product): (&[f64], &[f64])| y.iter().zip(product).map(|(y, p)| y * p).sum::<f64>();
        let logs = y.chunks_exact(d).zip(products.chunks_exact(d)).map(|pair| class.log_factor - 0.5 * square(pair));
        let logs = logs.collect();
        (products, logs)
    }
}

impl Predictor for Precise {
    fn eps_hat(&self, zt: &[f32], eps_hat: &mut [f32]) {
        let (d, k) = (self.dim, self.classes.len());
        by_blocks((zt, d), (eps_hat, d), ROWS, |zt, out| {
            let explained: Vec<_> = self.classes.iter().map(|class| self.explain(class, zt)).collect();
            let mut sum = vec![0.0; d];
            let mut p = vec![0.0; k];
            for (row, out) in out.chunks_exact_mut(d).enumerate() {
                p.iter_mut().zip(&explained).for_each(|(p, (_, logs))| *p = logs[row]);
                softmax(&mut p);
                sum.fill(0.0);
                for (p, (products, _)) in p.iter().zip(&explained) {
                    let product = &products[row * d..][..d];
                    sum.iter_mut().zip(product).for_each(|(sum, product)| *sum += p * product);
                }
                out.iter_mut().zip(&sum).for_each(|(out, sum)| *out = (self.level.noise * sum) as f32);
            }
        });
    }
}

impl Component {
    /// (A Sigma + D)^{-1} of the first `rank` coordinates, which the others are independent of: `[rank, rank]`.
    fn precision_matrix(&self, level: Level, rank: usize) -> Option<Vec<f64>> {
        let axes = self.axes()?;
        let d = self.dim();
        let precisions = self.precisions(level);
        let scaled = axes[..rank * d].chunks_exact(d).flat_map(|row| row.iter().zip(&precisions).map(|(u, p)| u * p));
        let scaled: Vec<f64> = scaled.collect();
        let mut matrix = vec![0.0; rank * rank];
        multiply(&mut matrix, View::new(&scaled, rank, d), View::new(axes, rank, d).transposed(), 0.0);
        Some(matrix)
    }
}

#[cfg(test)]
mod tests {
    use schedule::{Law, Schedule};

    use super::*;
    use crate::exact::level::EpsHat;
    use crate::{ClassGaussian, Denoiser};

    #[test]
    fn the_precisions_give_the_same_prediction() {
        let schedule = Schedule::new(Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 100).unwrap();
        // Two correlated coordinates of one class, one of the other, and two coordinates that never vary.
        let class = |weight, mean: [f64; 5], top: [f64; 9]| {
            let mut covariance = vec![0.0; 25];
            (0..9).for_each(|i| covariance[i / 3 * 5 + i % 3] = top[i]);
            ClassGaussian { weight, mean: mean.to_vec(), covariance }
        };
        let classes = [
            class(0.3, [1.0, 0.5, -0.2, 0.0, 0.1], [2.0, 0.6, 0.0, 0.6, 0.9, 0.1, 0.0, 0.1, 0.3]),
            class(0.7, [-1.0, 0.1, 0.4, 0.0, 0.1], [0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2]),
        ];
        let mixture = Mixture::new(&schedule, &classes).unwrap();
        assert_eq!(mixture.rank, 3);
        let zt: Vec<f32> = (0..500).map(|i| 1.5 * (0.731 * f64::from(i)).sin() as f32).collect();
        for t in [1, 7, 40, 100].map(|t| schedule.timestep(t).unwrap()) {
            let (mut quick, mut plain) = (vec![0.0; zt.len()], vec![0.0; zt.len()]);
            mixture.at(t).unwrap().eps_hat(&zt, &mut quick);
            mixture.eps_hat_at(mixture.levels[t.index()], &zt, &mut plain);
            for (a, b) in quick.iter().zip(&plain) {
                assert!((a - b).abs() <= 2e-6 * (1.0 + b.abs()), "{t:?}: {a} {b}");
            }
        }
    }
}
