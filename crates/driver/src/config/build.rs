//! From merged settings to the checked experiment: the conditions that involve more than one key, or more than a range.

mod data;
mod model;

use schedule::{Law, LossWeight, ReverseVariance, Schedule, ScheduleError};
use train::{Stop, WarmStart};

use super::choices::{LawWord, LossWord, ModelWord, StopWord, VarianceWord, WarmStartWord};
use super::error::{ConfigError, Faults, Origin, shown};
use super::experiment::{
    Analysis, Data, Experiment, Figures, LearningRate, Model, Run, Sample, ScheduleSettings, Train,
};
use super::layers::Layers;
use super::raw::{RawExperiment, RawSchedule, RawTrain};

/// Longest name of a run: file systems allow 255 bytes, and a suffix follows.
pub(super) const LONGEST_NAME: usize = 100;

/// The experiment, or `None` once a fault makes a part of it impossible; the caller also looks at `faults`.
pub(crate) fn build(raw: RawExperiment, layers: &Layers, faults: &mut Faults) -> Option<Experiment> {
    let mut builder = Builder { layers, faults };
    let name = builder.name(raw.name);
    let data = builder.data(raw.data);
    let schedule = builder.schedule(&raw.schedule);
    let model = builder.model(&raw.model, data.as_ref());
    if raw.model.kind == ModelWord::Conditioned {
        builder.one_for_all(&raw.model, &raw.train, raw.run.device);
    }
    let train = builder.train(raw.train);
    let timesteps = schedule.timesteps;
    let variance = match raw.sample.variance {
        VarianceWord::Posterior => ReverseVariance::Posterior,
        VarianceWord::Beta => ReverseVariance::Beta,
    };
    builder.counts(data.as_ref(), model, &train);
    let stride = builder.at_most_timesteps("sample.stride", raw.sample.stride, timesteps);
    let reconstruction_t = match raw.figures.reconstruction_t {
        Some(t) => builder.at_most_timesteps("figures.reconstruction_t", t, timesteps),
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
        sample: Sample { count: raw.sample.count, variance, stride },
        analysis: Analysis {
            observables: raw.analysis.observables,
            trajectories: raw.analysis.trajectories,
            times: raw.analysis.times,
            resamples: raw.analysis.resamples,
        },
        figures: Figures { reconstruction_t },
        run: Run { device: raw.run.device, save_seconds: raw.run.save_seconds },
        origins: layers.origins(),
    })
}

/// 0.55 T to the nearest whole number, halves up, at least 1: the class is decided in part by then.
fn default_reconstruction_t(timesteps: usize) -> usize {
    ((11 * timesteps + 10) / 20).max(1)
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

    fn train(&mut self, raw: RawTrain) -> Train {
        if let LearningRate::Knots(knots) = &raw.learning_rate {
            let pairs = knots.iter().zip(knots.iter().skip(1)).enumerate();
            if let Some((i, ((before, _), (t, _)))) = { pairs }.find(|(_, ((before, _), (t, _)))| t <= before) {
                let origin = self.layers.origin_of_element("train.learning_rate", i + 1);
                let message = format!("knot t = {t} after t = {before} is not allowed, use increasing t");
                self.fault_at(origin, "train.learning_rate", message);
            }
        }
        let loss = match raw.loss {
            LossWord::Simple => LossWeight::Simple,
            LossWord::Variational => LossWeight::Variational,
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
            batch: raw.batch,
            learning_rate: raw.learning_rate,
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
            StopWord::TestVariance => Stop::TestVariance { tolerance: raw.tolerance },
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
    fn the_default_reconstruction_is_near_the_middle_and_in_range() {
        let cases = [(1, 1), (2, 1), (10, 6), (100, 55), (1000, 550), (100_000, 55_000)];
        for (timesteps, expected) in cases {
            assert_eq!(default_reconstruction_t(timesteps), expected, "T = {timesteps}");
        }
    }
}
