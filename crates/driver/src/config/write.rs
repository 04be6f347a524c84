//! The resolved configuration as a TOML file that runs the same experiment again.

use std::path::Path;

use model::LocalConfig;
use schedule::Law;
use toml::Value;
use train::{Stop, WarmStart};

use super::choices::{LawWord, LossWord, ModelWord, Rule, Skip, StopWord, VarianceWord, WarmStartWord};
use super::experiment::{
    Analysis, Components, Counts, Data, Experiment, Limits, Machines, Model, OverT, Sample, Train,
};

/// Key paths and values in the order of the file.
pub(super) type Settings = Vec<(&'static str, Value)>;

/// The settings as TOML, those of a section together.
pub(super) fn text_of(settings: &[(&'static str, Value)]) -> String {
    let mut text = String::new();
    let mut section = "";
    for (path, value) in settings {
        let (of, name) = path.split_once('.').unwrap_or(("", path));
        if of != section {
            text.push_str(&format!("\n[{of}]\n"));
            section = of;
        }
        text.push_str(&format!("{name} = {value}\n"));
    }
    text
}

impl Experiment {
    /// All settings in force as TOML, in the order of the key table; loading the text gives an equal experiment.
    ///
    /// Left out are keys of other choices, and keys whose absence has a meaning where they are absent.
    pub fn to_toml(&self) -> String {
        text_of(&self.settings())
    }

    pub(super) fn settings(&self) -> Settings {
        let mut settings = vec![
            ("name", word(&self.name)),
            ("purpose", word(&self.purpose)),
            ("seed", Value::Integer(i64::try_from(self.seed).unwrap_or(i64::MAX))),
            ("data.source", word(self.data.source().word())),
        ];
        settings.extend(data(&self.data));
        let chain = !self.model.is_regression();
        if chain {
            settings.extend(law(self.schedule.law, self.schedule.timesteps));
        }
        settings.extend(match self.model {
            Model::Machines(machines @ Machines::Autoencoders { hidden, skip, axes, local: shape, local_last }) => {
                let mut settings = model(ModelWord::Machines, hidden, skip);
                settings.extend(axes.map(|axes| ("model.axes", int(axes))));
                settings.extend(shape.map(|shape| ("model.local", local(shape, local_last))));
                settings.extend(train(&self.train, machines.has_local_rate()));
                settings
            }
            Model::Machines(Machines::Sigmoid { rule }) => sigmoid(rule, &self.train),
            Model::Machines(Machines::Regression { hidden }) => regression(hidden, &self.train),
            Model::Conditioned { hidden } => {
                [model(ModelWord::Conditioned, hidden, Skip::None), train(&self.train, false)].concat()
            }
            Model::Exact(law) => {
                vec![("model.kind", word(ModelWord::Exact.word())), ("model.law", word(law.word()))]
            }
        });
        if chain {
            settings.extend(sample(&self.sample));
            settings.extend(analysis(&self.analysis));
            let times = self.figures.reconstruction_t.iter().map(|&t| int(t));
            settings.extend([
                ("figures.reconstruction_t", Value::Array(times.collect())),
                ("figures.reconstruction_images", int(self.figures.reconstruction_images)),
            ]);
        }
        settings.extend([
            ("run.device", word(self.run.device.word())),
            ("run.save_seconds", Value::Float(self.run.save_seconds)),
        ]);
        settings
    }
}

fn model(kind: ModelWord, hidden: usize, skip: Skip) -> Settings {
    vec![("model.kind", word(kind.word())), ("model.hidden", int(hidden)), ("model.skip", word(skip.word()))]
}

/// A machine without a chain, and how it is trained.
fn regression(hidden: usize, train: &Train) -> Settings {
    let mut settings = vec![("model.kind", word(ModelWord::Regression.word())), ("model.hidden", int(hidden))];
    settings.extend(steps(train));
    settings.push(("train.evaluate_every", int(train.evaluate_every)));
    settings
}

/// Layers of sigmoids, and how they are trained.
fn sigmoid(rule: Rule, train: &Train) -> Settings {
    let mut settings = vec![("model.kind", word(ModelWord::Sigmoid.word()))];
    settings.extend(steps(train));
    settings.extend([
        ("train.rule", word(rule.word())),
        ("train.validation", int(train.validation)),
        ("train.evaluate_every", int(train.evaluate_every)),
    ]);
    settings
}

/// The settings of all that is trained.
fn steps(train: &Train) -> [(&'static str, Value); 4] {
    [
        ("train.epochs", int(train.epochs)),
        ("train.batch", int(train.batch)),
        ("train.learning_rate", over_t(&train.learning_rate)),
        ("train.decay", word(train.decay.word())),
    ]
}

fn sample(sample: &Sample) -> Settings {
    let variance = |of| word(VarianceWord::of(of).word());
    vec![
        ("sample.count", int(sample.count)),
        ("sample.variance", variance(sample.variance)),
        ("sample.return_variance", variance(sample.return_variance)),
        ("sample.stride", int(sample.stride)),
        ("sample.noiseless_steps", int(sample.noiseless_steps)),
    ]
}

fn analysis(analysis: &Analysis) -> Settings {
    vec![
        ("analysis.observables", Value::Array(analysis.observables.iter().map(|name| word(name)).collect())),
        ("analysis.trajectories", int(analysis.trajectories)),
        ("analysis.times", int(analysis.times)),
        ("analysis.resamples", int(analysis.resamples)),
    ]
}

/// The shape of local units.
fn local(LocalConfig { kernel, channels }: LocalConfig, last: usize) -> Value {
    let mut table = vec![("kernel", int(kernel)), ("channels", int(channels))];
    table.extend((last < usize::MAX).then(|| ("last", int(last))));
    Value::Table(table.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn train(train: &Train, local_rate: bool) -> Settings {
    let mut settings = steps(train).to_vec();
    if train.effort != OverT::Constant(1.0) {
        settings.push(("train.effort", over_t(&train.effort)));
    }
    if local_rate {
        settings.push(("train.local_rate", Value::Float(train.local_rate)));
    }
    settings.push(("train.loss", word(LossWord::of(train.loss).word())));
    settings.extend(match train.warm_start {
        None => vec![("train.warm_start", word(WarmStartWord::None.word()))],
        Some(WarmStart { spacing, epochs }) => vec![
            ("train.warm_start", word(WarmStartWord::Neighbour.word())),
            ("train.anchor_spacing", int(spacing)),
            ("train.warm_epochs", int(epochs)),
        ],
    });
    settings.extend([("train.validation", int(train.validation)), ("train.evaluate_every", int(train.evaluate_every))]);
    settings.push(("train.stop", word(StopWord::of(train.stop).word())));
    settings.extend(match train.stop {
        Stop::None | Stop::Minimum => vec![],
        Stop::Plateau { patience, min_improvement } => {
            vec![("train.patience", int(patience)), ("train.min_improvement", Value::Float(min_improvement))]
        }
        Stop::TestVariance { tolerance } => vec![("train.tolerance", Value::Float(tolerance))],
    });
    settings
}

fn data(data: &Data) -> Settings {
    match data {
        Data::Mnist { dir, digits: kept, limits, offline, mirrors } => {
            let mut settings: Settings = dir.iter().map(|dir| path(dir)).collect();
            settings.push(digits(kept));
            settings.extend(limits_of(*limits));
            settings.push(("data.offline", word(offline.word())));
            if !mirrors.is_empty() {
                settings.push(("data.mirrors", Value::Array(mirrors.iter().map(|mirror| word(mirror)).collect())));
            }
            settings
        }
        Data::MnistCsv { dir, digits: kept, limits } => {
            let mut settings = vec![path(dir), digits(kept)];
            settings.extend(limits_of(*limits));
            settings
        }
        Data::SwissRoll { counts, noise } => {
            let mut settings = counts_of(*counts);
            settings.push(("data.noise", Value::Float(*noise)));
            settings
        }
        Data::GaussianMixture { counts, components, std } => {
            let mut settings = counts_of(*counts);
            settings.extend(components_of(components));
            settings.push(("data.std", Value::Float(*std)));
            settings
        }
        Data::Cubic { counts, noise } => {
            let mut settings = counts_of(*counts);
            settings.push(("data.noise", Value::Float(*noise)));
            settings
        }
        Data::CurieWeiss { counts, spins, coupling } => {
            let mut settings = counts_of(*counts);
            settings.extend([("data.spins", int(*spins)), ("data.coupling", Value::Float(*coupling))]);
            settings
        }
        Data::SyntheticDigits { counts, digits: kept } => {
            let mut settings = vec![digits(kept)];
            settings.extend(counts_of(*counts));
            settings
        }
    }
}

fn components_of(components: &Components) -> Settings {
    match components {
        Components::Symmetric { dim, mean_norm2 } => {
            vec![("data.dim", int(*dim)), ("data.mean_norm2", Value::Float(*mean_norm2))]
        }
        Components::Means { means, weights } => {
            let mut settings = vec![("data.means", Value::Array(means.iter().map(|mean| floats(mean)).collect()))];
            settings.extend(weights.iter().map(|weights| ("data.weights", floats(weights))));
            settings
        }
    }
}

fn law(law: Law, timesteps: usize) -> Settings {
    let (name, rates) = match law {
        Law::Linear { beta_start, beta_end } => {
            (LawWord::Linear, vec![("schedule.beta_start", beta_start), ("schedule.beta_end", beta_end)])
        }
        Law::Cosine => (LawWord::Cosine, Vec::new()),
        Law::Constant { beta } => (LawWord::Constant, vec![("schedule.beta_start", beta)]),
    };
    let mut settings = vec![("schedule.law", word(name.word())), ("schedule.timesteps", int(timesteps))];
    settings.extend(rates.into_iter().map(|(key, rate)| (key, Value::Float(rate))));
    settings
}

fn over_t(rate: &OverT) -> Value {
    match rate {
        OverT::Constant(rate) => Value::Float(*rate),
        OverT::Knots(knots) => {
            Value::Array(knots.iter().map(|(t, rate)| Value::Array(vec![int(*t), Value::Float(*rate)])).collect())
        }
    }
}

fn limits_of(limits: Limits) -> Settings {
    let given = [("data.train_limit", limits.train), ("data.test_limit", limits.test)];
    given.into_iter().filter_map(|(key, limit)| Some((key, int(limit?)))).collect()
}

fn counts_of(counts: Counts) -> Settings {
    limits_of(Limits { train: Some(counts.train), test: Some(counts.test) })
}

fn digits(digits: &[u8]) -> (&'static str, Value) {
    ("data.digits", Value::Array(digits.iter().map(|digit| Value::Integer(i64::from(*digit))).collect()))
}

fn path(dir: &Path) -> (&'static str, Value) {
    ("data.dir", word(&dir.to_string_lossy()))
}

fn floats(numbers: &[f64]) -> Value {
    Value::Array(numbers.iter().map(|x| Value::Float(*x)).collect())
}

fn word(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// Loading bounds every number by i64.
fn int(n: usize) -> Value {
    Value::Integer(i64::try_from(n).unwrap_or(i64::MAX))
}
