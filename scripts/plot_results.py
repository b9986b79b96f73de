"""Plots quality against time from `results/*.json`: docs/images/quality_time.svg and .png, the same drawing twice."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

from render_results import load

IMAGES = Path(__file__).parents[1] / "docs" / "images"
DATASET = "Set5"
WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 40, 50, 60  # margins
LETTER = 7.4  # width of one, about
OURS, OTHERS, INK, PALE = "#c0392b", "#34495e", "#222222", "#dddddd"


@dataclass(frozen=True)
class Point:
    """A way to enlarge: its time as a ratio to Pillow's bicubic, and its PSNR."""

    name: str
    ratio: float
    psnr_db: float
    ours: bool


@dataclass
class Drawing:
    """Lines, dots and words, drawn as SVG and by Pillow."""

    svg: list[str] = field(default_factory=list)
    image: Image.Image = field(default_factory=lambda: Image.new("RGB", (2 * WIDTH, 2 * HEIGHT), "white"))

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: str) -> None:
        self.svg.append(f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}"/>')
        ImageDraw.Draw(self.image).line((2 * x0, 2 * y0, 2 * x1, 2 * y1), colour, 2)

    def dot(self, x: float, y: float, radius: float, colour: str) -> None:
        self.svg.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>')
        box = (2 * (x - radius), 2 * (y - radius), 2 * (x + radius), 2 * (y + radius))
        ImageDraw.Draw(self.image).ellipse(box, colour)

    def text(self, x: float, y: float, words: str, colour: str = INK, anchor: str = "middle") -> None:
        """`anchor` is what of the words lies at x: start, middle or end; y is their middle."""
        self.svg.append(
            f'<text x="{x:.1f}" y="{y + 4:.1f}" fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'
        )
        place = {"start": "lm", "middle": "mm", "end": "rm"}[anchor]
        font = ImageFont.load_default(26)
        ImageDraw.Draw(self.image).text((2 * x, 2 * y), words, colour, font, anchor=place)

    def save(self, stem: Path) -> None:
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        body = "\n".join(self.svg)
        text = f'{head} font-size="13">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
        stem.with_suffix(".svg").write_text(text, encoding="utf-8")
        self.image.save(stem.with_suffix(".png"), optimize=True)


def points() -> list[Point]:
    """All that has both a measured time on one thread and a PSNR, measured or published."""
    found = []
    timed = [row for row in load("speed.json")["rows"] if row["threads"] == 1 and row["scale"] == 4]
    quality = [row for row in load("quality.json")["rows"] if (row["dataset"], row["path"]) == (DATASET, "y")]
    for row in timed:
        ratio = row["ratio_to_pillow_bicubic"]
        if row["name"] == "native":
            scores = {one["model"]: one["psnr_db"] for one in quality}
            if row["model"] in scores:
                found.append(Point(row["model"], ratio, scores[row["model"]], True))
        others = [other for other in load("published.json")["rows"] if row["name"] in other.get("bench", ())]
        found += [Point(_label(row["name"], other), ratio, other[DATASET], False) for other in others]
    return found


def _label(name: str, row: dict[str, Any]) -> str:
    """What a dot is called: the published name, of bicubic with the library that was timed."""
    return name.replace("-", " ") if len(row["bench"]) > 1 else row["model"]


def draw(found: list[Point]) -> Drawing:
    """Time to the right on a logarithmic axis, quality upwards."""
    drawing = Drawing()
    decades = [math.log10(point.ratio) for point in found]
    first, last = math.floor(min(decades)), math.ceil(max(decades) + 0.2)
    low, high = math.floor(min(point.psnr_db for point in found)), math.ceil(max(point.psnr_db for point in found))

    def across(ratio: float) -> float:
        return LEFT + (math.log10(ratio) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def up(psnr_db: float) -> float:
        return HEIGHT - BOTTOM - (psnr_db - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    for decade in range(first, last + 1):
        x = across(10**decade)
        drawing.line(x, TOP, x, HEIGHT - BOTTOM, PALE)
        drawing.text(x, HEIGHT - BOTTOM + 16, f"{10.0**decade:g}")
    for psnr_db in range(low, high + 1):
        drawing.line(LEFT, up(psnr_db), WIDTH - RIGHT, up(psnr_db), PALE)
        drawing.text(LEFT - 10, up(psnr_db), str(psnr_db), anchor="end")
    drawing.text(WIDTH / 2, HEIGHT - 18, "time on one thread, Pillow's bicubic = 1 (480x270 to 1920x1080, luma)")
    drawing.text(LEFT, TOP - 22, f"PSNR on {DATASET}, x4, dB", anchor="start")
    dots = [(point, across(point.ratio), up(point.psnr_db)) for point in found]
    for (point, x, y), (label_x, label_y) in zip(dots, labels(dots), strict=True):
        drawing.dot(x, y, 6 if point.ours else 4, OURS if point.ours else OTHERS)
        drawing.text(label_x, label_y, point.name, OURS if point.ours else OTHERS, "start")
    return drawing


def labels(dots: list[tuple[Point, float, float]]) -> list[tuple[float, float]]:
    """Where the name of each dot begins: right of it, else above, below or left, where no other name or dot is."""
    taken = [(x - 6, y - 6, x + 6, y + 6) for _, x, y in dots]
    places = []
    for point, x, y in dots:
        width = LETTER * len(point.name)
        choices = [(x + 10, y), (x - width / 2, y - 15), (x - width / 2, y + 15), (x - width - 10, y), (x + 10, y + 30)]
        boxes = [(a, b - 7, a + width, b + 7) for a, b in choices]
        free = [n for n, box in enumerate(boxes) if box[2] < WIDTH and not any(_meet(box, other) for other in taken)]
        chosen = free[0] if free else 0
        taken.append(boxes[chosen])
        places.append(choices[chosen])
    return places


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def main() -> None:
    found = points()
    if found:
        draw(found).save(IMAGES / "quality_time")


if __name__ == "__main__":
    main()
