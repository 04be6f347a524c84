//! Calibration and power on tables made up from known laws.

use schedule::{Purpose, Stream};

use super::*;
use crate::figures::fabricated;
use crate::observables::{ObservableRow, Transition, TransitionRow};
use crate::{MetricRow, Split};

const T: usize = 100;

/// A run whose losses scatter by 2% around a smooth curve, three metrics at each t, times `factor`.
fn run(seed: u64, stream: u64, factor: impl Fn(usize) -> f64) -> RunTables {
    let mut facts = fabricated::facts(None, 2);
    facts.seed = seed;
    let metrics = [(Split::Test, "mse"), (Split::Train, "mse"), (Split::Test, "mse_wiener")];
    let mut rows = Vec::new();
    for (k, (split, metric)) in metrics.into_iter().enumerate() {
        let mut noise = vec![0.0_f32; T];
        Stream::new(stream, Purpose::Choice, seed, k as u64).fill_normal(&mut noise);
        for t in 1..=T {
            let changed = if metric == "mse" { factor(t) } else { 1.0 };
            let value = changed * (-(t as f64) / 20.0).exp() * (0.02 * f64::from(noise[t - 1])).exp();
            rows.push(MetricRow { t, epoch: 3, split, metric: metric.to_owned(), value });
        }
    }
    RunTables {
        facts,
        metrics: rows,
        training: Vec::new(),
        schedule: Vec::new(),
        observables: std::collections::BTreeMap::new(),
        transitions: Vec::new(),
    }
}

fn group(label: &str, runs: Vec<RunTables>) -> Group {
    Group { label: label.to_owned(), runs }
}

/// Groups of `n` runs each with seeds from `first` on, of the law of `run`.
fn groups(n: u64, (stream, first): (u64, u64), factor: impl Fn(usize) -> f64 + Copy) -> (Group, Group) {
    let base = (0..n).map(|seed| run(seed, 2 * stream, |_| 1.0)).collect();
    let other = (first..first + n).map(|seed| run(seed, 2 * stream + 1, factor)).collect();
    (group("A", base), group("B", other))
}

fn shifted(by: f64) -> impl Fn(usize) -> f64 + Copy {
    move |t| if (41..=53).contains(&t) { by } else { 1.0 }
}

#[test]
fn runs_of_one_law_are_called_different_as_rarely_as_asked() {
    // Binomial with p = 0.2 at most: 200 comparisons have 40 +- 5.7.
    for (n, first) in [(1, 0), (4, 0), (4, 100)] {
        let differs = |stream: &u64| {
            let (base, other) = groups(n, (*stream, first), |_| 1.0);
            compare(&base, &other, 0.2).differs
        };
        let found = (0..200).filter(differs).count();
        assert!((8..=54).contains(&found), "{n} runs: {found} of 200");
    }
}

#[test]
fn a_true_shift_is_found_in_its_window_and_hardly_anywhere_else() {
    // Four seeds of Student's t over 3 degrees of freedom see what is far above the scatter only.
    for (n, first, by) in [(1, 0, 1.4), (6, 0, 1.4), (6, 100, 1.4)] {
        let (mut exact, mut inside, mut outside) = (0, 0, 0);
        for stream in 0..60 {
            let (base, other) = groups(n, (stream, first), shifted(by));
            let comparison = compare(&base, &other, 0.05);
            assert!(comparison.differs);
            let curve = &comparison.curves[0];
            assert_eq!(curve.name(), "test mse");
            exact += usize::from(curve.windows.contains(&Window { first: 41, last: 53 }));
            for point in curve.points.iter().filter(|point| point.differs) {
                if (41..=53).contains(&point.t) { inside += 1 } else { outside += 1 }
            }
        }
        assert!(exact >= 45, "{n} runs: {exact} of 60 windows");
        assert!(inside >= 60 * 13 - 12, "{n} runs: {inside} of {}", 60 * 13);
        // The share of false ones among those found, expected at 0.05 or below.
        assert!(f64::from(outside) < 0.08 * f64::from(inside + outside), "{n} runs: {outside} of {}", inside + outside);
    }
}

#[test]
fn a_weak_shift_is_not_made_out_of_nothing() {
    // The test can fail: where the shift is of the size of the scatter it is mostly not found.
    let found = |stream: &u64| {
        let (base, other) = groups(1, (*stream, 0), shifted(1.02));
        compare(&base, &other, 0.05).curves[0].windows.contains(&Window { first: 41, last: 53 })
    };
    assert_eq!((0..20).filter(found).count(), 0);
}

#[test]
fn the_window_of_one_pair_with_its_numbers() {
    let (base, other) = groups(1, (3, 0), shifted(1.5));
    let comparison = compare(&base, &other, 0.05);
    assert_eq!(comparison.design, Design::Alone { seeds: vec![0], lag: 1 });
    assert_eq!(in_words(&comparison.curves[0].windows), "t in [41, 53]");
    let point = &comparison.curves[0].points[46];
    assert!(point.t == 47 && point.low.unwrap() < 0.5 && point.high.unwrap() > 0.5, "{point:?}");
    assert!(comparison.notes.is_empty(), "{:?}", comparison.notes);
    // The Wiener predictor's loss was not changed.
    assert!(
        comparison.curves.iter().filter(|curve| curve.metric == "mse_wiener").all(|curve| curve.windows.is_empty())
    );
}

#[test]
fn equal_seeds_are_paired_and_noise_they_share_does_not_hide_a_difference() {
    // The same noise on both sides, and 0.1% between them.
    let seeds = || (0..3).map(|seed| run(seed, 5, |_| 1.0)).collect::<Vec<_>>();
    let mut other: Vec<RunTables> = (0..3).map(|seed| run(seed, 5, |_| 1.001)).collect();
    let paired = compare(&group("A", seeds()), &group("B", other.clone()), 0.05);
    assert_eq!(paired.design, Design::Paired { seeds: vec![0, 1, 2] });
    assert_eq!(in_words(&paired.curves[0].windows), "t in [1, 100]");
    other.iter_mut().for_each(|run| run.facts.seed += 7);
    let unpaired = compare(&group("A", seeds()), &group("B", other), 0.05);
    assert!(!unpaired.differs && matches!(unpaired.design, Design::Unpaired { .. }));
}

#[test]
fn the_same_run_twice_does_not_differ_and_one_changed_number_does() {
    let base = group("A", vec![run(0, 1, |_| 1.0)]);
    let same = compare(&base, &base, 0.05);
    assert!(!same.differs && same.curves.iter().all(Curve::is_identical));
    let changed = compare(&base, &group("B", vec![run(0, 1, |t| if t == 9 { 1.000_001 } else { 1.0 })]), 0.05);
    assert_eq!(in_words(&changed.curves[0].windows), "t = 9");
}

#[test]
fn what_cannot_be_tested_is_said() {
    let short = |factor: f64| {
        let mut run = run(0, 1, |_| factor);
        run.metrics.retain(|row| [10, 50, 90].contains(&row.t));
        run
    };
    let found = compare(&group("A", vec![short(1.0)]), &group("B", vec![short(3.0)]), 0.05);
    assert!(!found.differs && found.tested == 0);
    let text = found.notes.join("\n");
    assert!(text.contains("no test of the losses is possible"), "{text}");
    assert!(text.contains("A has machines for t = 10, t = 50, t = 90 only"), "{text}");
}

#[test]
fn observables_and_transition_times_differ_by_their_intervals() {
    let row = |t: usize, value: f64| ObservableRow {
        t: Some(t),
        model: "machines".into(),
        quantity: "phi".into(),
        group: "all".into(),
        value,
        low: Some(value - 0.02),
        high: Some(value + 0.02),
        ..ObservableRow::default()
    };
    let time = |t: Option<f64>| {
        let interval = t.map(|value| crate::stats::Interval { value, low: value - 1.0, high: value + 1.0 });
        TransitionRow::measured(Transition::Speciation, "phi_C = 0.7752", "machines", interval, 100)
    };
    let never = TransitionRow::predicted(Transition::Collapse, "Y2 = 0.5", "law", None);
    let with = |shift: f64, t: Option<f64>| {
        let mut run = run(0, 1, |_| 1.0);
        let value = |t: usize| 0.5 + if (4..=6).contains(&t) { shift } else { 0.0 };
        run.observables.insert("cloning", (1..=20).map(|t| row(t, value(t))).collect());
        run.transitions = vec![time(t), never.clone()];
        group("X", vec![run])
    };
    let found = compare(&with(0.0, Some(50.0)), &with(0.2, Some(57.0)), 0.05);
    let table = &found.observables[0];
    assert_eq!((table.compared, table.tested, table.equal, table.differing), (20, 20, 17, 3));
    assert_eq!(in_words(&table.places[0].windows), "t in [4, 6]");
    let pair = &found.transitions[0];
    assert_eq!((pair.difference, pair.overlap, pair.differs), (Some(7.0), Some(false), true));
    assert_eq!((found.transitions[1].base, found.transitions[1].p), (None, None));
    // Intervals that overlap may still belong to numbers that differ; here they do not.
    let near = compare(&with(0.0, Some(50.0)), &with(0.005, Some(50.7)), 0.05);
    assert!(!near.differs && near.transitions[0].overlap == Some(true));
    assert_eq!(compare(&with(0.0, Some(50.0)), &with(0.0, None), 0.05).transitions[0].difference, None);
}
