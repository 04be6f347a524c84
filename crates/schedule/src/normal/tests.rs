use std::f64::consts::{PI, TAU};

use super::*;
use crate::{Purpose, Stream};

/// Words at which a rounding, a sign or a quadrant changes.
fn extreme_words() -> Vec<u32> {
    let edges = (0..8).map(|k: u32| k << 29).chain([1 << 24, 0xb504_f333, 0x5a82_799a]);
    edges
        .flat_map(|w| [-257, -256, -129, -128, -127, -1, 0, 1, 127, 128, 129, 256].map(|d| w.wrapping_add_signed(d)))
        .collect()
}

/// Every extreme word as a radius with every extreme word as an angle, then random words, as raw blocks.
fn raw_blocks() -> Vec<u8> {
    let words = extreme_words();
    let mut pairs: Vec<(u32, u32)> = words.iter().flat_map(|a| words.iter().map(|b| (*a, *b))).collect();
    let mut stream = Stream::new(5, Purpose::Data, 0, 0);
    pairs.extend((0..1 << 16).map(|_| (stream.below(1 << 32) as u32, stream.below(1 << 32) as u32)));
    pairs.truncate(pairs.len() / LANES * LANES);
    let mut bytes = Vec::new();
    for block in pairs.chunks_exact(LANES) {
        let block_words = block.iter().map(|pair| pair.0).chain(block.iter().map(|pair| pair.1));
        bytes.extend(block_words.flat_map(u32::to_le_bytes));
    }
    bytes
}

fn bits_of(bytes: &[u8], compile: impl FnOnce(BoxMuller<'_>)) -> Vec<u32> {
    let mut out = vec![f32::NAN; bytes.len() / 4];
    compile(BoxMuller { bytes, out: &mut out });
    out.into_iter().map(f32::to_bits).collect()
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    let bytes = raw_blocks();
    let portable = bits_of(&bytes, |transform| transform.call());
    assert!(portable.iter().all(|bits| f32::from_bits(*bits).is_finite()));
    assert!(portable == bits_of(&bytes, |transform| Arch::new().dispatch(transform)), "the widest available");
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(simd) = pulp::x86::V3::try_new() {
            assert!(portable == bits_of(&bytes, |transform| simd.vectorize(transform)), "AVX2");
        }
        if let Some(simd) = pulp::x86::V4::try_new() {
            assert!(portable == bits_of(&bytes, |transform| simd.vectorize(transform)), "AVX-512");
        }
    }
}

#[test]
fn ln_is_good_to_a_few_units_in_the_last_place() {
    // u lies in [2^-33, 1]; an odd step visits all parts of the mantissa.
    let mut worst = 0.0_f64;
    for bits in (f32::to_bits(2.0_f32.powi(-33))..=f32::to_bits(1.0)).step_by(229) {
        let x = f32::from_bits(bits);
        let exact = f64::from(x).ln();
        let ulp = f64::from(f32::from_bits((exact.abs() as f32).to_bits() + 1)) - f64::from(exact.abs() as f32);
        worst = worst.max((f64::from(ln(x)) - exact).abs() / ulp);
    }
    assert!(worst < 2.5, "{worst} ulp");
    assert_eq!(ln(1.0), 0.0);
}

#[test]
fn sin_cos_is_good_to_a_unit_in_the_last_place_of_1() {
    let mut worst = 0.0_f64;
    for w in (0..=u32::MAX).step_by(4093).chain(extreme_words()) {
        let angle = TAU * f64::from(w) / 4_294_967_296.0;
        let (sin, cos) = sin_cos(w);
        worst = worst.max((f64::from(sin) - angle.sin()).abs()).max((f64::from(cos) - angle.cos()).abs());
    }
    assert!(worst < f64::from(f32::EPSILON), "{worst}");
}

#[test]
fn sin_cos_is_exact_on_the_axes() {
    let quarter = 1 << 30;
    let axes = [(0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0)];
    for (k, expected) in (0..4_u32).zip(axes) {
        assert_eq!(sin_cos(k * quarter), expected, "{k} quarter turns");
    }
}

#[test]
fn the_radius_runs_from_0_to_6_77() {
    assert_eq!(radius(u32::MAX).to_bits(), 0);
    let largest = (66.0 * std::f64::consts::LN_2).sqrt();
    assert!((f64::from(radius(0)) - largest).abs() < 1e-6 && largest < 6.77);
    let mut worst = 0.0_f64;
    for w in (0..u32::MAX - (1 << 20)).step_by(4093) {
        let exact = (-2.0 * ((f64::from(w) + 0.5) / 4_294_967_296.0).ln()).sqrt();
        worst = worst.max((f64::from(radius(w)) - exact).abs());
    }
    // u is rounded to 2^-25, which a radius of 0.02 sees as 2^-25/0.02.
    assert!(worst < 2e-6, "{worst}");
}

/// The standard normal distribution function by Marsaglia's series 1/2 + phi(x) (x + x^3/3 + x^5/(3 5) + ...).
fn normal_cdf(x: f64) -> f64 {
    let (mut sum, mut term, mut odd) = (0.0, x, 1.0);
    while sum + term != sum {
        sum += term;
        odd += 2.0;
        term *= x * x / odd;
    }
    0.5 + sum * (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// A million normals and, split off from each block, its cosines and sines.
fn million() -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut out = vec![0.0; 1_000_000];
    Stream::new(20, Purpose::TrainNoise, 1, 1).fill_normal(&mut out);
    let all: Vec<f64> = out.into_iter().map(f64::from).collect();
    let (cosines, sines) = all.chunks_exact(BLOCK).map(|block| block.split_at(LANES)).unzip::<_, _, Vec<_>, Vec<_>>();
    (all.clone(), cosines.concat(), sines.concat())
}

#[test]
fn moments_are_those_of_a_standard_normal() {
    let (all, ..) = million();
    let n = all.len() as f64;
    // E x^k and the variance of x^k, k = 1..6: (2k - 1)!! - (E x^k)^2.
    let moments = [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0), (5, 0.0, 945.0), (6, 15.0, 10_170.0)];
    for (k, expected, variance) in moments {
        let mean = all.iter().map(|x| x.powi(k)).sum::<f64>() / n;
        assert!((mean - expected).abs() < 4.0 * f64::sqrt(variance / n), "E x^{k} = {mean}");
    }
}

#[test]
fn tails_hold_the_right_share() {
    let (all, ..) = million();
    let n = all.len() as f64;
    for (bound, share) in [(1.0, 0.317_310_507_9), (2.0, 0.045_500_263_9), (3.0, 2.699_796_1e-3), (4.0, 6.334_248e-5)] {
        for side in [-1.0, 1.0] {
            let beyond = all.iter().filter(|x| side * **x > bound).count() as f64;
            let expected = 0.5 * share * n;
            assert!((beyond - expected).abs() < 4.0 * expected.sqrt(), "beyond {}: {beyond} {expected}", side * bound);
        }
    }
}

#[test]
fn a_million_normals_pass_kolmogorov_smirnov() {
    assert!((normal_cdf(1.0) - 0.841_344_746_068_543).abs() < 1e-14);
    let (mut all, ..) = million();
    all.sort_unstable_by(f64::total_cmp);
    let n = all.len() as f64;
    let distance = all.iter().enumerate().fold(0.0_f64, |d, (i, x)| {
        let p = normal_cdf(*x);
        d.max(p - i as f64 / n).max((i + 1) as f64 / n - p)
    });
    // Exceeded with probability 2 exp(-2 1.95^2) = 0.001 by true normals.
    assert!(distance * n.sqrt() < 1.95, "{}", distance * n.sqrt());
}

#[test]
fn cosine_and_sine_halves_are_independent() {
    let (_, cosines, sines) = million();
    let n = cosines.len() as f64;
    let mean = |f: fn(f64, f64) -> f64| cosines.iter().zip(&sines).map(|(c, s)| f(*c, *s)).sum::<f64>() / n;
    // Products of independent standardised variables; the variance of (c^2 - 1)(s^2 - 1) is 4.
    assert!(mean(|c, s| c * s).abs() < 4.0 / n.sqrt());
    assert!(mean(|c, s| (c * c - 1.0) * (s * s - 1.0)).abs() < 8.0 / n.sqrt());
    // Joint counts over the 4 x 4 cells between quartiles: chi-square with 15 degrees of freedom, 37.7 at 0.001.
    let quartile = |x: f64| [-0.674_489_750_196, 0.0, 0.674_489_750_196].iter().filter(|q| x > **q).count();
    let mut counts = [[0.0; 4]; 4];
    cosines.iter().zip(&sines).for_each(|(c, s)| counts[quartile(*c)][quartile(*s)] += 1.0);
    let expected = n / 16.0;
    let chi2: f64 = counts.as_flattened().iter().map(|count: &f64| (count - expected).powi(2) / expected).sum();
    assert!(chi2 < 37.7, "{chi2}");
}

#[test]
fn neighbours_are_uncorrelated() {
    let (all, ..) = million();
    for lag in [1, 2, 15, 16, 17, 31, 32, 64] {
        let n = (all.len() - lag) as f64;
        let correlation = all.iter().zip(&all[lag..]).map(|(a, b)| a * b).sum::<f64>() / n;
        assert!(correlation.abs() < 4.0 / n.sqrt(), "lag {lag}: {correlation}");
    }
}
