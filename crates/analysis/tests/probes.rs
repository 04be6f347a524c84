//! The class probe and the softening of waves on laws whose every answer is known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub, reason = "tests")]

mod common;

use analysis::lab::{Lab, LabData, Settings, Truth};
use analysis::observables::{Measured, Named, ObservableRow, observables};
use common::{World, at, chain, measure};
use data::{Frame, Pca, Samples, Shape};
use model::{ClassGaussian, ClassSnr, Denoiser, Mixture};
use schedule::{Purpose, ReverseVariance, Schedule, Stream};

/// |m|^2 = 16, s2 = 1: kappa = 16 A, H = ln 2 - I(kappa).
#[test]
fn a_probe_of_two_gaussians_has_their_class_entropy_for_its_bound() {
    let world = World::mixture(8, 16.0, 100, 2000);
    let measured = measure(&world.lab(), "noisy_class_probe");
    for t in [20, 30, 40, 50, 60, 70, 100] {
        let snr = ClassSnr(16.0 * world.schedule.alpha_bar(world.schedule.timestep(t).unwrap()));
        let exact = std::f64::consts::LN_2 - snr.information();
        for model in ["data", "law"] {
            let entropy = at(&measured, t, model, "class_entropy");
            let error = (entropy.high.unwrap() - entropy.low.unwrap()) / 4.0;
            assert!(entropy.value > exact - 3.0 * error, "{model}, t = {t}: {entropy:?}, exactly {exact}");
            assert!(entropy.value < exact + 3.0 * error + 0.015, "{model}, t = {t}: {entropy:?}, exactly {exact}");
            let variance = at(&measured, t, model, "surprisal_variance").value;
            assert!((variance - snr.surprisal_variance()).abs() < 0.08, "{model}, t = {t}: {variance}");
            assert!(at(&measured, t, model, "accuracy").value > 0.45);
        }
        let posterior = at(&measured, t, "law", "class_entropy_posterior");
        assert!((posterior.value - exact).abs() < 0.03, "{t}: {posterior:?}");
        let variance = at(&measured, t, "law", "surprisal_variance_posterior").value;
        assert!((variance - snr.surprisal_variance()).abs() < 0.05, "{t}: {variance}");
    }
    // kappa = 1 lies between t = 51 and 52, where Var(-ln p) peaks too.
    let last = world.schedule.timesteps().rev().find(|&t| 16.0 * world.schedule.alpha_bar(t) >= 1.0).unwrap().get();
    for row in &measured.transitions {
        let (reach, t) = if row.convention.contains("peak") { (7.0, row.t.unwrap()) } else { (2.5, row.t.unwrap()) };
        assert!((t - last as f64 - 0.5).abs() < reach, "{row:?}");
        assert_eq!(row.kind, "measured");
    }
    assert_eq!(measured.transitions.len(), 4);
}

#[test]
fn three_classes_are_probed_and_have_no_critical_entropy() {
    let schedule = chain(40);
    let law = data::GaussianMixture {
        means: vec![vec![3.0, 0.0], vec![-3.0, 0.0], vec![0.0, 4.0]],
        weights: vec![1.0; 3],
        std: 1.0,
        train: 1500,
        test: 400,
        seed: 4,
    };
    let drawn = law.draw().unwrap();
    let pca = Pca::fit(&drawn.train).unwrap();
    let frame = Frame::Principal(pca.clone());
    let (train, test) = (frame.project_samples(&drawn.train), frame.project_samples(&drawn.test));
    let truth = Truth::Law(Box::new(Mixture::of_law(&schedule, &law, &frame).unwrap()));
    let data = LabData {
        frame: &frame,
        eigenvalues: &pca.eigenvalues,
        train: &train,
        test: &test,
        shape: Shape::Point,
        shift: 0.0,
    };
    let settings =
        Settings { trajectories: 400, times: 4, resamples: 50, seed: 5, variance: ReverseVariance::Posterior };
    let Truth::Law(exact) = &truth else { panic!("a law") };
    let model = Named { name: "law", denoiser: &**exact as &dyn Denoiser };
    let lab = Lab::new(&schedule, data, model, settings).with_truth(&truth);
    let measured = measure(&lab, "noisy_class_probe");
    for t in [10, 20, 30, 40] {
        let exact = at(&measured, t, "law", "class_entropy_posterior").value;
        for model in ["data", "law"] {
            let found = at(&measured, t, model, "class_entropy").value;
            assert!((found - exact).abs() < 0.1, "{model}, t = {t}: {found} {exact}");
        }
    }
    assert!(measured.transitions.iter().all(|row| row.convention.contains("peak")));
}

/// Height and width of the images of a [`Picture`].
const SIDES: [usize; 2] = [6, 5];

/// Gaussian images whose covariance is diagonal in Fourier modes, S(q) = 3 / (1 + 4 |q|^2)^2.
struct Picture {
    schedule: Schedule,
    pca: Pca,
    frame: Frame,
    train: Samples,
    test: Samples,
}

fn power(q2: f64) -> f64 {
    3.0 / (1.0 + 4.0 * q2).powi(2)
}

/// Every wave vector of the image with its real waves cas(q . r) / sqrt(d).
fn waves() -> Vec<(f64, Vec<f64>)> {
    let [height, width] = SIDES;
    let fold = |k: usize, side: usize| if 2 * k > side { k as f64 - side as f64 } else { k as f64 } / side as f64;
    let wave = |a: usize, b: usize| {
        let (u, v) = (std::f64::consts::TAU * fold(a, height), std::f64::consts::TAU * fold(b, width));
        let pixel = |r: usize| {
            let phase = u * (r / width) as f64 + v * (r % width) as f64;
            (phase.cos() + phase.sin()) / ((height * width) as f64).sqrt()
        };
        (u * u + v * v, (0..height * width).map(pixel).collect())
    };
    (0..height).flat_map(|a| (0..width).map(move |b| (a, b))).map(|(a, b)| wave(a, b)).collect()
}

impl Picture {
    fn new() -> Self {
        let mut waves = waves();
        waves.sort_by(|a, b| a.0.total_cmp(&b.0));
        let d = waves.len();
        let eigenvalues: Vec<f64> = waves.iter().map(|(q2, _)| power(*q2)).collect();
        let axes = (0..d * d).map(|i| waves[i % d].1[i / d] as f32).collect();
        let pca = Pca { mean: vec![0.25; d], eigenvalues: eigenvalues.clone(), axes };
        let draw = |n: usize, index: u64| {
            let mut values = vec![0.0_f32; n * d];
            Stream::new(8, Purpose::Data, index, 0).fill_normal(&mut values);
            values.iter_mut().enumerate().for_each(|(i, z)| *z *= eigenvalues[i % d].sqrt() as f32);
            Samples { dim: d, values, labels: Vec::new() }
        };
        let (train, test) = (draw(50, 0), draw(2000, 1));
        Self { schedule: chain(100), frame: Frame::Principal(pca.clone()), pca, train, test }
    }

    fn truth(&self) -> Truth {
        let d = self.train.dim;
        let lambda = &self.pca.eigenvalues;
        let covariance = (0..d * d).map(|i| if i % d == i / d { lambda[i / d] } else { 0.0 }).collect();
        let class = ClassGaussian { weight: 1.0, mean: vec![0.0; d], covariance };
        Truth::Law(Box::new(Mixture::new(&self.schedule, &[class]).unwrap()))
    }
}

fn of_ring<'a>(measured: &'a Measured, t: Option<usize>, model: &str, quantity: &str, ring: f64) -> &'a ObservableRow {
    let is = |row: &&ObservableRow| row.t == t && row.x == Some(ring) && row.model == model && row.quantity == quantity;
    measured.rows.iter().find(is).unwrap_or_else(|| panic!("no {quantity} of {model} at t = {t:?}, ring {ring}"))
}

/// The mean over the waves of a ring.
fn ring_mean(ring: usize, f: impl Fn(f64) -> f64) -> f64 {
    let is = |q2: f64| (q2.sqrt() * 6.0 / std::f64::consts::TAU).round() as usize == ring;
    let values: Vec<f64> = waves().into_iter().filter(|(q2, _)| is(*q2)).map(|(q2, _)| f(q2)).collect();
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn gaussian_images_soften_wave_by_wave_as_their_spectrum_says() {
    let (picture, [height, width]) = (Picture::new(), SIDES);
    let truth = picture.truth();
    let data = LabData {
        frame: &picture.frame,
        eigenvalues: &picture.pca.eigenvalues,
        train: &picture.train,
        test: &picture.test,
        shape: Shape::Image { height, width },
        shift: 0.0,
    };
    let settings =
        Settings { trajectories: 2000, times: 10, resamples: 100, seed: 5, variance: ReverseVariance::Posterior };
    let Truth::Law(exact) = &truth else { panic!("a law") };
    let model = Named { name: "law", denoiser: &**exact as &dyn Denoiser };
    let lab = Lab::new(&picture.schedule, data, model, settings).with_truth(&truth);
    let measured = measure(&lab, "mode_softening");
    for t in [1, 10, 40, 60, 100] {
        let a = picture.schedule.alpha_bar(picture.schedule.timestep(t).unwrap());
        let of_denoised = |q2: f64| a * power(q2).powi(2) / (a * power(q2) + 1.0 - a);
        let (mut sum, mut weighted) = (0.0, 0.0);
        for (q2, _) in waves() {
            sum += of_denoised(q2);
            weighted += q2 * of_denoised(q2);
        }
        let length = (sum / weighted).sqrt();
        for (model, tolerance) in [("wiener", 1e-5), ("law", 0.06)] {
            let found = at(&measured, t, model, "correlation_length").value;
            assert!((found / length - 1.0).abs() < tolerance, "{model}, t = {t}: {found} {length}");
        }
        for ring in [0, 1, 2, 3] {
            let slope = ring_mean(ring, |q2| -1.0 / (a * power(q2) + 1.0 - a));
            let power = ring_mean(ring, of_denoised);
            for (model, tolerance) in [("wiener", 1e-5), ("law", 0.12)] {
                // At t = T what is left of fine waves, 1e-10, is less than an f32 resolves in x_t.
                let resolved = power > 1e-8;
                let found = of_ring(&measured, Some(t), model, "mode_power", ring as f64).value;
                assert!(
                    !resolved || (found / power - 1.0).abs() < tolerance,
                    "{model}, t = {t}, ring {ring}: {found} {power}"
                );
                let found = of_ring(&measured, Some(t), model, "mode_slope", ring as f64).value;
                assert!((found / slope - 1.0).abs() < 1e-5, "{model}, t = {t}, ring {ring}: {found} {slope}");
                let found = of_ring(&measured, Some(t), model, "mode_multiplier", ring as f64).value;
                assert!((found - 1.0 - (1.0 - a) * slope).abs() < 1e-5, "{model}, t = {t}, ring {ring}: {found}");
            }
        }
    }
    // The whole of Sigma: Parseval, and the limit t -> 0.
    let trace: f64 = picture.pca.eigenvalues.iter().sum();
    let rings: Vec<&ObservableRow> =
        measured.rows.iter().filter(|row| row.model == "data" && row.quantity == "mode_power").collect();
    let size = |ring: f64| {
        waves().iter().filter(|(q2, _)| (q2.sqrt() * 6.0 / std::f64::consts::TAU).round() == ring).count() as f64
    };
    let whole: f64 = rings.iter().map(|row| row.value * size(row.x.unwrap())).sum();
    assert!((whole / trace - 1.0).abs() < 1e-5, "{whole} {trace}");
    // A wave is half signal where A S = D; coarse ones are so at larger t.
    let time = |model: &str, ring: f64| of_ring(&measured, None, model, "softening_time", ring).value;
    for model in ["wiener", "law"] {
        assert!(time(model, 0.0) > time(model, 1.0) && time(model, 1.0) > time(model, 2.0), "{model}");
        let t = time(model, 0.0);
        let snr = |t: f64| picture.schedule.snr(picture.schedule.timestep(t as usize).unwrap());
        assert!(3.0 * snr(t.floor() - 4.0) > 1.0 && 3.0 * snr(t.ceil() + 4.0) < 1.0, "{model}: {t}");
    }
}

#[test]
fn points_have_no_waves_and_data_without_classes_no_probe() {
    let observable = |name: &str| observables().iter().find(|observable| observable.name() == name).unwrap();
    let world = World::mixture(4, 4.0, 40, 50);
    assert_eq!(observable("mode_softening").work(&world.lab()), None);
    let world = World::gaussian(4, 1.0, 40, 50);
    assert_eq!(observable("noisy_class_probe").work(&world.lab()), None);
}

#[test]
fn probes_do_not_depend_on_the_number_of_threads() {
    let world = World::mixture(4, 9.0, 40, 100);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| measure(&world.lab(), "noisy_class_probe"))
    };
    assert_eq!(format!("{:?}", on(1)), format!("{:?}", on(3)));
}
