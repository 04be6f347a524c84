//! Multinomial logistic regression on noised states: convex, by damped Newton steps, the ridge chosen on held-out rows.

use data::linalg::{View, multiply};
use schedule::{Purpose, Stream};

/// Strengths of the ridge that are tried, falling.
const RIDGES: [f64; 6] = [1e4, 1e3, 1e2, 10.0, 1.0, 0.1];
/// Newton steps of a fit, at most.
const STEPS: usize = 50;
/// Fits stop where a step promises less than this, in nats a row.
const PRECISION: f64 = 1e-7;
/// Steps are halved down to this share.
const SHORTEST: f64 = 1e-4;

/// p(c | z) = softmax_c(w_c . x(z)), w_0 = 0, x the monomials of z up to the second order, standardised on the rows it was
/// fitted to.
///
/// The weights minimise -sum_i sum_c n_ic ln p(c | z_i) + (ridge/2) |w|^2, n_ic the times that class c was seen to follow
/// from z_i, the constant left free of the ridge (McCullagh and Nelder 1989; Le Cessie and van Houwelingen 1992).
pub(super) struct Probe {
    axes: usize,
    classes: usize,
    /// Means and inverse standard deviations of the monomials, the constant's left as it is.
    scaling: Vec<(f64, f64)>,
    /// w_1, ..., w_{K-1}: `[K - 1, p]`.
    weights: Vec<f64>,
}

impl Probe {
    /// The probe of some rows.  z: `[n, axes]`, counts: `[n, K]`.
    ///
    /// The ridge is the one of [`RIDGES`] whose fits to either half of the rows say most of the other half; it is sought
    /// from the strongest one on, until a weaker one is worse.
    pub(super) fn fit(z: &[f32], counts: &[f64], [axes, classes]: [usize; 2], seed: u64) -> Self {
        let mut features = monomials(z, axes);
        let scaling = scaling(&features, width(axes));
        standardise(&mut features, &scaling);
        let rows = Rows { features, counts: counts.to_vec(), p: width(axes), k: classes };
        let order = Stream::new(seed, Purpose::Choice, 17, rows.len() as u64).permutation(rows.len());
        let half = |parity: usize| rows.select(order.iter().skip(parity).step_by(2).map(|&i| i as usize));
        let halves = [half(0), half(1)];
        let nothing = vec![0.0; (classes - 1) * rows.p];
        let mut fits = [nothing.clone(), nothing.clone()];
        let (mut least, mut ridge, mut start) = (f64::INFINITY, RIDGES[0], nothing);
        for candidate in RIDGES {
            for (half, fit) in halves.iter().zip(&mut fits) {
                *fit = half.newton(candidate, std::mem::take(fit));
            }
            let held_out = halves[1].loss(&fits[0]).0 + halves[0].loss(&fits[1]).0;
            if held_out >= least {
                break;
            }
            (least, ridge, start) = (held_out, candidate, fits[0].clone());
        }
        let weights = rows.newton(ridge, start);
        Self { axes, classes, scaling, weights }
    }

    /// p(c | z).  z: `[n, axes]` -> `[n, K]`.
    pub(super) fn probabilities(&self, z: &[f32]) -> Vec<f64> {
        let mut features = monomials(z, self.axes);
        standardise(&mut features, &self.scaling);
        let n = z.len() / self.axes;
        let rows = Rows { features, counts: vec![0.0; n * self.classes], p: self.scaling.len(), k: self.classes };
        rows.loss(&self.weights).1
    }
}

/// The number of monomials of `axes` variables up to the second order.
fn width(axes: usize) -> usize {
    1 + axes + axes * (axes + 1) / 2
}

/// 1, z_i and z_i z_j of every row.  z: `[n, axes]` -> `[n, width]`.
fn monomials(z: &[f32], axes: usize) -> Vec<f64> {
    let mut features = Vec::with_capacity(z.len() / axes * width(axes));
    for row in z.chunks_exact(axes) {
        features.push(1.0);
        features.extend(row.iter().map(|&z| f64::from(z)));
        for (i, &a) in row.iter().enumerate() {
            features.extend(row[i..].iter().map(|&b| f64::from(a) * f64::from(b)));
        }
    }
    features
}

fn scaling(features: &[f64], p: usize) -> Vec<(f64, f64)> {
    let n = (features.len() / p) as f64;
    let of = |j: usize| {
        let column = || features.iter().skip(j).step_by(p);
        let mean = column().sum::<f64>() / n;
        let variance = column().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        if variance > 0.0 { (mean, variance.sqrt().recip()) } else { (0.0, 1.0) }
    };
    (0..p).map(of).collect()
}

fn standardise(features: &mut [f64], scaling: &[(f64, f64)]) {
    for row in features.chunks_exact_mut(scaling.len()) {
        row.iter_mut().zip(scaling).for_each(|(x, (mean, inverse))| *x = (*x - mean) * inverse);
    }
}

/// What is fitted.
struct Rows {
    /// `[n, p]`, the first one constant.
    features: Vec<f64>,
    /// `[n, K]`.
    counts: Vec<f64>,
    p: usize,
    k: usize,
}

impl Rows {
    fn len(&self) -> usize {
        self.features.len() / self.p
    }

    fn select(&self, indices: impl Iterator<Item = usize> + Clone) -> Self {
        let gather = |values: &[f64], width: usize| {
            indices.clone().flat_map(|i| &values[i * width..(i + 1) * width]).copied().collect()
        };
        Self { features: gather(&self.features, self.p), counts: gather(&self.counts, self.k), ..*self }
    }

    /// -sum_i sum_c n_ic ln p(c | z_i), and p: `[n, K]`.
    fn loss(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        let (n, p, others) = (self.len(), self.p, self.k - 1);
        let mut logits = vec![0.0; n * others];
        multiply(&mut logits, View::new(&self.features, n, p), View::new(weights, others, p).transposed(), 0.0);
        let (mut sum, mut probabilities) = (0.0, vec![0.0; n * self.k]);
        let rows = logits.chunks_exact(others).zip(self.counts.chunks_exact(self.k));
        for (out, (logits, counts)) in probabilities.chunks_exact_mut(self.k).zip(rows) {
            out[1..].copy_from_slice(logits);
            let most = out.iter().copied().fold(0.0, f64::max);
            let log_sum = most + out.iter().map(|logit| (logit - most).exp()).sum::<f64>().ln();
            for (p, count) in out.iter_mut().zip(counts) {
                let log = *p - log_sum;
                sum -= count * log;
                *p = log.exp();
            }
        }
        (sum, probabilities)
    }

    fn penalty(&self, weights: &[f64], ridge: f64) -> f64 {
        let square = |row: &[f64]| row[1..].iter().map(|w| w * w).sum::<f64>();
        0.5 * ridge * weights.chunks_exact(self.p).map(square).sum::<f64>()
    }

    /// The weights of least loss and penalty, sought from `weights`.
    fn newton(&self, ridge: f64, mut weights: Vec<f64>) -> Vec<f64> {
        let (loss, mut probabilities) = self.loss(&weights);
        let mut objective = loss + self.penalty(&weights, ridge);
        let total: f64 = self.counts.iter().sum();
        for _ in 0..STEPS {
            let gradient = self.gradient(&weights, &probabilities, ridge);
            let Some(step) = solve(self.hessian(&probabilities, ridge), &gradient) else { break };
            let decrement: f64 = gradient.iter().zip(&step).map(|(g, s)| g * s).sum();
            let mut share = 1.0;
            // A step of a share s gains about s decrement; it is halved until it gains a fair part of that.
            let next = loop {
                let moved: Vec<f64> = weights.iter().zip(&step).map(|(w, s)| w - share * s).collect();
                let (loss, probabilities) = self.loss(&moved);
                let value = loss + self.penalty(&moved, ridge);
                if value <= objective - 1e-4 * share * decrement {
                    break Some((moved, value, probabilities));
                }
                share *= 0.5;
                if share < SHORTEST {
                    break None;
                }
            };
            let Some(found) = next else { break };
            (weights, objective, probabilities) = found;
            if decrement < 2.0 * PRECISION * total {
                break;
            }
        }
        weights
    }

    /// `[K - 1, p]`.
    fn gradient(&self, weights: &[f64], probabilities: &[f64], ridge: f64) -> Vec<f64> {
        let (n, p, others) = (self.len(), self.p, self.k - 1);
        let rows = probabilities.chunks_exact(self.k).zip(self.counts.chunks_exact(self.k));
        let errors: Vec<f64> = rows
            .flat_map(|(p, counts)| {
                let seen: f64 = counts.iter().sum();
                p[1..].iter().zip(&counts[1..]).map(move |(p, count)| seen * p - count)
            })
            .collect();
        let mut gradient: Vec<f64> = weights.iter().map(|w| ridge * w).collect();
        gradient.iter_mut().step_by(p).for_each(|constant| *constant = 0.0);
        multiply(&mut gradient, View::new(&errors, n, others).transposed(), View::new(&self.features, n, p), 1.0);
        gradient
    }

    /// `[(K - 1) p, (K - 1) p]`: the block of classes a, b is sum_i n_i p_a (delta_ab - p_b) x_i x_i^T.
    fn hessian(&self, probabilities: &[f64], ridge: f64) -> Vec<f64> {
        let (n, p, others) = (self.len(), self.p, self.k - 1);
        let side = others * p;
        let (mut hessian, mut block, mut scaled) = (vec![0.0; side * side], vec![0.0; p * p], self.features.clone());
        for a in 0..others {
            for b in 0..=a {
                let rows = probabilities.chunks_exact(self.k).zip(self.counts.chunks_exact(self.k));
                let inputs = scaled.chunks_exact_mut(p).zip(self.features.chunks_exact(p)).zip(rows);
                for ((out, x), (p, counts)) in inputs {
                    let same = if a == b { 1.0 } else { 0.0 };
                    let weight = counts.iter().sum::<f64>() * p[a + 1] * (same - p[b + 1]);
                    out.iter_mut().zip(x).for_each(|(out, x)| *out = weight * x);
                }
                multiply(&mut block, View::new(&self.features, n, p).transposed(), View::new(&scaled, n, p), 0.0);
                for i in 0..p {
                    for j in 0..p {
                        // Blocks are symmetric, and so is the whole.
                        hessian[(a * p + i) * side + b * p + j] = block[i * p + j];
                        hessian[(b * p + i) * side + a * p + j] = block[i * p + j];
                    }
                }
            }
        }
        (0..side).filter(|i| i % p != 0).for_each(|i| hessian[i * side + i] += ridge);
        hessian
    }
}

/// x of M x = b for a symmetric, positive definite M `[n, n]`, by Cholesky's factors; `None` where M is not so.
fn solve(mut matrix: Vec<f64>, b: &[f64]) -> Option<Vec<f64>> {
    let n = b.len();
    let mut x = b.to_vec();
    for i in 0..n {
        let (above, rest) = matrix.split_at_mut(i * n);
        let row = &mut rest[..n];
        for j in 0..i {
            let of_j = &above[j * n..];
            let sum: f64 = row[..j].iter().zip(&of_j[..j]).map(|(a, b)| a * b).sum();
            row[j] = (row[j] - sum) / of_j[j];
        }
        let pivot = row[i] - row[..i].iter().map(|a| a * a).sum::<f64>();
        if !(pivot > 0.0 && pivot.is_finite()) {
            return None;
        }
        row[i] = pivot.sqrt();
        let sum: f64 = row[..i].iter().zip(&x).map(|(a, x)| a * x).sum();
        x[i] = (x[i] - sum) / row[i];
    }
    for i in (0..n).rev() {
        x[i] /= matrix[i * n + i];
        for j in 0..i {
            x[j] -= matrix[i * n + j] * x[i];
        }
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normals(count: usize, index: u64) -> Vec<f32> {
        let mut values = vec![0.0; count];
        Stream::new(3, Purpose::Choice, 1, index).fill_normal(&mut values);
        values
    }

    /// Classes of rows as counts, three classes drawn from p(c | z) of known logits 0, 2 z_0, z_0 z_1 - 1.
    fn drawn(z: &[f32], index: u64) -> Vec<f64> {
        let mut stream = Stream::new(3, Purpose::Choice, 2, index);
        let draw = |row: &[f32]| {
            let weights = logits(row).map(f64::exp);
            let mut left = stream.uniform() * weights.iter().sum::<f64>();
            let mut taken = false;
            weights.map(|weight| {
                left -= weight;
                let is = !taken && left <= 0.0;
                taken |= is;
                f64::from(u8::from(is))
            })
        };
        z.chunks_exact(2).flat_map(draw).collect()
    }

    fn logits(row: &[f32]) -> [f64; 3] {
        let (a, b) = (f64::from(row[0]), f64::from(row[1]));
        [0.0, 2.0 * a, a * b - 1.0]
    }

    #[test]
    fn cholesky_solves_what_it_can() {
        let matrix = vec![4.0, 2.0, 0.4, 2.0, 3.0, 0.5, 0.4, 0.5, 2.0];
        let x = solve(matrix.clone(), &[1.0, -2.0, 0.5]).unwrap();
        for (row, b) in matrix.chunks_exact(3).zip([1.0, -2.0, 0.5]) {
            assert!((row.iter().zip(&x).map(|(m, x)| m * x).sum::<f64>() - b).abs() < 1e-12, "{x:?}");
        }
        assert_eq!(solve(vec![1.0, 2.0, 2.0, 1.0], &[1.0, 1.0]), None);
    }

    #[test]
    fn gradient_and_hessian_are_the_slopes_of_the_objective() {
        let z = normals(40, 0);
        let mut features = monomials(&z, 2);
        standardise(&mut features, &scaling(&monomials(&z, 2), 6));
        let rows = Rows { features, counts: drawn(&z, 0), p: 6, k: 3 };
        let weights: Vec<f64> = (0..12).map(|i| (1.3 * f64::from(i)).sin()).collect();
        let (ridge, step) = (0.7, 1e-5);
        let objective = |weights: &[f64]| rows.loss(weights).0 + rows.penalty(weights, ridge);
        let gradient = |weights: &[f64]| rows.gradient(weights, &rows.loss(weights).1, ridge);
        let hessian = rows.hessian(&rows.loss(&weights).1, ridge);
        for i in 0..12 {
            let moved = |sign: f64| {
                let mut weights = weights.clone();
                weights[i] += sign * step;
                weights
            };
            let slope = (objective(&moved(1.0)) - objective(&moved(-1.0))) / (2.0 * step);
            assert!((slope - gradient(&weights)[i]).abs() < 1e-6, "{i}: {slope}");
            let (up, down) = (gradient(&moved(1.0)), gradient(&moved(-1.0)));
            for j in 0..12 {
                let slope = (up[j] - down[j]) / (2.0 * step);
                assert!((slope - hessian[i * 12 + j]).abs() < 1e-6, "{i} {j}: {slope} {}", hessian[i * 12 + j]);
            }
        }
        let best = rows.newton(ridge, vec![0.0; 12]);
        assert!(gradient(&best).iter().all(|g| g.abs() < 1e-3), "{:?}", gradient(&best));
    }

    #[test]
    fn three_classes_of_known_odds_are_learned() {
        let z = normals(2 * 4000, 1);
        let probe = Probe::fit(&z, &drawn(&z, 1), [2, 3], 0);
        let fresh = normals(2 * 500, 2);
        let found = probe.probabilities(&fresh);
        let mut distance = 0.0;
        for (row, p) in fresh.chunks_exact(2).zip(found.chunks_exact(3)) {
            assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let weights = logits(row).map(f64::exp);
            let sum: f64 = weights.iter().sum();
            distance += weights.iter().zip(p).map(|(w, p)| (w / sum - p).abs()).sum::<f64>() / 500.0;
        }
        assert!(distance < 0.05, "{distance}");
    }

    #[test]
    fn without_a_signal_the_strongest_ridge_is_kept() {
        let z = normals(8 * 300, 3);
        let coin: Vec<f64> = (0..300).flat_map(|i| if i * 7 % 11 < 5 { [1.0, 0.0] } else { [0.0, 1.0] }).collect();
        let found = Probe::fit(&z, &coin, [8, 2], 0).probabilities(&normals(8 * 50, 4));
        let share = coin.iter().skip(1).step_by(2).sum::<f64>() / 300.0;
        assert!(found.chunks_exact(2).all(|p| (p[1] - share).abs() < 0.05), "{share} {found:?}");
    }
}
