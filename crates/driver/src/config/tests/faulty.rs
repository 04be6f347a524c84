//! Faulty configurations and the exact lines they give.

use super::{GOOD, lines, load};

/// The file of each case is `[data]`, `source = "mnist"` on lines 1 and 2, and then the given text.
const MNIST: &[(&str, &str)] = &[
    ("[train]\nbatch = 0", "4:9: train.batch: 0 is not allowed, use 1 or more"),
    ("[train]\nbatch = -5", "4:9: train.batch: -5 is not allowed, use 1 or more"),
    ("[train]\nbatch = 9223372036854775808", "4:9: train.batch: 9223372036854775808 is not allowed, use 1 or more"),
    ("[train]\nepochs = \"ten\"", "4:10: train.epochs: expected a whole number, found the string \"ten\""),
    ("[train]\nepochs = 10.0", "4:10: train.epochs: expected a whole number, found the number 10.0"),
    ("[train]\nepochs = true", "4:10: train.epochs: expected a whole number, found the boolean true"),
    ("[train]\nepochs = 1979-05-27", "4:10: train.epochs: expected a whole number, found the date 1979-05-27"),
    ("[train]\nepochs = [3]", "4:10: train.epochs: expected a whole number, found a list"),
    ("[train.epochs]\nx = 3", "3:1: train.epochs: expected a whole number, found a table"),
    ("[train]\nepochs = 1_000_001", "4:10: train.epochs: 1000001 is not allowed, use 1 to 1000000"),
    ("[train]\nbacth = 3", "4:1: train.bacth: unknown key, did you mean \"train.batch\"?"),
    ("[train]\nhidden = 3", "4:1: train.hidden: unknown key, did you mean \"model.hidden\"?"),
    (
        "[train]\nzebra = 3",
        "4:1: train.zebra: unknown key, [train] has epochs, batch, learning_rate, decay, loss, \
         warm_start, anchor_spacing, warm_epochs, validation, evaluate_every, stop, patience, min_improvement, tolerance",
    ),
    ("[tain]\nbatch = 3", "3:2: tain: unknown key, did you mean \"train\"?"),
    (
        "[zebra]",
        "3:2: zebra: unknown key, use one of name, purpose, seed or the sections data, schedule, model, train, sample, \
         analysis, figures, run, sweep",
    ),
    ("[[train]]\nbatch = 3", "3:1: train: expected a table of keys, found a list"),
    ("digits = []", "3:10: data.digits: [] is not allowed, use one or more of 0 to 9"),
    ("digits = [1, 3, 10]", "3:17: data.digits: 10 is not allowed, use 0 to 9"),
    ("digits = [1, \"3\"]", "3:14: data.digits: expected a whole number, found the string \"3\""),
    ("digits = [1, 3, 1]", "3:17: data.digits: 1 a second time is not allowed, use each digit once"),
    ("digits = 3", "3:10: data.digits: expected a list of whole numbers, found the whole number 3"),
    ("dir = \"\"", "3:7: data.dir: \"\" is not allowed, use a path"),
    ("train_limit = 0", "3:15: data.train_limit: 0 is not allowed, use 1 to 100000000"),
    ("offline = \"maybe\"", "3:11: data.offline: \"maybe\" is not allowed, use one of error, synthetic_digits"),
    (
        "mirrors = [\"ftp://x\"]",
        "3:12: data.mirrors: \"ftp://x\" is not allowed, use addresses that begin with http:// or https://",
    ),
    ("mirrors = [3]", "3:12: data.mirrors: expected a string, found the whole number 3"),
    ("noise = 0.1", "3:1: data.noise: goes with data.source = swiss_roll; here data.source = mnist"),
    ("std = 0.1", "3:1: data.std: goes with data.source = gaussian_mixture; here data.source = mnist"),
    (
        "[schedule]\nlaw = \"cosine\"\nbeta_end = 0.1",
        "5:1: schedule.beta_end: goes with schedule.law = linear; here schedule.law = cosine",
    ),
    (
        "[schedule]\nlaw = \"cosine\"\nbeta_start = 0.1",
        "5:1: schedule.beta_start: goes with schedule.law = linear, constant; here schedule.law = cosine",
    ),
    ("[schedule]\nlaw = 3", "4:7: schedule.law: expected one of linear, cosine, constant, found the whole number 3"),
    ("[schedule]\nbeta_start = 0", "4:14: schedule.beta_start: 0 is not allowed, use a number > 0 and < 1"),
    ("[schedule]\nbeta_end = 1.0", "4:12: schedule.beta_end: 1.0 is not allowed, use a number > 0 and < 1"),
    ("[schedule]\nbeta_end = nan", "4:12: schedule.beta_end: nan is not allowed, use a number > 0 and < 1"),
    ("[schedule]\ntimesteps = 0", "4:13: schedule.timesteps: 0 is not allowed, use 1 to 100000"),
    (
        "[schedule]\ntimesteps = 90000",
        "4:13: schedule.timesteps: 90000 is not allowed with these noise rates, alpha_bar underflows to 0 before t = T; \
         use fewer timesteps or smaller rates",
    ),
    ("[model]\nhidden = 65537", "4:10: model.hidden: 65537 is not allowed, use 1 to 65536"),
    ("[model]\nskip = \"weiner\"", "4:8: model.skip: \"weiner\" is not allowed, use one of none, learned, wiener"),
    (
        "[train]\nlearning_rate = 0",
        "4:17: train.learning_rate: 0 is not allowed, use a number > 0, or one or more pairs [t, such a number]",
    ),
    (
        "[train]\nlearning_rate = 1e999",
        "4:17: train.learning_rate: 1e999 is not allowed, use a number > 0, or one or more pairs [t, such a number]",
    ),
    (
        "[train]\nlearning_rate = \"fast\"",
        "4:17: train.learning_rate: expected a number or a list of [t, number] pairs, found the string \"fast\"",
    ),
    (
        "[train]\nlearning_rate = [[1, 0.1], [1, 0.2]]",
        "4:28: train.learning_rate: knot t = 1 after t = 1 is not allowed, use increasing t",
    ),
    (
        "[train]\nlearning_rate = [[1, 0.1, 3]]",
        "4:18: train.learning_rate: a knot has 3 items, write it as [t, number]",
    ),
    ("[train]\nlearning_rate = [[0, 0.1]]", "4:19: train.learning_rate: 0 is not allowed, use 1 or more"),
    ("[train]\nlearning_rate = [[1, -1]]", "4:22: train.learning_rate: -1 is not allowed, use a number > 0"),
    ("[train]\ndecay = \"step\"", "4:9: train.decay: \"step\" is not allowed, use one of none, cosine"),
    ("[train]\nwarm_start = \"cold\"", "4:14: train.warm_start: \"cold\" is not allowed, use one of none, neighbour"),
    (
        "[train]\nwarm_epochs = 3",
        "4:1: train.warm_epochs: goes with train.warm_start = neighbour; here train.warm_start = none",
    ),
    (
        "[train]\nanchor_spacing = 3",
        "4:1: train.anchor_spacing: goes with train.warm_start = neighbour; here train.warm_start = none",
    ),
    (
        "[train]\nwarm_start = \"neighbour\"\nanchor_spacing = 0",
        "5:18: train.anchor_spacing: 0 is not allowed, use 1 to 100000",
    ),
    (
        "[train]\nwarm_start = \"neighbour\"\nwarm_epochs = 0",
        "5:15: train.warm_epochs: 0 is not allowed, use 1 to 1000000",
    ),
    ("[train]\nvalidation = -1", "4:14: train.validation: -1 is not allowed, use 0 to 100000000"),
    ("[train]\nevaluate_every = 0", "4:18: train.evaluate_every: 0 is not allowed, use 1 to 1000000"),
    ("[train]\nstop = \"early\"", "4:8: train.stop: \"early\" is not allowed, use one of none, plateau, test_variance"),
    (
        "[train]\nstop = \"plateau\"",
        "4:8: train.stop: plateau is not allowed without validation images, set train.validation to 1 or more",
    ),
    ("[train]\npatience = 3", "4:1: train.patience: goes with train.stop = plateau; here train.stop = none"),
    (
        "[train]\nstop = \"test_variance\"\nmin_improvement = 0.1",
        "5:1: train.min_improvement: goes with train.stop = plateau; here train.stop = test_variance",
    ),
    (
        "[train]\nvalidation = 9\nstop = \"plateau\"\nmin_improvement = 1",
        "6:19: train.min_improvement: 1 is not allowed, use a number >= 0 and < 1",
    ),
    (
        "[train]\nvalidation = 9\nstop = \"plateau\"\npatience = 0",
        "6:12: train.patience: 0 is not allowed, use 1 to 1000000",
    ),
    ("[train]\ntolerance = 1e-3", "4:1: train.tolerance: goes with train.stop = test_variance; here train.stop = none"),
    ("[train]\nstop = \"test_variance\"\ntolerance = 0", "5:13: train.tolerance: 0 is not allowed, use a number > 0"),
    ("[sample]\ncount = -1", "4:9: sample.count: -1 is not allowed, use 0 to 100000000"),
    ("[sample]\nstride = 1001", "4:10: sample.stride: 1001 is not allowed, use 1 to 1000 (schedule.timesteps)"),
    (
        "[figures]\nreconstruction_t = 2000",
        "4:20: figures.reconstruction_t: 2000 is not allowed, use 1 to 1000 (schedule.timesteps)",
    ),
    (
        "[analysis]\nobservables = \"all\"",
        "4:15: analysis.observables: expected a list of strings, found the string \"all\"",
    ),
    ("[analysis]\nobservables = [3]", "4:16: analysis.observables: expected a string, found the whole number 3"),
    ("[analysis]\ntrajectories = 1", "4:16: analysis.trajectories: 1 is not allowed, use 2 to 100000000"),
    ("[analysis]\ntimes = 0", "4:9: analysis.times: 0 is not allowed, use 1 to 100000"),
    ("[analysis]\nresamples = 0", "4:13: analysis.resamples: 0 is not allowed, use 1 to 1000000"),
    (
        "[analysis]\nobservable = [\"all\"]",
        "4:1: analysis.observable: unknown key, did you mean \"analysis.observables\"?",
    ),
    ("[model]\nkind = \"exakt\"", "4:8: model.kind: \"exakt\" is not allowed, use one of machines, exact"),
    (
        "[model]\nkind = \"exact\"\nlaw = \"spiral\"",
        "5:7: model.law: spiral goes with data.source = swiss_roll with data.noise = 0; here use one of wiener, gaussian, \
         mixture, empirical",
    ),
    (
        "digits = [3]\n[model]\nkind = \"exact\"\nlaw = \"mixture\"",
        "6:7: model.law: mixture goes with data of two classes or more; here use one of wiener, gaussian, empirical",
    ),
    ("[model]\nlaw = \"wiener\"", "4:1: model.law: goes with model.kind = exact; here model.kind = machines"),
    (
        "[model]\nkind = \"exact\"\nlaw = \"wiener\"\nhidden = 3",
        "6:1: model.hidden: goes with model.kind = machines; here model.kind = exact",
    ),
    (
        "[model]\nkind = \"exact\"\nlaw = \"wiener\"\n[train]\nwarm_start = \"neighbour\"\nwarm_epochs = 3",
        "7:1: train.warm_start: goes with model.kind = machines; here model.kind = exact",
    ),
    ("[run]\ndevice = \"tpu\"", "4:10: run.device: \"tpu\" is not allowed, use one of host, ndarray, cuda, auto"),
    ("[train]\nbatch = ", "4:9: not valid TOML: string values must be quoted, expected literal string"),
    ("source = \"mnist\"", "3:1: not valid TOML: duplicate key"),
    ("[data]", "3:2: not valid TOML: duplicate key"),
    (
        "\"tr\\nain\" = 3",
        "3:1: data.\"tr\\nain\": unknown key, [data] has source, dir, digits, train_limit, test_limit, offline, mirrors, noise, \
         dim, mean_norm2, means, weights, std, spins, coupling",
    ),
];

/// Whole files.
const FILES: &[(&str, &str)] = &[
    (
        "",
        ": data.source: missing, use one of mnist, mnist_csv, swiss_roll, gaussian_mixture, curie_weiss, \
      synthetic_digits",
    ),
    (
        "data = { source = \"mnits\" }",
        ":1:19: data.source: \"mnits\" is not allowed, use one of mnist, mnist_csv, swiss_roll, gaussian_mixture, curie_weiss, \
         synthetic_digits",
    ),
    ("data = 5", ":1:8: data: expected a table of keys, found the whole number 5"),
    ("seed = -1\ndata.source = \"mnist\"", ":1:8: seed: -1 is not allowed, use 0 or more"),
    ("purpose = 3\ndata.source = \"mnist\"", ":1:11: purpose: expected a string, found the whole number 3"),
    (
        "name = \"a/b\"\ndata.source = \"mnist\"",
        ":1:8: name: \"a/b\" is not allowed, use 1 to 100 letters, digits, _, - and ., not beginning with .",
    ),
    (
        "name = \"..\"\ndata.source = \"mnist\"",
        ":1:8: name: \"..\" is not allowed, use 1 to 100 letters, digits, _, - and ., not beginning with .",
    ),
    ("batch = 3\ndata.source = \"mnist\"", ":1:1: batch: unknown key, did you mean \"train.batch\"?"),
    (
        "\"train.batch\" = 3\ndata.source = \"mnist\"",
        ":1:1: \"train.batch\": unknown key, did you mean \"train.batch\"?",
    ),
    ("data.source = \"mnist_csv\"", ": data.dir: missing, data.source = mnist_csv needs the folder of its files"),
    (
        "data.source = \"swiss_roll\"\ndata.digits = [3]",
        ":2:6: data.digits: goes with data.source = mnist, mnist_csv, synthetic_digits; here data.source = swiss_roll",
    ),
    ("data.source = \"swiss_roll\"\ndata.noise = -0.1", ":2:14: data.noise: -0.1 is not allowed, use a number >= 0"),
    ("data.source = \"gaussian_mixture\"", ": data.means: missing, use data.means, or data.dim with data.mean_norm2"),
    (
        "data.source = \"gaussian_mixture\"\ndata.dim = 3",
        ": data.mean_norm2: missing beside data.dim, use data.means, or data.dim with data.mean_norm2",
    ),
    (
        "data.source = \"gaussian_mixture\"\ndata.mean_norm2 = 3",
        ": data.dim: missing beside data.mean_norm2, use data.means, or data.dim with data.mean_norm2",
    ),
    (
        "data.source = \"gaussian_mixture\"\ndata.dim = 1\ndata.mean_norm2 = 1\ndata.means = [[1]]",
        ":4:6: data.means: not allowed together with data.dim, use data.means, or data.dim with data.mean_norm2",
    ),
    (
        "data.source = \"gaussian_mixture\"\ndata.dim = 1\ndata.mean_norm2 = 1\ndata.weights = [1]",
        ":4:6: data.weights: not allowed together with data.dim, use data.means, or data.dim with data.mean_norm2",
    ),
    (
        "data.source = \"gaussian_mixture\"\ndata.means = [[1, 2], [1]]",
        ":2:23: data.means: a mean of dimension 1 after one of 2 is not allowed, use means of one dimension",
    ),
    (
        "data.source = \"gaussian_mixture\"\ndata.means = [[1, inf]]",
        ":2:19: data.means: inf is not allowed, use a finite number",
    ),
    (
        "data.source = \"gaussian_mixture\"\ndata.means = [[1], []]",
        ":2:20: data.means: [] is not allowed, use one or more lists, each of one or more numbers",
    ),
    (
        "data.source = \"gaussian_mixture\"\ndata.means = [1]",
        ":2:15: data.means: expected a list of lists of numbers, found the whole number 1",
    ),
    (
        "data.source = \"gaussian_mixture\"\ndata.means = [[1], [2]]\ndata.weights = [1]",
        ":3:16: data.weights: a list of 1 is not allowed, use 2 weights, one for each mean",
    ),
    (
        "data.source = \"gaussian_mixture\"\ndata.means = [[1], [2]]\ndata.weights = [1, 0]",
        ":3:20: data.weights: 0 is not allowed, use a number > 0",
    ),
    (
        "data.source = \"gaussian_mixture\"\ndata.means = [[1], [2]]\ndata.std = -0.5",
        ":3:12: data.std: -0.5 is not allowed, use a number >= 0",
    ),
    (
        "model = { kind = \"exact\", law = \"two_deltas\" }\ndata = { source = \"gaussian_mixture\", dim = 1, mean_norm2 = 1 }",
        ":1:33: model.law: two_deltas goes with data.source = gaussian_mixture with data.dim = 1, data.mean_norm2 = 1 and \
         data.std = 0; here use one of wiener, gaussian, mixture, empirical, two_gaussians",
    ),
    (
        "model = { kind = \"exact\", law = \"mixture\" }\ndata.source = \"swiss_roll\"",
        ":1:33: model.law: mixture goes with data of two classes or more; here use one of wiener, gaussian, empirical, \
         spiral",
    ),
    (
        "data.source = \"mnist\"\nmodel.kind = \"exact\"",
        ": model.law: missing, model.kind = exact needs one of wiener, gaussian, mixture, empirical",
    ),
    ("data = { source = \"curie_weiss\", spins = 0 }", ":1:42: data.spins: 0 is not allowed, use 1 to 65536"),
    ("data = { source = \"curie_weiss\", coupling = 0 }", ":1:45: data.coupling: 0 is not allowed, use a number > 0"),
    ("data.source = \"mnist\"\r\n[train]\r\nbatch = 0\r\n", ":3:9: train.batch: 0 is not allowed, use 1 or more"),
    ("\u{feff}seed = -1\ndata.source = \"mnist\"", ":1:8: seed: -1 is not allowed, use 0 or more"),
    (
        "purpose = \"é\"\ndata = { dir = \"é\", source = \"mnist\", digits = [10] }",
        ":2:49: data.digits: 10 is not allowed, use 0 to 9",
    ),
    ("seed = 1 x", ":1:8: not valid TOML: string values must be quoted, expected literal string"),
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
        "--set train.x.y.z=5: train.x: unknown key, [train] has epochs, batch, learning_rate, decay, loss, \
         warm_start, anchor_spacing, warm_epochs, validation, evaluate_every, stop, patience, min_improvement, tolerance",
    ),
    ("data.digits=[1, 10]", "--set data.digits=[1, 10]: data.digits: 10 is not allowed, use 0 to 9"),
    (
        "data.noise=0.1",
        "--set data.noise=0.1: data.noise: goes with data.source = swiss_roll; here data.source = mnist",
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
fn each_fault_is_one_line_with_its_place_and_what_is_allowed() {
    let mnist = MNIST.iter().map(|(text, line)| (format!("[data]\nsource = \"mnist\"\n{text}\n"), format!(":{line}")));
    let files = FILES.iter().map(|(text, line)| ((*text).to_owned(), (*line).to_owned()));
    for (text, line) in mnist.chain(files) {
        assert_eq!(lines(load(&text, &[], &[])), [format!("experiments/x.toml{line}")], "{text}");
    }
    for (argument, line) in ARGUMENTS {
        let found = match argument.split_once('=').filter(|(name, _)| name.starts_with("DRIVER_")) {
            Some(variable) => load(GOOD, &[variable], &[]),
            None => load(GOOD, &[], &[argument]),
        };
        assert_eq!(lines(found), [*line], "{argument}");
    }
}

#[test]
fn an_unknown_observable_is_told_what_there_is_and_what_is_near() {
    let known = analysis::observables::words_known().join(", ");
    let text = "data.source = \"mnist\"\n[analysis]\nobservables = [\"kappa\", \"kapa\", \"zebra\"]\n";
    let start = |column: usize, word: &str| {
        format!("experiments/x.toml:3:{column}: analysis.observables: \"{word}\" is not allowed, use some of {known}")
    };
    let expected = [format!("{}; did you mean \"kappa\"?", start(25, "kapa")), start(33, "zebra")];
    assert_eq!(lines(load(text, &[], &[])), expected);
    let set = ["analysis.observables=[\"Speciation\"]"];
    let line = &lines(load(GOOD, &[], &set))[0];
    assert!(line.ends_with("; did you mean \"speciation\"?"), "{line}");
}

#[test]
fn bytes_that_are_not_utf8_have_a_position() {
    let expected = "experiments/x.toml:2:12: not UTF-8 text (byte 0xE9), save the file as UTF-8";
    assert_eq!(lines(load(b"\xEF\xBB\xBFseed = 1\npurpose = \"\xE9t\xE9\"", &[], &[])), [expected]);
    let expected = "experiments/x.toml:1:1: not UTF-8 text (byte 0xFF), save the file as UTF-8";
    assert_eq!(lines(load(b"\xFF\xFEs\0e\0", &[], &[])), [expected]);
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
