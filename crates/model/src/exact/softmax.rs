//! Sums of exponentials without overflow.

/// Turns logarithms of weights into the normalised weights, in place, and returns ln sum exp.
///
/// w_i = exp(l_i - max) / sum_j exp(l_j - max).
pub(crate) fn softmax(logs: &mut [f64]) -> f64 {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for value in logs.iter_mut() {
        *value = (*value - largest).exp();
        sum += *value;
    }
    logs.iter_mut().for_each(|value| *value /= sum);
    largest + sum.ln()
}

/// ln(1 + e^y).
pub(crate) fn softplus(y: f64) -> f64 {
    y.max(0.0) + (-y.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_apart_and_far_from_zero() {
        let mut logs = [-1e6, -1e6 + 3.0_f64.ln(), -2e6];
        let total = softmax(&mut logs);
        assert!((total - (-1e6 + 4.0_f64.ln())).abs() < 1e-9, "{total}");
        assert!((logs[0] - 0.25).abs() < 1e-9 && logs[2] == 0.0, "{logs:?}");
        assert_eq!((softplus(800.0), softplus(-800.0)), (800.0, 0.0));
        assert!((softplus(0.0) - 2.0_f64.ln()).abs() < 1e-16);
    }
}
