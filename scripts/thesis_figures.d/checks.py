"""The values that README.md expects, read off the tables of the runs."""

import csv
import math
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def losses(run, split="test", metric="mse"):
    """{t: the loss of the machine as it is kept}, of a run folder."""
    kept = {}
    if (run / "training.csv").exists():
        kept = {row["t"]: row["kept"] for row in read(run / "training.csv")}
    rows = [row for row in read(run / "metrics.csv") if row["split"] == split and row["metric"] == metric]
    last = {}
    for row in rows:
        if row["epoch"] == kept.get(row["t"], row["epoch"]):
            last[int(row["t"])] = float(row["value"])
    return last


def cells(sweep):
    """The run folders of a sweep, in order."""
    return sorted(path for path in (sweep / "cells").iterdir() if path.is_dir())


def observable(run, name, quantity, model=None, group="all"):
    """{t: value} of an observable."""
    rows = read(run / "observables" / f"{name}.csv")
    fits = [r for r in rows if r["quantity"] == quantity and r["group"] == group and model in (None, r["model"])]
    return {int(row["t"]): float(row["value"]) for row in fits if row["t"]}


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else math.nan


def check(parts, folders, quick):
    """Prints every expected value beside the measured one and returns how many do not hold."""
    failed = 0
    print(f"\n{'part':<16} {'expected':<66} {'measured':>12}")
    for part in parts:
        for what, value, low, high in part.expected(folders[part.name], quick):
            holds = low <= value <= high
            failed += not holds
            print(f"{part.name:<16} {what:<66} {value:>12.5g} {'' if holds else f'  NOT IN [{low:g}, {high:g}]'}")
    unlisted = [figure.name for part in parts for figure in part.figures if figure.name not in listed()]
    for name in unlisted:
        print(f"README.md: the table of the thesis's figures has no row for {name}", file=sys.stderr)
    return failed + len(unlisted)


def listed():
    """The figures that README.md lists: names in the first column of its tables."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return set(re.findall(r"`([A-Za-z0-9_]+)`", "\n".join(re.findall(r"^\| ([^|]*) \|", text, re.M))))
