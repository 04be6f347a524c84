"""What the benchmark scripts share: building the driver, running it, and reading its times."""

import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Machines of one size whatever the experiments have: 200 dense units that see every axis of MNIST.
DENSE = {"model.hidden": 200, "model.axes": 784}


def fail(message):
    """Says why there is no result and ends with 2, the exit code of every error here."""
    print(message, file=sys.stderr)
    sys.exit(2)


def say(message):
    print(message, file=sys.stderr, flush=True)


def target():
    """Cargo's target folder."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    metadata = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return pathlib.Path(json.loads(metadata.stdout)["target_directory"])


def build_driver():
    """Builds the driver as the README does, in the dev profile, and returns its path."""
    if shutil.which("cargo") is None:
        fail("cargo: not found; install Rust first")
    if subprocess.run(["cargo", "build", "-p", "driver"], cwd=ROOT).returncode != 0:
        fail("cargo build -p driver: failed")
    return target() / "debug" / "driver"


class Run:
    """One run of the driver, in a folder that is removed at the end."""

    def __init__(self, driver, experiment, settings, arguments, environment=None):
        """`settings` go to --set; peak_bytes and disk_bytes are those of the whole run."""
        with tempfile.TemporaryDirectory(prefix="bench_") as parent:
            folder = pathlib.Path(parent) / "run"
            command = [driver, ROOT / "experiments" / experiment, "--out", folder, "--quiet", "--offline", *arguments]
            for key, value in settings.items():
                command += ["--set", f"{key}={value}"]
            process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(environment or {})})
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                fail(f"driver: ended with {process.returncode}")
            # Linux counts in kilobytes, macOS in bytes.
            self.peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
            self.disk_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            with open(folder / "timing.csv", newline="") as file:
                rows = list(csv.DictReader(file))
            # Wall-clock of each machine, of which as many as there are threads are trained at once.
            self.seconds = [float(row["seconds"]) for row in rows]
            self.threads = int(rows[0]["threads"])


def spread_timesteps(count, last):
    """`count` timesteps from the middle of `count` equal parts of 1..last, as --timesteps takes them."""
    return [max(1, round((i + 0.5) * last / count)) for i in range(count)]
