//! The quality of samples whose law is known, and of real digits and points against each other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub, reason = "tests")]

mod common;

use analysis::lab::{Classifier, nearest};
use analysis::observables::{Measured, ObservableRow};
use analysis::quality::{COPIES, FrechetReference, KernelReference, NeighbourReference, SlicedReference};
use analysis::stats::Bootstrap;
use common::{World, measure};
use data::{Frame, Pca, Samples};
use schedule::{Purpose, Stream};

fn row<'a>(measured: &'a Measured, model: &str, quantity: &str, group: &str) -> &'a ObservableRow {
    let is = |row: &&ObservableRow| row.model == model && row.quantity == quantity && row.group == group;
    measured.rows.iter().find(is).unwrap_or_else(|| panic!("no {quantity} of {model} for {group}"))
}

/// n of the samples, without replacement.
fn drawn(samples: &Samples, n: usize, stream: u64) -> Samples {
    let order = Stream::new(3, Purpose::Choice, stream, 0).permutation(samples.len());
    samples.select(order.into_iter().take(n).map(|i| i as usize))
}

/// Fresh samples of the law have the values of real ones, copies of training samples are found out, noise is far.
#[test]
fn samples_of_the_law_copies_and_noise() {
    let world = World::mixture(6, 16.0, 40, 400);
    let quality = |z: &[f32]| measure(&world.lab().with_samples(z), "sample_quality");
    let fresh = quality(&world.test.values);
    for quantity in ["frechet_50", "sliced_wasserstein", "mmd2", "precision", "recall", "density", "coverage"] {
        let floor = row(&fresh, "data", quantity, "all");
        assert!(floor.value.is_finite() && floor.low < floor.high && floor.trajectories == Some(400), "{floor:?}");
    }
    let copies = quality(&drawn(&world.train, 400, 1).values);
    let noise = {
        let mut z = vec![0.0; 400 * 6];
        Stream::new(1, Purpose::Choice, 2, 0).fill_normal(&mut z);
        quality(&z.iter().map(|z| 6.0 * z).collect::<Vec<_>>())
    };
    let own = |measured: &Measured, quantity: &str| row(measured, "law", quantity, "all").value;
    let floor = |quantity: &str| row(&copies, "data", quantity, "all").value;
    assert_eq!((own(&copies, "nearest_distance"), own(&copies, "memorised")), (0.0, 1.0));
    assert_eq!(floor("memorised"), 0.0);
    for quantity in ["frechet_50", "sliced_wasserstein"] {
        assert!((0.33..3.0).contains(&(own(&copies, quantity) / floor(quantity))), "{quantity}");
        assert!(own(&noise, quantity) > 4.0 * floor(quantity), "{quantity}");
    }
    assert!(own(&copies, "mmd2").abs() < 5e-3 && own(&noise, "mmd2") > 0.05);
    for quantity in ["precision", "recall", "coverage"] {
        assert!(own(&copies, quantity) > 0.85 && floor(quantity) > 0.85, "{quantity}");
    }
    assert!(own(&noise, "precision") < 0.2 && own(&noise, "coverage") < 0.5);
    let share = row(&copies, "law", "class_share", "0").value;
    assert!((share - 0.5).abs() < 0.1, "{share}");
    // Two clouds 8 apart are told apart for sure.
    assert!(own(&copies, "confidence") > 0.99);
}

/// The digits 1 and 3 in principal coordinates, or nothing where the variable is not set.
fn digits() -> Option<(Samples, Samples)> {
    let dataset = common::digits()?;
    let frame = Frame::Principal(Pca::fit(&dataset.train).unwrap());
    Some((frame.project_samples(&dataset.train), frame.project_samples(&dataset.test)))
}

/// The values of `own` against `real`, by name.
fn values(real: &Samples, own: &Samples) -> Vec<(&'static str, f64)> {
    let dim = real.dim;
    let all: Vec<u32> = (0..own.len() as u32).collect();
    let frechet = FrechetReference::of(real).unwrap();
    let leading = |samples: &Samples| frechet.leading(&samples.values, dim);
    let sliced = SlicedReference::of(real, 1);
    let mut values = vec![
        ("frechet_50", frechet.distance(&leading(own))),
        ("sliced_wasserstein", sliced.distance(&sliced.along(&own.values), &all)),
    ];
    let neighbours = NeighbourReference::of(leading(real), FrechetReference::AXES).compare(leading(own));
    let intervals = neighbours.intervals(&Bootstrap::new(0, 1, own.len()));
    values.extend(intervals.map(|(name, interval)| (name, interval.value)));
    values
}

/// A number of samples with the metrics' references and how far from them a draw may lie.
type Floors = (usize, [(&'static str, f64, f64); 6]);

/// Real digits against each other, at n = 2000 and 1000: reference, three of its standard deviations where it has one.
#[test]
fn real_digits_have_the_floors_of_their_number() {
    let Some((train, test)) = digits() else { return };
    let references: [Floors; 2] = [
        (
            2000,
            [
                ("frechet_50", 2.14, 0.48),
                ("sliced_wasserstein", 0.0342, 0.006),
                ("mmd2", 7.5e-4, 6e-4),
                ("precision", 0.959, 0.02),
                ("recall", 0.935, 0.02),
                ("coverage", 0.957, 0.02),
            ],
        ),
        (
            1000,
            [
                ("frechet_50", 3.19, 0.93),
                ("sliced_wasserstein", 0.0422, 0.009),
                ("mmd2", 6.8e-4, 7.8e-4),
                ("precision", 0.960, 0.025),
                ("recall", 0.946, 0.025),
                ("coverage", 0.964, 0.02),
            ],
        ),
    ];
    for (n, references) in references {
        // The files are not shuffled: their first thousand test images are not like the others.
        let (real, own) = (drawn(&train, n, 20), drawn(&test, n, 19));
        let width = KernelReference::median_width(&real.values, real.dim);
        assert!((width - 331.0).abs() < 0.03 * 331.0, "2 sigma^2 = {width}");
        let mut found = values(&real, &own);
        found.push(("mmd2", KernelReference::of(&real.values, real.dim, 331.0).discrepancy(&own.values)));
        for (name, reference, within) in references {
            let value = found.iter().find(|(other, _)| *other == name).unwrap().1;
            assert!((value - reference).abs() < within, "n = {n}, {name}: {value}, reference {reference}");
        }
    }
}

/// The classifier is sure of real digits, and no test image is a copy of a training image.
#[test]
fn real_digits_are_no_copies_and_leave_no_doubt() {
    let Some((train, test)) = digits() else { return };
    let found = nearest(&train, &test.values, false);
    let mean = |k: usize| found.iter().map(COPIES[k].1).sum::<f64>() / found.len() as f64;
    assert!((mean(0) - 6.49).abs() < 0.15 && (mean(1) - 0.937).abs() < 0.002, "{} {}", mean(0), mean(1));
    assert_eq!(mean(2), 0.0);
    let classifier = Classifier::train(&train, &test, 0).unwrap();
    let own = drawn(&test, 2000, 19);
    let probabilities = classifier.probabilities(&own.values);
    let confidence = probabilities.chunks_exact(2).map(|p| p[0].max(p[1])).sum::<f64>() / own.len() as f64;
    assert!((confidence - 0.9988).abs() < 1.5e-3, "{confidence}");
    // The scale of the features is that of this classifier's weights; the floor is small against that of one class alone.
    let features = |samples: &Samples| {
        let values = classifier.features(&samples.values);
        Samples { dim: values.len() / samples.len(), values, labels: Vec::new() }
    };
    let reference = FrechetReference::of_features(&features(&drawn(&train, 2000, 20))).unwrap();
    let distance = |samples: &Samples| {
        let features = features(samples);
        reference.distance(&reference.leading(&features.values, features.dim))
    };
    assert!(distance(&test.of_label(1)) > 30.0 * distance(&own), "{} {}", distance(&test.of_label(1)), distance(&own));
}

/// The Swiss roll against itself at n = 2000, and what blur of 0.05 does: seen by the fine kernel and the curve alone.
#[test]
fn the_swiss_roll_has_its_floors() {
    let values = data::curve(20_000).iter().flatten().map(|&z| z as f32).collect();
    let curve = Samples { dim: 2, values, labels: Vec::new() };
    let (real, own) = (drawn(&curve, 2000, 19), drawn(&curve, 2000, 20));
    let mut noise = vec![0.0; own.values.len()];
    Stream::new(4, Purpose::Choice, 3, 0).fill_normal(&mut noise);
    let blurred = Samples { values: own.values.iter().zip(&noise).map(|(z, e)| z + 0.05 * e).collect(), ..own.clone() };
    let mmd2 = |sigma: f64, samples: &Samples| {
        KernelReference::of(&real.values, 2, 2.0 * sigma * sigma).discrepancy(&samples.values)
    };
    assert!(mmd2(0.25, &own).abs() < 9e-4 && mmd2(0.05, &own).abs() < 6e-4);
    assert!((mmd2(0.05, &blurred) - 2.8e-3).abs() < 1e-3, "{}", mmd2(0.05, &blurred));
    let sliced = SlicedReference::of(&real, 1);
    let all: Vec<u32> = (0..2000).collect();
    let found = sliced.distance(&sliced.along(&own.values), &all);
    assert!((found - 0.0249).abs() < 0.015 && SlicedReference::directions(2) == 500, "{found}");
}
