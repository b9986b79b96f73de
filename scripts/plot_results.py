"""Plots quality against time from `results/*.json`: docs/images/quality_time.svg and .png, the same drawing twice."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

from render_results import load

IMAGES = Path(__file__).parents[1] / "docs" / "images"
DATASET = "Set5"
WIDTH, HEIGHT = 860, 680
LEFT, RIGHT, TOP, BOTTOM = 58, 24, 66, 64  # margins
LETTERS, SMALL = 13, 11  # sizes of words
FINE, SHOWN = 4, 2  # PNG pixels for one of the SVG: as drawn, and as saved
OURS, OTHERS, INK, PALE = "#c0392b", "#34495e", "#222222", "#e2e2e2"
RADII = {"ours": 6.5, "peer": 4.5, "code": 4.0}
TICK_DB = 0.5
TITLE = f"PSNR on {DATASET}, x4, dB"
ACROSS = "time on one thread for 1920x1080 pixels of luma, Pillow's bicubic = 1"

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Point:
    """A way to enlarge: its time as a ratio to Pillow's bicubic, and its PSNR."""

    name: str
    ratio: float
    psnr_db: float
    kind: str  # ours; peer; code, timed once elsewhere


@dataclass
class Drawing:
    """Lines, dots and words, drawn as SVG and by Pillow."""

    svg: list[str] = field(default_factory=list)
    image: Image.Image = field(default_factory=lambda: Image.new("RGB", (FINE * WIDTH, FINE * HEIGHT), "white"))

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: str) -> None:
        self.svg.append(f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}"/>')
        ImageDraw.Draw(self.image).line([FINE * n for n in (x0, y0, x1, y1)], colour, FINE)

    def dot(self, x: float, y: float, radius: float, colour: str, filled: bool = True) -> None:
        paint = colour if filled else "white"
        self.svg.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{paint}" stroke="{colour}" stroke-width="1.5"/>'
        )
        box = [FINE * n for n in (x - radius - 0.75, y - radius - 0.75, x + radius + 0.75, y + radius + 0.75)]
        ImageDraw.Draw(self.image).ellipse(box, paint, colour, round(1.5 * FINE))

    def text(
        self, x: float, y: float, words: str, colour: str = INK, anchor: str = "middle", size: int = LETTERS
    ) -> None:
        """`anchor` is what of the words lies at x: start, middle or end; y is their middle."""
        self.svg.append(
            f'<text x="{x:.1f}" y="{y + 0.35 * size:.1f}" fill="{colour}" font-size="{size}" '
            f'text-anchor="{anchor}">{escape(words)}</text>'
        )
        place = {"start": "lm", "middle": "mm", "end": "rm"}[anchor]
        ImageDraw.Draw(self.image).text((FINE * x, FINE * y), words, colour, _font(size), anchor=place)

    def save(self, stem: Path) -> None:
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        body = "\n".join(self.svg)
        background = '<rect width="100%" height="100%" fill="white"/>'
        text = f'{head} font-family="Helvetica, Arial, sans-serif">\n{background}\n{body}\n</svg>\n'
        stem.with_suffix(".svg").write_text(text, encoding="utf-8")
        size = (SHOWN * WIDTH, SHOWN * HEIGHT)
        self.image.resize(size, Image.Resampling.LANCZOS).save(stem.with_suffix(".png"), optimize=True)


@lru_cache
def _font(size: int) -> Any:
    return ImageFont.load_default(FINE * size)


def _width(words: str, size: int) -> float:
    """Of words, a little more than Pillow draws: other fonts are wider."""
    return 1.06 * _font(size).getlength(words) / FINE


def points() -> list[Point]:
    """All that has both a time and a PSNR, measured or published."""
    timed = [row for row in load("speed.json")["rows"] if row["threads"] == 1 and row["scale"] == 4]
    quality = [
        row
        for row in load("quality.json")["rows"]
        if (row["dataset"], row["path"], row.get("turns", 1)) == (DATASET, "y", 1)
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


def draw(found: list[Point]) -> Drawing:
    """Time to the right on a logarithmic axis, quality upwards."""
    drawing = Drawing()
    decades = [math.log10(point.ratio) for point in found]
    first, last = math.floor(min(decades)), math.ceil(max(decades))
    lowest, highest = (end(point.psnr_db for point in found) / TICK_DB for end in (min, max))
    low, high = TICK_DB * math.floor(lowest), TICK_DB * math.ceil(highest)

    def across(ratio: float) -> float:
        return LEFT + (math.log10(ratio) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def up(psnr_db: float) -> float:
        return HEIGHT - BOTTOM - (psnr_db - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    for decade in range(first, last + 1):
        x = across(10**decade)
        drawing.line(x, TOP, x, HEIGHT - BOTTOM, PALE)
        drawing.text(x, HEIGHT - BOTTOM + 16, f"{10.0**decade:g}")
    for tick in range(round((high - low) / TICK_DB) + 1):
        psnr_db = low + tick * TICK_DB
        drawing.line(LEFT, up(psnr_db), WIDTH - RIGHT, up(psnr_db), PALE)
        drawing.text(LEFT - 10, up(psnr_db), f"{psnr_db:g}", anchor="end")
    drawing.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 20, ACROSS)
    drawing.text(LEFT - 26, 20, TITLE, anchor="start")
    _legend(drawing)
    _dots(drawing, [(point, across(point.ratio), up(point.psnr_db)) for point in found])
    return drawing


def _legend(drawing: Drawing) -> None:
    """What the kinds of dots are, in a line below the title."""
    words = {
        "ours": "iqlut",
        "peer": "others, timed in turns with it",
        "code": "public code of tables, timed elsewhere",
    }
    x = float(LEFT - 20)
    for kind, text in words.items():
        drawing.dot(x, 43, RADII[kind], _colour(kind), kind != "code")
        drawing.text(x + 12, 43, text, _colour(kind), "start", SMALL)
        x += 12 + _width(text, SMALL) + 26


def _dots(drawing: Drawing, dots: list[tuple[Point, float, float]]) -> None:
    """The dots with their names; ours over all else."""
    places = labels(dots)
    for (point, x, y), (label_x, label_y) in reversed(list(zip(dots, places, strict=True))):
        drawing.dot(x, y, RADII[point.kind], _colour(point.kind), point.kind != "code")
        drawing.text(label_x, label_y, point.name, _colour(point.kind), "start", _size(point))


def _colour(kind: str) -> str:
    return OURS if kind == "ours" else OTHERS


def _size(point: Point) -> int:
    return LETTERS + 2 if point.kind == "ours" else LETTERS


def labels(dots: list[tuple[Point, float, float]]) -> list[tuple[float, float]]:
    """Where the name of each dot begins: where it meets no other name or dot, and is inside. The name that has
    the fewest places left is put first.
    """
    taken = [_around(x, y, RADII[point.kind] + 2) for point, x, y in dots]
    left = {n: _places(*dot) for n, dot in enumerate(dots)}
    places = [(0.0, 0.0)] * len(dots)
    while left:
        free = {
            n: [one for one in some if _inside(one[1]) and not _any_meets(one[1], taken)] for n, some in left.items()
        }
        first = min(free, key=lambda n: len(free[n]))
        places[first], box = (free[first] or left[first])[0]
        taken.append(box)
        del left[first]
    return places


def _places(point: Point, x: float, y: float) -> list[tuple[tuple[float, float], Box]]:
    """Where a name may begin, the best first, and the room that it takes there."""
    width, height = _width(point.name, _size(point)), _size(point) + 2
    beside = [(x + 11, y), (x - width - 11, y)]
    near = [(x - width / 2, y - 17), (x - width / 2, y + 17)]
    near += [(left, y + far) for left in (x + 4, x - width - 4) for far in (-17, 17)]
    places = near + beside if point.kind == "ours" else beside + near
    return [((left, middle), (left, middle - height / 2, left + width, middle + height / 2)) for left, middle in places]


def _any_meets(box: Box, others: list[Box]) -> bool:
    return any(_meet(box, other) for other in others)


def _around(x: float, y: float, radius: float) -> Box:
    return x - radius, y - radius, x + radius, y + radius


def _inside(box: Box) -> bool:
    return box[0] >= LEFT and box[2] <= WIDTH - RIGHT and box[1] >= TOP - 12 and box[3] <= HEIGHT - BOTTOM


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def main() -> None:
    found = points()
    if found:
        draw(found).save(IMAGES / "quality_time")


if __name__ == "__main__":
    main()
