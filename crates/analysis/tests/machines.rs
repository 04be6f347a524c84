//! Exact Jacobians of laws whose every answer is known, and of machines made by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub, reason = "tests")]

mod common;

use std::path::Path;

use analysis::lab::Lab;
use analysis::observables::{Measured, Named, TransitionRow};
use common::{World, at, measure};
use model::checkpoint::{Checkpoint, History};
use model::{Bank, Denoiser, Machine, Skip};
use schedule::{Purpose, Stream};

/// Two Gaussians +-m, |m|^2 = 16, unit covariance: kappa = 16 A, above 1 up to t = 51 of T = 100.
fn world() -> World {
    World::mixture(8, 16.0, 100, 400)
}

fn transition<'a>(measured: &'a Measured, convention: &str, model: &str) -> &'a TransitionRow {
    measured
        .transitions
        .iter()
        .find(|row| row.convention == convention && row.model == model)
        .unwrap_or_else(|| panic!("no {convention} of {model}"))
}

/// kappa at a timestep, real numbers between two steps included.
fn kappa(world: &World, t: f64) -> f64 {
    let at = |t: usize| 16.0 * world.schedule.alpha_bar(world.schedule.timestep(t).unwrap());
    let below = t.floor();
    at(below as usize) * (1.0 - t + below) + at(below as usize + 1) * (t - below)
}

fn x_of(measured: &Measured, t: usize, quantity: &str) -> Vec<(f64, f64)> {
    let rows = measured.rows.iter().filter(|row| row.t == Some(t) && row.model == "law" && row.quantity == quantity);
    rows.map(|row| (row.x.unwrap(), row.value)).collect()
}

#[test]
fn the_class_line_of_two_gaussians_turns_unstable_at_kappa_one() {
    let world = world();
    let measured = measure(&world.lab(), "stability");
    for t in [20, 40, 50, 60, 70] {
        // (kappa - 1) / (A s2 + D), A s2 + D = 1, at the middle of the line; below kappa = 1 too, the slopes at both ends
        // being smaller. The axis is that of the sample's means, which turns by about 1 / sqrt(n) from the law's.
        let exact = kappa(&world, t as f64) - 1.0;
        for quantity in ["max_slope", "slope_at_half", "top_eigenvalue_at_half"] {
            let found = at(&measured, t, "law", quantity).value;
            assert!((found - exact).abs() < 0.02 * (1.0 + exact.abs()), "{quantity} at t = {t}: {found} {exact}");
        }
        let half = at(&measured, t, "data", "half_position").value;
        assert!((half - 0.5).abs() < 0.03, "{t}: {half}");
    }
    for convention in ["max slope along the class line = 0", "top eigenvalue at p = 1/2 is 0"] {
        let t = transition(&measured, convention, "law").t.unwrap();
        assert!((kappa(&world, t) - 1.0).abs() < 0.03, "{convention}: {t}");
    }
    let t = transition(&measured, "1/2 + max slope along the class line = 0", "law").t.unwrap();
    assert!((kappa(&world, t) - 0.5).abs() < 0.02, "{t}");
    // Noise across the line changes nothing where the covariance is isotropic.
    let typical = transition(&measured, "typical slope along the class line = 0", "law");
    let t = typical.t.unwrap();
    assert!((kappa(&world, t) - 1.0).abs() < 0.08 && typical.low.unwrap() <= t && t <= typical.high.unwrap());
    // One Gaussian of the same covariance: -1 / (A (1 + |m|^2) + D) along m, stable at every t.
    for t in [20, 50, 80] {
        let exact = -1.0 / (1.0 + kappa(&world, t as f64));
        let found = at(&measured, t, "gaussian", "max_slope").value;
        assert!((found - exact).abs() < 0.02, "{t}: {found} {exact}");
    }
}

#[test]
fn fixed_points_of_two_gaussians_form_a_pitchfork_at_kappa_one() {
    let world = world();
    let measured = measure(&world.lab(), "fixed_points");
    for t in [5, 20, 40, 48] {
        let kappa = kappa(&world, t as f64);
        let tau = (0..4000).fold(1.0_f64, |tau, _| (kappa * tau).tanh());
        let (places, curvatures) = (x_of(&measured, t, "order_parameter"), x_of(&measured, t, "curvature"));
        let mut found: Vec<(f64, bool)> =
            places.iter().zip(&curvatures).map(|((_, m), (_, curvature))| (*m, *curvature < 0.0)).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(found.len(), 3, "{t}: {found:?}");
        for ((m, stable), (exact, is)) in found.into_iter().zip([(-tau, true), (0.0, false), (tau, true)]) {
            assert!((m - exact).abs() < 0.05 && stable == is, "{t}: {m} {stable}, exactly {exact}");
        }
    }
    for t in [55, 60, 90] {
        let places = x_of(&measured, t, "order_parameter");
        assert!(places.len() == 1 && places[0].1.abs() < 0.1, "{t}: {places:?}");
    }
    let last = transition(&measured, "stable fixed points on both sides", "law").t.unwrap();
    assert!((49.0..=52.0).contains(&last), "{last}");
}

#[test]
fn two_wells_part_where_the_pitchfork_is() {
    let world = world();
    let measured = measure(&world.lab(), "potential");
    let last = transition(&measured, "two wells along the class line", "law").t.unwrap();
    // A barrier of 0.01 nats stands at (3/4) (kappa - 1)^2 = 0.01, that is kappa = 1.12.
    assert!((48.0..=51.0).contains(&last), "{last}");
    for t in [10, 30] {
        // V = y^2 / 2 - ln cosh(sqrt(kappa) y) in y = m . z / |m|: the barrier at 0 above the wells at sqrt(kappa) tau.
        let kappa = kappa(&world, t as f64);
        let tau = (0..4000).fold(1.0_f64, |tau, _| (kappa * tau).tanh());
        let exact = (kappa * tau).cosh().ln() - 0.5 * kappa * tau * tau;
        let found = at(&measured, t, "law", "barrier").value;
        assert!((found - exact).abs() < 0.05 * (1.0 + exact), "{t}: {found} {exact}");
    }
}

#[test]
fn an_exact_score_resolves_as_many_directions_as_its_error_says() {
    let world = world();
    let measured = measure(&world.lab(), "local_dimension");
    for t in [20, 50, 80] {
        let (mse, trace) = (at(&measured, t, "law", "d_mse"), at(&measured, t, "law", "degrees_of_freedom"));
        let width = (mse.high.unwrap() - mse.low.unwrap()) + (trace.high.unwrap() - trace.low.unwrap());
        assert!((mse.value - trace.value).abs() < width + 1e-3, "{t}: {mse:?} {trace:?}");
        // A for each of eight directions of unit variance, and the class, whose share kappa (1 - q) / D is at most 0.6.
        let a = kappa(&world, t as f64) / 16.0;
        assert!((8.0 * a - 0.3..8.0 * a + 1.0).contains(&trace.value), "{t}: {} {a}", trace.value);
        let power = at(&measured, t, "law", "nonlinear_power").value;
        let wiener = at(&measured, t, "gaussian", "d_mse").value;
        assert!((power - (1.0 - mse.value / wiener)).abs() < 0.1, "{t}: {power} {} {wiener}", mse.value);
    }
}

/// A machine that takes `gain` times the first h coordinates for noise: its units are active wherever states are, and b2
/// takes their bias out again.
fn reader(d: usize, h: usize, skip: Skip, gain: f32) -> Machine {
    let mut w1 = vec![0.0_f32; d * h];
    (0..h).for_each(|i| w1[i * h + i] = 1.0);
    let w2: Vec<f32> = (0..h).flat_map(|i| (0..d).map(move |k| if i == k { gain } else { 0.0 })).collect();
    let b2 = (0..d).map(|k| if k < h { -30.0 * gain } else { 0.0 }).collect();
    Machine { dim: d, inputs: d, hidden: h, w1, b1: vec![30.0; h], w2, b2, skip, local: None }
}

/// Random weights of the size that training starts from.
fn random(d: usize, h: usize, seed: u64) -> Machine {
    let mut stream = Stream::new(seed, Purpose::Init, 0, 0);
    let mut normals = |count: usize, scale: f32| {
        let mut values = vec![0.0_f32; count];
        stream.fill_normal(&mut values);
        values.into_iter().map(|v| scale * v).collect::<Vec<_>>()
    };
    let (w1, b1, w2) = (normals(d * h, 0.4), normals(h, 0.3), normals(d * h, 0.3));
    Machine { dim: d, inputs: d, hidden: h, w1, b1, w2, b2: vec![0.0; d], skip: Skip::None, local: None }
}

fn bank(folder: &Path, world: &World, machine: impl Fn(usize) -> Machine) -> Bank {
    for t in world.schedule.timesteps() {
        let alpha_bar = world.schedule.alpha_bar(t);
        let machine = machine(t.get());
        let checkpoint = Checkpoint {
            t: t.get(),
            alpha_bar,
            key: String::new(),
            machine: machine.into(),
            history: History::default(),
        };
        let bytes = model::checkpoint::write(&checkpoint).unwrap();
        std::fs::write(folder.join(Bank::file_name(t)), bytes).unwrap();
    }
    Bank::open(folder, world.dataset.train.dim)
}

fn lab_of<'a>(world: &'a World, bank: &'a Bank) -> Lab<'a> {
    world.lab_of(Named { name: "machines", denoiser: bank as &dyn Denoiser }).with_machines(bank, &[], &[])
}

#[test]
fn without_a_skip_the_error_has_the_floor_of_the_rank() {
    let (world, folder) = (World::mixture(8, 16.0, 40, 400), tempfile::tempdir().unwrap());
    // At t = T the noise is all there is: reading three of eight coordinates is the best a machine of H = 3 can do.
    let bank = bank(folder.path(), &world, |_| reader(8, 3, Skip::None, 1.0));
    let measured = measure(&lab_of(&world, &bank), "local_dimension");
    let last = at(&measured, 40, "machines", "d_mse");
    assert!((last.value - 5.0).abs() < 0.3, "{last:?}");
    for t in 1..=40 {
        let mse = at(&measured, t, "machines", "d_mse").value / 8.0;
        assert!(mse >= 1.0 - 3.0 / 8.0 - 0.04, "{t}: {mse}");
        // I - sqrt(D) J keeps 8 - 3 sqrt(D) directions, and has that trace.
        let noise = world.schedule.forward(world.schedule.timestep(t).unwrap()).noise;
        let (trace, participation) = (8.0 - 3.0 * noise, 5.0 + 3.0 * (1.0 - noise).powi(2));
        let row = |quantity| at(&measured, t, "machines", quantity).value;
        assert!((row("degrees_of_freedom") - trace).abs() < 1e-4);
        assert!((row("participation") - trace * trace / participation).abs() < 1e-3);
        assert_eq!(row("net_rank"), 3.0);
    }
}

#[test]
fn a_machine_that_is_affine_has_the_spectrum_and_the_slopes_of_its_matrix() {
    let (world, folder) = (World::mixture(8, 16.0, 40, 200), tempfile::tempdir().unwrap());
    let bank = bank(folder.path(), &world, |_| reader(8, 3, Skip::Scalar(0.25), 0.5));
    let lab = lab_of(&world, &bank);
    let measured = measure(&lab, "spectrum");
    let listed = |quantity: &str| {
        let rows = measured.rows.iter().filter(|row| row.t == Some(10) && row.quantity == quantity);
        rows.filter(|row| row.model == "machines").map(|row| (row.x.unwrap(), row.value)).collect::<Vec<_>>()
    };
    for quantity in ["singular_value", "mean_singular_value"] {
        let values = listed(quantity);
        assert_eq!(values.len(), 3, "{values:?}");
        assert!(values.iter().all(|(_, value)| (value - 0.5).abs() < 1e-6), "{values:?}");
    }
    for quantity in ["read_overlap", "write_overlap"] {
        assert!((at(&measured, 10, "machines", quantity).value - 1.0).abs() < 1e-6, "{quantity}");
    }
    let noise = world.schedule.forward(world.schedule.timestep(10).unwrap()).noise;
    let gains = listed("mode_gain");
    assert!((gains[0].1 - 0.75 * noise).abs() < 1e-6 && (gains[2].1 - 0.25 * noise).abs() < 1e-6);
    // The class axis is the first principal axis but for the sample's scatter: lam = -(0.25 + 0.5) / sqrt(D).
    let measured = measure(&lab, "stability");
    let slope = at(&measured, 10, "machines", "max_slope").value;
    assert!((slope + 0.75 / noise).abs() < 0.01, "{slope} {noise}");
    let top = at(&measured, 10, "machines", "top_eigenvalue_at_half").value;
    assert!((top + 0.25 / noise).abs() < 1e-3, "{top} {noise}");
}

#[test]
fn patterns_are_counted_and_scores_of_machines_have_roots() {
    let (world, folder) = (World::mixture(6, 4.0, 40, 200), tempfile::tempdir().unwrap());
    let bank = bank(folder.path(), &world, |t| Machine { skip: Skip::Scalar(3.0), ..random(6, 10, t as u64) });
    let lab = lab_of(&world, &bank);
    let measured = measure(&lab, "linear_regions");
    for row in measured.rows.iter().filter(|row| row.model == "machines") {
        assert!((0.0..=1.0).contains(&row.value), "{row:?}");
    }
    let groups = |group: &str| measured.rows.iter().filter(|row| row.group == group).count();
    assert_eq!((groups("data"), groups("chain")), (40 * 5, 40 * 5));
    // Near t = T the states are normal, and so are the inputs of the units.
    let share =
        measured.rows.iter().find(|row| row.t == Some(40) && row.quantity == "active_share" && row.group == "data");
    let gaussian = at(&measured, 40, "gaussian", "active_share").value;
    assert!((share.unwrap().value - gaussian).abs() < 0.03, "{share:?} {gaussian}");

    let points = measure(&lab, "fixed_points");
    let roots = points.rows.iter().filter(|row| row.model == "machines" && row.quantity == "order_parameter").count();
    assert!(roots >= 40, "{roots}");
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let (world, folder) = (World::mixture(6, 4.0, 40, 100), tempfile::tempdir().unwrap());
    let bank = bank(folder.path(), &world, |t| random(6, 8, t as u64));
    let lab = lab_of(&world, &bank);
    for name in ["stability", "fixed_points", "potential", "local_dimension", "linear_regions", "spectrum"] {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| measure(&lab, name))
        };
        assert_eq!(format!("{:?}", on(1)), format!("{:?}", on(3)), "{name}");
    }
}
