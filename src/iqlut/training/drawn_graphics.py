"""Drawn graphics to train on: text, user-interface boxes, lines, ellipses and charts.

Each picture is a list of shapes on the low-resolution grid. It is drawn twice, the second time
`scale` times as large, so that no downscaling filter lies between the two. A third of the pictures
is drawn without antialiasing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 96  # low-resolution pixels
_SUPERSAMPLING = 4
_FONT_SIZES = (7, 22)
_CHARACTERS = (
    "etaoinshrdlucmfwypvbgkjqxzETAOINSHRDLUCMFWYPVBGKJQXZ0123456789.,:;!?()[]{}<>/\\|+-=*&%$#@\"'_"
)
_NOT_LATIN = ("cmsy", "cmex", "cmmi", "Siz", "NonUni", "LastResort", "Display")  # fonts of symbols

Draw = Callable[["Canvas"], None]


@dataclass(frozen=True)
class Canvas:
    """An image that shapes are drawn on, with `unit` pixels for each low-resolution pixel."""

    draw: ImageDraw.ImageDraw
    unit: int

    def box(self, left: float, top: float, right: float, bottom: float, gray: int) -> None:
        """Fill a rectangle; the column `right` and the row `bottom` are outside of it."""
        x0, y0, x1, y1 = (round(side * self.unit) for side in (left, top, right, bottom))
        self.draw.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), fill=gray)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The centre of a low-resolution pixel, in pixels of the canvas."""
        return x * self.unit + (self.unit - 1) / 2, y * self.unit + (self.unit - 1) / 2


def render(scale: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a random picture in low and high resolution.

    The low resolution is uint8 (SIDE, SIDE), the high resolution `scale` times as large.
    """
    smooth = rng.random() < 0.67
    background = _gray(rng)
    shapes = [_shape(rng) for _ in range(rng.integers(2, 14))]
    low, high = (_drawn(shapes, background, unit, smooth) for unit in (1, scale))
    return low, high


def _drawn(shapes: list[Draw], background: int, unit: int, smooth: bool) -> np.ndarray:
    """Draw shapes with `unit` pixels for each low-resolution pixel; `smooth` antialiases them."""
    fine = unit * (_SUPERSAMPLING if smooth else 1)
    picture = Image.new("L", (SIDE * fine, SIDE * fine), background)
    draw = ImageDraw.Draw(picture)
    draw.fontmode = "L" if smooth else "1"
    for shape in shapes:
        shape(Canvas(draw, fine))
    return np.asarray(picture.resize((SIDE * unit, SIDE * unit), Image.Resampling.BOX))


def _gray(rng: np.random.Generator) -> int:
    """A random grey level; white and black are frequent, as on screens and printed pages."""
    return int(rng.choice(np.array([255, 0, rng.integers(0, 256)]), p=[0.3, 0.15, 0.55]))


def _shape(rng: np.random.Generator) -> Draw:
    """A random shape of a random kind."""
    kinds = (_box, _frame, _line, _straight_line, _ellipse, _text, _chart)
    return kinds[int(rng.choice(len(kinds), p=[0.22, 0.12, 0.12, 0.14, 0.1, 0.22, 0.08]))](rng)


def _sides(rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a random rectangle of at least one pixel."""
    left, right = sorted(rng.integers(-4, SIDE + 4, 2).tolist())
    top, bottom = sorted(rng.integers(-4, SIDE + 4, 2).tolist())
    return left, top, right + 1, bottom + 1


def _box(rng: np.random.Generator) -> Draw:
    """A filled rectangle."""
    sides, gray = _sides(rng), _gray(rng)
    return lambda canvas: canvas.box(*sides, gray)


def _frame(rng: np.random.Generator) -> Draw:
    """A rectangle with a border, like that of a window or a button."""
    (left, top, right, bottom), border, inside = _sides(rng), _gray(rng), _gray(rng)
    width = int(rng.integers(1, 4))

    def draw(canvas: Canvas) -> None:
        canvas.box(left, top, right, bottom, border)
        if min(right - left, bottom - top) > 2 * width:
            canvas.box(left + width, top + width, right - width, bottom - width, inside)

    return draw


def _straight_line(rng: np.random.Generator) -> Draw:
    """A horizontal or vertical line, one to three pixels thick, or several at equal distances."""
    across, gray, width = bool(rng.random() < 0.5), _gray(rng), int(rng.choice([1, 1, 1, 2, 3]))
    start, end = sorted(rng.integers(0, SIDE, 2).tolist())
    first, gap = int(rng.integers(0, SIDE)), int(rng.integers(width + 1, 12))
    count = int(rng.choice([1, 1, 2, 5]))

    def draw(canvas: Canvas) -> None:
        for at in (first + number * gap for number in range(count)):
            sides = (at, start, at + width, end + 1) if across else (start, at, end + 1, at + width)
            canvas.box(*sides, gray)

    return draw


def _line(rng: np.random.Generator) -> Draw:
    """A straight line between two random points."""
    points, gray, width = (
        rng.integers(0, SIDE, (2, 2)).tolist(),
        _gray(rng),
        float(rng.choice([1, 1, 1.5, 2, 3])),
    )
    return lambda canvas: canvas.draw.line(
        [canvas.at(*point) for point in points], fill=gray, width=max(1, round(width * canvas.unit))
    )


def _ellipse(rng: np.random.Generator) -> Draw:
    """An ellipse, filled or as an outline."""
    (left, top, right, bottom), gray, outline = _sides(rng), _gray(rng), bool(rng.random() < 0.4)

    def draw(canvas: Canvas) -> None:
        box = [side * canvas.unit for side in (left, top, right, bottom)]
        sides = (box[0], box[1], box[2] - 1, box[3] - 1)
        if outline:
            canvas.draw.ellipse(sides, outline=gray, width=canvas.unit)
        else:
            canvas.draw.ellipse(sides, fill=gray)

    return draw


def _chart(rng: np.random.Generator) -> Draw:
    """A chart with two axes: bars, or a curve of straight segments."""
    (left, top, right, bottom), axis, ink = _sides(rng), _gray(rng), _gray(rng)
    heights = rng.random(int(rng.integers(3, 9))).tolist()
    bars, step = bool(rng.random() < 0.5), max(1, (right - left) // len(heights))

    def draw(canvas: Canvas) -> None:
        tops = [bottom - round(height * (bottom - top)) for height in heights]
        places = [left + number * step for number in range(len(heights))]
        if bars:
            for x, y in zip(places, tops, strict=True):
                canvas.box(x, y, x + max(1, step - 1), bottom, ink)
        else:
            points = [canvas.at(x, y) for x, y in zip(places, tops, strict=True)]
            canvas.draw.line(points, fill=ink, width=canvas.unit)
        canvas.box(left, top, left + 1, bottom, axis)
        canvas.box(left, bottom, right, bottom + 1, axis)

    return draw


def _text(rng: np.random.Generator) -> Draw:
    """One to four lines of random words.

    Each character begins at a whole low-resolution pixel, so that the two resolutions agree.
    """
    font, size, gray = str(rng.choice(_fonts())), int(rng.integers(*_FONT_SIZES)), _gray(rng)
    lines = [_words(rng) for _ in range(rng.integers(1, 5))]
    x, y = int(rng.integers(-8, SIDE // 2)), int(rng.integers(size // 2, SIDE))

    def draw(canvas: Canvas) -> None:
        low, large = _font(font, size), _font(font, size * canvas.unit)
        for number, line in enumerate(lines):
            across = x
            for character in line:
                place = (across * canvas.unit, (y + number * round(1.25 * size)) * canvas.unit)
                canvas.draw.text(place, character, fill=gray, font=large, anchor="ls")
                across += max(1, round(low.getlength(character)))

    return draw


def _words(rng: np.random.Generator) -> str:
    """A line of 24 random characters, in which frequent letters and spaces prevail."""
    letters = np.minimum(rng.exponential(14, 24).astype(int), len(_CHARACTERS) - 1)
    return "".join(" " if rng.random() < 0.17 else _CHARACTERS[letter] for letter in letters)


@lru_cache(maxsize=256)
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=1)
def _fonts() -> tuple[str, ...]:
    """The paths of the text fonts that matplotlib ships.

    They are sans-serif, serif and monospaced fonts in several weights.
    """
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return tuple(
        str(file)
        for file in sorted(folder.glob("*.ttf"))
        if not any(word in file.name for word in _NOT_LATIN)
    )
