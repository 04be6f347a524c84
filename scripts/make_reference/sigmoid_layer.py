#!/usr/bin/env python3
"""Reference numbers for the layer of sigmoids: its floor on noise alone, and two steps of its two rules.

The floor is the minimum over g of E (eps - tanh(g eps / 2))^2 by adaptive quadrature and Brent's search.  The steps are
those of crates/train/src/sigmoid.rs: W += rate mean x^T e with e = eps - eps_hat (delta), or e (1 - eps_hat^2) / 2
(gradient), on 4 rows of 3 coordinates.  Needs numpy and scipy; prints Rust constants.

    python3 scripts/make_reference/sigmoid_layer.py
"""

import numpy as np
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

ROWS, DIM, RATE, STEPS = 4, 3, 0.5, 2


def noise_loss(g):
    def integrand(eps):
        return (eps - np.tanh(g * eps / 2)) ** 2 * np.exp(-eps * eps / 2) / np.sqrt(2 * np.pi)

    return 2 * quad(integrand, 0, 40, epsabs=1e-14, epsrel=1e-14, points=[1, 2, 4, 8], limit=200)[0]


def numbers(values):
    return "[" + ", ".join(repr(round(float(v), 12)) for v in np.ravel(values)) + "]"


def main():
    best = minimize_scalar(noise_loss, bounds=(0.5, 10), method="bounded", options={"xatol": 1e-10})
    print(f"const FLOOR: f64 = {float(best.fun)!r}; // at g = {best.x:.6f}")
    index = np.arange(ROWS * DIM).reshape(ROWS, DIM)
    x, eps = np.sin(1.0 + index), np.cos(2.0 * index)
    for rule in ["DELTA", "GRADIENT"]:
        w = 0.1 * np.cos(np.arange(DIM * DIM)).reshape(DIM, DIM)
        b = np.array([0.1, -0.2, 0.3])
        for _ in range(STEPS):
            eps_hat = 2 * (1 / (1 + np.exp(-(x @ w + b))) - 0.5)
            e = eps - eps_hat
            if rule == "GRADIENT":
                e *= (1 - eps_hat**2) / 2
            w = w + RATE * x.T @ e / ROWS
            b = b + RATE * e.mean(axis=0)
        print(f"const {rule}: [f64; 12] = {numbers(np.concatenate([w.ravel(), b]))};")


if __name__ == "__main__":
    main()
