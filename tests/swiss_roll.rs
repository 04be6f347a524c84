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

/// The MSE of E[eps | x_t], below which nothing can go: by t.
const FLOORS: [(usize, f64); 4] = [(50, 0.668), (100, 0.663), (200, 0.388), (500, 0.0281)];

#[test]
fn machines_come_near_the_exact_floor() {
    let desk = Desk::new();
    desk.write("roll.toml", EXPERIMENT);
    desk.run(&["roll.toml", "--timesteps=50,100,200,500,1000", "--out=run"]);
    let folder = desk.path("run");
    for (t, floor) in FLOORS {
        let mse = test_metric(&folder, t, 30, "mse");
        assert!((mse / floor - 1.0).abs() <= 0.1, "t = {t}: {mse}, the floor is {floor}");
    }
    // x_T is noise and the floor is 1.4e-5: Adam's last steps, not the data, set what is left.
    let last = test_metric(&folder, 1000, 30, "mse");
    assert!((1.2e-5..5e-5).contains(&last), "t = 1000: {last}");
}
