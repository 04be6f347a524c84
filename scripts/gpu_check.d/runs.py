"""Runs of the driver in a scratch folder."""

import csv
import os
import subprocess
import time

from bench_lib import ROOT, fail


def losses(folder):
    """{(t, epoch, split): mean squared error} of a run."""
    with open(folder / "metrics.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == "mse"]
    return {(int(row["t"]), int(row["epoch"]), row["split"]): float(row["value"]) for row in rows}


class Driver:
    """The driver at work; with `rehearsal` every run is on that device, and small."""

    SMALL = {"data.train_limit": 300, "data.test_limit": 100, "model.hidden": 10}

    def __init__(self, binary, scratch, rehearsal):
        self.binary, self.scratch, self.rehearsal = binary, scratch, rehearsal
        self.runs = 0

    def command(self, experiment, arguments, settings=None, verb="run"):
        small = self.SMALL if self.rehearsal and verb == "run" else {}
        given = [f"--set={key}={value}" for key, value in {**(settings or {}), **small}.items()]
        if "MNIST_DIR" in os.environ and not experiment.startswith(("smoke", "swiss")):
            given.append(f"--set=data.dir=\"{os.environ['MNIST_DIR']}\"")
        return [self.binary, verb, ROOT / "experiments" / experiment, "--quiet", *arguments, *given]

    def execute(self, command, environment=None):
        """The exit code, what was written to the terminal, and the seconds it took."""
        start = time.monotonic()
        # The libraries below keep what they measured beside the working directory.
        done = subprocess.run(command, cwd=self.scratch, env={**os.environ, **(environment or {})}, capture_output=True, text=True)
        return done.returncode, (done.stderr or done.stdout).strip(), time.monotonic() - start

    def attempt(self, experiment, arguments, settings=None, environment=None, verb="run"):
        """The exit code and the message of something that may not work."""
        if verb == "run":
            self.runs += 1
            arguments = ["--out", self.scratch / f"attempt_{self.runs}", "--offline", *arguments]
        code, said, _ = self.execute(self.command(experiment, arguments, settings, verb), environment)
        return code, said

    def run(self, experiment, device, settings, arguments=(), folder=None):
        """A run that has to work: its folder and its seconds."""
        self.runs += 1
        folder = folder or self.scratch / f"run_{self.runs}"
        device = self.rehearsal if self.rehearsal and device == "cuda" else device
        arguments = ["--out", folder, "--offline", "--device", device, *arguments]
        code, said, seconds = self.execute(self.command(experiment, arguments, settings))
        if code != 0:
            fail(f"{experiment} on {device}: ended with {code}: {said}")
        return folder, seconds
