"""Plots by matplotlib that are the same bytes each time: settings, saving, and labels that do not
overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from scripts.shared.result_files import ROOT

IMAGES = ROOT / "docs" / "images"
SETTINGS: dict[str, Any] = {
    "svg.hashsalt": "iqlut",  # identifiers in the SVG do not change from run to run
    "svg.fonttype": "none",  # text stays text
    "font.family": ["DejaVu Sans"],  # the font that comes with matplotlib
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e2e2e2",
    "axes.axisbelow": True,
}
DPI = 150
_DISTANCES_PT = (7, 11, 17, 24, 32, 42, 54, 70)


def save(figure: Figure, name: str, folder: Path = IMAGES) -> None:
    """Write the figure to NAME.svg and NAME.png, without dates or versions."""
    with matplotlib.rc_context(SETTINGS):
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
        figure.savefig(folder / f"{name}.png", dpi=DPI, metadata={"Software": None})


def label_points(
    axes: Axes,
    points: Sequence[tuple[str, float, float]],
    colours: Sequence[str],
    lines: Iterable[Sequence[tuple[float, float]]] = (),
) -> list[Annotation]:
    """Write the name of each point beside it so that no name covers another name, a point or a
    line.

    The names that have the fewest free places are placed first; the nearest free place is taken.
    The axes must have their final limits.
    """
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    taken = [_around(*axes.transData.transform((x, y))) for _, x, y in points]
    taken += [_around(x, y, 2) for line in lines for x, y in _along(axes.transData.transform(line))]
    places: dict[int, list[tuple[Annotation, Bbox]]] = {}
    for number, (name, x, y) in enumerate(points):
        tried = [_annotate(axes, name, (x, y), way, colours[number]) for way in _ways()]
        places[number] = [(one, one.get_window_extent(renderer).padded(1)) for one in tried]
    kept = []
    inside = axes.get_window_extent(renderer)
    while places:
        free = {
            number: [
                place
                for place in some
                if _contains(inside, place[1]) and not place[1].count_overlaps(taken)
            ]
            for number, some in places.items()
        }
        number = min(free, key=lambda one: len(free[one]))
        chosen, box = (free[number] or places[number])[0]
        taken.append(box)
        kept.append(chosen)
        for annotation, _ in places.pop(number):
            if annotation is not chosen:
                annotation.remove()
    return kept


def _ways() -> list[tuple[float, float, str, str]]:
    """Return offsets in points with their alignments, the nearest first."""
    sides = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
    align_x = {1: "left", 0: "center", -1: "right"}
    align_y = {1: "bottom", 0: "center", -1: "top"}
    return [
        (across * far, up * far, align_x[across], align_y[up])
        for far, (across, up) in product(_DISTANCES_PT, sides)
    ]


def _annotate(
    axes: Axes,
    name: str,
    point: tuple[float, float],
    way: tuple[float, float, str, str],
    colour: str,
) -> Annotation:
    across, up, align_x, align_y = way
    far = max(abs(across), abs(up)) > _DISTANCES_PT[1]
    return axes.annotate(
        name,
        point,
        (across, up),
        textcoords="offset points",
        ha=align_x,
        va=align_y,
        color=colour,
        fontsize=8.5,
        arrowprops={"arrowstyle": "-", "color": "#aaaaaa", "lw": 0.6} if far else None,
    )


def _around(x: float, y: float, radius: float = 5.0) -> Bbox:
    return Bbox.from_extents(x - radius, y - radius, x + radius, y + radius)


def _along(corners: np.ndarray) -> Iterator[tuple[float, float]]:
    """Yield points along a line, about three pixels apart."""
    for start, end in pairwise(corners):
        for share in np.linspace(0, 1, 2 + int(np.hypot(*(end - start)) / 3)):
            x, y = start + share * (end - start)
            yield float(x), float(y)


def _contains(outer: Bbox, inner: Bbox) -> bool:
    return bool(
        outer.x0 <= inner.x0
        and inner.x1 <= outer.x1
        and outer.y0 <= inner.y0
        and inner.y1 <= outer.y1
    )
