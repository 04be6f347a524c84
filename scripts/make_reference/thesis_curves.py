#!/usr/bin/env python3
"""Learning curves of the thesis's machines (no skip, H = 100) in PyTorch: mean and spread over seeds.

Test MSE per coordinate on eps after chosen epochs, for machines of the linear schedule 1e-4..0.02, T = 1000, on
MNIST's ones and threes (12,500 training and 2,100 test images in file order, minus the scalar training mean), batch 50,
Adam at 2e-4, fresh noise each epoch, PyTorch's initial weights.  Needs torch and numpy and the four MNIST files (.gz).

    python3 scripts/make_reference/thesis_curves.py FOLDER --t 100 --seeds 20
"""

import argparse
import gzip
import pathlib

import numpy as np
import torch

SHOWN = [1, 2, 3, 5, 10, 20]


def digits(folder, split):
    def content(kind, header):
        return np.frombuffer(gzip.open(folder / f"{split}-{kind}-ubyte.gz").read(), np.uint8, offset=header)

    labels = content("labels-idx1", 8)
    images = content("images-idx3", 16).reshape(-1, 784)[np.isin(labels, [1, 3])]
    return torch.from_numpy(images / np.float32(127.5) - 1)


def curve(train, test, alpha_bar, seed):
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(784, 100), torch.nn.ReLU(), torch.nn.Linear(100, 784))
    adam = torch.optim.Adam(net.parameters(), lr=2e-4)
    losses = []
    for _ in range(max(SHOWN)):
        for rows in torch.randperm(len(train)).split(50):
            eps = torch.randn(len(rows), 784)
            adam.zero_grad()
            (net(alpha_bar**0.5 * train[rows] + (1 - alpha_bar) ** 0.5 * eps) - eps).square().mean().backward()
            adam.step()
        eps = torch.randn_like(test)
        with torch.no_grad():
            losses.append((net(alpha_bar**0.5 * test + (1 - alpha_bar) ** 0.5 * eps) - eps).square().mean().item())
    return [losses[epoch - 1] for epoch in SHOWN]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--t", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=20)
    args = parser.parse_args()
    train, test = digits(args.folder, "train"), digits(args.folder, "t10k")
    mean = train.mean(dtype=torch.float64).float()
    train, test = (train - mean)[:12500], (test - mean)[:2100]
    alpha_bar = float(np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))[args.t - 1])
    curves = np.array([curve(train, test, alpha_bar, seed) for seed in range(args.seeds)])
    for epoch, values in zip(SHOWN, curves.T):
        print(f"t = {args.t} epoch {epoch:2d}: mean {values.mean():.4f}, standard deviation {values.std(ddof=1):.4f}")


if __name__ == "__main__":
    main()
