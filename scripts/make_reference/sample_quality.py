#!/usr/bin/env python3
"""Reference numbers for the metrics of crates/analysis/src/quality, from their definitions.

Two sets of points are drawn and rounded to multiples of 1/64, which f32 holds exactly.  All distances are differences of
coordinates; the trace of the Frechet distance comes from the eigenvalues of the product of the covariances, the quantile
gaps from both step functions on their common refinement.  Needs numpy; prints the module.

    python3 scripts/make_reference/sample_quality.py > crates/analysis/src/quality/oracle.rs
"""

import numpy as np

DIM, REAL, OWN, LINES, NEAREST = 3, 30, 26, 7, 5
WIDTHS = [0.5, 2.0, 9.0]
GRID = 20_000


def drawn(rng, n, scale):
    return np.round(64 * rng.standard_normal((n, len(scale))) * scale) / 64


def squares(a, b):
    return ((a[:, None, :] - b[None, :, :]) ** 2).sum(-1)


def frechet(x, y):
    """|m - m'|^2 + tr(C + C') - 2 sum of the roots of the eigenvalues of C C' (Heusel et al. 2017, equation 6)."""
    c, d = np.cov(x.T), np.cov(y.T)
    roots = np.sqrt(np.linalg.eigvals(c @ d).real)
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(c) + np.trace(d) - 2 * roots.sum()


def sliced(x, y, directions):
    """The root of the mean over the directions of the integral of (F^{-1}(p) - G^{-1}(p))^2."""
    total = 0.0
    for v in directions:
        a, b = np.sort(x @ v / np.linalg.norm(v)), np.sort(y @ v / np.linalg.norm(v))
        n, m = len(a), len(b)
        # Piece q of n m equal pieces of [0, 1].
        q = np.arange(n * m)
        total += ((a[q // m] - b[q // n]) ** 2).mean()
    return np.sqrt(total / len(directions))


def mmd2(x, y, width):
    """Gretton et al. 2012, equation 3, written as sums over pairs."""

    def pairs(a):
        n = len(a)
        return sum(np.exp(-((a[i] - a[j]) ** 2).sum() / width) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))

    return pairs(x) + pairs(y) - 2 * np.exp(-squares(x, y) / width).mean()


def radii(a):
    return np.sort(squares(a, a), axis=1)[:, NEAREST]


def neighbourhoods(real, own):
    """Kynkaanniemi et al. 2019, equations 1 and 2; density and coverage of Naeem et al. 2020."""
    d = squares(own, real)
    in_real, in_own = d <= radii(real)[None, :], d <= radii(own)[:, None]
    precision, recall = in_real.any(1).mean(), in_own.any(0).mean()
    return [precision, recall, in_real.sum() / (NEAREST * len(own)), in_real.any(0).mean()]


def copies(train, own):
    d = np.sort(np.sqrt(squares(own, train)), axis=1)
    ratio = d[:, 0] / d[:, 1]
    return [d[:, 0].mean(), ratio.mean(), (ratio < 1 / 3).mean()]


def curve(points):
    """Distances to the polyline through the spiral theta in [0, 3 pi], r = 5 + theta, over 12."""
    theta = np.linspace(0, 3 * np.pi, GRID)
    line = np.stack([(5 + theta) * np.cos(theta), (5 + theta) * np.sin(theta)], axis=-1) / 12
    start, step = line[:-1], np.diff(line, axis=0)
    found = []
    for p in points:
        share = np.clip(((p - start) * step).sum(1) / (step**2).sum(1), 0, 1)
        found.append(np.sqrt(((p - start - share[:, None] * step) ** 2).sum(1).min()))
    found = np.array(found)
    return [found.mean(), np.quantile(found, 0.95), (found > 0.1).mean()]


def constant(name, kind, values, per_line=8):
    values = [repr(float(v)) for v in np.ravel(values)]
    lines = [", ".join(values[i : i + per_line]) for i in range(0, len(values), per_line)]
    body = f"[{lines[0]}]" if len(lines) == 1 else "[\n    " + ",\n    ".join(lines) + ",\n]"
    print(f"pub(super) const {name}: [{kind}; {len(values)}] = {body};")


def main():
    rng = np.random.default_rng(5)
    real = drawn(rng, REAL, [1.5, 1.0, 0.5])
    own = drawn(rng, OWN, [1.2, 1.3, 0.6]) + np.array([0.5, 0.0, 0.25])
    own[3] = real[4] + np.array([1, 0, -1]) / 64
    directions = drawn(rng, LINES, np.ones(DIM))
    plane = drawn(rng, 20, [0.8, 0.8])
    print("//! Points and the values of the metrics on them, written by scripts/make_reference/sample_quality.py.\n")
    print("#![allow(clippy::unreadable_literal, clippy::excessive_precision, reason = \"written by a script\")]\n")
    print(f"pub(super) const DIM: usize = {DIM};")
    constant("REAL", "f32", real, 9)
    constant("OWN", "f32", own, 9)
    constant("DIRECTIONS", "f64", directions, 9)
    constant("PLANE", "f32", plane)
    print(f"pub(super) const FRECHET: f64 = {float(frechet(real, own))!r};")
    print(f"pub(super) const SLICED_WASSERSTEIN: f64 = {float(sliced(real, own, directions))!r};")
    d = squares(real, real)[np.triu_indices(REAL, 1)]
    print(f"pub(super) const MEDIAN: f64 = {float(np.median(d))!r};")
    pairs = ", ".join(f"({width!r}, {float(mmd2(real, own, width))!r})" for width in WIDTHS)
    print(f"pub(super) const MMD2: [(f64, f64); {len(WIDTHS)}] = [{pairs}];")
    constant("PRECISION_RECALL_DENSITY_COVERAGE", "f64", neighbourhoods(real, own))
    constant("COPIES", "f64", copies(real, own))
    constant("CURVE", "f64", curve(plane))


if __name__ == "__main__":
    main()
