"""The checks: each gives rows of the table."""

import dataclasses
import shutil

from bench_lib import DENSE
from card import Bank
from runs import losses


@dataclasses.dataclass
class Row:
    check: str
    measured: str
    target: str
    # None where there is nothing to hold.
    holds: bool | None


SKIPS = ["none", "learned", "wiener"]
THESIS = "thesis/mnist_100.toml"
FINE = "mnist_T1000.toml"
# Epochs of the thesis's bank that are trained to know those of a full training.
FEW, MORE, ALL = 2, 6, 300
# Anchors of mnist_T1000 and one neighbour, with the epochs that its evaluation happens at.
COMPARED = "100,400,500,501,700,1000"


def spread(ours, theirs):
    """The largest relative difference between losses of two runs that have the same rows."""
    common = ours.keys() & theirs.keys()
    return max(abs(ours[key] / theirs[key] - 1) for key in common) if common else float("inf")


def parity(driver, _):
    rows = []
    cases = [("mnist", THESIS, "1,20,100,300,600,1000"), ("swiss_roll", "swiss_roll_T100.toml", "1,10,50,100")]
    for name, experiment, timesteps in cases:
        for skip in SKIPS:
            settings = {"model.skip": skip, "model.hidden": 100, "train.epochs": 3}
            of = [losses(driver.run(experiment, device, settings, ["--timesteps", timesteps])[0]) for device in ("host", "cuda")]
            worst = spread(*of)
            rows.append(Row(f"losses of 3 epochs, {name}, skip = {skip}: host and cuda", f"{worst:.1e}", "1e-3", worst < 1e-3))
    return rows


def thesis(driver, card):
    seconds = {}
    machines = "1-8" if driver.rehearsal else "1-1000"
    for epochs in (FEW, MORE):
        _, seconds[epochs] = driver.run(THESIS, "cuda", {"train.epochs": epochs}, ["--timesteps", machines])
    epoch = (seconds[MORE] - seconds[FEW]) / (MORE - FEW)
    begin = seconds[FEW] - FEW * epoch
    total = begin + ALL * epoch
    rows = [Row("T = 1000, H = 100, 300 epochs, projected", f"{total / 60:.1f} min ({begin:.0f} s + {epoch:.2f} s an epoch)", "10 min", total < 600)]
    return rows + floors(card, epoch, Bank(1000, 100, 784, 12500, 2100, 50), "H = 100")


def floors(card, seconds, bank, what):
    """The share of the card's peaks that an epoch reaches."""
    if card is None or card.bandwidth is None:
        return [Row(f"share of the peaks, {what}", "a card that is not listed", "", None)]
    memory, arithmetic = bank.floor(card)
    counted = f"{bank.bytes() / 1e12:.2f} TB and {bank.operations() / 1e12:.1f} TFLOP an epoch"
    share = f"{100 * memory / seconds:.0f}% of the bandwidth, {100 * arithmetic / seconds:.0f}% of the f32 arithmetic"
    return [Row(f"share of the peaks, {what} ({counted})", share, "", None)]


def fine(driver, _):
    settings, every = {**DENSE, "sample.count": 0, "analysis.observables": "[]"}, []
    if driver.rehearsal:
        settings.update({"train.epochs": 2, "train.warm_epochs": 1, "schedule.timesteps": 20, "schedule.beta_end": 0.5})
    compared = ["--timesteps", "10,11,20" if driver.rehearsal else COMPARED]
    folder, seconds = driver.run(FINE, "cuda", settings, every)
    # The same command once more finds all machines trained: what is left is reading, tables and figures.
    _, rest = driver.run(FINE, "cuda", settings, every, folder)
    seconds -= rest
    host, _ = driver.run(FINE, "host", settings, compared)
    ours, theirs = losses(folder), losses(host)
    last = {(t, split): max(e for (u, e, s) in theirs if (u, s) == (t, split)) for (t, _, split) in theirs}
    final = {key: value for key, value in theirs.items() if key[1] == last[key[0], key[2]]}
    worst = spread({key: ours[key] for key in final if key in ours}, final)
    rows = [
        Row(f"T = 1000, H = 200, wiener: all machines (tables and figures took {rest:.0f} s more)", f"{seconds:.0f} s", "60 s", seconds < 60),
        Row(f"its last losses against the host's, {len({t for t, *_ in final})} machines", f"{worst:.1e}", "1e-2", worst < 1e-2),
    ]
    return rows + sampling(driver, folder, settings)


def sampling(driver, trained, settings):
    """10,000 images from the machines that are there, less what a run takes that draws 16."""
    seconds = {}
    for count in (16, 10_000):
        folder = driver.scratch / f"sampled_{count}"
        shutil.copytree(trained / "machines", folder / "machines")
        _, seconds[count] = driver.run(FINE, "cuda", {**settings, "sample.count": count}, folder=folder)
    taken = seconds[10_000] - seconds[16]
    return [Row("10,000 images, T = 1000, H = 200 (the chain runs on the host's cores)", f"{taken:.0f} s", "10 s", taken < 10)]


def errors(driver, _):
    # One batch of a million samples has activations of hundreds of gigabytes.
    wide = {"data.train_limit": 1_000_000, "data.test_limit": 100, "train.batch": 1_000_000, "model.hidden": 65_536}
    wide.update({"train.epochs": 1, "train.learning_rate": 1e-3})
    cases = [
        ("a card that is hidden", driver.attempt("smoke.toml", ["--device", "cuda"], environment={"CUDA_VISIBLE_DEVICES": ""})),
        ("more than the card's memory", driver.attempt("swiss_roll_T100.toml", ["--device", "cuda", "--timesteps", "1"], wide)),
    ]
    clear = lambda code, said: code == 2 and said.startswith("run.device: cuda") and "\n" not in said
    return [Row(f"error: {what}", f"{said.splitlines()[0] if said else 'nothing'} ({code})", "one line, exit code 2", clear(code, said)) for what, (code, said) in cases]


CHECKS = {"errors": errors, "parity": parity, "thesis": thesis, "fine": fine}
