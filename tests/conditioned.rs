//! One machine for all timesteps, through the program: beside a bank in a sweep, interrupted, damaged, verified.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Desk, assert_same, files, finish, metrics, points_toml, reproducible};

const FILE: &str = "machines/conditioned.safetensors";

/// Settings of a run of one machine in the plane, with more lines for `[train]` and below.
fn one_toml(timesteps: usize, train: &str) -> String {
    points_toml(timesteps, train).replace("[model]", "[model]\nkind = \"conditioned\"")
}

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("one.toml", one_toml(6, "validation = 20"));
    desk
}

#[test]
fn a_run_leaves_one_machine_and_the_tables_of_a_bank() {
    let desk = desk();
    let said = desk.run(&["one.toml"]);
    assert!(said.out.contains("VERIFIED") || said.err.contains("one machine of 4 hidden units for all 6 timesteps"));
    let run = desk.path("results/one");
    let machines: Vec<String> =
        files(&run).into_keys().filter(|name| name.starts_with("machines/") && !name.ends_with(".done")).collect();
    assert_eq!(machines, [FILE]);
    let facts: serde_json::Value = serde_json::from_str(&fs::read_to_string(run.join("facts.json")).unwrap()).unwrap();
    assert_eq!((&facts["model"], &facts["skip"], &facts["hidden"]), (&"conditioned".into(), &"none".into(), &4.into()));
    let metrics = metrics(&run);
    for split in ["train", "validation", "test"] {
        for (t, epoch) in (1..=6).flat_map(|t| [(t, 1), (t, 2)]) {
            let value = metrics[&(t, epoch, split.to_owned(), "mse".to_owned())];
            assert!(value > 0.0 && value < 10.0, "{t} {epoch} {split}: {value}");
        }
    }
    for name in ["figures/loss_vs_t.png", "figures/loss_vs_epoch.png", "samples.safetensors", "observables/kappa.csv"] {
        assert!(run.join(name).is_file(), "{name}");
    }
    assert!(fs::read_to_string(run.join("timing.csv")).unwrap().lines().nth(1).unwrap().starts_with("0,"));

    // What was trained is not trained again, and nothing changes.
    let before = reproducible(&run);
    assert!(desk.run(&["one.toml"]).err.contains("the machine is there already"));
    assert_same(&before, &reproducible(&run));
    // Observables that ask for machines and their Jacobians have one at every t.
    desk.run(&["analyze", "results/one", "--only", "linear_regions", "spectrum", "overlap"]);
    let regions = fs::read_to_string(run.join("observables/linear_regions.csv")).unwrap();
    assert!(regions.contains(",conditioned,"), "{regions}");
    let said = desk.run(&["verify", "results/one"]).out;
    assert!(said.contains("the machine for all t: the same bytes") && said.contains("\nVERIFIED"), "{said}");
}

#[test]
fn a_damaged_machine_is_named_and_comes_back_the_same() {
    let desk = desk();
    desk.run(&["one.toml"]);
    let run = desk.path("results/one");
    let whole = reproducible(&run);
    let mut bytes = whole[FILE].clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(run.join(FILE), bytes).unwrap();
    let differs = finish(&mut desk.driver(&["verify", "results/one"]), 1).out;
    assert!(differs.contains("DIFFERS") && differs.contains(FILE), "{differs}");
    let refused = finish(&mut desk.driver(&["analyze", "results/one"]), 2).err;
    assert!(refused.contains(FILE), "{refused}");
    let said = desk.run(&["one.toml"]).err;
    assert!(said.contains("kept as conditioned.safetensors.damaged and trained again"), "{said}");
    assert_same(&whole, &reproducible(&run));
}

#[test]
fn an_interrupted_training_goes_on_to_the_same_bytes() {
    // Long enough to be caught in its training.
    let settings = one_toml(40, "").replace("epochs = 2", "epochs = 40").replace("hidden = 4", "hidden = 64");
    let desk = Desk::new();
    desk.write("one.toml", &settings);
    let start = |out: &str, save: &str| {
        let mut command = desk.driver(&["one.toml", "--out", out, "--set", save]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    assert!(start("whole", "run.save_seconds=1e9").status().unwrap().success());
    let state = |out: &str| desk.path(out).join("machines/conditioned.midway");
    for signal in ["-INT", "-KILL"] {
        let out = format!("run{signal}");
        let mut child = start(&out, "run.save_seconds=0").spawn().unwrap();
        while !state(&out).is_file() {
            assert_eq!(child.try_wait().unwrap(), None, "ended before it was interrupted");
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), (signal == "-INT").then_some(130));
        assert!(state(&out).is_file() && !desk.path(&out).join(FILE).is_file());
        let said = finish(&mut desk.driver(&["one.toml", "--out", &out, "-v", "--set", "run.save_seconds=1e9"]), 0);
        assert!(said.err.contains("goes on after pass"), "{}", said.err);
        assert_same(&reproducible(&desk.path("whole")), &reproducible(&desk.path(&out)));
    }
}

#[test]
fn beside_a_bank_in_a_sweep_it_has_its_curve_and_is_trained_once() {
    let desk = Desk::new();
    let axes = "[sweep]\n[sweep.axes]\n\"model.kind\" = [\"machines\", \"conditioned\"]\n\
                \"sample.variance\" = [\"posterior\", \"beta\"]\n";
    let base = points_toml(6, "").replace("hidden = 4", "hidden = 4\nskip = \"none\"");
    desk.write("kinds.toml", format!("{base}{axes}"));
    let plan = desk.run(&["plan", "kinds.toml"]).out;
    assert!(plan.contains("one machine of 26 parameters for all timesteps, 12 passes"), "{plan}");
    assert!(plan.contains("# 4 cells: 14 machines, 7 trained and 7 shared with a cell before"), "{plan}");
    let said = desk.run(&["kinds.toml"]).err;
    assert!(said.contains("the machine shared with 003"), "{said}");
    let root = desk.path("results/kinds");
    let svg = fs::read_to_string(root.join("figures/sweep_model_kind.svg")).unwrap();
    assert!(svg.contains("model.kind = machines<") && svg.contains(">conditioned<"), "{svg}");
    let shared = |cell: &str| fs::read(root.join("cells").join(cell).join(FILE)).unwrap();
    let cells: Vec<String> = fs::read_dir(root.join("cells"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("conditioned"))
        .collect();
    assert_eq!(cells.len(), 2);
    assert_eq!(shared(&cells[0]), shared(&cells[1]));
    // A sweep that is done is done.
    assert_eq!(desk.run(&["kinds.toml"]).err.matches("finished already").count(), 4);
}

#[test]
fn what_goes_with_a_bank_only_is_refused() {
    let desk = desk();
    assert_eq!(
        desk.refused(&["one.toml", "--timesteps", "1-3"]),
        "--timesteps: not allowed with model.kind = conditioned, which has one machine for all of them"
    );
    assert!(desk.refused(&["one.toml", "--device", "ndarray"]).starts_with("--set run.device=ndarray: run.device: "));
    // It is told by the training data how loud the loss is, and says so where it is no number.
    let said = finish(&mut desk.driver(&["one.toml", "--set", "train.learning_rate=1e30"]), 1).err;
    assert!(said.contains("train.learning_rate: the loss of the machine for all t is not finite at t = 1"), "{said}");
    assert!(!Path::new(&desk.path("results/one")).join(FILE).exists());
}
