"""Plots quality against time from `results/*.json`: docs/images/quality_time.svg and .png."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drawing import IMAGES, LEFT, LETTERS, SMALL, Chart, Named, labels, width_of
from render_results import load

DATASET = "Set5"
OURS, OTHERS = "#c0392b", "#34495e"
RADII = {"ours": 6.5, "peer": 4.5, "code": 4.0}
TITLE = f"PSNR on {DATASET}, x4, dB"
ACROSS = "time on one thread for 1920x1080 pixels of luma, Pillow's bicubic = 1"


@dataclass(frozen=True)
class Point:
    """A way to upscale: its time as a ratio to Pillow's bicubic, and its PSNR."""

    name: str
    ratio: float
    psnr_db: float
    kind: str  # ours; peer; code, timed once elsewhere


def points() -> list[Point]:
    """All that has both a time and a PSNR, measured or published."""
    timed = [row for row in load("speed.json")["rows"] if row["threads"] == 1 and row["scale"] == 4]
    quality = [
        row
        for row in load("quality.json")["rows"]
        if (row["dataset"], row["path"], row.get("ensemble", 1)) == (DATASET, "y", 1)
    ]
    published = load("published.json")["rows"]
    scores = {row["model"]: row["psnr_db"] for row in quality}
    code = [row for row in published if "pillow_ratio" in row]
    found = [Point(row["model"], row["pillow_ratio"], row[DATASET], "code") for row in code]
    for row in timed:
        name, ratio = row["name"], row["ratio_to_pillow_bicubic"]
        others = [other for other in published if name in other.get("bench", ())]
        found += [Point(_label(name, other), ratio, other[DATASET], "peer") for other in others]
        if row["model"] in scores and name == "native":
            found.append(Point(row["model"], ratio, scores[row["model"]], "ours"))
    return sorted(found, key=lambda point: list(RADII).index(point.kind))


def _label(name: str, row: dict[str, Any]) -> str:
    """What a dot is called: the published name, of bicubic with the library that was timed."""
    if len(row["bench"]) == 1:
        return row["model"]
    return name.replace("-", " ").replace("opencv", "OpenCV").replace("pillow", "Pillow")


def draw(found: list[Point]) -> Chart:
    """Time to the right, quality upwards; our dots over all else."""
    chart = Chart(TITLE, ACROSS, [(point.ratio, point.psnr_db) for point in found], tick_db=0.5)
    _legend(chart)
    dots = [_named(point, *chart.at(point.ratio, point.psnr_db)) for point in found]
    for point, dot, (x, y) in reversed(list(zip(found, dots, labels(dots), strict=True))):
        chart.drawing.dot(dot.x, dot.y, dot.radius, _colour(point.kind), point.kind != "code")
        chart.drawing.text(x, y, dot.name, _colour(point.kind), "start", dot.size)
    return chart


def _named(point: Point, x: float, y: float) -> Named:
    ours = point.kind == "ours"
    return Named(point.name, x, y, RADII[point.kind], LETTERS + 2 * ours, above=ours)


def _legend(chart: Chart) -> None:
    """What the kinds of dots are, in a line below the title."""
    words = {
        "ours": "iqlut",
        "peer": "others, timed in turns with it",
        "code": "public code of tables, timed elsewhere",
    }
    x = float(LEFT - 20)
    for kind, text in words.items():
        chart.drawing.dot(x, 43, RADII[kind], _colour(kind), kind != "code")
        chart.drawing.text(x + 12, 43, text, _colour(kind), "start", SMALL)
        x += 12 + width_of(text, SMALL) + 26


def _colour(kind: str) -> str:
    return OURS if kind == "ours" else OTHERS


def main(folder: Path = IMAGES) -> None:
    found = points()
    if found:
        draw(found).drawing.save("quality_time", folder)


if __name__ == "__main__":
    main()
