"""Charts of dB against something on a logarithmic axis, drawn as SVG and as PNG: the same twice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WIDTH, HEIGHT = 860, 680
LEFT, RIGHT, TOP, BOTTOM = 58, 24, 66, 64  # margins
LETTERS, SMALL = 13, 11  # sizes of words
HALO = 2  # of white around words
FINE, SHOWN = 4, 2  # PNG pixels for one of the SVG: as drawn, and as saved
INK, PALE = "#222222", "#e2e2e2"

Box = tuple[float, float, float, float]


@dataclass
class Drawing:
    """Lines, dots and words, drawn as SVG and by Pillow."""

    svg: list[str] = field(default_factory=list)
    image: Image.Image = field(
        default_factory=lambda: Image.new("RGB", (FINE * WIDTH, FINE * HEIGHT), "white")
    )

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float = 1) -> None:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.svg.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'
        )
        fine = [(FINE * x, FINE * y) for x, y in points]
        ImageDraw.Draw(self.image).line(fine, colour, round(FINE * width), "curve")

    def dot(self, x: float, y: float, radius: float, colour: str, filled: bool = True) -> None:
        paint = colour if filled else "white"
        self.svg.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{paint}" stroke="{colour}" stroke-width="1.5"/>'
        )
        box = [
            FINE * n
            for n in (x - radius - 0.75, y - radius - 0.75, x + radius + 0.75, y + radius + 0.75)
        ]
        ImageDraw.Draw(self.image).ellipse(box, paint, colour, round(1.5 * FINE))

    def text(
        self,
        x: float,
        y: float,
        words: str,
        colour: str = INK,
        anchor: str = "middle",
        size: int = LETTERS,
    ) -> None:
        """`anchor` is what of the words lies at x: start, middle or end; y is their middle."""
        halo = f'stroke="white" stroke-width="{2 * HALO}" paint-order="stroke"'
        self.svg.append(
            f'<text x="{x:.1f}" y="{y + 0.35 * size:.1f}" fill="{colour}" font-size="{size}" '
            f'text-anchor="{anchor}" {halo}>{escape(words)}</text>'
        )
        place = {"start": "lm", "middle": "mm", "end": "rm"}[anchor]
        ImageDraw.Draw(self.image).text(
            (FINE * x, FINE * y),
            words,
            colour,
            _font(size),
            place,
            stroke_width=FINE * HALO,
            stroke_fill="white",
        )

    def save(self, name: str, folder: Path = IMAGES) -> None:
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        body = "\n".join(self.svg)
        background = '<rect width="100%" height="100%" fill="white"/>'
        text = f'{head} font-family="Helvetica, Arial, sans-serif">\n{background}\n{body}\n</svg>\n'
        (folder / f"{name}.svg").write_text(text, encoding="utf-8")
        size = (SHOWN * WIDTH, SHOWN * HEIGHT)
        self.image.resize(size, Image.Resampling.LANCZOS).save(
            folder / f"{name}.png", optimize=True
        )


@lru_cache
def _font(size: int) -> Any:
    return ImageFont.load_default(FINE * size)


def width_of(words: str, size: int) -> float:
    """Of words, a little more than Pillow draws: other fonts are wider."""
    return 1.06 * _font(size).getlength(words) / FINE


class Chart:
    """Axes that have room for `points` (value, dB): the value to the right, logarithmic; dB upwards."""

    def __init__(
        self, title: str, across: str, points: Iterable[tuple[float, float]], tick_db: float
    ) -> None:
        values, scores = zip(*points, strict=True)
        self._first, self._last = (
            math.floor(math.log10(min(values))),
            math.ceil(math.log10(max(values))),
        )
        self._low, self._high = (
            tick_db * math.floor(min(scores) / tick_db),
            tick_db * math.ceil(max(scores) / tick_db),
        )
        self.drawing = Drawing()
        for decade in range(self._first, self._last + 1):
            x, _ = self.at(10**decade, 0)
            self.drawing.line([(x, TOP), (x, HEIGHT - BOTTOM)], PALE)
            self.drawing.text(x, HEIGHT - BOTTOM + 16, f"{10.0**decade:,.10g}")
        for tick in range(round((self._high - self._low) / tick_db) + 1):
            score = self._low + tick * tick_db
            _, y = self.at(1, score)
            self.drawing.line([(LEFT, y), (WIDTH - RIGHT, y)], PALE)
            self.drawing.text(LEFT - 10, y, f"{score:g}", anchor="end")
        self.drawing.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 20, across)
        self.drawing.text(LEFT - 26, 20, title, anchor="start")

    def at(self, value: float, score: float) -> tuple[float, float]:
        """Where a point is drawn."""
        right = (math.log10(value) - self._first) / (self._last - self._first)
        up = (score - self._low) / (self._high - self._low)
        return LEFT + right * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)


@dataclass(frozen=True)
class Named:
    """A dot that has a name, of letters of a `size`, rather `above` it than beside."""

    name: str
    x: float
    y: float
    radius: float
    size: int = LETTERS
    above: bool = False


def labels(dots: list[Named]) -> list[tuple[float, float]]:
    """Where the name of each dot begins: where it meets no other name or dot, and is inside. The name that has
    the fewest places left is put first.
    """
    taken = [_around(dot.x, dot.y, dot.radius + 2) for dot in dots]
    left = {n: _places(dot) for n, dot in enumerate(dots)}
    places = [(0.0, 0.0)] * len(dots)
    while left:
        free = {
            n: [one for one in some if _inside(one[1]) and not _any_meets(one[1], taken)]
            for n, some in left.items()
        }
        first = min(free, key=lambda n: len(free[n]))
        places[first], box = (free[first] or left[first])[0]
        taken.append(box)
        del left[first]
    return places


def _places(dot: Named) -> list[tuple[tuple[float, float], Box]]:
    """Where a name may begin, the best first, and the room that it takes there."""
    width, height, x, y = width_of(dot.name, dot.size), dot.size + 2, dot.x, dot.y
    beside = [(x + 11, y), (x - width - 11, y)]
    near = [(x - width / 2, y - 17), (x - width / 2, y + 17)]
    near += [(left, y + far) for left in (x + 4, x - width - 4) for far in (-17, 17)]
    places = near + beside if dot.above else beside + near
    return [
        ((left, middle), (left, middle - height / 2, left + width, middle + height / 2))
        for left, middle in places
    ]


def _around(x: float, y: float, radius: float) -> Box:
    return x - radius, y - radius, x + radius, y + radius


def _inside(box: Box) -> bool:
    return (
        box[0] >= LEFT
        and box[2] <= WIDTH - RIGHT
        and box[1] >= TOP - 12
        and box[3] <= HEIGHT - BOTTOM
    )


def _any_meets(box: Box, others: list[Box]) -> bool:
    return any(meet(box, other) for other in others)


def meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
