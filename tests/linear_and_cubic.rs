//! The kinds of machine beside the autoencoders: layers of sigmoids in a chain, and a regression without one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;
use std::path::Path;

use common::{Desk, assert_same, files, points_toml, reproducible, test_metric};

/// Some that need a hidden layer, and some that do not.
const OBSERVABLES: &str = r#"["kappa", "uturn", "learning_time", "stability", "spectrum", "linear_regions"]"#;

/// A chain of layers of sigmoids on points of the plane.
fn layers(more: &str) -> String {
    let rate = format!("learning_rate = 0.2\n{more}");
    points_toml(6, &rate).replace("hidden = 4", "kind = \"sigmoid\"").replace("[\"kappa\"]", OBSERVABLES)
}

/// A regression that takes a fraction of a second.
const CUBIC: &str = r#"
seed = 2
[data]
source = "cubic"
train_limit = 400
test_limit = 201
noise = 0.1
[model]
kind = "regression"
hidden = 20
[train]
epochs = 60
batch = 20
learning_rate = 3e-2
"#;

#[test]
fn layers_of_sigmoids_train_sample_and_are_analysed_and_verified() {
    let desk = Desk::new();
    desk.write("layers.toml", layers(""));
    let said = desk.run(&["layers.toml", "--out=run", "--threads=2"]);
    assert!(said.err.contains("6 layers of sigmoids (rule = gradient), 2 epochs"), "{}", said.err);
    let left_out = said.err.lines().find(|line| line.contains("need a hidden layer")).unwrap();
    assert!(left_out.contains("linear_regions") && left_out.contains("spectrum"), "{left_out}");
    assert!(said.out.contains("answers in (-1, 1) leave 0.1622"), "{}", said.out);
    let run = desk.path("run");
    for name in ["loss_vs_t.png", "loss_vs_epoch.png", "samples_scatter.png", "uturn.png", "learning_time.png"] {
        assert!(run.join("figures").join(name).exists(), "{name}");
    }
    let references = fs::read_to_string(run.join("references.csv")).unwrap();
    assert_eq!(references.lines().filter(|line| line.contains("sigmoid_floor")).count(), 6);
    // Neither threads nor what is there already change a byte.
    desk.run(&["layers.toml", "--out=other", "--threads=1", "--set=run.device=host"]);
    let without = |run: &Path| {
        let mut files = reproducible(run);
        files.remove("config.toml");
        files
    };
    assert_same(&without(&run), &without(&desk.path("other")));
    fs::remove_file(run.join("machines/t0004.safetensors")).unwrap();
    let again = desk.run(&["layers.toml", "--out=run"]);
    assert!(again.err.contains("5 of 6 machines are there already"), "{}", again.err);
    assert_same(&without(&run), &without(&desk.path("other")));
    let verified = desk.run(&["verify", "run"]);
    assert!(verified.out.ends_with("\nVERIFIED run\n"), "{}", verified.out);
}

#[test]
fn the_rules_of_a_sweep_have_machines_of_their_own_and_a_figure() {
    let desk = Desk::new();
    let toml = layers("").replace(OBSERVABLES, "[\"kappa\"]");
    desk.write("rules.toml", format!("{toml}\n[sweep]\n[sweep.axes]\n\"train.rule\" = [\"delta\", \"gradient\"]\n"));
    desk.run(&["rules.toml", "--out=sweep"]);
    let cells = ["001_rule=delta", "002_rule=gradient"].map(|cell| desk.path("sweep/cells").join(cell));
    let losses = cells.each_ref().map(|cell| test_metric(cell, 6, 2, "mse"));
    assert!(losses[0] != losses[1] && losses.iter().all(|loss| *loss < 0.9), "{losses:?}");
    assert!(files(&desk.path("sweep")).keys().any(|name| name.ends_with("sweep_train_rule.png")));
    let plan = desk.run(&["plan", "rules.toml"]);
    assert!(plan.out.contains("6 machines of 6 parameters"), "{}", plan.out);
}

#[test]
fn a_regression_is_an_ordinary_run_that_comes_close_to_its_noise() {
    let desk = Desk::new();
    desk.write("cubic.toml", CUBIC);
    let said = desk.run(&["cubic.toml", "--out=run"]);
    assert!(said.out.contains("MSE on y: ") || said.err.contains("MSE on y: "), "{} {}", said.out, said.err);
    let run = desk.path("run");
    let names: Vec<String> = files(&run).into_keys().collect();
    for name in
        ["fit.csv", "kinks.csv", "metrics.csv", "facts.json", "machines/t0001.safetensors", "figures/cubic_fit.png"]
    {
        assert!(names.iter().any(|there| there == name), "{name}: {names:?}");
    }
    for name in ["schedule.csv", "references.csv", "samples.safetensors", "figures/loss_vs_t.png"] {
        assert!(!names.iter().any(|there| there == name), "{name}");
    }
    // noise^2 = 0.01, and what a fit of 400 points by 20 units adds to it.
    let (first, last) = (test_metric(&run, 1, 1, "mse"), test_metric(&run, 1, 60, "mse"));
    assert!(first > 0.2 && (0.008..0.014).contains(&last), "{first} {last}");
    let verified = desk.run(&["verify", "run"]);
    assert!(verified.out.ends_with("\nVERIFIED run\n"), "{}", verified.out);
    let again = desk.run(&["cubic.toml", "--out=run"]);
    assert!(again.err.contains("1 of 1 machines are there already"), "{}", again.err);
    desk.run(&["cubic.toml", "--out=other"]);
    assert_same(&reproducible(&run), &reproducible(&desk.path("other")));
    let refusal = desk.refused(&["analyze", "run"]);
    assert!(refusal.starts_with("error: RUN: ") || refusal.starts_with("RUN: "), "{refusal}");
}

#[test]
fn without_noise_the_fit_is_close_everywhere_and_a_fit_that_was_changed_is_found() {
    let desk = Desk::new();
    desk.write("cubic.toml", CUBIC);
    desk.run(&["cubic.toml", "--out=run", "--set=data.noise=0.0"]);
    assert!(test_metric(&desk.path("run"), 1, 60, "mse") < 2e-3);
    let path = desk.path("run/fit.csv");
    fs::write(&path, fs::read_to_string(&path).unwrap().replacen("test,", "train,", 1)).unwrap();
    let said = common::partial(&mut desk.driver(&["verify", "run"]));
    assert!(said.out.contains("fit.csv"), "{}", said.out);
}
