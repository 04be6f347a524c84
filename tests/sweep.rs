//! Sweeps: several runs of one file, what they share, and what they come to together.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{Desk, assert_same, files, partial, reproducible, shipped, test_metric};

/// A sweep whose cells take a fraction of a second.
const SMALL: &str = r#"name = "small"

[data]
source = "gaussian_mixture"
dim = 4
mean_norm2 = 9
train_limit = 100
test_limit = 30

[schedule]
timesteps = 4
beta_start = 5e-3
beta_end = 0.8

[model]
hidden = 8

[train]
epochs = 2
batch = 20

[sample]
count = 4

[analysis]
observables = ["kappa"]
"#;

/// A desk with [`SMALL`] and these axes in `small.toml`.
fn desk(mode: &str, axes: &str) -> Desk {
    let desk = Desk::new();
    desk.write("small.toml", format!("{SMALL}\n[sweep]\nmode = \"{mode}\"\n[sweep.axes]\n{axes}\n"));
    desk
}

/// The names of a sweep's cells.
fn cells(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root.join("cells")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The machines that a cell trained itself.
fn trained(cell: &Path) -> usize {
    fs::read_to_string(cell.join("timing.csv")).map_or(0, |text| text.lines().count() - 1)
}

/// The rows of summary.csv by everything but the value.
fn summary(root: &Path) -> BTreeMap<Vec<String>, String> {
    let mut reader = csv::Reader::from_path(root.join("summary.csv")).unwrap();
    let columns = reader.headers().unwrap().len();
    let row = |record: csv::StringRecord| {
        let fields: Vec<String> = record.iter().map(str::to_owned).collect();
        (fields[..columns - 3].to_vec(), fields[columns - 3].clone())
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

#[test]
fn a_grid_leaves_a_run_folder_for_each_cell_a_summary_and_a_figure_for_each_axis() {
    let desk = desk("grid", "\"model.hidden\" = [4, 8]\nseed = [1, 2]");
    let said = desk.run(&["small.toml"]);
    let root = desk.path("results/small");
    let names = ["001_hidden=4_seed=1", "002_hidden=4_seed=2", "003_hidden=8_seed=1", "004_hidden=8_seed=2"];
    assert_eq!(cells(&root), names);
    for (i, name) in names.iter().enumerate() {
        assert!(said.err.contains(&format!("cell {} of 4: {name}\n", i + 1)), "{}", said.err);
        assert!(said.out.contains(name), "{}", said.out);
    }
    let own: Vec<String> = files(&root).into_keys().filter(|name| !name.starts_with("cells/")).collect();
    let figures =
        ["model_hidden", "seed"].map(|axis| ["png", "svg"].map(|kind| format!("figures/sweep_{axis}.{kind}")));
    let last = ["report.html", "summary.csv"].map(str::to_owned).to_vec();
    assert_eq!(own, [vec!["config.toml".to_owned()], figures.concat(), last].concat());
    // Each number of the summary is the cell's own.
    let rows = summary(&root);
    let row = |hidden: &str, seed: &str, quantity: &str, t: &str| {
        rows[&[hidden, seed, quantity, t].map(str::to_owned).to_vec()].parse::<f64>().unwrap()
    };
    for (name, (hidden, seed)) in names.iter().zip([("4", "1"), ("4", "2"), ("8", "1"), ("8", "2")]) {
        let losses: Vec<f64> = (1..=4).map(|t| test_metric(&root.join("cells").join(name), t, 2, "mse")).collect();
        for (t, loss) in losses.iter().enumerate() {
            assert_eq!(row(hidden, seed, "test_mse", &(t + 1).to_string()), *loss);
        }
        assert_eq!(row(hidden, seed, "mean_test_mse", ""), losses.iter().sum::<f64>() / 4.0);
        assert_eq!(row(hidden, seed, "speciation/kappa = 1/data/predicted", "").fract(), 0.0);
    }
    assert!(rows.keys().all(|row| ["4", "8"].contains(&row[0].as_str()) && ["1", "2"].contains(&row[1].as_str())));
}

#[test]
fn a_cell_is_the_run_of_its_own_file_and_the_resolved_sweep_gives_the_same_sweep() {
    let desk = desk("grid", "seed = [1, 2]");
    desk.run(&["small.toml", "--set=model.hidden=5"]);
    let root = desk.path("results/small");
    desk.run(&["results/small/cells/002_seed=2/config.toml", "--out=alone"]);
    assert_same(&reproducible(&root.join("cells/002_seed=2")), &reproducible(&desk.path("alone")));
    desk.run(&["run", "results/small/config.toml", "--out=again", "--threads=1"]);
    assert_same(&reproducible(&root), &reproducible(&desk.path("again")));
}

#[test]
fn a_zip_runs_the_pairs() {
    let desk = desk("zip", "\"model.hidden\" = [4, 8]\n\"train.batch\" = [10, 20]");
    desk.run(&["small.toml", "--out=pairs"]);
    assert_eq!(cells(&desk.path("pairs")), ["001_hidden=4_batch=10", "002_hidden=8_batch=20"]);
}

#[test]
fn a_sweep_goes_on_where_it_was_ended_and_does_nothing_once_it_is_finished() {
    let desk = desk("grid", "seed = [1, 2, 3]");
    desk.run(&["small.toml"]);
    let root = desk.path("results/small");
    let whole = reproducible(&root);
    let clocked = files(&root);
    let said = desk.run(&["small.toml"]);
    assert_eq!(said.err.matches("finished already").count(), 3, "{}", said.err);
    assert!(!said.err.contains("training") && !said.err.contains("sampling"), "{}", said.err);
    assert_same(&clocked, &files(&root));
    // A cell that is gone, one whose machine is damaged, and figures that are gone.
    fs::remove_dir_all(root.join("cells/002_seed=2")).unwrap();
    fs::write(root.join("cells/003_seed=3/machines/t0002.safetensors"), "damaged").unwrap();
    fs::remove_dir_all(root.join("figures")).unwrap();
    let said = desk.run(&["small.toml"]);
    assert_eq!(said.err.matches("finished already").count(), 1, "{}", said.err);
    assert!(said.err.contains("3 of 4 machines are there already"), "{}", said.err);
    assert_same(&whole, &reproducible(&root));
}

#[test]
fn machines_that_cells_have_in_common_are_trained_once() {
    let desk = desk("grid", "seed = [1, 2]\n\"sample.count\" = [2, 3, 4]");
    let said = desk.run(&["small.toml"]);
    let root = desk.path("results/small");
    let names = cells(&root);
    let trained_in = || names.iter().map(|name| trained(&root.join("cells").join(name))).collect::<Vec<_>>();
    assert_eq!(trained_in(), [4, 0, 0, 4, 0, 0]);
    for first in ["001_seed=1_count=2", "004_seed=2_count=2"] {
        assert_eq!(said.err.matches(&format!("4 machines shared with {first}, t = 1-4")).count(), 2, "{}", said.err);
    }
    let whole = reproducible(&root);
    // It changes no byte: a cell alone is the same.
    desk.run(&["results/small/cells/005_seed=2_count=3/config.toml", "--out=alone"]);
    assert_same(&reproducible(&root.join("cells/005_seed=2_count=3")), &reproducible(&desk.path("alone")));
    // The cell that trained them takes them back from the others, but not from one that is damaged.
    fs::remove_dir_all(root.join("cells/001_seed=1_count=2")).unwrap();
    let said = desk.run(&["small.toml"]);
    assert!(said.err.contains("4 machines shared with 002_seed=1_count=3, t = 1-4"), "{}", said.err);
    assert_eq!(trained_in()[0], 0);
    assert_same(&whole, &reproducible(&root));
    // A file that one cell replaces is still the old one in the others.
    let machine = "machines/t0001.safetensors";
    let before = fs::read(root.join("cells/002_seed=1_count=3").join(machine)).unwrap();
    fs::remove_file(root.join("cells/001_seed=1_count=2").join(machine)).unwrap();
    desk.write(&format!("results/small/cells/001_seed=1_count=2/{machine}"), "damaged");
    assert_eq!(fs::read(root.join("cells/002_seed=1_count=3").join(machine)).unwrap(), before);
    desk.run(&["small.toml"]);
    assert_same(&whole, &reproducible(&root));
}

/// How the chain is run changes no machine: cells share them, and differ in what is sampled alone.
#[test]
fn options_of_the_chain_change_samples_and_no_machine() {
    let axes = "\"sample.variance\" = [\"beta\", \"beta\", \"beta\", \"posterior\"]\n\
                \"sample.return_variance\" = [\"beta\", \"posterior\", \"beta\", \"posterior\"]\n\
                \"sample.noiseless_steps\" = [1, 1, 0, 1]";
    let desk = desk("zip", axes);
    desk.run(&["small.toml", "--set=data.dim=2"]);
    let root = desk.path("results/small");
    let names = cells(&root);
    let cell = |i: usize| root.join("cells").join(&names[i]);
    assert_eq!((0..4).map(|i| trained(&cell(i))).collect::<Vec<_>>(), [4, 0, 0, 0]);
    let same = |one: usize, other: usize, name: &str| {
        fs::read(cell(one).join(name)).unwrap() == fs::read(cell(other).join(name)).unwrap()
    };
    let (samples, states) = ("samples.safetensors", "trajectories.safetensors");
    for other in 1..4 {
        assert!((1..=4).all(|t| same(0, other, &format!("machines/t000{t}.safetensors"))));
        assert!(same(0, other, "metrics.csv") && !same(0, other, states));
    }
    // The variance of returning chains is not that of the samples.
    assert_eq!([1, 2, 3].map(|other| same(0, other, samples)), [true, false, false]);
    let returned = |i: usize| analysis::Trajectories::read(&cell(i)).unwrap().reconstructions;
    assert!(!returned(0).is_empty());
    assert!(returned(0) != returned(1) && returned(1) == returned(3));
}

#[test]
fn a_warm_start_shares_its_ancestors_too() {
    let desk = desk("grid", "\"sample.stride\" = [1, 2]");
    let warm = ["--set=train.warm_start=neighbour", "--set=train.anchor_spacing=3", "--timesteps=2"];
    let said = desk.run(&[&["small.toml"], &warm[..]].concat());
    // t = 4 and t = 1 are anchors; t = 2 starts from t = 1.
    assert!(said.err.contains("2 machines shared with 001_stride=1, t = 1-2"), "{}", said.err);
    assert!(!desk.path("results/small/cells/002_stride=2/samples.safetensors").exists());
    let said = desk.run(&[&["small.toml"], &warm[..2]].concat());
    assert!(said.err.contains("2 of 4 machines are there already"), "{}", said.err);
    assert!(said.err.contains("shared with 001_stride=1, t = 3-4"), "{}", said.err);
}

#[test]
fn a_cell_with_machines_missing_does_not_stop_the_others() {
    let desk = desk("grid", "\"train.learning_rate\" = [1e-3, [[3, 1e-3], [4, 1e30]], 2e-3]");
    let said = partial(&mut desk.driver(&["small.toml"]));
    let expected = "results/small: 1 of 3 cells have machines that could not be trained\n\
                    002_learning_rate=3-0.001-4-10000000000000: train.learning_rate: the loss is not finite at t = 4; ";
    assert!(said.err.contains(expected), "{}", said.err);
    let root = desk.path("results/small");
    let rows = summary(&root);
    let count = |quantity: &str| rows.keys().filter(|row| row[1] == quantity).count();
    assert_eq!((count("test_mse"), count("mean_test_mse")), (4 + 3 + 4, 2));
    assert!(root.join("figures/sweep_train_learning_rate.png").exists());
    let said = partial(&mut desk.driver(&["small.toml"]));
    assert_eq!(said.err.matches("finished already").count(), 2, "{}", said.err);
}

#[test]
fn an_error_stops_the_sweep_and_names_the_cell() {
    let desk = desk("grid", "seed = [1, 2]");
    desk.write("results/small/cells/002_seed=2/thesis.tex", "");
    desk.write("results/small/config.toml", desk.run(&["plan", "small.toml"]).out);
    let said = common::fail(&mut desk.driver(&["small.toml"]));
    let line = "results/small/cells/002_seed=2: results/small/cells/002_seed=2: holds `thesis.tex` and no run; ";
    assert!(said.err.lines().last().unwrap().starts_with(line), "{}", said.err);
    assert!(desk.path("results/small/cells/001_seed=1/manifest.json").exists());
    assert!(!desk.path("results/small/summary.csv").exists());
}

#[test]
fn what_can_be_known_to_be_wrong_is_said_before_the_first_cell() {
    let desk = desk("grid", "\"train.batch\" = [20, 101]");
    let line = "small.toml:31:22: train.batch: 101 is not allowed, use 1 to 100: there are 100 training samples";
    assert_eq!(desk.refused(&["small.toml"]), line);
    assert_eq!(desk.refused(&["plan", "small.toml"]), line);
    let fine = ["small.toml", "--set=sweep.axes.train.batch=[20, 10]"];
    let message = desk.refused(&[&fine[..], &["--timesteps=5"]].concat());
    assert_eq!(message, "--timesteps: timestep 5: not in this schedule, use 1 to 4");
    let message = desk.refused(&[&fine[..], &["--set=sweep.axes.train.bacth=[20]"]].concat());
    assert!(message.ends_with("unknown key, did you mean \"train.batch\"?"), "{message}");
}

#[test]
fn folders_of_something_else_are_left_alone() {
    let desk = desk("grid", "seed = [1, 2]");
    desk.run(&["small.toml", "--timesteps=1"]);
    let expected = "results/small: holds a sweep of other settings; name another folder with --out, or move this one aside \
                    with --fresh\n  there: \"seed\" = [1, 2]\n  asked: \"seed\" = [1, 3]\n";
    assert_eq!(desk.refusal(&mut desk.driver(&["small.toml", "--set=sweep.axes.seed=[1, 3]"])), expected);
    // What is measured may change, as in a run.
    desk.run(&["small.toml", "--timesteps=1", "--set=analysis.trajectories=50"]);
    desk.write("thesis/chapter.tex", "");
    let message = desk.refused(&["small.toml", "--out=thesis"]);
    assert_eq!(message, "thesis: holds `chapter.tex` and no sweep; name a new or an empty folder with --out");
    let cell = "results/small/cells/001_seed=1";
    let message = desk.refused(&["small.toml", "--out", cell]);
    assert_eq!(
        message,
        format!(
            "{cell}: holds a run and no sweep; name another folder with --out, or move this one aside with --fresh"
        )
    );
    for verb in ["analyze", "figures"] {
        let message = desk.refused(&[verb, "results/small"]);
        assert_eq!(message, "results/small: the folder of a sweep; name one of the runs in results/small/cells");
    }
    let plain = format!("{cell}/config.toml");
    assert!(desk.refused(&[&plain, "--out=results/small"]).starts_with("results/small/config.toml:"));
}

#[test]
fn a_plan_counts_the_cells_and_the_machines_they_share() {
    let desk = desk("grid", "seed = [1, 2]\n\"sample.count\" = [2, 3]");
    let said = desk.run(&["plan", "small.toml", "--device=host"]);
    for part in [
        "# 4 cells: 16 machines, 8 trained and 8 shared with a cell before\n",
        "# time: about ",
        "# memory: about ",
        "# disk: about ",
        "# 001_seed=1_count=2: 4 machines of ",
        "# 002_seed=1_count=3: 0 machines of ",
        ", 4 shared with 003_seed=2_count=2, about ",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert_eq!(desk.files().len(), 1);
    // As many are trained in truth.
    desk.run(&["small.toml"]);
    let root = desk.path("results/small");
    assert_eq!(cells(&root).iter().map(|cell| trained(&root.join("cells").join(cell))).sum::<usize>(), 8);
}

#[test]
fn exact_laws_can_be_swept() {
    let desk = Desk::new();
    desk.write(
        "laws.toml",
        "data = { source = \"gaussian_mixture\", dim = 2, mean_norm2 = 4, train_limit = 50, test_limit = 20 }\n\
         schedule.timesteps = 5\nmodel.kind = \"exact\"\nsample.count = 3\n\
         [sweep.axes]\nmodel.law = [\"wiener\", \"two_gaussians\"]\n",
    );
    assert!(desk.run(&["plan", "laws.toml"]).out.contains("# 001_law=wiener: no training: "));
    desk.run(&["laws.toml"]);
    let rows = summary(&desk.path("results/laws"));
    let mean = |law: &str| rows[&[law, "mean_test_mse", ""].map(str::to_owned).to_vec()].parse::<f64>().unwrap();
    assert!(mean("two_gaussians") < mean("wiener"));
}

#[test]
fn the_shipped_sweep_of_drawn_digits_runs() {
    let desk = Desk::new();
    let file = shipped("sweeps/hidden_smoke.toml");
    let reduced = ["--set=schedule.timesteps=4", "--set=data.train_limit=100", "--set=data.test_limit=40"];
    desk.run(
        &[&[file.as_str(), "--quiet", "--set=train.epochs=1", "--set=analysis.trajectories=10"], &reduced[..]].concat(),
    );
    assert_eq!(cells(&desk.path("results/hidden_smoke")).len(), 6);
}
