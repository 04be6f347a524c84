#!/usr/bin/env python3
"""A bank of trained machines in PyTorch, from the file that `driver export` writes.

    driver export results/mnist_T100                             # leaves results/mnist_T100.safetensors
    scripts/load_checkpoint.py results/mnist_T100.safetensors    # loads it and checks the answers that it holds

    from load_checkpoint import Bank
    bank = Bank.load("results/mnist_T100.safetensors")
    eps_hat = bank.eps_hat(x, t=50)      # x: [n, d], x_t in the data's own coordinates; computed in x's own precision
    images = bank.sample(16)             # [16, d]

Run as a script it evaluates every file's bank in float64 at the states stored in it and compares with the stored answers:
exit code 0 where the largest difference is within 1e-6 of the answers' scale (their root mean square at that t), 1 where it is
not or there is nothing to compare with, 2 for any error.
Our chain computes in float32; how far its answers are from the float64 ones is printed beside it.  That is rounding of sums,
near 1e-7 for most machines, more at small t in principal axes, where x - sqrt(alpha_bar_t) mean cancels.

Needs Python 3.9 or later with torch, safetensors and numpy (pip install torch safetensors numpy).
"""

import argparse
import json
import sys

try:
    import torch
    from safetensors import SafetensorError, safe_open
except ImportError as error:
    print(f"load_checkpoint: {error.name} is not installed; pip install torch safetensors numpy", file=sys.stderr)
    sys.exit(2)

FORMAT = 1
TOLERANCE = 1e-6


class Bank(torch.nn.Module):
    """One single-hidden-layer autoencoder per timestep, eps_hat = U (skip z + relu(z W1 + b1) W2 + b2 + local(z)).

    z = U^T (x_t - sqrt(alpha_bar_t) mean) where the machines live in a principal frame, else z = x_t.  The net sees and
    corrects the first r of the d coordinates, its dense units the first a of these.  Parameters: w1 [K, a, H], b1 [K, H],
    w2 [K, H, a], b2 [K, r] and, where
    there is a skip, skip [K, 1] or [K, d], for the K machines of the 1-based `timesteps`.  Local units, where there are any,
    see the image of the first r coordinates: local_w1 [K, k^2, C], local_b1 [K, C], local_w2 [K, C, k^2].
    """

    def __init__(self, tensors, facts):
        super().__init__()
        if facts["format"] != FORMAT or facts["activation"] != "relu":
            raise ValueError(f"format {facts['format']} with {facts['activation']}, this file reads {FORMAT} with relu")
        self.facts = facts
        self.index = {t: k for k, t in enumerate(tensors["timesteps"].tolist())}
        for name in ["w1", "b1", "w2", "b2", "skip", "local_w1", "local_b1", "local_w2"]:
            self.register_parameter(name, torch.nn.Parameter(tensors[name]) if name in tensors else None)
        for name in ["betas", "alpha_bar", "mean", "axes"]:
            self.register_buffer(name, tensors.get(name))

    @classmethod
    def load(cls, path):
        """The bank in a file of `driver export`."""
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get("bank", "null"))
            if facts is None:
                raise ValueError(f"{path}: not a file of `driver export`")
            names = [name for name in file.keys() if not name.startswith("check_")]
            return cls({name: file.get_tensor(name) for name in names}, facts)

    def check_timestep(self, t):
        """Raises ValueError where the file has no machine of t."""
        if t not in self.index:
            raise ValueError(f"no machine of t = {t} in this file, 1 <= t <= {self.facts['timesteps']}")

    def to_frame(self, x, t):
        """z_t of x_t in the data's own coordinates, [n, d]; t = 0 for clean data."""
        if self.axes is None:
            return x
        signal = self.alpha_bar[t - 1].sqrt() if t > 0 else 1.0
        return (x - (signal * self.mean).to(x.dtype)) @ self.axes.to(x.dtype)

    def from_frame(self, z, t):
        """x_t of z_t, the other way."""
        if self.axes is None:
            return z
        signal = self.alpha_bar[t - 1].sqrt() if t > 0 else 1.0
        return z @ self.axes.to(z.dtype).T + (signal * self.mean).to(z.dtype)

    def eps_hat_in_frame(self, z, t):
        """The predicted noise in the coordinates that the machines live in, [n, d]."""
        self.check_timestep(t)
        k, r, seen = self.index[t], self.b2.shape[1], self.w1.shape[1]
        w1, b1, w2, b2 = (tensor[k].to(z.dtype) for tensor in (self.w1, self.b1, self.w2, self.b2))
        dense = torch.relu(z[:, :seen] @ w1 + b1) @ w2
        net = torch.nn.functional.pad(dense, (0, r - seen)) + b2
        if self.local_w1 is not None:
            net = net + self.local(z[:, :r], t)
        net = torch.nn.functional.pad(net, (0, z.shape[1] - r))
        return net if self.skip is None else self.skip[k].to(z.dtype) * z + net

    def local(self, z, t):
        """What the local units add to eps_hat, [n, r], from the first r coordinates: a convolution, relu, and a convolution
        back on the square image x = U z + sqrt(alpha_bar_t) mean."""
        k, r = self.index[t], z.shape[1]
        w1, b1, w2 = (tensor[k].to(z.dtype) for tensor in (self.local_w1, self.local_b1, self.local_w2))
        image = z
        if self.axes is not None:
            axes, signal = self.axes[:, :r].to(z.dtype), self.alpha_bar[t - 1].sqrt()
            image = z @ axes.T + (signal * self.mean).to(z.dtype)
        side, kernel = round(image.shape[1] ** 0.5), round(w1.shape[0] ** 0.5)
        units = torch.nn.functional.conv2d(
            image.view(-1, 1, side, side), w1.T.reshape(-1, 1, kernel, kernel), b1, padding=kernel // 2
        )
        written = torch.nn.functional.conv_transpose2d(
            torch.relu(units), w2.reshape(-1, 1, kernel, kernel), padding=kernel // 2
        ).flatten(1)
        return written if self.axes is None else written @ axes

    def eps_hat(self, x, t):
        """The predicted noise of x_t at the 1-based timestep t, both [n, d] in the data's own coordinates."""
        self.check_timestep(t)
        eps_hat = self.eps_hat_in_frame(self.to_frame(x, t), t)
        return eps_hat if self.axes is None else eps_hat @ self.axes.to(x.dtype).T

    forward = eps_hat

    @torch.no_grad()
    def sample(self, n, generator=None, dtype=torch.float32):
        """n samples, [n, d], by the reverse chain (Ho et al. 2020, algorithm 2) with the run's own variance, stride
        and steps without noise (where those are 0, the last step has none here all the same)."""
        stride, total = self.facts["stride"], self.facts["timesteps"]
        noise = lambda: torch.randn(n, self.facts["dim"], generator=generator, dtype=dtype, device=self.w1.device)
        z = noise()
        for t in range(total, 0, -stride):
            before = self.alpha_bar[t - stride - 1] if t > stride else torch.ones_like(self.alpha_bar[0])
            left, alpha = 1 - self.alpha_bar[t - 1], self.alpha_bar[t - 1] / before
            eps_hat = self.eps_hat_in_frame(z, t)
            mean = (z - ((1 - alpha) / left.sqrt()).to(dtype) * eps_hat) / alpha.sqrt().to(dtype)
            if t <= stride * max(self.facts.get("noiseless_steps", 1), 1):
                z = mean
                continue
            posterior = 1.0 if self.facts["variance"] == "beta" else (1 - before) / left
            sigma, zeta = ((1 - alpha) * posterior).sqrt().to(dtype), noise()
            if self.facts["variance"] == "optimal":
                # The covariance of q(x_s | x_t), from the change of eps_hat along the noise.
                excess = (1 - alpha) / (alpha * (1 - before))
                step = sigma / 8
                slope = (self.eps_hat_in_frame(z + step * zeta, t) - eps_hat) / step
                unsettled = zeta - left.sqrt().to(dtype) * slope
                along, square = ((unsettled * v).sum(1, keepdim=True) for v in (zeta, unsettled))
                share = torch.where(along > 0, square / along, 0.0)
                zeta = zeta + (excess / (1 + (1 + excess * share).sqrt())).to(dtype) * unsettled
            z = mean + sigma * zeta
        return self.from_frame(z, 0)


@torch.no_grad()
def check(path):
    """Compares the bank's answers with those stored in its file; whether they are the same, or None without any."""
    bank = Bank.load(path)
    with safe_open(path, framework="pt") as file:
        if "check_t" not in file.keys():
            print(f"{path}: holds no answers to compare with; export it with --check 4")
            return None
        stored = [file.get_tensor(f"check_{name}") for name in ("t", "x", "eps_hat", "eps_hat_f32")]
    worst = single = 0.0
    for t, x, eps_hat, eps_hat_f32 in zip(stored[0].tolist(), *stored[1:]):
        scale = eps_hat.square().mean().sqrt()
        own = bank.eps_hat(x.double(), t)
        worst = max(worst, ((own - eps_hat).abs().max() / scale).item())
        single = max(single, ((own - eps_hat_f32.double()).abs().max() / scale).item())
    same = worst <= TOLERANCE
    places = ", ".join(map(str, stored[0].tolist()))
    print(
        f"{path}: {len(bank.index)} machines, d = {x.shape[1]}, {x.shape[0]} states at t = {places}: "
        f"largest difference {worst:.1e} of the scale in float64 ({'the same' if same else f'more than {TOLERANCE:.0e}'}), "
        f"{single:.1e} from our float32"
    )
    return same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file that `driver export` has written")
    try:
        return 0 if all([check(path) for path in parser.parse_args().files]) else 1
    except (OSError, ValueError, SafetensorError) as error:
        print(f"load_checkpoint: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
