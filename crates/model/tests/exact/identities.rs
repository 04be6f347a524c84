//! What holds for every exact denoiser: Tweedie's formulas of first and second order, and probabilities that are ones.

use data::{Frame, Samples};
use model::{
    ClassGaussian, ClassPosterior, CurieWeiss, Empirical, Gaussian, LogDensity, Mixture, PosteriorMoments, Spiral,
    TwoGaussians,
};
use schedule::{Schedule, Timestep};

use crate::common::{assert_close, eps_hat, mean, noised, normals, schedule, widened};

trait Exact: PosteriorMoments + LogDensity {}
impl<M: PosteriorMoments + LogDensity> Exact for M {}

/// A law with some samples of z_0 to start from.
type Case = (&'static str, Box<dyn Exact>, Samples);

pub(crate) fn tilted_mixture(schedule: &Schedule) -> Mixture {
    let first = vec![0.5, 0.2, 0.0, 0.2, 0.4, -0.1, 0.0, -0.1, 0.3];
    let flat = vec![0.25, 0.25, 0.0, 0.25, 0.25, 0.0, 0.0, 0.0, 0.125];
    let classes = [
        ClassGaussian { weight: 0.3, mean: vec![1.0, -0.5, 0.25], covariance: first },
        ClassGaussian { weight: 0.7, mean: vec![-0.75, 0.5, 0.0], covariance: flat },
    ];
    Mixture::new(schedule, &classes).unwrap()
}

fn cases(schedule: &Schedule) -> Vec<Case> {
    let cloud = normals(40, 3, 1);
    let labelled = Samples { labels: (0..40).map(|i| i % 3).collect(), ..cloud.clone() };
    let spins = CurieWeiss::new(schedule, 6, 1.4).unwrap();
    let spin_samples = data::CurieWeiss { spins: 6, coupling: 1.4, train: 40, test: 1, seed: 2 }.draw().unwrap().train;
    let plane = Frame::Identity { dim: 2 };
    let curve =
        Samples { dim: 2, values: data::curve(40).into_iter().flatten().map(|x| x as f32).collect(), labels: vec![] };
    vec![
        ("gaussian", Box::new(Gaussian::new(schedule, &[4.0, 0.25, 0.0])), cloud.clone()),
        ("two gaussians", Box::new(TwoGaussians::new(schedule, &[1.0, -0.5, 0.25], 0.2).unwrap()), cloud.clone()),
        ("two deltas", Box::new(TwoGaussians::two_deltas(schedule)), normals(40, 1, 3)),
        ("mixture", Box::new(tilted_mixture(schedule)), cloud),
        ("empirical", Box::new(Empirical::new(schedule, &labelled).unwrap()), labelled),
        ("curie-weiss", Box::new(spins), spin_samples),
        ("spiral", Box::new(Spiral::new(schedule, &plane, 4000, 2).unwrap()), curve),
    ]
}

/// t = 1, T/2, T of both chains.
fn each_level(check: impl Fn(&Schedule, Timestep, &Case)) {
    for timesteps in [100, 1000] {
        let schedule = schedule(timesteps);
        for case in cases(&schedule) {
            for t in [1, timesteps / 2, timesteps] {
                check(&schedule, schedule.timestep(t).unwrap(), &case);
            }
        }
    }
}

/// Central differences of `f` along `direction` (row by row) at steps that f32 holds, in units of `direction`.
fn slope(zt: &[f32], direction: &[f64], step: f64, f: impl Fn(&[f32]) -> Vec<f64>) -> (Vec<f64>, Vec<f64>) {
    let moved = |sign: f64| -> Vec<f32> {
        zt.iter().zip(direction).map(|(&z, u)| (f64::from(z) + sign * step * u) as f32).collect()
    };
    let (up, down) = (moved(1.0), moved(-1.0));
    let realised: Vec<f64> = up.iter().zip(&down).map(|(u, d)| f64::from(*u) - f64::from(*d)).collect();
    let difference = f(&up).iter().zip(f(&down)).map(|(u, d)| u - d).collect();
    (difference, realised)
}

#[test]
fn eps_hat_comes_from_the_posterior_mean() {
    each_level(|schedule, t, (name, law, z0)| {
        let (forward, zt) = (schedule.forward(t), noised(schedule, t, z0, 40));
        let mut mean = vec![f64::NAN; zt.len()];
        law.posterior_mean(t, &zt, &mut mean);
        let expected: Vec<f64> =
            zt.iter().zip(&mean).map(|(&z, mean)| (f64::from(z) - forward.signal * mean) / forward.noise).collect();
        let found = widened(&eps_hat(&**law, t, &zt));
        assert_close(&found, &expected, 2e-7, &format!("{name}, t = {t}"));
    });
}

/// Tweedie: grad ln p_t = -eps_hat / sqrt(D).  Robbins 1956; Vincent 2011.
#[test]
fn score_is_the_gradient_of_the_log_density() {
    each_level(|schedule, t, (name, law, z0)| {
        let (d, noise, zt) = (law.dim(), schedule.forward(t).noise, noised(schedule, t, z0, 40));
        let density = |zt: &[f32]| {
            let mut log = vec![f64::NAN; zt.len() / d];
            law.log_density(t, zt, &mut log);
            log
        };
        let eps_hat = widened(&eps_hat(&**law, t, &zt));
        for k in 0..d {
            let axis: Vec<f64> = (0..zt.len()).map(|i| if i % d == k { 1.0 } else { 0.0 }).collect();
            let (difference, realised) = slope(&zt, &axis, 3e-3 * noise, density);
            for (row, difference) in difference.into_iter().enumerate() {
                let expected = -eps_hat[row * d + k];
                let found = noise * difference / realised[row * d + k];
                assert!((found - expected).abs() < 1e-3, "{name}, t = {t}: {found} {expected}");
            }
        }
    });
}

/// d E[z_0 | z_t] / d z_t = (sqrt(A)/D) Cov(z_0 | z_t), the second-order Tweedie formula.
#[test]
fn covariance_is_the_slope_of_the_posterior_mean() {
    each_level(|schedule, t, (name, law, z0)| {
        let (forward, zt) = (schedule.forward(t), noised(schedule, t, z0, 40));
        let direction = widened(&normals(40, law.dim(), 9).values);
        let mean = |zt: &[f32]| {
            let mut mean = vec![f64::NAN; zt.len()];
            law.posterior_mean(t, zt, &mut mean);
            mean
        };
        let step = 1e-2 * forward.noise;
        let (difference, realised) = slope(&zt, &direction, step, mean);
        let realised: Vec<f64> = realised.iter().map(|r| r / (2.0 * step)).collect();
        let mut products = vec![f64::NAN; zt.len()];
        law.posterior_covariance_times(t, &zt, &realised, &mut products);
        // In units of the noise: the Jacobian's own scale.
        let scale = forward.signal / forward.noise;
        let found: Vec<f64> = difference.iter().map(|c| scale * forward.noise * c / (2.0 * step)).collect();
        let expected: Vec<f64> = products.iter().map(|p| scale * scale * p).collect();
        assert_close(&found, &expected, 2e-3, &format!("{name}, t = {t}"));
    });
}

#[test]
fn variances_jacobian_and_divergence_agree_with_the_covariance() {
    each_level(|schedule, t, (name, law, z0)| {
        let (d, zt) = (law.dim(), noised(schedule, t, z0, 40));
        let (noise, snr) = (schedule.forward(t).noise, schedule.snr(t));
        let (mut along, mut trace) = (vec![f64::NAN; 40], vec![0.0; 40]);
        let mut products = vec![f64::NAN; zt.len()];
        let u: Vec<f64> = (0..d).map(|k| 1.0 - 0.7 * k as f64).collect();
        law.posterior_covariance_times(t, &zt, &u.repeat(40), &mut products);
        let dot = |p: &[f64]| p.iter().zip(&u).map(|(p, u)| p * u).sum::<f64>();
        let expected: Vec<f64> = products.chunks_exact(d).map(|p| snr * dot(p)).collect();
        law.posterior_variance_along(t, &zt, &u, &mut along);
        assert_close(&along.iter().map(|v| snr * v).collect::<Vec<_>>(), &expected, 1e-9, name);
        let norm2 = dot(&u);
        law.jacobian_along(t, &zt, &u, &mut along);
        let from_covariance: Vec<f64> = expected.iter().map(|e| (norm2 - e) / noise).collect();
        assert_close(&along, &from_covariance, 1e-9, name);
        // u among others, as the second of two directions.
        let pair = [u.iter().map(|u| 2.0 - u).collect(), u.clone()].concat();
        let mut both = vec![f64::NAN; 80];
        law.jacobians_along(t, &zt, &pair, &mut both);
        assert_close(&both.chunks_exact(2).map(|row| row[1]).collect::<Vec<_>>(), &from_covariance, 1e-9, name);
        law.jacobian_times(t, &zt, &u.repeat(40), &mut products);
        assert_close(&products.chunks_exact(d).map(dot).collect::<Vec<_>>(), &from_covariance, 1e-9, name);
        for k in 0..d {
            let axis: Vec<f64> = (0..d).map(|i| if i == k { 1.0 } else { 0.0 }).collect();
            law.posterior_variance_along(t, &zt, &axis, &mut along);
            trace.iter_mut().zip(&along).for_each(|(trace, v)| *trace += v);
        }
        let mut whole = vec![f64::NAN; 40];
        law.posterior_variance(t, &zt, &mut whole);
        let scaled = |values: &[f64]| values.iter().map(|v| snr * v).collect::<Vec<_>>();
        assert_close(&scaled(&whole), &scaled(&trace), 1e-9, name);
        law.score_divergence(t, &zt, &mut whole);
        let divergence: Vec<f64> = trace.iter().map(|v| -(d as f64 - snr * v) / (noise * noise)).collect();
        assert_close(&whole, &divergence, 1e-8, name);
    });
}

/// E[div s] = -E|s|^2 over z_t of the law itself (integration by parts).
#[test]
fn mean_divergence_is_minus_the_mean_squared_score() {
    const COUNT: usize = 20_000;
    let schedule = schedule(100);
    let spins = CurieWeiss::new(&schedule, 5, 1.4).unwrap();
    let z0 = data::CurieWeiss { spins: 5, coupling: 1.4, train: COUNT, test: 1, seed: 6 }.draw().unwrap().train;
    for t in [10, 30, 60] {
        let t = schedule.timestep(t).unwrap();
        let zt = noised(&schedule, t, &z0, COUNT);
        let mut divergence = vec![f64::NAN; COUNT];
        spins.score_divergence(t, &zt, &mut divergence);
        let noise_variance = 1.0 - schedule.alpha_bar(t);
        let eps_hat = eps_hat(&spins, t, &zt);
        let square = |row: &[f32]| row.iter().map(|&e| f64::from(e).powi(2)).sum::<f64>() / noise_variance;
        let sums: Vec<f64> = eps_hat.chunks_exact(5).zip(&divergence).map(|(e, div)| square(e) + div).collect();
        let average = mean(sums.iter().copied());
        let error = (mean(sums.iter().map(|s| (s - average).powi(2))) / COUNT as f64).sqrt();
        assert!(average.abs() < 4.0 * error, "t = {t}: {average} +- {error}");
    }
}

#[test]
fn class_probabilities_are_probabilities_at_any_distance() {
    let schedule = schedule(1000);
    let labelled = Samples { labels: (0..40).map(|i| i % 3).collect(), ..normals(40, 3, 1) };
    let laws: [Box<dyn ClassPosterior>; 4] = [
        Box::new(TwoGaussians::new(&schedule, &[1.0, -0.5, 0.25], 0.2).unwrap()),
        Box::new(tilted_mixture(&schedule)),
        Box::new(Empirical::new(&schedule, &labelled).unwrap()),
        Box::new(CurieWeiss::new(&schedule, 3, 1.4).unwrap()),
    ];
    for law in &laws {
        let k = law.classes();
        for t in [1, 500, 1000] {
            let zt: Vec<f32> = normals(30, 3, 4).values.iter().map(|z| 10.0 * z).collect();
            let mut p = vec![f64::NAN; 30 * k];
            law.class_probabilities(schedule.timestep(t).unwrap(), &zt, &mut p);
            for row in p.chunks_exact(k) {
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row:?}");
                assert!(row.iter().all(|p| (0.0..=1.0 + 1e-12).contains(p)), "{row:?}");
            }
        }
    }
}
