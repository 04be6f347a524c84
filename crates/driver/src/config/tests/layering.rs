//! Which layer wins, defaults, and where a later fault is placed.

use schedule::{Law, LossWeight, ReverseVariance};
use train::{Stop, WarmStart};

use super::super::{
    Analysis, Components, Counts, Data, Decay, Device, ExactLaw, Limits, Machines, Model, Offline, OverT, Place,
    Position, Skip, Sources,
};
use super::{GOOD, load};

const SOURCE: &str = "[data]\nsource = \"mnist\"\n";

#[test]
fn the_defaults_are_valid() {
    let x = load(SOURCE, &[], &[]).expect("valid");
    assert_eq!((x.name.as_str(), x.purpose.as_str(), x.seed), ("x", "", 0));
    let digits = (0..=9).collect();
    let data = Data::Mnist { dir: None, digits, limits: Limits::default(), offline: Offline::Error, mirrors: vec![] };
    assert_eq!(x.data, data);
    assert_eq!(x.schedule.law, Law::Linear { beta_start: 1e-4, beta_end: 0.02 });
    assert_eq!(x.schedule.timesteps, 1000);
    assert_eq!(x.model, Model::Machines(Machines::dense(200, Skip::Wiener)));
    let analysis = Analysis { observables: vec![], trajectories: 1000, times: 20, resamples: 500 };
    assert_eq!(x.analysis, analysis);
    assert_eq!((x.train.epochs, x.train.batch, x.train.decay), (10, 50, Decay::Cosine));
    assert_eq!((&x.train.learning_rate, x.train.loss), (&OverT::Constant(1e-3), LossWeight::Simple));
    assert_eq!((x.train.warm_start, x.train.validation, x.train.evaluate_every), (None, 0, 1));
    assert_eq!(x.train.stop, Stop::None);
    assert_eq!((x.sample.count, x.sample.variance, x.sample.stride), (1000, ReverseVariance::Posterior, 1));
    assert_eq!((x.sample.return_variance, x.sample.noiseless_steps), (ReverseVariance::Posterior, 1));
    assert_eq!((x.figures.reconstruction_t, x.run.device), (vec![300, 500, 575, 650, 840], Device::Auto));
}

#[test]
fn each_layer_is_over_the_one_before() {
    let file = format!("{SOURCE}[train]\nbatch = 2\nepochs = 2\n[model]\nhidden = 2\n");
    let environment = [("DRIVER_TRAIN__EPOCHS", "3"), ("DRIVER_MODEL__HIDDEN", "3"), ("PATH", "/bin")];
    let x = load(file, &environment, &["model.hidden=4", "model.hidden = 5"]).expect("valid");
    assert_eq!((x.sample.stride, x.train.batch, x.train.epochs), (1, 2, 3));
    assert_eq!(x.model, Model::Machines(Machines::dense(5, Skip::Wiener)));
}

#[test]
fn a_later_layer_mends_an_earlier_one() {
    let faulty = "[data]\nsource = \"mnits\"\ndigits = 3\n[train]\nbatch = 0\n";
    let set = ["data.source=mnist", "data.digits=[1, 3]", "train.batch=5"];
    assert_eq!(load(faulty, &[], &set).expect("mended").train.batch, 5);
}

#[test]
fn arguments_are_toml_or_bare_words() {
    let set = [
        "name=2024",
        "purpose=a b = c",
        "seed=0x10",
        "data.digits=[8, 3]",
        "data.dir=some folder/my data",
        "train.learning_rate=[[1, 1], [9, 0.5]]",
        "run.device=\"cuda\"",
        "schedule={timesteps=9, law=\"cosine\"}",
    ];
    let x = load(SOURCE, &[("DRIVER_SAMPLE__VARIANCE", "beta")], &set).expect("valid");
    assert_eq!((x.name.as_str(), x.purpose.as_str(), x.seed), ("2024", "a b = c", 16));
    assert_eq!((x.schedule.law, x.schedule.timesteps, x.run.device), (Law::Cosine, 9, Device::Cuda));
    assert_eq!(x.train.learning_rate, OverT::Knots(vec![(1, 1.0), (9, 0.5)]));
    assert_eq!((x.sample.variance, x.sample.return_variance), (ReverseVariance::Beta, ReverseVariance::Beta));
    let other = load(SOURCE, &[], &["sample.variance=beta", "sample.return_variance=posterior"]).expect("valid").sample;
    assert_eq!((other.variance, other.return_variance), (ReverseVariance::Beta, ReverseVariance::Posterior));
    let Data::Mnist { dir, digits, .. } = x.data else { panic!("{:?}", x.data) };
    assert_eq!((dir, digits), (Some("some folder/my data".into()), vec![3, 8]));
}

#[test]
fn sources_have_their_own_defaults() {
    let roll = load("data = { source = \"swiss_roll\", test_limit = 7 }", &[], &[]).expect("valid");
    assert_eq!(roll.data, Data::SwissRoll { counts: Counts { train: 10_000, test: 7 }, noise: 0.0 });
    let mixture =
        load("data.source = \"gaussian_mixture\"\ndata.dim = 3\ndata.mean_norm2 = 2", &[], &[]).expect("valid");
    let components = Components::Symmetric { dim: 3, mean_norm2: 2.0 };
    assert_eq!(mixture.data, Data::GaussianMixture { counts: Counts::GAUSSIAN_MIXTURE, components, std: 1.0 });
    let means = "data.source = \"gaussian_mixture\"\ndata.means = [[0, 1.5], [2, 3]]\ndata.weights = [1, 0.5]";
    let Data::GaussianMixture { components, .. } = load(means, &[], &[]).expect("valid").data else { panic!() };
    let expected = Components::Means { means: vec![vec![0.0, 1.5], vec![2.0, 3.0]], weights: Some(vec![1.0, 0.5]) };
    assert_eq!(components, expected);
    let spins = load("data.source = \"curie_weiss\"\ndata.spins = 9", &[], &[]).expect("valid");
    assert_eq!(spins.data, Data::CurieWeiss { counts: Counts::CURIE_WEISS, spins: 9, coupling: 1.5 });
    let digits = load("data.source = \"synthetic_digits\"\ndata.digits = [7]", &[], &[]).expect("valid");
    assert_eq!(digits.data, Data::SyntheticDigits { counts: Counts::SYNTHETIC_DIGITS, digits: vec![7] });
}

#[test]
fn an_exact_law_takes_the_place_of_the_machines() {
    let exact = |data: &str, law: &str| {
        let text = format!("data = {{ {data} }}\n[model]\nkind = \"exact\"\nlaw = \"{law}\"\n");
        let x = load(&text, &[], &[]).expect("valid");
        assert_eq!(load(x.to_toml(), &[], &[]).expect("valid"), x);
        assert!(!x.to_toml().contains("hidden") && !x.to_toml().contains("[train]"));
        (x.model, x.model.name())
    };
    let mnist = "source = \"mnist\", digits = [1, 3]";
    let deltas = "source = \"gaussian_mixture\", dim = 1, mean_norm2 = 1, std = 0";
    let cases = [
        (mnist, ExactLaw::Wiener, "wiener"),
        (mnist, ExactLaw::Gaussian, "gaussian"),
        (mnist, ExactLaw::Mixture, "mixture"),
        (mnist, ExactLaw::Empirical, "empirical"),
        (deltas, ExactLaw::TwoGaussians, "law"),
        (deltas, ExactLaw::TwoDeltas, "law"),
        ("source = \"curie_weiss\", spins = 7", ExactLaw::CurieWeiss, "law"),
        ("source = \"swiss_roll\"", ExactLaw::Spiral, "law"),
    ];
    for (data, law, name) in cases {
        assert_eq!(exact(data, law.word()), (Model::Exact(law), name), "{data}");
    }
}

#[test]
fn the_choices_of_training_bring_defaults_of_their_own() {
    let train = |text: &str| load(format!("{SOURCE}[train]\n{text}\n"), &[], &[]).expect("valid").train;
    let warm = |text: &str| train(&format!("warm_start = \"neighbour\"\n{text}")).warm_start;
    assert_eq!(warm("epochs = 7"), Some(WarmStart { spacing: 10, epochs: 7 }));
    assert_eq!(warm("anchor_spacing = 4\nwarm_epochs = 2"), Some(WarmStart { spacing: 4, epochs: 2 }));
    let plateau = Stop::Plateau { patience: 5, min_improvement: 1e-3 };
    assert_eq!(train("stop = \"plateau\"\nvalidation = 100").stop, plateau);
    assert_eq!(train("stop = \"minimum\"").stop, Stop::Minimum);
    assert_eq!(train("stop = \"test_variance\"").stop, Stop::TestVariance { tolerance: 1e-6 });
}

#[test]
fn a_constant_law_takes_beta_start() {
    let text = format!("{SOURCE}[schedule]\nlaw = \"constant\"\nbeta_start = 0.05\n");
    assert_eq!(load(text, &[], &[]).expect("valid").schedule.law, Law::Constant { beta: 0.05 });
}

#[test]
fn a_fault_found_after_loading_has_the_place_of_its_key() {
    let x = load(GOOD, &[("DRIVER_SEED", "9")], &["model.hidden=3"]).expect("valid");
    let line = |key| x.error(key, "no").line();
    assert_eq!(line("train.batch"), "experiments/x.toml:13:9: train.batch: no");
    assert_eq!(line("seed"), "DRIVER_SEED=9: seed: no");
    assert_eq!(line("model.hidden"), "--set model.hidden=3: model.hidden: no");
    assert_eq!(line("sample.count"), "experiments/x.toml: sample.count: no");
    let position = Some(Position { line: 13, column: 9 });
    assert_eq!(x.error("train.batch", "no").place(), &Place::File { path: "experiments/x.toml".into(), position });
}

#[test]
fn a_resolved_file_is_readable_and_complete() {
    let x = load(GOOD, &[], &[]).expect("valid");
    let expected = r#"name = "x"
purpose = "two digits"
seed = 7

[data]
source = "mnist"
digits = [1, 3]
train_limit = 12000
offline = "error"

[schedule]
law = "linear"
timesteps = 100
beta_start = 0.0001
beta_end = 0.02

[model]
kind = "machines"
hidden = 200
skip = "wiener"

[train]
epochs = 10
batch = 25
learning_rate = [[1, 0.008], [100, 0.004]]
decay = "cosine"
loss = "simple"
warm_start = "none"
validation = 0
evaluate_every = 1
stop = "none"

[sample]
count = 1000
variance = "posterior"
return_variance = "posterior"
stride = 1
noiseless_steps = 1

[analysis]
observables = []
trajectories = 1000
times = 20
resamples = 500

[figures]
reconstruction_t = [30, 50, 58, 65, 84]
reconstruction_images = 100

[run]
device = "auto"
save_seconds = 30.0
"#;
    assert_eq!(x.to_toml(), expected);
}

#[test]
fn files_are_read_from_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mnist_T100.toml");
    std::fs::write(&file, GOOD).expect("written");
    let load = |file| super::super::load(&Sources { file, ..Sources::default() });
    assert_eq!(load(file.clone()).expect("valid").name, "mnist_T100");
    let missing = folder.path().join("mnist_T10.toml");
    let shown = load(missing.clone()).expect_err("missing").to_string();
    let start = format!("{}: cannot be read: ", missing.display());
    assert!(shown.starts_with(&start), "{shown}");
    assert!(shown.ends_with(&format!(", did you mean {}?", file.display())), "{shown}");
}
