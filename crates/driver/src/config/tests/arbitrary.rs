//! Properties: a written experiment loads as itself, and no input whatever panics.

use model::LocalConfig;
use proptest::prelude::*;
use schedule::{Law, LossWeight, ReverseVariance};
use train::{Stop, WarmStart};

use super::super::{
    Analysis, Components, Counts, Data, Decay, Device, ExactLaw, Experiment, Figures, Limits, Machines, Model, Offline,
    Origins, OverT, Rule, Run, Sample, ScheduleSettings, Skip, Train,
};
use super::{GOOD, load};

fn digits() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::btree_set(0u8..=9, 1..=10).prop_map(|digits| digits.into_iter().collect())
}

fn limit() -> impl Strategy<Value = Option<usize>> {
    prop::option::of(1usize..=100_000_000)
}

fn positive() -> impl Strategy<Value = f64> {
    prop::num::f64::POSITIVE.prop_filter("finite", |x| x.is_finite() && *x > 0.0)
}

fn finite() -> impl Strategy<Value = f64> {
    prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO
}

fn components() -> impl Strategy<Value = Components> {
    let symmetric = (1usize..=65_536, prop_oneof![positive(), Just(0.0)])
        .prop_map(|(dim, mean_norm2)| Components::Symmetric { dim, mean_norm2 });
    let means = (1usize..4, 1usize..4).prop_flat_map(|(rows, columns)| {
        let means = prop::collection::vec(prop::collection::vec(finite(), columns), rows);
        let weights = prop::option::of(prop::collection::vec(positive(), rows));
        (means, weights).prop_map(|(means, weights)| Components::Means { means, weights })
    });
    prop_oneof![symmetric, means]
}

fn data() -> impl Strategy<Value = Data> {
    let limits = || (limit(), limit()).prop_map(|(train, test)| Limits { train, test });
    let counts = || limits().prop_map(|limits| limits.or(Counts::SWISS_ROLL));
    let dir = || "[^\0]{1,20}".prop_map(std::path::PathBuf::from);
    let offline = prop_oneof![Just(Offline::Error), Just(Offline::SyntheticDigits)];
    let mirrors = prop::collection::vec("https?://[a-z./?\"'\\\\é]{1,12}", 0..3);
    prop_oneof![
        (prop::option::of(dir()), digits(), limits(), offline, mirrors)
            .prop_map(|(dir, digits, limits, offline, mirrors)| Data::Mnist { dir, digits, limits, offline, mirrors }),
        (dir(), digits(), limits()).prop_map(|(dir, digits, limits)| Data::MnistCsv { dir, digits, limits }),
        (counts(), prop_oneof![positive(), Just(0.0)]).prop_map(|(counts, noise)| Data::SwissRoll { counts, noise }),
        (counts(), components(), prop_oneof![positive(), Just(0.0)])
            .prop_map(|(counts, components, std)| Data::GaussianMixture { counts, components, std }),
        (counts(), 1usize..=65_536, positive()).prop_map(|(counts, spins, coupling)| Data::CurieWeiss {
            counts,
            spins,
            coupling
        }),
        (counts(), digits()).prop_map(|(counts, digits)| Data::SyntheticDigits { counts, digits }),
    ]
}

fn schedule() -> impl Strategy<Value = ScheduleSettings> {
    let law = prop_oneof![
        (1e-6..0.02f64, 1e-6..0.02f64)
            .prop_map(|(a, b): (f64, f64)| Law::Linear { beta_start: a.min(b), beta_end: a.max(b) }),
        Just(Law::Cosine),
        (1e-6..0.02f64).prop_map(|beta| Law::Constant { beta }),
    ];
    (law, 1usize..2000).prop_map(|(law, timesteps)| ScheduleSettings { law, timesteps })
}

fn train() -> impl Strategy<Value = Train> {
    let knots = prop::collection::btree_map(1usize..5000, positive(), 1..5)
        .prop_map(|knots| OverT::Knots(knots.into_iter().collect()));
    let rate = prop_oneof![positive().prop_map(OverT::Constant), knots];
    let decay = prop_oneof![Just(Decay::None), Just(Decay::Cosine)];
    let loss = prop_oneof![Just(LossWeight::Simple), Just(LossWeight::Variational), Just(LossWeight::Accidental)];
    let warm_start = prop::option::of(
        (1usize..=100_000, 1usize..=1_000_000).prop_map(|(spacing, epochs)| WarmStart { spacing, epochs }),
    );
    let plateau = (1usize..=1_000_000, 0.0..1.0f64);
    let stop = prop_oneof![
        Just(Stop::None),
        Just(Stop::Minimum),
        plateau.prop_map(|(patience, min_improvement)| Stop::Plateau { patience, min_improvement }),
        positive().prop_map(|tolerance| Stop::TestVariance { tolerance }),
    ];
    let course = (warm_start, 0usize..=100_000_000, 1usize..=1_000_000, stop);
    (1usize..=1_000_000, 1usize.., rate, decay, loss, course).prop_map(
        |(epochs, batch, learning_rate, decay, loss, course)| {
            let (warm_start, validation, evaluate_every, stop) = course;
            let least = usize::from(matches!(stop, Stop::Plateau { .. }));
            Train {
                epochs,
                effort: OverT::Constant(1.0),
                // TOML's integers have 63 bits beside the sign.
                batch: (batch >> 1).max(1),
                learning_rate,
                local_rate: 10.0,
                decay,
                loss,
                warm_start,
                validation: validation.max(least),
                evaluate_every,
                stop,
            }
        },
    )
}

/// Batch and validation images that n training samples have room for.
fn fit_into(train: &mut Train, n: usize) {
    train.batch = train.batch.min(n);
    train.validation = train.validation.min(n - train.batch);
    if train.validation == 0 && matches!(train.stop, Stop::Plateau { .. }) {
        train.stop = Stop::None;
    }
}

/// Machines with how they are trained, or a law that goes with any data.
fn model() -> impl Strategy<Value = (Model, Train)> {
    let skip = prop_oneof![Just(Skip::None), Just(Skip::Learned), Just(Skip::Wiener), Just(Skip::Diagonal)];
    let shape = (0usize..8, 1usize..=512).prop_map(|(half, channels)| LocalConfig { kernel: 2 * half + 1, channels });
    let axes = prop::option::of(1usize..=65_536);
    let machines = (1usize..=65_536, skip, axes, prop::option::of(shape), positive(), train()).prop_map(
        |(hidden, skip, axes, local, local_rate, train)| {
            let axes = axes.filter(|_| skip.kind().is_affine());
            (
                Model::Machines(Machines::Autoencoders { hidden, skip, axes, local, local_last: usize::MAX }),
                Train { local_rate, ..train },
            )
        },
    );
    let one_for_all = (1usize..=65_536, positive(), train()).prop_map(|(hidden, rate, train)| {
        let (learning_rate, loss) = (OverT::Constant(rate), LossWeight::Simple);
        let train = Train { learning_rate, loss, warm_start: None, stop: Stop::None, ..train };
        (Model::Conditioned { hidden }, train)
    });
    let rule = prop_oneof![Just(Rule::Delta), Just(Rule::Gradient)];
    let layers = (rule, train()).prop_map(|(rule, train)| {
        let train = Train { loss: LossWeight::Simple, warm_start: None, stop: Stop::None, ..train };
        (Model::Machines(Machines::Sigmoid { rule }), train)
    });
    let law = prop_oneof![Just(ExactLaw::Wiener), Just(ExactLaw::Gaussian), Just(ExactLaw::Empirical)];
    let untrained = load("data.source = \"mnist\"", &[], &[]).expect("valid").train;
    let regression = (1usize..=65_536, train()).prop_map(|(hidden, train)| {
        let train = Train { loss: LossWeight::Simple, warm_start: None, stop: Stop::None, validation: 0, ..train };
        (Model::Machines(Machines::Regression { hidden }), train)
    });
    let exact = law.prop_map(move |law| (Model::Exact(law), untrained.clone()));
    prop_oneof![machines, one_for_all, layers, regression, exact]
}

fn analysis() -> impl Strategy<Value = Analysis> {
    let words = prop::sample::subsequence(analysis::observables::words_known(), 0..3);
    (words, 2usize..=100_000_000, 1usize..=100_000, 1usize..=1_000_000).prop_map(
        |(words, trajectories, times, resamples)| {
            let observables = words.into_iter().map(str::to_owned).collect();
            Analysis { observables, trajectories, times, resamples }
        },
    )
}

fn experiment() -> impl Strategy<Value = Experiment> {
    let device = prop_oneof![
        Just(Device::Host),
        Just(Device::Ndarray),
        Just(Device::Cuda),
        Just(Device::CudaHostNoise),
        Just(Device::Auto)
    ];
    let run = (device, 0.0..1e9_f64).prop_map(|(device, save_seconds)| Run { device, save_seconds });
    let variance =
        || prop_oneof![Just(ReverseVariance::Posterior), Just(ReverseVariance::Beta), Just(ReverseVariance::Optimal),];
    let index = any::<prop::sample::Index>;
    let named = ("[A-Za-z0-9_-]([A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?", any::<String>(), 0..=i64::MAX as u64);
    let reconstructed = (prop::collection::vec(index(), 1..9), 0usize..=1_000);
    let sampled = (0usize..=100_000_000, variance(), variance(), index(), index(), reconstructed);
    (named, data(), schedule(), model(), sampled, analysis(), run).prop_map(
        |((name, purpose, seed), data, schedule, (model, mut train), sampled, analysis, run)| {
            let (count, variance, return_variance, stride, noiseless, (times, images)) = sampled;
            let points = Counts { train: data.most_train().unwrap_or(1), test: 7 };
            let data = if model.is_regression() { Data::Cubic { counts: points, noise: 0.25 } } else { data };
            let model = match model {
                Model::Machines(Machines::Autoencoders { hidden, skip, axes, local_last, .. })
                    if !data.is_of_images() =>
                {
                    Model::Machines(Machines::Autoencoders { hidden, skip, axes, local: None, local_last })
                }
                other => other,
            };
            if !model.machines().is_some_and(Machines::has_local_rate) {
                train.local_rate = 10.0;
            }
            if let (Model::Machines(_) | Model::Conditioned { .. }, Some(n)) = (model, data.most_train()) {
                fit_into(&mut train, n);
            }
            let stackable = matches!(model, Model::Machines(Machines::Autoencoders { .. }) | Model::Exact(_));
            let run = Run { device: if stackable { run.device } else { Device::Auto }, ..run };
            if train.too_heavy_on(&schedule).is_some() {
                train.loss = LossWeight::Simple;
            }
            let within = |index: prop::sample::Index| index.index(schedule.timesteps) + 1;
            let times: std::collections::BTreeSet<usize> = times.into_iter().map(within).collect();
            let experiment = Experiment {
                name,
                purpose,
                seed,
                data,
                schedule,
                model,
                train,
                sample: Sample {
                    count,
                    variance,
                    return_variance,
                    stride: within(stride),
                    noiseless_steps: within(noiseless) - 1,
                },
                analysis,
                figures: Figures { reconstruction_t: times.into_iter().collect(), reconstruction_images: images },
                run,
                origins: Origins::default(),
            };
            if !model.is_regression() {
                return experiment;
            }
            let bare = load("data.source = \"cubic\"\nmodel.kind = \"regression\"", &[], &[]).expect("valid");
            let Experiment { schedule, sample, analysis, figures, .. } = bare;
            Experiment { schedule, sample, analysis, figures, ..experiment }
        },
    )
}

/// Loads and, on a fault, renders; the value is of no interest.
fn survives(text: &[u8], set: &[&str]) {
    match load(text, &[("DRIVER_SEED", "1")], set) {
        Ok(experiment) => assert!(!experiment.to_toml().is_empty()),
        Err(errors) => {
            assert!(errors.iter().count() > 0);
            assert!(errors.iter().all(|error| !error.line().contains('\n')), "{errors}");
            assert!(!errors.to_string().is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn a_written_experiment_loads_as_itself(experiment in experiment()) {
        let text = experiment.to_toml();
        match load(&text, &[], &[]) {
            Ok(loaded) => {
                prop_assert_eq!(&loaded, &experiment);
                prop_assert_eq!(loaded.to_toml(), text);
            }
            Err(errors) => return Err(TestCaseError::fail(format!("{errors}\n{text}"))),
        }
    }

    #[test]
    fn any_text_is_survived(text in any::<String>(), set in any::<String>()) {
        survives(text.as_bytes(), &[&set]);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes, &[]);
    }

    #[test]
    fn any_value_of_any_key_is_survived(i in any::<prop::sample::Index>(), value in "[-0-9a-z.\\[\\],{}=\"' ]{0,24}") {
        let key = i.get(super::super::keys()).path;
        survives(GOOD.as_bytes(), &[&format!("{key}={value}")]);
    }

    #[test]
    fn any_mutation_of_a_good_file_is_survived(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4, any::<u8>(), "[-0-9a-z.=\\[\\]\"\n]{1,4}"), 1..6)
    ) {
        let mut bytes = GOOD.as_bytes().to_vec();
        for (at, cut, byte, text) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + cut).min(bytes.len());
            let insert = if cut == 3 { vec![byte] } else { text.into_bytes() };
            bytes.splice(at..end, insert);
        }
        survives(&bytes, &[]);
    }
}

#[test]
fn depth_and_length_are_survived() {
    let deep = [
        format!("{}b = 1", "a.".repeat(100_000)),
        format!("data.means = {}1{}", "[".repeat(100_000), "]".repeat(100_000)),
        "a = 1\n".replace('a', &"a".repeat(1_000_000)),
        (0..20_000).map(|i| format!("k{i} = 1\n")).collect(),
        format!("data.source = \"mnist\"\ndata.digits = [{}]", "11, ".repeat(100_000)),
    ];
    for text in &deep {
        survives(text.as_bytes(), &[]);
    }
    survives(GOOD.as_bytes(), &[&format!("{}b=1", "a.".repeat(100_000)), &format!("seed={}", "[".repeat(100_000))]);
}
