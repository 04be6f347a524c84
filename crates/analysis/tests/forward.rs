//! The forward process step by step against the jump, where everything about it is known.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub, reason = "tests")]

mod common;

use analysis::observables::{Measured, ObservableRow};
use common::{World, at, measure};
use schedule::{Law, Schedule};

fn values<'a>(measured: &'a Measured, model: &'a str, quantity: &'a str) -> impl Iterator<Item = &'a ObservableRow> {
    measured.rows.iter().filter(move |row| row.model == model && row.quantity == quantity)
}

/// A and D at t by the product of the betas.
fn levels(schedule: &Schedule, t: usize) -> (f64, f64) {
    let a: f64 = schedule.timesteps().take(t).map(|t| 1.0 - schedule.beta(t)).product();
    (a, 1.0 - a)
}

#[test]
fn steps_and_jump_have_the_exact_moments_and_the_exact_noise() {
    let world = World::mixture(6, 9.0, 100, 800);
    let measured = measure(&world.lab(), "forward_agreement");
    // Var(x_0) of the 800 test samples, all of them, in their own coordinates.
    let x = &world.dataset.test;
    let mean: Vec<f64> = (0..6).map(|k| x.rows().map(|row| f64::from(row[k])).sum::<f64>() / 800.0).collect();
    let square: f64 = x.rows().flat_map(|row| row.iter().zip(&mean).map(|(x, m)| (f64::from(*x) - m).powi(2))).sum();
    let (brightness, variance) = (mean.iter().sum::<f64>() / 6.0, square / (6.0 * 799.0));
    for t in [1, 10, 50, 100] {
        let (a, d) = levels(&world.schedule, t);
        assert!((at(&measured, t, "exact", "variance").value / (a * variance + d) - 1.0).abs() < 1e-5);
        assert!((at(&measured, t, "exact", "mean").value - a.sqrt() * brightness).abs() < 1e-5);
    }
    for way in ["chain", "jump"] {
        for quantity in ["variance_deviation", "mean_deviation"] {
            let found: Vec<f64> = values(&measured, way, quantity).map(|row| row.value).collect();
            assert!(found.len() >= 10 && found.iter().all(|z| z.abs() < 4.0), "{way} {quantity}: {found:?}");
        }
    }
    for pair in ["chain", "jump", "pair"] {
        let found: Vec<f64> = values(&measured, pair, "ks").map(|row| row.value).collect();
        // 99.99% lie below 1.64.
        assert!(found.iter().all(|ks| *ks > 0.1 && *ks < 1.64), "{pair}: {found:?}");
        assert!(found.iter().filter(|ks| **ks < 1.0).count() * 4 >= 3 * found.len(), "{pair}: {found:?}");
    }
}

#[test]
fn only_a_path_remembers() {
    let world = World::mixture(6, 9.0, 100, 800);
    let measured = measure(&world.lab(), "forward_agreement");
    let exact = |quantity: &str, t: usize, s: f64| {
        let mut rows = values(&measured, "exact", quantity);
        rows.find(|row| row.t == Some(t) && row.x == Some(s)).unwrap().value
    };
    let variance = |t: usize| at(&measured, t, "exact", "variance").value;
    let mut apart = 0;
    for (way, quantity) in [("chain", "correlation"), ("jump", "correlation_of_jumps")] {
        for row in values(&measured, way, "correlation") {
            let (t, s) = (row.t.unwrap(), row.x.unwrap());
            let expected = exact(quantity, t, s);
            let half = 0.5 * (row.high.unwrap() - row.low.unwrap());
            assert!((row.value - expected).abs() < 2.5 * half, "{way} {s} {t}: {row:?}, exactly {expected}");
            apart += usize::from(way == "jump" && row.high.unwrap() < exact("correlation", t, s));
        }
    }
    assert!(apart >= 10, "{apart}");
    // sqrt(A_t/A_s) sqrt(V_s/V_t) from the betas between s and t alone.
    for row in values(&measured, "exact", "correlation") {
        let (t, s) = (row.t.unwrap(), row.x.unwrap() as usize);
        let between: f64 = world.schedule.timesteps().take(t).skip(s).map(|t| 1.0 - world.schedule.beta(t)).product();
        assert!((row.value - (between * variance(s) / variance(t)).sqrt()).abs() < 1e-9, "{s} {t}");
    }
}

#[test]
fn a_chain_that_does_not_thermalise_leaves_its_mixture_and_not_the_gaussian() {
    let mut world = World::mixture(40, 40.0 * 4.0, 100, 1000);
    let chi2 = |world: &World, quantity: &str| {
        let measured = measure(&world.lab(), "forward_agreement");
        let of = |way: &str| at(&measured, 100, way, quantity).value;
        // 60 bins: 1 with a standard error of 0.2.
        [of("chain"), of("jump")]
    };
    assert!(chi2(&world, "chi2_exact").iter().all(|chi2| (0.3..1.8).contains(chi2)));
    assert!(chi2(&world, "chi2_normal").iter().all(|chi2| (0.3..1.8).contains(chi2)));
    // The thesis's betas without their scale: alpha_bar_100 = 0.364, x_T lies about -+ 2 sqrt(0.364).
    world.schedule = Schedule::new(Law::Linear { beta_start: 1e-4, beta_end: 0.02 }, 100).unwrap();
    assert!((levels(&world.schedule, 100).0 - 0.364).abs() < 5e-4);
    assert!(chi2(&world, "chi2_exact").iter().all(|chi2| (0.3..1.8).contains(chi2)));
    assert!(chi2(&world, "chi2_normal").iter().all(|chi2| *chi2 > 50.0));
    let measured = measure(&world.lab(), "forward_agreement");
    for model in ["exact", "normal", "chain"] {
        let rows: Vec<_> = values(&measured, model, "noise_density").collect();
        let width = rows[1].x.unwrap() - rows[0].x.unwrap();
        let inside: f64 = rows.iter().map(|row| row.value * width).sum();
        assert!((inside - 1.0).abs() < 1e-3, "{model}: {inside}");
    }
}
