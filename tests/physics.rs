//! Closed forms of solvable laws, from the program's own tables.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::path::Path;

use analysis::observables::{ObservableRow, TransitionRow};
use analysis::{read_rows, read_table};
use common::{Desk, shipped, test_metric};

/// The time of a convention, exact or from moments.
#[track_caller]
fn time(run: &Path, convention: &str) -> f64 {
    let rows: Vec<TransitionRow> = read_table(run).unwrap();
    let row = rows.iter().find(|row| row.convention == convention && row.group == "all");
    row.unwrap_or_else(|| panic!("no `{convention}` in {rows:?}")).t.unwrap()
}

/// One number of a table.
#[track_caller]
fn value(run: &Path, observable: &str, quantity: &str, t: usize) -> f64 {
    let rows: Vec<ObservableRow> = read_rows(&run.join(format!("observables/{observable}.csv"))).unwrap();
    rows.iter().find(|row| row.quantity == quantity && row.t == Some(t)).unwrap().value
}

#[test]
fn two_gaussians_speciate_where_kappa_is_one() {
    let desk = Desk::new();
    let file = shipped("theory/two_gaussians_T100.toml");
    desk.run(&[&file, "--out=run", "--set=analysis.observables=[\"kappa\"]", "--set=sample.count=50"]);
    let run = desk.path("run");
    // kappa = A |m|^2, |m|^2 = 16, of unit variances; the moments are those of 10000 samples.
    for (t, kappa, phi) in [(30, 6.3563, 0.99107), (50, 1.1872, 0.80262), (60, 0.36781, 0.63908)] {
        let measured = value(&run, "kappa", "kappa", t);
        assert!((measured / kappa - 1.0).abs() < 0.04, "t = {t}: {measured}");
        let measured = value(&run, "kappa", "phi_of_kappa", t);
        assert!((measured - phi).abs() < 0.01, "t = {t}: {measured}");
    }
    assert!((50.0..=52.0).contains(&time(&run, "kappa = 1")));
    // MSE = A + A D (1 - q) |m|^2 / d with q = 2 phi - 1, over 2000 x 64 numbers.
    for (t, alpha_bar, phi) in [(30, 0.397_272, 0.991_07), (50, 0.074_197, 0.802_62)] {
        let exact = alpha_bar + alpha_bar * (1.0 - alpha_bar) * 2.0 * (1.0 - phi) * 16.0 / 64.0;
        let measured = test_metric(&run, t, 0, "mse");
        assert!((measured / exact - 1.0).abs() < 0.02, "t = {t}: {measured} {exact}");
    }
}

#[test]
fn two_deltas_have_their_critical_noise_at_one_half() {
    let desk = Desk::new();
    desk.run(&[&shipped("theory/two_deltas_T100.toml"), "--out=run", "--set=analysis.observables=[\"kappa\"]"]);
    // kappa = A / D is 1 at A = 1/2: the last t with A >= 1/2 is 26.
    assert_eq!(time(&desk.path("run"), "kappa = 1"), 26.0);
}

#[test]
fn the_largest_variance_of_the_spins_is_that_of_their_magnetisation() {
    let desk = Desk::new();
    let set = ["spins=20", "train_limit=20000", "test_limit=200"].map(|set| format!("--set=data.{set}"));
    let chain = ["timesteps=100", "beta_start=1e-3", "beta_end=0.2"].map(|set| format!("--set=schedule.{set}"));
    let file = shipped("theory/curie_weiss_T1000.toml");
    let mut args = vec![file.as_str(), "--out=run", "--set=sample.count=0", "--set=analysis.observables=[\"kappa\"]"];
    args.extend(set.iter().chain(&chain).map(String::as_str));
    desk.run(&args);
    let p = data::curie_weiss::spins_up(20, 1.5);
    // Lambda = N <m^2>, the mean being 0.
    let lambda = 20.0 * p.iter().zip(0..).map(|(p, k)| p * (f64::from(k) / 10.0 - 1.0).powi(2)).sum::<f64>();
    let alpha_bar = |t: usize| value(&desk.path("run"), "kappa", "alpha_bar_top_variance", t);
    let rows: Vec<ObservableRow> = read_rows(&desk.path("run/observables/kappa.csv")).unwrap();
    let top = rows.iter().find(|row| row.quantity == "top_variance").unwrap().value;
    assert!((top / lambda - 1.0).abs() < 0.02, "{top} {lambda}");
    let t = time(&desk.path("run"), "A Lambda = 1") as usize;
    assert!(alpha_bar(t) >= 1.0 && alpha_bar(t + 1) < 1.0);
}
