//! The Hubbard-Stratonovich integral against sums over all states.

use model::{ClassPosterior, CurieWeiss, LogDensity, PosteriorMoments};

use crate::common::{assert_close, half, mean, noised, schedule, widened};

#[test]
fn three_spins_at_half_noise() {
    let schedule = half();
    let law = CurieWeiss::new(&schedule, 3, 1.5).unwrap();
    // The local field is sqrt(A) z / D with z rounded to f32, hence the tolerance.
    let (t, zt) = (schedule.last(), [0.3, -0.2, 0.9]);
    let (mut mean, mut one, mut p) = ([f64::NAN; 3], [f64::NAN], [f64::NAN; 2]);
    law.posterior_mean(t, &zt, &mut mean);
    assert_close(&mean, &[0.7001348, 0.43927163, 0.87533067], 4e-8, "mean");
    law.log_density(t, &zt, &mut one);
    assert_close(&one, &[-3.3772320902], 4e-8, "ln p");
    law.class_probabilities(t, &zt, &mut p);
    assert_close(&p, &[0.8763839520, 1.0 - 0.8763839520], 4e-8, "classes");
}

/// Printed by scripts/make_reference/exact_denoisers.py, which sums over the 256 states.
#[test]
fn eight_spins_at_half_noise() {
    let schedule = half();
    let law = CurieWeiss::new(&schedule, 8, 1.2).unwrap();
    let (t, zt) = (schedule.last(), [0.5, -0.25, 1.0, -1.5, 0.125, 0.0, -0.75, 0.375]);
    let (mut mean, mut one, mut p) = ([f64::NAN; 8], [f64::NAN], [f64::NAN; 2]);
    law.posterior_mean(t, &zt, &mut mean);
    let expected = [
        0.4739572463,
        -0.2738347112,
        0.7951507849,
        -0.9444071621,
        0.1147041201,
        -0.0162580852,
        -0.684203808,
        0.3628682376,
    ];
    assert_close(&mean, &expected, 2e-10, "mean");
    law.log_density(t, &zt, &mut one);
    assert_close(&one, &[-10.3801216706], 1e-10, "ln p");
    law.class_probabilities(t, &zt, &mut p);
    assert_close(&p, &[0.4970208101, 1.0 - 0.4970208101], 1e-10, "classes");
    law.posterior_variance(t, &zt, &mut one);
    assert_close(&one, &[5.5629798519], 1e-10, "trace");
}

#[test]
fn hundred_spins_commit_to_a_sign() {
    const COUNT: usize = 4000;
    let schedule = schedule(1000);
    let law = CurieWeiss::new(&schedule, 100, 1.5).unwrap();
    let z0 = data::CurieWeiss { spins: 100, coupling: 1.5, train: COUNT, test: 1, seed: 1 }.draw().unwrap().train;
    for (t, phi) in [(500, 0.9893), (600, 0.8791), (700, 0.6778), (800, 0.5521)] {
        let t = schedule.timestep(t).unwrap();
        let zt = noised(&schedule, t, &z0, COUNT);
        let mut p = vec![f64::NAN; 2 * COUNT];
        law.class_probabilities(t, &zt, &mut p);
        let agree = mean(p.chunks_exact(2).map(|p| p[0] * p[0] + p[1] * p[1]));
        assert!((agree - phi).abs() < 0.01, "t = {t}: {agree} {phi}");
        let right = mean(p.chunks_exact(2).zip(&z0.labels).map(|(p, &label)| p[usize::from(label)]));
        // Nishimori: the true class is as likely as a draw of the posterior; a standard deviation of at most 1/2 a row.
        assert!((agree - right).abs() < 4.0 * 0.5 / (COUNT as f64).sqrt(), "t = {t}: {agree} {right}");
    }
    // At t = 1 the spins are known.
    let t = schedule.timestep(1).unwrap();
    let mut spins = vec![f64::NAN; 50 * 100];
    law.posterior_mean(t, &noised(&schedule, t, &z0, 50), &mut spins);
    assert_close(&spins, &widened(&z0.values[..5000]), 1e-12, "spins");
}

#[test]
fn faulty_laws_are_refused() {
    let message = |spins, coupling| CurieWeiss::new(&half(), spins, coupling).unwrap_err().to_string();
    assert_eq!(message(0, 1.0), "spins: 0 is not allowed, use 1 or more");
    assert_eq!(message(5, 0.0), "coupling: 0 is not allowed, use a finite number above 0");
    assert!(message(5, f64::NAN).starts_with("coupling: NaN is not allowed"));
}
