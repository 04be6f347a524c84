//! Reference numbers on the digits 1 and 3 of MNIST; they need MNIST_DIR, the folder with the four files.

use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

use data::mnist::{Checksums, MnistFiles};
use data::{Frame, Pca, Samples, Selection};
use model::speciation::{self, TwoClasses};
use model::{Empirical, Mixture, PosteriorMoments, Wiener};
use schedule::{Schedule, Timestep};

use crate::common::{mean, mse, noised, schedule};

/// The thesis's 12,500 + 2,100 digits in principal coordinates.
struct Digits {
    pca: Pca,
    train: Samples,
    test: Samples,
}

/// The digits, or nothing where the variable is not set.
fn digits() -> Option<&'static Digits> {
    static DIGITS: OnceLock<Option<Digits>> = OnceLock::new();
    let read = || {
        let Some(folder) = std::env::var_os("MNIST_DIR") else {
            // Past the test harness, which keeps what a passing test prints to itself.
            let line = "skipped: MNIST_DIR is not set (folder with the four MNIST files)\n";
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return None;
        };
        let files = MnistFiles::locate(&[PathBuf::from(folder)]).expect("MNIST_DIR does not hold the four files");
        let selection = Selection { digits: vec![1, 3], train_limit: Some(12_500), test_limit: Some(2_100) };
        let data = files.read(&selection, Checksums::Published).unwrap();
        let frame = Frame::Principal(Pca::fit(&data.train).unwrap());
        let (train, test) = (frame.project_samples(&data.train), frame.project_samples(&data.test));
        let Frame::Principal(pca) = frame else { return None };
        Some(Digits { pca, train, test })
    };
    DIGITS.get_or_init(read).as_ref()
}

fn t(found: Option<Timestep>) -> usize {
    found.map_or(0, Timestep::get)
}

/// Row i of `samples` at stride `step`: a spread-out subset, since the files are not shuffled.
fn spread_out(samples: &Samples, count: usize) -> Samples {
    let step = samples.len() / count;
    samples.select((0..count).map(|i| i * step))
}

#[test]
fn spectrum_and_class_geometry() {
    let Some(digits) = digits() else { return };
    let trace: f64 = digits.pca.eigenvalues.iter().sum();
    assert!((trace - 158.933).abs() < 1e-3 && digits.pca.rank() == 605, "{trace}, rank {}", digits.pca.rank());
    let top = [32.2348, 19.3625, 10.0556, 8.6645, 7.3056, 5.5121, 4.4504, 3.4292, 2.9760, 2.8061];
    assert!(
        top.iter().zip(&digits.pca.eigenvalues).all(|(a, b)| (a - b).abs() < 6e-5),
        "{:?}",
        &digits.pca.eigenvalues[..10]
    );
    let classes = TwoClasses::of(&digits.train).unwrap();
    assert!((classes.distance2 - 104.799).abs() < 1e-3, "{}", classes.distance2);
    assert!((classes.between - 26.137).abs() < 1e-3, "{}", classes.between);
    assert!((classes.within_along - 5.766).abs() < 1e-3, "{}", classes.within_along);
}

#[test]
fn speciation_and_collapse_times() {
    let Some(digits) = digits() else { return };
    let classes = TwoClasses::of(&digits.train).unwrap();
    let top = digits.pca.eigenvalues[0];
    for (timesteps, expected) in [(1000, [584, 587, 566, 549, 550, 431]), (100, [57, 57, 55, 54, 54, 42])] {
        let schedule = schedule(timesteps);
        let found = [
            t(speciation::spectral(&schedule, top)),
            t(speciation::spectral_over_noise(&schedule, top)),
            t(classes.by_variance_between(&schedule)),
            t(classes.by_snr_along(&schedule)),
            t(classes.by_snr(&schedule)),
            t(speciation::collapse(&schedule, &digits.pca.eigenvalues, 12_500)),
        ];
        assert_eq!(found, expected, "T = {timesteps}");
    }
    let long = schedule(1000);
    for (samples, expected) in [(5000, 444), (1250, 465), (500, 480), (125, 508), (50, 530)] {
        assert_eq!(t(speciation::collapse(&long, &digits.pca.eigenvalues, samples)), expected, "n = {samples}");
    }
}

#[test]
fn wiener_error_by_timestep() {
    let Some(digits) = digits() else { return };
    let check = |schedule: &Schedule, table: &[(usize, f64)], tolerance: f64| {
        let wiener = Wiener::new(schedule, &digits.pca.eigenvalues);
        for &(t, expected) in table {
            let found = wiener.mse(schedule.timestep(t).unwrap(), &digits.pca.eigenvalues);
            assert!((found - expected).abs() < tolerance, "t = {t}: {found} {expected}");
        }
    };
    let long = [
        (1, 0.66984),
        (10, 0.53159),
        (50, 0.29598),
        (100, 0.17775),
        (200, 0.08515),
        (300, 0.04556),
        (400, 0.02380),
        (500, 0.01118),
        (600, 0.00438),
        (700, 0.00133),
        (800, 0.00031),
    ];
    check(&schedule(1000), &long, 1e-5);
    let short = [0.1837, 0.0865, 0.0457, 0.0234, 0.0107, 0.0039, 0.0011, 0.0002];
    let short: Vec<(usize, f64)> = short.into_iter().enumerate().map(|(i, mse)| (10 * (i + 1), mse)).collect();
    check(&schedule(100), &short, 6e-5);
}

/// p(class) of the training set's posterior at noised test digits, counted both ways, and H / ln n at training digits.
#[test]
fn empirical_posterior_speciates_and_collapses() {
    let Some(digits) = digits() else { return };
    let schedule = schedule(1000);
    let law = Empirical::new(&schedule, &digits.train).unwrap();
    let test = spread_out(&digits.test, 1050);
    for (t, phi) in [(500, 0.919), (600, 0.735), (700, 0.583)] {
        let t = schedule.timestep(t).unwrap();
        let summaries = law.summaries(t, &noised(&schedule, t, &test, test.len()));
        let clones = mean(summaries.iter().map(|s| s.class_probabilities.iter().map(|p| p * p).sum()));
        let class = |label: u8| law.labels().iter().position(|&l| l == label).unwrap();
        let returned = mean(summaries.iter().zip(&test.labels).map(|(s, &l)| s.class_probabilities[class(l)]));
        assert!((clones - phi).abs() < 0.02, "t = {t}: clones agree {clones}, reference {phi}");
        assert!((returned - phi).abs() < 0.02, "t = {t}: classes return {returned}, reference {phi}");
    }
    let train = spread_out(&digits.train, 1000);
    for (t, share, participation) in [(300, 0.090, 0.719), (500, 0.526, 0.110), (700, 0.943, 0.0002)] {
        let t = schedule.timestep(t).unwrap();
        let summaries = law.summaries(t, &noised(&schedule, t, &train, train.len()));
        let found = mean(summaries.iter().map(|s| s.entropy)) / 12_500_f64.ln();
        assert!((found - share).abs() < 0.015, "t = {t}: H / ln n = {found}, reference {share}");
        let found = mean(summaries.iter().map(|s| s.participation));
        assert!((found - participation).abs() < 0.03, "t = {t}: Y2 = {found}, reference {participation}");
    }
}

/// Mean squared errors on test digits of one Gaussian a class and of the training set.
#[test]
fn errors_of_the_mixture_and_of_the_memory() {
    let Some(digits) = digits() else { return };
    let schedule = schedule(1000);
    let mixture = Mixture::fit(&schedule, &digits.train).unwrap();
    let memory = Empirical::new(&schedule, &digits.train).unwrap();
    let test = spread_out(&digits.test, 525);
    let table = [(100, 0.1459, 0.595), (300, 0.0371, 0.0464), (500, 0.0097, 0.0090), (600, 0.0041, 0.0041)];
    for (t, of_mixture, of_memory) in table {
        let t = schedule.timestep(t).unwrap();
        let zt = noised(&schedule, t, &test, test.len());
        for (name, law, expected) in
            [("mixture", &mixture as &dyn PosteriorMoments, of_mixture), ("memory", &memory, of_memory)]
        {
            let found = mse(law, &schedule, t, &test, &zt);
            assert!((found / expected - 1.0).abs() < 0.04, "{name}, t = {t}: {found}, reference {expected}");
        }
    }
}

/// The score's slope along the line between the class means, sqrt(A) (m_1 + x (m_3 - m_1)), at its largest over x in
/// [0, 1]: with one Gaussian a class the line turns unstable at t = 575.
#[test]
fn class_line_turns_unstable() {
    let Some(digits) = digits() else { return };
    let schedule = schedule(1000);
    let mixture = Mixture::fit(&schedule, &digits.train).unwrap();
    let [first, second] = [1, 3].map(|label| digits.train.of_label(label).mean_and_covariance().0);
    let difference: Vec<f64> = second.iter().zip(&first).map(|(b, a)| b - a).collect();
    let norm = difference.iter().map(|c| c * c).sum::<f64>().sqrt();
    let unit: Vec<f64> = difference.iter().map(|c| c / norm).collect();
    let largest_slope = |t: usize| {
        let t = schedule.timestep(t).unwrap();
        let forward = schedule.forward(t);
        let point = |x: f64| -> Vec<f32> {
            first.iter().zip(&difference).map(|(a, c)| (forward.signal * (a + x * c)) as f32).collect()
        };
        let line: Vec<f32> = (0..=200).flat_map(|i| point(f64::from(i) / 200.0)).collect();
        let mut slopes = vec![f64::NAN; 201];
        mixture.jacobian_along(t, &line, &unit, &mut slopes);
        slopes.into_iter().map(|slope| -slope / forward.noise).fold(f64::NEG_INFINITY, f64::max)
    };
    let crossing = (560..=590).rev().find(|&t| largest_slope(t) > 0.0).unwrap_or(0);
    assert!(crossing.abs_diff(575) <= 1, "unstable from t = {crossing} on");
    for (t, slope, tolerance) in [(600, -0.24, 0.02), (500, 1.07, 0.02), (300, 9.8, 0.3)] {
        let found = largest_slope(t);
        assert!((found - slope).abs() < tolerance, "t = {t}: {found}, reference {slope}");
    }
}
