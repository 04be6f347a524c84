//! Speciation on laws whose every answer is known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub, reason = "tests")]

mod common;

use common::{World, at, measure};

#[test]
fn moments_put_the_speciation_of_two_equal_gaussians_where_kappa_is_one() {
    let world = World::mixture(8, 16.0, 100, 500);
    let measured = measure(&world.lab(), "kappa");
    // kappa = A |m|^2 / (A + D) = 16 A.
    for t in [30, 50, 60] {
        let exact = 16.0 * world.schedule.alpha_bar(world.schedule.timestep(t).unwrap());
        let found = at(&measured, t, "data", "kappa").value;
        assert!((found / exact - 1.0).abs() < 0.06, "{t}: {found} {exact}");
    }
    let line = measured.transitions.iter().find(|row| row.convention == "kappa = 1").unwrap();
    assert!((50.0..=52.0).contains(&line.t.unwrap()), "{line:?}");
}
