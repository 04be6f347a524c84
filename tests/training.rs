//! Warm starts, early stopping and machines that fail, in whole runs of the program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;
use std::path::Path;

use common::{Desk, SMALL, assert_same, metrics, reproducible, shipped};

/// Settings of a run with warm starts from t = 8 and t = 4, a fifth of whose images are held out.
const WARM: [&str; 5] = [
    "--set=train.warm_start=neighbour",
    "--set=train.anchor_spacing=4",
    "--set=train.warm_epochs=1",
    "--set=train.validation=40",
    "--set=train.evaluate_every=2",
];

/// The rows of training.csv: t, epochs, kept, started_from.
fn training(run: &Path) -> Vec<(usize, usize, usize, Option<usize>)> {
    csv::Reader::from_path(run.join("training.csv")).unwrap().deserialize().map(|row| row.unwrap()).collect()
}

#[test]
fn a_run_with_warm_starts_is_the_same_whole_in_parts_and_on_any_number_of_threads() {
    let desk = Desk::new();
    let smoke = shipped("smoke.toml");
    let run = |args: &[&str]| desk.run_small(&[&[smoke.as_str()], &WARM[..], args].concat());
    run(&["--out=whole", "--threads=1"]);
    let whole = reproducible(&desk.path("whole"));
    let parents =
        [(1, Some(2)), (2, Some(3)), (3, Some(4)), (4, None), (5, Some(4)), (6, Some(7)), (7, Some(8)), (8, None)];
    let expected = parents.map(|(t, parent)| if parent.is_some() { (t, 1, 1, parent) } else { (t, 2, 2, None) });
    assert_eq!(training(&desk.path("whole")), expected);
    for threads in ["2", "5"] {
        run(&["--out", threads, "--threads", threads]);
        assert_same(&whole, &reproducible(&desk.path(threads)));
    }
    // A part takes its ancestors along; what is there is gone on from, also after a machine in the middle was lost.
    let said = run(&["--out=parts", "--timesteps=2,8"]);
    let note = "train.warm_start: 2 more machines are trained for others to start from, t = 3-4";
    assert!(said.err.contains(note), "{}", said.err);
    assert_eq!(training(&desk.path("parts")).len(), 4);
    fs::remove_file(desk.path("parts/machines/t0003.safetensors")).unwrap();
    let said = run(&["--out=parts", "--timesteps=2"]);
    assert!(said.err.contains("1 of 1 machines are there already"), "{}", said.err);
    run(&["--out=parts"]);
    assert_same(&whole, &reproducible(&desk.path("parts")));
}

#[test]
fn a_machine_depends_on_the_settings_of_the_machines_it_starts_from() {
    let desk = Desk::new();
    let key = |rates: &str, t: usize| {
        let rate = format!("--set=train.learning_rate={rates}");
        let out = rates.replace(['[', ']', ',', ' '], "_");
        let args = ["--timesteps=1,5", &rate, "--out", &out];
        desk.run_small(&[&[shipped("smoke.toml").as_str()], &WARM[..], &args].concat());
        fs::read(desk.path(&out).join(format!("machines/t{t:04}.safetensors"))).unwrap()
    };
    // The rate differs at t = 3 only, which t = 1 descends from and t = 5 does not.
    let [plain, other] = ["[[1, 0.004]]", "[[2, 0.004], [3, 0.005], [4, 0.004]]"];
    assert!(key(plain, 1) != key(other, 1));
    assert!(key(plain, 5) == key(other, 5));
}

#[test]
fn an_early_stop_keeps_the_best_machine_and_every_table_follows() {
    let desk = Desk::new();
    let stop = ["--set=train.epochs=12", "--set=train.validation=40", "--set=train.stop=plateau"];
    let strict = ["--set=train.patience=1", "--set=train.min_improvement=0.1", "--set=train.decay=none"];
    desk.run_small(&[&[shipped("smoke.toml").as_str(), "--out=run"], &stop[..], &strict].concat());
    let run = desk.path("run");
    let (rows, values) = (training(&run), metrics(&run));
    assert!(rows.iter().any(|row| row.1 < 12), "{rows:?}");
    for (t, epochs, kept, _) in rows {
        let curve = |split: &str| -> Vec<f64> {
            let at = |epoch| values.get(&(t, epoch, split.to_owned(), "mse".to_owned())).copied();
            (1..=12).map_while(at).collect()
        };
        let validation = curve("validation");
        assert_eq!((curve("train").len(), validation.len(), curve("test").len()), (epochs, epochs, epochs));
        assert!(validation.iter().all(|loss| *loss >= validation[kept - 1]), "t = {t}: {validation:?}");
    }
    let drawn = fs::read_to_string(run.join("figures/loss_vs_t.csv")).unwrap();
    let (t, _, kept, _) = training(&run)[2];
    let test = common::test_metric(&run, t, kept, "mse");
    assert!(
        drawn.lines().any(|line| line.starts_with(&format!("{t},")) && line.contains(&test.to_string())),
        "{drawn}"
    );
    let text = fs::read_to_string(run.join("manifest.json")).unwrap();
    assert!(text.contains("\"validation\": 40") && text.contains("\"train\": 160"), "{text}");
}

#[test]
fn machines_that_diverge_are_all_named_and_the_others_are_kept() {
    let desk = Desk::new();
    let smoke = shipped("smoke.toml");
    let rates = "--set=train.learning_rate=[[2, 4e-3], [3, 1e30], [4, 4e-3], [6, 4e-3], [7, 1e30], [8, 1e30]]";
    for device in ["host", "ndarray"] {
        let args = [&[smoke.as_str(), rates, "--offline", "--device", device, "--out", device], SMALL].concat();
        let said = common::partial(&mut desk.driver(&args));
        let expected = "train.learning_rate: the loss is not finite at t = 3, 7-8; lower it there, these machines were not \
                        kept, the others were\n";
        assert!(said.err.ends_with(expected), "{}", said.err);
        let run = desk.path(device);
        let there: Vec<usize> = training(&run).into_iter().map(|(t, ..)| t).collect();
        assert_eq!(there, [1, 2, 4, 5, 6]);
        assert!(metrics(&run).keys().all(|(t, ..)| there.contains(t)));
        let text = fs::read_to_string(run.join("manifest.json")).unwrap();
        assert!(text.contains("the loss is not finite at t = 3, 7-8"), "{text}");
        assert!(!run.join("samples.safetensors").exists());
    }
}
