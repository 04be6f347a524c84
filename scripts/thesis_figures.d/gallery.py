"""The figures of all parts in one folder under stable names, with a page that shows each beside what it shows."""

import csv
import html
import pathlib
import re
import shutil

from parts import PARTS

INDEX = "figures.csv"
FORMS = (".svg", ".png", ".apng")


def caption(source):
    """The sentence that a figure carries with it, read off its SVG."""
    svg = source.with_suffix(".svg")
    found = re.search(r"<desc>(.*?)</desc>", svg.read_text(encoding="utf-8"), re.S) if svg.exists() else None
    return html.unescape(found.group(1)) if found else ""


def known(folder):
    """What is there already: {figure: row of the index}."""
    index = folder / INDEX
    if not index.exists():
        return {}
    with open(index, newline="", encoding="utf-8") as file:
        return {row["figure"]: row for row in csv.DictReader(file)}


def gather(parts, folders, target, quick):
    """Copies the figures of the parts into `target` and returns the names of those that are not there."""
    target.mkdir(parents=True, exist_ok=True)
    there, missing = known(target), []
    size = "quick" if quick else "full"
    for part in parts:
        for figure in part.figures:
            copies = [path for form in FORMS for path in sorted(folders[part.name].glob(figure.source + form))]
            if not copies:
                missing.append(f"{figure.name} ({folders[part.name] / figure.source})")
                continue
            if quick and there.get(figure.name, {}).get("size") == "full":
                continue
            for path in copies:
                shutil.copyfile(path, target / f"{figure.name}{path.suffix}")
            there[figure.name] = {
                "figure": figure.name,
                "part": part.name,
                "size": size,
                "see": figure.shows(quick),
                "caption": caption(copies[0]),
            }
    write(target, [there[figure.name] for part in PARTS for figure in part.figures if figure.name in there])
    return missing


def write(target, rows):
    """The index as a table and as a page."""
    with open(target / INDEX, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=["figure", "part", "size", "see", "caption"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    lines = ["# The figures of the thesis", "", "Made by `scripts/thesis_figures`; `quick` marks reduced sizes.", ""]
    for row in rows:
        name = row["figure"]
        picture = next(f"{name}{form}" for form in (".apng", ".png", ".svg") if (target / f"{name}{form}").exists())
        lines += [
            f"## {name}",
            "",
            f"![{name}]({picture})",
            "",
            f"*{row['caption']}*" if row["caption"] else "",
            "",
            f"What to see: {row['see']} (`experiments/thesis/`, part `{row['part']}`, {row['size']})",
            "",
        ]
    (pathlib.Path(target) / "README.md").write_text("\n".join(lines), encoding="utf-8")
