//! The forward process and the options of the chain through the driver, from settings to figures.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::path::Path;

use analysis::Trajectories;
use common::{Desk, assert_same, reproducible};

const DIGITS: &str = r#"
[data]
source = "synthetic_digits"
digits = [1, 3]
train_limit = 120
test_limit = 40
[schedule]
timesteps = 12
beta_start = 1e-3
beta_end = 0.8
[model]
kind = "exact"
law = "gaussian"
[sample]
count = 20
[analysis]
observables = ["forward_agreement", "sample_quality"]
trajectories = 30
times = 4
resamples = 20
"#;

fn quantity(run: &Path, table: &str, model: &str, quantity: &str) -> Vec<f64> {
    let mut reader = csv::Reader::from_path(run.join(format!("observables/{table}.csv"))).unwrap();
    let rows = reader.deserialize::<analysis::observables::ObservableRow>().map(Result::unwrap);
    rows.filter(|row| row.model == model && row.quantity == quantity).map(|row| row.value).collect()
}

#[test]
fn a_run_measures_the_forward_process_and_draws_it() {
    let desk = Desk::new();
    desk.write("digits.toml", DIGITS);
    desk.run(&["digits.toml", "--out=run"]);
    let run = desk.path("run");
    for name in ["forward_agreement", "noise_histogram", "forward_strip"] {
        assert!(run.join(format!("figures/{name}.png")).exists(), "{name}");
    }
    // t = 1, 2, 3 = T/4, ..., 12 of both ways.
    assert_eq!(quantity(&run, "forward_agreement", "chain", "variance").len(), 6);
    // Real samples of the same number are nearer to the test set than samples of one Gaussian.
    for measure in ["frechet_50", "sliced_wasserstein"] {
        let (own, real) =
            (quantity(&run, "sample_quality", "gaussian", measure), quantity(&run, "sample_quality", "data", measure));
        assert!(
            own.len() == 1 && real.len() == 1 && real[0] > 0.0 && own[0].is_finite(),
            "{measure}: {own:?} {real:?}"
        );
    }
    // Neither the number of threads nor what was measured before changes a byte.
    desk.run(&["digits.toml", "--out=again", "--threads=1"]);
    assert_same(&reproducible(&run), &reproducible(&desk.path("again")));
}

/// The strip follows one path: what x_s and x_t have in common is more than x_0.
#[test]
fn the_forward_strip_is_one_path() {
    let desk = Desk::new();
    desk.write("digits.toml", DIGITS);
    desk.run(&["digits.toml", "--out=run", "--set=analysis.observables=[\"kappa\"]", "--set=schedule.beta_end=0.1"]);
    let states = Trajectories::read(&desk.path("run")).unwrap().forward.unwrap();
    let states: Vec<(f32, &[f32])> = states.iter().map(|(t, points)| (t, points.values())).collect();
    assert!(states.len() > 5 && states[0].0 == 0.0 && states[states.len() - 1].0 == 12.0);
    // beta = 1e-3 .. 0.1: alpha_bar and the correlation sqrt(snr_t / snr_s) of the noises by hand.
    let alpha_bar = |t: f32| (0..t as usize).map(|i| 1.0 - (1e-3 + 0.099 * i as f64 / 11.0)).product::<f64>();
    let noise = |(t, x): (f32, &[f32])| -> Vec<f64> {
        let a = alpha_bar(t);
        // Shown images have their scalar mean added at the strength of the signal, in x_0 too.
        x.iter()
            .zip(states[0].1)
            .map(|(x, x0)| (f64::from(*x) - a.sqrt() * f64::from(*x0)) / (1.0 - a).sqrt())
            .collect()
    };
    for pair in states[1..].windows(2) {
        let (one, other) = (noise(pair[0]), noise(pair[1]));
        let product = one.iter().zip(&other).map(|(a, b)| a * b).sum::<f64>() / one.len() as f64;
        let snr = |t: f32| alpha_bar(t) / (1.0 - alpha_bar(t));
        let expected = (snr(pair[1].0) / snr(pair[0].0)).sqrt();
        // Independent jumps would have 0.
        assert!(
            expected > 0.15 && (product - expected).abs() < 6.0 / (one.len() as f64).sqrt(),
            "{product} {expected}"
        );
    }
}

/// Points in the plane are carried to x_t and back, those of other dimensions are not.
#[test]
fn points_in_the_plane_return() {
    let desk = Desk::new();
    let roll = "data = { source = \"swiss_roll\", train_limit = 200, test_limit = 60 }\n\
                schedule = { timesteps = 10, beta_start = 1e-3, beta_end = 0.8 }\n\
                model = { kind = \"exact\", law = \"spiral\" }\nsample.count = 10\n";
    desk.write("roll.toml", roll);
    let back = |out: &str, t: usize| {
        desk.run(&["roll.toml", &format!("--out={out}"), &format!("--set=figures.reconstruction_t={t}")]);
        assert!(desk.path(out).join("figures/swiss_roll_returns.png").exists());
        Trajectories::read(&desk.path(out)).unwrap().reconstructions.remove(0)
    };
    let distance = |back: &analysis::Reconstruction| {
        let pairs = back.x0.rows().zip(&back.x0_hat).flat_map(|(x0, set)| set.rows().map(move |row| (x0, row)));
        let squares: Vec<f64> = pairs.map(|(a, b)| f64::from((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2))).collect();
        squares.iter().sum::<f64>() / squares.len() as f64
    };
    let (early, late) = (back("early", 1), back("late", 10));
    // All 60 test points and 100 of the training points.
    assert_eq!((early.x0.len(), early.x0_hat.len(), early.x0_hat[0].len()), (160, 160, 10));
    // From t = 1 each returns to its place, from t = T anywhere on the roll: E|x - x'|^2 = 2 tr Sigma = 1.35.
    assert!(distance(&early) < 0.05 && distance(&late) > 0.8, "{} {}", distance(&early), distance(&late));
    let mixture = "data = { source = \"gaussian_mixture\", dim = 3, mean_norm2 = 4.0, train_limit = 50, test_limit = 20 }\n\
                   schedule = { timesteps = 4, beta_start = 0.1, beta_end = 0.8 }\n\
                   model = { kind = \"exact\", law = \"gaussian\" }\nsample.count = 4\n";
    desk.write("mixture.toml", mixture);
    desk.run(&["mixture.toml", "--out=mixture"]);
    assert_eq!(Trajectories::read(&desk.path("mixture")).unwrap().reconstructions, []);
}
