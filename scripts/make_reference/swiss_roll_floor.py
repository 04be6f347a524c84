#!/usr/bin/env python3
"""The exact floor of the Swiss roll: the MSE per coordinate of E[eps | x_t], by t.

x_0 is uniform on the curve theta in [0, 3 pi], r = 5 + theta, over 12; x_t = sqrt(A) x_0 + sqrt(D) eps with the
linear schedule 1e-4..0.02 of T = 1000.  The posterior over theta is summed on a grid of 20,000 points; the outer
mean runs over 200,000 draws of (theta, eps), whose theta are off the grid.  Needs numpy; prints t, floor, standard error.

    python3 scripts/make_reference/swiss_roll_floor.py
"""

import numpy as np

TIMES = [50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]
GRID, DRAWS, BLOCK = 20_000, 200_000, 1_000


def curve(theta):
    return np.stack([(5 + theta) * np.cos(theta), (5 + theta) * np.sin(theta)], axis=-1) / 12


def main():
    alpha_bar = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    grid = curve(np.linspace(0, 3 * np.pi, GRID))
    rng = np.random.default_rng(0)
    for t in TIMES:
        a = alpha_bar[t - 1]
        d = 1 - a
        errors = []
        for _ in range(DRAWS // BLOCK):
            eps = rng.standard_normal((BLOCK, 2))
            x = np.sqrt(a) * curve(rng.uniform(0, 3 * np.pi, BLOCK)) + np.sqrt(d) * eps
            log_weight = (np.sqrt(a) * x @ grid.T - 0.5 * a * (grid**2).sum(1)) / d
            weight = np.exp(log_weight - log_weight.max(1, keepdims=True))
            mean = weight @ grid / weight.sum(1, keepdims=True)
            # eps - E[eps | x] = sqrt(A/D) (E[x_0 | x] - x_0), formed without cancellation.
            x0 = (x - np.sqrt(d) * eps) / np.sqrt(a)
            errors.append(a / d * ((mean - x0) ** 2).mean(1))
        errors = np.concatenate(errors)
        print(f"{t:5d} {errors.mean():.6g} {errors.std() / np.sqrt(len(errors)):.2g}", flush=True)


if __name__ == "__main__":
    main()
