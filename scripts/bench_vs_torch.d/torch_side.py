"""The PyTorch side of scripts/bench_vs_torch: one arrangement of the same training, timed on request.

The work of a machine-epoch: fresh noise for the training and test images, floor(n / batch) Adam steps on the mean
squared error of eps, then that error on the training images (on the noise just trained on) and on the test images.

Started by the driver with its arrangement as arguments.  Prints `ready` after a warm-up epoch; for every number of
epochs that comes in on a line, trains as many and prints the seconds they took.  Needs torch and numpy.
"""

import argparse
import gc
import gzip
import math
import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8
LEARNING_RATE = 2e-4
EVALUATED_AT_ONCE = 500


def images(folder, split, digits, limit):
    """Images of `digits` in [-1, 1], `[n, 784]`, and the mean of all of them; the first `limit` in file order."""

    def content(kind, header):
        for name, opener in [(f"{split}-{kind}-ubyte", open), (f"{split}-{kind}-ubyte.gz", gzip.open)]:
            if (folder / name).exists():
                with opener(folder / name, "rb") as file:
                    return np.frombuffer(file.read(), np.uint8, offset=header)
        raise SystemExit(f"{folder}: there is no {split}-{kind}-ubyte[.gz]")

    chosen = np.isin(content("labels-idx1", 8), digits)
    pixels = content("images-idx3", 16).reshape(-1, 784)[chosen].astype(np.float32) / 127.5 - 1
    return torch.from_numpy(pixels[:limit].copy()), float(pixels.mean(dtype=np.float64))


class Problem:
    """The images, and sqrt(alpha_bar_t), sqrt(1 - alpha_bar_t) of each machine's t."""

    def __init__(self, args):
        train, mean = images(args.data, "train", [1, 3], args.train)
        test, _ = images(args.data, "t10k", [1, 3], args.test)
        self.train, self.test = train - mean, test - mean
        self.hidden, self.batch, self.dim = args.hidden, args.batch, train.shape[1]
        alpha_bar = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
        self.scales = [(math.sqrt(alpha_bar[t - 1]), math.sqrt(1 - alpha_bar[t - 1])) for t in args.timesteps]
        self.steps = len(train) // self.batch


def linear(inputs, outputs, machines):
    """PyTorch's default initial weights, as `[machines, in, out]` and `[machines, 1, out]`."""
    bound = inputs**-0.5
    return [torch.empty(machines, n, outputs).uniform_(-bound, bound) for n in (inputs, 1)]


class Autograd:
    """A module, autograd, and the fused Adam kernel; `compiled` runs the loss through torch.compile."""

    def __init__(self, problem, compiled):
        self.p = problem
        self.net = torch.nn.Sequential(
            torch.nn.Linear(problem.dim, problem.hidden), torch.nn.ReLU(), torch.nn.Linear(problem.hidden, problem.dim)
        )
        self.adam = torch.optim.Adam(self.net.parameters(), lr=LEARNING_RATE, fused=True)

        def loss(x, eps):
            return F.mse_loss(self.net(x), eps)

        self.loss = torch.compile(loss) if compiled else loss
        self.eps, self.eps_test = torch.empty_like(problem.train), torch.empty_like(problem.test)
        self.xt = torch.empty_like(problem.train)

    def epoch(self):
        p, (signal, noise) = self.p, self.p.scales[0]
        torch.index_select(p.train, 0, torch.randperm(len(p.train)), out=self.xt)
        self.xt.mul_(signal).add_(self.eps.normal_(), alpha=noise)
        for x, eps in zip(self.xt.split(p.batch)[: p.steps], self.eps.split(p.batch)):
            self.adam.zero_grad(set_to_none=True)
            self.loss(x, eps).backward()
            self.adam.step()
        test = (p.test * signal).add_(self.eps_test.normal_(), alpha=noise)
        return self.evaluate(self.xt, self.eps), self.evaluate(test, self.eps_test)

    @torch.no_grad()
    def evaluate(self, xt, eps):
        blocks = zip(xt.split(EVALUATED_AT_ONCE), eps.split(EVALUATED_AT_ONCE))
        return sum(F.mse_loss(self.net(x), e, reduction="sum").item() for x, e in blocks) / xt.numel()


class HandGradients:
    """K machines side by side by batched products, gradients written out, into buffers made once."""

    def __init__(self, problem):
        p, k = problem, len(problem.scales)
        self.p, self.k = p, k
        w1, b1 = linear(p.dim, p.hidden, k)
        w2, b2 = linear(p.hidden, p.dim, k)
        self.weights = [w1, b1, w2, b2]
        self.gradients, self.first, self.second = ([torch.zeros_like(w) for w in self.weights] for _ in range(3))
        self.count = [torch.zeros(()) for _ in self.weights]
        self.xt, self.eps = torch.empty(k, *p.train.shape), torch.empty(k, *p.train.shape)
        self.xt_test, self.eps_test = torch.empty(k, *p.test.shape), torch.empty(k, *p.test.shape)
        self.hidden, self.hidden_error = torch.empty(k, p.batch, p.hidden), torch.empty(k, p.batch, p.hidden)
        self.error = torch.empty(k, p.batch, p.dim)

    def step(self, x, eps):
        w1, b1, w2, b2 = self.weights
        g_w1, g_b1, g_w2, g_b2 = self.gradients
        hidden, error, hidden_error = self.hidden, self.error, self.hidden_error
        torch.baddbmm(b1, x, w1, out=hidden).relu_()
        torch.baddbmm(b2, hidden, w2, out=error).sub_(eps).mul_(2 / (self.p.batch * self.p.dim))
        torch.bmm(hidden.mT, error, out=g_w2)
        torch.sum(error, 1, keepdim=True, out=g_b2)
        torch.bmm(error, w2.mT, out=hidden_error)
        torch.ops.aten.threshold_backward.grad_input(hidden_error, hidden, 0, grad_input=hidden_error)
        torch.bmm(x.mT, hidden_error, out=g_w1)
        torch.sum(hidden_error, 1, keepdim=True, out=g_b1)
        torch._foreach_add_(self.count, 1)
        torch._fused_adam_(
            self.weights, self.gradients, self.first, self.second, [], self.count,
            lr=LEARNING_RATE, beta1=BETA_1, beta2=BETA_2, weight_decay=0.0, eps=EPSILON, amsgrad=False, maximize=False,
        )  # fmt: skip

    def epoch(self):
        p = self.p
        self.eps.normal_()
        self.eps_test.normal_()
        for k, (signal, noise) in enumerate(p.scales):
            torch.index_select(p.train, 0, torch.randperm(len(p.train)), out=self.xt[k])
            self.xt[k].mul_(signal).add_(self.eps[k], alpha=noise)
            torch.mul(p.test, signal, out=self.xt_test[k]).add_(self.eps_test[k], alpha=noise)
        for first in range(0, p.steps * p.batch, p.batch):
            self.step(self.xt[:, first : first + p.batch], self.eps[:, first : first + p.batch])
        return self.evaluate(self.xt, self.eps), self.evaluate(self.xt_test, self.eps_test)

    def evaluate(self, xt, eps):
        w1, b1, w2, b2 = self.weights
        total = torch.zeros(self.k)
        for x, e in zip(xt.split(EVALUATED_AT_ONCE, 1), eps.split(EVALUATED_AT_ONCE, 1)):
            out = torch.baddbmm(b2, torch.baddbmm(b1, x, w1).relu_(), w2)
            total += out.sub_(e).square_().sum((1, 2))
        return (total / xt[0].numel()).tolist()


class Script:
    """The habits of a script: tensors made anew and copied, the default Adam, the garbage collector after each stage."""

    def __init__(self, problem):
        self.p = problem
        self.net = torch.nn.Sequential(
            torch.nn.Linear(problem.dim, problem.hidden), torch.nn.ReLU(), torch.nn.Linear(problem.hidden, problem.dim)
        )
        self.adam = torch.optim.Adam(self.net.parameters(), lr=LEARNING_RATE)

    def epoch(self):
        p, (signal, noise) = self.p, self.p.scales[0]
        eps, eps_test = torch.randn(p.train.shape), torch.randn(p.test.shape)
        order = torch.randperm(len(p.train))
        xt = (signal * p.train[order].clone() + noise * eps).clone().detach()
        xt_test = (signal * p.test.clone() + noise * eps_test).clone().detach()
        for i in range(p.steps):
            rows = slice(i * p.batch, (i + 1) * p.batch)
            self.adam.zero_grad()
            loss = ((self.net(xt[rows]) - eps[rows]) ** 2).mean()
            loss.backward()
            self.adam.step()
        gc.collect()
        with torch.no_grad():
            losses = [((self.net(x) - e) ** 2).mean().item() for x, e in [(xt, eps), (xt_test, eps_test)]]
        gc.collect()
        return losses


ARRANGEMENTS = {
    "autograd": lambda problem: Autograd(problem, compiled=False),
    "compile": lambda problem: Autograd(problem, compiled=True),
    "hand": HandGradients,
    "script": Script,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arrangement", choices=ARRANGEMENTS)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--timesteps", type=lambda text: [int(t) for t in text.split(",")], required=True)
    parser.add_argument("--threads", type=int, required=True)
    for name in ["hidden", "batch", "train", "test"]:
        parser.add_argument(f"--{name}", type=int, required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    machine = ARRANGEMENTS[args.arrangement](Problem(args))
    machine.epoch()
    print("ready", torch.__version__, flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            losses = machine.epoch()
        print(time.perf_counter() - start, *np.mean(losses, axis=-1) if args.arrangement == "hand" else losses, flush=True)


if __name__ == "__main__":
    main()
