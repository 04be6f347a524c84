//! The empirical law: weights, collapse, memory of single points.

use data::Samples;
use model::{ClassPosterior, ClassSnr, Empirical, LogDensity, PosteriorMoments, TwoGaussians};

use crate::common::{assert_close, eps_hat, mean, noised, normals, schedule, widened};

fn five() -> Samples {
    let values = vec![0.5, 1.0, -1.0, 0.25, 0.75, -0.5, 0.0, 0.0, -0.5, -1.5];
    Samples { dim: 2, values, labels: vec![3, 1, 3, 7, 1] }
}

/// Printed by scripts/make_reference/exact_denoisers.py: eps_hat, ln p, entropy, Y2, most likely, classes, u Cov u, trace.
type Row = (usize, [f64; 2], f64, f64, f64, usize, [f64; 3], f64, f64);

const FIVE: [Row; 3] = [
    (
        100,
        [0.2807627101, -0.0696341568],
        -1.2951877219,
        0.5579809363,
        0.6466518027,
        3,
        [0.0005942646, 0.2269952676, 0.7724104678],
        0.1863452832,
        0.1463111445,
    ),
    (
        500,
        [0.2653045924, -0.0857835969],
        -1.8426215264,
        1.6075600546,
        0.2007524436,
        2,
        [0.3748995663, 0.4160626813, 0.2090377524],
        2.7347833691,
        1.0749475245,
    ),
    (
        1000,
        [0.2503191285, -0.1240473313],
        -1.8768831937,
        1.6094373266,
        0.2000002343,
        2,
        [0.3997009827, 0.4003025353, 0.199996482],
        2.7999542512,
        1.0999684120,
    ),
];

#[test]
fn five_points_in_the_plane() {
    let schedule = schedule(1000);
    let law = Empirical::new(&schedule, &five()).unwrap();
    assert_eq!((law.len(), law.classes(), law.labels()), (5, 3, [1, 3, 7].as_slice()));
    let zt = [0.25, -0.125];
    for (t, eps, log_density, entropy, participation, most_likely, classes, along, trace) in FIVE {
        let (what, t) = (format!("t = {t}"), schedule.timestep(t).unwrap());
        assert_close(&widened(&eps_hat(&law, t, &zt)), &eps, 1e-7, &what);
        let (mut one, mut p, mut w) = ([f64::NAN], [f64::NAN; 3], [f64::NAN; 5]);
        law.log_density(t, &zt, &mut one);
        assert_close(&one, &[log_density], 1e-9, &what);
        let summary = &law.summaries(t, &zt)[0];
        assert_close(&[summary.entropy, summary.participation], &[entropy, participation], 1e-9, &what);
        assert_eq!(summary.most_likely, most_likely);
        assert_close(&summary.class_probabilities, &classes, 1e-9, &what);
        law.class_probabilities(t, &zt, &mut p);
        assert_eq!(summary.class_probabilities, p);
        let quick = &law.summaries_in_f32(t, &zt)[0];
        assert_close(&[quick.entropy, quick.participation], &[entropy, participation], 1e-6, &what);
        assert_close(&quick.class_probabilities, &classes, 1e-6, &what);
        assert_eq!(quick.most_likely, most_likely);
        law.posterior_variance_along(t, &zt, &[2.0, 1.0], &mut one);
        assert_close(&one, &[along], 1e-9, &what);
        law.posterior_variance(t, &zt, &mut one);
        assert_close(&one, &[trace], 1e-9, &what);
        law.weights(t, &zt, &mut w);
        let mut mean_of_first = [f64::NAN];
        let first: Vec<f64> = five().rows().map(|row| f64::from(row[0])).collect();
        law.expectations(t, &zt, &first, &mut mean_of_first);
        assert_close(&mean_of_first, &[w.iter().zip(&first).map(|(w, x)| w * x).sum()], 1e-14, &what);
    }
}

/// A single point leaves nothing unknown: eps_hat is eps to the rounding of z_t, at t = 1 too.
#[test]
fn a_single_point_is_remembered() {
    let point = Samples { dim: 300, values: normals(1, 300, 1).values, labels: Vec::new() };
    for timesteps in [100, 1000] {
        let schedule = schedule(timesteps);
        let law = Empirical::new(&schedule, &point).unwrap();
        for t in [1, timesteps / 2, timesteps] {
            let t = schedule.timestep(t).unwrap();
            let (forward, zt) = (schedule.forward(t), noised(&schedule, t, &point, 1));
            let eps = zt
                .iter()
                .zip(&point.values)
                .map(|(&z, &a)| (f64::from(z) - forward.signal * f64::from(a)) / forward.noise);
            let eps: Vec<f64> = eps.collect();
            assert_close(&widened(&eps_hat(&law, t, &zt)), &eps, 1e-7, &format!("t = {t}"));
            let summary = &law.summaries(t, &zt)[0];
            assert_eq!((summary.entropy, summary.participation, summary.most_likely), (0.0, 1.0, 0));
            assert!(summary.class_probabilities.is_empty() && law.classes() == 0);
            let mut trace = [f64::NAN];
            law.posterior_variance(t, &zt, &mut trace);
            assert!(schedule.snr(t) * trace[0] < 1e-7, "{}", trace[0]);
        }
    }
}

/// Two points +-a are the equal mixture without width: H = ln 2 - I(kappa).
#[test]
fn two_points_are_two_deltas() {
    const COUNT: usize = 20_000;
    let schedule = schedule(1000);
    let points = Samples { dim: 1, values: vec![1.0, -1.0], labels: vec![0, 1] };
    let (law, closed) = (Empirical::new(&schedule, &points).unwrap(), TwoGaussians::two_deltas(&schedule));
    for t in [1, 100, 259, 500, 1000] {
        let t = schedule.timestep(t).unwrap();
        let zt = noised(&schedule, t, &points, COUNT);
        let expected = widened(&eps_hat(&closed, t, &zt));
        assert_close(&widened(&eps_hat(&law, t, &zt)), &expected, 1e-6, &format!("t = {t}"));
        let entropies: Vec<f64> = law.summaries(t, &zt).iter().map(|s| s.entropy).collect();
        let snr: ClassSnr = closed.snr(t);
        let error = (snr.entropy_variance() / COUNT as f64).sqrt();
        let left = std::f64::consts::LN_2 - snr.information();
        assert!((mean(entropies) - left).abs() < 4.0 * error + 1e-9, "{t}");
    }
}

/// n = 1000 points of N(0, I) in 64 dimensions, a random energy model: H / ln n and Y2 against a simulation.
#[test]
fn isotropic_points_collapse_as_a_random_energy_model() {
    let schedule = schedule(1000);
    let points = normals(1000, 64, 5);
    let law = Empirical::new(&schedule, &points).unwrap();
    let table = [
        (300, 0.0029, Some(0.990)),
        (400, 0.184, Some(0.579)),
        (500, 0.628, Some(0.071)),
        (550, 0.784, Some(0.017)),
        (600, 0.880, None),
        (650, 0.936, None),
        (700, 0.968, None),
    ];
    for (t, share, participation) in table {
        let t = schedule.timestep(t).unwrap();
        let summaries = law.summaries(t, &noised(&schedule, t, &points, 1000));
        let found = mean(summaries.iter().map(|s| s.entropy)) / 1000_f64.ln();
        assert!((found - share).abs() < 0.02, "t = {t}: H / ln n = {found}");
        let found = mean(summaries.iter().map(|s| s.participation));
        assert!(participation.is_none_or(|p| (found - p).abs() < 0.025), "t = {t}: Y2 = {found}");
        let hits = mean(summaries.iter().enumerate().map(|(i, s)| f64::from(u8::from(s.most_likely == i))));
        // The true point holds on average as much weight as two draws of the posterior agree.
        assert!(hits >= found - 0.05, "t = {t}: {hits} {found}");
    }
}

/// Rows do not depend on their company or on how many there are.
#[test]
fn rows_are_independent_of_the_batch() {
    let schedule = schedule(100);
    let points = normals(5000, 7, 5);
    let law = Empirical::new(&schedule, &points).unwrap();
    let t = schedule.timestep(20).unwrap();
    let zt = noised(&schedule, t, &points, 700);
    let all = eps_hat(&law, t, &zt);
    for i in [0, 208, 209, 210, 699] {
        assert_close(&widened(&eps_hat(&law, t, &zt[7 * i..7 * i + 7])), &widened(&all[7 * i..7 * i + 7]), 1e-7, "row");
    }
}

#[test]
fn faulty_points_are_refused() {
    let schedule = schedule(100);
    let none = Samples { dim: 2, values: Vec::new(), labels: Vec::new() };
    let error = Empirical::new(&schedule, &none).unwrap_err().to_string();
    assert_eq!(error, "samples: 0 is not allowed, use one or more points");
    assert!(Empirical::new(&schedule, &Samples { labels: vec![1], ..five() }).is_err());
}
