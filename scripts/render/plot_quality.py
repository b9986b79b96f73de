"""Plots quality against table size and against time: docs/images/quality.svg and .png.

    python -m scripts.render.plot_quality

The numbers are those of results/quality.json, speed.json and published.json.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.shared import plot_style, result_files
from scripts.shared.result_files import Row

DATASET, SCALE = "Set5", 4
LOWEST_DB = 29.6  # bicubic lies far below; it is drawn at this height with its score beside it
_LIBRARIES = {"opencv": "OpenCV", "pillow": "Pillow"}


@dataclass(frozen=True)
class Kind:
    """How points of one origin are drawn, and what the legend says of them."""

    legend: str
    marker: str
    colour: str
    filled: bool


KINDS = {
    "ours": Kind("iqlut: PSNR and time measured", "o", "#c0392b", True),
    "paper": Kind(
        "IQ-LUT and ECNN (paper): PSNR published; time of our model of the same shape",
        "s",
        "#2471a3",
        False,
    ),
    "tables": Kind(
        "other tables: PSNR published; time of their public code, measured elsewhere",
        "D",
        "#7d6608",
        False,
    ),
    "timed": Kind(
        "filters and networks: PSNR published, of float32; time measured, interleaved with ours",
        "^",
        "#34495e",
        True,
    ),
}


@dataclass(frozen=True)
class PlottedMethod:
    """A way to upscale; `ratio` is its time relative to Pillow's bicubic. None where unknown."""

    name: str
    kind: str
    psnr_db: float
    table_bytes: float | None = None
    ratio: float | None = None


def methods() -> list[PlottedMethod]:
    """Return everything that has a PSNR and either tables or a time."""
    speed = result_files.load("speed")["rows"]
    timed = [row for row in speed if (row["threads"], row["scale"]) == (1, SCALE)]
    published = [row for row in result_files.load("published")["rows"] if DATASET in row]
    return [*_ours(timed), *(one for row in published for one in _published(row, timed))]


def _ours(timed: list[Row]) -> Iterator[PlottedMethod]:
    quality = result_files.load("quality")
    for row in quality["rows"]:
        shown = (row["dataset"], row["scale"], row["path"], row.get("ensemble", 1))
        table_bytes = quality["meta"]["table_bytes"].get(row["model"])
        if shown == (DATASET, SCALE, "y", 1) and table_bytes:
            ratio = _ratio(timed, "native", row["model"])
            yield PlottedMethod(row["model"], "ours", row["psnr_db"], table_bytes, ratio)


def _published(row: Row, timed: list[Row]) -> Iterator[PlottedMethod]:
    table_bytes = row["table_kb"] * 1000 if row["table_kb"] else None
    name, score = row["model"] + (" (RGB)" if row.get("path") == "rgb" else ""), row[DATASET]
    if "bicubic_db" in row:
        name += f" (bicubic {row['bicubic_db']:.2f})"
    for timed_name in row.get("bench", ()):
        label = name + (" int8" if timed_name.endswith("-int8") else "")
        if library := _LIBRARIES.get(timed_name.partition("-")[0]):
            label = f"{name} ({library})"
        yield PlottedMethod(label, "timed", score, None, _ratio(timed, timed_name, ""))
    if row.get("bench"):
        return
    kind = "paper" if name.startswith(("IQ-", "ECNN-")) else "tables"
    ratio = row.get("pillow_ratio")
    if "shape" in row:
        ratio = _ratio(timed, "native", row["shape"])
    yield PlottedMethod(name, kind, score, table_bytes, ratio)


def _ratio(timed: list[Row], name: str, model: str) -> float | None:
    """Return the measured time relative to Pillow's bicubic, or None where it was not measured."""
    found = [row for row in timed if (row["name"], row["model"]) == (name, model)]
    return found[0]["ratio_to_pillow_bicubic"] if found else None


def draw(found: list[PlottedMethod]) -> Figure:
    """Return the figure: PSNR against table size on the left, against time on the right."""
    with matplotlib.rc_context(plot_style.SETTINGS):
        figure = Figure(figsize=(13, 12), layout="constrained")
        left, right = figure.subplots(1, 2)
        sized = [(one, one.table_bytes / 1024) for one in found if one.table_bytes]
        timed = [(one, one.ratio) for one in found if one.ratio]
        _draw_points(left, sized)
        _draw_points(right, timed)
        left.set_xlabel("size of the tables, KiB")
        right.set_xlabel("time on one thread for 1920x1080 pixels of luma, Pillow's bicubic = 1")
        for axes in (left, right):
            axes.set_ylabel(f"PSNR on {DATASET}, x{SCALE}, luma, dB")
        handles, names = right.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False)
        for axes, shown in ((left, sized), (right, timed)):
            points = [(_label(one), x, _height(one)) for one, x in shown]
            plot_style.label_points(axes, points, [KINDS[one.kind].colour for one, _ in shown])
    return figure


def _draw_points(axes: Axes, shown: list[tuple[PlottedMethod, float]]) -> None:
    for name, kind in KINDS.items():
        points = [(x, _height(one)) for one, x in shown if one.kind == name]
        if points:
            axes.plot(
                *zip(*points, strict=True),
                kind.marker,
                color=kind.colour,
                markerfacecolor=kind.colour if kind.filled else "white",
                markersize=6,
                label=kind.legend,
            )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.margins(0.12, 0.05)
    axes.set_ylim(LOWEST_DB - 0.05, 31.65)


def _height(one: PlottedMethod) -> float:
    return max(one.psnr_db, LOWEST_DB)


def _label(one: PlottedMethod) -> str:
    return one.name if one.psnr_db >= LOWEST_DB else f"{one.name}: {one.psnr_db:.2f} dB"


def main(folder: Path = plot_style.IMAGES) -> None:
    """Write the plot."""
    plot_style.save(draw(methods()), "quality", folder)


if __name__ == "__main__":
    main()
