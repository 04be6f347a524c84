//! A law in the data's own coordinates, seen from a frame.

use data::Frame;
use schedule::{Schedule, Timestep};

use crate::{ClassPosterior, Denoiser, LogDensity, ModelError, PosteriorMoments, Predictor};

/// A law over x, answering for z: x_t = U z_t + sqrt(A) mu, so E[z_0 | z_t] = U^T (E[x_0 | x_t] - mu) and covariances,
/// noise and Jacobians turn with U.
#[derive(Debug, Clone)]
pub struct Framed<L> {
    law: L,
    frame: Frame,
    /// sqrt(alpha_bar_t) of t = 1..=T.
    signals: Vec<f64>,
}

impl<L: Denoiser> Framed<L> {
    /// `law` in the coordinates of `frame`.
    ///
    /// # Errors
    /// [`ModelError::Setting`] when their dimensions differ.
    pub fn new(law: L, frame: &Frame, schedule: &Schedule) -> Result<Self, ModelError> {
        if law.dim() != frame.dim() {
            return Err(ModelError::setting("dim", law.dim(), format!("the frame has {} coordinates", frame.dim())));
        }
        let signals = schedule.timesteps().map(|t| schedule.forward(t).signal).collect();
        Ok(Self { law, frame: frame.clone(), signals })
    }

    fn lifted(&self, t: Timestep, zt: &[f32]) -> Vec<f32> {
        self.frame.lift(zt, self.signals[t.index()])
    }

    /// U v of f64 rows.
    fn turned(&self, rows: &[f64]) -> Vec<f64> {
        rows.chunks_exact(self.law.dim()).flat_map(|row| self.frame.lift_direction(row)).collect()
    }
}

/// A predictor in the data's own coordinates, seen from a frame at one timestep.
pub(crate) struct Seen<'a> {
    pub(crate) predictor: Box<dyn Predictor + 'a>,
    pub(crate) frame: &'a Frame,
    /// sqrt(alpha_bar_t).
    pub(crate) signal: f64,
}

impl Predictor for Seen<'_> {
    fn eps_hat(&self, zt: &[f32], eps_hat: &mut [f32]) {
        let xt = self.frame.lift(zt, self.signal);
        let mut turned = vec![0.0; xt.len()];
        self.predictor.eps_hat(&xt, &mut turned);
        // Noise has no mean to subtract: the frame at signal 0 is the rotation alone.
        eps_hat.copy_from_slice(&self.frame.project(&turned, 0.0));
    }
}

impl<L: Denoiser> Denoiser for Framed<L> {
    fn dim(&self) -> usize {
        self.law.dim()
    }

    fn at(&self, t: Timestep) -> Result<Box<dyn Predictor + '_>, ModelError> {
        Ok(Box::new(Seen { predictor: self.law.at(t)?, frame: &self.frame, signal: self.signals[t.index()] }))
    }
}

impl<L: PosteriorMoments> PosteriorMoments for Framed<L> {
    fn alpha_bar(&self, t: Timestep) -> f64 {
        self.law.alpha_bar(t)
    }

    fn posterior_mean(&self, t: Timestep, zt: &[f32], mean: &mut [f64]) {
        let mut x = vec![0.0; mean.len()];
        self.law.posterior_mean(t, &self.lifted(t, zt), &mut x);
        for (row, x) in mean.chunks_exact_mut(self.dim()).zip(x.chunks_exact(self.dim())) {
            row.copy_from_slice(&self.frame.project_point(x));
        }
    }

    fn posterior_variance_along(&self, t: Timestep, zt: &[f32], direction: &[f64], variances: &mut [f64]) {
        self.law.posterior_variance_along(t, &self.lifted(t, zt), &self.turned(direction), variances);
    }

    fn posterior_variance(&self, t: Timestep, zt: &[f32], traces: &mut [f64]) {
        self.law.posterior_variance(t, &self.lifted(t, zt), traces);
    }

    fn posterior_covariance_times(&self, t: Timestep, zt: &[f32], directions: &[f64], products: &mut [f64]) {
        let mut x = vec![0.0; products.len()];
        self.law.posterior_covariance_times(t, &self.lifted(t, zt), &self.turned(directions), &mut x);
        for (row, x) in products.chunks_exact_mut(self.dim()).zip(x.chunks_exact(self.dim())) {
            row.copy_from_slice(&self.frame.project_direction(x));
        }
    }
}

impl<L: LogDensity> LogDensity for Framed<L> {
    fn log_density(&self, t: Timestep, zt: &[f32], log_densities: &mut [f64]) {
        self.law.log_density(t, &self.lifted(t, zt), log_densities);
    }
}

impl<L: ClassPosterior> ClassPosterior for Framed<L> {
    fn classes(&self) -> usize {
        self.law.classes()
    }

    fn class_probabilities(&self, t: Timestep, zt: &[f32], probabilities: &mut [f64]) {
        self.law.class_probabilities(t, &self.lifted(t, zt), probabilities);
    }
}

#[cfg(test)]
mod tests {
    use data::{GaussianMixture, Pca};
    use schedule::Law;

    use super::*;
    use crate::{ExactLaw, Mixture, TwoGaussians};

    /// Two Gaussians in their own coordinates behind a frame, and the same law written in the frame.
    #[test]
    fn a_framed_law_is_the_law_written_in_the_frame() {
        let schedule = Schedule::new(Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 100).unwrap();
        let means = vec![vec![1.5, -0.5, 1.0], vec![-1.5, 0.5, -1.0]];
        let law = GaussianMixture { means, weights: vec![1.0; 2], std: 0.7, train: 500, test: 3, seed: 1 };
        let data = law.draw().unwrap();
        let frame = Frame::Principal(Pca::fit(&data.train).unwrap());
        let own = TwoGaussians::new(&schedule, &[1.5, -0.5, 1.0], 0.49).unwrap();
        let framed = Framed::new(own, &frame, &schedule).unwrap();
        let written = Mixture::of_law(&schedule, &law, &frame).unwrap();
        let zt = frame.project(&data.test.values, 1.0);
        let u = [0.3, -0.2, 0.9];
        for t in [1, 20, 60, 100].map(|t| schedule.timestep(t).unwrap()) {
            let near = |a: &[f64], b: &[f64]| {
                a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() < 2e-5 * (1.0 + b.abs()), "{t}: {a} {b}"));
            };
            let both = |n: usize, f: &dyn Fn(&dyn ExactLaw, &mut [f64])| {
                let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
                f(&framed, &mut a);
                f(&written, &mut b);
                near(&a, &b);
            };
            both(9, &|law, out| law.posterior_mean(t, &zt, out));
            both(3, &|law, out| law.posterior_variance_along(t, &zt, &u, out));
            both(3, &|law, out| law.posterior_variance(t, &zt, out));
            both(9, &|law, out| law.posterior_covariance_times(t, &zt, &u.repeat(3), out));
            both(3, &|law, out| law.log_density(t, &zt, out));
            both(6, &|law, out| law.class_probabilities(t, &zt, out));
            let (mut a, mut b) = ([0.0; 9], [0.0; 9]);
            framed.at(t).unwrap().eps_hat(&zt, &mut a);
            written.at(t).unwrap().eps_hat(&zt, &mut b);
            near(&a.map(f64::from), &b.map(f64::from));
        }
        assert!(Framed::new(TwoGaussians::two_deltas(&schedule), &frame, &schedule).is_err());
    }
}
