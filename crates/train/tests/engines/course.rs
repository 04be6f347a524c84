//! Warm starts, validation, early stopping and sparse evaluation, the same in every engine.

use model::{Device, SkipKind};
use schedule::{Law, LossWeight, Schedule};
use train::{Decay, MachineError, Stop, TrainError, WarmStart};

use crate::common::{self, SKIPS, problem};

const DEVICES: [Device; 2] = [Device::Host, Device::Ndarray];
const PLATEAU: Stop = Stop::Plateau { patience: 2, min_improvement: 0.02 };

fn all() -> Vec<usize> {
    (1..=20).collect()
}

#[test]
fn engines_agree_with_warm_starts_and_early_stopping() {
    for skip in SKIPS {
        let mut problem = problem(skip);
        problem.settings.epochs = 12;
        problem.settings.warm_start = Some(WarmStart { spacing: 6, epochs: 8 });
        problem.settings.stop = PLATEAU;
        let [host, ndarray] = DEVICES.map(|device| problem.train_on(&all(), device, 2));
        let early = host.iter().filter(|(_, _, history)| history.epoch.last() < Some(&8)).count();
        assert!(early > 3, "{skip:?}: {early} machines stopped early");
        for ((t, machine, one), (_, other_machine, other)) in host.iter().zip(&ndarray) {
            assert_eq!((&one.epoch, one.kept), (&other.epoch, other.kept), "{skip:?} t = {t}");
            let curves = [(&one.train, &other.train), (&one.validation, &other.validation), (&one.test, &other.test)];
            for (a, b) in curves.into_iter().flat_map(|(a, b)| a.iter().zip(b)) {
                assert!((a / b - 1.0).abs() < 1e-3, "{skip:?} t = {t}: {a} {b}");
            }
            let far = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(far(&machine.w1, &other_machine.w1) < 1e-2, "{skip:?} t = {t}");
        }
    }
}

#[test]
fn warm_starts_depend_neither_on_threads_nor_on_what_was_trained_when() {
    for skip in SKIPS {
        let mut problem = problem(skip);
        problem.settings.warm_start = Some(WarmStart { spacing: 7, epochs: 2 });
        let whole = problem.train_on(&all(), Device::Host, 1);
        let backwards: Vec<usize> = all().into_iter().rev().collect();
        assert!(whole == problem.train_on(&backwards, Device::Host, 2), "{skip:?}");
        assert!(whole == problem.train_on(&all(), Device::Host, 5), "{skip:?}");
        // Anchors are 20, 13 and 6: the first part holds a whole branch, the second what is left.
        let part = problem.train_on(&[13, 14, 15, 6, 5, 20], Device::Host, 2);
        let rest: Vec<usize> = all().into_iter().filter(|t| ![13, 14, 15, 6, 5, 20].contains(t)).collect();
        assert!(whole == problem.go_on(part, &rest, Device::Host, 3), "{skip:?}");
    }
}

#[test]
fn a_warm_start_begins_where_its_neighbour_ended() {
    for skip in SKIPS {
        let mut problem = problem(skip);
        // Neighbours are near in a chain of small steps, and Adam's first steps do little harm at a small rate.
        problem.schedule = Schedule::new(Law::Constant { beta: 0.03 }, 20).unwrap();
        problem.settings.epochs = 100;
        problem.settings.learning_rates.fill(2e-3);
        let cold = problem.train_on(&[9, 10], Device::Host, 2);
        problem.settings.warm_start = Some(WarmStart { spacing: 10, epochs: 1 });
        let warm = problem.train_on(&[9, 10], Device::Host, 2);
        assert!(warm[1] == cold[1], "{skip:?}: the anchor");
        assert_eq!(warm[0].2.epoch, [1]);
        let [begun, warm, trained] = [&cold[0].2.validation[0], &warm[0].2.validation[0], &cold[0].2.validation[99]];
        assert!(warm - trained < 0.25 * (begun - trained), "{skip:?}: {begun} cold, {warm} warm, {trained} in the end");
    }
}

#[test]
fn a_failed_machine_takes_its_descendants_with_it_and_no_others() {
    for device in DEVICES {
        let mut problem = problem(SkipKind::Learned);
        problem.settings.warm_start = Some(WarmStart { spacing: 4, epochs: 2 });
        problem.settings.learning_rates[15] = 1e30;
        let (result, kept) = problem.try_on(&all(), device, 3);
        let Err(TrainError::Machines(failed)) = result else { panic!("{device:?} {result:?}") };
        // From t = 16: 15 and 17, and from 15, by the tie towards the higher anchor, 14.
        let orphan = |t, neighbour| MachineError::Neighbour { t, neighbour };
        let expected = [orphan(14, 15), orphan(15, 16), MachineError::NotFinite { t: 16, epoch: 1 }, orphan(17, 16)];
        assert_eq!(failed.iter().cloned().collect::<Vec<_>>(), expected, "{device:?}");
        let others: Vec<usize> = all().into_iter().filter(|t| !(14..=17).contains(t)).collect();
        assert_eq!(kept.iter().map(|(t, ..)| *t).collect::<Vec<_>>(), others, "{device:?}");
    }
}

#[test]
fn the_kept_machine_is_that_of_the_lowest_validation_loss() {
    for device in DEVICES {
        let mut problem = problem(SkipKind::Wiener);
        (problem.settings.epochs, problem.settings.stop, problem.settings.decay) = (15, PLATEAU, Decay::None);
        for (t, machine, history) in problem.train_on(&[2, 8, 14], device, 2) {
            let lowest = history.validation.iter().copied().fold(f64::INFINITY, f64::min);
            let best = history.validation.iter().position(|loss| *loss == lowest).unwrap() + 1;
            assert_eq!(history.kept, best, "{device:?} t = {t}");
            // Without decay, the first epochs are the same however many follow.
            let mut shorter = common::problem(SkipKind::Wiener);
            (shorter.settings.epochs, shorter.settings.decay) = (best, Decay::None);
            let alone = shorter.train_on(&[t], device, 1).remove(0);
            let near = |a: &f32, b: &f32| (a - b).abs() < if device == Device::Host { f32::MIN_POSITIVE } else { 1e-5 };
            assert!(machine.w2.iter().zip(&alone.1.w2).all(|(a, b)| near(a, b)), "{device:?} t = {t}");
            assert_eq!(alone.2.kept, best);
        }
    }
}

#[test]
fn the_thesis_rule_ends_after_six_close_test_losses_and_keeps_the_last_epoch() {
    for device in DEVICES {
        let mut problem = problem(SkipKind::None);
        (problem.settings.epochs, problem.settings.stop) = (9, Stop::TestVariance { tolerance: 1e9 });
        for (_, _, history) in problem.train_on(&[3, 17], device, 1) {
            assert_eq!((history.epoch, history.kept), (vec![1, 2, 3, 4, 5, 6], 6));
        }
    }
}

#[test]
fn the_minimum_keeps_the_machine_of_the_lowest_test_loss_after_all_epochs() {
    for device in DEVICES {
        let mut problem = problem(SkipKind::Learned);
        // At this rate the test losses go up and down.
        (problem.settings.epochs, problem.settings.decay) = (9, Decay::None);
        problem.settings.learning_rates.fill(3e-2);
        let all = problem.train_on(&[2, 8, 14, 20], device, 2);
        problem.settings.stop = Stop::Minimum;
        let lowest = problem.train_on(&[2, 8, 14, 20], device, 2);
        let mut earlier = 0;
        for ((t, last, every), (_, machine, history)) in all.iter().zip(&lowest) {
            assert_eq!((&history.epoch, &history.test), (&every.epoch, &every.test), "{device:?} t = {t}");
            assert!(history.test.iter().all(|loss| *loss >= history.test[history.kept - 1]), "{device:?} t = {t}");
            assert_eq!(machine == last, history.kept == 9, "{device:?} t = {t}");
            earlier += usize::from(history.kept < 9);
        }
        assert!(earlier > 0, "{device:?}: every minimum is at the end");
    }
}

#[test]
fn the_weights_of_the_loss_do_not_matter_to_a_machine_of_its_own() {
    for device in DEVICES {
        let trained = |loss| {
            let mut problem = problem(SkipKind::None);
            (problem.settings.epochs, problem.settings.loss) = (8, loss);
            problem.train_on(&[1, 5, 12, 20], device, 2)
        };
        let simple = trained(LossWeight::Simple);
        for loss in [LossWeight::Variational, LossWeight::Accidental] {
            for ((t, plain, one), (_, weighted, other)) in simple.iter().zip(&trained(loss)) {
                let (one, other) = (one.test[7], other.test[7]);
                assert!((one - other).abs() < 0.003, "{device:?} {loss:?} t = {t}: {one} {other}");
                // The weight is not left out: it is seen in the last digits.
                assert!(plain.w1 != weighted.w1, "{device:?} {loss:?} t = {t}");
            }
        }
    }
}

#[test]
fn fewer_evaluations_and_held_out_samples_leave_the_training_as_it_is() {
    for device in DEVICES {
        let mut problem = problem(SkipKind::Learned);
        problem.settings.epochs = 5;
        let every = problem.train_on(&[4, 11], device, 1);
        problem.settings.evaluate_every = 2;
        problem.set.validation.clear();
        let some = problem.train_on(&[4, 11], device, 1);
        for ((_, machine, full), (_, same, sparse)) in every.iter().zip(&some) {
            assert!(machine == same, "{device:?}");
            assert_eq!((&sparse.epoch, sparse.kept), (&vec![2, 4, 5], 5));
            assert_eq!(sparse.test, [full.test[1], full.test[3], full.test[4]]);
            assert_eq!((full.validation.len(), sparse.validation.len()), (5, 0));
        }
    }
}
