//! Whole runs of the program: what they leave, and that it is the same whenever it should be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{Desk, SMALL, assert_same, files, metrics, reproducible, shipped, succeed};
use sha2::{Digest, Sha256};

/// Figures of a run on images, with those of them that come with numbers of their own.
const IMAGE_FIGURES: [(&str, bool); 14] = [
    ("algorithm", false),
    ("epochs_to_minimum", true),
    ("forward_strip", false),
    ("kappa", false),
    ("loss_vs_epoch", false),
    ("loss_vs_t", true),
    ("mean_image", false),
    ("phase_diagram", false),
    ("pixel_histogram", true),
    ("reconstruction", false),
    ("reverse_strip", false),
    ("sample_birth", false),
    ("sample_grid", false),
    ("schedule", false),
];

/// Figures of a run on points in the plane.
const SWISS_ROLL_FIGURES: [&str; 12] = [
    "algorithm",
    "epochs_to_minimum",
    "kappa",
    "loss_vs_epoch",
    "loss_vs_t",
    "phase_diagram",
    "sample_birth",
    "samples_scatter",
    "schedule",
    "swiss_roll_forward",
    "swiss_roll_returns",
    "swiss_roll_reverse",
];

fn names(run: &Path) -> Vec<String> {
    files(run).into_keys().collect()
}

/// The names of the SVG figures of a run.
fn figures(run: &Path) -> Vec<String> {
    let stem = |name: String| name.strip_prefix("figures/")?.strip_suffix(".svg").map(str::to_owned);
    names(run).into_iter().filter_map(stem).collect()
}

fn manifest(run: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(run.join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn a_run_leaves_exactly_these_files() {
    let desk = Desk::new();
    let said = desk.run_small(&[&shipped("smoke.toml")]);
    let mut expected: Vec<String> = [
        "birth.safetensors",
        "classifier.safetensors",
        "config.toml",
        "facts.json",
        "figures/sample_birth.apng",
        "machines/frame.safetensors",
        "manifest.json",
        "mean_images.safetensors",
        "metrics.csv",
        "observables/kappa.csv",
        "observables/keys.json",
        "pixel_histogram.csv",
        "profiles.csv",
        "reconstructions.csv",
        "references.csv",
        "report.html",
        "samples.safetensors",
        "schedule.csv",
        "timing.csv",
        "training.csv",
        "trajectories.safetensors",
        "transitions.csv",
    ]
    .map(str::to_owned)
    .to_vec();
    expected.extend((1..=8).flat_map(|t| ["done", "safetensors"].map(|kind| format!("machines/t{t:04}.{kind}"))));
    for (name, with_numbers) in IMAGE_FIGURES {
        let kinds: &[&str] = if with_numbers { &["csv", "png", "svg"] } else { &["png", "svg"] };
        expected.extend(kinds.iter().map(|kind| format!("figures/{name}.{kind}")));
    }
    expected.sort();
    assert_eq!(names(&desk.path("results/smoke")), expected);
    assert_eq!(desk.files().len(), expected.len(), "something was written outside the run folder");
    // 8 machines, 2 epochs, three losses; what is known of the two classes before training too.
    assert_eq!(metrics(&desk.path("results/smoke")).len(), 8 * (2 * 3 + 3 * 2));
    for part in ["results   results/smoke", "samples   results/smoke/samples.safetensors", "sample_grid"] {
        assert!(said.out.contains(part), "{}", said.out);
    }
}

#[test]
fn the_resolved_configuration_gives_the_same_run_elsewhere() {
    let desk = Desk::new();
    desk.run_small(&[&shipped("smoke.toml"), "--out=one"]);
    desk.run(&["one/config.toml", "--out=two"]);
    assert_same(&reproducible(&desk.path("one")), &reproducible(&desk.path("two")));
}

#[test]
fn no_byte_depends_on_the_number_of_threads() {
    let desk = Desk::new();
    for threads in ["1", "2", "5"] {
        desk.run_small(&[&shipped("smoke.toml"), "--threads", threads, "--out", threads]);
    }
    let one = reproducible(&desk.path("1"));
    assert_same(&one, &reproducible(&desk.path("2")));
    assert_same(&one, &reproducible(&desk.path("5")));
}

#[test]
fn another_seed_is_another_run_in_a_folder_of_its_own() {
    let desk = Desk::new();
    desk.run_small(&[&shipped("smoke.toml")]);
    desk.run_small(&[&shipped("smoke.toml"), "--seed", "7"]);
    let (zero, seven) = (files(&desk.path("results/smoke")), files(&desk.path("results/smoke_s7")));
    assert_eq!(zero.keys().collect::<Vec<_>>(), seven.keys().collect::<Vec<_>>());
    let random = |name: &&String| name.ends_with(".safetensors") || *name == "metrics.csv";
    assert_eq!(zero.keys().filter(random).count(), 15);
    for name in zero.keys().filter(random) {
        assert!(zero[name] != seven[name], "{name} does not depend on the seed");
    }
    assert_eq!(manifest(&desk.path("results/smoke_s7"))["seed"], 7);
}

#[test]
fn a_run_in_parts_equals_a_run_in_one_go() {
    let desk = Desk::new();
    let smoke = shipped("smoke.toml");
    desk.run_small(&[&smoke, "--out=whole"]);
    let parts = desk.path("parts");
    desk.run_small(&[&smoke, "--out=parts", "--timesteps=1-3,7"]);
    let machines: Vec<String> = names(&parts).into_iter().filter(|name| name.starts_with("machines/t")).collect();
    let expected = [1, 2, 3, 7].map(|t| ["done", "safetensors"].map(|kind| format!("machines/t{t:04}.{kind}")));
    assert_eq!(machines, expected.concat());
    assert!(!names(&parts).iter().any(|name| name == "samples.safetensors" || name == "trajectories.safetensors"));
    assert_eq!(figures(&parts), ["algorithm", "epochs_to_minimum", "loss_vs_epoch", "loss_vs_t", "schedule"]);
    let said = desk.run_small(&[&smoke, "--out=parts"]);
    assert!(said.err.contains("4 of 8 machines are there already"), "{}", said.err);
    assert_same(&reproducible(&desk.path("whole")), &reproducible(&parts));
    let said = desk.run_small(&[&smoke, "--out=parts"]);
    assert!(said.err.contains("8 of 8 machines are there already"), "{}", said.err);
    assert_same(&reproducible(&desk.path("whole")), &reproducible(&parts));
}

#[test]
fn figures_are_drawn_again_to_the_byte_all_or_by_name() {
    let desk = Desk::new();
    desk.run_small(&[&shipped("smoke.toml"), "--out=run"]);
    let before = reproducible(&desk.path("run"));
    fs::remove_dir_all(desk.path("run/figures")).unwrap();
    let said = desk.run(&["figures", "run"]);
    assert_eq!(said.out.lines().count(), IMAGE_FIGURES.len());
    assert_same(&before, &reproducible(&desk.path("run")));
    fs::remove_dir_all(desk.path("run/figures")).unwrap();
    let said = desk.run(&["figures", "run", "--only", "schedule", "loss_vs_t"]);
    assert_eq!(said.out, "run/figures/schedule.png\nrun/figures/loss_vs_t.png\n");
    assert_eq!(figures(&desk.path("run")), ["loss_vs_t", "schedule"]);
}

#[test]
fn a_figure_that_cannot_be_drawn_is_reported_and_the_others_are_drawn() {
    let desk = Desk::new();
    desk.run_small(&[&shipped("smoke.toml"), "--out=run", "--timesteps=2"]);
    fs::remove_dir_all(desk.path("run/figures")).unwrap();
    let said = common::fail(&mut desk.driver(&["figures", "run", "--only", "sample_grid", "schedule"]));
    assert_eq!(said.out, "run/figures/schedule.png\n");
    assert!(said.err.contains("\nrun: holds nothing to draw sample_grid from; "), "{}", said.err);
    assert_eq!(figures(&desk.path("run")), ["schedule"]);
    let message = desk.refused(&["figures", "run", "--only", "loss"]);
    assert!(
        message.starts_with("figures: `loss` is not a figure, use one of algorithm, schedule, forward_strip, "),
        "{message}"
    );
}

#[test]
fn the_devices_of_a_default_build_agree() {
    let desk = Desk::new();
    for skip in ["none", "learned", "wiener"] {
        let [host, ndarray] = ["host", "ndarray"].map(|device| {
            let out = format!("{skip}-{device}");
            let skip = format!("--set=model.skip=\"{skip}\"");
            desk.run_small(&[&shipped("smoke.toml"), "--device", device, "--out", &out, &skip]);
            assert_eq!(manifest(&desk.path(&out))["device"], device);
            metrics(&desk.path(&out))
        });
        assert_eq!(host.keys().collect::<Vec<_>>(), ndarray.keys().collect::<Vec<_>>());
        for (row, one) in &host {
            let other = ndarray[row];
            let scale = if row.3.starts_with("class_") { 1.0_f64.max(one.abs()) } else { one.abs() };
            assert!((one - other).abs() <= 1e-3 * scale, "{skip} {row:?}: host {one}, ndarray {other}");
        }
    }
}

/// All TOML files of experiments/ and the folders below it.
fn experiments() -> Vec<PathBuf> {
    let root = PathBuf::from(shipped(""));
    let found: Vec<_> = names(&root).into_iter().filter(|name| name.ends_with(".toml")).collect();
    assert!(found.len() >= 5, "{found:?}");
    found.into_iter().map(|name| root.join(name)).collect()
}

#[test]
fn every_shipped_experiment_has_a_plan_that_writes_nothing() {
    let desk = Desk::new();
    for file in experiments() {
        let said = desk.run(&["plan", file.to_str().unwrap(), "--device=host"]);
        let exact = said.out.contains("kind = \"exact\"");
        let parts: &[&str] = if exact {
            &["# no training: the exact denoiser ", "# sampling: "]
        } else {
            &[" machines of ", "# time: about ", "# disk: about ", "# device: host"]
        };
        for part in parts.iter().chain(&["# cost (nothing was trained)"]) {
            assert!(said.out.contains(part), "{}: {}", file.display(), said.out);
        }
        // The plan is itself an experiment, with the same plan but for the measured speed.
        desk.write("again.toml", &said.out);
        let again = desk.run(&["plan", "again.toml"]);
        let settings = |text: &str| text.split_once("# cost").unwrap().0.to_owned();
        assert_eq!(settings(&said.out), settings(&again.out));
        fs::remove_file(desk.path("again.toml")).unwrap();
    }
    assert!(desk.files().is_empty(), "{:?}", desk.files().keys());
    assert!(!desk.cache().exists());
}

#[test]
fn a_plan_warns_of_the_rank_floor_where_there_is_one() {
    let desk = Desk::new();
    let floor = |set: &[&str]| {
        let said = desk.run(&[&["plan", &shipped("thesis/mnist_100.toml")], set].concat());
        said.out.lines().find(|line| line.starts_with("# floor: ")).map(str::to_owned)
    };
    let line = floor(&["--set=model.hidden=98"]).unwrap();
    assert!(line.contains("no machine's MSE goes below 1 - H/d = 0.8750"), "{line}");
    assert_eq!(floor(&["--set=model.hidden=784"]), None);
    assert_eq!(floor(&["--set=model.skip=learned"]), None);
}

#[test]
fn a_run_that_cannot_go_below_the_rank_floor_says_so() {
    let desk = Desk::new();
    let said = desk.run_small(&[&shipped("smoke.toml"), "--set=model.skip=none"]);
    assert!(said.out.contains("without a skip no machine goes below 1 - H/d = 0.9796"), "{}", said.out);
    let losses = metrics(&desk.path("results/smoke")).into_iter().filter(|((.., metric), _)| metric.starts_with("mse"));
    for ((t, epoch, split, metric), value) in losses {
        assert!(value > 1.0 - 16.0 / 784.0 - 1e-2, "t = {t}, epoch {epoch}, {split} {metric}: {value}");
    }
}

#[test]
fn help_names_every_verb_and_completions_are_printed() {
    let desk = Desk::new();
    let help = desk.run(&["--help"]).out;
    for verb in ["run", "plan", "analyze", "observables", "figures", "fetch", "completions"] {
        assert!(help.lines().any(|line| line.starts_with(&format!("  {verb} "))), "{verb} is missing:\n{help}");
        assert!(desk.run(&[verb, "--help"]).out.contains("Usage: driver "));
    }
    let script = desk.run(&["completions", "bash"]).out;
    assert!(script.contains("complete -F _driver") && script.contains("--timesteps"), "{script}");
    assert!(desk.run(&["observables"]).out.contains("window_surgery  "));
    assert!(desk.run(&["--version"]).out.starts_with("driver "));
}

#[test]
fn a_closed_pipe_is_no_reason_to_panic() {
    let desk = Desk::new();
    for args in [&["completions", "bash"][..], &["plan", &shipped("smoke.toml")], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = desk.driver(args).stdout(writer).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && !err.contains("panicked"), "{args:?}: {err}");
    }
}

#[test]
fn the_swiss_roll_and_the_gaussian_mixture_draw_their_figures() {
    let desk = Desk::new();
    let reduced = [
        "data.train_limit=500",
        "data.test_limit=100",
        "train.epochs=2",
        "sample.count=50",
        "analysis.observables=[\"kappa\"]",
    ]
    .map(|set| format!("--set={set}"));
    let reduced: Vec<&str> = reduced.iter().map(String::as_str).collect();
    let run = |file: &str, more: &[&str]| desk.run(&[&[shipped(file).as_str()], &reduced[..], more].concat());
    run("swiss_roll_T100.toml", &["--set=model.hidden=20"]);
    assert_eq!(figures(&desk.path("results/swiss_roll_T100")), SWISS_ROLL_FIGURES);
    run("gaussian_mixture_T100.toml", &["--set=model.hidden=8"]);
    let drawn = figures(&desk.path("results/gaussian_mixture_T100"));
    assert!(
        ["loss_vs_epoch", "loss_vs_t", "schedule"].iter().all(|name| drawn.contains(&(*name).to_owned())),
        "{drawn:?}"
    );
    assert!(desk.path("results/gaussian_mixture_T100/samples.safetensors").exists());
}

#[test]
fn the_smallest_experiment_runs() {
    let desk = Desk::new();
    let least = [
        "data.train_limit=2",
        "data.test_limit=1",
        "schedule.timesteps=1",
        "schedule.beta_start=0.5",
        "schedule.beta_end=0.5",
        "model.hidden=1",
        "train.epochs=1",
        "train.batch=1",
        "sample.count=1",
    ];
    let smoke = shipped("smoke.toml");
    for digits in ["[1,3]", "[7]"] {
        let set: Vec<String> = least.iter().map(|setting| format!("--set={setting}")).collect();
        let mut args: Vec<&str> = set.iter().map(String::as_str).collect();
        let digits = format!("--set=data.digits={digits}");
        args.extend([smoke.as_str(), "--out", digits.trim_start_matches('-'), &digits]);
        desk.run(&args);
        let losses =
            metrics(&desk.path(digits.trim_start_matches('-'))).into_keys().filter(|key| key.3.starts_with("mse"));
        assert_eq!(losses.count(), 3);
    }
}

#[test]
fn the_manifest_tells_where_a_run_comes_from_and_what_it_left() {
    let desk = Desk::new();
    desk.run_small(&[&shipped("smoke.toml"), "--threads=1"]);
    let run = desk.path("results/smoke");
    let manifest = manifest(&run);
    let mut left = files(&run);
    left.remove("manifest.json");
    let hex = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let sums: BTreeMap<String, String> = left.iter().map(|(name, bytes)| (name.clone(), hex(bytes))).collect();
    assert_eq!(serde_json::from_value::<BTreeMap<String, String>>(manifest["outputs"].clone()).unwrap(), sums);
    assert_eq!(manifest["config_sha256"], sums["config.toml"].as_str());
    assert_eq!((&manifest["name"], &manifest["seed"], &manifest["threads"]), (&"smoke".into(), &0.into(), &1.into()));
    let data = &manifest["data"];
    assert_eq!((&data["source"], &data["note"]), (&"synthetic_digits".into(), &serde_json::Value::Null));
    assert_eq!((&data["train"], &data["test"], &data["dim"]), (&200.into(), &40.into(), &784.into()));
    let digest = data["sha256"].as_str().unwrap();
    assert!(digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit()), "{digest}");
    let times = ["started", "ended"].map(|key| manifest[key].as_str().unwrap().to_owned());
    assert!(times[0] <= times[1] && times[0].ends_with('Z'), "{times:?}");
    // Outside a repository there is no commit to name.
    assert!(manifest["git_commit"].is_null() && manifest["git_dirty"].is_null());
}

#[test]
fn the_manifest_names_the_commit_and_whether_files_differ_from_it() {
    let desk = Desk::new();
    let git = |args: &[&str]| succeed(desk.command("git").args(args)).out.trim().to_owned();
    if desk.command("git").arg("--version").output().is_err() {
        eprintln!("skipped: there is no git on this machine");
        return;
    }
    git(&["init", "--quiet"]);
    desk.write(".gitignore", "/results/\n");
    desk.write("notes", "one");
    git(&["add", "."]);
    git(&["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "one"]);
    let commit = git(&["rev-parse", "HEAD"]);
    let fields = || {
        desk.run_small(&[&shipped("smoke.toml"), "--timesteps=1"]);
        let manifest = manifest(&desk.path("results/smoke"));
        (manifest["git_commit"].as_str().unwrap().to_owned(), manifest["git_dirty"].as_bool().unwrap())
    };
    assert_eq!(fields(), (commit.clone(), false));
    desk.write("notes", "two");
    assert_eq!(fields(), (commit, true));
}

#[test]
fn settings_come_from_the_file_then_the_environment_then_the_command_line() {
    let desk = Desk::new();
    desk.write("x.toml", "data.source = \"swiss_roll\"\ntrain.epochs = 4\n");
    let epochs = |variables: &[(&str, &str)], set: &[&str]| {
        let mut command = desk.driver(&[&["plan", "x.toml"], set].concat());
        command.envs(variables.iter().copied());
        let out = succeed(&mut command).out;
        out.lines().find(|line| line.starts_with("epochs = ")).unwrap().to_owned()
    };
    let variable = [("DRIVER_TRAIN__EPOCHS", "5")];
    assert_eq!(epochs(&[], &[]), "epochs = 4");
    assert_eq!(epochs(&variable, &[]), "epochs = 5");
    assert_eq!(epochs(&variable, &["--set", "train.epochs=6", "--set=train.epochs=7"]), "epochs = 7");
}

#[test]
fn quiet_is_quiet_and_verbose_names_every_machine() {
    let desk = Desk::new();
    let said = desk.run_small(&[&shipped("smoke.toml"), "--quiet"]);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""));
    let said = desk.run(&[&["run", &shipped("smoke.toml"), "--verbose", "--out=verbose"], SMALL].concat());
    for t in 1..=8 {
        assert!(said.err.contains(&format!("t = {t}: test MSE ")), "{}", said.err);
    }
}
