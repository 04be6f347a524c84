//! A machine is what its wiring says: skip and net, scaled units and folded ones, burn module and host.

#![allow(clippy::unwrap_used, reason = "tests")]

use burn::tensor::{Tensor, TensorData};
use burn_ndarray::{NdArray, NdArrayDevice};
use model::{MachineConfig, Moments, Parametrisation, Predictor, SkipKind, StackedConfig, Weights};
use schedule::{Law, Purpose, Schedule, Stream};

const DIM: usize = 6;
const RANK: usize = 4;
const HIDDEN: usize = 9;
const ROWS: usize = 50;

fn moments() -> Moments {
    Moments { eigenvalues: vec![3.0, 1.0, 0.5, 0.01, 0.0, 0.0], second_moment: 0.7 }
}

fn normals(len: usize, index: u64) -> Vec<f32> {
    let mut values = vec![0.0; len];
    Stream::new(1, Purpose::Data, 0, index).fill_normal(&mut values);
    values
}

/// Trained-looking weights, none at its initial zero, of units that see a of the r inputs.
fn weights((inputs, seen): (usize, usize), index: u64) -> Weights {
    let part = |len: usize, part: u64| normals(len, 10 * index + part).iter().map(|v| 0.3 * v).collect();
    Weights {
        w1: part(seen * HIDDEN, 1),
        b1: part(HIDDEN, 2),
        w2: part(HIDDEN * seen, 3),
        b2: part(inputs, 4),
        gains: Vec::new(),
        local: None,
    }
}

/// A trained gain, where the skip has one.
fn gains(skip: SkipKind, gain: f32) -> Vec<f32> {
    if skip == SkipKind::Learned { vec![gain] } else { Vec::new() }
}

/// relu(z w1 + b1) w2 + b2 + gain z in f64, straight from the definition.
fn net(weights: &Weights, z: &[f64]) -> Vec<f64> {
    let (r, a) = (z.len(), weights.w1.len() / HIDDEN);
    let hidden: Vec<f64> = (0..HIDDEN)
        .map(|j| {
            let sum: f64 = (0..a).map(|k| z[k] * f64::from(weights.w1[k * HIDDEN + j])).sum();
            (sum + f64::from(weights.b1[j])).max(0.0)
        })
        .collect();
    (0..r)
        .map(|k| {
            let written = |j: usize| if k < a { f64::from(weights.w2[j * a + k]) } else { 0.0 };
            let sum: f64 = (0..HIDDEN).map(|j| hidden[j] * written(j)).sum();
            sum + f64::from(weights.b2[k]) + f64::from(weights.gains.first().copied().unwrap_or_default()) * z[k]
        })
        .collect()
}

/// The error in scaled units, times the wiring's factor, is the error of the finished machine on eps.
#[test]
fn scaled_errors_are_the_machine_errors_on_eps() {
    let schedule = Schedule::new(Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 100).unwrap();
    let kinds = [(SkipKind::None, DIM, None), (SkipKind::Learned, DIM, None), (SkipKind::Wiener, RANK, None)];
    for (skip, inputs, axes) in kinds.into_iter().chain([(SkipKind::Wiener, RANK, Some(2))]) {
        for t in [1, 40, 95] {
            let t = schedule.timestep(t).unwrap();
            let config = MachineConfig { axes, ..MachineConfig::dense(HIDDEN, skip) };
            let wiring = Parametrisation::new(config, &schedule, t, &moments());
            assert_eq!(wiring.inputs(), inputs);
            let mut weights = weights((inputs, config.seen(inputs)), 0);
            weights.gains = gains(skip, 0.2);
            let machine = wiring.machine(&weights);
            let mut z0 = normals(ROWS * DIM, 77);
            let eps = normals(ROWS * DIM, 78);
            // Outside the rank the training data vanish but test data may not.
            z0.iter_mut().enumerate().filter(|(i, _)| i % DIM >= RANK).for_each(|(_, v)| *v *= 0.1);
            let forward = schedule.forward(t);
            let zt: Vec<f32> = z0
                .iter()
                .zip(&eps)
                .map(|(&z0, &eps)| (forward.signal * f64::from(z0) + forward.noise * f64::from(eps)) as f32)
                .collect();
            let mut eps_hat = vec![0.0; ROWS * DIM];
            machine.eps_hat(&zt, &mut eps_hat);
            let direct: f64 = eps_hat.iter().zip(&eps).map(|(a, b)| f64::from(a - b).powi(2)).sum();

            let (mut scaled, mut beyond) = (0.0, 0.0);
            for (z0, eps) in z0.chunks_exact(DIM).zip(eps.chunks_exact(DIM)) {
                let (at, of) = (|v: &[f32], k: usize| f64::from(v[k]), |v: f32| f64::from(v));
                let z: Vec<f64> = (0..inputs)
                    .map(|k| of(wiring.input_z0[k]) * at(z0, k) + of(wiring.input_eps[k]) * at(eps, k))
                    .collect();
                let u =
                    (0..inputs).map(|k| of(wiring.target_eps[k]) * at(eps, k) - of(wiring.target_z0[k]) * at(z0, k));
                scaled += net(&weights, &z).iter().zip(u).map(|(o, u)| (o - u).powi(2)).sum::<f64>();
                beyond += (inputs..DIM).map(|k| at(z0, k).powi(2)).sum::<f64>();
            }
            let mse = wiring.mse(scaled / ROWS as f64, beyond / ROWS as f64);
            let direct = direct / (ROWS * DIM) as f64;
            // The direct error is a difference of numbers of order one: it cannot be better than f32 rounding.
            assert!((mse - direct).abs() < 2e-4 * direct + 1e-6, "{skip:?} t = {t}: {mse} {direct}");
        }
    }
}

#[test]
fn the_burn_module_computes_what_its_weights_say() {
    for seen in [RANK, 3] {
        the_module_computes((RANK, seen));
    }
}

fn the_module_computes((inputs, seen): (usize, usize)) {
    let of = |gain| Weights { gains: vec![gain], ..weights((inputs, seen), 1 + u64::from(gain > 0.0)) };
    let stack = [0.0, 0.4, -0.1].map(of);
    let config = StackedConfig { inputs, seen, hidden: HIDDEN, gains: 1 };
    let module = config.init::<NdArray<f32>>(&stack, &NdArrayDevice::Cpu);
    assert_eq!(module.weights().unwrap(), stack);
    let z = normals(3 * 5 * RANK, 5);
    let input = Tensor::from_data(TensorData::new(z.clone(), [3, 5, RANK]), &NdArrayDevice::Cpu);
    let out: Vec<f32> = module.forward(input).into_data().into_vec().unwrap();
    for (i, (row, out)) in z.chunks_exact(RANK).zip(out.chunks_exact(RANK)).enumerate() {
        let row: Vec<f64> = row.iter().map(|&v| f64::from(v)).collect();
        for (expected, found) in net(&stack[i / 5], &row).iter().zip(out) {
            assert!((expected - f64::from(*found)).abs() < 1e-5, "row {i}: {expected} {found}");
        }
    }
}

#[test]
fn an_untrained_machine_with_a_skip_is_its_skip() {
    let schedule = Schedule::new(Law::Cosine, 10).unwrap();
    let t = schedule.timestep(4).unwrap();
    let config = MachineConfig::dense(HIDDEN, SkipKind::Wiener);
    let wiring = Parametrisation::new(config, &schedule, t, &moments());
    let machine = wiring.machine(&Weights::init(config, RANK, 0, t));
    let z = normals(DIM, 9);
    let mut eps_hat = vec![0.0; DIM];
    machine.eps_hat(&z, &mut eps_hat);
    let (alpha_bar, noise) = (schedule.alpha_bar(t), schedule.forward(t).noise);
    for (k, lambda) in moments().eigenvalues.into_iter().enumerate() {
        let gain = noise / (alpha_bar * lambda + 1.0 - alpha_bar);
        assert!((f64::from(eps_hat[k]) - gain * f64::from(z[k])).abs() < 1e-6);
    }
}

#[test]
fn initial_weights_follow_pytorch_and_the_seed() {
    let schedule = Schedule::new(Law::Cosine, 10).unwrap();
    let (t, s) = (schedule.timestep(4).unwrap(), schedule.timestep(5).unwrap());
    let config = MachineConfig::dense(40, SkipKind::None);
    let init = Weights::init(config, 100, 7, t);
    assert_eq!(init, Weights::init(config, 100, 7, t));
    assert_ne!(init.w1, Weights::init(config, 100, 7, s).w1);
    assert_ne!(init.w1, Weights::init(config, 100, 8, t).w1);
    for (values, bound) in
        [(&init.w1, 0.1), (&init.b1, 0.1), (&init.w2, 40_f64.powf(-0.5)), (&init.b2, 40_f64.powf(-0.5))]
    {
        assert!(values.iter().all(|v| f64::from(v.abs()) <= bound));
        let second = values.iter().map(|&v| f64::from(v * v)).sum::<f64>() / values.len() as f64;
        assert!((second / (bound * bound / 3.0) - 1.0).abs() < 0.5, "{second} {bound}");
    }
}

/// Folding a machine and unfolding it gives the trained numbers back, at every t and for every skip.
#[test]
fn unfolded_weights_are_those_that_were_folded() {
    let schedule = Schedule::new(Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 100).unwrap();
    let kinds = [(SkipKind::None, DIM, None), (SkipKind::Learned, DIM, None), (SkipKind::Wiener, RANK, None)];
    for (skip, inputs, axes) in kinds.into_iter().chain([(SkipKind::Wiener, RANK, Some(2))]) {
        for t in [1, 40, 95] {
            let config = MachineConfig { axes, ..MachineConfig::dense(HIDDEN, skip) };
            let wiring = Parametrisation::new(config, &schedule, schedule.timestep(t).unwrap(), &moments());
            let before = Weights { gains: gains(skip, 0.3), ..weights((inputs, config.seen(inputs)), 1) };
            let machine = wiring.machine(&before);
            let after = wiring.weights(&machine);
            assert_eq!((&after.w1, &after.b1), (&before.w1, &before.b1));
            let scaled = after.w2.iter().zip(&before.w2).chain(after.b2.iter().zip(&before.b2));
            scaled.for_each(|(a, b)| assert!((a - b).abs() <= 2e-7 * b.abs(), "{skip:?} t = {t}: {a} {b}"));
            // The gain is a small difference of numbers near 1 where the output scale is small.
            assert_eq!(after.gains.len(), before.gains.len());
            let pairs = after.gains.iter().zip(&before.gains);
            pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-4, "{skip:?} t = {t}: {a}"));
            // From then on nothing is lost: the machine of the unfolded weights unfolds to the same.
            assert_eq!(wiring.machine(&after).skip, machine.skip, "{skip:?} t = {t}");
        }
    }
}
