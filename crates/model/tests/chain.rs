//! The chain on cases that are solved exactly.

#![allow(clippy::unwrap_used, reason = "tests")]

use data::{Frame, GaussianMixture};
use model::{Chain, Denoiser, Mixture, Wiener};
use schedule::{Law, ReverseVariance, Schedule};

fn schedule(timesteps: usize) -> Schedule {
    let scale = 1000.0 / timesteps as f64;
    Schedule::new(Law::Linear { beta_start: 1e-4 * scale, beta_end: 0.02 * scale }, timesteps).unwrap()
}

fn variance(values: impl Iterator<Item = f32>) -> f64 {
    let squares: Vec<f64> = values.map(|v| f64::from(v) * f64::from(v)).collect();
    squares.iter().sum::<f64>() / squares.len() as f64
}

/// With the exact score of a Gaussian the chain ends with a known variance, below that of the data at finite T: the
/// recursion v <- m^2 v + sigma^2, m = (1 - beta/g)/sqrt(alpha), g = A lambda + D.
#[test]
fn gaussian_data_end_with_the_variance_of_the_recursion() {
    const TRAJECTORIES: usize = 2000;
    const COPIES: usize = 20;
    let schedule = schedule(100);
    let eigenvalues: Vec<f64> = (0..2 * COPIES).map(|k| if k < COPIES { 4.0 } else { 0.25 }).collect();
    let wiener = Wiener::new(&schedule, &eigenvalues);
    let expected = [
        (ReverseVariance::Posterior, [3.759693, 0.219228]),
        (ReverseVariance::Beta, [3.904355, 0.257776]),
        (ReverseVariance::Optimal, [3.998999, 0.249003]),
    ];
    for (choice, expected) in expected {
        let chain =
            Chain { denoiser: &wiener, schedule: &schedule, variance: choice, stride: 1, noiseless_steps: 1, seed: 3 };
        let mut z = chain.start(TRAJECTORIES, 0);
        chain.run(&mut z, schedule.last(), 0, &mut |_, _| {}).unwrap();
        for (half, expected) in expected.into_iter().enumerate() {
            let rows = z.chunks_exact(2 * COPIES);
            let found = variance(rows.flat_map(|row| row[half * COPIES..(half + 1) * COPIES].iter().copied()));
            // The relative standard error of a variance over n normals is sqrt(2 / n).
            let error = expected * (2.0 / (TRAJECTORIES * COPIES) as f64).sqrt();
            assert!((found - expected).abs() < 4.0 * error, "{choice:?}: {found} for {expected} +- {error}");
        }
    }
}

/// Two clouds, the rarer with weight 0.2: a chain that leaves out cov(x_0 | x_t) loses 3% of it, although its denoiser is
/// exact.  Printed by scripts/make_reference/exact_denoisers.py.
#[test]
fn the_optimal_variance_keeps_the_share_of_the_rarer_cloud() {
    const TRAJECTORIES: usize = 100_000;
    let schedule = schedule(100);
    let (means, weights) = (vec![vec![-2.0], vec![8.0]], vec![0.8, 0.2]);
    let law = GaussianMixture { means, weights, std: 0.3, train: 1, test: 1, seed: 0 };
    let mixture = Mixture::of_law(&schedule, &law, &Frame::Identity { dim: 1 }).unwrap();
    let expected =
        [(ReverseVariance::Posterior, 0.19495), (ReverseVariance::Beta, 0.19451), (ReverseVariance::Optimal, 0.20041)];
    for (variance, expected) in expected {
        let chain = Chain { denoiser: &mixture, schedule: &schedule, variance, stride: 1, noiseless_steps: 1, seed: 4 };
        let mut z = chain.start(TRAJECTORIES, 0);
        chain.run(&mut z, schedule.last(), 0, &mut |_, _| {}).unwrap();
        let found = z.iter().filter(|&&z| z > 3.0).count() as f64 / TRAJECTORIES as f64;
        // Three standard errors of a share of 0.2, those of the reference beside them.
        assert!(
            (found - expected).abs() < 3.2 * (0.16 / TRAJECTORIES as f64).sqrt(),
            "{variance:?}: {found} {expected}"
        );
    }
}

/// A point at the origin: eps_hat = z / sqrt(D) is exact, and the last step lands on the point whatever came before.
#[test]
fn a_point_is_recovered_exactly_by_every_stride() {
    let schedule = schedule(100);
    let wiener = Wiener::new(&schedule, &[0.0; 7]);
    for stride in [1, 2, 7, 100, 1000] {
        let chain = Chain {
            denoiser: &wiener,
            schedule: &schedule,
            variance: ReverseVariance::Posterior,
            stride,
            noiseless_steps: 1,
            seed: 0,
        };
        let mut z = chain.start(5, 0);
        let mut visited = Vec::new();
        chain.run(&mut z, schedule.last(), 0, &mut |t, _| visited.push(t)).unwrap();
        // A jump from T divides a rounding error by sqrt(alpha_bar_T) = 0.0045.
        assert!(z.iter().all(|v| v.abs() < 1e-4), "stride {stride}: {z:?}");
        let expected: Vec<usize> =
            (0..100_usize.div_ceil(stride)).map(|i| 100_usize.saturating_sub((i + 1) * stride)).collect();
        assert_eq!(visited, expected);
    }
}

#[test]
fn strided_chains_keep_the_variance_of_gaussian_data() {
    let schedule = schedule(1000);
    let wiener = Wiener::new(&schedule, &[1.0; 50]);
    // For unit variance sigma^2 = beta is exact at every stride.
    let chain = Chain {
        denoiser: &wiener,
        schedule: &schedule,
        variance: ReverseVariance::Beta,
        stride: 50,
        noiseless_steps: 1,
        seed: 1,
    };
    let mut z = chain.start(1000, 0);
    chain.run(&mut z, schedule.last(), 0, &mut |_, _| {}).unwrap();
    let (last, found) = (schedule.alpha_bar(schedule.timestep(50).unwrap()), variance(z.into_iter()));
    // The step that reaches 0 adds no noise: what is left of the variance is alpha_bar of the last strided step.
    assert!((found - last).abs() < 0.03, "{found} {last}");
}

#[test]
fn trajectories_do_not_depend_on_their_company() {
    let schedule = schedule(50);
    let wiener = Wiener::new(&schedule, &[3.0, 1.0, 0.1]);
    let chain = Chain {
        denoiser: &wiener,
        schedule: &schedule,
        variance: ReverseVariance::Posterior,
        stride: 3,
        noiseless_steps: 1,
        seed: 9,
    };
    let run = |first: u64, count: usize| {
        let mut z = chain.start(count, first);
        chain.run(&mut z, schedule.last(), first, &mut |_, _| {}).unwrap();
        z
    };
    let all = run(0, 600);
    assert_eq!(all[3 * 290..3 * 310], run(290, 20));
    assert_ne!(all[..60], run(1, 20));
}

#[test]
fn noised_samples_have_the_moments_of_the_forward_kernel() {
    let schedule = schedule(100);
    let wiener = Wiener::new(&schedule, &[1.0; 40]);
    let chain = Chain {
        denoiser: &wiener,
        schedule: &schedule,
        variance: ReverseVariance::Beta,
        stride: 1,
        noiseless_steps: 1,
        seed: 2,
    };
    let t = schedule.timestep(30).unwrap();
    let forward = schedule.forward(t);
    let zt = chain.noised(&vec![2.0; 40_000], t, 0);
    let mean = zt.iter().map(|&v| f64::from(v)).sum::<f64>() / 40_000.0;
    let spread = variance(zt.iter().map(|v| v - (2.0 * forward.signal) as f32));
    assert!((mean - 2.0 * forward.signal).abs() < 4.0 * forward.noise / 200.0, "{mean}");
    assert!((spread / forward.noise.powi(2) - 1.0).abs() < 4.0 * (2.0_f64 / 40_000.0).sqrt(), "{spread}");
}

/// The closed-form MSE of the Wiener predictor against its measured one, on data that are not of unit variance.
#[test]
fn wiener_mse_matches_its_error_on_drawn_noise() {
    let schedule = schedule(100);
    let eigenvalues = [4.0, 0.25];
    let wiener = Wiener::new(&schedule, &eigenvalues);
    let chain = Chain {
        denoiser: &wiener,
        schedule: &schedule,
        variance: ReverseVariance::Beta,
        stride: 1,
        noiseless_steps: 1,
        seed: 4,
    };
    let z0: Vec<f32> = chain.start(40_000, 0).chunks_exact(2).flat_map(|z| [2.0 * z[0], 0.5 * z[1]]).collect();
    let moments: Vec<f64> = (0..2).map(|k| variance(z0.chunks_exact(2).map(|row| row[k]))).collect();
    for t in [5, 30, 60] {
        let t = schedule.timestep(t).unwrap();
        let zt = chain.noised(&z0, t, 0);
        let mut eps_hat = vec![0.0; zt.len()];
        wiener.at(t).unwrap().eps_hat(&zt, &mut eps_hat);
        let forward = schedule.forward(t);
        let eps = zt.iter().zip(&z0).map(|(z, z0)| (z - forward.signal as f32 * z0) / forward.noise as f32);
        let measured = variance(eps.zip(&eps_hat).map(|(eps, hat)| eps - hat));
        let exact = wiener.mse(t, &moments);
        assert!((measured / exact - 1.0).abs() < 0.03, "t = {t}: {measured} {exact}");
    }
}

/// The recursion v <- m^2 v + sigma^2 with any number of noiseless steps, sigma^2 put together from betas alone.
#[test]
fn noise_left_out_of_the_last_steps_leaves_the_variance_of_the_recursion() {
    const TRAJECTORIES: usize = 4000;
    const COPIES: usize = 10;
    // Large betas, so that the noise of the last step is a good part of the variance.
    let schedule = Schedule::new(Law::Linear { beta_start: 0.02, beta_end: 0.7 }, 20).unwrap();
    let (lambda, stride) = (0.25, 3);
    let wiener = Wiener::new(&schedule, &[lambda; COPIES]);
    let mut found = Vec::new();
    for (stride, noiseless_steps) in [(1, 0), (1, 1), (1, 2), (stride, 0), (stride, 1), (stride, 2)] {
        let variance_of = ReverseVariance::Beta;
        let chain =
            Chain { denoiser: &wiener, schedule: &schedule, variance: variance_of, stride, noiseless_steps, seed: 6 };
        let mut z = chain.start(TRAJECTORIES, 0);
        chain.run(&mut z, schedule.last(), 0, &mut |_, _| {}).unwrap();
        let taken: Vec<usize> = (1..=20).rev().step_by(stride).collect();
        let expected = taken.iter().enumerate().fold(1.0, |v, (i, &t)| {
            let bar = |t: usize| if t == 0 { 1.0 } else { schedule.alpha_bar(schedule.timestep(t).unwrap()) };
            let (now, before) = (bar(t), bar(t.saturating_sub(stride)));
            let (alpha, g) = (now / before, now * lambda + 1.0 - now);
            let m = (1.0 - (1.0 - alpha) / g) / alpha.sqrt();
            let left = taken.len() - i;
            m * m * v + if left > noiseless_steps { 1.0 - alpha } else { 0.0 }
        });
        let measured = variance(z.into_iter());
        let error = expected * (2.0 / (TRAJECTORIES * COPIES) as f64).sqrt();
        assert!(
            (measured - expected).abs() < 4.0 * error,
            "stride {stride}, {noiseless_steps} without noise: {measured} for {expected} +- {error}"
        );
        found.push(measured);
    }
    // Every noise left out takes more of the variance away than the error of these measurements.
    assert!(found.chunks(3).all(|v| v[0] > 1.03 * v[1] && v[1] > 1.03 * v[2]), "{found:?}");
}

/// A step's noise is that of its timestep whatever the others do: chains part only where one of them is noiseless.
#[test]
fn noiseless_steps_change_only_themselves() {
    let schedule = schedule(30);
    let wiener = Wiener::new(&schedule, &[2.0, 0.5]);
    let states = |noiseless_steps| {
        let variance = ReverseVariance::Beta;
        let chain = Chain { denoiser: &wiener, schedule: &schedule, variance, stride: 4, noiseless_steps, seed: 8 };
        let mut z = chain.start(3, 0);
        let mut states = Vec::new();
        chain.run(&mut z, schedule.last(), 0, &mut |_, z| states.push(z.to_vec())).unwrap();
        states
    };
    // 30 = 7 * 4 + 2: eight steps.
    let all: Vec<_> = (0..=8).map(states).collect();
    for (noiseless, states) in all.iter().enumerate() {
        assert_eq!(states.len(), 8);
        let same = all[0].iter().zip(states).take_while(|(one, other)| one == other).count();
        assert_eq!(same, 8 - noiseless, "{noiseless} without noise");
    }
}

/// The one-step chain has the moments of the jump from the same z_0, and the memory of a process besides:
/// Cov(eps_s, eps_t) = sqrt(snr_t / snr_s) of the noises in x_s and x_t, 0 between jumps.
#[test]
fn the_forward_chain_has_the_law_of_the_jump_and_a_memory() {
    const N: usize = 2000;
    const D: usize = 10;
    let schedule = schedule(50);
    let wiener = Wiener::new(&schedule, &[1.0; D]);
    let chain = Chain {
        denoiser: &wiener,
        schedule: &schedule,
        variance: ReverseVariance::Beta,
        stride: 1,
        noiseless_steps: 1,
        seed: 12,
    };
    let z0: Vec<f32> = (0..N * D).map(|i| (i % 7) as f32 - 3.0).collect();
    let mut z = z0.clone();
    let mut states: Vec<Vec<f32>> = Vec::new();
    chain.run_forward(&mut z, 40, &mut |t, z| {
        assert_eq!(t, states.len());
        states.push(z.to_vec());
    });
    assert_eq!((states.len(), &states[0]), (51, &z0));
    let noise_in = |z: &[f32], t: usize| -> Vec<f64> {
        let forward = schedule.forward(schedule.timestep(t).unwrap());
        z.iter().zip(&z0).map(|(&z, &z0)| (f64::from(z) - forward.signal * f64::from(z0)) / forward.noise).collect()
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let product = |a: &[f64], b: &[f64]| mean(&a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<_>>());
    let error = 4.0 / ((N * D) as f64).sqrt();
    let jump = |t: usize| noise_in(&chain.noised(&z0, schedule.timestep(t).unwrap(), 40), t);
    for t in [1, 2, 10, 25, 50] {
        let eps = noise_in(&states[t], t);
        assert!(mean(&eps).abs() < error, "t = {t}: {}", mean(&eps));
        assert!((product(&eps, &eps) - 1.0).abs() < 2.0_f64.sqrt() * error, "t = {t}: {}", product(&eps, &eps));
        // Independent of the jump and of the data.
        assert!(product(&eps, &jump(t)).abs() < error, "t = {t}");
    }
    for (s, t) in [(1, 2), (10, 25), (25, 30)] {
        let snr = |t: usize| schedule.snr(schedule.timestep(t).unwrap());
        let expected = (snr(t) / snr(s)).sqrt();
        let found = product(&noise_in(&states[s], s), &noise_in(&states[t], t));
        assert!(expected > 0.1 && (found - expected).abs() < error, "{s}, {t}: {found} {expected}");
        assert!(product(&jump(s), &jump(t)).abs() < error);
    }
    // A trajectory does not depend on its company.
    let mut alone = z0[5 * D..6 * D].to_vec();
    chain.run_forward(&mut alone, 45, &mut |_, _| {});
    assert_eq!(alone, z[5 * D..6 * D]);
}
