//! One machine for all timesteps: against a training written out plainly in f64, cut into pieces, and against what is known
//! of Gaussian data.

use std::path::Path;
use std::sync::Mutex;

use model::checkpoint::{ConditionedMidway, History, conditioned_midway_from_bytes, write_conditioned_midway};
use model::{ConditionedMachine, SkipKind, Weights, Wiener};
use schedule::{LossWeight, Purpose, Stream};
use train::{
    ConditionedObserver, Decay, FailedMachines, MachineError, ObserverError, TrainError, Wish, train_conditioned,
};

use crate::common::{Problem, problem};

/// A run folder in memory, whose owner ends the training the n-th time it is asked.
#[derive(Default)]
struct Desk {
    finished: Mutex<Option<(ConditionedMachine, Vec<History>)>>,
    state: Mutex<Option<Vec<u8>>>,
    patience: Option<usize>,
    asked: Mutex<usize>,
    passes: Mutex<Vec<usize>>,
}

impl ConditionedObserver for Desk {
    fn left_off(&self) -> Result<Option<ConditionedMidway>, ObserverError> {
        let state = self.state.lock().unwrap();
        let state = state.as_ref().map(|bytes| conditioned_midway_from_bytes(Path::new("state"), bytes));
        Ok(state.transpose()?.map(|(_, state)| state))
    }

    fn pass(&self, pass: usize) {
        self.passes.lock().unwrap().push(pass);
    }

    fn wish(&self) -> Wish {
        let mut asked = self.asked.lock().unwrap();
        *asked += 1;
        match self.patience {
            Some(patience) if *asked >= patience => Wish::End,
            Some(_) if asked.is_multiple_of(2) => Wish::Keep,
            _ => Wish::GoOn,
        }
    }

    fn midway(&self, midway: &ConditionedMidway) -> Result<(), ObserverError> {
        *self.state.lock().unwrap() = Some(write_conditioned_midway("key", midway)?);
        Ok(())
    }

    fn finished(&self, machine: ConditionedMachine, curves: Vec<History>) -> Result<(), ObserverError> {
        *self.finished.lock().unwrap() = Some((machine, curves));
        Ok(())
    }
}

fn conditioned_problem() -> Problem {
    let mut problem = problem(SkipKind::None);
    problem.settings.loss = LossWeight::Simple;
    problem.settings.learning_rates = vec![1e-2; 20];
    problem
}

fn trained(problem: &Problem, threads: usize) -> (ConditionedMachine, Vec<History>) {
    let desk = Desk::default();
    train_conditioned(&problem.job(), threads, &desk).unwrap();
    let passes = problem.settings.epochs * problem.schedule.len();
    assert_eq!(desk.passes.into_inner().unwrap(), (1..=passes).collect::<Vec<_>>());
    desk.finished.into_inner().unwrap().unwrap()
}

/// W1 `[d + 1, H]`, b1, W2 `[H, d]`, b2, one behind the other.
fn flat(machine: &ConditionedMachine) -> Vec<f64> {
    let parts = [&machine.w1, &machine.b1, &machine.w2, &machine.b2];
    parts.into_iter().flatten().map(|&w| f64::from(w)).collect()
}

/// A net of d coordinates and H units, written out.
struct Plain {
    d: usize,
    h: usize,
    parameters: Vec<f64>,
}

impl Plain {
    /// The hidden units and the answer to (z, time).
    fn answer(&self, z: &[f64], time: f64) -> (Vec<f64>, Vec<f64>) {
        let (d, h, p) = (self.d, self.h, &self.parameters);
        let (b1, w2) = ((d + 1) * h, (d + 2) * h);
        let b2 = w2 + h * d;
        let input = |i: usize| if i < d { z[i] } else { time };
        let sum = |j: usize| (0..=d).map(|i| input(i) * p[i * h + j]).sum::<f64>() + p[b1 + j];
        let hidden: Vec<f64> = (0..h).map(|j| sum(j).max(0.0)).collect();
        let output = (0..d).map(|k| (0..h).map(|j| hidden[j] * p[w2 + j * d + k]).sum::<f64>() + p[b2 + k]).collect();
        (hidden, output)
    }

    /// Adds the gradient of |answer - eps|^2 / d times `factor`.
    fn add_gradient(&self, (z, time, eps): (&[f64], f64, &[f64]), factor: f64, gradient: &mut [f64]) {
        let (d, h, p) = (self.d, self.h, &self.parameters);
        let (b1, w2) = ((d + 1) * h, (d + 2) * h);
        let b2 = w2 + h * d;
        let (hidden, output) = self.answer(z, time);
        let errors: Vec<f64> = output.iter().zip(eps).map(|(o, e)| 2.0 * factor * (o - e) / d as f64).collect();
        for (k, error) in errors.iter().enumerate() {
            gradient[b2 + k] += error;
        }
        for j in (0..h).filter(|&j| hidden[j] > 0.0) {
            let back: f64 = (0..d).map(|k| errors[k] * p[w2 + j * d + k]).sum();
            (0..d).for_each(|k| gradient[w2 + j * d + k] += hidden[j] * errors[k]);
            (0..=d).for_each(|i| gradient[i * h + j] += back * if i < d { z[i] } else { time });
            gradient[b1 + j] += back;
        }
    }
}

fn normals(seed: u64, purpose: Purpose, key: (usize, usize), len: usize) -> Vec<f64> {
    let mut values = vec![0.0; len];
    Stream::new(seed, purpose, key.0 as u64, key.1 as u64).fill_normal(&mut values);
    values.into_iter().map(f64::from).collect()
}

/// The whole training by definition: no output for the time, Adam as in the paper, all in f64.
fn plainly_trained(problem: &Problem) -> Plain {
    let (set, settings, schedule) = (&problem.set, &problem.settings, &problem.schedule);
    let (d, h, last, n) = (set.inputs, problem.config.hidden, schedule.len(), set.train_len());
    let start = ConditionedMachine::new(last, &Weights::init_conditioned(d, h, settings.seed));
    let mut net = Plain { d, h, parameters: flat(&start) };
    let mut moments = vec![(0.0_f64, 0.0_f64); net.parameters.len()];
    let (batch, mut step) = (settings.batch, 0);
    let all = settings.epochs * last * (n / batch);
    for pass in 1..=settings.epochs * last {
        let order = Stream::new(settings.seed, Purpose::Shuffle, 0, pass as u64).permutation(n);
        let noise = normals(settings.seed, Purpose::TrainNoise, (0, pass), n * d);
        let mut times = Stream::new(settings.seed, Purpose::Timesteps, pass as u64, 0);
        let times: Vec<usize> = (0..n).map(|_| times.below(last as u64) as usize + 1).collect();
        for first in (0..n / batch).map(|i| i * batch) {
            let mut gradient = vec![0.0; net.parameters.len()];
            for at in first..first + batch {
                let forward = schedule.forward(schedule.timestep(times[at]).unwrap());
                let z0 = &set.train[order[at] as usize * d..][..d];
                let eps = &noise[at * d..(at + 1) * d];
                let z: Vec<f64> =
                    z0.iter().zip(eps).map(|(&z, e)| forward.signal * f64::from(z) + forward.noise * e).collect();
                net.add_gradient((&z, times[at] as f64 / last as f64, eps), 1.0 / batch as f64, &mut gradient);
            }
            let rate = settings.learning_rates[0] * settings.decay.factor(step, all);
            step += 1;
            let (c1, c2) = (1.0 - 0.9_f64.powi(step as i32), 1.0 - 0.999_f64.powi(step as i32));
            for ((x, (m, v)), g) in net.parameters.iter_mut().zip(&mut moments).zip(gradient) {
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                *x -= rate * (*m / c1) / ((*v / c2).sqrt() + 1e-8);
            }
        }
    }
    net
}

/// The mean squared error of the net at t on these samples with this noise.
fn plain_mse(net: &Plain, problem: &Problem, t: usize, rows: &[&[f32]], noise: &[f64]) -> f64 {
    let forward = problem.schedule.forward(problem.schedule.timestep(t).unwrap());
    let time = t as f64 / problem.schedule.len() as f64;
    let mut sum = 0.0;
    for (z0, eps) in rows.iter().zip(noise.chunks_exact(net.d)) {
        let z: Vec<f64> = z0.iter().zip(eps).map(|(&z, e)| forward.signal * f64::from(z) + forward.noise * e).collect();
        let (_, answer) = net.answer(&z, time);
        sum += answer.iter().zip(eps).map(|(a, e)| (a - e).powi(2)).sum::<f64>();
    }
    sum / (rows.len() * net.d) as f64
}

#[test]
fn the_engine_trains_the_machine_of_the_definition() {
    let mut problem = conditioned_problem();
    (problem.settings.epochs, problem.settings.evaluate_every) = (2, 2);
    let (machine, curves) = trained(&problem, 1);
    let net = plainly_trained(&problem);
    let pairs = flat(&machine).into_iter().zip(&net.parameters);
    let worst = pairs.map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
    assert!(worst < 2e-3, "weights differ by {worst}");
    let (set, seed, d) = (&problem.set, problem.settings.seed, problem.set.inputs);
    let close = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-3, "{found} {expected}");
    let rows = |values: &'static str| match values {
        "test" => set.test.chunks_exact(d).collect::<Vec<_>>(),
        _ => set.validation.chunks_exact(d).collect(),
    };
    for (t, curve) in (1..).zip(&curves) {
        assert_eq!((curve.epoch.as_slice(), curve.kept, curve.class_gain.len()), (&[2][..], 2, 2));
        let noise = |purpose, epoch, samples: usize| normals(seed, purpose, (t, epoch), samples * d);
        let mse = |rows: &[&[f32]], noise: &[f64]| plain_mse(&net, &problem, t, rows, noise);
        close(curve.test[0], mse(&rows("test"), &noise(Purpose::TestNoise, 2, set.test_len())));
        let validation = noise(Purpose::ValidationNoise, 0, set.validation_len());
        close(curve.validation[0], mse(&rows("validation"), &validation));
        // As many training samples as there are test samples, the first of the order that the bank's machine has.
        let order = Stream::new(seed, Purpose::Shuffle, t as u64, 2).permutation(set.train_len());
        let first: Vec<&[f32]> = order[..set.test_len()].iter().map(|&i| &set.train[i as usize * d..][..d]).collect();
        close(curve.train[0], mse(&first, &noise(Purpose::TrainNoise, 2, set.test_len())));
    }
}

#[test]
fn interruptions_and_threads_leave_no_trace() {
    let mut problem = conditioned_problem();
    problem.settings.decay = Decay::Cosine;
    let whole = trained(&problem, 1);
    assert!(whole.1.iter().all(|curve| curve.epoch == [1, 2, 3] && curve.class_gain.len() == 4));
    assert_eq!(trained(&problem, 3), whole);
    // The readings before the training, passes and measurements are all cut off at some point.
    let (mut desk, mut interruptions, mut in_measuring) = (Desk::default(), 0, 0);
    for patience in [3, 22, 1, 8, 2, 31, 4, 26, 45].into_iter().cycle() {
        desk = Desk { patience: Some(patience), state: desk.state, ..Desk::default() };
        match train_conditioned(&problem.job(), 2, &desk) {
            Ok(()) => break,
            Err(TrainError::Interrupted) => interruptions += 1,
            Err(error) => panic!("{error}"),
        }
        let state = desk.left_off().unwrap().unwrap();
        let measured = state.curves.first().and_then(|curve| curve.epoch.last()).copied().unwrap_or(0);
        in_measuring += usize::from(state.state.done == 20 * (measured + 1));
    }
    assert!(interruptions > 5 && in_measuring > 0, "{interruptions} {in_measuring}");
    assert!(desk.finished.into_inner().unwrap().unwrap() == whole);
}

#[test]
fn a_state_of_another_shape_and_a_loss_that_is_no_number_are_said() {
    let problem = conditioned_problem();
    let mut desk = Desk { patience: Some(25), ..Desk::default() };
    assert!(matches!(train_conditioned(&problem.job(), 1, &desk), Err(TrainError::Interrupted)));
    desk.patience = None;
    let mut other = problem.job();
    other.config.hidden += 1;
    assert!(matches!(train_conditioned(&other, 1, &desk), Err(TrainError::ConditionedMidway)));

    let mut wild = conditioned_problem();
    wild.settings.learning_rates = vec![1e30; 20];
    let result = train_conditioned(&wild.job(), 2, &Desk::default());
    let Err(TrainError::Machines(failed)) = result else { panic!("{result:?}") };
    let all = |failed: &FailedMachines| failed.iter().cloned().collect::<Vec<_>>();
    assert_eq!(all(&failed), [MachineError::Conditioned { t: 1, epoch: 1 }]);
}

#[test]
fn of_gaussian_data_it_learns_the_wiener_predictor_at_every_t() {
    // One cloud with the standard deviations 1.6 and 0.4: no predictor beats the affine one, whose loss falls from 0.8 at t = 1
    // to 0.003 at t = 20; a net of 64 units comes near it at every t.  On 1000 samples a loss has a standard error of 2 to 3%.
    let mut problem = conditioned_problem();
    let sample = |count: usize, draw: u64| -> Vec<f32> {
        let mut values = vec![0.0; 2 * count];
        Stream::new(77, Purpose::Data, draw, 0).fill_normal(&mut values);
        values.chunks_exact_mut(2).for_each(|row| (row[0], row[1]) = (1.6 * row[0], 0.4 * row[1]));
        values
    };
    problem.set.inputs = 2;
    (problem.set.train, problem.set.test) = (sample(2000, 0), sample(1000, 1));
    problem.set.validation.clear();
    problem.moments.eigenvalues = vec![2.56, 0.16];
    (problem.config.hidden, problem.classes) = (64, None);
    (problem.settings.epochs, problem.settings.evaluate_every, problem.settings.decay) = (8, 8, Decay::Cosine);
    problem.settings.learning_rates = vec![3e-3; 20];
    let (_, curves) = trained(&problem, 2);
    let wiener = Wiener::new(&problem.schedule, &problem.moments.eigenvalues);
    for (t, curve) in problem.schedule.timesteps().zip(&curves) {
        let best = wiener.mse(t, &problem.moments.eigenvalues);
        let within = (0.9 * best..1.1 * best + 0.01).contains(&curve.test[0]);
        assert!(within, "{t}: {} where the best is {best}", curve.test[0]);
    }
}
