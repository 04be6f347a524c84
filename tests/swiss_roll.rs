//! Machines on the Swiss roll against the exact posterior mean, in two dimensions where it can be integrated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use common::{Desk, test_metric};

const EXPERIMENT: &str = r#"
[data]
source = "swiss_roll"
train_limit = 10000
test_limit = 2000
[schedule]
law = "linear"
timesteps = 1000
beta_start = 1e-4
beta_end = 0.02
[model]
hidden = 1000
skip = "none"
[train]
epochs = 30
batch = 100
learning_rate = [[1, 8e-3], [1000, 4e-3]]
decay = "cosine"
"#;

/// The MSE of E[eps | x_t], below which nothing can go, by t: scripts/make_reference/swiss_roll_floor.py, whose standard
/// errors are below 0.4%.
const FLOORS: [(usize, f64); 11] = [
    (50, 0.6688),
    (100, 0.6645),
    (200, 0.3871),
    (300, 0.1815),
    (400, 0.07573),
    (500, 0.02807),
    (600, 0.008910),
    (700, 0.002372),
    (800, 0.0005194),
    (900, 9.311e-5),
    (1000, 1.364e-5),
];

fn assert_near_the_floors(skip: &str, last: usize) {
    let desk = Desk::new();
    desk.write("roll.toml", EXPERIMENT);
    let floors = FLOORS.iter().filter(|(t, _)| *t <= last);
    let timesteps: Vec<String> = floors.clone().map(|(t, _)| t.to_string()).collect();
    let (skip, timesteps) = (format!("--set=model.skip={skip}"), format!("--timesteps={}", timesteps.join(",")));
    desk.run(&["roll.toml", &skip, &timesteps, "--out=run"]);
    for &(t, floor) in floors {
        let mse = test_metric(&desk.path("run"), t, 30, "mse");
        assert!((mse / floor - 1.0).abs() <= 0.1, "t = {t}: {mse}, the floor is {floor}");
    }
}

#[test]
fn machines_with_a_learned_skip_come_within_a_tenth_of_the_exact_floor_at_every_t() {
    assert_near_the_floors("learned", 1000);
}

/// Without a skip the net must copy its input near t = T, and Adam's last steps set what is left of 1e-5.
#[test]
fn machines_without_a_skip_do_so_but_for_the_last() {
    assert_near_the_floors("none", 900);
}
