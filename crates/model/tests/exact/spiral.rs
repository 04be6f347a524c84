//! The spiral's curve: Bayes error, angles and arcs.

use data::{Frame, Pca, Samples, SwissRoll};
use model::{ClassPosterior, PosteriorMoments, Spiral};
use schedule::{Purpose, Stream};

use crate::common::{assert_close, mean, noised, schedule};

const COUNT: usize = 4000;

fn plane() -> Frame {
    Frame::Identity { dim: 2 }
}

/// Points of the curve at uniform angles, labelled by half.
fn points() -> (Samples, Vec<f64>) {
    let mut stream = Stream::new(3, Purpose::Data, 0, 0);
    let thetas: Vec<f64> = (0..COUNT).map(|_| SwissRoll::THETA_END * stream.uniform()).collect();
    let point = |theta: &f64| [theta.cos(), theta.sin()].map(|c| ((5.0 + theta) / 12.0 * c) as f32);
    (Samples { dim: 2, values: thetas.iter().flat_map(point).collect(), labels: Vec::new() }, thetas)
}

/// t, MSE of E[eps | z_t], root mean square of theta between clones, P(same half), P(same third): printed by
/// scripts/make_reference/exact_denoisers.py with standard errors of at most 0.002.
const TABLE: [(usize, f64, f64, f64, f64); 7] = [
    (1, 0.4984, 0.0197, 0.9987, 0.9966),
    (5, 0.4962, 0.0519, 0.9959, 0.9923),
    (50, 0.6682, 1.727, 0.8977, 0.8739),
    (100, 0.6652, 3.093, 0.7020, 0.6558),
    (150, 0.5308, 3.531, 0.6009, 0.5295),
    (200, 0.3890, 3.699, 0.5518, 0.4555),
    (500, 0.0280, 3.845, 0.5018, 0.3405),
];

#[test]
fn reference_numbers_of_the_curve() {
    let schedule = schedule(1000);
    let halves = Spiral::new(&schedule, &plane(), Spiral::GRID, 2).unwrap();
    let thirds = Spiral::new(&schedule, &plane(), Spiral::GRID, 3).unwrap();
    let (z0, _) = points();
    for (t, mse, rms, half, third) in TABLE {
        let t = schedule.timestep(t).unwrap();
        let zt = noised(&schedule, t, &z0, COUNT);
        let mut trace = vec![f64::NAN; COUNT];
        halves.posterior_variance(t, &zt, &mut trace);
        let found = schedule.snr(t) * mean(trace) / 2.0;
        assert!((found - mse).abs() < 0.01, "t = {t}: MSE {found} {mse}");
        for (law, expected) in [(&halves, half), (&thirds, third)] {
            let mut p = vec![f64::NAN; COUNT * law.classes()];
            law.class_probabilities(t, &zt, &mut p);
            let same = mean(p.chunks_exact(law.classes()).map(|p| p.iter().map(|p| p * p).sum()));
            assert!((same - expected).abs() < 0.01, "t = {t}: same arc of {} {same} {expected}", law.classes());
        }
        let spread = (2.0 * mean(halves.theta_posterior(t, &zt).into_iter().map(|(_, variance)| variance))).sqrt();
        assert!((spread - rms).abs() < 0.004 + 0.03 * rms, "t = {t}: rms theta {spread} {rms}");
    }
}

#[test]
fn angle_is_known_at_the_last_step_and_unknown_at_the_first() {
    let schedule = schedule(100);
    let law = Spiral::new(&schedule, &plane(), Spiral::GRID, 2).unwrap();
    let (z0, thetas) = points();
    let first = schedule.timestep(1).unwrap();
    let known = law.theta_posterior(first, &noised(&schedule, first, &z0, 500));
    // sqrt(D) / r = 0.03 / 0.42 at the inner end.
    assert!(known.iter().zip(&thetas).filter(|((found, _), theta)| (found - *theta).abs() < 0.3).count() > 490);
    let last = schedule.last();
    for (found, variance) in law.theta_posterior(last, &noised(&schedule, last, &z0, 500)) {
        assert!((found / SwissRoll::THETA_END - 0.5).abs() < 0.01, "{found}");
        assert!((variance / (SwissRoll::THETA_END.powi(2) / 12.0) - 1.0).abs() < 0.02, "{variance}");
    }
}

#[test]
fn distances_to_the_curve() {
    let law = Spiral::new(&schedule(100), &plane(), Spiral::GRID, 2).unwrap();
    let (z0, _) = points();
    assert!(law.distances(&z0.values).into_iter().all(|d| d < 3e-7));
    // The origin is nearest to the inner end; (2, 0) to the arm that crosses the axis at theta = 2 pi.
    let outer = 2.0 - (5.0 + std::f64::consts::TAU) / 12.0;
    let found = law.distances(&[0.0, 0.0, 2.0, 0.0]);
    assert!((found[0] - 5.0 / 12.0).abs() < 1e-7 && found[1] < outer && found[1] > outer - 0.01, "{found:?}");
}

/// In the principal frame of the roll the curve is turned along with the points.
#[test]
fn curve_turns_with_the_frame() {
    let schedule = schedule(100);
    let roll = SwissRoll { train: 2000, test: 1, noise: 0.0, seed: 0 }.draw().unwrap();
    let frame = Frame::Principal(Pca::fit(&roll.train).unwrap());
    let turned = Spiral::new(&schedule, &frame, 2000, 2).unwrap();
    let flat = Spiral::new(&schedule, &plane(), 2000, 2).unwrap();
    let t = schedule.timestep(15).unwrap();
    let xt = noised(&schedule, t, &roll.train, 300);
    let zt = frame.project(&xt, schedule.forward(t).signal);
    let (a, b) = (flat.theta_posterior(t, &xt), turned.theta_posterior(t, &zt));
    let means = |pairs: &[(f64, f64)]| pairs.iter().map(|(mean, _)| *mean).collect::<Vec<_>>();
    assert_close(&means(&b), &means(&a), 1e-4, "theta");
    assert!(turned.distances(&frame.project(&roll.train.values, 1.0)).into_iter().all(|d| d < 1e-6));
}

#[test]
fn faulty_curves_are_refused() {
    let schedule = schedule(100);
    let message = |frame: &Frame, points, arcs| Spiral::new(&schedule, frame, points, arcs).unwrap_err().to_string();
    assert_eq!(message(&plane(), 1, 2), "points: 1 is not allowed, use 2 or more");
    assert_eq!(message(&plane(), 10, 0), "arcs: 0 is not allowed, use 1 to 256");
    assert!(message(&Frame::Identity { dim: 3 }, 10, 2).starts_with("frame.dim: 3 is not allowed"));
}
