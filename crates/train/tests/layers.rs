//! Layers of sigmoids: what they reach on noise alone, and on what their numbers do not depend.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use data::Samples;
use model::checkpoint::History;
use model::{Machine, MachineConfig, Moments, Net, SigmoidLayer};
use schedule::{Law, LossWeight, Schedule, Timestep};
use train::{
    Decay, Job, Losses, MachineError, Observer, ObserverError, Rule, Settings, Stop, TrainError, TrainingSet, Wish,
    train_layers,
};

/// Keeps the layers, and ends the training once as many are there.
struct Kept {
    layers: Mutex<BTreeMap<usize, (SigmoidLayer, History)>>,
    enough: usize,
}

impl Observer for Kept {
    fn started(&self, _: Timestep) {}

    fn epoch(&self, _: Timestep, _: usize, _: Option<Losses>) {}

    fn wish(&self, _: Timestep) -> Wish {
        if self.layers.lock().unwrap().len() >= self.enough { Wish::End } else { Wish::GoOn }
    }

    fn finished(&self, t: Timestep, net: Net, history: History) -> Result<(), ObserverError> {
        let Net::Sigmoid(layer) = net else { return Err("a hidden layer".into()) };
        self.layers.lock().unwrap().insert(t.get(), (layer, history));
        Ok(())
    }

    fn failed(&self, _: Timestep, _: &MachineError) {}

    fn trained(&self, _: Timestep) -> Result<Machine, ObserverError> {
        Err("layers start from nothing".into())
    }
}

struct Problem {
    schedule: Schedule,
    set: TrainingSet,
    settings: Settings,
}

/// T = 4 on samples of `dim` coordinates that are all at 0, so that z_t is noise alone.
fn noise(dim: usize, train: usize, epochs: usize, rate: f64) -> Problem {
    let at_zero = |n: usize| Samples { dim, values: vec![0.0; n * dim], labels: Vec::new() };
    Problem {
        schedule: Schedule::new(Law::Constant { beta: 0.9 }, 4).unwrap(),
        set: TrainingSet::new(&at_zero(train), &at_zero(4000), dim),
        settings: Settings {
            epochs,
            warm_start: None,
            batch: 50,
            learning_rates: vec![rate; 4],
            decay: Decay::Cosine,
            local_rate: 10.0,
            effort: Vec::new(),
            stop: Stop::None,
            evaluate_every: 1,
            loss: LossWeight::Simple,
            seed: 3,
        },
    }
}

impl Problem {
    fn train(&self, rule: Rule, timesteps: &[usize], threads: usize, enough: usize) -> (Result<(), TrainError>, Kept) {
        let moments = Moments { eigenvalues: vec![0.0; self.set.inputs], second_moment: 0.0 };
        let Self { schedule, set, settings } = self;
        let job = Job { schedule, config: MachineConfig::LAYER, moments: &moments, set, settings, classes: None };
        let timesteps: Vec<Timestep> = timesteps.iter().map(|&t| schedule.timestep(t).unwrap()).collect();
        let kept = Kept { layers: Mutex::default(), enough };
        (train_layers(&job, rule, &timesteps, threads, &kept), kept)
    }

    fn layers(&self, rule: Rule, timesteps: &[usize], threads: usize) -> BTreeMap<usize, (SigmoidLayer, History)> {
        let (result, kept) = self.train(rule, timesteps, threads, usize::MAX);
        result.unwrap();
        kept.layers.into_inner().unwrap()
    }
}

#[test]
fn on_noise_alone_the_gradient_comes_down_to_the_floor() {
    let layers = noise(3, 4000, 40, 2.0).layers(Rule::Gradient, &[4], 1);
    let (layer, history) = &layers[&4];
    let (loss, floor) = (*history.test.last().unwrap(), SigmoidLayer::floor());
    // 12,000 test coordinates: one standard error is 0.003.
    assert!((loss - floor).abs() < 0.012, "{loss} {floor}");
    // At the best g of scripts/make_reference/sigmoid_layer.py, on the coordinate itself alone.
    for i in 0..3 {
        for j in 0..3 {
            let best = if i == j { 2.856 } else { 0.0 };
            assert!((layer.w[3 * i + j] - best).abs() < 0.15, "{:?}", layer.w);
        }
    }
}

#[test]
fn on_noise_alone_the_delta_rule_has_no_fixed_point_and_ends_at_the_sign() {
    // E eps^2 = 1 > E |eps|: x^T (eps - eps_hat) never vanishes on average, W grows, eps_hat becomes sign(eps).
    let layers = noise(3, 4000, 40, 4.0).layers(Rule::Delta, &[4], 1);
    let (layer, history) = &layers[&4];
    let sign = 2.0 - 2.0 * (2.0 / std::f64::consts::PI).sqrt();
    let loss = *history.test.last().unwrap();
    assert!(loss > 0.9 * sign && loss < 1.03 * sign, "{loss} {sign}");
    assert!((0..3).all(|i| layer.w[4 * i] > 50.0), "{:?}", layer.w);
}

#[test]
fn neither_threads_nor_company_change_a_bit() {
    let problem = noise(5, 320, 2, 0.5);
    let together = problem.layers(Rule::Gradient, &[1, 2, 3, 4], 1);
    assert_eq!(problem.layers(Rule::Gradient, &[1, 2, 3, 4], 3), together);
    for t in 1..=4 {
        assert_eq!(problem.layers(Rule::Gradient, &[t], 1)[&t], together[&t]);
    }
    assert_ne!(together[&1].0, together[&2].0);
    assert_ne!(problem.layers(Rule::Delta, &[1], 1)[&1].0, together[&1].0);
    assert_eq!(together[&1].1.epoch, [1, 2]);
}

#[test]
fn an_interruption_keeps_what_is_finished_and_a_divergence_is_named() {
    let problem = noise(5, 320, 2, 0.5);
    let (result, kept) = problem.train(Rule::Gradient, &[1, 2, 3, 4], 1, 2);
    assert!(matches!(result, Err(TrainError::Interrupted)));
    assert_eq!(kept.layers.into_inner().unwrap().keys().copied().collect::<Vec<_>>(), [1, 2]);
    let (result, kept) = noise(5, 320, 2, f64::MAX).train(Rule::Delta, &[2], 1, usize::MAX);
    let Err(TrainError::Machines(failed)) = result else { panic!("{result:?}") };
    assert_eq!(failed.iter().map(MachineError::t).collect::<Vec<_>>(), [2]);
    assert!(kept.layers.into_inner().unwrap().is_empty());
}
