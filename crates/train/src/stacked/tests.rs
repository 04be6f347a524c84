use std::sync::Mutex;

use data::{GaussianMixture, Pca};
use model::checkpoint::History;
use model::{Machine, MachineConfig, Moments, Net, SkipKind};
use schedule::{Law, LossWeight, Schedule};

use super::*;
use crate::{Decay, ObserverError, Settings, Stop, TrainingSet, WarmStart};

/// What a training has finished, by timestep.
type Finished = Vec<(usize, Machine, History)>;

#[derive(Default)]
struct Kept(Mutex<Finished>);

impl Observer for Kept {
    fn started(&self, _: Timestep) {}

    fn epoch(&self, _: Timestep, _: usize, _: Option<Losses>) {}

    fn finished(&self, t: Timestep, machine: Net, history: History) -> Result<(), ObserverError> {
        let machine = machine.autoencoder().ok_or("no hidden layer")?;
        self.0.lock().unwrap().push((t.get(), machine, history));
        Ok(())
    }

    fn failed(&self, _: Timestep, _: &MachineError) {}

    fn trained(&self, t: Timestep) -> Result<Machine, ObserverError> {
        let kept = self.0.lock().unwrap();
        let machine = kept.iter().find(|(of, ..)| *of == t.get()).map(|(_, machine, _)| machine.clone());
        machine.ok_or_else(|| "not there".into())
    }
}

/// All machines of a small problem, trained in stacks of at most `most`.
fn trained(skip: SkipKind, most: usize) -> Finished {
    let means = vec![vec![1.0; 6], vec![-0.5; 6]];
    let data = GaussianMixture { means, weights: vec![1.0, 2.0], std: 0.4, train: 203, test: 57, seed: 5 };
    let data = data.draw().unwrap();
    let schedule = Schedule::new(Law::Linear { beta_start: 5e-3, beta_end: 0.5 }, 12).unwrap();
    let settings = Settings {
        epochs: 3,
        batch: 30,
        learning_rates: (0..12).map(|i| 1e-2 + 1e-3 * f64::from(i)).collect(),
        decay: Decay::Cosine,
        loss: LossWeight::Simple,
        warm_start: Some(WarmStart { spacing: 4, epochs: 2 }),
        local_rate: 10.0,
        effort: Vec::new(),
        stop: Stop::None,
        evaluate_every: 1,
        seed: 3,
    };
    let job = Job {
        schedule: &schedule,
        config: MachineConfig::dense(9, skip),
        moments: &Moments { eigenvalues: Pca::fit(&data.train).unwrap().eigenvalues, second_moment: 0.7 },
        set: &TrainingSet::new(&data.train, &data.test, 6),
        settings: &settings,
        classes: None,
    };
    let (kept, device) = (Kept::default(), NdArrayDevice::Cpu);
    let noise = HostNoise::<NdArray>::new(&job, &device);
    let engine = Engine { job: &job, stacks: Stacks::of_at_most(most), noise, device, observer: &kept };
    let all: Vec<Timestep> = schedule.timesteps().collect();
    engine.train(&job.lineage().ordered(&all)).unwrap();
    let mut kept = kept.0.into_inner().unwrap();
    kept.sort_by_key(|(t, ..)| *t);
    kept
}

#[test]
fn no_result_depends_on_the_machines_of_a_stack_beyond_rounding() {
    for skip in [SkipKind::None, SkipKind::Learned, SkipKind::Wiener] {
        let alone = trained(skip, 1);
        assert_eq!(alone.len(), 12);
        for most in [2, 5, 100] {
            for ((t, machine, history), (_, other_machine, other)) in alone.iter().zip(&trained(skip, most)) {
                let curves = [(&history.train, &other.train), (&history.test, &other.test)];
                for (a, b) in curves.into_iter().flat_map(|(a, b)| a.iter().zip(b)) {
                    assert!((a / b - 1.0).abs() < 1e-5, "{skip:?} {most} t = {t}: {a} {b}");
                }
                let far = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(far(&machine.w1, &other_machine.w1) < 1e-4, "{skip:?} {most} t = {t}");
                assert!(far(&machine.w2, &other_machine.w2) < 1e-4, "{skip:?} {most} t = {t}");
            }
        }
    }
}
