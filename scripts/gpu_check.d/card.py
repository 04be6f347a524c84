"""The card, and the least that a training takes on it."""

import dataclasses
import subprocess

# Name, memory bandwidth in TB/s, f32 arithmetic outside the tensor cores in TFLOP/s: the vendor's figures.
KNOWN = [
    ("H200", 4.8, 67.0), ("H100 PCIe", 2.0, 51.0), ("H100 NVL", 3.9, 60.0), ("H100", 3.35, 67.0), ("GH200", 4.0, 67.0),
    ("A100", 2.0, 19.5), ("L40S", 0.864, 91.6), ("A10", 0.6, 31.2), ("V100", 0.9, 15.7), ("T4", 0.32, 8.1),
]  # fmt: skip


@dataclasses.dataclass
class Card:
    name: str
    # Bytes and operations a second, or None for a card that is not listed.
    bandwidth: float | None
    arithmetic: float | None


def card():
    """The first card, or None where there is none."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0].strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return None
    known = next((peaks for word, *peaks in KNOWN if word in name), None)
    return Card(name, *(1e12 * peak for peak in known)) if known else Card(name, None, None)


@dataclasses.dataclass
class Bank:
    """A bank in training: T machines of H hidden units on r coordinates, n + m images, B images a step."""

    machines: int
    hidden: int
    inputs: int
    train: int
    test: int
    batch: int

    def operations(self):
        """Floating-point operations of an epoch: five products a step, two forward and three back, each of 2 B r H
        operations, and two of every image that is evaluated."""
        product = 2 * self.inputs * self.hidden
        return self.machines * (5 * product * self.train + 2 * product * (self.train + self.test))

    def bytes(self):
        """Bytes of an epoch that no cache can spare.  A step reads the weights for three products, writes the gradient
        and gives Adam g, m, v, w to read and m, v, w to write (11 numbers a weight); of a batch z, u and the answers are
        written and read (z five times, for each product and the wiring), 12 numbers a coordinate.  Evaluation reads
        the weights once and has 8 numbers a coordinate."""
        weights = 2 * self.inputs * self.hidden + self.inputs + self.hidden
        steps = self.train // self.batch
        step = 11 * weights + 12 * self.batch * self.inputs
        evaluation = weights * (self.train + self.test) / 250 + 8 * (self.train + self.test) * self.inputs
        return 4 * self.machines * (steps * step + evaluation)

    def floor(self, card):
        """Seconds of an epoch at the card's peaks: (by memory, by arithmetic)."""
        return self.bytes() / card.bandwidth, self.operations() / card.arithmetic
