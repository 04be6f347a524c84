#!/usr/bin/env python3
"""Reference numbers for the tests of crates/analysis/src/compare: adjusted p-values, t-tests, tails of Student's t.

Needs scipy 1.11 or later; prints Rust constants.

    python3 scripts/make_reference/tests.py
"""

from scipy import stats

# Benjamini and Hochberg 1995, section 3.2.
P = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
# Student 1908: additional hours of sleep.
DEXTRO = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
LAEVO = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
TAILS = [(2.0, 2.0), (4.0, 9.0), (30.0, 4.5), (8.0, 99.0)]
QUANTILES = [(0.975, 2.0), (0.975, 9.0), (0.975, 2.25), (0.9995, 99.0)]


def numbers(values):
    return "[" + ", ".join(repr(float(value)) for value in values) + "]"


def main():
    adjusted = stats.false_discovery_control(P)
    print(f"const SCIPY: [f64; {len(P)}] = {numbers(adjusted)};")
    paired = stats.ttest_rel(LAEVO, DEXTRO)
    interval = paired.confidence_interval(0.95)
    print(f"const PAIRED: [f64; 4] = {numbers([paired.statistic, paired.pvalue, interval.low, interval.high])};")
    welch = stats.ttest_ind(LAEVO, DEXTRO, equal_var=False)
    print(f"const WELCH: [f64; 3] = {numbers([welch.statistic, welch.df, welch.pvalue])};")
    tails = ", ".join(f"({t}, {df}, {float(stats.t.sf(t, df))!r})" for t, df in TAILS)
    print(f"const TAILS: [(f64, f64, f64); {len(TAILS)}] = [{tails}];")
    quantiles = ", ".join(f"({p}, {df}, {float(stats.t.ppf(p, df))!r})" for p, df in QUANTILES)
    print(f"const QUANTILES: [(f64, f64, f64); {len(QUANTILES)}] = [{quantiles}];")


if __name__ == "__main__":
    main()
