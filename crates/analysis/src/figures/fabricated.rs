//! Run folders made up for tests: right in form and plausible in numbers, but nothing was trained.

use std::fs;
use std::path::Path;

use data::Samples;
use tempfile::TempDir;

use crate::observables::{Transition, TransitionRow};
use crate::stats::Interval;
use crate::{
    BIRTH_FILE, Frames, MeanImages, MetricRow, Points, Recipe, Reconstruction, ReconstructionRow, ReferenceRow, Run,
    RunFacts, ScheduleRow, Split, Table, Training, Trajectories, birth_to_safetensors, pixel_histogram, profiles,
    samples_to_safetensors, to_csv,
};

/// A run with nothing in it.
pub(crate) fn empty() -> Run {
    Run {
        fit: Vec::new(),
        kinks: Vec::new(),
        facts: facts(None, 2),
        metrics: Vec::new(),
        training: Vec::new(),
        references: Vec::new(),
        schedule: Vec::new(),
        samples: None,
        histogram: Vec::new(),
        trajectories: Trajectories::default(),
        birth: None,
        reconstructions: Vec::new(),
        means: None,
        profiles: Vec::new(),
        observables: std::collections::BTreeMap::new(),
        transitions: Vec::new(),
    }
}

pub(crate) fn facts(image: Option<[usize; 2]>, dim: usize) -> RunFacts {
    RunFacts {
        name: "fabricated".into(),
        source: if image.is_some() { "synthetic".into() } else { "swiss_roll".into() },
        data_note: image.map(|_| "synthetic digits, not MNIST".into()),
        image,
        dim,
        classes: if image.is_some() { vec![1, 3] } else { vec![] },
        timesteps: 100,
        model: "machines".to_owned(),
        hidden: 100,
        skip: "none".into(),
        seed: 7,
        epochs: 5,
        variance: "posterior".into(),
        recipe: Some(recipe()),
    }
}

fn recipe() -> Recipe {
    let training = Training {
        batch: 50,
        learning_rate: vec![(1, 1e-3)],
        decay: "cosine".into(),
        loss: "simple".into(),
        anchor_spacing: None,
        warm_epochs: None,
        stop: "none".into(),
        tolerance: None,
    };
    Recipe { law: "linear".into(), training: Some(training), stride: 1 }
}

/// The recipe of a run whose training is ended by a rule.
pub(crate) fn stopping_by(rule: &str, tolerance: Option<f64>) -> Recipe {
    let recipe = recipe();
    let training = recipe.training.map(|training| Training { stop: rule.into(), tolerance, ..training });
    Recipe { training, ..recipe }
}

/// Numbers in [-1, 1] that look random and never change.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

/// A bright bar (slanted by `i`) on black.
fn bar(i: usize, noise: f32, random: &mut Noise) -> Vec<f32> {
    (0..784)
        .map(|p| {
            let (y, x) = ((p / 28) as f32, (p % 28) as f32);
            let off = (x - 14.0 - (y - 14.0) * (i % 7) as f32 * 0.1).abs();
            let clean = if off < 2.5 && (4.0..24.0).contains(&y) { 1.0 } else { -1.0 };
            (1.0 - noise) * clean + 2.0 * noise * random.next()
        })
        .collect()
}

fn bars(n: usize, noise: f32, random: &mut Noise) -> Points {
    Points::new((0..n).flat_map(|i| bar(i, noise, random)).collect(), 784).unwrap()
}

fn spiral(n: usize, noise: f32, random: &mut Noise) -> Points {
    let point = |i: usize| {
        let angle = 3.0 * std::f32::consts::PI * i as f32 / n as f32;
        [(5.0 + angle) * angle.cos() / 12.0, (5.0 + angle) * angle.sin() / 12.0]
    };
    let values = (0..n).flat_map(point).map(|v| (1.0 - noise) * v + 2.0 * noise * random.next());
    Points::new(values.collect(), 2).unwrap()
}

fn frames(times: &[f32], mut points: impl FnMut(f32) -> Points) -> Frames {
    Frames::new(times.to_vec(), times.iter().map(|t| points(t / 100.0)).collect()).unwrap()
}

fn write<R: Table>(dir: &Path, rows: &[R]) {
    fs::write(dir.join(R::FILE), to_csv(rows).unwrap()).unwrap();
}

fn write_tables(dir: &Path, timesteps: impl Iterator<Item = usize> + Clone) {
    let wiener = |t: usize| (0.7 * (-(t as f64) / 15.0).exp()).max(1e-4);
    let mut metrics = Vec::new();
    for t in timesteps {
        for epoch in 1..=5 {
            let mut push =
                |split, metric: &str, value| metrics.push(MetricRow { t, epoch, split, metric: metric.into(), value });
            let loss = wiener(t) * (0.8 + 1.5 / epoch as f64);
            push(Split::Train, MetricRow::MSE, 0.95 * loss);
            push(Split::Test, MetricRow::MSE, loss);
            push(Split::Test, MetricRow::MSE_WIENER, wiener(t));
        }
    }
    write(dir, &metrics);
    let reference = |t, name: &str, value| ReferenceRow { t, reference: name.into(), split: Split::Test, value };
    write(
        dir,
        &(1..=100)
            .flat_map(|t| [reference(t, "wiener", wiener(t)), reference(t, "rank_floor", 0.05)])
            .collect::<Vec<_>>(),
    );
    let mut alpha_bar = 1.0;
    let schedule = (1..=100).map(|t| {
        let beta = 0.001 + 0.199 * (t - 1) as f64 / 99.0;
        alpha_bar *= 1.0 - beta;
        ScheduleRow { t, beta, alpha_bar, snr: alpha_bar / (1.0 - alpha_bar) }
    });
    write(dir, &schedule.collect::<Vec<_>>());
}

/// Transition times as a run with every observable has them.
pub(crate) fn transitions() -> Vec<TransitionRow> {
    use Transition::{Collapse, Speciation};
    let interval = |value: f64| Interval { value, low: value - 1.6, high: value + 1.3 };
    let predicted = |of, convention: &str, model: &str, t: f64| {
        TransitionRow::predicted(of, convention, model, (t > 0.0).then_some(t))
    };
    let measured = |of, convention: &str, model: &str, t: f64| {
        TransitionRow::measured(of, convention, model, (t > 0.0).then(|| interval(t)), 1000)
    };
    let mut rows = vec![
        predicted(Speciation, "A Lambda = 1", "data", 58.0),
        predicted(Speciation, "A Lambda = D", "data", 58.0),
        predicted(Speciation, "A p1 p2 |d|^2 = 1", "data", 55.0),
        predicted(Speciation, "kappa along d = 1", "data", 54.0),
        predicted(Speciation, TransitionRow::SPECIATION_LINE, "data", 57.0),
        predicted(Speciation, "Var[-ln p(c|x)] is largest", "mixture", 56.0),
        predicted(Speciation, "two stable fixed points", "mixture", 55.0),
        predicted(Speciation, "two stable fixed points", "machines", -1.0),
        predicted(Collapse, TransitionRow::COLLAPSE_LINE, "data", 42.0),
        predicted(Collapse, "Y2 = 1/2", "empirical_train", 39.2),
        predicted(Collapse, "Y2 = 1/2", "empirical_train", 45.1).of_group("3"),
        predicted(Collapse, "Y2 = 1/2", "empirical_train", 29.4).of_group("1"),
        measured(Collapse, "nearest neighbour settles", "machines", 12.4),
        measured(Collapse, "nearest neighbour settles", "mixture", 11.0),
        measured(Collapse, "half of the samples memorised", "machines", -1.0),
    ];
    for (convention, mixture, machines) in [
        ("phi_C = 0.7752", 56.6, 55.1),
        ("phi_U = 0.7752", 56.9, 55.6),
        ("U4 = 1/6", 57.3, 54.0),
        ("pixel overlap = 1/2", 47.3, 46.8),
        ("flip susceptibility is largest", 54.0, 52.5),
        ("late start costs a tenth", 62.0, 60.5),
    ] {
        rows.push(measured(Speciation, convention, "mixture", mixture));
        rows.push(measured(Speciation, convention, "machines", machines));
    }
    for class in ["1", "3"] {
        rows.push(measured(Speciation, "phi_C = 0.7752", "machines", 53.0).of_group(class));
    }
    rows
}

fn reconstruction(t: f32, random: &mut Noise) -> Reconstruction {
    Reconstruction {
        t,
        training: vec![false, false, true, true],
        x0: bars(4, 0.0, random),
        xt: bars(4, 0.5, random),
        x0_hat: (0..4).map(|_| bars(10, 0.1, random)).collect(),
        changed: (0..4).map(|i| (0..10).map(|j| t > 50.0 && (i + j) % 3 == 0).collect()).collect(),
    }
}

/// A full run on 28 x 28 images.
pub(crate) fn images() -> TempDir {
    let (dir, mut random) = (tempfile::tempdir().unwrap(), Noise(1));
    fs::write(dir.path().join(RunFacts::FILE), facts(Some([28, 28]), 784).to_json().unwrap()).unwrap();
    write_tables(dir.path(), 1..=100);
    let (samples, real) = (bars(64, 0.1, &mut random), bars(70, 0.0, &mut random));
    write(dir.path(), &pixel_histogram(real.values(), samples.values()));
    fs::write(dir.path().join(Run::SAMPLES_FILE), samples_to_safetensors(&samples).unwrap()).unwrap();
    let trajectories = Trajectories {
        real: None,
        forward: Some(frames(&[0.0, 20.0, 60.0, 100.0], |noise| bars(4, noise, &mut random))),
        reverse: Some(frames(&[100.0, 60.0, 20.0, 0.0], |noise| bars(5, noise, &mut random))),
        reconstructions: [40.0, 58.0].map(|t| reconstruction(t, &mut random)).to_vec(),
    };
    let row = |(u, split, changed)| ReconstructionRow {
        u,
        split,
        images: 100,
        reversals: 10,
        changed,
        low: 0.9 * changed,
        high: 1.2 * changed,
    };
    let counted = [(40, Split::Test, 0.0), (40, Split::Train, 0.004), (58, Split::Test, 0.2), (58, Split::Train, 0.18)];
    write(dir.path(), &counted.map(row));
    let birth = frames(&[100.0, 70.0, 50.0, 20.0, 0.0], |noise| bars(16, noise, &mut random));
    fs::write(dir.path().join(BIRTH_FILE), birth_to_safetensors(&birth).unwrap()).unwrap();
    let train = Samples { dim: 784, values: real.values().to_vec(), labels: [1, 3].repeat(35) };
    let means = MeanImages::of(&train, 0.0, &samples).unwrap();
    fs::write(dir.path().join(MeanImages::FILE), means.to_safetensors().unwrap()).unwrap();
    write(dir.path(), &profiles([28, 28], real.values(), samples.values()));
    let trajectories = Trajectories { real: Some(real), ..trajectories };
    fs::write(dir.path().join(Trajectories::FILE), trajectories.to_safetensors().unwrap()).unwrap();
    dir
}

/// A run on points in the plane.
pub(crate) fn swiss_roll() -> TempDir {
    let (dir, mut random) = (tempfile::tempdir().unwrap(), Noise(2));
    fs::write(dir.path().join(RunFacts::FILE), facts(None, 2).to_json().unwrap()).unwrap();
    write_tables(dir.path(), [10, 50, 90].into_iter());
    let samples = spiral(500, 0.05, &mut random);
    fs::write(dir.path().join(Run::SAMPLES_FILE), samples_to_safetensors(&samples).unwrap()).unwrap();
    let trajectories = Trajectories {
        real: Some(spiral(400, 0.0, &mut random)),
        forward: Some(frames(&[0.0, 50.0, 100.0], |noise| spiral(300, noise, &mut random))),
        reverse: Some(frames(&[100.0, 80.0, 60.0, 40.0, 20.0, 10.0, 0.0], |noise| spiral(300, noise, &mut random))),
        reconstructions: vec![Reconstruction {
            t: 50.0,
            training: vec![false; 3],
            x0: spiral(3, 0.0, &mut random),
            xt: spiral(3, 0.5, &mut random),
            x0_hat: (0..3).map(|_| spiral(4, 0.05, &mut random)).collect(),
            changed: Vec::new(),
        }],
    };
    fs::write(dir.path().join(Trajectories::FILE), trajectories.to_safetensors().unwrap()).unwrap();
    let birth = frames(&[100.0, 60.0, 20.0, 0.0], |noise| spiral(300, noise, &mut random));
    fs::write(dir.path().join(BIRTH_FILE), birth_to_safetensors(&birth).unwrap()).unwrap();
    dir
}
