#!/usr/bin/env python3
"""Print the numbers that the tests of the exact denoisers compare with (crates/model/src/exact, crates/model/tests/exact).

Every posterior is computed the plain way: inverses of full matrices, sums over all states, Gauss-Hermite quadrature.
The spiral, a mean over random draws, takes a minute or two.
Needs numpy.

    python3 scripts/make_reference/exact_denoisers.py
"""

import itertools
import math

import numpy as np

np.set_printoptions(precision=10, suppress=True)
T1000 = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))


def gaussian():
    """Variance 4 at T = 1000: MSE, KL(p_t || N(0, 1)) and div s."""
    for t in [300, 500, 700]:
        a = T1000[t - 1]
        g = 4 * a + 1 - a
        print(f"gaussian lam=4 t={t}: mse {4 * a / g:.9f} kl {(g - 1 - math.log(g)) / 2:.9f} div {-1 / g:.9f}")


def class_snr():
    """q, I, Var h(p), Var(-ln p) of the equal mixture, by Gauss-Hermite quadrature of 200 nodes."""
    z, w = np.polynomial.hermite_e.hermegauss(200)
    w = w / w.sum()
    for kappa in [0.1, 0.25, 0.5, 1, 2, 3, 4, 8]:
        y = kappa + math.sqrt(kappa) * z
        q = w @ np.tanh(y)
        surprisal = np.logaddexp(0, -2 * y)
        p = np.exp(-surprisal)
        entropy = p * surprisal + (1 - p) * np.logaddexp(0, 2 * y)
        variance = lambda f: w @ (f - w @ f) ** 2
        information = math.log(2) - w @ surprisal
        print(
            f"kappa {kappa}: q {q:.10f} phi {(1 + q) / 2:.10f} I {information:.10f} "
            f"Var h {variance(entropy):.6f} Var(-ln p) {variance(surprisal):.6f}"
        )


def curie_weiss_by_states(spins, b, a, x):
    """E[a | x], ln p(x), p(sum a > 0 | x) and the trace of the posterior covariance, summing over all 2^N states."""
    states = np.array(list(itertools.product([-1.0, 1.0], repeat=spins)))
    total = states.sum(1)
    log_prior = b * total**2 / (2 * spins)
    log_prior -= np.logaddexp.reduce(log_prior)
    d = 1 - a
    square = ((x - math.sqrt(a) * states) ** 2).sum(1)
    log_joint = log_prior - square / (2 * d) - spins / 2 * math.log(2 * math.pi * d)
    log_density = np.logaddexp.reduce(log_joint)
    p = np.exp(log_joint - log_density)
    mean = p @ states
    positive = p[total > 0].sum() + 0.5 * p[total == 0].sum()
    print(f"curie-weiss N={spins} b={b}: mean {mean} ln p {log_density:.10f} positive {positive:.10f}", end=" ")
    print(f"trace {spins - mean @ mean:.10f}")


def curie_weiss_moments(spins, b):
    k = np.arange(spins + 1)
    total = 2 * k - spins
    log = np.array([math.lgamma(spins + 1) - math.lgamma(i + 1) - math.lgamma(spins - i + 1) for i in k])
    log = log + b * total**2 / (2 * spins)
    p = np.exp(log - np.logaddexp.reduce(log))
    square = p @ (total / spins) ** 2
    c = (spins * square - 1) / (spins - 1)
    m = 1.0
    for _ in range(10_000):
        m = math.tanh(b * m)
    print(f"curie-weiss N={spins} b={b}: m* {m:.6f} <m^2> {square:.8f} c {c:.8f} Lambda {1 + (spins - 1) * c:.6f}")


def mixture():
    """Two Gaussians in three dimensions, the second flat, at three noise levels."""
    weights = [0.3, 0.7]
    means = np.array([[1.0, -0.5, 0.25], [-0.75, 0.5, 0.0]])
    covariances = np.array(
        [
            [[0.5, 0.2, 0.0], [0.2, 0.4, -0.1], [0.0, -0.1, 0.3]],
            [[0.25, 0.25, 0.0], [0.25, 0.25, 0.0], [0.0, 0.0, 0.125]],
        ]
    )
    x, u = np.array([0.5, -0.25, 0.125]), np.array([1.0, 2.0, -1.0])
    for t in [1, 500, 1000]:
        a = T1000[t - 1]
        d = 1 - a
        joint, conditional, covariance = [], [], []
        for w, m, s in zip(weights, means, covariances):
            total = a * s + d * np.eye(3)
            r = x - math.sqrt(a) * m
            inverse = np.linalg.inv(total)
            joint.append(math.log(w) - 0.5 * (r @ inverse @ r + np.linalg.slogdet(2 * math.pi * total)[1]))
            conditional.append(m + math.sqrt(a) * s @ inverse @ r)
            covariance.append(s - a * s @ inverse @ s)
        log_density = np.logaddexp.reduce(joint)
        p = np.exp(joint - log_density)
        mean = p @ np.array(conditional)
        eps_hat = (x - math.sqrt(a) * mean) / math.sqrt(d)
        second = sum(p_c * (c + np.outer(m, m)) for p_c, c, m in zip(p, covariance, conditional))
        posterior = second - np.outer(mean, mean)
        print(f"mixture t={t}: eps_hat {eps_hat} ln p {log_density:.10f} p {p} mean {mean}")
        print(f"  u Cov u {u @ posterior @ u:.10f} trace {np.trace(posterior):.10f} Cov u {posterior @ u}")


def empirical():
    """Five points of the plane with three classes."""
    points = np.array([[0.5, 1.0], [-1.0, 0.25], [0.75, -0.5], [0.0, 0.0], [-0.5, -1.5]])
    labels = np.array([3, 1, 3, 7, 1])
    x, u = np.array([0.25, -0.125]), np.array([2.0, 1.0])
    for t in [100, 500, 1000]:
        a = T1000[t - 1]
        d = 1 - a
        log = -((x - math.sqrt(a) * points) ** 2).sum(1) / (2 * d)
        w = np.exp(log - np.logaddexp.reduce(log))
        mean = w @ points
        centred = points - mean
        posterior = (w[:, None] * centred).T @ centred
        classes = [w[labels == c].sum() for c in [1, 3, 7]]
        log_density = np.logaddexp.reduce(log) - math.log(5) - math.log(2 * math.pi * d)
        print(f"empirical t={t}: eps_hat {(x - math.sqrt(a) * mean) / math.sqrt(d)} ln p {log_density:.10f}")
        print(f"  entropy {-(w @ np.log(w)):.10f} Y2 {w @ w:.10f} map {w.argmax()} classes {np.array(classes)}")
        print(f"  u Cov u {u @ posterior @ u:.10f} trace {np.trace(posterior):.10f}")


def spiral(draws=30_000, grid=20_000, block=500):
    """The Swiss roll's curve: MSE of E[eps | x], P(same half), P(same third), rms theta between clones."""
    curve = lambda theta: np.stack([(5 + theta) * np.cos(theta), (5 + theta) * np.sin(theta)], -1) / 12
    theta = np.linspace(0, 3 * np.pi, grid)
    points = curve(theta)
    norm2 = (points**2).sum(1)
    rng = np.random.default_rng(1)
    for t in [1, 5, 50, 100, 150, 200, 500]:
        a = T1000[t - 1]
        d = 1 - a
        rows = []
        for _ in range(draws // block):
            x = math.sqrt(a) * curve(rng.uniform(0, 3 * np.pi, block)) + math.sqrt(d) * rng.standard_normal((block, 2))
            log = (math.sqrt(a) * x @ points.T - 0.5 * a * norm2) / d
            w = np.exp(log - log.max(1, keepdims=True))
            w /= w.sum(1, keepdims=True)
            trace = w @ norm2 - ((w @ points) ** 2).sum(1)
            same = [sum(part.sum(1) ** 2 for part in np.array_split(w, arcs, axis=1)) for arcs in [2, 3]]
            rows.append(np.stack([a / d * trace / 2, *same, 2 * (w @ theta**2 - (w @ theta) ** 2)]))
        rows = np.concatenate(rows, 1)
        (mse, half, third, square), error = rows.mean(1), rows.std(1) / math.sqrt(rows.shape[1])
        print(f"spiral t={t}: mse {mse:.4f} half {half:.4f} third {third:.4f} rms theta {math.sqrt(square):.4f}", end=" ")
        print(f"standard errors {error[:3]}", flush=True)


def rare_cloud(weight=0.2, means=(-2.0, 8.0), std=0.3, chains=1_000_000):
    """The share of chains, T = 100, that end in the rarer of two clouds, with the exact denoiser of both."""
    alpha_bar = np.concatenate([[1.0], np.cumprod(1 - np.linspace(1e-3, 0.2, 100))])
    rng = np.random.default_rng(2)

    def eps_hat(x, a):
        g, signal = a * std**2 + 1 - a, math.sqrt(a)
        log = [np.log(w) - (x - signal * m) ** 2 / (2 * g) for w, m in zip((1 - weight, weight), means)]
        rare = 1 / (1 + np.exp(log[0] - log[1]))
        return math.sqrt(1 - a) / g * (x - signal * (means[0] + (means[1] - means[0]) * rare))

    for choice in ["posterior", "beta", "optimal"]:
        x = rng.standard_normal(chains)
        for t in range(100, 0, -1):
            a, before = alpha_bar[t], alpha_bar[t - 1]
            beta = 1 - a / before
            answer = eps_hat(x, a)
            mean = (x - beta / math.sqrt(1 - a) * answer) / math.sqrt(1 - beta)
            if t == 1:
                x = mean
                continue
            sigma = math.sqrt(beta if choice == "beta" else beta * (1 - before) / (1 - a))
            noise = rng.standard_normal(chains)
            if choice == "optimal":
                slope = (eps_hat(x + sigma * noise / 8, a) - answer) / (sigma * noise / 8)
                excess = beta / ((1 - beta) * (1 - before))
                noise = noise * np.sqrt(1 + excess * np.maximum(1 - math.sqrt(1 - a) * slope, 0))
            x = mean + sigma * noise
        share = np.mean(x > np.mean(means))
        print(f"rare cloud of {weight}, {choice}: {share:.5f} +- {math.sqrt(share * (1 - share) / chains):.5f}")


def main():
    gaussian()
    class_snr()
    curie_weiss_by_states(3, 1.5, 0.5, np.array([0.3, -0.2, 0.9]))
    curie_weiss_by_states(8, 1.2, 0.5, np.array([0.5, -0.25, 1.0, -1.5, 0.125, 0.0, -0.75, 0.375]))
    curie_weiss_moments(100, 1.5)
    curie_weiss_moments(100, 0.8)
    mixture()
    empirical()
    rare_cloud()
    spiral()


if __name__ == "__main__":
    main()
