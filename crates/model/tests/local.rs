//! Machines with local units: against sums over pixels written out, and every way of asking for the Jacobian.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use data::{Frame, Pca, Samples};
use model::checkpoint::{Checkpoint, History, Midway};
use model::{
    Bank, Canvas, Denoiser, Local, LocalConfig, LocalUnits, Machine, MachineConfig, Moments, Parametrisation,
    Predictor, Skip, SkipKind, Weights, checkpoint,
};
use schedule::{Law, Schedule};

const SIDE: usize = 4;
const D: usize = SIDE * SIDE;
const SHAPE: LocalConfig = LocalConfig { kernel: 3, channels: 2 };
const SIGNAL: f64 = 0.8;

fn wave(count: usize, step: f64) -> Vec<f32> {
    (0..count).map(|i| (step * i as f64 + 0.4).sin() as f32).collect()
}

/// Images whose last pixel never varies.
fn frame() -> Frame {
    let images = (0..60).flat_map(|n| {
        let pixel =
            move |p: usize| if p + 1 == D { 0.25 } else { ((n * D + p) as f64 * 0.77).sin() * (1.0 + p as f64 / 9.0) };
        (0..D).map(move |p| pixel(p) as f32)
    });
    let samples = Samples { dim: D, values: images.collect(), labels: Vec::new() };
    Frame::Principal(Pca::fit(&samples).unwrap())
}

fn units() -> LocalUnits {
    let [patch, channels] = [SHAPE.patch(), SHAPE.channels];
    LocalUnits { w1: wave(patch * channels, 1.3), b1: wave(channels, 2.1), w2: wave(channels * patch, 0.7) }
}

/// Whose dense units see `seen` of the `inputs` coordinates.
fn machine(frame: &Frame, (inputs, seen): (usize, usize), skip: Skip) -> Machine {
    let canvas = Arc::new(Canvas::new(frame, inputs).unwrap());
    Machine {
        dim: D,
        inputs,
        hidden: 3,
        w1: wave(seen * 3, 1.1),
        b1: wave(3, 2.3),
        w2: wave(3 * seen, 0.9),
        b2: wave(inputs, 0.3),
        skip,
        local: Some(Local { units: units(), canvas, signal: SIGNAL }),
    }
}

/// In the principal frame with a pixel that never varies, dense units on all axes and on five, and in the data's own coordinates.
fn machines() -> Vec<(Frame, Machine)> {
    let (turned, own) = (frame(), Frame::Identity { dim: D });
    let [principal, narrow] = [D - 1, 5].map(|seen| machine(&turned, (D - 1, seen), Skip::Diagonal(wave(D, 0.5))));
    let pixels = machine(&own, (D, D), Skip::Scalar(0.4));
    vec![(turned.clone(), principal), (turned, narrow), (own, pixels)]
}

/// out_{p+o} = sum_c w2_co relu(b1_c + sum_o' w1_o'c x_{p+o'}), pixel by pixel in f64.
fn local_by_hand(units: &LocalUnits, image: &[f64]) -> Vec<f64> {
    let reach = SHAPE.kernel as isize / 2;
    let around = |p: usize| {
        let (y, x) = ((p / SIDE) as isize, (p % SIDE) as isize);
        (-reach..=reach).flat_map(move |dy| (-reach..=reach).map(move |dx| (y + dy, x + dx)))
    };
    let pixel = |(y, x): (isize, isize)| {
        let inside = |at: isize| (0..SIDE as isize).contains(&at);
        (inside(y) && inside(x)).then(|| y as usize * SIDE + x as usize)
    };
    let mut out = vec![0.0; D];
    for p in 0..D {
        for c in 0..SHAPE.channels {
            let seen = around(p).enumerate().filter_map(|(o, at)| Some((o, pixel(at)?)));
            let sum: f64 = seen.map(|(o, q)| f64::from(units.w1[o * SHAPE.channels + c]) * image[q]).sum();
            let unit = (sum + f64::from(units.b1[c])).max(0.0);
            for (o, at) in around(p).enumerate() {
                if let Some(q) = pixel(at) {
                    out[q] += unit * f64::from(units.w2[c * SHAPE.patch() + o]);
                }
            }
        }
    }
    out
}

/// The image of the coordinates that the net sees.
fn image_of(frame: &Frame, inputs: usize, z: &[f32]) -> Vec<f64> {
    let mut seen = z.to_vec();
    seen[inputs..].fill(0.0);
    frame.lift(&seen, SIGNAL).into_iter().map(f64::from).collect()
}

#[test]
fn the_answer_is_the_sum_over_pixels() {
    for (frame, machine) in machines() {
        let z = wave(D * 3, 0.37);
        let mut found = vec![0.0; z.len()];
        machine.eps_hat(&z, &mut found);
        let mut dense = vec![0.0; z.len()];
        Machine { local: None, ..machine.clone() }.eps_hat(&z, &mut dense);
        for ((z, found), dense) in z.chunks(D).zip(found.chunks(D)).zip(dense.chunks(D)) {
            let local = local_by_hand(&units(), &image_of(&frame, machine.inputs, z));
            let local: Vec<f32> = local.into_iter().map(|v| v as f32).collect();
            let mut turned = frame.project(&local, 0.0);
            turned[machine.inputs..].fill(0.0);
            let precise = machine.eps_hat_in_f64(&z.iter().map(|&z| f64::from(z)).collect::<Vec<_>>());
            for k in 0..D {
                assert!((found[k] - dense[k] - turned[k]).abs() < 2e-5, "{k}: {} {}", found[k] - dense[k], turned[k]);
                assert!((f64::from(found[k]) - precise[k]).abs() < 2e-5, "{k}: {} {}", found[k], precise[k]);
            }
        }
    }
}

#[test]
fn the_jacobian_is_the_slope_of_eps_hat() {
    for (_, machine) in machines() {
        let z: Vec<f64> = wave(D, 0.37).into_iter().map(f64::from).collect();
        let active = machine.active(&z.iter().map(|&z| z as f32).collect::<Vec<_>>());
        assert_eq!(active.len(), machine.units());
        let dense = machine.jacobian(&active).dense();
        for j in 0..D {
            let moved = |step: f64| {
                let mut z = z.clone();
                z[j] += step;
                machine.eps_hat_in_f64(&z)
            };
            let (above, below) = (moved(1e-7), moved(-1e-7));
            for k in 0..D {
                let slope = (above[k] - below[k]) / 2e-7;
                assert!((slope - dense[k * D + j]).abs() < 1e-5, "{k} {j}: {slope} {}", dense[k * D + j]);
            }
        }
    }
}

#[test]
fn every_way_of_asking_agrees_with_the_dense_jacobian() {
    let (u, v): (Vec<f64>, Vec<f64>) =
        (wave(D, 0.61).into_iter().map(f64::from).collect(), wave(D, 1.9).into_iter().map(f64::from).collect());
    for (_, machine) in machines() {
        let states = wave(D * 2, 0.29);
        let active = machine.active(&states);
        let norms = machine.jacobian_norm().at(&active);
        for (active, norm) in active.chunks_exact(machine.units()).zip(norms) {
            let jacobian = machine.jacobian(active);
            let dense = jacobian.dense();
            let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9 * (1.0 + b.abs()), "{a} {b}");
            let (product, turned) = (jacobian.times(&v), jacobian.transposed_times(&u));
            for k in 0..D {
                near(product[k], (0..D).map(|j| dense[k * D + j] * v[j]).sum());
                near(turned[k], (0..D).map(|j| dense[j * D + k] * u[j]).sum());
            }
            let form: f64 = u.iter().zip(&product).map(|(u, p)| u * p).sum();
            near(machine.jacobian_form(&u, &v).at(active), form);
            let mean = 0.5 * [&u, &v].map(|u| machine.jacobian_form(u, u).at(active)).iter().sum::<f64>();
            near(machine.jacobian_mean_form(&[u.clone(), v.clone()].concat()).at(active), mean);
            near(jacobian.trace(), (0..D).map(|k| dense[k * (D + 1)]).sum());
            near(norm, dense.iter().map(|j| j * j).sum());
            // The net's own part: without the skip its singular values are those of the map of the pattern.
            let bare = Machine { skip: Skip::None, ..machine.clone() };
            let weights: Vec<f64> = active.iter().map(|&on| f64::from(u8::from(on))).collect();
            let map = bare.net_map(&weights).unwrap();
            let spectrum = bare.jacobian(active).singular_values().unwrap();
            map.values.iter().zip(&spectrum).for_each(|(a, b)| near(*a, *b));
        }
    }
}

#[test]
fn a_machine_of_pixels_answers_for_the_turned_state() {
    let frame = frame();
    let whole = machine(&Frame::Identity { dim: D }, (D, D), Skip::Scalar(0.4));
    let canvas = Arc::new(Canvas::new(&frame, D).unwrap());
    let turned = whole.turned(&frame, Some(&canvas), SIGNAL).unwrap();
    let x = wave(D * 2, 0.51);
    let (mut eps_hat, mut found) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    whole.eps_hat(&x, &mut eps_hat);
    turned.eps_hat(&frame.project(&x, SIGNAL), &mut found);
    for (a, b) in found.iter().zip(frame.project(&eps_hat, 0.0)) {
        assert!((a - b).abs() < 3e-5, "{a} {b}");
    }
}

#[test]
fn data_that_are_no_square_images_are_refused() {
    let error = Canvas::new(&Frame::Identity { dim: 15 }, 15).unwrap_err().to_string();
    assert!(error.starts_with("model.local: "), "{error}");
}

#[test]
fn a_bank_gives_machines_that_see_through_their_frame() {
    let schedule = Schedule::new(Law::Linear { beta_start: 1e-2, beta_end: 0.3 }, 3).unwrap();
    let (frame, t) = (frame(), schedule.timestep(2).unwrap());
    let signal = schedule.forward(t).signal;
    let machine = machine(&frame, (D - 1, 5), Skip::Diagonal(wave(D, 0.5)));
    let stored = Checkpoint {
        t: 2,
        alpha_bar: schedule.alpha_bar(t),
        key: "k".to_owned(),
        machine: machine.clone().into(),
        history: History { kept: 1, ..History::default() },
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(Bank::file_name(t)), checkpoint::write(&stored).unwrap()).unwrap();
    let bank = Bank::open(folder.path(), D).on_canvas(&frame, D - 1, &schedule).unwrap();
    let canvas = Arc::new(Canvas::new(&frame, D - 1).unwrap());
    assert_eq!(bank.machine(t).unwrap(), machine.clone().on_canvas(&canvas, signal));
    // Seen from its own frame, as the analysis looks at it, it stays what it is.
    let seen = bank.seen_from(&frame, &schedule);
    let z = wave(D, 0.3);
    let (mut found, mut expected) = (vec![0.0; D], vec![0.0; D]);
    seen.at(t).unwrap().eps_hat(&z, &mut found);
    machine.on_canvas(&canvas, signal).eps_hat(&z, &mut expected);
    assert_eq!(found, expected);
}

#[test]
fn weights_come_back_from_a_finished_machine_and_from_a_state() {
    let schedule = Schedule::new(Law::Linear { beta_start: 1e-2, beta_end: 0.3 }, 3).unwrap();
    let inputs = D - 1;
    let eigenvalues = (0..D).map(|k| if k < inputs { 2.0 / (1.0 + k as f64) } else { 0.0 }).collect();
    let moments = Moments { eigenvalues, second_moment: 0.5 };
    let config =
        MachineConfig { hidden: 3, skip: SkipKind::Diagonal, axes: Some(5), local: Some(SHAPE), local_last: 2 };
    let t = schedule.timestep(2).unwrap();
    let begun = Weights::init(config, inputs, 3, t);
    assert!(begun.fits(config, inputs) && begun.local.as_ref().unwrap().w2.iter().all(|&w| w == 0.0));
    let trained = Weights { gains: wave(inputs, 0.8), local: Some(units()), w2: wave(3 * 5, 0.2), ..begun };
    let wiring = Parametrisation::new(config, &schedule, t, &moments);
    let after = wiring.weights(&wiring.machine(&trained));
    let near = |a: &[f32], b: &[f32]| {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() < 1e-5, "{a} {b}"));
    };
    near(&after.gains, &trained.gains);
    near(&after.w2, &trained.w2);
    let (found, expected) = (after.local.unwrap(), trained.local.clone().unwrap());
    near(&found.w2, &expected.w2);
    assert_eq!((found.w1, found.b1), (expected.w1, expected.b1));

    let state = Midway {
        done: 4,
        first: trained.clone(),
        second: trained.clone(),
        best: None,
        history: History::default(),
        weights: trained,
    };
    let bytes = checkpoint::write_midway(2, "k", &state).unwrap();
    assert_eq!(checkpoint::midway_from_bytes(Path::new("state"), &bytes).unwrap(), ("k".to_owned(), state));
}
