//! Parts of a run or of a sweep in processes of their own, put together by `collect`, and the tasks that `plan --emit` writes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;
use std::process::{Child, Stdio};

use common::{Desk, assert_same, fail, points_toml, reproducible};

const SWEEP: &str = "\n[sweep.axes]\n\"model.hidden\" = [3, 4]\n\"seed\" = [1, 2]\n";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("points.toml", points_toml(8, "warm_start = \"neighbour\"\nanchor_spacing = 4\nwarm_epochs = 1"));
    desk.write("sweep.toml", points_toml(4, "") + SWEEP);
    let exact = points_toml(4, "").replace("hidden = 4\n", "kind = \"exact\"\nlaw = \"gaussian\"\n");
    desk.write("exact.toml", exact.split("[train]").next().unwrap());
    desk
}

fn start(desk: &Desk, args: &[&str]) -> Child {
    desk.driver(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn succeed(mut child: Child) {
    assert!(child.wait().unwrap().success());
}

/// The message of a `collect` that must be refused.
fn refused(desk: &Desk, folder: &str) -> Vec<String> {
    let before = reproducible(&desk.path(folder));
    let said = fail(&mut desk.driver(&["collect", folder]));
    assert_same(&before, &reproducible(&desk.path(folder)));
    said.err.lines().map(str::to_owned).collect()
}

#[test]
fn parts_trained_side_by_side_are_collected_to_the_bytes_of_one_run() {
    let desk = desk();
    desk.run(&["points.toml", "--out=whole"]);
    // Two of them overlap, and all need anchors that are not theirs.
    let part =
        |ranges: &str| start(&desk, &["points.toml", "--out=parts", "--shard", "--threads=1", "--timesteps", ranges]);
    let parts = ["1-3", "3-5", "6-7,8"].map(part);
    parts.into_iter().for_each(succeed);
    assert!(!desk.path("parts/metrics.csv").exists() && !desk.path("parts/manifest.json").exists());
    let said = desk.run(&["collect", "parts"]);
    assert!(said.out.contains("results   parts\n"), "{}", said.out);
    assert_same(&reproducible(&desk.path("whole")), &reproducible(&desk.path("parts")));
    desk.run(&["verify", "parts"]);
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(desk.path("parts/manifest.json")).unwrap()).unwrap();
    let shards: Vec<&str> =
        manifest["shards"].as_array().unwrap().iter().map(|shard| shard["timesteps"].as_str().unwrap()).collect();
    assert_eq!(shards, ["1-3", "3-5", "6-8"]);
    assert!(!desk.path("parts/.shards").exists());
    let timing = fs::read_to_string(desk.path("parts/timing.csv")).unwrap();
    assert_eq!(timing.lines().count(), 1 + 8, "{timing}");
    // Once more changes nothing, and what the manifest knows of the shards stays.
    desk.run(&["collect", "parts"]);
    desk.run(&["points.toml", "--out=parts"]);
    assert_same(&reproducible(&desk.path("whole")), &reproducible(&desk.path("parts")));
    assert!(fs::read_to_string(desk.path("parts/manifest.json")).unwrap().contains("\"timesteps\": \"6-8\""));
}

#[test]
fn a_part_alone_makes_tables_and_one_beside_another_leaves_them() {
    let desk = desk();
    desk.run(&["points.toml", "--out=run", "--timesteps=8"]);
    assert!(desk.path("run/metrics.csv").exists() && !desk.path("run/.shards").exists());
    let long = ["points.toml", "--out=long", "--set=train.epochs=100000", "--threads=1"];
    let mut child = start(&desk, &[&long[..], &["--timesteps=4"]].concat());
    // The frame is the last that is written before training.
    while !desk.path("long/machines/frame.safetensors").exists() {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // Whoever would do more than train machines has to wait.
    let message = fail(&mut desk.driver(&long)).err;
    assert!(
        message.contains("held by another process (such as driver verify, or driver run --timesteps)"),
        "{message}"
    );
    assert!(refused(&desk, "long")[0].contains("held by another process"));
    let other = ["points.toml", "--out=long", "--set=train.epochs=3", "--timesteps=8"];
    assert!(fail(&mut desk.driver(&other)).err.starts_with("long: holds a run of other settings"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_is_incomplete_or_inconsistent_is_refused_with_the_list() {
    let desk = desk();
    let part = |ranges: &str| desk.run(&["points.toml", "--out=run", "--shard", "--timesteps", ranges]);
    part("1-3");
    part("7-8");
    assert_eq!(
        refused(&desk, "run"),
        [
            "run: cannot be put together:",
            "  no machine at t = 5-6; `driver run run/config.toml --out run --timesteps 5-6 --shard` trains them"
        ]
    );
    part("5-6");
    // A machine of another configuration, a damaged one, a shard of other settings, one of another version.
    desk.run(&["points.toml", "--out=other", "--set=seed=9", "--shard", "--timesteps=2"]);
    for ending in ["safetensors", "done"] {
        let name = format!("machines/t0002.{ending}");
        fs::copy(desk.path("other").join(&name), desk.path("run").join(&name)).unwrap();
    }
    desk.write("run/machines/t0006.safetensors", b"damaged");
    let edit = |file: &str, from: &str, to: &str| {
        let text = fs::read_to_string(desk.path(file)).unwrap();
        assert!(text.contains(from), "{text}");
        desk.write(file, text.replace(from, to));
    };
    let text = fs::read_to_string(desk.path("run/.shards/5-6.json")).unwrap();
    let sum = text.split("\"settings_sha256\": \"").nth(1).unwrap().split('"').next().unwrap();
    edit("run/.shards/5-6.json", sum, "another");
    edit("run/.shards/7-8.json", "\"driver\": \"", "\"driver\": \"9.");
    let lines = refused(&desk, "run");
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert!(lines[1].starts_with("  run/machines/t0002.safetensors: a machine of other settings"), "{}", lines[1]);
    assert!(lines[2].starts_with("  run/machines/t0006.safetensors: is damaged"), "{}", lines[2]);
    assert_eq!(lines[3], "  .shards/5-6.json: t = 5-6 was trained with other settings than those of config.toml");
    let version = env!("CARGO_PKG_VERSION");
    let versions = format!(
        "  trained by several versions: driver 9.{version} (t = 7-8), driver {version} (t = 1-3; 5-6; this command)"
    );
    let sorted = |line: &str| {
        let mut characters: Vec<char> = line.chars().collect();
        characters.sort_unstable();
        characters
    };
    let said = lines[4].split("; `driver run`").next().unwrap();
    assert_eq!(sorted(said), sorted(&versions), "{said}");
    // What a diverging machine leaves is told too.
    let wild = [
        "points.toml",
        "--out=wild",
        "--set=train.learning_rate=1e30",
        "--set=train.epochs=9",
        "--shard",
        "--timesteps=8",
    ];
    assert_eq!(desk.driver(&wild).output().unwrap().status.code(), Some(1));
    let lines = refused(&desk, "wild");
    assert!(lines[1].starts_with("  no machine at t = 1-8; "), "{lines:?}");
    assert!(lines[2].starts_with("  .shards/8.json: train.learning_rate: "), "{lines:?}");
}

#[test]
fn folders_that_hold_no_parts_are_refused() {
    let desk = desk();
    let refused = |args: &[&str]| fail(&mut desk.driver(args)).err;
    assert!(refused(&["collect", "absent"]).starts_with("absent/config.toml: is missing; name the folder of a run"));
    desk.run(&["exact.toml", "--out=exact"]);
    assert!(refused(&["collect", "exact"]).starts_with("exact/config.toml: model.kind: a run of `"));
    assert!(refused(&["points.toml", "--cells=1"]).starts_with("--cells: only an experiment with a [sweep] has cells"));
    assert_eq!(refused(&["sweep.toml", "--cells=2-5"]), "--cells: 5: not in this sweep, use 1 to 4\n");
    assert!(refused(&["points.toml", "--shard"]).contains("--timesteps <RANGES>"));
}

#[test]
fn cells_in_processes_of_their_own_are_collected_to_the_bytes_of_one_sweep() {
    let desk = desk();
    desk.run(&["sweep.toml", "--out=whole"]);
    let first = start(&desk, &["sweep.toml", "--out=parts", "--cells=1-2", "--threads=1"]);
    succeed(start(&desk, &["sweep.toml", "--out=parts", "--cells=4", "--threads=1"]));
    succeed(first);
    assert!(!desk.path("parts/summary.csv").exists());
    assert_eq!(
        refused(&desk, "parts"),
        [
            "parts: cannot be put together:",
            "  003_hidden=4_seed=1: not finished; `driver run parts/config.toml --out parts --cells 3` runs it"
        ]
    );
    // The machines of a cell may come in parts as well.
    desk.run(&["sweep.toml", "--out=parts", "--cells=3", "--timesteps=1-2", "--shard"]);
    let lines = refused(&desk, "parts");
    assert!(lines[1].starts_with("  003_hidden=4_seed=1: no machine at t = 3-4; "), "{lines:?}");
    desk.run(&["sweep.toml", "--out=parts", "--cells=3", "--timesteps=3-4", "--shard"]);
    desk.run(&["collect", "parts"]);
    assert_same(&reproducible(&desk.path("whole")), &reproducible(&desk.path("parts")));
}

#[test]
fn emitted_tasks_run_to_the_bytes_of_one_run_though_one_is_killed() {
    let desk = desk();
    for (file, out) in [("points.toml", "points"), ("sweep.toml", "sweep")] {
        desk.run(&[file, "--out=whole"]);
        let said = desk.run(&["plan", file, "--emit=jsonl", "--tasks=2", "--threads=1", "--out", out]);
        let tasks: Vec<serde_json::Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(tasks.len(), 3, "{}", said.out);
        let start = |task: &serde_json::Value| {
            let mut shell = desk.command("sh");
            shell.arg("-c").arg(task["command"].as_str().unwrap().replace(" && env ", " && exec env "));
            shell.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let mut killed = start(&tasks[0]);
        std::thread::sleep(std::time::Duration::from_millis(30));
        let _ = killed.kill();
        killed.wait().unwrap();
        [start(&tasks[1]), start(&tasks[0])].into_iter().for_each(succeed);
        succeed(start(&tasks[2]));
        assert_same(&reproducible(&desk.path("whole")), &reproducible(&desk.path(out)));
        fs::remove_dir_all(desk.path("whole")).unwrap();
    }
}

#[test]
fn parts_do_not_cut_machines_from_those_they_start_from() {
    let desk = desk();
    // T = 8 with anchors 8 and 4: 6-8 and 1-5 belong together.
    let said = desk.run(&["plan", "points.toml", "--emit=jsonl", "--tasks=8"]);
    let ranges: Vec<Option<String>> = said
        .out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["ranges"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(ranges, [Some("1-5".to_owned()), Some("6-8".to_owned()), None]);
    let exact = ["plan", "exact.toml", "--emit=slurm"];
    assert!(desk.refused(&exact).starts_with("--emit: model.kind = "));
    for engine in ["slurm", "hyperqueue"] {
        let out = desk.run(&["plan", "sweep.toml", "--emit", engine, "--tasks=2"]).out;
        assert!(out.contains("--cells") && out.contains("3-4") && out.contains("collect"), "{out}");
    }
}
