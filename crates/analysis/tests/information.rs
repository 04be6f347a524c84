//! Information and thermodynamics on laws whose every answer is known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub, reason = "tests")]

mod common;

use std::f64::consts::LN_2;

use analysis::lab::{Lab, LabData, Settings};
use analysis::observables::{Measured, Named, ObservableRow};
use common::{World, at, chain, measure};
use data::{Frame, Pca};
use model::{ClassSnr, Denoiser, Wiener};
use schedule::{ReverseVariance, Schedule};

fn alpha_bar(schedule: &Schedule, t: usize) -> f64 {
    schedule.alpha_bar(schedule.timestep(t).unwrap())
}

/// The row that belongs to no timestep.
fn timeless<'a>(measured: &'a Measured, model: &str, quantity: &str, group: &str) -> &'a ObservableRow {
    let is = |row: &&ObservableRow| {
        row.t.is_none() && row.model == model && row.quantity == quantity && row.group == group && row.x.is_none()
    };
    measured.rows.iter().find(is).unwrap_or_else(|| panic!("no {quantity} of {model}, {group}"))
}

/// Whether `exact` lies within twice the 95% interval of a row.
fn near(row: &ObservableRow, exact: f64) -> bool {
    (row.value - exact).abs() <= 1.1 * (row.high.unwrap() - row.low.unwrap())
}

#[test]
fn two_equal_gaussians_hold_the_information_of_their_axes_and_of_their_class() {
    let world = World::mixture(8, 16.0, 100, 1000);
    let measured = measure(&world.lab(), "information_rate");
    for t in [10, 30, 50, 60, 80] {
        let a = alpha_bar(&world.schedule, t);
        // Along every axis (1/2) ln(1 + gamma), and I(class) at kappa = 16 A: dI/dkappa = (1 - q)/2.
        let exact = (4.0 * (1.0 / (1.0 - a)).ln() + ClassSnr(16.0 * a).information()) / LN_2;
        let row = at(&measured, t, "law", "information");
        assert!(near(row, exact) && (row.value / exact - 1.0).abs() < 0.02, "{t}: {row:?} {exact}");
        let before = alpha_bar(&world.schedule, t - 1);
        let step = exact - (4.0 * (1.0 / (1.0 - before)).ln() + ClassSnr(16.0 * before).information()) / LN_2;
        let row = at(&measured, t, "law", "bits_per_step");
        assert!((row.value + step).abs() < 0.05 * step.abs(), "{t}: {row:?} {step}");
    }
}

#[test]
fn the_information_of_a_gaussian_is_its_closed_form_and_ten_equal_steps_share_it() {
    let world = World::gaussian(4, 4.0, 100, 500);
    let measured = measure(&world.lab(), "information_rate");
    let bits = |t: f64| {
        let a = alpha_bar(&world.schedule, t as usize);
        2.0 * (1.0 + 4.0 * a / (1.0 - a)).log2()
    };
    for t in [1, 2, 20, 50, 99] {
        let exact = bits(t as f64);
        assert!((at(&measured, t, "gaussian", "information").value / exact - 1.0).abs() < 1e-12);
        let row = at(&measured, t, "law", "information");
        assert!(near(row, exact), "{t}: {row:?} {exact}");
    }
    let step = |k: usize| {
        let is = |row: &&ObservableRow| {
            row.model == "gaussian" && row.quantity == "equal_information_time" && row.x == Some(k as f64)
        };
        measured.rows.iter().find(is).unwrap().value
    };
    assert_eq!((step(0), step(10)), (1.0, 100.0));
    for k in 1..10 {
        let level = bits(1.0) - k as f64 / 10.0 * (bits(1.0) - bits(100.0));
        assert!(bits(step(k).floor()) >= level && bits(step(k).ceil()) <= level, "{k}: {}", step(k));
    }
}

#[test]
fn the_free_energy_of_a_gaussian_is_found_from_its_score() {
    let world = World::gaussian(4, 4.0, 1000, 400);
    let measured = measure(&world.lab(), "entropy_production");
    for (t, kl) in [(300, 0.202_848_01), (500, 0.012_037_08), (700, 0.000_107_69)] {
        let closed = at(&measured, t, "gaussian", "kl_to_normal").value;
        assert!((closed - kl).abs() < 1e-6, "{t}: {closed}");
        let row = at(&measured, t, "law", "kl_to_normal");
        assert!((row.value - kl).abs() < 0.1 * kl + 1e-5, "{t}: {row:?}");
        // All axes alike relax along the geodesic: length is distance.
        let [length, distance] =
            ["transport_length", "transport_distance"].map(|q| at(&measured, t, "gaussian", q).value);
        assert!((length / distance - 1.0).abs() < 1e-3, "{t}: {length} {distance}");
    }
    let efficiency = timeless(&measured, "gaussian", "speed_efficiency", "all").value;
    assert!(efficiency > 0.0 && efficiency < 1.0, "{efficiency}");
    let own = timeless(&measured, "law", "speed_efficiency", "all");
    assert!((own.value / efficiency - 1.0).abs() < 0.05, "{own:?} {efficiency}");
}

#[test]
fn the_bound_of_a_gaussian_lies_above_its_entropy_and_near_it_on_a_long_chain() {
    let gap = |timesteps: usize, variance: &str| {
        let world = World::gaussian(4, 4.0, timesteps, 1000);
        let measured = measure(&world.lab(), "variational_bound");
        let bound = timeless(&measured, "law", "bound", variance);
        let closed = timeless(&measured, "gaussian", "bound_sum", variance).value;
        let sum = timeless(&measured, "law", "bound_sum", variance);
        assert!(near(sum, closed) && (sum.value / closed - 1.0).abs() < 0.02, "{timesteps}: {sum:?} {closed}");
        // (1/2) log2(2 pi e lambda).
        bound.value - 0.5 * (std::f64::consts::TAU * std::f64::consts::E * 4.0).log2()
    };
    let (short, long) = (gap(100, "posterior"), gap(1000, "posterior"));
    assert!(short > 0.0 && long > -0.02 && long < short, "{short} {long}");
    assert!(gap(1000, "beta") < 0.05);
}

#[test]
fn an_exact_score_obeys_its_identities_and_a_scaled_one_does_not() {
    let world = World::mixture(6, 16.0, 100, 1000);
    let quantities = ["mean_score", "virial", "divergence", "orthogonality"];
    let exact = measure(&world.lab(), "score_identities");
    for t in [10, 50, 90] {
        for quantity in quantities {
            let row = at(&exact, t, "law", quantity);
            assert!(near(row, 0.0), "{t} {quantity}: {row:?}");
        }
    }
    let wiener = Wiener::new(&world.schedule, &world.pca.eigenvalues);
    let scaled = Scaled(&wiener);
    let found = measure(&world.lab_of(Named { name: "scaled", denoiser: &scaled }), "score_identities");
    for t in [10, 50, 90] {
        // s' = 0.8 s: E x.s' + d = 0.2 d; E eps_hat'.(eps_hat' - eps) = 0.8 (0.8 - 1) E|eps_hat|^2.
        let virial = at(&found, t, "scaled", "virial");
        assert!(near(virial, 0.2), "{t}: {virial:?}");
        let orthogonality = at(&found, t, "scaled", "orthogonality");
        let exact = -0.32 * (1.0 - wiener.mse(world.schedule.timestep(t).unwrap(), &world.pca.eigenvalues));
        assert!(near(orthogonality, exact), "{t}: {orthogonality:?} {exact}");
    }
}

/// 0.8 times another predictor.
struct Scaled<'a>(&'a dyn Denoiser);

impl Denoiser for Scaled<'_> {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn at(&self, t: schedule::Timestep) -> Result<Box<dyn model::Predictor + '_>, model::ModelError> {
        struct At<'a>(Box<dyn model::Predictor + 'a>);
        impl model::Predictor for At<'_> {
            fn eps_hat(&self, zt: &[f32], eps_hat: &mut [f32]) {
                self.0.eps_hat(zt, eps_hat);
                eps_hat.iter_mut().for_each(|e| *e *= 0.8);
            }
        }
        Ok(Box::new(At(self.0.at(t)?)))
    }
}

/// The word of the verdict at t.
fn verdict(measured: &Measured, t: usize) -> &str {
    let is = |row: &&ObservableRow| row.t == Some(t) && row.quantity == "verdict";
    &measured.rows.iter().find(is).unwrap().group
}

#[test]
fn verdicts_and_errors_of_known_predictors() {
    let world = World::mixture(4, 16.0, 100, 500);
    let wiener = Wiener::new(&world.schedule, &world.pca.eigenvalues);
    let of_wiener = measure(&world.lab_of(Named { name: "wiener", denoiser: &wiener }), "loss_landscape");
    let scaled = Scaled(&wiener);
    let of_scaled = measure(&world.lab_of(Named { name: "scaled", denoiser: &scaled }), "loss_landscape");
    let of_law = measure(&world.lab(), "loss_landscape");
    let memory = model::Empirical::new(&world.schedule, &world.train).unwrap();
    let of_memory = measure(&world.lab_of(Named { name: "memory", denoiser: &memory }), "loss_landscape");
    assert_eq!([10, 50, 90].map(|t| verdict(&of_wiener, t)), ["linear"; 3]);
    assert_eq!(verdict(&of_scaled, 90), "capacity_limited");
    assert_eq!((verdict(&of_law, 45), verdict(&of_law, 95)), ("nonlinear", "linear"));
    assert_eq!(verdict(&of_memory, 90), "linear");
    // Deep in the collapse the memoriser has no error on what it holds, and more than the affine map elsewhere.
    assert_eq!(verdict(&of_memory, 1), "capacity_limited");
    let of = |t: usize, group: &str| {
        let is = |row: &&ObservableRow| {
            row.t == Some(t) && row.model == "empirical_train" && row.quantity == "mse" && row.group == group
        };
        of_law.rows.iter().find(is).unwrap().value
    };
    assert!(of(10, "train") < 0.8 * of(10, "test"), "{} {}", of(10, "train"), of(10, "test"));
    let t = world.schedule.timestep(50).unwrap();
    let closed = wiener.mse(t, &world.pca.eigenvalues);
    let row = of_law.rows.iter().find(|r| r.t == Some(50) && r.model == "wiener" && r.group == "train").unwrap();
    assert!(near(row, closed), "{row:?} {closed}");
}

/// The closed forms on the eigenvalues of the digits 1 and 3, for a chain of `timesteps` steps.
fn on_digits(timesteps: usize, check: impl Fn(&Measured, &Measured)) {
    let Some(dataset) = common::digits() else { return };
    let pca = Pca::fit(&dataset.train).unwrap();
    let frame = Frame::Principal(pca.clone());
    // Without labels there is no mixture to fit: the affine predictor alone.
    let bare = |samples| data::Samples { labels: Vec::new(), ..frame.project_samples(samples) };
    let (train, test) = (bare(&dataset.train), bare(&dataset.test));
    let schedule = chain(timesteps);
    let wiener = Wiener::new(&schedule, &pca.eigenvalues);
    let data = LabData {
        frame: &frame,
        eigenvalues: &pca.eigenvalues,
        train: &train,
        test: &test,
        shape: dataset.shape,
        shift: dataset.shift,
    };
    let settings =
        Settings { trajectories: 100, times: 10, resamples: 50, seed: 1, variance: ReverseVariance::Posterior };
    let lab = Lab::new(&schedule, data, Named { name: "wiener", denoiser: &wiener }, settings);
    check(&measure(&lab, "variational_bound"), &measure(&lab, "entropy_production"));
}

#[test]
fn the_bound_and_the_free_energy_of_digits() {
    on_digits(1000, |bound, entropy| {
        for (variance, nats) in [("posterior", 2.0521), ("beta", 1.9222)] {
            let found = timeless(bound, "gaussian", "bound_sum", variance).value * LN_2;
            assert!((found - nats).abs() < 1e-4, "{variance}: {found}");
        }
        let prior = timeless(bound, "data", "prior", "all").value * LN_2;
        assert!((prior / 6.49e-6 - 1.0).abs() < 0.01, "{prior}");
        let table = [(50, 1.0626), (100, 0.61638), (200, 0.20863), (300, 0.062_164), (400, 0.0153), (500, 0.002_923_1)];
        for (t, kl) in table {
            let found = at(entropy, t, "gaussian", "kl_to_normal").value;
            assert!((found / kl - 1.0).abs() < 1e-3, "{t}: {found}");
        }
    });
    on_digits(100, |bound, _| {
        for (variance, nats) in [("posterior", 1.5740), ("beta", 1.4284)] {
            let found = timeless(bound, "gaussian", "bound_sum", variance).value * LN_2;
            assert!((found - nats).abs() < 1e-4, "{variance}: {found}");
        }
    });
}
