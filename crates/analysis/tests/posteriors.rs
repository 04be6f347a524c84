//! Observables of the posterior on laws whose every answer is known, and on the digits 1 and 3 of MNIST.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub, reason = "tests")]

mod common;

use analysis::lab::{Lab, LabData, Settings};
use analysis::observables::{Measured, Named, ObservableRow, TransitionRow};
use common::{World, at, chain, measure};
use data::{Frame, Pca, Samples, Shape};
use model::{ClassSnr, Denoiser, Empirical};
use schedule::{Purpose, ReverseVariance, Schedule, Stream};

/// Samples with the frame of their own principal axes.
struct Cloud {
    schedule: Schedule,
    pca: Pca,
    frame: Frame,
    train: Samples,
    test: Samples,
    shift: f32,
    shape: Shape,
}

impl Cloud {
    fn new(timesteps: usize, train: &Samples, test: &Samples) -> Self {
        let pca = Pca::fit(train).unwrap();
        let frame = Frame::Principal(pca.clone());
        let (train, test) = (frame.project_samples(train), frame.project_samples(test));
        Self { schedule: chain(timesteps), pca, frame, train, test, shift: 0.0, shape: Shape::Point }
    }

    /// Around the memoriser of the training set.
    fn lab<'a>(&'a self, law: &'a Empirical, trajectories: usize, times: usize) -> Lab<'a> {
        let data = LabData {
            frame: &self.frame,
            eigenvalues: &self.pca.eigenvalues,
            train: &self.train,
            test: &self.test,
            shape: self.shape,
            shift: self.shift,
        };
        let settings = Settings { trajectories, times, resamples: 100, seed: 3, variance: ReverseVariance::Posterior };
        Lab::new(&self.schedule, data, Named { name: "memoriser", denoiser: law as &dyn Denoiser }, settings)
    }

    fn memoriser(&self) -> Empirical {
        Empirical::new(&self.schedule, &self.train).unwrap()
    }
}

/// n points of N(0, I) in d dimensions.
fn normals(n: usize, dim: usize, index: u64) -> Samples {
    let mut values = vec![0.0; n * dim];
    Stream::new(17, Purpose::Data, index, 0).fill_normal(&mut values);
    Samples { dim, values, labels: Vec::new() }
}

fn row<'a>(measured: &'a Measured, t: Option<usize>, model: &str, quantity: &str, group: &str) -> &'a ObservableRow {
    let is = |row: &&ObservableRow| {
        row.t == t && row.model == model && row.quantity == quantity && row.group == group && row.x.is_none()
    };
    measured.rows.iter().find(is).unwrap_or_else(|| panic!("no {quantity} of {model}, {group}, at t = {t:?}"))
}

fn time<'a>(measured: &'a Measured, convention: &str, model: &str, group: &str) -> &'a TransitionRow {
    let is = |row: &&TransitionRow| row.convention == convention && row.model == model && row.group == group;
    measured.transitions.iter().find(is).unwrap_or_else(|| panic!("no {convention} of {model}, {group}"))
}

/// The interval, widened `factor`-fold about the value, holds `exact`.
fn covers(row: &ObservableRow, exact: f64, factor: f64) {
    let (low, high) = (row.low.unwrap(), row.high.unwrap());
    let reach = |end: f64| row.value + factor * (end - row.value);
    assert!((reach(low)..=reach(high)).contains(&exact), "{row:?}: {exact}");
}

/// |m|^2 = 16, s2 = 1: kappa = 16 A; phi, class entropy and variances are functions of kappa.
#[test]
fn two_equal_gaussians_decide_their_class_in_closed_form() {
    let world = World::mixture(8, 16.0, 100, 4000);
    let measured = measure(&world.lab(), "class_posterior");
    // phi of the table of exact values, T = 100.
    for (t, phi) in [(30, 0.99107), (40, 0.94021), (50, 0.80262), (60, 0.63908), (70, 0.54173), (80, 0.50869)] {
        let t_exact = world.schedule.timestep(t).unwrap();
        let snr = ClassSnr(16.0 * world.schedule.alpha_bar(t_exact));
        assert!((snr.cloning_probability() - phi).abs() < 1e-5, "{t}");
        let law = |quantity| at(&measured, t, "law", quantity);
        covers(law("phi"), phi, 2.0);
        covers(law("class_entropy"), std::f64::consts::LN_2 - snr.information(), 2.0);
        covers(law("entropy_variance"), snr.entropy_variance(), 2.0);
        covers(law("surprisal_variance"), snr.surprisal_variance(), 2.0);
        let theory = at(&measured, t, "equal_gaussians", "phi").value;
        assert!((theory - phi).abs() < 0.01, "{t}: {theory}");
    }
    // kappa = 1 lies between t = 51 and 52; Var(-ln p) peaks at kappa = 1.02, Var h at 1.343.
    let last = world.schedule.timesteps().rev().find(|&t| 16.0 * world.schedule.alpha_bar(t) >= 1.0).unwrap().get();
    let speciation = time(&measured, "phi = 0.7752", "law", "all");
    assert!((speciation.t.unwrap() - last as f64 - 0.5).abs() < 1.5, "{speciation:?}");
    assert!(speciation.low.unwrap() < speciation.t.unwrap() && speciation.kind == "predicted");
    for (convention, kappa) in [("peak of Var[-ln p(c|x_t)]", 1.02), ("peak of Var h(c|x_t)", 1.343)] {
        let peak = time(&measured, convention, "law", "all").t.unwrap();
        let exact = world.schedule.timesteps().rev().find(|&t| 16.0 * world.schedule.alpha_bar(t) >= kappa).unwrap();
        assert!((peak - exact.get() as f64).abs() < 3.0, "{convention}: {peak} {exact:?}");
    }
    // The rate integrates to ln 2.
    let rates =
        measured.rows.iter().filter(|r| r.model == "law" && r.quantity == "class_entropy_rate" && r.group == "all");
    let gained: f64 = rates.map(|row| row.value).sum();
    assert!((gained - std::f64::consts::LN_2).abs() < 0.01, "{gained}");
}

/// M of the mixture is N(+-sqrt(A) |m|, 1): U4 = (2/3)(kappa / (1 + kappa))^2, Var M = 1 + kappa, two modes at kappa > 1.
#[test]
fn the_order_parameter_of_two_equal_gaussians() {
    let world = World::mixture(4, 16.0, 100, 2000);
    let measured = measure(&world.lab(), "order_parameter");
    for t in [20, 40, 50, 60, 80] {
        let kappa = 16.0 * world.schedule.alpha_bar(world.schedule.timestep(t).unwrap());
        covers(at(&measured, t, "data", "susceptibility"), 1.0 + kappa, 2.0);
        covers(at(&measured, t, "data", "binder"), ClassSnr(kappa).binder_cumulant(), 2.5);
        covers(at(&measured, t, "law", "binder"), ClassSnr(kappa).binder_cumulant(), 2.5);
        for (model, tolerance) in [("empirical_train", 0.03), ("equal_gaussians", 0.01)] {
            let found = at(&measured, t, model, "binder").value;
            assert!((found - ClassSnr(kappa).binder_cumulant()).abs() < tolerance, "{t} {model}: {found}");
        }
        let modes = |model| at(&measured, t, model, "modes").value;
        if t <= 40 || t >= 60 {
            let expected = if t <= 40 { 2.0 } else { 1.0 };
            assert_eq!([modes("data"), modes("law"), modes("empirical_train")], [expected; 3], "{t}");
        }
    }
    // Any dip needs a little more than kappa = 1.
    let split = time(&measured, "P(M) bimodal", "empirical_train", "all").t.unwrap();
    assert!((44.0..=51.0).contains(&split), "{split}");
    // Given z_t the class sign is tanh-distributed, and u . x0 adds the posterior mean along u.
    let early = at(&measured, 10, "law", "denoised_size").value;
    assert!((early - 1.0).abs() < 0.05, "{early}");
    let densities = measured.rows.iter().filter(|r| r.quantity == "density" && r.model == "law" && r.t == Some(50));
    let points: Vec<(f64, f64)> = densities.map(|row| (row.x.unwrap(), row.value)).collect();
    let width = points[1].0 - points[0].0;
    assert!((points.iter().map(|(_, p)| p * width).sum::<f64>() - 1.0).abs() < 1e-9);
}

/// Two points +-1: H = ln 2 - I(kappa), Y2 = phi, and the MAP rate is that of the sign of N(sqrt(A/D), 1).
#[test]
fn two_points_collapse_as_two_deltas() {
    let points = Samples { dim: 1, values: vec![1.0, -1.0], labels: Vec::new() };
    let cloud = Cloud::new(100, &points, &points);
    let law = cloud.memoriser();
    // The first two training samples are all there are, so each is noised once a trajectory.
    let many = Samples { dim: 1, values: [1.0, -1.0].repeat(1500), labels: Vec::new() };
    let crowd = Cloud { test: many.clone(), ..Cloud::new(100, &points, &many) };
    let measured = measure(&crowd.lab(&law, 3000, 4), "empirical_posterior");
    for t in [10, 26, 40, 60] {
        let alpha_bar = crowd.schedule.alpha_bar(crowd.schedule.timestep(t).unwrap());
        let snr = ClassSnr(alpha_bar / (1.0 - alpha_bar));
        covers(row(&measured, Some(t), "empirical_train", "participation", "test"), snr.cloning_probability(), 2.0);
        let share = 1.0 - snr.information() / std::f64::consts::LN_2;
        covers(row(&measured, Some(t), "empirical_train", "entropy_share", "test"), share, 2.0);
    }
}

/// n = 1000 points of N(0, I) in 64 dimensions, a random energy model: simulated H / ln n and Y2, T = 1000.
#[test]
fn isotropic_points_collapse_as_a_random_energy_model() {
    let cloud = Cloud::new(1000, &normals(1000, 64, 0), &normals(300, 64, 1));
    let law = cloud.memoriser();
    let lab = cloud.lab(&law, 1000, 4);
    let measured = measure(&lab, "empirical_posterior");
    let table = [
        (300, 0.0029, 0.990),
        (400, 0.184, 0.579),
        (500, 0.628, 0.071),
        (600, 0.880, f64::NAN),
        (700, 0.968, f64::NAN),
    ];
    for (t, share, participation) in table {
        let found = at(&measured, t, "empirical_train", "entropy_share").value;
        assert!((found - share).abs() < 0.02, "{t}: {found} {share}");
        let found = at(&measured, t, "empirical_train", "participation").value;
        assert!(participation.is_nan() || (found - participation).abs() < 0.03, "{t}: {found} {participation}");
    }
    // The theory of infinite n, with the cloud's own eigenvalues for unit ones.
    for (t, share) in [(300, 0.0), (500, 0.621), (600, 0.879), (700, 0.968)] {
        let found = at(&measured, t, "gaussian", "entropy_share").value;
        assert!((found - share).abs() < 0.02, "{t}: {found} {share}");
    }
    let collapse = measure(&lab, "gaussian_collapse");
    let line = time(&collapse, TransitionRow::COLLAPSE_LINE, "gaussian", "all").t.unwrap();
    assert!((line - 400.0).abs() < 6.0, "{line}");
    // Measured times fall with n, beside the prediction for each.
    let times = |model: &str| -> Vec<(f64, f64)> {
        let own = collapse.rows.iter().filter(|row| row.model == model && row.quantity == "collapse_time");
        own.map(|row| (row.x.unwrap(), row.value)).collect()
    };
    let measured = times("empirical_train");
    assert_eq!(measured.iter().map(|point| point.0).collect::<Vec<_>>(), [50.0, 125.0, 500.0, 1000.0]);
    assert!(measured.windows(2).all(|pair| pair[1].1 < pair[0].1), "{measured:?}");
    for ((n, t), (_, predicted)) in measured.iter().zip(times("gaussian")) {
        assert!((t - predicted).abs() < 30.0, "n = {n}: {t} {predicted}");
    }
}

/// The reverse chain of the memoriser ends at training samples, and its clones agree with probability Y2.
#[test]
fn a_memoriser_is_caught() {
    let cloud = Cloud::new(100, &normals(100, 12, 2), &normals(400, 12, 3));
    let law = cloud.memoriser();
    let measured = measure(&cloud.lab(&law, 400, 10), "memorisation");
    let fraction = |model| row(&measured, None, model, "memorised", "all");
    assert!(fraction("memoriser").value > 0.99, "{:?}", fraction("memoriser"));
    assert!(fraction("empirical_test").value < 0.01 && fraction("empirical_train").value < 0.01);
    assert!(row(&measured, None, "memoriser", "nearest_distance", "all").value < 0.2);
    assert!(row(&measured, None, "empirical_train", "nearest_ratio", "all").value > 0.8);
    for t in [20, 30, 40, 50, 60] {
        let (clones, exact) = (at(&measured, t, "memoriser", "phi_c"), at(&measured, t, "empirical_train", "phi_c"));
        let error = 3.0 * (0.25_f64 / 400.0 + 0.25 / 100.0).sqrt();
        assert!((clones.value - exact.value).abs() < error, "{t}: {clones:?} {exact:?}");
        // The nearest sample of x_t / sqrt(A) is the likeliest, and the chain ends at it as often as it is the true one.
        let quantity = "nearest_settled";
        let (chain, exact) = (at(&measured, t, "memoriser", quantity), at(&measured, t, "empirical_train", quantity));
        assert!((chain.value - exact.value).abs() < error, "{t}: {chain:?} {exact:?}");
    }
    let change = row(&measured, None, "memoriser", "last_nearest_change", "all");
    assert!(change.value > 10.0 && change.value < 60.0, "{change:?}");
    let time = time(&measured, "phi_c = 0.5", "memoriser", "all");
    assert!(time.low.unwrap() <= time.t.unwrap() && time.t.unwrap() <= time.high.unwrap());
}

/// A lab of the thesis's digits, or nothing without MNIST_DIR.
fn digits(timesteps: usize) -> Option<Cloud> {
    let data = common::digits()?;
    Some(Cloud::new(timesteps, &data.train, &data.test))
}

/// phi, class entropies, H / ln n and the times of the reference table; about two minutes of one core.
#[test]
#[ignore = "about two minutes: MNIST_DIR=... cargo test -p analysis -p driver --test posteriors -- --ignored"]
fn the_digits_speciate_and_collapse_where_they_should() {
    let Some(cloud) = digits(1000) else { return };
    let law = cloud.memoriser();
    let lab = cloud.lab(&law, 1000, 4);
    let measured = measure(&lab, "class_posterior");
    for (t, phi) in [(500, 0.919), (600, 0.735), (700, 0.583)] {
        for model in ["empirical_train", "empirical_test"] {
            let found = at(&measured, t, model, "phi").value;
            assert!((found - phi).abs() < 0.02, "{t} {model}: {found} {phi}");
        }
    }
    for (convention, model, group, expected, tolerance) in [
        ("phi = 0.7752", "mixture", "all", 573.0, 8.0),
        ("phi = 0.7752", "empirical_train", "all", 577.0, 8.0),
        ("phi = 0.7752", "empirical_train", "train", 576.0, 10.0),
        ("peak of dH(c|x_t)/dt", "mixture", "all", 560.0, 30.0),
        ("peak of Var[-ln p(c|x_t)]", "mixture", "all", 560.0, 30.0),
        ("peak of Var h(c|x_t)", "mixture", "all", 540.0, 20.0),
    ] {
        let found = time(&measured, convention, model, group).t.unwrap();
        assert!((found - expected).abs() <= tolerance, "{convention} {model} {group}: {found} {expected}");
    }
    let measured = measure(&lab, "empirical_posterior");
    for (t, share) in [(300, 0.090), (500, 0.526), (700, 0.943)] {
        let found = at(&measured, t, "empirical_train", "entropy_share").value;
        assert!((found - share).abs() < 0.015, "{t}: {found} {share}");
    }
    for (convention, group, expected) in [
        ("Y2 = 0.5", "all", 390.0),
        ("Y2 = 0.5", "1", 293.0),
        ("Y2 = 0.5", "3", 450.0),
        ("MAP hit = 0.5", "all", 414.0),
    ] {
        let found = time(&measured, convention, "empirical_train", group).t.unwrap();
        assert!((found - expected).abs() <= 15.0, "{convention} {group}: {found} {expected}");
    }
    let measured = measure(&lab, "gaussian_collapse");
    assert_eq!(time(&measured, TransitionRow::COLLAPSE_LINE, "gaussian", "all").t, Some(431.0));
    assert_eq!(time(&measured, "sum p_c I_c = ln n", "gaussian", "all").t, Some(410.0));
}
