//! The Swiss roll's curve as the law of z_0.

use data::{Frame, Samples, SwissRoll};
use rayon::prelude::*;
use schedule::{Schedule, Timestep};

use crate::{ClassPosterior, Denoiser, Empirical, LogDensity, ModelError, PosteriorMoments, Predictor};

/// z_0 uniform in theta on the spiral of [`SwissRoll`], the integral over theta taken on a fine grid.
///
/// Its classes are equal arcs of theta from the inner end outwards. The grid stands for the curve as long as its
/// spacing, at most 0.00057 with the 20,000 points of [`Spiral::GRID`], is far below sqrt(D).
#[derive(Debug, Clone)]
pub struct Spiral {
    grid: Empirical,
    /// (theta_i, theta_i^2): `[n, 2]`.
    powers: Vec<f64>,
    /// The grid in the coordinates of the frame: `[n]`.
    curve: Vec<[f64; 2]>,
}

impl Spiral {
    /// The grid of the reference numbers.
    pub const GRID: usize = 20_000;

    /// The curve on `points` angles with both ends, in the coordinates of `frame`, divided into `arcs` classes.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for fewer than 2 points, arcs outside 1..=256, or a frame that is not of the plane.
    pub fn new(schedule: &Schedule, frame: &Frame, points: usize, arcs: usize) -> Result<Self, ModelError> {
        if points < 2 {
            return Err(ModelError::setting("points", points, "use 2 or more"));
        }
        if !(1..=256).contains(&arcs) {
            return Err(ModelError::setting("arcs", arcs, "use 1 to 256"));
        }
        if frame.dim() != 2 {
            return Err(ModelError::setting("frame.dim", frame.dim(), "the spiral lies in the plane, use 2"));
        }
        let curve: Vec<[f64; 2]> = data::curve(points)
            .iter()
            .map(|x| {
                let z = frame.project_point(x);
                [z[0], z[1]]
            })
            .collect();
        let values = curve.iter().flatten().map(|&z| z as f32).collect();
        let labels = (0..points).map(|i| (i * arcs / points) as u8).collect();
        let grid = Empirical::new(schedule, &Samples { dim: 2, values, labels })?;
        let step = SwissRoll::THETA_END / (points - 1) as f64;
        let powers = (0..points).map(|i| i as f64 * step).flat_map(|theta| [theta, theta * theta]).collect();
        Ok(Self { grid, powers, curve })
    }

    /// The law over the grid, with its posterior weights.
    pub fn grid(&self) -> &Empirical {
        &self.grid
    }

    /// Mean and variance of p(theta | z_t).  zt: `[n, 2]` -> `[n]` pairs.
    ///
    /// Clones that share z_t end at angles whose mean squared difference is twice the mean of the variance.
    pub fn theta_posterior(&self, t: Timestep, zt: &[f32]) -> Vec<(f64, f64)> {
        let mut moments = vec![0.0; zt.len()];
        self.grid.expectations(t, zt, &self.powers, &mut moments);
        moments.chunks_exact(2).map(|m| (m[0], (m[1] - m[0] * m[0]).max(0.0))).collect()
    }

    /// The distance of every point to the curve.  z: `[n, 2]` -> `[n]`.
    pub fn distances(&self, z: &[f32]) -> Vec<f64> {
        let distance = |z: &[f32]| {
            let z = [f64::from(z[0]), f64::from(z[1])];
            self.curve.windows(2).map(|ends| distance2(z, ends[0], ends[1])).fold(f64::INFINITY, f64::min).sqrt()
        };
        z.par_chunks_exact(2).map(distance).collect()
    }
}

/// The squared distance of z to the segment from a to b.
fn distance2(z: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (along, from) = ([b[0] - a[0], b[1] - a[1]], [z[0] - a[0], z[1] - a[1]]);
    let length2 = along[0] * along[0] + along[1] * along[1];
    let share = if length2 > 0.0 { (from[0] * along[0] + from[1] * along[1]) / length2 } else { 0.0 };
    let share = share.clamp(0.0, 1.0);
    (from[0] - share * along[0]).powi(2) + (from[1] - share * along[1]).powi(2)
}

impl Denoiser for Spiral {
    fn dim(&self) -> usize {
        2
    }

    fn at(&self, t: Timestep) -> Result<Box<dyn Predictor + '_>, ModelError> {
        self.grid.at(t)
    }
}

impl PosteriorMoments for Spiral {
    fn alpha_bar(&self, t: Timestep) -> f64 {
        self.grid.alpha_bar(t)
    }

    fn posterior_mean(&self, t: Timestep, zt: &[f32], mean: &mut [f64]) {
        self.grid.posterior_mean(t, zt, mean);
    }

    fn posterior_variance_along(&self, t: Timestep, zt: &[f32], direction: &[f64], variances: &mut [f64]) {
        self.grid.posterior_variance_along(t, zt, direction, variances);
    }

    fn posterior_variance(&self, t: Timestep, zt: &[f32], traces: &mut [f64]) {
        self.grid.posterior_variance(t, zt, traces);
    }

    fn posterior_covariance_times(&self, t: Timestep, zt: &[f32], directions: &[f64], products: &mut [f64]) {
        self.grid.posterior_covariance_times(t, zt, directions, products);
    }
}

impl LogDensity for Spiral {
    fn log_density(&self, t: Timestep, zt: &[f32], log_densities: &mut [f64]) {
        self.grid.log_density(t, zt, log_densities);
    }
}

impl ClassPosterior for Spiral {
    fn classes(&self) -> usize {
        self.grid.classes()
    }

    fn class_probabilities(&self, t: Timestep, zt: &[f32], probabilities: &mut [f64]) {
        self.grid.class_probabilities(t, zt, probabilities);
    }
}
