//! L_0: how well the last step finds the sample itself.

use data::Shape;
use rayon::prelude::*;
use schedule::ReverseVariance;

use crate::lab::Lab;
use crate::lab::probes::Answers;

/// Half the distance of two of 256 grey levels on `[-1, 1]`.
const HALF_BIN: f64 = 1.0 / 255.0;

/// -log p(x_0 | x_1) / d of each row in nats, for the answers at t = 1.  z0: `[n, d]` -> `[n]`.
///
/// p(x_0 | x_1) is the Gaussian around the mean of the last step with sigma^2 = beta_1, or betatilde_2 for the posterior
/// and the optimal variance, which are 0 at t = 1; images have it integrated over the bin of each grey level, the outer bins open (Ho et
/// al. 2020, eq. 13).
pub(super) fn nats(lab: &Lab<'_>, answers: &Answers, z0: &[f32], variance: ReverseVariance) -> Vec<f64> {
    let d = lab.dim();
    let mut times = lab.schedule.timesteps();
    let (first, second) = (times.next(), times.next());
    let Some(t) = first else { return Vec::new() };
    let sigma2 = match (variance, second) {
        (ReverseVariance::Beta, _) | (_, None) => lab.schedule.beta(t),
        (_, Some(second)) => lab.schedule.variance(second, variance),
    };
    let sigma = sigma2.sqrt();
    let step = lab.schedule.reverse(t, 1, variance);
    let (scale, factor) = (step.scale as f32, step.eps_factor as f32);
    let means: Vec<f32> = answers.zt.iter().zip(&answers.eps_hat).map(|(z, e)| scale * (z - factor * e)).collect();
    let image = matches!(lab.data.shape, Shape::Image { .. });
    let (x0, means) = if image { (pixels(lab, z0), pixels(lab, &means)) } else { (z0.to_vec(), means) };
    let rows = x0.par_chunks(d).zip(means.par_chunks(d));
    rows.map(|(x0, means)| {
        let pairs = x0.iter().zip(means).map(|(&x, &mean)| (f64::from(x), f64::from(mean)));
        let terms = pairs.map(|(x, mean)| if image { grey_level(x, mean, sigma) } else { density(x, mean, sigma) });
        terms.sum::<f64>() / d as f64
    })
    .collect()
}

/// The images in `[-1, 1]` of states at t = 0.
fn pixels(lab: &Lab<'_>, z0: &[f32]) -> Vec<f32> {
    let mut x0 = lab.data.frame.lift(z0, 1.0);
    x0.iter_mut().for_each(|x| *x += lab.data.shift);
    x0
}

/// -ln of the Gaussian's weight on the bin of x.
fn grey_level(x: f64, mean: f64, sigma: f64) -> f64 {
    let low = if x < -1.0 + HALF_BIN { f64::NEG_INFINITY } else { (x - HALF_BIN - mean) / sigma };
    let high = if x > 1.0 - HALF_BIN { f64::INFINITY } else { (x + HALF_BIN - mean) / sigma };
    -ln_weight(low, high)
}

fn density(x: f64, mean: f64, sigma: f64) -> f64 {
    let u = (x - mean) / sigma;
    0.5 * (u * u + std::f64::consts::TAU.ln()) + sigma.ln()
}

/// ln(Phi(high) - Phi(low)) for low < high, Phi the normal distribution.
fn ln_weight(low: f64, high: f64) -> f64 {
    if low > 0.0 {
        return ln_weight(-high, -low);
    }
    // In the lower tail, where the logarithms keep their digits.
    let (below, above) = (ln_normal(low), ln_normal(high));
    if below == f64::NEG_INFINITY { above } else { above + (-(below - above).exp()).ln_1p() }
}

/// ln Phi(u): Marsaglia's series near the middle, Laplace's continued fraction in the lower tail.
fn ln_normal(u: f64) -> f64 {
    if u.is_infinite() {
        return if u > 0.0 { 0.0 } else { f64::NEG_INFINITY };
    }
    let ln_density = -0.5 * (u * u + std::f64::consts::TAU.ln());
    if u < -3.0 {
        let fraction = (1..=60).rev().fold(-u, |rest, k| -u + f64::from(k) / rest);
        return ln_density - fraction.ln();
    }
    if u > 3.0 {
        return (-ln_normal(-u).exp()).ln_1p();
    }
    let (mut term, mut sum, mut odd) = (u, u, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        odd += 2.0;
        term *= u * u / odd;
        sum += term;
    }
    (0.5 + ln_density.exp() * sum).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_at_known_points() {
        let table = [
            (0.0, 0.5_f64.ln()),
            (1.0, -0.172_753_779_023_449_9),
            (-1.0, -1.841_021_645_009_264),
            (-3.0, -6.607_726_221_510_349),
            (-5.0, -15.064_998_393_988_727),
            (-10.0, -53.231_285_150_512_47),
        ];
        for (u, expected) in table {
            assert!((ln_normal(u) - expected).abs() < 1e-11 * expected.abs(), "{u}: {}", ln_normal(u));
        }
        // Both sides of the change of method.
        assert!((ln_normal(-3.0 + 1e-9) - ln_normal(-3.0 - 1e-9)).abs() < 1e-8);
    }

    #[test]
    fn the_bins_of_a_pixel_hold_all_the_weight() {
        for (mean, sigma) in [(-1.0, 0.03), (0.2, 0.01), (0.99, 0.1), (-1.4, 0.05)] {
            let levels = (0..256).map(|level| f64::from(level) / 127.5 - 1.0);
            let total: f64 = levels.map(|x| (-grey_level(x, mean, sigma)).exp()).sum();
            assert!((total - 1.0).abs() < 1e-10, "{mean} {sigma}: {total}");
        }
    }

    #[test]
    fn bins_in_the_tail_keep_their_digits() {
        // Phi(high) - Phi(low) = density at the middle times the width, for narrow bins.
        for middle in [-30.0, -6.0, 0.0, 2.0, 30.0] {
            let width = 1e-4;
            let expected = f64::ln(width) - 0.5 * (middle * middle + std::f64::consts::TAU.ln());
            let found = ln_weight(middle - 0.5 * width, middle + 0.5 * width);
            assert!((found - expected).abs() < 1e-5, "{middle}: {found} {expected}");
        }
    }
}
