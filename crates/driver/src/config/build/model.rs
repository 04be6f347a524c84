//! The conditions on `[model]`: which exact law goes with which data.

use super::super::choices::{Device, ExactLaw, LossWord, ModelWord, Rule, Skip, StopWord, WarmStartWord};
use super::super::experiment::{Components, Data, Machines, Model, OverT};
use super::super::keys::{Key, keys};
use super::super::raw::{RawModel, RawTrain};
use super::Builder;
use model::LocalConfig;

impl Builder<'_> {
    /// The model settings; of an exact law also whether the data allow it.
    pub(super) fn model(&mut self, raw: &RawModel, rule: Rule, data: Option<&Data>) -> Option<Model> {
        // The skip that the axes go with has a default, whatever the model.
        if raw.kind != ModelWord::Machines && raw.axes.is_some() && !self.faults.spoils("model.axes") {
            let message = format!("goes with model.kind = machines; here model.kind = {}", raw.kind);
            self.fault_at(self.layers.origin_of_name("model.axes"), "model.axes", message);
        }
        match raw.kind {
            ModelWord::Machines => {
                let local =
                    raw.local.as_ref().map(|local| LocalConfig { kernel: local.kernel, channels: local.channels });
                if local.is_some() && data.is_some_and(|data| !data.is_of_images()) {
                    let source = data.map_or("", |data| data.source().word());
                    let message =
                        format!("goes with images, data.source = mnist, mnist_csv or synthetic_digits; here {source}");
                    self.fault("model.local", message);
                }
                let local_last = raw.local.as_ref().and_then(|local| local.last).unwrap_or(usize::MAX);
                let (hidden, skip, axes) = (raw.hidden, raw.skip, raw.axes);
                return Some(Model::Machines(Machines::Autoencoders { hidden, skip, axes, local, local_last }));
            }
            ModelWord::Conditioned => return Some(Model::Conditioned { hidden: raw.hidden }),
            ModelWord::Sigmoid => return Some(Model::Machines(Machines::Sigmoid { rule })),
            ModelWord::Regression => {
                return Some(Model::Machines(Machines::Regression { hidden: raw.hidden }));
            }
            ModelWord::Exact => {}
        }
        let Some(law) = raw.law else {
            if !self.was_given("model.law") {
                let laws = data.map_or(ExactLaw::WORDS.to_vec(), laws_of).join(", ");
                self.fault("model.law", format!("missing, model.kind = exact needs one of {laws}"));
            }
            return None;
        };
        if let Some(data) = data.filter(|data| !suits(law, data)) {
            let laws = laws_of(data).join(", ");
            self.fault("model.law", format!("{law} goes with {}; here use one of {laws}", needs(law)));
        }
        Some(Model::Exact(law))
    }

    /// The conditions on the settings of one machine for all timesteps.
    pub(super) fn one_for_all(&mut self, model: &RawModel, train: &RawTrain, device: Device) {
        if model.skip != Skip::None && self.was_given("model.skip") {
            self.not_for_all("model.skip", model.skip.word(), "has no skip", "none, or leave it out");
        }
        if let OverT::Knots(_) = train.learning_rate {
            self.not_for_all("train.learning_rate", "a law over t", "is trained at all t at once", "one number");
        }
        if train.effort != OverT::Constant(1.0) {
            self.not_for_all("train.effort", "a share", "is trained at all t at once", "1.0, or leave it out");
        }
        if train.loss != LossWord::Simple {
            self.not_for_all("train.loss", train.loss.word(), "is trained with weight 1", "simple");
        }
        if train.warm_start != WarmStartWord::None {
            self.not_for_all("train.warm_start", train.warm_start.word(), "has no neighbour", "none");
        }
        if train.stop != StopWord::None {
            self.not_for_all("train.stop", train.stop.word(), "is trained for all its epochs", "none");
        }
        if !matches!(device, Device::Host | Device::Auto) {
            self.not_for_all("run.device", device.word(), "is trained by the host engine", "host or auto");
        }
    }

    fn not_for_all(&mut self, key: &str, value: &str, why: &str, instead: &str) {
        let message =
            format!("{value} is not allowed with model.kind = conditioned, whose machine {why}; use {instead}");
        if !self.faults.spoils(key) {
            self.fault(key, message);
        }
    }

    /// A regression is of a cubic, a cubic is for a regression, and no chain goes with it.
    pub(super) fn regression(&mut self, model: Model, data: &Data) {
        let (regression, cubic) = (model.is_regression(), matches!(data, Data::Cubic { .. }));
        if regression && !cubic {
            let message = format!("regression goes with data.source = cubic; here data.source = {}", data.source());
            self.fault("model.kind", message);
        } else if cubic && !regression {
            self.fault("data.source", "cubic goes with model.kind = regression, use another source or that kind");
        }
        if regression {
            const OF_CHAINS: [&str; 4] = ["schedule.", "sample.", "analysis.", "figures."];
            let of_chain = |key: &&Key| OF_CHAINS.iter().any(|section| key.path.starts_with(section));
            for key in keys().iter().filter(of_chain).map(|key| key.path) {
                if self.layers.value(key).is_some() {
                    let message = "goes with a diffusion; here model.kind = regression, which has none";
                    self.fault_at(self.layers.origin_of_name(key), key, message);
                }
            }
        }
    }
}

/// The laws that `data` allow.
fn laws_of(data: &Data) -> Vec<&'static str> {
    ExactLaw::ALL.iter().filter(|law| suits(**law, data)).map(|law| law.word()).collect()
}

fn suits(law: ExactLaw, data: &Data) -> bool {
    match law {
        ExactLaw::Wiener | ExactLaw::Gaussian | ExactLaw::Empirical => true,
        ExactLaw::Mixture => match data {
            Data::Mnist { digits, .. } | Data::MnistCsv { digits, .. } | Data::SyntheticDigits { digits, .. } => {
                digits.len() > 1
            }
            Data::GaussianMixture { components: Components::Means { means, .. }, .. } => means.len() > 1,
            Data::GaussianMixture { .. } | Data::CurieWeiss { .. } => true,
            Data::SwissRoll { .. } | Data::Cubic { .. } => false,
        },
        ExactLaw::TwoGaussians => {
            matches!(data, Data::GaussianMixture { components: Components::Symmetric { .. }, .. })
        }
        ExactLaw::TwoDeltas => {
            let deltas = Components::Symmetric { dim: 1, mean_norm2: 1.0 };
            matches!(data, Data::GaussianMixture { components, std, .. } if *components == deltas && *std == 0.0)
        }
        ExactLaw::CurieWeiss => matches!(data, Data::CurieWeiss { .. }),
        ExactLaw::Spiral => matches!(data, Data::SwissRoll { noise, .. } if *noise == 0.0),
    }
}

/// What the data must be for `law`, in words.
fn needs(law: ExactLaw) -> &'static str {
    match law {
        ExactLaw::Wiener | ExactLaw::Gaussian | ExactLaw::Empirical => "any data",
        ExactLaw::Mixture => "data of two classes or more",
        ExactLaw::TwoGaussians => "data.source = gaussian_mixture given by data.dim and data.mean_norm2",
        ExactLaw::TwoDeltas => "data.source = gaussian_mixture with data.dim = 1, data.mean_norm2 = 1 and data.std = 0",
        ExactLaw::CurieWeiss => "data.source = curie_weiss",
        ExactLaw::Spiral => "data.source = swiss_roll with data.noise = 0",
    }
}
