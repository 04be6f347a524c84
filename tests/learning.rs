//! How the learning of two classes is logged, in whole runs of the program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;

use common::{Desk, SMALL, assert_same, metrics, reproducible, shipped};

/// The rows of metrics.csv that are about classes, by (t, epoch, metric).
fn classes(run: &std::path::Path) -> Vec<(usize, usize, String, f64)> {
    let rows = metrics(run).into_iter().filter(|((.., metric), _)| metric.starts_with("class_"));
    rows.map(|((t, epoch, split, metric), value)| {
        assert_eq!(split, "train");
        (t, epoch, metric, value)
    })
    .collect()
}

#[test]
fn digits_of_two_classes_are_watched_from_before_training_to_the_figure() {
    let desk = Desk::new();
    let observables = "--set=analysis.observables=[\"kappa\", \"learning_time\"]";
    desk.run_small(&[&shipped("smoke.toml"), "--out=run"]);
    let run = desk.path("run");
    let rows = classes(&run);
    // 8 machines, before training and after 2 epochs, gain and offset.
    assert_eq!(rows.len(), 8 * 3 * 2);
    for (t, epoch, metric, value) in &rows {
        let gain = metric == "class_gain";
        assert!((if gain { -0.3..1.3 } else { -0.5..0.5 }).contains(value), "t = {t}, epoch {epoch}: {metric} {value}");
    }
    let gain = |t: usize| rows.iter().find(|row| (row.0, row.1) == (t, 2) && row.2 == "class_gain").unwrap().3;
    assert!(gain(1) > 0.9 && gain(8) < 0.5, "{} {}", gain(1), gain(8));
    // The same rows when a machine is trained again, whatever else is there.
    let before = reproducible(&run);
    fs::remove_file(run.join("machines/t0005.safetensors")).unwrap();
    desk.run_small(&[&shipped("smoke.toml"), "--out=run"]);
    assert_same(&before, &reproducible(&run));
    for skip in ["none", "wiener"] {
        let (set, smoke) = (format!("--set=model.skip={skip}"), shipped("smoke.toml"));
        let args = ["run", &smoke, &set, "--out", skip];
        desk.run(&[&args, SMALL, &["--offline", observables]].concat());
        let table = fs::read_to_string(desk.path(skip).join("observables/learning_time.csv")).unwrap();
        for start in ["1,,machines,class_gain,all,", "8,,mixture,class_offset,all,", "4,,machines,weight_time,all,"] {
            assert_eq!(table.lines().filter(|line| line.starts_with(start)).count(), 1, "{start}\n{table}");
        }
        assert!(desk.path(skip).join("figures/class_learning.png").is_file());
    }
}

#[test]
fn data_without_two_classes_have_no_such_rows() {
    let desk = Desk::new();
    let sizes =
        ["--set=data.train_limit=100", "--set=data.test_limit=20", "--set=model.hidden=8", "--set=train.epochs=1"];
    let roll = shipped("swiss_roll_T100.toml");
    let args = [roll.as_str(), "--out=roll", "--timesteps=1,50", "--set=train.batch=20"];
    desk.run(&[&args[..], &sizes].concat());
    assert!(!metrics(&desk.path("roll")).is_empty());
    assert_eq!(classes(&desk.path("roll")), []);
    desk.run_small(&[&shipped("smoke.toml"), "--out=one", "--set=data.digits=[3]", "--timesteps=3"]);
    assert_eq!(classes(&desk.path("one")), []);
}
