//! `driver compare`: verdicts, exit codes and what is written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;

use common::{Desk, Said, files, shipped, succeed};
use serde_json::Value;

/// More timesteps than [`common::SMALL`] has, so that neighbours give a spread, and nothing measured.
const SMALL: &[&str] = &[
    "--offline",
    "--set=data.train_limit=100",
    "--set=data.test_limit=40",
    "--set=schedule.timesteps=30",
    "--set=schedule.beta_start=5e-3",
    "--set=schedule.beta_end=0.3",
    "--set=model.hidden=8",
    "--set=train.epochs=2",
    "--set=train.batch=20",
    "--set=sample.count=8",
    "--set=analysis.observables=[\"kappa\"]",
];

fn run(desk: &Desk, out: &str, more: &[&str]) {
    let (smoke, out) = (shipped("smoke.toml"), format!("--out={out}"));
    desk.run(&[&[smoke.as_str(), out.as_str()], SMALL, more].concat());
}

/// A comparison that must end with exit code 1.
#[track_caller]
fn different(desk: &Desk, args: &[&str]) -> Said {
    common::partial(&mut desk.driver(&[&["compare"], args].concat()))
}

#[track_caller]
fn same(desk: &Desk, args: &[&str]) -> Said {
    succeed(&mut desk.driver(&[&["compare"], args].concat()))
}

#[test]
fn the_same_run_twice_is_the_same_in_every_mode() {
    let desk = Desk::new();
    run(&desk, "a", &[]);
    run(&desk, "b", &[]);
    let said = same(&desk, &["a", "b", "--exact"]);
    assert!(said.out.starts_with("a and b: the same bytes in all "), "{}", said.out);
    assert!(same(&desk, &["a", "b", "--tol=0"]).out.contains("numbers equal to 0e0"));
    let said = same(&desk, &["a", "b"]);
    for text in [
        "A  a  (seed 0)",
        "no setting differs",
        "(identical)",
        "samples: the same bytes",
        "nothing differs",
        "quality of the samples",
    ] {
        assert!(said.out.contains(text), "{text}\n{}", said.out);
    }
    assert!(said.out.lines().all(|line| line.chars().count() <= 100), "{}", said.out);
    assert_eq!(same(&desk, &["a", "b", "--test"]).out.lines().count(), 1);
}

#[test]
fn another_seed_is_a_setting_and_no_difference_and_three_are_averaged() {
    let desk = Desk::new();
    for seed in ["0", "1", "2"] {
        run(&desk, &format!("a{seed}"), &["--seed", seed]);
        run(&desk, &format!("b{seed}"), &["--seed", seed, "--set=train.learning_rate=0.05"]);
    }
    let said = common::partial(&mut desk.driver(&["compare", "a0", "a1", "--exact"]));
    assert!(said.out.contains("  metrics.csv: differs\n") && said.out.contains("machines/t0001.safetensors: differs"));
    let clocked = ["manifest.json", "timing.csv", "report.html"];
    assert!(!clocked.iter().any(|name| said.out.contains(name)), "{}", said.out);
    // Synthetic digits are drawn by the seed, which the note says; whatever the verdict, the setting is shown.
    let output = desk.driver(&["compare", "a0", "a1"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("seed  0  1\n") && text.contains("note: no seed is in both"), "{text}");
    // Three seeds see large differences only: whatever the verdict, the runs are sorted and paired.
    let args = ["compare", "a0", "b0", "b1", "a1", "a2", "b2", "--format=json"];
    let document: Value = serde_json::from_slice(&desk.driver(&args).output().unwrap().stdout).unwrap();
    assert_eq!(document["groups"][0]["runs"], serde_json::json!(["a0", "a1", "a2"]));
    assert_eq!(document["groups"][1]["seeds"], serde_json::json!([0, 1, 2]));
    assert_eq!(document["settings"][0]["key"], "train.learning_rate");
    let found = &document["comparisons"][0];
    assert_eq!((&found["spread"], &found["seeds"]), (&"paired".into(), &serde_json::json!([0, 1, 2])));
}

#[test]
fn a_changed_learning_rate_differs_and_the_report_stands_alone() {
    let desk = Desk::new();
    run(&desk, "a", &[]);
    run(&desk, "b", &["--set=train.learning_rate=0.05"]);
    let before = [files(&desk.path("a")), files(&desk.path("b"))];
    let said = different(&desk, &["a", "b", "--out=report"]);
    for text in ["train.learning_rate", "test mse differs for t", "samples: different bytes", "beyond chance"] {
        assert!(said.out.contains(text), "{text}\n{}", said.out);
    }
    assert!(said.out.lines().all(|line| line.chars().count() <= 100), "{}", said.out);
    assert_eq!(before, [files(&desk.path("a")), files(&desk.path("b"))]);
    let written = files(&desk.path("report"));
    let names =
        ["compare.html", "compare.json", "differences.csv", "figures/mse_test_vs_t.png", "figures/mse_test_vs_t.svg"];
    assert!(names.iter().all(|name| written.contains_key(*name)), "{:?}", written.keys());
    let page = String::from_utf8(written["compare.html"].clone()).unwrap();
    assert!(page.contains("<svg") && page.contains("train.learning_rate"));
    assert!(!page.contains("http") && !page.contains("<script") && !page.contains("<link"));
    let document: Value = serde_json::from_slice(&written["compare.json"]).unwrap();
    assert_eq!((&document["same"], &document["format"]), (&false.into(), &1.into()));
    let table = String::from_utf8(written["differences.csv"].clone()).unwrap();
    assert!(table.starts_with("base_group,other_group,table,t,x,model,quantity,") && table.contains("\nA,B,kappa,"));
    // Written twice, the same bytes; nothing is random.
    different(&desk, &["a", "b", "--out=report", "-q"]);
    assert_eq!(written, files(&desk.path("report")));
    assert_eq!(different(&desk, &["a", "b", "--format=html"]).out.trim_end(), page.trim_end());
}

#[test]
fn a_changed_number_is_found_by_its_place() {
    let desk = Desk::new();
    run(&desk, "a", &[]);
    run(&desk, "b", &[]);
    let path = desk.path("b/metrics.csv");
    let text = fs::read_to_string(&path).unwrap();
    let line = text.lines().find(|line| line.starts_with("17,2,test,mse,")).unwrap();
    let value: f64 = line.rsplit_once(',').unwrap().1.parse().unwrap();
    fs::write(&path, text.replace(line, &format!("17,2,test,mse,{}", 1.001 * value))).unwrap();
    fs::remove_file(desk.path("b/figures/schedule.png")).unwrap();
    let said = different(&desk, &["a", "b", "--exact"]);
    assert!(said.out.contains("2 of ") && said.out.contains("  metrics.csv: differs\n"), "{}", said.out);
    assert!(
        said.out.contains("  figures/schedule.png: missing in b\n")
            || said.out.ends_with("schedule.png: missing in b\n")
    );
    same(&desk, &["a", "b", "--tol=1e-2"]);
    let said = different(&desk, &["a", "b", "--tol=1e-4"]);
    assert!(said.out.contains("1 of ") && said.out.contains("t = 17, epoch 2, test mse"), "{}", said.out);
    let said = different(&desk, &["a", "b"]);
    assert!(said.out.contains("test mse differs for t = 17: +0.10% on average"), "{}", said.out);
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let desk = Desk::new();
    run(&desk, "a", &[]);
    run(&desk, "long", &["--set=schedule.timesteps=31"]);
    fs::create_dir(desk.path("empty")).unwrap();
    let message = desk.refused(&["compare", "a", "empty"]);
    assert!(message.starts_with("empty: not a run folder (facts.json is missing)"), "{message}");
    let said = common::fail(&mut desk.driver(&["compare", "a", "long"]));
    assert_eq!(
        said.err.trim_end(),
        "long: has T = 31, a has T = 30; runs are compared at each t, so use runs of one T"
    );
    let words: Vec<&str> = said.out.split_whitespace().collect();
    assert!(words.windows(3).any(|row| row == ["schedule.timesteps", "30", "31"]), "{}", said.out);
    assert!(!said.out.contains("losses"), "{}", said.out);
    for (out, message) in [
        ("a/report", "--out: a/report is not allowed, use a folder outside of the run a"),
        ("long", "--out: long is not allowed, it holds a run; use another folder"),
    ] {
        assert_eq!(desk.refused(&["compare", "a", "a", "--out", out]), message);
    }
    let message = desk.refused(&["compare", "a", "a", "--exact", "--format=html"]);
    assert!(message.starts_with("--format: html is not allowed with --exact"), "{message}");
    for args in [&["a"][..], &["a", "a", "--q=0"], &["a", "a", "--tol=-1"], &["a", "a", "--exact", "--tol=1"]] {
        common::fail(&mut desk.driver(&[&["compare"], args].concat()));
    }
    fs::write(desk.path("long/metrics.csv"), "t,epoch,split,metric,value\n1,1,test,mse,half\n").unwrap();
    let message = desk.refused(&["compare", "a", "long"]);
    assert!(message.starts_with("long/metrics.csv: line 2: column 5: "), "{message}");
    fs::remove_file(desk.path("long/metrics.csv")).unwrap();
    assert!(desk.refused(&["compare", "a", "long"]).starts_with("long/metrics.csv: "));
    fs::write(desk.path("a/config.toml"), "seed = \n").unwrap();
    assert!(desk.refused(&["compare", "a", "a"]).starts_with("a/config.toml: "));
}
