//! How the learning of two classes is watched, the same in every engine.

use model::{Denoiser, Device, Parametrisation, Predictor, SkipKind, Wiener};
use schedule::{Schedule, Timestep};
use train::{Stop, WarmStart};

use crate::common::{Problem, SKIPS, Trained, problem};

const DEVICES: [Device; 2] = [Device::Host, Device::Ndarray];

fn timestep(schedule: &Schedule, t: usize) -> Timestep {
    schedule.timestep(t).unwrap()
}

/// Gain and offset of m(z0_hat) of the probes, z0_hat = (z_t - sqrt(D) eps_hat) / sqrt(A), and the standard error of the
/// gain over probes.
fn direct(problem: &Problem, t: usize, predictor: &dyn Predictor) -> (f64, f64, f64) {
    let (gauge, t) = (problem.classes.as_ref().unwrap(), timestep(&problem.schedule, t));
    let (d, r) = (problem.moments.eigenvalues.len(), problem.set.inputs);
    let forward = problem.schedule.forward(t);
    let mut zt: Vec<f32> = gauge.z0().iter().map(|z| forward.signal as f32 * z).collect();
    for (row, eps) in zt.chunks_exact_mut(d).zip(gauge.noise(r).chunks_exact(r)) {
        row.iter_mut().zip(eps).for_each(|(z, eps)| *z += forward.noise as f32 * eps);
    }
    let mut eps_hat = vec![0.0; zt.len()];
    predictor.eps_hat(&zt, &mut eps_hat);
    let rows = zt.chunks_exact(d).zip(eps_hat.chunks_exact(d));
    let m: Vec<f64> = rows
        .map(|(zt, eps_hat)| {
            let denoised = zt.iter().zip(eps_hat).take(r);
            gauge.order_parameter(
                denoised.map(|(&z, &e)| (f64::from(z) - forward.noise * f64::from(e)) / forward.signal),
            )
        })
        .collect();
    let mean = |m: &[f64]| m.iter().sum::<f64>() / m.len() as f64;
    let (first, second) = m.split_at(m.len() / 2);
    let error = |m: &[f64]| m.iter().map(|v| (v - mean(m)).powi(2)).sum::<f64>().sqrt() / m.len() as f64;
    let gain = 0.5 * (mean(second) - mean(first));
    (gain, 0.5 * (mean(second) + mean(first)), 0.5 * error(first).hypot(error(second)))
}

fn assert_last(problem: &Problem, trained: &Trained) {
    for (t, machine, history) in trained {
        assert_eq!(
            (history.class_gain.len(), history.class_offset.len()),
            (history.epoch.len() + 1, history.epoch.len() + 1)
        );
        let (gain, offset, _) = direct(problem, *t, machine);
        let near = |found: f64, exact: f64| (found - exact).abs() < 2e-4 * (1.0 + exact.abs());
        assert!(near(*history.class_gain.last().unwrap(), gain), "t = {t}: {:?} {gain}", history.class_gain);
        assert!(near(*history.class_offset.last().unwrap(), offset), "t = {t}: {:?} {offset}", history.class_offset);
    }
}

#[test]
fn what_is_logged_is_what_the_machine_answers() {
    for device in DEVICES {
        for skip in SKIPS {
            let problem = problem(skip);
            assert_last(&problem, &problem.train_on(&[1, 3, 10, 20], device, 2));
        }
    }
}

#[test]
fn machines_and_losses_are_the_same_bits_with_and_without() {
    for device in DEVICES {
        for skip in SKIPS {
            let mut problem = problem(skip);
            problem.settings.epochs = 5;
            problem.settings.stop = Stop::Plateau { patience: 2, min_improvement: 0.02 };
            let mut watched = problem.train_on(&[1, 2, 7, 20], device, 2);
            problem.classes = None;
            let alone = problem.train_on(&[1, 2, 7, 20], device, 2);
            for (_, _, history) in &mut watched {
                assert!(!history.class_gain.is_empty() && !history.class_offset.is_empty());
                history.class_gain.clear();
                history.class_offset.clear();
            }
            assert!(watched == alone, "{device:?} {skip:?}");
        }
    }
}

#[test]
fn engines_agree_on_the_classes() {
    for skip in SKIPS {
        let mut problem = problem(skip);
        problem.settings.evaluate_every = 2;
        let [host, ndarray] = DEVICES.map(|device| problem.train_on(&(1..=20).collect::<Vec<_>>(), device, 2));
        for ((t, _, one), (_, _, other)) in host.iter().zip(&ndarray) {
            assert_eq!(one.class_gain.len(), 3, "before training and after epochs 2 and 3");
            let curves = [(&one.class_gain, &other.class_gain), (&one.class_offset, &other.class_offset)];
            for (a, b) in curves.into_iter().flat_map(|(a, b)| a.iter().zip(b)) {
                assert!((a - b).abs() < 1e-3 * (1.0 + a.abs()), "{skip:?} t = {t}: {a} {b}");
            }
        }
    }
}

#[test]
fn a_machine_with_a_wiener_skip_starts_with_the_gain_of_the_affine_predictor() {
    let problem = problem(SkipKind::Wiener);
    let wiener = Wiener::new(&problem.schedule, &problem.moments.eigenvalues);
    let gauge = problem.classes.as_ref().unwrap();
    // direction = 2 u / |m_2 - m_1|, so that its own length is half of what makes u of it.
    let length2: f64 = gauge.direction().iter().map(|u| u * u).sum();
    for device in DEVICES {
        for (t, _, history) in problem.train_on(&[2, 6, 9, 14], device, 1) {
            let (gain, offset, error) = direct(&problem, t, &*wiener.at(timestep(&problem.schedule, t)).unwrap());
            assert!((history.class_gain[0] - gain).abs() < 1e-4 && (history.class_offset[0] - offset).abs() < 1e-4);
            // On average over noise and samples: sum_k u_k^2 A lambda_k / (A lambda_k + D).
            let a = problem.schedule.alpha_bar(timestep(&problem.schedule, t));
            let axes = gauge.direction().iter().zip(&problem.moments.eigenvalues);
            let exact: f64 = axes.map(|(u, v)| u * u / length2 * a * v / (a * v + 1.0 - a)).sum();
            assert!((gain - exact).abs() < 4.0 * error, "{device:?} t = {t}: {gain} {exact} {error}");
        }
    }
}

#[test]
fn a_warm_start_starts_with_what_its_neighbour_knows() {
    for skip in SKIPS {
        let mut problem = problem(skip);
        problem.settings.warm_start = Some(WarmStart { spacing: 5, epochs: 2 });
        for device in DEVICES {
            let trained = problem.train_on(&[9, 10], device, 1);
            assert_last(&problem, &trained);
            // The neighbour's net in scaled units, wired as this timestep is.
            let wiring = |t| {
                Parametrisation::new(
                    problem.config,
                    &problem.schedule,
                    timestep(&problem.schedule, t),
                    &problem.moments,
                )
            };
            let (gain, offset, _) = direct(&problem, 9, &wiring(9).machine(&wiring(10).weights(&trained[1].1)));
            let history = &trained[0].2;
            assert!(
                (history.class_gain[0] - gain).abs() < 1e-4,
                "{skip:?} {device:?}: {:?} {gain}",
                history.class_gain
            );
            assert!((history.class_offset[0] - offset).abs() < 1e-4, "{skip:?} {device:?}");
        }
    }
}
