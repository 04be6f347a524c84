//! Local units and a diagonal skip, in both engines.

use data::{Frame, Pca, Samples};
use model::{Canvas, ClassGauge, Device, LocalConfig, MachineConfig, Moments, SkipKind};
use schedule::{Purpose, Stream};
use train::TrainingSet;

use super::common::{Problem, problem};

const SIDE: usize = 5;
const D: usize = SIDE * SIDE;
const SHAPE: LocalConfig = LocalConfig { kernel: 3, channels: 6 };

/// Images of one bright pixel or two side by side, somewhere off the edge, whose upper left pixel never varies.
fn images(n: usize, salt: u64) -> Samples {
    let mut stream = Stream::new(3, Purpose::Data, salt, 0);
    let mut samples = Samples { dim: D, values: vec![-0.2; n * D], labels: Vec::new() };
    for image in samples.values.chunks_exact_mut(D) {
        let (y, x) = (1 + stream.below(3) as usize, 1 + stream.below(3) as usize);
        let two = stream.below(2) as usize;
        image[y * SIDE + x] = 1.5;
        image[y * SIDE + x + two] = 1.5;
        samples.labels.push(two as u8);
    }
    samples
}

/// The usual problem, of images in their principal frame or in their own coordinates, dense units on so many axes.
fn of_images(skip: SkipKind, axes: Option<usize>, local: Option<LocalConfig>) -> Problem {
    let (train, validation, test) = (images(320, 0), images(40, 1), images(70, 2));
    let pca = Pca::fit(&train).unwrap();
    let (frame, inputs) = match skip.is_affine() {
        true => (Frame::Principal(pca.clone()), pca.rank()),
        false => (Frame::Identity { dim: D }, D),
    };
    let [train, validation, test] = [&train, &validation, &test].map(|samples| frame.project_samples(samples));
    let second_moment = train.values.iter().map(|&v| f64::from(v * v)).sum::<f64>() / train.values.len() as f64;
    let set = TrainingSet::new(&train, &test, inputs).with_validation(&validation);
    Problem {
        classes: ClassGauge::of(&train, 5),
        moments: Moments { eigenvalues: pca.eigenvalues, second_moment },
        set: set.with_canvas(Canvas::new(&frame, inputs).unwrap()),
        config: MachineConfig { hidden: 7, skip, axes, local, local_last: 15 },
        ..problem(SkipKind::None)
    }
}

#[test]
fn the_engines_agree_on_local_units_and_on_gains() {
    let kinds = [
        (SkipKind::Diagonal, None),
        (SkipKind::Wiener, None),
        (SkipKind::Learned, None),
        (SkipKind::Diagonal, Some(5)),
        (SkipKind::Wiener, Some(9)),
        (SkipKind::Diagonal, Some(600)),
    ];
    for (skip, axes) in kinds {
        let problem = of_images(skip, axes, Some(SHAPE));
        let timesteps = [1, 2, 7, 15, 20];
        let host = problem.train_on(&timesteps, Device::Host, 2);
        let ndarray = problem.train_on(&timesteps, Device::Ndarray, 1);
        assert_eq!((host.len(), ndarray.len()), (5, 5));
        for ((t, machine, history), (_, other_machine, other)) in host.iter().zip(&ndarray) {
            let curves = [(&history.train, &other.train), (&history.test, &other.test)];
            for (a, b) in curves.into_iter().flat_map(|(a, b)| a.iter().zip(b)) {
                assert!((a / b - 1.0).abs() < 1e-4, "{skip:?} t = {t}: {a} {b}");
            }
            for (a, b) in history.class_gain.iter().zip(&other.class_gain) {
                assert!((a - b).abs() < 1e-3, "{skip:?} t = {t}: class gains {a} {b}");
            }
            assert_eq!(machine.seen(), axes.map_or(machine.inputs, |axes| axes.min(machine.inputs)));
            let far = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert_eq!(machine.local.is_some(), *t <= 15);
            if let (Some(one), Some(two)) = (&machine.local, &other_machine.local) {
                let (one, two) = (&one.units, &two.units);
                assert!(far(&one.w1, &two.w1) < 1e-3 && far(&one.w2, &two.w2) < 2e-3, "{skip:?} t = {t}");
            }
            assert_eq!(history.wiener_test.len(), if skip.is_affine() { 3 } else { 0 });
        }
    }
}

#[test]
fn threads_and_company_change_nothing() {
    let problem = of_images(SkipKind::Diagonal, Some(5), Some(SHAPE));
    let all = problem.train_on(&[1, 2, 3, 10], Device::Host, 1);
    assert!(all == problem.train_on(&[3, 1, 10, 2], Device::Host, 3));
    assert!(problem.train_on(&[2], Device::Host, 1)[0] == all[1]);
}

#[test]
fn local_units_learn_what_a_few_dense_ones_do_not() {
    let trained = |local| {
        let mut problem = of_images(SkipKind::Diagonal, None, local);
        problem.settings.epochs = 40;
        problem.settings.learning_rates.fill(3e-3);
        problem.train_on(&[3], Device::Host, 1)[0].2.test[39]
    };
    let (with, without) = (trained(Some(SHAPE)), trained(None));
    assert!(with < 0.8 * without, "{with} {without}");
}
