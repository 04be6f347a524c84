use proptest::prelude::*;

use super::*;
use crate::Law;
use crate::law::tests::laws;

const CHOICES: [ReverseVariance; 3] = [ReverseVariance::Beta, ReverseVariance::Posterior, ReverseVariance::Optimal];

fn linear(beta_start: f64, beta_end: f64, timesteps: usize) -> Schedule {
    Schedule::new(Law::Linear { beta_start, beta_end }, timesteps).unwrap()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * b.abs().max(1.0)
}

/// The variance of the chain's output for data N(0, lam) with the exact eps_hat = sqrt(1 - alpha_bar) x / g,
/// g = alpha_bar lam + 1 - alpha_bar, from x_T ~ N(0, 1).
fn output_variance(schedule: &Schedule, lam: f64, choice: ReverseVariance, noiseless: usize) -> f64 {
    schedule.timesteps().rev().fold(1.0, |v, t| {
        let (forward, reverse) = (schedule.forward(t), schedule.reverse_noiseless(t, 1, choice, noiseless));
        let g = forward.signal.powi(2) * lam + forward.noise.powi(2);
        let m = reverse.scale * (1.0 - reverse.eps_factor * forward.noise / g);
        let unsettled = 1.0 - forward.noise.powi(2) / g;
        m * m * v + reverse.sigma.powi(2) * (1.0 + reverse.excess * unsettled)
    })
}

#[test]
fn the_chain_turns_noise_into_a_gaussian_of_the_known_variance() {
    // Printed by scripts/make_reference/schedule.py.
    let (long, short) = (linear(1e-4, 0.02, 1000), linear(1e-3, 0.2, 100));
    let [beta, posterior, optimal] = CHOICES;
    let known = [
        (&long, 4.0, posterior, 1, 3.974776571),
        (&long, 4.0, beta, 1, 3.990569289),
        (&long, 0.25, posterior, 1, 0.246125211),
        (&long, 0.25, beta, 1, 0.250752075),
        (&long, 0.25, beta, 0, 0.250852075),
        (&long, 0.25, posterior, 2, 0.246070718),
        (&short, 4.0, posterior, 1, 3.759693232),
        (&short, 4.0, beta, 1, 3.904354705),
        (&short, 0.25, posterior, 1, 0.219227819),
        (&short, 0.25, beta, 1, 0.257775882),
        (&short, 0.25, posterior, 0, 0.219227819),
        (&short, 0.25, beta, 0, 0.258775882),
        (&short, 0.25, beta, 2, 0.254786753),
        (&short, 0.25, posterior, 5, 0.207382304),
        (&short, 0.25, beta, 5, 0.235198604),
        (&long, 4.0, optimal, 1, 3.999899914),
        (&long, 0.25, optimal, 1, 0.249900030),
        (&short, 4.0, optimal, 1, 3.998999229),
        (&short, 0.25, optimal, 1, 0.249002991),
    ];
    for (schedule, lam, choice, noiseless, expected) in known {
        let v = output_variance(schedule, lam, choice, noiseless);
        let case = format!("T = {}, lam = {lam}, {choice:?}, {noiseless}", schedule.len());
        assert!((v - expected).abs() < 2e-9, "{case}: {v} {expected}");
    }
}

#[test]
fn posterior_variances_of_the_linear_schedules() {
    // Printed by scripts/make_reference/schedule.py.
    let (long, short) = (linear(1e-4, 0.02, 1000), linear(1e-3, 0.2, 100));
    let known = [
        (&long, 1, 0.0),
        (&long, 2, 5.453187661303e-5),
        (&long, 10, 2.381820278234e-4),
        (&long, 500, 1.003135541461e-2),
        (&long, 1000, 1.999998352656e-2),
        (&short, 2, 7.511935911591e-4),
        (&short, 50, 9.861393376964e-2),
        (&short, 100, 1.999989804747e-1),
    ];
    for (schedule, t, expected) in known {
        let t = schedule.timestep(t).unwrap();
        let variance = schedule.variance(t, ReverseVariance::Posterior);
        assert!((variance - expected).abs() < 1e-13, "T = {}, t = {t}: {variance} {expected}", schedule.len());
        assert_eq!(schedule.variance(t, ReverseVariance::Beta), schedule.beta(t));
    }
}

#[test]
fn a_plain_step_is_algorithm_2_to_the_bit() {
    for schedule in [linear(1e-4, 0.02, 1000), Schedule::new(Law::Cosine, 40).unwrap()] {
        for (t, choice) in schedule.timesteps().flat_map(|t| CHOICES.map(|choice| (t, choice))) {
            let sigma = if t.get() == 1 { 0.0 } else { schedule.variance(t, choice).sqrt() };
            let excess = match (choice, schedule.timestep(t.get() - 1)) {
                (ReverseVariance::Optimal, Ok(s)) => {
                    schedule.beta(t) / (schedule.alpha(t) * (1.0 - schedule.alpha_bar(s)))
                }
                _ => 0.0,
            };
            let expected = Reverse {
                scale: 1.0 / schedule.alpha(t).sqrt(),
                eps_factor: schedule.beta(t) / (1.0 - schedule.alpha_bar(t)).sqrt(),
                sigma,
                excess,
            };
            assert_eq!(schedule.reverse(t, 1, choice), expected, "t = {t}");
        }
    }
}

#[test]
fn coefficients_stay_finite_where_alpha_bar_underflows() {
    let schedule = Schedule::new(Law::Constant { beta: 0.99 }, 400).unwrap();
    assert_eq!(schedule.alpha_bar(schedule.last()), 0.0);
    for (t, stride) in schedule.timesteps().flat_map(|t| [1, 7, 100].map(|stride| (t, stride))) {
        let reverse = schedule.reverse(t, stride, ReverseVariance::Optimal);
        let coefficients = [reverse.scale, reverse.eps_factor, reverse.sigma, reverse.excess];
        assert!(coefficients.into_iter().all(f64::is_finite), "t = {t}");
    }
}

#[test]
fn the_smallest_rate_gives_finite_coefficients() {
    let schedule = Schedule::new(Law::Constant { beta: 1e-16 }, 3).unwrap();
    for (t, choice) in schedule.timesteps().flat_map(|t| CHOICES.map(|choice| (t, choice))) {
        let reverse = schedule.reverse(t, 1, choice);
        assert!([reverse.scale, reverse.eps_factor, reverse.sigma].into_iter().all(f64::is_finite), "t = {t}");
    }
}

proptest! {
    #[test]
    fn one_step_kernels_compose_to_the_kernel_from_x0(law in laws(), timesteps in 1_usize..200) {
        let schedule = Schedule::new(law, timesteps).unwrap();
        let (mut signal, mut variance) = (1.0, 0.0);
        for t in schedule.timesteps() {
            let step = schedule.forward_step(t);
            signal *= step.signal;
            variance = step.signal.powi(2) * variance + step.noise.powi(2);
            let forward = schedule.forward(t);
            prop_assert!(close(forward.signal, signal, 1e-12));
            prop_assert!(close(forward.noise.powi(2), variance, 1e-12));
        }
    }

    #[test]
    fn the_posterior_is_the_bayes_combination_of_kernel_and_prior(law in laws(), timesteps in 2_usize..200,
                                                                  at in 0.0..1.0, x0 in -3.0..3.0, xt in -3.0..3.0) {
        let schedule = Schedule::new(law, timesteps).unwrap();
        let t = schedule.timestep(2 + (at * (timesteps - 1) as f64) as usize).unwrap();
        let (step, before) = (schedule.forward_step(t), schedule.alpha_bar_before(t, 1));
        // q(x_{t-1} | x_0) N(x_t; sqrt(alpha) x_{t-1}, beta): precisions add.
        let precision = 1.0 / (1.0 - before) + step.signal.powi(2) / step.noise.powi(2);
        let pull = before.sqrt() * x0 / (1.0 - before) + step.signal * xt / step.noise.powi(2);
        let (x0_factor, xt_factor) = schedule.posterior_mean(t);
        prop_assert!((schedule.variance(t, ReverseVariance::Posterior) * precision - 1.0).abs() < 1e-8);
        prop_assert!(close(x0_factor * x0 + xt_factor * xt, pull / precision, 1e-9));
    }

    #[test]
    fn the_reverse_mean_is_the_posterior_mean_when_eps_is_known(law in laws(), timesteps in 1_usize..200,
                                                                x0 in -3.0..3.0, eps in -3.0..3.0) {
        let schedule = Schedule::new(law, timesteps).unwrap();
        for t in schedule.timesteps() {
            let (forward, reverse) = (schedule.forward(t), schedule.reverse(t, 1, ReverseVariance::Posterior));
            // Rounding in x_t and eps cancels in the mean only up to the scale that multiplies both.
            prop_assume!(reverse.scale < 1e3);
            let xt = forward.signal * x0 + forward.noise * eps;
            let (x0_factor, xt_factor) = schedule.posterior_mean(t);
            let mean = reverse.scale * (xt - reverse.eps_factor * eps);
            prop_assert!(close(mean, x0_factor * x0 + xt_factor * xt, 1e-8), "t = {t}");
        }
    }

    #[test]
    fn the_posterior_variance_is_the_smaller_one(law in laws(), timesteps in 1_usize..200) {
        let schedule = Schedule::new(law, timesteps).unwrap();
        for t in schedule.timesteps() {
            let posterior = schedule.variance(t, ReverseVariance::Posterior);
            prop_assert!(posterior >= 0.0 && posterior < schedule.beta(t) * (1.0 + 1e-12));
        }
    }

    #[test]
    fn a_stride_is_a_step_of_the_subsampled_schedule(law in laws(), steps in 1_usize..30, stride in 1_usize..8) {
        let fine = Schedule::new(law, steps * stride).unwrap();
        let kept: Vec<f64> = fine.timesteps().skip(stride - 1).step_by(stride).map(|t| fine.alpha_bar(t)).collect();
        let before = std::iter::once(1.0).chain(kept.iter().copied());
        let coarse = Schedule::from_betas(kept.iter().zip(before).map(|(now, before)| 1.0 - now / before).collect());
        for (i, choice) in (1..=steps).flat_map(|i| CHOICES.map(|choice| (i, choice))) {
            let a = fine.reverse(fine.timestep(i * stride).unwrap(), stride, choice);
            let b = coarse.reverse(coarse.timestep(i).unwrap(), 1, choice);
            // 1 - alpha of the coarse schedule carries the rounding of alpha_bar, up to 1e-16/alpha relative.
            prop_assert!(close(a.scale, b.scale, 1e-6), "{a:?} {b:?}");
            prop_assert!(close(a.eps_factor, b.eps_factor, 1e-9), "{a:?} {b:?}");
            prop_assert!(close(a.sigma, b.sigma, 1e-7), "{a:?} {b:?}");
        }
    }

    #[test]
    fn the_last_steps_are_counted_in_steps_of_the_strided_chain(
        law in laws(), timesteps in 1_usize..60, stride in 1_usize..8, noiseless in 0_usize..5
    ) {
        let schedule = Schedule::new(law, timesteps).unwrap();
        for choice in CHOICES {
            // From T down by strides: the steps taken, the last of which reaches 0.
            let taken: Vec<Timestep> = schedule.timesteps().rev().step_by(stride).collect();
            let with_noise = taken.len() - noiseless.min(taken.len());
            for (i, &t) in taken.iter().enumerate() {
                let found = schedule.reverse_noiseless(t, stride, choice, noiseless);
                let last_of_the_posterior = choice != ReverseVariance::Beta && t.get() <= stride;
                prop_assert_eq!(found.sigma > 0.0, i < with_noise && !last_of_the_posterior, "{} {}", i, t);
                // The mean is that of the chain with noise, and so is the noise where there is any.
                let usual = schedule.reverse(t, stride, choice);
                prop_assert_eq!((found.scale, found.eps_factor), (usual.scale, usual.eps_factor));
                prop_assert!(found.sigma == 0.0 || t.get() <= stride || found.sigma == usual.sigma);
            }
            prop_assert_eq!(schedule.reverse_noiseless(taken[0], stride, choice, 1), schedule.reverse(taken[0], stride, choice));
        }
    }

    #[test]
    fn noise_in_the_last_step_has_variance_beta(law in laws(), timesteps in 1_usize..60) {
        let schedule = Schedule::new(law, timesteps).unwrap();
        let first = schedule.timestep(1).unwrap();
        let sigma = |choice| schedule.reverse_noiseless(first, 1, choice, 0).sigma;
        prop_assert!(close(sigma(ReverseVariance::Beta).powi(2) / schedule.beta(first), 1.0, 1e-12));
        prop_assert_eq!(sigma(ReverseVariance::Posterior), 0.0);
    }

    #[test]
    fn one_step_after_another_is_the_jump(law in laws(), timesteps in 1_usize..200) {
        // x_t = signal x_{t-1} + noise eps applied to N(1, 0): mean and variance of q(x_t | x_0).
        let schedule = Schedule::new(law, timesteps).unwrap();
        let (mut mean, mut variance) = (1.0_f64, 0.0_f64);
        for t in schedule.timesteps() {
            let (step, jump) = (schedule.forward_step(t), schedule.forward(t));
            (mean, variance) = (step.signal * mean, step.signal.powi(2) * variance + step.noise.powi(2));
            prop_assert!(close(mean, jump.signal, 1e-12), "{mean} {jump:?}");
            prop_assert!((variance / jump.noise.powi(2) - 1.0).abs() < 1e-9, "{variance} {jump:?}");
        }
    }

    #[test]
    fn a_long_stride_ends_the_chain(law in laws(), timesteps in 1_usize..100, excess in 0_usize..100) {
        let schedule = Schedule::new(law, timesteps).unwrap();
        for (t, choice) in schedule.timesteps().flat_map(|t| CHOICES.map(|choice| (t, choice))) {
            let forward = schedule.forward(t);
            let reverse = schedule.reverse(t, t.get() + excess, choice);
            // From t to 0 at once: x_0 = (x_t - sqrt(1 - alpha_bar) eps_hat)/sqrt(alpha_bar).
            prop_assert_eq!(reverse.sigma, 0.0);
            prop_assert!(close(reverse.scale * forward.signal, 1.0, 1e-12));
            prop_assert!(close(reverse.eps_factor, forward.noise, 1e-10));
        }
    }
}
