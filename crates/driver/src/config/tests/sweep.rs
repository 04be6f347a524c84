//! `[sweep]`: what it expands to, its resolved file, and everything that can be wrong with it.

use proptest::prelude::*;

use super::super::{ConfigErrors, Sources, Sweep, SweepMode, Task, load_bytes, load_task_bytes};
use super::lines;

const SOUND: &str = r#"name = "x"

[data]
source = "synthetic_digits"
train_limit = 2000

[schedule]
timesteps = 20

[sweep.axes]
"model.hidden" = [50, 100]
seed = [1, 2, 3]
"#;

fn load(text: impl AsRef<[u8]>, environment: &[(&str, &str)], set: &[&str]) -> Result<Task, ConfigErrors> {
    let sources = Sources {
        file: "experiments/x.toml".into(),
        environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        set: set.iter().map(|text| (*text).to_owned()).collect(),
    };
    load_task_bytes(&sources, text.as_ref())
}

#[track_caller]
fn sweep(text: &str, set: &[&str]) -> Sweep {
    match load(text, &[], set) {
        Ok(Task::Sweep(sweep)) => sweep,
        other => panic!("{other:?}"),
    }
}

fn folders(sweep: &Sweep) -> Vec<&str> {
    sweep.cells.iter().map(|cell| cell.folder.as_str()).collect()
}

#[test]
fn a_grid_has_every_combination_in_the_order_of_the_file() {
    let sweep = sweep(SOUND, &[]);
    assert_eq!((sweep.name.as_str(), sweep.mode, sweep.axes.len()), ("x", SweepMode::Grid, 2));
    let expected = [
        "001_hidden=50_seed=1",
        "002_hidden=50_seed=2",
        "003_hidden=50_seed=3",
        "004_hidden=100_seed=1",
        "005_hidden=100_seed=2",
        "006_hidden=100_seed=3",
    ];
    assert_eq!(folders(&sweep), expected);
    let cell = &sweep.cells[3];
    assert_eq!((cell.at.as_slice(), cell.experiment.name.as_str(), cell.experiment.seed), (&[1, 0][..], "x-004", 1));
    assert!(cell.experiment.to_toml().contains("hidden = 100\n"));
    // A cell is an experiment like any other.
    let alone = load_bytes(&Sources::default(), cell.experiment.to_toml().as_bytes()).unwrap();
    assert_eq!(alone, cell.experiment);
}

#[test]
fn axes_may_be_quoted_or_dotted_and_keep_their_order() {
    for axes in [
        "seed = [1, 2]\nmodel.skip = [\"none\", \"wiener\"]",
        "\"seed\" = [1, 2]\n\"model.skip\" = [\"none\", \"wiener\"]",
    ] {
        let sweep = sweep(&format!("data.source = \"synthetic_digits\"\n[sweep.axes]\n{axes}\n"), &[]);
        let keys: Vec<&str> = sweep.axes.iter().map(|axis| axis.key).collect();
        assert_eq!(keys, ["seed", "model.skip"]);
        assert_eq!(folders(&sweep)[..2], ["001_seed=1_skip=none", "002_seed=1_skip=wiener"]);
    }
}

#[test]
fn a_zip_pairs_the_values_up() {
    let text = "data.source = \"synthetic_digits\"\n[sweep]\nmode = \"zip\"\naxes = { seed = [7, 7, 8], \"train.batch\" = [10, 20, 10] }\n";
    let zipped = sweep(text, &[]);
    assert_eq!(folders(&zipped), ["001_seed=7_batch=10", "002_seed=7_batch=20", "003_seed=8_batch=10"]);
    assert_eq!(
        sweep(text, &["sweep.mode=grid", "sweep.axes.seed=[7, 8]", "sweep.axes.train.batch=[10]"]).cells.len(),
        2
    );
}

#[test]
fn an_argument_changes_the_values_of_an_axis_or_adds_one() {
    let sweep = sweep(SOUND, &["sweep.axes.model.hidden=[8]", "sweep.axes.sample.count=[4, 0]", "train.batch=20"]);
    let values: Vec<(&str, Vec<String>)> = sweep.axes.iter().map(|axis| (axis.key, axis.texts())).collect();
    let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let expected =
        [("model.hidden", texts(&["8"])), ("seed", texts(&["1", "2", "3"])), ("sample.count", texts(&["4", "0"]))];
    assert_eq!(values, expected);
    assert!(sweep.cells.iter().all(|cell| cell.experiment.train.batch == 20));
}

#[test]
fn the_resolved_sweep_holds_what_the_cells_have_in_common_and_loads_as_itself() {
    // What follows from an axis (warm_epochs from epochs, the reconstruction from T) is left to follow from it again.
    let text = "name = \"x\"\ndata.source = \"synthetic_digits\"\n[train]\nwarm_start = \"neighbour\"\n[model]\nhidden = 7\n\
                [sweep.axes]\nschedule.timesteps = [10, 20]\ntrain.epochs = [2, 3]\ntrain.learning_rate = [4e-3, 1]\n";
    let sweep = sweep(text, &[]);
    let resolved = sweep.to_toml();
    assert!(resolved.contains("batch = 50\n") && resolved.contains("hidden = 7\n"), "{resolved}");
    for absent in ["warm_epochs", "reconstruction_t", "\ntimesteps", "\nepochs"] {
        assert!(!resolved.contains(absent), "{absent}: {resolved}");
    }
    let axes = "[sweep]\nmode = \"grid\"\n\n[sweep.axes]\n\"schedule.timesteps\" = [10, 20]\n\"train.epochs\" = [2, 3]\n\
                \"train.learning_rate\" = [0.004, 1.0]\n";
    assert!(resolved.ends_with(axes), "{resolved}");
    assert_eq!(self::sweep(&resolved, &[]), sweep);
}

#[test]
fn a_setting_that_only_some_values_use_is_one_of_those_cells() {
    const STOPS: &str = r#"name = "x"
[data]
source = "synthetic_digits"
[train]
patience = 3
tolerance = 1e-4
validation = 100
[sweep.axes]
"train.stop" = ["none", "plateau", "test_variance"]
"#;
    let stops = sweep(STOPS, &[]);
    let settings: Vec<String> = stops.cells.iter().map(|cell| cell.experiment.to_toml()).collect();
    let has = |i: usize, line: &str| settings[i].contains(line);
    assert_eq!([has(0, "patience"), has(1, "patience = 3\n"), has(2, "patience")], [false, true, false]);
    assert_eq!([has(0, "tolerance"), has(1, "tolerance"), has(2, "tolerance = 0.0001\n")], [false, false, true]);
    assert_eq!(sweep(&stops.to_toml(), &[]), stops);

    // What depends on a setting left out is left out as well.
    const KINDS: &str = r#"name = "x"
[data]
source = "synthetic_digits"
[model]
law = "wiener"
[train]
stop = "plateau"
patience = 3
validation = 100
[sweep.axes]
"model.kind" = ["machines", "exact"]
"#;
    let kinds = sweep(KINDS, &[]);
    assert!(kinds.cells[0].experiment.to_toml().contains("patience = 3\n"));
    assert!(kinds.cells[1].experiment.to_toml().contains("law = \"wiener\"\n"));
    assert_eq!(sweep(&kinds.to_toml(), &[]), kinds);

    // A setting that no value uses is a fault, and so is an axis that some cells have no use for.
    let faulty = |text: &str| lines(load(text, &[], &[]).map(|_| unreachable!()));
    let unused = faulty(&STOPS.replace(", \"test_variance\"", ""));
    assert!(!unused.is_empty());
    assert!(
        unused.iter().all(|line| line.contains("train.tolerance: goes with train.stop = test_variance")),
        "{unused:?}"
    );
    let unused = faulty(
        &KINDS
            .replace("[model]\nlaw = \"wiener\"\n", "")
            .replace("[sweep.axes]", "[sweep.axes]\n\"model.law\" = [\"wiener\"]"),
    );
    assert!(unused[0].contains("model.law: goes with model.kind = exact"), "{unused:?}");
}

#[test]
fn a_file_without_a_sweep_is_one_run() {
    assert!(matches!(load("data.source = \"mnist\"", &[], &[]), Ok(Task::Run(_))));
    let line = "experiments/x.toml:10:2: sweep: not allowed here, where one run is expected; name an experiment without it, or \
                a cell of the sweep";
    assert_eq!(lines(super::load(SOUND, &[], &[])), [line]);
}

/// Faults of [`SOUND`] with its last two lines, 11 and 12, replaced by these.
const AXES: &[(&str, &[&str])] = &[
    ("", &[": sweep.axes: missing, use one or more keys, each with a list of values, as in \"seed\" = [1, 2, 3]"]),
    ("\"model.hiden\" = [5]", &[":11:1: sweep.axes.\"model.hiden\": unknown key, did you mean \"model.hidden\"?"]),
    ("model.hiden = [5]", &[":11:7: sweep.axes.\"model.hiden\": unknown key, did you mean \"model.hidden\"?"]),
    ("hidden = [5]", &[":11:1: sweep.axes.hidden: unknown key, did you mean \"model.hidden\"?"]),
    (
        "\"model.zebra\" = [5]",
        &[":11:1: sweep.axes.\"model.zebra\": unknown key, [model] has kind, law, hidden, skip, axes, local"],
    ),
    (
        "model = [5]",
        &[
            ":11:1: sweep.axes.model: a section is not allowed as an axis, name one of its keys: kind, law, hidden, skip, axes, local",
        ],
    ),
    (
        "\"run.device\" = [\"host\"]",
        &[
            ":11:1: sweep.axes.\"run.device\": not allowed as an axis, it changes no number of a run; use seed or a key of \
          [data], [schedule], [model], [train], [sample], [analysis], [figures]",
        ],
    ),
    (
        "name = [\"a\", \"b\"]\n\"sweep.mode\" = [\"grid\"]",
        &[
            ":11:1: sweep.axes.name: not allowed as an axis, it changes no number of a run; use seed or a key of [data], \
             [schedule], [model], [train], [sample], [analysis], [figures]",
            ":12:1: sweep.axes.\"sweep.mode\": not allowed as an axis, it changes no number of a run; use seed or a key of \
             [data], [schedule], [model], [train], [sample], [analysis], [figures]",
        ],
    ),
    ("seed = []", &[":11:8: sweep.axes.seed: [] is not allowed, use one or more values"]),
    ("seed = 3", &[":11:8: sweep.axes.seed: expected a list of values, found the whole number 3"]),
    ("seed = [1, -2]", &[":11:12: seed: -2 is not allowed, use 0 or more"]),
    ("seed = [1, \"2\"]", &[":11:12: seed: expected a whole number, found the string \"2\""]),
    (
        "\"model.skip\" = [\"none\", \"weiner\"]",
        &[
            ":11:25: model.skip: \"weiner\" is not allowed, use one of none, learned, wiener, diagonal; did you mean \"wiener\"?",
        ],
    ),
    (
        "seed = [1, 2, 1]",
        &[":11:15: seed: 1 is not allowed, it makes the same experiment as the cell seed = 1; use different cells"],
    ),
    (
        "\"data.digits\" = [[1, 3], [3, 1]]\nseed = [0, 1]",
        &[
            ":11:26: data.digits: [...] is not allowed, it makes the same experiment as the cell data.digits = [...], seed = \
          0; use different cells",
        ],
    ),
    (
        "seed = [0]\n\"seed\" = [1]",
        &[":12:1: not valid TOML: \"seed\" a second time is not allowed, use each key and each table once"],
    ),
    (
        "model.hidden = [1]\n\"model.hidden\" = [2]",
        &[":12:1: sweep.axes.\"model.hidden\": a second time is not allowed, give each axis once"],
    ),
    ("\"sample.stride\" = [1, 30]", &[":11:23: sample.stride: 30 is not allowed, use 1 to 20 (schedule.timesteps)"]),
    (
        "\"schedule.timesteps\" = [40, 10]\n\"sample.stride\" = [1, 30]",
        &[
            ":12:23: sample.stride: 30 is not allowed, use 1 to 10 (schedule.timesteps) (in the cell schedule.timesteps = 10, \
          sample.stride = 30)",
        ],
    ),
    (
        "seed = [1, 2]\n\"schedule.timesteps\" = [40, 10]\n\"sample.stride\" = [1, 30]",
        &[":13:23: sample.stride: 30 is not allowed, use 1 to 10 (schedule.timesteps) (in the cell seed = 1, \
          schedule.timesteps = 10, sample.stride = 30, and 1 more cells)"],
    ),
    ("\"train.patience\" = [3, 4]", &[":11:1: train.patience: goes with train.stop = plateau; here train.stop = none"]),
    (
        "\"data.source\" = [\"synthetic_digits\", \"swiss_rol\"]",
        &[
            ":11:38: data.source: \"swiss_rol\" is not allowed, use one of mnist, mnist_csv, swiss_roll, gaussian_mixture, \
          curie_weiss, cubic, synthetic_digits; did you mean \"swiss_roll\"?",
        ],
    ),
    (
        "\"train.batch\" = [0, 5, \"a\"]\nseed = []\nzebra = [1]\n[train]\nepochs = 0",
        &[
            ":11:18: train.batch: 0 is not allowed, use 1 or more",
            ":11:24: train.batch: expected a whole number, found the string \"a\"",
            ":12:8: sweep.axes.seed: [] is not allowed, use one or more values",
            ":13:1: sweep.axes.zebra: unknown key, use one of name, purpose, seed or the sections data, schedule, model, \
             train, sample, analysis, figures, run, sweep",
            ":15:10: train.epochs: 0 is not allowed, use 1 to 1000000",
        ],
    ),
    (
        "seed = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]\n\"train.batch\" = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n\
         \"model.hidden\" = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
        &[": sweep.axes: 1100 cells are not allowed, use at most 1000"],
    ),
];

/// As [`AXES`], with the header of the section replaced as well.
const SECTIONS: &[(&str, &[&str])] = &[
    ("sweep = 3", &[":10:9: sweep: expected a table of keys, found the whole number 3"]),
    (
        "[sweep]\nmode = \"gird\"\naxes.seed = [1]",
        &[":11:8: sweep.mode: \"gird\" is not allowed, use one of grid, zip"],
    ),
    ("[sweep]\naxes = [\"seed\"]", &[":11:8: sweep.axes: expected a table of keys with lists of values, found a list"]),
    ("[sweep]\nmod = \"zip\"\naxes.seed = [1]", &[":11:1: sweep.mod: unknown key, did you mean sweep.mode?"]),
    (
        "[sweep]\nseed = [1]\naxes.\"train.batch\" = [1]",
        &[":11:1: sweep.seed: unknown key, did you mean sweep.axes.seed?"],
    ),
    ("[sweep]\nzebra = 1\naxes.seed = [1]", &[":11:1: sweep.zebra: unknown key, [sweep] has mode, axes"]),
    (
        "[sweep]\nmode = \"zip\"\naxes.seed = [1, 2]\naxes.\"train.batch\" = [1, 2, 3]\naxes.\"model.hidden\" = [1]",
        &[
            ":13:22: sweep.axes.\"train.batch\": a list of 3 is not allowed with sweep.mode = zip, use 2 values as seed has",
            ":14:23: sweep.axes.\"model.hidden\": a list of 1 is not allowed with sweep.mode = zip, use 2 values as seed has",
        ],
    ),
    (
        "[sweep]\nmode = \"zip\"\naxes.seed = [1, 2, 1]\naxes.\"train.batch\" = [5, 5, 5]",
        &[":12:20: seed: 1 is not allowed, it makes the same experiment as the cell seed = 1, train.batch = 5; use \
          different cells"],
    ),
    ("[swep]\naxes.seed = [1]", &[":10:2: swep: unknown key, did you mean \"sweep\"?"]),
];

#[test]
fn each_fault_of_a_sweep_has_its_place_and_what_is_allowed() {
    let head = SOUND.split_once("[sweep.axes]").unwrap().0;
    let axes = AXES.iter().map(|(text, lines)| (format!("{head}[sweep.axes]\n{text}\n"), lines));
    // `sweep = 3` is a key of the top only above the first header.
    let sections = SECTIONS.iter().map(|(text, lines)| match text.strip_prefix("sweep = ") {
        Some(_) => (format!("{}{text}\n", "\n".repeat(9)) + head, lines),
        None => (format!("{head}{text}\n"), lines),
    });
    let mut wrong = Vec::new();
    for (text, expected) in axes.chain(sections) {
        let found: Vec<String> = match load(&text, &[], &[]) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.iter().map(super::super::ConfigError::line).collect(),
        };
        let expected: Vec<String> = expected.iter().map(|line| format!("experiments/x.toml{line}")).collect();
        if found != expected {
            wrong.push(format!("{text}\nfound    {found:#?}\nexpected {expected:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn arguments_of_a_sweep_are_checked_as_well() {
    let cases = [
        (
            "seed=5",
            "--set seed=5: seed: an axis of the sweep takes its place; give sweep.axes.seed a list of values instead",
        ),
        (
            "sweep.axes.seed=5",
            "--set sweep.axes.seed=5: sweep.axes.seed: expected a list of values, found the whole number 5",
        ),
        ("sweep.axes.seed=[1, -2]", "--set sweep.axes.seed=[1, -2]: seed: -2 is not allowed, use 0 or more"),
        (
            "sweep.axes.model.hiden=[1]",
            "--set sweep.axes.model.hiden=[1]: sweep.axes.\"model.hiden\": unknown key, did you mean \"model.hidden\"?",
        ),
        ("sweep.mode=gird", "--set sweep.mode=gird: sweep.mode: \"gird\" is not allowed, use one of grid, zip"),
        ("sweep=3", "--set sweep=3: sweep: expected a table of keys, found the whole number 3"),
    ];
    for (set, line) in cases {
        let found: Vec<String> = load(SOUND, &[], &[set]).unwrap_err().iter().map(|error| error.line()).collect();
        assert_eq!(found, [line], "{set}");
    }
    let found = load(SOUND, &[("DRIVER_SEED", "3")], &[]).unwrap_err().to_string();
    assert!(found.starts_with("DRIVER_SEED=3: seed: an axis of the sweep takes its place; "), "{found}");
}

#[test]
fn the_name_of_a_sweep_leaves_room_for_the_numbers_of_its_cells() {
    let named = |length: usize| load(SOUND.replace("\"x\"", &format!("\"{}\"", "n".repeat(length))), &[], &[]);
    assert!(named(96).is_ok());
    let line = named(97).unwrap_err().to_string();
    assert!(
        line.starts_with(
            "experiments/x.toml:1:8: name: 97 characters are not allowed in a sweep of 6 cells, use 1 to 96"
        ),
        "{line}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn cells_are_the_product_of_the_axes_and_the_resolved_sweep_loads_as_itself(
        hidden in prop::collection::btree_set(1_usize..100, 1..4),
        seeds in prop::collection::btree_set(0_u64..=i64::MAX as u64, 1..4),
        rates in prop::collection::btree_set(1_u32..1000, 1..4),
    ) {
        let rates: Vec<f64> = rates.into_iter().map(|rate| f64::from(rate) * 1e-5).collect();
        let (h, s, r) = (hidden.len(), seeds.len(), rates.len());
        let text = format!(
            "data.source = \"synthetic_digits\"\n[sweep.axes]\nmodel.hidden = {hidden:?}\nseed = {seeds:?}\n\
             train.learning_rate = {rates:?}\n"
        ).replace('{', "[").replace('}', "]");
        let sweep = sweep(&text, &[]);
        prop_assert_eq!(sweep.cells.len(), h * s * r);
        let mut names = folders(&sweep);
        names.dedup();
        prop_assert_eq!(names.len(), sweep.cells.len());
        prop_assert_eq!(self::sweep(&sweep.to_toml(), &[]), sweep);
    }

    #[test]
    fn any_axes_are_survived(text in "[-a-z.\\[\\]{}=\"' 0-9,\n]{0,60}") {
        match load(format!("data.source = \"mnist\"\n[sweep.axes]\n{text}"), &[], &[]) {
            Ok(Task::Sweep(sweep)) => prop_assert!(!sweep.to_toml().is_empty()),
            Ok(Task::Run(_)) => prop_assert!(false, "a run"),
            Err(errors) => prop_assert!(errors.iter().count() > 0 && errors.iter().all(|error| !error.line().contains('\n'))),
        }
    }

    #[test]
    fn any_sweep_of_arguments_is_survived(set in "sweep[.=a-z\\[\\]0-9]{0,30}") {
        let _ = load(SOUND, &[], &[&set]);
    }
}
