//! The analysis at the end of a run and afterwards: what is measured, what is not measured again, and exact models.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;
use std::path::Path;

use common::{Desk, SMALL, assert_same, files, metrics, reproducible, shipped, test_metric};
use sha2::{Digest, Sha256};

/// Two Gaussians with their exact denoiser on a chain of ten steps.
const TINY: &str = r#"
[data]
source = "gaussian_mixture"
dim = 3
mean_norm2 = 9.0
train_limit = 300
test_limit = 100
[schedule]
timesteps = 10
beta_start = 0.01
beta_end = 0.7
[model]
kind = "exact"
law = "two_gaussians"
[sample]
count = 40
[analysis]
observables = ["kappa"]
trajectories = 20
times = 4
resamples = 20
"#;

fn tiny() -> Desk {
    let desk = Desk::new();
    desk.write("tiny.toml", TINY);
    desk
}

fn exists(run: &Path, name: &str) -> bool {
    run.join(name).exists()
}

#[test]
fn an_exact_run_trains_nothing_and_measures_what_its_settings_list() {
    let desk = tiny();
    let said = desk.run(&["tiny.toml", "--out=run"]);
    let run = desk.path("run");
    assert!(said.err.contains("the exact denoiser two_gaussians at T = 10"), "{}", said.err);
    assert!(said.out.contains("speciation  kappa = 1"), "{}", said.out);
    for name in ["observables/kappa.csv", "observables/keys.json", "transitions.csv", "figures/phase_diagram.png"] {
        assert!(exists(&run, name), "{name}");
    }
    for name in ["machines", "timing.csv", "training.csv", "figures/loss_vs_epoch.png"] {
        assert!(!exists(&run, name), "{name}");
    }
    let facts: serde_json::Value = serde_json::from_slice(&fs::read(run.join("facts.json")).unwrap()).unwrap();
    assert_eq!((&facts["model"], &facts["hidden"]), (&"law".into(), &0.into()));
    let svg = fs::read_to_string(run.join("figures/loss_vs_t.svg")).unwrap();
    assert!(svg.contains("exact denoiser: law · T = 10"));
    // Three losses at every t, all of epoch 0.
    let losses = metrics(&run);
    assert!(losses.len() == 30 && losses.keys().all(|(_, epoch, ..)| *epoch == 0));
}

#[test]
fn a_run_repeated_measures_nothing_again_and_changes_no_byte() {
    let desk = tiny();
    desk.run(&["tiny.toml", "--out=run"]);
    let before = reproducible(&desk.path("run"));
    let said = desk.run(&["tiny.toml", "--out=run"]);
    assert!(said.err.contains("up to date: kappa") && !said.err.contains("kappa: done"), "{}", said.err);
    assert_same(&before, &reproducible(&desk.path("run")));
    // What is gone is measured again, to the byte.
    for gone in ["observables/kappa.csv", "observables/keys.json", "transitions.csv"] {
        fs::remove_file(desk.path("run").join(gone)).unwrap();
        let said = desk.run(&["tiny.toml", "--out=run"]);
        assert!(said.err.contains("kappa: done"), "{gone}: {}", said.err);
        assert_same(&before, &reproducible(&desk.path("run")));
    }
}

#[test]
fn no_byte_of_the_analysis_depends_on_the_number_of_threads() {
    let desk = tiny();
    for threads in ["1", "2"] {
        desk.run(&["tiny.toml", "--threads", threads, "--out", threads]);
        desk.run(&["analyze", threads, "--only", "all", "--threads", threads]);
    }
    assert_same(&reproducible(&desk.path("1")), &reproducible(&desk.path("2")));
}

#[test]
fn what_is_measured_or_drawn_may_change_and_what_is_sampled_may_not() {
    let desk = tiny();
    desk.run(&["tiny.toml", "--out=run"]);
    let said = desk.run(&["tiny.toml", "--out=run", "--set=analysis.trajectories=30"]);
    assert!(said.err.contains("kappa: done"), "{}", said.err);
    assert!(fs::read_to_string(desk.path("run/config.toml")).unwrap().contains("trajectories = 30"));
    let said =
        desk.run(&["tiny.toml", "--out=run", "--set=analysis.trajectories=30", "--set=figures.reconstruction_t=3"]);
    assert!(said.err.contains("up to date: kappa"), "{}", said.err);
    let message = desk.refusal(&mut desk.driver(&["tiny.toml", "--out=run", "--set=sample.count=41"]));
    assert_eq!(
        message,
        "run: holds a run of other settings; name another folder with --out, or move this one aside with --fresh\n  there: count = 40\n  \
         asked: count = 41\n"
    );
}

#[test]
fn a_changed_observable_retrains_no_machine() {
    let desk = Desk::new();
    let smoke = shipped("smoke.toml");
    // The last setting of a key wins.
    let run = |more: &[&str]| desk.run(&[&[smoke.as_str(), "--offline"], SMALL, more].concat());
    run(&["--out=run", "--set=analysis.observables=[]"]);
    assert!(!exists(&desk.path("run"), "observables") && !exists(&desk.path("run"), "transitions.csv"));
    let said = run(&["--out=run", "--set=analysis.observables=[\"kappa\"]"]);
    assert!(said.err.contains("8 of 8 machines are there already"), "{}", said.err);
    assert!(exists(&desk.path("run"), "observables/kappa.csv"));
    // A run of some of the machines is not analysed.
    run(&["--out=part", "--timesteps=1-3"]);
    assert!(!exists(&desk.path("part"), "observables"));
}

#[test]
fn analyze_measures_the_list_what_is_named_or_everything() {
    let desk = tiny();
    desk.run(&["tiny.toml", "--out=run", "--set=analysis.observables=[]"]);
    let table = desk.path("run/observables/kappa.csv");
    assert!(!table.exists());
    // Nothing is listed: everything.
    let said = desk.run(&["analyze", "run"]);
    assert!(said.out.contains("run/observables/kappa.csv") && said.out.contains("kappa = 1"), "{}", said.out);
    let said = desk.run(&["analyze", "run"]).err;
    assert!(said.contains("up to date: ") && said.contains("kappa"), "{said}");
    // What is named is measured anew, one by one or by its group.
    for word in ["kappa", "speciation"] {
        fs::write(&table, "").unwrap();
        desk.run(&["analyze", "run", "--only", word]);
        assert!(fs::metadata(&table).unwrap().len() > 0, "{word}");
    }
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(desk.path("run/manifest.json")).unwrap()).unwrap();
    let outputs = manifest["outputs"].as_object().unwrap();
    let mut there = files(&desk.path("run"));
    there.remove("manifest.json");
    assert_eq!(outputs.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
    for (name, bytes) in there {
        let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(outputs[&name], sum, "{name}");
    }
}

#[test]
fn words_that_name_no_observable_are_refused_where_they_stand() {
    let desk = tiny();
    let known = analysis::observables::words_known().join(", ");
    desk.write("bad.toml", TINY.replace("[\"kappa\"]", "[\"speciation\", \"kapa\"]"));
    let expected = format!(
        "bad.toml:18:30: analysis.observables: \"kapa\" is not allowed, use some of {known}; did you mean \"kappa\"?"
    );
    assert_eq!(desk.refused(&["bad.toml"]), expected);
    desk.run(&["tiny.toml", "--out=run"]);
    let message = desk.refused(&["analyze", "run", "--only", "kapa"]);
    assert_eq!(message, format!("analysis.observables: `kapa` is not an observable, use some of {known}"));
    let message = desk.refused(&["tiny.toml", "--out=other", "--timesteps=1"]);
    assert_eq!(message, "--timesteps: not allowed with model.kind = exact, which has no machines to train");
}

#[test]
fn every_law_takes_the_machines_place_on_the_data_it_goes_with() {
    let digits = ["--set=data.source=synthetic_digits", "--set=data.digits=[1,3]"];
    let deltas =
        ["--set=data.source=gaussian_mixture", "--set=data.dim=1", "--set=data.mean_norm2=1", "--set=data.std=0"];
    let spins = ["--set=data.source=curie_weiss", "--set=data.spins=12"];
    let roll = ["--set=data.source=swiss_roll"];
    let desk = Desk::new();
    // The settings of the data come from the command line.
    let bare: String = TINY
        .lines()
        .filter(|l| !l.starts_with("source") && !l.contains("dim") && !l.contains("norm2"))
        .collect::<Vec<_>>()
        .join("\n");
    desk.write("bare.toml", bare);
    let cases: [(&str, &[&str], &str); 7] = [
        ("wiener", &digits, "wiener"),
        ("gaussian", &digits, "gaussian"),
        ("mixture", &digits, "mixture"),
        ("empirical", &digits, "empirical"),
        ("two_deltas", &deltas, "law"),
        ("curie_weiss", &spins, "law"),
        ("spiral", &roll, "law"),
    ];
    for (law, data, name) in cases {
        let (law_is, out) = (format!("--set=model.law={law}"), format!("--out={law}"));
        desk.run(&[&["bare.toml", law_is.as_str(), &out], data].concat());
        let run = desk.path(law);
        let facts: serde_json::Value = serde_json::from_slice(&fs::read(run.join("facts.json")).unwrap()).unwrap();
        assert_eq!(facts["model"], name, "{law}");
        assert!(exists(&run, "samples.safetensors") && exists(&run, "observables/kappa.csv"), "{law}");
        for t in [3, 6] {
            let (own, wiener) = (test_metric(&run, t, 0, "mse"), test_metric(&run, t, 0, "mse_wiener"));
            match law {
                "wiener" | "gaussian" => assert!((own / wiener - 1.0).abs() < 1e-5, "{law}, t = {t}: {own} {wiener}"),
                // What was fitted to a few samples is good on those only.
                "mixture" | "empirical" => {
                    assert!(metrics(&run)[&(t, 0, "train".to_owned(), "mse".to_owned())] < wiener)
                }
                _ => assert!(own < 1.02 * wiener, "{law}, t = {t}: {own} {wiener}"),
            }
        }
    }
}
