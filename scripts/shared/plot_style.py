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
_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
WAYS = [(across * far, up * far) for far, (across, up) in product(_DISTANCES_PT, _SIDES)]


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
    """Write the name of each point beside it so that it covers no other name, point or line.

    The names that have the fewest free places are placed first; the nearest free place is taken.
    The axes must have their final limits.
    """
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    taken = [_around(*axes.transData.transform((x, y)), 5) for _, x, y in points]
    taken += [_around(x, y, 2) for line in lines for x, y in _along(axes.transData.transform(line))]
    boxes: dict[int, np.ndarray] = {}
    for number, (name, x, y) in enumerate(points):
        at_point = _annotate(axes, name, (x, y), (0, 0), colours[number])
        size = at_point.get_window_extent(renderer)
        at_point.remove()
        centre = axes.transData.transform((x, y))
        boxes[number] = _places(centre, size.width + 2, size.height + 2, figure.dpi / 72)
    inside = axes.get_window_extent(renderer).extents
    kept = []
    while boxes:
        free = {number: _free(some, np.array(taken), inside) for number, some in boxes.items()}
        number = min(free, key=lambda one: len(free[one]))
        way = int(free[number][0]) if len(free[number]) else 0
        taken.append(tuple(boxes.pop(number)[way]))
        name, x, y = points[number]
        kept.append(_annotate(axes, name, (x, y), WAYS[way], colours[number]))
    return kept


def _annotate(
    axes: Axes, name: str, point: tuple[float, float], way: tuple[float, float], colour: str
) -> Annotation:
    """Write a name at an offset in points from its point; the offset decides the alignment."""
    across, up = way
    far = max(abs(across), abs(up)) > _DISTANCES_PT[1]
    return axes.annotate(
        name,
        point,
        way,
        textcoords="offset points",
        ha=("center", "left", "right")[int(np.sign(across))],
        va=("center", "bottom", "top")[int(np.sign(up))],
        color=colour,
        fontsize=8.5,
        arrowprops={"arrowstyle": "-", "color": "#aaaaaa", "lw": 0.6} if far else None,
    )


def _places(centre: np.ndarray, width: float, height: float, pixels_per_pt: float) -> np.ndarray:
    """Return the box of a name in each way: float64 (ways, 4), left, bottom, right, top in px."""
    offset = np.array(WAYS)
    size = np.array([width, height])
    low = centre + offset * pixels_per_pt + (np.sign(offset) - 1) / 2 * size
    return np.hstack([low, low + size])


def _free(boxes: np.ndarray, taken: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the indices of boxes that lie inside and meet nothing that is taken."""
    apart = (boxes[:, None, :2] >= taken[None, :, 2:]) | (boxes[:, None, 2:] <= taken[None, :, :2])
    good = apart.any(axis=2).all(axis=1)
    good &= (boxes[:, :2] >= inside[:2]).all(axis=1) & (boxes[:, 2:] <= inside[2:]).all(axis=1)
    return np.flatnonzero(good)


def _around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return x - radius, y - radius, x + radius, y + radius


def _along(corners: np.ndarray) -> Iterator[tuple[float, float]]:
    """Yield points along a line, about three pixels apart."""
    for start, end in pairwise(corners):
        for share in np.linspace(0, 1, 2 + int(np.hypot(*(end - start)) / 3)):
            x, y = start + share * (end - start)
            yield float(x), float(y)
