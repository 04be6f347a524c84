//! The cloning experiment of the discrete chain with the exact score, against the continuous theory.

use model::{Chain, TwoGaussians};
use schedule::{ReverseVariance, Schedule};

use crate::common::{mean, schedule};

const COUNT: usize = 40_000;
/// How far the agreement of a chain of 100 steps may lie from that of the continuous process.
const DISCRETE: f64 = 0.006;

/// The share of clones, two a trajectory with noise of their own from t on, that end on the same side.
fn agreement(chain: &Chain<'_>, zt: &[f32], t: usize) -> f64 {
    let mut clones = [zt.to_vec(), zt.to_vec()];
    for (clone, seed) in clones.iter_mut().zip([101, 102]) {
        Chain { seed, ..*chain }.run(clone, chain.schedule.timestep(t).unwrap(), 0, &mut |_, _| {}).unwrap();
    }
    mean(clones[0].iter().zip(&clones[1]).map(|(a, b)| f64::from(u8::from((*a > 0.0) == (*b > 0.0)))))
}

/// Clones of the chain of N(4, s2)/2 + N(-4, s2)/2 (the coordinate along m of any dimension) at rising t with phi;
/// returns the mean square at the end of the chain.
fn check(schedule: &Schedule, s2: f64, choice: ReverseVariance, table: &[(usize, f64)]) -> f64 {
    let law = TwoGaussians::new(schedule, &[4.0], s2).unwrap();
    let chain = Chain { denoiser: &law, schedule, variance: choice, stride: 1, noiseless_steps: 1, seed: 5 };
    let mut z = chain.start(COUNT, 0);
    let mut states = Vec::new();
    chain
        .run(&mut z, schedule.last(), 0, &mut |s, z| {
            if table.iter().any(|(t, _)| *t == s) {
                states.push(z.to_vec());
            }
        })
        .unwrap();
    assert_eq!(states.len(), table.len());
    for ((t, phi), zt) in table.iter().rev().zip(&states) {
        let exact = law.snr(schedule.timestep(*t).unwrap()).cloning_probability();
        assert!((exact - phi).abs() < 1e-5, "t = {t}: {exact} {phi}");
        let found = agreement(&chain, zt, *t);
        let error = (exact * (1.0 - exact) / COUNT as f64).sqrt();
        assert!((found - exact).abs() < 3.0 * error + DISCRETE, "t = {t}, {choice:?}: {found} for {exact} +- {error}");
    }
    mean(z.iter().map(|&z| f64::from(z) * f64::from(z)))
}

#[test]
fn clones_of_the_short_chain() {
    let schedule = schedule(100);
    let table = [(30, 0.99107), (40, 0.94021), (50, 0.80262), (60, 0.63908), (70, 0.54173), (80, 0.50869)];
    // The standard error of the mean square is sqrt((4 * 16 + 2) / 40000) = 0.04.
    let posterior = check(&schedule, 1.0, ReverseVariance::Posterior, &table);
    assert!((posterior - 16.7415).abs() < 0.16, "{posterior}");
    let beta = check(&schedule, 1.0, ReverseVariance::Beta, &table[1..4]);
    assert!((beta - 16.8211).abs() < 0.16, "{beta}");
}

#[test]
fn clones_of_narrow_gaussians() {
    let table = [(30, 0.99888), (40, 0.95992), (50, 0.81422), (60, 0.64145)];
    check(&schedule(100), 0.0625, ReverseVariance::Posterior, &table);
}

#[test]
#[ignore = "two minutes: cargo test --workspace -- --ignored"]
fn clones_of_the_long_chain() {
    let table = [(300, 0.99100), (400, 0.94227), (500, 0.81187), (600, 0.65228), (700, 0.55043), (800, 0.51197)];
    let square = check(&schedule(1000), 1.0, ReverseVariance::Posterior, &table);
    assert!((square - 17.0).abs() < 0.16, "{square}");
}
