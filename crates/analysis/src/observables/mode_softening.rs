//! Which waves of an image soften first: the spectrum of x0_hat, and the stability of the score wave by wave.

mod rings;

use data::Shape;
use data::linalg::{View, multiply};
use model::Denoiser;
use rayon::prelude::*;
use schedule::Timestep;

use super::ensemble::numbers;
use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::probes::{few_starts, noised};
use crate::lab::{Lab, Subject};
use crate::stats::{Bootstrap, Interval, crossing};
use rings::Rings;

/// With q the wave vectors of the image, in radians per pixel, gathered in rings x = |q| side / (2 pi) of width 1:
///
/// `mode_power`: S(q) = Var of the wave's amplitude in x0_hat = (x_t - sqrt(D) eps_hat) / sqrt(A) over noised test samples,
/// the diagonal of Cov(x0_hat) in the Fourier basis, averaged over the ring. `correlation_length`: xi in pixels,
/// xi^2 = sum_q S(q) / sum_q q^2 S(q) over all waves, q = 0 among them: by Parseval the variance of a pixel over the
/// squared gradient, xi^2 = E|x - E x|^2 / E|grad(x - E x)|^2.
///
/// `mode_slope`: lam(q) = -v_q^T J v_q / sqrt(D), the slope of the score along the wave v_q, J the exact Jacobian of
/// eps_hat, averaged over the ring and over test samples noised to t; it is -1 at t = T, and a wave is the softer the
/// nearer it is to 0, unstable above. `mode_multiplier`: 1 + D lam(q) = sqrt(A) d x0_hat / d x_t along the wave, the share of
/// a displacement that is taken for signal. `softening_time`: the last t at which a ring's multiplier is 1/2, its wave as
/// much signal as noise.
///
/// Theory (`wiener`, exact for Gaussian data): Cov(x0_hat) = A Sigma^2 (A Sigma + D)^{-1}, lam = -(A Sigma + D)^{-1}, whose
/// multiplier is 1/2 at A Sigma_q = D. `data`: the spectrum and the length of Sigma itself, the limit t -> 0 of all.  For
/// trained networks Ambrogioni 2026 (arXiv 2603.20092).
pub(super) struct ModeSoftening;

/// Test samples at which Jacobians are averaged, at most.
const STATES: usize = 200;
/// Where a wave is as much signal as noise.
const HALF: f64 = 0.5;
/// Rows answered together.
const BLOCK: usize = 64;

impl Observable for ModeSoftening {
    fn name(&self) -> &'static str {
        "mode_softening"
    }

    fn group(&self) -> Group {
        Group::Machines
    }

    fn question(&self) -> &'static str {
        "Which spatial frequencies of an image are resolved first, and how long are the correlations of what is resolved?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        let times = lab.with_early(lab.grid()).len() as u64;
        let image = matches!(lab.data.shape, Shape::Image { .. }) && !lab.data.test.is_empty();
        image.then(|| times * (lab.model_count() + lab.subject_count()) + 1)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let Shape::Image { height, width } = lab.data.shape else { return Ok(Measured::default()) };
        let rings = Rings::of([height, width], lab.data.frame);
        advance(1);
        let mut rows = of_data(lab, &rings);
        for model in lab.models()? {
            rows.extend(spectra(lab, &rings, (model.name, model.denoiser), advance)?);
        }
        for subject in lab.subjects()? {
            rows.extend(stability(lab, &rings, subject, advance)?);
        }
        rows.extend(of_wiener(lab, &rings));
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// A row a ring.
fn ring_rows<'r>(
    rings: &'r Rings,
    values: &'r [f64],
    row: impl Fn(f64) -> ObservableRow + 'r,
) -> impl Iterator<Item = ObservableRow> + 'r {
    rings.rings.iter().zip(values).map(move |((number, _), &value)| row(value).at(*number as f64))
}

/// The spectrum and the correlation length of Sigma.
fn of_data(lab: &Lab<'_>, rings: &Rings) -> Vec<ObservableRow> {
    let power = rings.spread(lab.data.eigenvalues);
    let (sum, weighted) = rings.moments(&power);
    let row = |quantity: &str, value| ObservableRow::timeless("data", quantity, value).of_group("train");
    let means = rings.means(&power);
    let length = row("correlation_length", (sum / weighted).sqrt());
    ring_rows(rings, &means, |value| row("mode_power", value)).chain([length]).collect()
}

/// The best affine predictor: everything follows from Sigma.
fn of_wiener(lab: &Lab<'_>, rings: &Rings) -> Vec<ObservableRow> {
    let times = lab.with_early(lab.fine_grid());
    let mut multipliers = Vec::new();
    let mut rows = Vec::new();
    for &t in &times {
        let a = lab.schedule.alpha_bar(t);
        let of_axes = |f: &dyn Fn(f64) -> f64| -> Vec<f64> {
            rings.spread(&lab.data.eigenvalues.iter().map(|&lambda| f(lambda)).collect::<Vec<_>>())
        };
        let power = of_axes(&|lambda| a * lambda * lambda / (a * lambda + 1.0 - a));
        let slopes = rings.means(&of_axes(&|lambda| -1.0 / (a * lambda + 1.0 - a)));
        let (sum, weighted) = rings.moments(&power);
        let row = |quantity: &str, value| ObservableRow::exact(t, "wiener", quantity, value);
        rows.push(row("correlation_length", (sum / weighted).sqrt()));
        rows.extend(ring_rows(rings, &rings.means(&power), |value| row("mode_power", value)));
        rows.extend(ring_rows(rings, &slopes, |value| row("mode_slope", value)));
        let along: Vec<f64> = slopes.iter().map(|slope| 1.0 + (1.0 - a) * slope).collect();
        rows.extend(ring_rows(rings, &along, |value| row("mode_multiplier", value)));
        multipliers.push(along);
    }
    let steps = numbers(&times);
    rows.extend(rings.rings.iter().enumerate().filter_map(|(r, (number, _))| {
        let curve: Vec<f64> = multipliers.iter().map(|of_rings| of_rings[r]).collect();
        let time = crossing(&steps, &curve, HALF)?;
        Some(ObservableRow::timeless("wiener", "softening_time", time).at(*number as f64))
    }));
    rows
}

/// Spectra and correlation lengths of x0_hat over noised test samples.
fn spectra(
    lab: &Lab<'_>,
    rings: &Rings,
    (name, denoiser): (&str, &dyn Denoiser),
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Vec<ObservableRow>, AnalysisError> {
    let z0 = few_starts(lab, usize::MAX);
    let bootstrap = lab.bootstrap(z0.len() / lab.dim());
    let mut rows = Vec::new();
    for t in lab.with_early(lab.grid()) {
        let amplitudes = amplitudes(lab, rings, denoiser, (&z0, t))?;
        rows.extend(spectrum_rows(rings, &amplitudes, &bootstrap, (t, name)));
        advance(1);
    }
    Ok(rows)
}

/// The waves' amplitudes in x0_hat, their means over the samples taken out: `[n, d]`.
fn amplitudes(
    lab: &Lab<'_>,
    rings: &Rings,
    denoiser: &dyn Denoiser,
    (z0, t): (&[f32], Timestep),
) -> Result<Vec<f32>, AnalysisError> {
    let (d, forward, predictor) = (lab.dim(), lab.schedule.forward(t), denoiser.at(t)?);
    let (signal, noise) = (forward.signal as f32, forward.noise as f32);
    let zt = noised(lab, z0, t);
    let mut amplitudes = vec![0.0_f32; zt.len()];
    amplitudes.par_chunks_mut(BLOCK * d).zip(zt.par_chunks(BLOCK * d)).for_each(|(out, zt)| {
        let mut denoised = vec![0.0; zt.len()];
        predictor.eps_hat(zt, &mut denoised);
        denoised.iter_mut().zip(zt).for_each(|(eps_hat, z)| *eps_hat = (z - noise * *eps_hat) / signal);
        let waves = View::new(&rings.waves, d, d).transposed();
        multiply(out, View::new(&denoised, zt.len() / d, d), waves, 0.0);
    });
    let mut means = vec![0.0_f64; d];
    for row in amplitudes.chunks_exact(d) {
        means.iter_mut().zip(row).for_each(|(sum, &c)| *sum += f64::from(c));
    }
    let n = (amplitudes.len() / d) as f64;
    for row in amplitudes.chunks_exact_mut(d) {
        row.iter_mut().zip(&means).for_each(|(c, sum)| *c -= (sum / n) as f32);
    }
    Ok(amplitudes)
}

/// S of every ring and xi, with intervals over samples about the mean of all.
fn spectrum_rows(
    rings: &Rings,
    amplitudes: &[f32],
    bootstrap: &Bootstrap,
    (t, name): (Timestep, &str),
) -> Vec<ObservableRow> {
    let of_sample = |row: &[f32]| {
        let power: Vec<f64> = row.iter().map(|&c| f64::from(c) * f64::from(c)).collect();
        (rings.means(&power), rings.moments(&power))
    };
    let samples: Vec<(Vec<f64>, (f64, f64))> = amplitudes.par_chunks(rings.squares.len()).map(of_sample).collect();
    let n = samples.len();
    let row = |quantity, interval| ObservableRow::estimate(t, name, quantity, interval, n);
    let of_ring = |(r, (number, _)): (usize, &(usize, _))| {
        let powers: Vec<f64> = samples.iter().map(|(powers, _)| powers[r]).collect();
        row("mode_power", bootstrap.mean(&powers)).at(*number as f64)
    };
    let mut rows: Vec<ObservableRow> = rings.rings.par_iter().enumerate().map(of_ring).collect();
    let (sums, weighted): (Vec<f64>, Vec<f64>) = samples.iter().map(|(_, moments)| *moments).unzip();
    let Interval { value, low, high } = bootstrap.ratio(&sums, &weighted);
    let length = Interval { value: value.sqrt(), low: low.sqrt(), high: high.sqrt() };
    rows.push(row("correlation_length", length));
    rows
}

/// Slopes and multipliers of every ring, and where the multipliers are 1/2.
fn stability(
    lab: &Lab<'_>,
    rings: &Rings,
    subject: Subject<'_>,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Vec<ObservableRow>, AnalysisError> {
    let (times, z0) = (lab.with_early(lab.grid()), few_starts(lab, STATES));
    let waves: Vec<f64> = rings.waves.iter().map(|&c| f64::from(c)).collect();
    let sets: Vec<_> = rings.rings.iter().map(|(_, range)| range.clone()).collect();
    let at = |&t: &Timestep| {
        let local = subject.at(t, lab.schedule.forward(t).noise)?;
        let slopes = local.mean_slopes(&noised(lab, &z0, t), &waves, &sets);
        advance(1);
        Ok(slopes)
    };
    // `[times][rings][n]`.
    let slopes: Vec<Vec<Vec<f64>>> = times.par_iter().map(at).collect::<Result<_, AnalysisError>>()?;
    let n = z0.len() / lab.dim();
    let (bootstrap, steps) = (lab.bootstrap(n), numbers(&times));
    let noise_variance = |t: Timestep| 1.0 - lab.schedule.alpha_bar(t);
    let of_ring = |(r, (number, _)): (usize, &(usize, _))| {
        let mut rows = Vec::new();
        let mut multipliers = Vec::new();
        for (&t, slopes) in times.iter().zip(&slopes) {
            let row =
                |quantity, interval| ObservableRow::estimate(t, subject.name, quantity, interval, n).at(*number as f64);
            let along: Vec<f64> = slopes[r].iter().map(|slope| 1.0 + noise_variance(t) * slope).collect();
            rows.push(row("mode_slope", bootstrap.mean(&slopes[r])));
            rows.push(row("mode_multiplier", bootstrap.mean(&along)));
            multipliers.push(along);
        }
        rows.extend(bootstrap.crossing(&steps, &multipliers, HALF).map(|time| {
            let row = ObservableRow::timeless(subject.name, "softening_time", time.value);
            row.with_interval(time, n).at(*number as f64)
        }));
        rows
    };
    let found: Vec<Vec<ObservableRow>> = rings.rings.par_iter().enumerate().map(of_ring).collect();
    Ok(found.into_iter().flatten().collect())
}
