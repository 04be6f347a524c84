//! Interventions on chains whose every answer is known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub, reason = "tests")]

mod common;

use analysis::observables::{Measured, Named, ObservableRow};
use analysis::quality::FrechetReference;
use analysis::{MetricRow, Split, TrainingRow};
use common::{World, at, measure};
use data::{Frame, Pca};
use model::{ClassSnr, Wiener};
use schedule::{Purpose, ReverseVariance, Schedule, Stream};

/// The variance of one axis at which the exact chain of N(0, lambda) ends from the variance `v` at s.
fn ends_at(schedule: &Schedule, lambda: f64, s: usize, v: f64) -> f64 {
    schedule.timesteps().take(s).rev().fold(v, |v, t| {
        let (step, a) = (schedule.reverse(t, 1, ReverseVariance::Posterior), schedule.alpha_bar(t));
        let multiplier = step.scale * (1.0 - step.eps_factor * (1.0 - a).sqrt() / (a * lambda + 1.0 - a));
        multiplier * multiplier * v + step.sigma * step.sigma
    })
}

#[test]
fn late_starts_of_a_gaussian_end_at_the_variance_of_the_recursion() {
    let (dim, lambda) = (4, 4.0);
    let world = World::gaussian(dim, lambda, 100, 500);
    let measured = measure(&world.lab(), "late_start");
    let floor = at(&measured, 100, "data", "frechet_50").value;
    for s in [20, 40, 60, 100] {
        let a = world.schedule.alpha_bar(world.schedule.timestep(s).unwrap());
        for (start, variance) in [("noise", 1.0), ("gaussian", a * lambda + 1.0 - a)] {
            let end = ends_at(&world.schedule, lambda, s, variance);
            let exact = dim as f64 * (end.sqrt() - lambda.sqrt()).powi(2);
            let row = at(&measured, s, "law", &format!("frechet_50_from_{start}"));
            assert!((row.value - exact).abs() < 0.12 * exact + 2.0 * floor + 0.05, "{s} {start}: {row:?} {exact}");
        }
    }
    // From N(0, I) the late chain keeps a variance near 1, the matched Gaussian does not.
    let [noise, matched] =
        ["noise", "gaussian"].map(|start| at(&measured, 20, "law", &format!("frechet_50_from_{start}")).value);
    assert!(noise > 5.0 * matched, "{noise} {matched}");
}

#[test]
fn the_class_shares_of_late_starts_are_even_for_an_even_mixture() {
    let world = World::mixture(4, 16.0, 100, 400);
    let measured = measure(&world.lab(), "late_start");
    let shares = measured.rows.iter().filter(|row| row.quantity.starts_with("class_share_from"));
    let mut count = 0;
    for row in shares {
        assert!((row.value - 0.5).abs() < 0.12 && row.group != "all", "{row:?}");
        count += 1;
    }
    assert_eq!(count, 2 * 2 * 5);
}

/// The distance of the window [a, b] under an operation; of the empty window without.
fn window(measured: &Measured, quantity: &str, window: Option<(usize, usize)>) -> f64 {
    let is = |row: &&ObservableRow| {
        row.quantity == quantity && (row.t, row.x) == (window.map(|w| w.0), window.map(|w| w.1 as f64))
    };
    measured.rows.iter().find(is).unwrap_or_else(|| panic!("{quantity} {window:?}")).value
}

#[test]
fn surgery_with_an_equal_changes_nothing_and_whole_windows_are_whole_chains() {
    let world = World::gaussian(3, 4.0, 60, 300);
    let measured = measure(&world.lab(), "window_surgery");
    let whole = window(&measured, "frechet_50_outside_wiener", Some((1, 60)));
    for (a, b) in [(1, 10), (21, 40), (51, 60)] {
        // For Gaussian data the affine predictor is the law.
        let found = window(&measured, "frechet_50_outside_wiener", Some((a, b)));
        assert!((found - whole).abs() < 1e-3, "{a} {b}: {found} {whole}");
    }

    let world = World::mixture(3, 16.0, 60, 300);
    let measured = measure(&world.lab(), "window_surgery");
    let outside = |w| window(&measured, "frechet_50_outside_wiener", w);
    let inside = |w| window(&measured, "frechet_50_inside_wiener", w);
    assert_eq!(outside(Some((1, 60))), inside(None));
    assert_eq!(inside(Some((1, 60))), outside(None));
    // Wiener alone leaves one Gaussian; below speciation the law alone cannot repair what lies between the classes,
    // whereas above it there was nothing to lose.
    assert!((outside(Some((1, 40))) - inside(None)).abs() < 0.5, "{} {}", outside(Some((1, 40))), inside(None));
}

#[test]
fn a_law_beside_the_affine_predictor_is_a_replacement_too() {
    let world = World::mixture(3, 16.0, 60, 200);
    let wiener = Wiener::new(&world.schedule, &world.pca.eigenvalues);
    let measured = measure(&world.lab_of(Named { name: "wiener", denoiser: &wiener }), "window_surgery");
    let with_law = |w| window(&measured, "frechet_50_outside_law", w);
    let with_itself = |w| window(&measured, "frechet_50_outside_wiener", w);
    assert_eq!(with_law(Some((1, 60))), with_itself(None));
    assert_eq!(with_itself(Some((11, 30))), with_itself(None));
    assert_ne!(with_law(Some((11, 30))), with_law(None));
}

#[test]
fn learning_times_are_read_off_the_curves() {
    let world = World::mixture(3, 16.0, 40, 200);
    let metric = |t: usize, epoch: usize, split, name: &str, value| MetricRow {
        t,
        epoch,
        split,
        metric: name.to_owned(),
        value,
    };
    let mut metrics = Vec::new();
    for t in [3, 7] {
        for epoch in 1..=80 {
            // The noise of each epoch multiplies both losses on the test set.
            let noise = if epoch % 2 == 0 { 1.3 } else { 0.8 };
            let loss = 0.1 * (1.0 + 8.0 * (-(epoch as f64) / t as f64).exp());
            metrics.push(metric(t, epoch, Split::Train, "mse", loss));
            metrics.push(metric(t, epoch, Split::Test, "mse", noise * loss));
            metrics.push(metric(t, epoch, Split::Test, "mse_wiener", 0.2 * noise));
        }
    }
    let mut lab = world.lab();
    lab.metrics = &metrics;
    let measured = measure(&lab, "learning_time");
    for t in [3, 7] {
        // 8 e^{-e/t} = 0.1.
        let exact = t as f64 * 80_f64.ln();
        for group in ["train", "test"] {
            let is = |row: &&ObservableRow| row.t == Some(t) && row.quantity == "learning_time" && row.group == group;
            let found = measured.rows.iter().find(is).unwrap().value;
            assert!((found - exact).abs() < 0.2, "{t} {group}: {found} {exact}");
        }
    }
    let is_excess = |row: &&ObservableRow| row.quantity == "excess_learning_time" && row.group == "train";
    let excess: Vec<f64> = measured.rows.iter().filter(is_excess).map(|row| row.value).collect();
    // From epoch 1 on: a tenth of the excess there is left after t ln 10 more epochs.
    let exact = [3.0, 7.0].map(|t| 1.0 + t * 10_f64.ln());
    assert!(excess.iter().zip(exact).all(|(found, exact)| (found - exact).abs() < 0.2), "{excess:?} {exact:?}");
    assert!(world.lab().metrics.is_empty());
}

#[test]
fn the_class_readings_of_two_gaussians_have_closed_forms() {
    let world = World::mixture(4, 16.0, 40, 200);
    // Gains that rise from 0 as 1 - e^{-e/t} and offsets that fall from 1 as e^{-2e/t}, logged every second epoch.
    let mut metrics = Vec::new();
    for t in [5, 18, 22, 30] {
        for epoch in (0..=200).step_by(2) {
            let left = (-(epoch as f64) / t as f64).exp();
            let values = [("class_gain", 1.0 - left), ("class_offset", left * left), ("mse", 0.5)];
            let row = |(name, value): (&str, f64)| MetricRow {
                t,
                epoch,
                split: Split::Train,
                metric: name.to_owned(),
                value,
            };
            metrics.extend(values.map(row));
        }
    }
    let mut lab = world.lab();
    lab.metrics = &metrics;
    lab.model.name = "machines";
    let measured = measure(&lab, "learning_time");
    for t in [5, 18, 22, 30] {
        let row = |model, quantity| at(&measured, t, model, quantity).value;
        assert!((row("machines", "direction_time") / (t as f64 * 50_f64.ln()) - 1.0).abs() < 0.02, "{t}");
        assert!((row("machines", "weight_time") / (t as f64 * 0.5 * 50_f64.ln()) - 1.0).abs() < 0.03, "{t}");
        assert!((row("machines", "class_gain") - 1.0).abs() < 2e-3);
        // With unit covariance E[u . z_0 | z_t] = D |m| tanh(sqrt(A) m . z_t) + sqrt(A) u . z_t, kappa = 16 A; the affine
        // predictor knows the variance 1 + |m|^2 along u. 256 probes scatter by less than 1/16.
        let a = world.schedule.alpha_bar(world.schedule.timestep(t).unwrap());
        let exact = a + (1.0 - a) * ClassSnr(16.0 * a).overlap();
        let affine = 17.0 * a / (17.0 * a + 1.0 - a);
        for (model, exact) in [("law", exact), ("gaussian", affine)] {
            assert!(
                (row(model, "class_gain") - exact).abs() < 0.1,
                "{t} {model}: {} {exact}",
                row(model, "class_gain")
            );
            assert!(row(model, "class_offset").abs() < 0.1, "{t} {model}");
        }
    }
    // Machines kept early are judged by the epoch they were kept at.
    let training = [TrainingRow { t: 5, epochs: 200, kept: 4, started_from: None }];
    lab.training = &training;
    let kept = at(&measure(&lab, "learning_time"), 5, "machines", "class_gain").value;
    assert!((kept - (1.0 - (-0.8_f64).exp())).abs() < 1e-12, "{kept}");
}

/// Floors of the distance between real digits, for as many samples on both sides.
#[test]
fn real_digits_have_the_floor_of_their_number() {
    let Some(dataset) = common::digits() else { return };
    let frame = Frame::Principal(Pca::fit(&dataset.train).unwrap());
    let (train, test) = (frame.project_samples(&dataset.train), frame.project_samples(&dataset.test));
    let shuffled = |n: usize, stream: u64| -> Vec<usize> {
        let order = Stream::new(3, Purpose::Choice, stream, 0).permutation(n);
        order.into_iter().map(|i| i as usize).collect()
    };
    let order = shuffled(train.len(), 0);
    let set = |k: usize, n: usize| train.select(order[k * n..(k + 1) * n].iter().copied());
    let distance = |a: &data::Samples, b: &data::Samples| {
        let reference = FrechetReference::of(a).unwrap();
        reference.distance(&reference.leading(&b.values, b.dim))
    };
    for (n, floor, deviation) in [(500, 5.18, 0.68), (1000, 2.48, 0.35), (2000, 1.22, 0.10)] {
        let found = [0, 2].map(|k| distance(&set(k, n), &set(k + 1, n)));
        for found in found {
            assert!((found - floor).abs() < 3.0 * deviation, "n = {n}: {found}, reference {floor}");
        }
    }
    let from_test = test.select(shuffled(test.len(), 1).into_iter().take(2000));
    let found = distance(&set(0, 2000), &from_test);
    assert!((found - 2.14).abs() < 3.0 * 0.16, "test against train: {found}");
}
