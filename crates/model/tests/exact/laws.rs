//! Gaussians and their mixtures against full matrices and against each other.

use data::{Frame, GaussianMixture, Pca, Samples, opposite_means};
use model::{ClassGaussian, ClassPosterior, ClassSnr, Denoiser, LogDensity, Mixture, PosteriorMoments, TwoGaussians};

use crate::common::{assert_close, eps_hat, mean, noised, normals, schedule, widened};
use crate::identities::tilted_mixture;

/// Printed by scripts/make_reference/exact_denoisers.py: eps_hat, ln p, p, u Cov u, trace, Cov u.
type Row = (usize, [f64; 3], f64, [f64; 2], f64, f64, [f64; 3]);

const MIXTURE: [Row; 3] = [
    (
        1,
        [-0.0156916462, 0.0142369621, 0.0005787944],
        -2.9544281866,
        [1.0, 0.0],
        0.0005999507,
        0.0002999323,
        [0.0001000077, 0.0001999758, -0.0000999914],
    ),
    (
        500,
        [0.5448020392, -0.3031071151, 0.101615677],
        -2.9217227086,
        [0.3679455799, 0.6320544201],
        2.7700205526,
        1.7783932471,
        [0.5411134431, 0.9710162312, -0.2868746471],
    ),
    (
        1000,
        [0.5014181978, -0.2512674692, 0.1245224131],
        -2.9218259671,
        [0.3015406837, 0.6984593163],
        2.7970640214,
        1.6680159952,
        [0.61068995, 0.9609607952, -0.264452481],
    ),
];

#[test]
fn mixture_of_tilted_gaussians_is_that_of_the_full_matrices() {
    let schedule = schedule(1000);
    let mixture = tilted_mixture(&schedule);
    let (zt, u) = ([0.5, -0.25, 0.125], [1.0, 2.0, -1.0]);
    for (t, eps, log_density, p, along, trace, product) in MIXTURE {
        let (what, t) = (format!("t = {t}"), schedule.timestep(t).unwrap());
        assert_close(&widened(&eps_hat(&mixture, t, &zt)), &eps, 1e-7, &what);
        let (mut one, mut two, mut three) = ([f64::NAN], [f64::NAN; 2], [f64::NAN; 3]);
        mixture.log_density(t, &zt, &mut one);
        assert_close(&one, &[log_density], 1e-9, &what);
        mixture.class_probabilities(t, &zt, &mut two);
        assert_close(&two, &p, 1e-9, &what);
        mixture.posterior_variance_along(t, &zt, &u, &mut one);
        assert_close(&one, &[along], 1e-9, &what);
        mixture.posterior_variance(t, &zt, &mut one);
        assert_close(&one, &[trace], 1e-9, &what);
        mixture.posterior_covariance_times(t, &zt, &u, &mut three);
        assert_close(&three, &product, 1e-9, &what);
    }
}

/// The closed form, the isotropic mixture and the general one are the same law, at the ends of the chain too.
#[test]
fn two_gaussians_three_ways() {
    let schedule = schedule(1000);
    let (dim, variance) = (5, 0.3);
    let means = opposite_means(dim, 4.0).unwrap();
    let closed = TwoGaussians::new(&schedule, &means[0], variance).unwrap();
    let law = GaussianMixture {
        means: means.clone(),
        weights: vec![2.0, 2.0],
        std: variance.sqrt(),
        train: 1,
        test: 1,
        seed: 0,
    };
    let isotropic = Mixture::of_law(&schedule, &law, &Frame::Identity { dim }).unwrap();
    let covariance: Vec<f64> = (0..dim * dim).map(|i| if i % (dim + 1) == 0 { variance } else { 0.0 }).collect();
    let gaussians: Vec<_> = means
        .iter()
        .map(|mean| ClassGaussian { weight: 0.5, mean: mean.clone(), covariance: covariance.clone() })
        .collect();
    let full = Mixture::new(&schedule, &gaussians).unwrap();
    for t in [1, 250, 500, 1000] {
        let t = schedule.timestep(t).unwrap();
        let zt = noised(&schedule, t, &normals(100, dim, 2), 100);
        let expected = widened(&eps_hat(&closed, t, &zt));
        let (mut log, mut p) = (vec![0.0; 100], vec![0.0; 200]);
        closed.log_density(t, &zt, &mut log);
        closed.class_probabilities(t, &zt, &mut p);
        for other in [&isotropic, &full] {
            assert_close(&widened(&eps_hat(other, t, &zt)), &expected, 1e-6, "eps_hat");
            let (mut other_log, mut other_p) = (vec![0.0; 100], vec![0.0; 200]);
            other.log_density(t, &zt, &mut other_log);
            other.class_probabilities(t, &zt, &mut other_p);
            assert_close(&other_log, &log, 1e-10, "ln p");
            assert_close(&other_p, &p, 1e-10, "p");
        }
    }
}

/// A law fitted in principal coordinates gives the same z-score as one fitted in the data's own.
#[test]
fn mixture_turns_with_the_frame() {
    let schedule = schedule(100);
    let (left, right) = (normals(300, 4, 1), normals(300, 4, 2));
    let shifted = right.values.iter().zip([2.0, 0.0, -1.0, 0.5].iter().cycle()).map(|(z, m)| 0.5 * z + m);
    let values: Vec<f32> = left.values.iter().copied().chain(shifted).collect();
    let samples = Samples { dim: 4, values, labels: [[4; 300], [9; 300]].concat() };
    let frame = Frame::Principal(Pca::fit(&samples).unwrap());
    let z0 = frame.project_samples(&samples);
    let (own, turned) = (Mixture::fit(&schedule, &samples).unwrap(), Mixture::fit(&schedule, &z0).unwrap());
    let t = schedule.timestep(40).unwrap();
    let (signal, xt) = (schedule.forward(t).signal, noised(&schedule, t, &samples, 600));
    let (mut p, mut q) = (vec![0.0; 1200], vec![0.0; 1200]);
    own.class_probabilities(t, &xt, &mut p);
    turned.class_probabilities(t, &frame.project(&xt, signal), &mut q);
    assert_close(&p, &q, 1e-4, "classes");
    assert!(own.classes() == 2 && own.dim() == 4);
}

/// phi measured on z_t of the law is the closed form in kappa.
#[test]
fn class_posterior_has_the_cloning_probability_of_kappa() {
    const COUNT: usize = 40_000;
    let schedule = schedule(100);
    let law = TwoGaussians::new(&schedule, &[2.0, -1.0], 0.5).unwrap();
    let signs = normals(COUNT, 2, 8).values;
    // z_0 = +-m + sqrt(s2) normal, the sign alternating.
    let values = signs.chunks_exact(2).zip([1.0, -1.0].into_iter().cycle());
    let values: Vec<f32> =
        values.flat_map(|(e, sign)| [sign * 2.0 + 0.5_f32.sqrt() * e[0], -sign + 0.5_f32.sqrt() * e[1]]).collect();
    let z0 = Samples { dim: 2, values, labels: Vec::new() };
    for t in [20, 35, 50] {
        let t = schedule.timestep(t).unwrap();
        let mut p = vec![0.0; 2 * COUNT];
        law.class_probabilities(t, &noised(&schedule, t, &z0, COUNT), &mut p);
        let agree = mean(p.chunks_exact(2).map(|p| p[0] * p[0] + p[1] * p[1]));
        let right = mean(p.chunks_exact(2).enumerate().map(|(i, p)| p[i % 2]));
        let phi = law.snr(t).cloning_probability();
        // Both have a standard deviation of at most 1/2 a row.
        let error = 0.5 / (COUNT as f64).sqrt();
        assert!((agree - phi).abs() < 4.0 * error && (right - phi).abs() < 4.0 * error, "{t}: {agree} {right} {phi}");
    }
}

/// |m|^2 and s2 of the thresholds: kappa >= 1, A |m|^2 >= 1/2, and the multiplier of the mean above 1.
#[test]
fn thresholds_of_far_apart_gaussians() {
    let cases = [
        (1000, 1024.0, [827, 867, 868]),
        (100, 1024.0, [80, 84, 84]),
        (1000, 784.0, [811, 852, 852]),
        (100, 784.0, [79, 83, 83]),
    ];
    for (timesteps, norm2, [snr, drift, map]) in cases {
        let schedule = schedule(timesteps);
        let law = TwoGaussians::new(&schedule, &[f64::sqrt(norm2)], 1.0).unwrap();
        let last = |holds: &dyn Fn(schedule::Timestep) -> bool| {
            schedule.timesteps().rev().find(|&t| holds(t)).map_or(0, schedule::Timestep::get)
        };
        assert_eq!(last(&|t| law.snr(t) >= ClassSnr(1.0)), snr);
        assert_eq!(last(&|t| schedule.alpha_bar(t) * norm2 >= 0.5), drift);
        // With s2 = 1 the slope is kappa - 1 = A |m|^2 - 1: the drift turns at A |m|^2 = 1/2.
        assert_eq!(last(&|t| law.reverse_drift_is_unstable(t)), drift);
        assert_eq!(last(&|t| law.mean_map_slope(&schedule, t) > 1.0), map);
    }
}

#[test]
fn faulty_laws_are_refused() {
    let schedule = schedule(100);
    let message = |result: Result<Mixture, model::ModelError>| result.unwrap_err().to_string();
    assert_eq!(message(Mixture::new(&schedule, &[])), "mixture: no class is not allowed, use labelled samples");
    let one = |weight, mean: &[f64], covariance: f64| {
        Mixture::new(&schedule, &[ClassGaussian { weight, mean: mean.to_vec(), covariance: vec![covariance] }])
    };
    assert_eq!(message(one(0.0, &[0.0], 1.0)), "data.weights: 0 is not allowed, use finite numbers above 0");
    assert!(message(one(1.0, &[0.0; 2], 1.0)).starts_with("mixture: a mean of length 2 with 1 covariances"));
    assert!(one(1.0, &[0.0], f64::NAN).is_err());
    assert!(Mixture::fit(&schedule, &normals(5, 2, 0)).is_err());
    assert!(TwoGaussians::new(&schedule, &[], 1.0).is_err());
    let negative = TwoGaussians::new(&schedule, &[1.0], -1.0).unwrap_err().to_string();
    assert_eq!(negative, "variance: -1 is not allowed, use a finite number, 0 or more");
}
