//! Transition times predicted from second moments alone: functions of eigenvalues and class means.
//!
//! A = alpha_bar_t, D = 1 - A; "the last t" is the largest timestep at which a condition holds, since time runs backwards
//! and the transition is met there first.

use data::Samples;
use data::linalg::Eigen;
use schedule::{Schedule, Timestep};

use crate::ModelError;

/// The largest t at which `holds(alpha_bar_t)`; `None` where it never does.
pub fn last_timestep(schedule: &Schedule, holds: impl Fn(f64) -> bool) -> Option<Timestep> {
    schedule.timesteps().rev().find(|&t| holds(schedule.alpha_bar(t)))
}

/// The last t with A Lambda >= 1, Lambda the variance along the data's first principal axis (or another order parameter).
/// Biroli, Bonnaire, de Bortoli and Mezard 2024.
pub fn spectral(schedule: &Schedule, top_variance: f64) -> Option<Timestep> {
    last_timestep(schedule, |alpha_bar| alpha_bar * top_variance >= 1.0)
}

/// The last t with A Lambda >= D: the first axis carries more signal than noise.
pub fn spectral_over_noise(schedule: &Schedule, top_variance: f64) -> Option<Timestep> {
    last_timestep(schedule, |alpha_bar| alpha_bar * top_variance >= 1.0 - alpha_bar)
}

/// I_G = (1/2) sum_k ln(1 + A lambda_k / D) in nats, the information that z_t of a Gaussian of variances lambda carries
/// about z_0.
pub fn gaussian_information(alpha_bar: f64, eigenvalues: &[f64]) -> f64 {
    let snr = alpha_bar / (1.0 - alpha_bar);
    0.5 * eigenvalues.iter().map(|lambda| (snr * lambda).ln_1p()).sum::<f64>()
}

/// The collapse time of n training samples: the last t with I_G >= ln n, where z_t begins to single one sample out.
/// Biroli, Bonnaire, de Bortoli and Mezard 2024.
pub fn collapse(schedule: &Schedule, eigenvalues: &[f64], samples: usize) -> Option<Timestep> {
    let needed = (samples as f64).ln();
    last_timestep(schedule, |alpha_bar| gaussian_information(alpha_bar, eigenvalues) >= needed)
}

/// The alpha_bar of collapse of n points of N(0, s2 I) in d dimensions (a random energy model):
/// A_C = (n^{2/d} - 1) / (s2 + n^{2/d} - 1), where I_G = ln n.
pub fn isotropic_collapse_alpha_bar(samples: usize, dim: usize, variance: f64) -> f64 {
    let excess = (2.0 / dim as f64 * (samples as f64).ln()).exp_m1();
    excess / (variance + excess)
}

/// H / ln n of that model as n grows: max(0, 1 - (d/2) ln(1 + A s2 / D) / ln n), H the entropy of the posterior weights.
pub fn isotropic_entropy_share(alpha_bar: f64, samples: usize, dim: usize, variance: f64) -> f64 {
    let information = dim as f64 * gaussian_information(alpha_bar, &[variance]);
    (1.0 - information / (samples as f64).ln()).max(0.0)
}

/// Two classes seen through their means and their pooled covariance.
#[derive(Debug, Clone)]
pub struct TwoClasses {
    /// |d|^2, d the difference of the class means.
    pub distance2: f64,
    /// p (1 - p) |d|^2, the variance along d between the classes.
    pub between: f64,
    /// u^T W u along the unit u of d; W = p C_1 + (1 - p) C_2.
    pub within_along: f64,
    /// The variances of W along its axes, decreasing: `[d]`.
    within: Vec<f64>,
    /// The squared components of d along these axes: `[d]`.
    components2: Vec<f64>,
}

impl TwoClasses {
    /// The geometry of a set with exactly two labels.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for another number of classes, [`ModelError::Data`] for values that are not finite.
    pub fn of(samples: &Samples) -> Result<Self, ModelError> {
        let counts = samples.label_counts();
        let [(first, n1), (second, n2)] = counts[..] else {
            return Err(ModelError::setting("classes", counts.len(), "two are needed"));
        };
        let share = n1 as f64 / (n1 + n2) as f64;
        let (m1, c1) = samples.of_label(first).mean_and_covariance();
        let (m2, c2) = samples.of_label(second).mean_and_covariance();
        let pooled: Vec<f64> = c1.iter().zip(&c2).map(|(a, b)| share * a + (1.0 - share) * b).collect();
        let Eigen { values: within, axes } = Eigen::of(&pooled, samples.dim)?;
        let mut along = vec![0.0; samples.dim];
        for (row, (a, b)) in axes.chunks_exact(samples.dim).zip(m1.iter().zip(&m2)) {
            along.iter_mut().zip(row).for_each(|(along, axis)| *along += axis * (a - b));
        }
        let components2: Vec<f64> = along.iter().map(|c| c * c).collect();
        let distance2: f64 = components2.iter().sum();
        let spread: f64 = components2.iter().zip(&within).map(|(c2, v)| c2 * v).sum();
        let within_along = if distance2 > 0.0 { spread / distance2 } else { 0.0 };
        Ok(Self { distance2, between: share * (1.0 - share) * distance2, within_along, within, components2 })
    }

    /// kappa_u = (A/4) |d|^2 / (A u^T W u + D): the class signal-to-noise ratio along d alone.
    pub fn snr_along(&self, alpha_bar: f64) -> f64 {
        0.25 * alpha_bar * self.distance2 / (alpha_bar * self.within_along + 1.0 - alpha_bar)
    }

    /// kappa = (A/4) d^T (A W + D)^{-1} d, that of the best linear discriminant; of two equal Gaussians the exact one.
    pub fn snr(&self, alpha_bar: f64) -> f64 {
        let term = |(c2, v): (&f64, &f64)| c2 / (alpha_bar * v + 1.0 - alpha_bar);
        0.25 * alpha_bar * self.components2.iter().zip(&self.within).map(term).sum::<f64>()
    }

    /// The last t with A p (1 - p) |d|^2 >= 1: [`spectral`] on the variance between the classes.
    pub fn by_variance_between(&self, schedule: &Schedule) -> Option<Timestep> {
        spectral(schedule, self.between)
    }

    /// The last t with kappa_u >= 1.
    pub fn by_snr_along(&self, schedule: &Schedule) -> Option<Timestep> {
        last_timestep(schedule, |alpha_bar| self.snr_along(alpha_bar) >= 1.0)
    }

    /// The last t with kappa >= 1: the speciation time, phi = 0.7752 for equal Gaussians.
    pub fn by_snr(&self, schedule: &Schedule) -> Option<Timestep> {
        last_timestep(schedule, |alpha_bar| self.snr(alpha_bar) >= 1.0)
    }
}

#[cfg(test)]
mod tests {
    use schedule::Law;

    use super::*;

    fn chain(timesteps: usize) -> Schedule {
        let scale = 1000.0 / timesteps as f64;
        Schedule::new(Law::Linear { beta_start: 1e-4 * scale, beta_end: 0.02 * scale }, timesteps).unwrap()
    }

    fn t(found: Option<Timestep>) -> usize {
        found.map_or(0, Timestep::get)
    }

    #[test]
    fn curie_weiss_spectra() {
        assert_eq!(t(spectral(&chain(1000), 72.452_049)), 649);
        assert_eq!(t(spectral(&chain(1000), 4.300_787)), 377);
        assert_eq!(spectral(&chain(1000), 0.999), None);
    }

    #[test]
    fn isotropic_points_collapse_where_their_information_reaches_ln_n() {
        let critical = isotropic_collapse_alpha_bar(1000, 64, 1.0);
        assert!((critical - 0.194_158).abs() < 1e-6, "{critical}");
        assert!((gaussian_information(critical, &[1.0; 64]) / 1000_f64.ln() - 1.0).abs() < 1e-12);
        assert_eq!(t(last_timestep(&chain(1000), |a| a >= critical)), 400);
        assert_eq!(t(last_timestep(&chain(100), |a| a >= critical)), 39);
        assert_eq!(t(collapse(&chain(1000), &[1.0; 64], 1000)), 400);
        for (t, share) in [(300, 0.0), (400, 0.0), (500, 0.621), (550, 0.781), (600, 0.879), (650, 0.936), (700, 0.968)]
        {
            let alpha_bar = chain(1000).alpha_bar(chain(1000).timestep(t).unwrap());
            let found = isotropic_entropy_share(alpha_bar, 1000, 64, 1.0);
            assert!((found - share).abs() < 6e-4, "{t}: {found}");
        }
    }

    #[test]
    fn two_classes_on_a_line_with_a_wide_direction_across() {
        // Class 0 at (+-1, +-3) about x = 2, class 1 about x = -2: W = diag(1, 9), d = (4, 0).
        let corners = [[1.0, 3.0], [1.0, -3.0], [-1.0, 3.0], [-1.0, -3.0_f32]];
        let values = [2.0, -2.0].into_iter().flat_map(|c| corners.map(|[x, y]| [x + c, y])).flatten().collect();
        let samples = Samples { dim: 2, values, labels: [[0; 4], [1; 4]].concat() };
        let classes = TwoClasses::of(&samples).unwrap();
        assert!((classes.distance2 - 16.0).abs() < 1e-12 && (classes.between - 4.0).abs() < 1e-12);
        assert!((classes.within_along - 1.0).abs() < 1e-12);
        // A W + D = 1 along d, so both ratios are A |d|^2 / 4.
        for alpha_bar in [0.9, 0.1] {
            assert!((classes.snr(alpha_bar) - 4.0 * alpha_bar).abs() < 1e-12);
            assert!((classes.snr_along(alpha_bar) - 4.0 * alpha_bar).abs() < 1e-12);
        }
        let error = TwoClasses::of(&samples.of_label(0)).unwrap_err();
        assert_eq!(error.to_string(), "classes: 1 is not allowed, two are needed");
    }
}
