use proptest::prelude::*;

use super::*;
use crate::law::tests::laws;

fn linear(beta_start: f64, beta_end: f64, timesteps: usize) -> Schedule {
    Schedule::new(Law::Linear { beta_start, beta_end }, timesteps).unwrap()
}

/// alpha_bar at t = T/10, 2T/10, .. T.
fn assert_tenths(schedule: &Schedule, known: [f64; 10]) {
    for (i, expected) in known.into_iter().enumerate() {
        let t = schedule.timestep((i + 1) * schedule.len() / 10).unwrap();
        let alpha_bar = schedule.alpha_bar(t);
        assert!((alpha_bar / expected - 1.0).abs() < 1e-10, "t = {t}: {alpha_bar} {expected}");
    }
}

#[test]
fn alpha_bar_of_the_linear_schedules() {
    // Printed by scripts/make_reference/schedule.py.
    assert_tenths(
        &linear(1e-4, 0.02, 1000),
        [
            8.970181456750e-1,
            6.590385082318e-1,
            3.964197594583e-1,
            1.951464449334e-1,
            7.858724288178e-2,
            2.587938942333e-2,
            6.966110556528e-3,
            1.532089549648e-3,
            2.752059119034e-4,
            4.035829765376e-5,
        ],
    );
    assert_tenths(
        &linear(1e-3, 0.2, 100),
        [
            9.038131959234e-1,
            6.653700584659e-1,
            3.972716505537e-1,
            1.915162514610e-1,
            7.419699671742e-2,
            2.298834762656e-2,
            5.666971018975e-3,
            1.105587871383e-3,
            1.697463738826e-4,
            2.039008975564e-5,
        ],
    );
}

#[test]
fn only_timesteps_of_the_chain_exist() {
    let schedule = linear(1e-3, 0.2, 100);
    for t in [0, 101, usize::MAX] {
        let error = schedule.timestep(t).unwrap_err();
        assert_eq!(error.to_string(), format!("timestep {t}: not in this schedule, use 1 to 100"));
    }
    let all: Vec<usize> = schedule.timesteps().map(Timestep::get).collect();
    assert_eq!(all, (1..=100).collect::<Vec<_>>());
    assert_eq!(schedule.timesteps().next_back(), Some(schedule.last()));
    assert_eq!((schedule.last().get(), schedule.last().index()), (schedule.len(), 99));
    assert_eq!(schedule.last().to_string(), "100");
    assert!(!schedule.is_empty());
}

#[test]
fn alpha_bar_before_the_chain_is_one() {
    let schedule = linear(1e-3, 0.2, 10);
    let t = schedule.timestep(4).unwrap();
    assert_eq!(schedule.alpha_bar_before(t, 0), schedule.alpha_bar(t));
    assert_eq!(schedule.alpha_bar_before(t, 3), schedule.alpha_bar(schedule.timestep(1).unwrap()));
    assert!([4, 5, usize::MAX].into_iter().all(|stride| schedule.alpha_bar_before(t, stride) == 1.0));
}

#[test]
fn a_chain_that_does_not_thermalise_is_reported() {
    assert_eq!(linear(1e-4, 0.02, 1000).thermalisation_warning(), None);
    assert_eq!(linear(1e-3, 0.2, 100).thermalisation_warning(), None);
    assert_eq!(Schedule::new(Law::Cosine, 1).unwrap().thermalisation_warning(), None);
    // The rates of T = 1000, not rescaled, leave most of the signal after 100 steps.
    let warning = linear(1e-4, 0.02, 100).thermalisation_warning().unwrap();
    assert!(warning.starts_with("schedule: alpha_bar_T = 0.364: the chain does not thermalise"), "{warning}");
    assert!(warning.contains("x_T keeps 36.4% of the data's variance"), "{warning}");
    // The threshold, alpha_bar_T = 0.01, from both sides.
    let single = |alpha_bar: f64| Schedule::new(Law::Constant { beta: 1.0 - alpha_bar }, 1).unwrap();
    assert_eq!(single(0.00999).thermalisation_warning(), None);
    assert!(single(0.01001).thermalisation_warning().is_some());
}

proptest! {
    #[test]
    fn the_signal_falls_as_the_product_of_alphas(law in laws(), timesteps in 1_usize..300) {
        let schedule = Schedule::new(law, timesteps).unwrap();
        let (mut log, mut before) = (0.0, 1.0);
        for t in schedule.timesteps() {
            log += (-schedule.beta(t)).ln_1p();
            let alpha_bar = schedule.alpha_bar(t);
            prop_assert!(alpha_bar < before && alpha_bar > 0.0);
            prop_assert!((alpha_bar / log.exp() - 1.0).abs() < 1e-10);
            prop_assert_eq!(schedule.alpha_bar_before(t, 1), before);
            prop_assert_eq!(schedule.alpha(t), 1.0 - schedule.beta(t));
            prop_assert!((schedule.snr(t) * (1.0 - alpha_bar) - alpha_bar).abs() < 1e-14);
            before = alpha_bar;
        }
    }
}
