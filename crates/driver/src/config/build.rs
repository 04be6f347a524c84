//! From merged settings to the checked experiment: the conditions that involve more than one key, or more than a range.

mod data;
mod model;

use schedule::{Law, LossWeight, Schedule, ScheduleError};
use train::{Stop, WarmStart};

use super::choices::{Device, LawWord, LossWord, ModelWord, StopWord, WarmStartWord};
use super::error::{ConfigError, Faults, Origin, shown};
use super::experiment::{
    Analysis, Data, Experiment, Figures, Machines, Model, OverT, Run, Sample, ScheduleSettings, Train,
};
use super::layers::Layers;
use super::raw::{RawExperiment, RawSample, RawSchedule, RawTrain};

/// Longest name of a run: file systems allow 255 bytes, and a suffix follows.
pub(super) const LONGEST_NAME: usize = 100;

/// The experiment, or `None` once a fault makes a part of it impossible; the caller also looks at `faults`.
pub(crate) fn build(raw: RawExperiment, layers: &Layers, faults: &mut Faults) -> Option<Experiment> {
    let mut builder = Builder { layers, faults };
    let name = builder.name(raw.name);
    let data = builder.data(raw.data);
    let schedule = builder.schedule(&raw.schedule);
    let model = builder.model(&raw.model, raw.train.rule, data.as_ref());
    if raw.model.kind == ModelWord::Conditioned {
        builder.one_for_all(&raw.model, &raw.train, raw.run.device);
    }
    let train = builder.train(raw.train);
    let timesteps = schedule.timesteps;
    builder.counts(data.as_ref(), model, &train);
    builder.device(raw.run.device, model);
    if let (Some(model), Some(data), false) = (model, data.as_ref(), builder.faults.spoils("model.kind")) {
        builder.regression(model, data);
    }
    let chain = !model.is_some_and(Model::is_regression);
    let schedule = if chain { schedule } else { ScheduleSettings::NONE };
    let timesteps = if chain { timesteps } else { 1 };
    let sample = builder.sample(&raw.sample, timesteps);
    builder.weights(&schedule, model, &train);
    let reconstruction_t = match raw.figures.reconstruction_t {
        Some(times) => builder.reconstruction_t(times.into_list(), timesteps),
        None => default_reconstruction_t(timesteps),
    };
    Some(Experiment {
        name,
        purpose: raw.purpose,
        seed: raw.seed,
        data: data?,
        schedule,
        model: model?,
        train,
        sample: if chain { sample } else { Sample { count: 0, ..sample } },
        analysis: Analysis {
            observables: raw.analysis.observables,
            trajectories: raw.analysis.trajectories,
            times: raw.analysis.times,
            resamples: raw.analysis.resamples,
        },
        figures: Figures { reconstruction_t, reconstruction_images: raw.figures.reconstruction_images },
        run: Run { device: raw.run.device, save_seconds: raw.run.save_seconds },
        origins: layers.origins(),
    })
}

/// 0.3 T, 0.5 T, 0.575 T, 0.65 T and 0.84 T to the nearest whole numbers, halves up, at least 1: from before the class is
/// decided until after it is forgotten.
fn default_reconstruction_t(timesteps: usize) -> Vec<usize> {
    let mut times = [300, 500, 575, 650, 840].map(|share| ((share * timesteps + 500) / 1000).max(1)).to_vec();
    times.dedup();
    times
}

/// Whether some systems take `name`, whatever follows its first point, for a device.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let numbered = port.is_some_and(|port| port.len() == 1 && port.chars().all(|c| c.is_ascii_digit()));
    numbered || ["con", "prn", "aux", "nul"].contains(&stem.as_str())
}

struct Builder<'a> {
    layers: &'a Layers,
    faults: &'a mut Faults,
}

impl Builder<'_> {
    /// Records a fault of `key` at the place of its value.
    fn fault(&mut self, key: &str, message: impl Into<String>) {
        self.fault_at(self.layers.origin(key), key, message);
    }

    fn fault_at(&mut self, origin: Origin, key: &str, message: impl Into<String>) {
        self.faults.push(ConfigError::new(origin, Some(key), message));
    }

    /// Whether `key` was given at all, soundly or not.
    fn was_given(&self, key: &str) -> bool {
        self.layers.value(key).is_some() || self.faults.spoils(key)
    }

    fn name(&mut self, given: Option<String>) -> String {
        let from_file = if given.is_some() { "" } else { " (from the file's name)" };
        let name = given.unwrap_or_else(|| self.layers.file_stem());
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) && !name.starts_with('.');
        let allowed = plain && (1..=LONGEST_NAME).contains(&name.len());
        if !allowed && !self.faults.spoils("name") {
            let message = format!(
                "\"{}\"{from_file} is not allowed, use 1 to {LONGEST_NAME} letters, digits, _, - and ., not beginning with .",
                shown(&name)
            );
            self.fault("name", message);
        } else if is_device(&name) || name.ends_with('.') {
            let message = format!(
                "\"{}\"{from_file} is not allowed, some systems cannot have such a folder; use a name that does not end in . \
                 and does not begin with a device's, such as con or nul",
                shown(&name)
            );
            self.fault("name", message);
        }
        name
    }

    fn schedule(&mut self, raw: &RawSchedule) -> ScheduleSettings {
        let law = match raw.law {
            LawWord::Linear => Law::Linear { beta_start: raw.beta_start, beta_end: raw.beta_end },
            LawWord::Cosine => Law::Cosine,
            LawWord::Constant => Law::Constant { beta: raw.beta_start },
        };
        let timesteps = raw.timesteps;
        let keys = ["schedule.law", "schedule.timesteps", "schedule.beta_start", "schedule.beta_end"];
        if !keys.iter().any(|key| self.faults.spoils(key)) {
            if let Law::Linear { beta_start, beta_end } = law
                && beta_start > beta_end
            {
                let message = format!(
                    "{beta_start} is not allowed above schedule.beta_end, use a number > 0 and <= {beta_end}, or a larger \
                     schedule.beta_end"
                );
                self.fault("schedule.beta_start", message);
            }
            match Schedule::new(law, timesteps) {
                // A strided reverse step divides two values of alpha_bar.
                Ok(schedule) if schedule.alpha_bar(schedule.last()) < f64::MIN_POSITIVE => {
                    let message = format!(
                        "{timesteps} is not allowed with these noise rates, alpha_bar underflows to 0 before t = T; use \
                         fewer timesteps or smaller rates"
                    );
                    self.fault("schedule.timesteps", message);
                }
                Ok(_) => {}
                Err(ScheduleError::BetaOutOfRange { key, value }) => {
                    self.fault(key, format!("{value:e} is not allowed, use a number >= 1e-16 and < 1"));
                }
                Err(error) => self.fault("schedule.timesteps", error.to_string()),
            }
        }
        ScheduleSettings { law, timesteps }
    }

    /// Knots have increasing t.
    fn increasing(&mut self, key: &'static str, law: &OverT) {
        let OverT::Knots(knots) = law else { return };
        let pairs = knots.iter().zip(knots.iter().skip(1)).enumerate();
        if let Some((i, ((before, _), (t, _)))) = { pairs }.find(|(_, ((before, _), (t, _)))| t <= before) {
            let origin = self.layers.origin_of_element(key, i + 1);
            let message = format!("knot t = {t} after t = {before} is not allowed, use increasing t");
            self.fault_at(origin, key, message);
        }
    }

    fn train(&mut self, raw: RawTrain) -> Train {
        self.increasing("train.learning_rate", &raw.learning_rate);
        self.increasing("train.effort", &raw.effort);
        let loss = match raw.loss {
            LossWord::Simple => LossWeight::Simple,
            LossWord::Variational => LossWeight::Variational,
            LossWord::Accidental => LossWeight::Accidental,
        };
        let stop = self.stop(&raw);
        let warm_start = match raw.warm_start {
            WarmStartWord::None => None,
            WarmStartWord::Neighbour => {
                Some(WarmStart { spacing: raw.anchor_spacing, epochs: raw.warm_epochs.unwrap_or(raw.epochs) })
            }
        };
        Train {
            epochs: raw.epochs,
            effort: raw.effort,
            batch: raw.batch,
            learning_rate: raw.learning_rate,
            local_rate: raw.local_rate,
            decay: raw.decay,
            loss,
            warm_start,
            validation: raw.validation,
            evaluate_every: raw.evaluate_every,
            stop,
        }
    }

    fn stop(&mut self, raw: &RawTrain) -> Stop {
        match raw.stop {
            StopWord::None => Stop::None,
            StopWord::Plateau => {
                if raw.validation == 0 && !self.faults.spoils("train.validation") {
                    let message = "plateau is not allowed without validation images, set train.validation to 1 or more";
                    self.fault("train.stop", message);
                }
                Stop::Plateau { patience: raw.patience, min_improvement: raw.min_improvement }
            }
            StopWord::Minimum => Stop::Minimum,
            StopWord::TestVariance => Stop::TestVariance { tolerance: raw.tolerance },
        }
    }

    fn sample(&mut self, raw: &RawSample, timesteps: usize) -> Sample {
        let noiseless_steps = raw.noiseless_steps;
        if noiseless_steps > timesteps && !self.faults.spoils("schedule.timesteps") {
            let message = format!("{noiseless_steps} is not allowed, use 0 to {timesteps} (schedule.timesteps)");
            self.fault("sample.noiseless_steps", message);
        }
        Sample {
            count: raw.count,
            variance: raw.variance.variance(),
            return_variance: raw.return_variance.unwrap_or(raw.variance).variance(),
            stride: self.at_most_timesteps("sample.stride", raw.stride, timesteps),
            noiseless_steps,
        }
    }

    /// A batch and the validation images must fit into the training set, as far as its size is known without the data.
    fn counts(&mut self, data: Option<&Data>, model: Option<Model>, train: &Train) {
        let keys = ["train.batch", "train.validation", "data.train_limit"];
        let sound = !keys.iter().any(|key| self.faults.spoils(key));
        let known = data
            .and_then(Data::most_train)
            .filter(|_| sound && matches!(model, Some(Model::Machines(_) | Model::Conditioned { .. })));
        if let Some((key, message)) = known.and_then(|n| train.too_many_for(n)) {
            self.fault(key, message);
        }
    }

    /// The weights of the loss must leave gradients that Adam can square.
    fn weights(&mut self, schedule: &ScheduleSettings, model: Option<Model>, train: &Train) {
        let keys = ["schedule.law", "schedule.timesteps", "schedule.beta_start", "schedule.beta_end", "train.loss"];
        let sound = !keys.iter().any(|key| self.faults.spoils(key)) && matches!(model, Some(Model::Machines(_)));
        if let Some((t, weight)) = train.too_heavy_on(schedule).filter(|_| sound) {
            let message = format!(
                "the weight {weight:.0e} at t = {t} is not allowed, squares of such gradients overflow; use simple, or noise \
                 rates whose weights stay below {:.0e}",
                Train::HEAVIEST
            );
            self.fault("train.loss", message);
        }
    }

    /// The engines of other devices know machines with a hidden layer in a chain only.
    fn device(&mut self, device: Device, model: Option<Model>) {
        let kind = match model {
            Some(Model::Machines(Machines::Sigmoid { .. })) => "sigmoid",
            Some(Model::Machines(Machines::Regression { .. })) => "regression",
            _ => return,
        };
        if !matches!(device, Device::Host | Device::Auto) && !self.faults.spoils("run.device") {
            self.fault("run.device", format!("{device} is not allowed with model.kind = {kind}, use host or auto"));
        }
    }

    /// Increasing timesteps, each of which may be at most T.
    fn reconstruction_t(&mut self, times: Vec<usize>, timesteps: usize) -> Vec<usize> {
        const KEY: &str = "figures.reconstruction_t";
        let most = Figures::MOST_TIMES;
        if times.len() > most {
            self.fault(KEY, format!("{} timesteps are not allowed, use at most {most}", times.len()));
        }
        for (i, (t, before)) in times.iter().zip([None].into_iter().chain(times.iter().map(Some))).enumerate() {
            let message = match before {
                Some(before) if t <= before => format!("{t} after {before} is not allowed, use increasing timesteps"),
                _ if *t > timesteps && !self.faults.spoils("schedule.timesteps") => {
                    format!("{t} is not allowed, use 1 to {timesteps} (schedule.timesteps)")
                }
                _ => continue,
            };
            self.fault_at(self.layers.origin_of_element(KEY, i), KEY, message);
            break;
        }
        times
    }

    /// `value`, which may be at most T.
    fn at_most_timesteps(&mut self, key: &str, value: usize, timesteps: usize) -> usize {
        if value > timesteps && !self.faults.spoils("schedule.timesteps") {
            self.fault(key, format!("{value} is not allowed, use 1 to {timesteps} (schedule.timesteps)"));
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_reconstructions_are_spread_over_the_middle_and_in_range() {
        assert_eq!(default_reconstruction_t(1000), [300, 500, 575, 650, 840]);
        assert_eq!(default_reconstruction_t(100), [30, 50, 58, 65, 84]);
        assert_eq!(default_reconstruction_t(8), [2, 4, 5, 7]);
        for timesteps in 1..200 {
            let times = default_reconstruction_t(timesteps);
            assert!(times.is_sorted_by(|a, b| a < b) && times[0] >= 1 && times[times.len() - 1] <= timesteps);
        }
    }
}
