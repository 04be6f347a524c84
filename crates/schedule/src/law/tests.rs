use proptest::prelude::*;

use super::*;

/// Any law with admissible rates.
pub(crate) fn laws() -> impl Strategy<Value = Law> {
    prop_oneof![
        (1e-5..0.05, 1e-5..0.5).prop_map(|(beta_start, beta_end)| Law::Linear { beta_start, beta_end }),
        Just(Law::Cosine),
        (1e-5..0.9).prop_map(|beta| Law::Constant { beta }),
    ]
}

fn linear(beta_start: f64, beta_end: f64) -> Law {
    Law::Linear { beta_start, beta_end }
}

fn message(law: Law, timesteps: usize) -> String {
    law.betas(timesteps).unwrap_err().to_string()
}

#[test]
fn linear_hits_both_ends_exactly_and_is_straight() {
    for (start, end, timesteps) in [(1e-4, 0.02, 1000), (1e-3, 0.2, 100), (0.3, 0.1, 7), (0.1, 0.7, 2)] {
        let betas = linear(start, end).betas(timesteps).unwrap();
        assert_eq!(betas.len(), timesteps);
        assert_eq!((betas[0], betas[timesteps - 1]), (start, end));
        let step = (end - start) / (timesteps - 1) as f64;
        assert!(betas.windows(2).all(|pair| (pair[1] - pair[0] - step).abs() < 1e-15));
    }
}

#[test]
fn one_step_of_each_law() {
    assert_eq!(linear(0.1, 0.2).betas(1).unwrap(), [0.1]);
    assert_eq!(Law::Constant { beta: 0.3 }.betas(1).unwrap(), [0.3]);
    assert_eq!(Law::Cosine.betas(1).unwrap(), [0.999]);
}

#[test]
fn constant_repeats_its_rate() {
    assert_eq!(Law::Constant { beta: 0.05 }.betas(4).unwrap(), [0.05; 4]);
}

#[test]
fn cosine_values() {
    // Printed by scripts/make_reference/schedule.py.
    let betas = Law::Cosine.betas(100).unwrap();
    let known = [
        (1, 6.312815983417e-4),
        (2, 1.116937037322e-3),
        (50, 3.059312428167e-2),
        (99, 7.499392803847e-1),
        (100, 0.999),
    ];
    for (t, expected) in known {
        assert!((betas[t - 1] / expected - 1.0).abs() < 1e-10, "t = {t}: {} {expected}", betas[t - 1]);
    }
}

#[test]
fn cosine_keeps_half_of_the_signal_half_way() {
    // Without the offset alpha_bar_{T/2} = cos^2(pi/4) = 1/2; with it f(1/2)/f(0).
    let product: f64 = Law::Cosine.betas(1000).unwrap().iter().take(500).map(|beta| 1.0 - beta).product();
    let f = |u: f64| ((u + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2).cos().powi(2);
    assert!((product - f(0.5) / f(0.0)).abs() < 1e-12);
    assert!((product - 0.5).abs() < 0.01);
}

#[test]
fn faulty_settings_name_the_key_and_the_range() {
    let range = "is not allowed, use a number of at least 1e-16 and below 1";
    assert_eq!(message(Law::Cosine, 0), "schedule.timesteps: 0 is not allowed, use 1 or more");
    assert_eq!(message(linear(0.0, 0.02), 10), format!("schedule.beta_start: 0.0 {range}"));
    assert_eq!(message(linear(1e-4, 1.0), 10), format!("schedule.beta_end: 1.0 {range}"));
    assert_eq!(message(linear(1e-4, f64::NAN), 10), format!("schedule.beta_end: NaN {range}"));
    assert_eq!(message(linear(f64::INFINITY, 0.1), 10), format!("schedule.beta_start: inf {range}"));
    assert_eq!(message(Law::Constant { beta: -0.1 }, 10), format!("schedule.beta_start: -0.1 {range}"));
    assert_eq!(message(Law::Constant { beta: 1e-17 }, 10), format!("schedule.beta_start: 1e-17 {range}"));
}

proptest! {
    #[test]
    fn rates_stay_inside_the_unit_interval(law in laws(), timesteps in 1_usize..2000) {
        let betas = law.betas(timesteps).unwrap();
        prop_assert_eq!(betas.len(), timesteps);
        prop_assert!(betas.iter().all(|beta| *beta >= BETA_MIN && *beta < 1.0));
    }

    #[test]
    fn linear_rates_stay_between_their_ends(start in 1e-6..0.9, end in 1e-6..0.9, timesteps in 2_usize..1000) {
        let (low, high) = (f64::min(start, end), f64::max(start, end));
        let betas = linear(start, end).betas(timesteps).unwrap();
        prop_assert!(betas.iter().all(|beta| (low * (1.0 - 1e-12)..=high * (1.0 + 1e-12)).contains(beta)));
    }
}
