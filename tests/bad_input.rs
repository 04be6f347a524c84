//! Everything a user can get wrong: exit code 2, a message that begins with what is at fault, nothing written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;

use common::{Desk, SMALL, assert_same, finish, reproducible, shipped};

/// An experiment without a fault.
const SOUND: &str = r#"name = "sound"
seed = 0

[data]
source = "synthetic_digits"
digits = [1, 3]
train_limit = 2000

[schedule]
law = "linear"
timesteps = 20
beta_start = 5e-3
beta_end = 0.8

[model]
hidden = 64

[train]
epochs = 15
batch = 50
"#;

#[test]
fn faulty_arguments_and_variables_are_named() {
    let (desk, sound) = (Desk::new(), "sound.toml");
    desk.write(sound, SOUND);
    let cases: [(&[&str], &str); 15] = [
        (&["--set=train.bacth=3"], "--set train.bacth=3: train.bacth: unknown key, did you mean \"train.batch\"?"),
        (&["--set=train.epochs"], "--set train.epochs: expected key=value, as in train.epochs=3"),
        (
            &["--set=train.batch=2001"],
            "--set train.batch=2001: train.batch: 2001 is not allowed, use 1 to 2000: there are 2000 training samples",
        ),
        (
            &["--set=train.validation=1951"],
            "--set train.validation=1951: train.validation: 1951 is not allowed, use 0 to 1950: of 2000 training samples a \
             batch of 50 must be left",
        ),
        (
            &["--set=train.stop=plateau"],
            "--set train.stop=plateau: train.stop: plateau is not allowed without validation images, set \
             train.validation to 1 or more",
        ),
        (
            &["--set=train.warm_epochs=3"],
            "--set train.warm_epochs=3: train.warm_epochs: goes with train.warm_start = neighbour; here train.warm_start \
             = none",
        ),
        (&["--timesteps=999"], "--timesteps: timestep 999: not in this schedule, use 1 to 20"),
        (&["--timesteps=0"], "error: invalid value '0' for '--timesteps <RANGES>': `0` is not a number or a range"),
        (
            &["--timesteps=5-3"],
            "error: invalid value '5-3' for '--timesteps <RANGES>': `5-3` is not a number or a range",
        ),
        (&["--threads=0"], "error: invalid value '0' for '--threads <N>': 0 is not in 1..=1024"),
        (&["--seed", "-1"], "error: invalid value '-1' for '--seed <N>'"),
        (&["--seed=9223372036854775808"], "--set seed=9223372036854775808: seed: 9223372036854775808 is not allowed"),
        (&["--device=gpu"], "error: invalid value 'gpu' for '--device <DEVICE>'"),
        (&["--bacth=3"], "error: unexpected argument '--bacth' found"),
        (&["--quiet", "--verbose"], "error: the argument '--quiet' cannot be used with '--verbose'"),
    ];
    for (args, expected) in cases {
        let message = desk.refused(&[&[sound], args].concat());
        assert!(message.starts_with(expected), "{message}\nexpected {expected}");
        // clap's own refusals are the same for every verb; ours must hold for plans as well.
        if !expected.starts_with("error") {
            assert_eq!(desk.refused(&[&["plan", sound], args].concat()), message);
        }
    }
    let message = desk.refusal(desk.driver(&[sound]).env("DRIVER_TRAIN__EPOCHS", "many"));
    assert!(message.starts_with("DRIVER_TRAIN__EPOCHS=many: train.epochs: expected a whole number"), "{message}");
    assert!(desk.refused(&[]).starts_with("Trains one single-hidden-layer autoencoder per timestep"));
    assert_eq!(desk.refused(&["plan"]), "error: the following required arguments were not provided:");
}

#[test]
fn a_file_that_is_not_there_is_named_with_its_neighbours() {
    let desk = Desk::new();
    desk.write("smoke.toml", "");
    let reason = "cannot be read: No such file or directory (os error 2)";
    assert_eq!(desk.refused(&["spiral.toml"]), format!("spiral.toml: {reason}"));
    assert_eq!(desk.refused(&["smok.toml"]), format!("smok.toml: {reason}, did you mean smoke.toml?"));
    assert!(desk.refused(&["."]).starts_with(".: cannot be read: "));
    desk.write("latin1.toml", b"name = \"caf\xe9\"");
    assert_eq!(desk.refused(&["latin1.toml"]), "latin1.toml:1:12: not UTF-8 text (byte 0xE9), save the file as UTF-8");
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_build_without_cuda_says_how_to_get_it() {
    let desk = Desk::new();
    for verb in ["run", "plan"] {
        assert_eq!(
            desk.refused(&[verb, &shipped("smoke.toml"), "--device=cuda"]),
            "run.device: cuda is not available: this program was built without CUDA; build it with `--features cuda`, \
             or use host, ndarray or auto"
        );
    }
}

#[test]
fn a_folder_that_cannot_be_written_or_is_not_for_runs_is_refused() {
    let desk = Desk::new();
    let smoke = shipped("smoke.toml");
    let out = |folder: &str| desk.refused(&[&[smoke.as_str(), "--out", folder], SMALL].concat());
    desk.write("file", "");
    assert!(out("file").starts_with("file: cannot be a run folder: "), "{}", out("file"));
    assert!(out("file/run").starts_with("file/run: cannot be a run folder: "), "{}", out("file/run"));
    desk.write("thesis/chapter.tex", "");
    assert_eq!(out("thesis"), "thesis: holds `chapter.tex` and no run; name a new or an empty folder with --out");
    assert!(out(".").starts_with(".: holds `file` and no run; "));
    // An empty folder, or one of a run that was ended at its very start, is fine.
    fs::create_dir_all(desk.path("begun/machines")).unwrap();
    desk.run_small(&[&smoke, "--out=begun", "--timesteps=1"]);
}

#[test]
fn a_run_of_other_settings_is_left_alone_and_the_differences_are_shown() {
    let desk = Desk::new();
    let smoke = shipped("smoke.toml");
    desk.run_small(&[&smoke, "--timesteps=1"]);
    let args = [&[smoke.as_str()], SMALL, &["--set=train.epochs=3", "--set=model.skip=none"]].concat();
    let message = desk.refusal(&mut desk.driver(&args));
    let expected = "results/smoke: holds a run of other settings; name another folder with --out, or move this one aside with --fresh\n  \
                    there: skip = \"wiener\"\n  there: epochs = 2\n  asked: skip = \"none\"\n  asked: epochs = 3\n";
    assert_eq!(message, expected);
    // The device is where, not what: the run goes on with it.
    desk.run_small(&[&smoke, "--device=ndarray", "--timesteps=1-2"]);
    desk.write("results/smoke/config.toml", "seed = ");
    let message = desk.refused(&[&[smoke.as_str()], SMALL].concat());
    assert!(message.starts_with("results/smoke/config.toml:1:"), "{message}");
}

/// An IDX file of unsigned bytes.
fn idx(sizes: &[u32], values: usize) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.resize(bytes.len() + values, 1);
    bytes
}

#[test]
fn damaged_or_foreign_mnist_files_are_refused_by_name_and_never_stood_in_for() {
    let desk = Desk::new();
    let images = "mnist/train-images-idx3-ubyte";
    desk.write("mnist/train-labels-idx1-ubyte", idx(&[2], 2));
    desk.write("mnist/t10k-images-idx3-ubyte", idx(&[2, 28, 28], 2 * 784));
    desk.write("mnist/t10k-labels-idx1-ubyte", idx(&[2], 2));
    let cases: [(Vec<u8>, &str); 6] = [
        (idx(&[2, 28, 28], 2 * 784 - 1), "truncated: 1567 of 1568 bytes after the header"),
        (idx(&[2, 28, 28], 2 * 784 + 1), "more than the 1568 bytes that the header declares"),
        (idx(&[20], 20), "magic number 0x00000801, expected 0x00000803 (bytes, 3 dimensions)"),
        (Vec::new(), "truncated: 0 bytes, expected a header of 16"),
        (vec![0x1f, 0x8b, 8, 0], "truncated gzip stream"),
        (idx(&[2, 28, 28], 2 * 784), "uncompressed content has sha256 "),
    ];
    for (content, problem) in cases {
        desk.write(images, content);
        let message = desk.refusal(desk.driver(&[&shipped("mnist_T100.toml"), "--offline"]).env("MNIST_DIR", "mnist"));
        assert!(message.starts_with(&format!("{images}: {problem}")), "{message}\nexpected {problem}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn faulty_csv_digits_are_refused_by_file_and_line() {
    let desk = Desk::new();
    desk.write("csv.toml", "[data]\nsource = \"mnist_csv\"\ndir = \"csv\"\ndigits = [1, 3]\n");
    let row = vec!["7"; 784].join(",");
    let images = |rows: usize| vec![row.as_str(); rows].join("\n");
    desk.write("csv/images_test.csv", images(2));
    desk.write("csv/labels_test.csv", "1\n3\n");
    let refused = |train: &str, labels: &str| {
        desk.write("csv/images_train.csv", train);
        desk.write("csv/labels_train.csv", labels);
        desk.refused(&["csv.toml"])
    };
    assert_eq!(refused(&images(3), "1\n3\n"), "csv/images_train.csv: 3 images, but csv/labels_train.csv has 2 labels");
    for (train, labels, start) in [
        (images(2), "1\n12\n", "csv/labels_train.csv:2: "),
        (images(1) + "\n1,2,3\n", "1\n3\n", "csv/images_train.csv:2: "),
        (images(1) + "\n" + &row.replacen('7', "x", 1), "1\n3\n", "csv/images_train.csv:2: "),
        (images(2), "0\n0\n", "data.digits: "),
    ] {
        let message = refused(&train, labels);
        assert!(message.starts_with(start), "{message}\nexpected {start}");
    }
    fs::remove_file(desk.path("csv/labels_train.csv")).unwrap();
    assert!(desk.refused(&["csv.toml"]).starts_with("csv: no file labels_train.csv"));
}

#[test]
fn damaged_machines_are_named_set_aside_and_trained_again() {
    let desk = Desk::new();
    let smoke = shipped("smoke.toml");
    desk.run_small(&[&smoke, "--out=run"]);
    let whole = reproducible(&desk.path("run"));
    let machine = &whole["machines/t0003.safetensors"];
    let mut flipped = machine.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damaged in [&machine[..machine.len() / 2], &machine[..5], b"", &[0xff; 64], &flipped] {
        desk.write("run/machines/t0003.safetensors", damaged);
        let refusal = desk.refused(&["analyze", "run", "--offline"]);
        assert!(refusal.starts_with("run/machines/t0003.safetensors: was changed since the run wrote it"), "{refusal}");
        let start = "run/machines/t0003.safetensors: is damaged: these are not the bytes that its training left";
        let said = desk.run_small(&[&smoke, "--out=run"]);
        assert!(said.err.contains(&format!("warning: {start}; kept as t0003.safetensors.damaged")), "{}", said.err);
        assert!(said.err.contains("7 of 8 machines are there already"), "{}", said.err);
        assert_same(&whole, &reproducible(&desk.path("run")));
        assert_eq!(fs::read(desk.path("run/machines/t0003.safetensors.damaged")).unwrap(), damaged);
        fs::remove_file(desk.path("run/machines/t0003.safetensors.damaged")).unwrap();
    }
    fs::remove_file(desk.path("run/machines/t0003.safetensors")).unwrap();
    let said = desk.run_small(&[&smoke, "--out=run"]);
    assert!(said.err.contains("warning: run/machines/t0003.safetensors: is gone; trained again"), "{}", said.err);
    assert_same(&whole, &reproducible(&desk.path("run")));
}

#[test]
fn a_marker_that_is_gone_or_damaged_is_written_again_and_nothing_is_trained() {
    let desk = Desk::new();
    let smoke = shipped("smoke.toml");
    desk.run_small(&[&smoke, "--out=run"]);
    let whole = reproducible(&desk.path("run"));
    for content in [None, Some("{"), Some("")] {
        match content {
            Some(text) => desk.write("run/machines/t0005.done", text),
            None => fs::remove_file(desk.path("run/machines/t0005.done")).unwrap(),
        }
        let said = desk.run_small(&[&smoke, "--out=run"]);
        assert!(said.err.contains("8 of 8 machines are there already"), "{}", said.err);
        assert_same(&whole, &reproducible(&desk.path("run")));
    }
}

#[test]
fn a_sound_machine_of_another_run_is_neither_used_nor_trained_over() {
    let desk = Desk::new();
    let smoke = shipped("smoke.toml");
    desk.run_small(&[&smoke, "--out=run"]);
    desk.run_small(&[&smoke, "--out=other", "--set=train.learning_rate=2e-3"]);
    for name in ["machines/t0003.safetensors", "machines/t0003.done"] {
        desk.write(&format!("run/{name}"), fs::read(desk.path(&format!("other/{name}"))).unwrap());
    }
    let before = desk.files();
    let refusal = finish(&mut desk.driver(&[&[smoke.as_str(), "--out=run", "--offline"], SMALL].concat()), 2).err;
    let line = "run/machines/t0003.safetensors: a machine of other settings, other data or another version of this \
                program; name another folder with --out, or set this one aside with --fresh";
    assert!(refusal.lines().any(|said| said == line), "{refusal}");
    assert_same(&before, &desk.files());
}

#[test]
fn damaged_tables_and_tensors_are_named_when_figures_are_drawn() {
    let desk = Desk::new();
    desk.run_small(&[&shipped("smoke.toml"), "--out=run"]);
    let sound = desk.files();
    // Without the manifest's sums, only what the files hold can tell.
    fs::remove_file(desk.path("run/manifest.json")).unwrap();
    let cases: [(&str, &[u8], &str); 8] = [
        (
            "metrics.csv",
            b"t,epoch,split,metric,value\n1,1,train,mse,0.5\n1,x,test,mse,0.5\n",
            "run/metrics.csv: line 3: ",
        ),
        ("metrics.csv", b"t,epoch\n1,1\n", "run/metrics.csv: line "),
        ("metrics.csv", &[0xff; 30], "run/metrics.csv: line "),
        ("schedule.csv", b"t,beta,alpha_bar,snr\n1,0.1\n", "run/schedule.csv: line 2: "),
        ("samples.safetensors", b"\x08\0\0\0", "run/samples.safetensors: "),
        ("samples.safetensors", &sound["run/samples.safetensors"][..200], "run/samples.safetensors: "),
        ("trajectories.safetensors", &sound["run/samples.safetensors"][..200], "run/trajectories.safetensors: "),
        ("facts.json", b"{\n\"name\": 3}", "run/facts.json: line 2: "),
    ];
    for (name, content, start) in cases {
        let name = format!("run/{name}");
        desk.write(&name, content);
        let message = desk.refused(&["figures", "run"]);
        assert!(message.starts_with(start), "{message}\nexpected {start}");
        desk.write(&name, &sound[&name]);
    }
    fs::remove_file(desk.path("run/metrics.csv")).unwrap();
    assert!(desk.refused(&["figures", "run"]).starts_with("run/metrics.csv: "));
    assert!(desk.refused(&["figures", "nowhere"]).starts_with("nowhere: not a run folder (facts.json is missing)"));
}
