//! Faults of arguments, of several layers at once and of a file's bytes; those of whole files stand under tests/faulty.

use super::{GOOD, lines, load};

/// Faults that a file under tests/faulty could not keep as it is, from the end of its lines to its encoding.
const BYTES: &[(&[u8], &str)] = &[
    (b"data.source = \"mnist\"\r\n[train]\r\nbatch = 0\r\n", ":3:9: train.batch: 0 is not allowed, use 1 or more"),
    (b"\xEF\xBB\xBFseed = -1\ndata.source = \"mnist\"", ":1:8: seed: -1 is not allowed, use 0 or more"),
    (b"\xEF\xBB\xBFseed = 1\npurpose = \"\xE9t\xE9\"", ":2:12: not UTF-8 text (byte 0xE9), save the file as UTF-8"),
    (b"\xFF\xFEs\0e\0", ":1:1: not UTF-8 text (byte 0xFF), save the file as UTF-8"),
];

/// Arguments over a good file; the first of a pair is a `--set`, or an environment variable when it begins with DRIVER_.
const ARGUMENTS: &[(&str, &str)] = &[
    ("train.batch=0", "--set train.batch=0: train.batch: 0 is not allowed, use 1 or more"),
    ("train.batch=ten", "--set train.batch=ten: train.batch: expected a whole number, found the string \"ten\""),
    ("train.batch=", "--set train.batch=: train.batch: expected a whole number, found the string \"\""),
    ("train.batch", "--set train.batch: expected key=value, as in train.epochs=3"),
    ("train=5", "--set train=5: train: expected a table of keys, found the whole number 5"),
    ("tain.batch=5", "--set tain.batch=5: tain: unknown key, did you mean \"train\"?"),
    ("train.batch.x=5", "--set train.batch.x=5: train.batch: expected a whole number, found a table"),
    (
        "train.x.y.z=5",
        "--set train.x.y.z=5: train.x: unknown key, [train] has epochs, effort, batch, learning_rate, local_rate, decay, rule, loss, \
         warm_start, anchor_spacing, warm_epochs, validation, evaluate_every, stop, patience, min_improvement, tolerance",
    ),
    ("data.digits=[1, 10]", "--set data.digits=[1, 10]: data.digits: 10 is not allowed, use 0 to 9"),
    (
        "data.noise=0.1",
        "--set data.noise=0.1: data.noise: goes with data.source = swiss_roll, cubic; here data.source = mnist",
    ),
    (
        "data.source=swiss_roll",
        "experiments/x.toml:6:1: data.digits: goes with data.source = mnist, mnist_csv, synthetic_digits; here \
         data.source = swiss_roll",
    ),
    (
        "sample.stride=101",
        "--set sample.stride=101: sample.stride: 101 is not allowed, use 1 to 100 (schedule.timesteps)",
    ),
    ("DRIVER_TRAIN__BATCH=0", "DRIVER_TRAIN__BATCH=0: train.batch: 0 is not allowed, use 1 or more"),
    ("DRIVER_TRAIN__BACTH=5", "DRIVER_TRAIN__BACTH=5: train.bacth: unknown key, did you mean DRIVER_TRAIN__BATCH?"),
    ("DRIVER_TRAIN_BATCH=5", "DRIVER_TRAIN_BATCH=5: train_batch: unknown key, did you mean DRIVER_TRAIN__BATCH?"),
    ("DRIVER_SEED=x\ny", "DRIVER_SEED=x\\ny: seed: expected a whole number, found the string \"x\\ny\""),
    (
        "DRIVER_=1",
        "DRIVER_=1: \"\": unknown key, use one of name, purpose, seed or the sections data, schedule, model, train, \
         sample, analysis, figures, run, sweep",
    ),
];

#[test]
fn the_bytes_of_a_file_do_not_move_a_fault() {
    for (bytes, line) in BYTES {
        assert_eq!(lines(load(bytes, &[], &[])), [format!("experiments/x.toml{line}")]);
    }
}

#[test]
fn the_fault_of_an_argument_begins_with_the_argument() {
    for (argument, line) in ARGUMENTS {
        let found = match argument.split_once('=').filter(|(name, _)| name.starts_with("DRIVER_")) {
            Some(variable) => load(GOOD, &[variable], &[]),
            None => load(GOOD, &[], &[argument]),
        };
        assert_eq!(lines(found), [*line], "{argument}");
    }
}

#[test]
fn all_faults_come_at_once_in_the_order_of_their_places() {
    let text = "name = \"a b\"\n[train]\nbatch = 0\nbacth = 1\n[sample]\nstride = 9\n[schedule]\ntimesteps = 5\n";
    let environment = [("DRIVER_MODEL__HIDDEN", "0"), ("DRIVER_ALL", "1")];
    let set = ["run.device=tpu", "figures.reconstruction_t=6"];
    let keys: Vec<String> = load(text, &environment, &set)
        .expect_err("faulty")
        .iter()
        .map(|error| {
            format!("{} {}", error.place().to_string().replace("experiments/x.toml", ""), error.key().unwrap_or(""))
        })
        .collect();
    let expected = [
        ":1:8 name",
        ":3:9 train.batch",
        ":4:1 train.bacth",
        ":6:10 sample.stride",
        " data.source",
        "DRIVER_ALL=1 all",
        "DRIVER_MODEL__HIDDEN=0 model.hidden",
        "--set run.device=tpu run.device",
        "--set figures.reconstruction_t=6 figures.reconstruction_t",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn a_fault_does_not_breed_others() {
    let spoilt = [
        "data.source = \"mnits\"\ndata.noise = 1\ndata.digits = [1]",
        "data = { source = \"gaussian_mixture\", dim = 0, mean_norm2 = 1 }",
        "data = { source = \"gaussian_mixture\", means = [], weights = [1] }",
        "data.source = \"mnist_csv\"\ndata.dir = 3",
        "data.source = \"mnist\"\n[schedule]\ntimesteps = 0\n[sample]\nstride = 2000\n[figures]\nreconstruction_t = 2000",
        "data.source = \"mnist\"\n[schedule]\nlaw = \"constant\"\nbeta_start = 2\ntimesteps = 100000",
        "data.source = \"mnist\"\nschedule = 3\n[sample]\nstride = 2000",
        "data.source = \"mnist\"\nname = 3",
        "data.source = \"mnist\"\n[train]\nvalidation = -1\nstop = \"plateau\"",
        "data.source = \"mnist\"\n[train]\nstop = \"early\"\npatience = 3",
        "data.source = \"mnits\"\n[model]\nkind = \"exact\"\nlaw = \"spiral\"",
        "data.source = \"mnist\"\n[model]\nkind = \"exact\"\nlaw = \"spirale\"",
        "data.source = \"mnist\"\n[model]\nkind = \"exakt\"\nlaw = \"wiener\"",
    ];
    for text in spoilt {
        assert_eq!(lines(load(text, &[], &[])).len(), 1, "{text}\n{:?}", lines(load(text, &[], &[])));
    }
}

#[test]
fn the_source_line_follows_with_a_mark() {
    let text = "[data]\r\nsource = \"mnist\"\r\ntrain_limit = 0 # none\r\n";
    let expected = "experiments/x.toml:3:15: data.train_limit: 0 is not allowed, use 1 to 100000000\n  \
                    |\n3 | train_limit = 0 # none\n  |               ^";
    assert_eq!(load(text, &[], &[]).expect_err("faulty").to_string(), expected);
}

#[test]
fn a_file_name_that_cannot_name_a_run_is_refused() {
    let sources = super::Sources { file: "experiments/my run.toml".into(), ..Default::default() };
    let expected = "experiments/my run.toml: name: \"my run\" (from the file's name) is not allowed, use 1 to 100 letters, \
                    digits, _, - and ., not beginning with .";
    assert_eq!(lines(super::load_bytes(&sources, b"data.source = \"mnist\"")), [expected]);
}
