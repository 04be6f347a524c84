//! The arithmetic of everything measured: additions and multiplications of matrix products, and nothing else.
//!
//! Noise, Adam, activations and sums over columns are not counted, so a share of the peak is a share of the time in
//! which nothing but products at full speed would be done.

/// [m, k] [k, n]: 2 m k n.
pub(crate) fn product(m: usize, k: usize, n: usize) -> f64 {
    2.0 * m as f64 * k as f64 * n as f64
}

/// eps_hat of n samples, x W1 and relu(.) W2: 2 * 2 n d H.
pub(crate) fn forward(n: usize, d: usize, hidden: usize) -> f64 {
    2.0 * product(n, d, hidden)
}

/// One Adam step: forward 2 products, backward 3 (hidden^T e, e W2^T, x^T hidden_e), of 2 batch d H each.
///
/// 39.2 MFLOP for batch = 50, d = 784, H = 100.
pub(crate) fn step(batch: usize, d: usize, hidden: usize) -> f64 {
    5.0 * product(batch, d, hidden)
}

/// A machine-epoch: floor(n / batch) steps, then the loss on the n training and m test samples.
///
/// 14.4 GFLOP for n = 12,500, m = 2,100, batch = 50, d = 784, H = 100.
pub(crate) fn epoch(n: usize, m: usize, batch: usize, d: usize, hidden: usize) -> f64 {
    (n / batch) as f64 * step(batch, d, hidden) + forward(n + m, d, hidden)
}

/// The reverse chain: eps_hat of n samples at each of its steps.
pub(crate) fn chain(steps: usize, n: usize, d: usize, hidden: usize) -> f64 {
    steps as f64 * forward(n, d, hidden)
}
