"""Print the schedule coefficients that the tests of crates/schedule compare with.

The linear schedules are worked out in 50-digit decimals, so that the numbers hold to the last digit printed.
Run: python3 scripts/make_reference/schedule.py
"""

from decimal import Decimal, getcontext
from math import cos, pi

getcontext().prec = 50

CHOICES = ["posterior", "beta", "optimal"]


def linear(start, end, total):
    """beta_t = start + (t - 1)/(T - 1) (end - start), t = 1..T (Ho et al. 2020, section 4)."""
    start, end = Decimal(start), Decimal(end)
    return [start + (end - start) * i / (total - 1) for i in range(total)]


def products(betas):
    """alpha_bar_0 .. alpha_bar_T, alpha_bar_0 = 1."""
    out = [Decimal(1)]
    for beta in betas:
        out.append(out[-1] * (1 - beta))
    return out


def posterior_variance(betas, alpha_bar, t):
    """beta_t (1 - alpha_bar_{t-1}) / (1 - alpha_bar_t) (Ho et al. 2020, eq. 7)."""
    return betas[t - 1] * (1 - alpha_bar[t - 1]) / (1 - alpha_bar[t])


def variational_weight(betas, alpha_bar, t):
    """beta^2 / (2 sigma^2 alpha (1 - alpha_bar)) (Ho et al. 2020, eq. 12), sigma^2 = beta at t = 1."""
    beta = betas[t - 1]
    sigma2 = beta if t == 1 else posterior_variance(betas, alpha_bar, t)
    return beta**2 / (2 * sigma2 * (1 - beta) * (1 - alpha_bar[t]))


def accidental_weight(betas, alpha_bar, t):
    """The same with the slip of the thesis's program: what a helper returns is unpacked under other names."""
    sigma2 = betas[0] if t == 1 else posterior_variance(betas, alpha_bar, t)
    returned = (1 - betas[t - 1], alpha_bar[t], betas[t - 1], alpha_bar[t - 1])
    beta, alpha, alpha_bar_t, _ = returned
    sigma = sigma2  # a variance under the name of a standard deviation
    return beta**2 / (2 * sigma**2 * alpha * (1 - alpha_bar_t))


def gaussian_chain(betas, alpha_bar, lam, choice, noiseless=1):
    """Variance of the DDPM chain's output for data N(0, lam) with the exact score, started from N(0, 1), the last
    `noiseless` steps without noise."""
    v = Decimal(1)
    for t in range(len(betas), 0, -1):
        beta = betas[t - 1]
        g = alpha_bar[t] * lam + 1 - alpha_bar[t]
        m = (1 - beta / g) / (1 - beta).sqrt()
        sigma2 = beta if choice == "beta" else posterior_variance(betas, alpha_bar, t)
        if choice == "optimal" and t > noiseless:
            # More noise by x_0's unsettled share 1 - D/g.
            excess = beta / ((1 - beta) * (1 - alpha_bar[t - 1]))
            sigma2 *= 1 + excess * (1 - (1 - alpha_bar[t]) / g)
        v = m * m * v + (0 if t <= noiseless else sigma2)
    return v


def cosine_betas(total):
    """min(1 - f(t/T)/f((t-1)/T), 0.999), f(u) = cos^2((u + s)/(1 + s) pi/2), s = 0.008 (Nichol and Dhariwal 2021)."""
    f = [cos((i / total + 0.008) / 1.008 * pi / 2) ** 2 for i in range(total + 1)]
    return [min(1 - f[t] / f[t - 1], 0.999) for t in range(1, total + 1)]


def main():
    for name, start, end, total in [("T1000", "1e-4", "0.02", 1000), ("T100", "1e-3", "0.2", 100)]:
        betas = linear(start, end, total)
        alpha_bar = products(betas)
        print(f"{name}: linear {start} to {end}")
        for t in range(total // 10, total + 1, total // 10):
            print(f"  alpha_bar_{t} = {float(alpha_bar[t]):.12e}")
        for t in [1, 2, 10, 100] + ([500, 1000] if total > 100 else [50]):
            print(f"  posterior variance_{t} = {float(posterior_variance(betas, alpha_bar, t)):.12e}")
            print(f"  variational weight_{t} = {float(variational_weight(betas, alpha_bar, t)):.12e}")
            print(f"  accidental weight_{t} = {float(accidental_weight(betas, alpha_bar, t)):.12e}")
        for lam in ["4", "0.25"]:
            chains = [gaussian_chain(betas, alpha_bar, Decimal(lam), choice) for choice in CHOICES]
            print(f"  chain variance, data N(0, {lam}): posterior %.9f, beta %.9f, optimal %.9f" % tuple(chains))
        for noiseless in [0, 2, 5]:
            chains = [gaussian_chain(betas, alpha_bar, Decimal("0.25"), choice, noiseless) for choice in CHOICES[:2]]
            print("  the same, %d steps without noise: posterior %.9f, beta %.9f" % (noiseless, *chains))
    betas = cosine_betas(100)
    print("cosine, T = 100:", *(f"beta_{t} = {betas[t - 1]:.12e}" for t in [1, 2, 50, 99, 100]))


if __name__ == "__main__":
    main()
