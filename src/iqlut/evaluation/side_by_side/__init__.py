"""One picture upscaled in several ways, side by side: as one picture, and as a page with a slider."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from iqlut import upscaling
from iqlut.tables import shipped_models

WINDOW_PX = 320  # of the small picture: what is shown of a large one
_CROP_PX = 48  # of the small picture: the side of a zoomed part
_CROPS, _ZOOM = 2, 2
_PANEL_PX = _CROP_PX * 4 * _ZOOM
_GAP_PX, _TITLE_PX, _FONT_PX = 8, 30, 18
_PAPER, _INK = (255, 255, 255), (30, 30, 30)
_PAGE = Path(__file__).with_name("page.html")


def variants(
    small: Image.Image, models: Sequence[shipped_models.Model], engine: str, threads: int | None
) -> dict[str, Image.Image]:
    """The ways to upscale an RGB picture, each under its name: all models of one scale."""
    scale = models[0].scale
    size = (small.width * scale, small.height * scale)
    larger = {
        "nearest": small.resize(size, Image.Resampling.NEAREST),
        "bicubic": small.resize(size, Image.Resampling.BICUBIC),
    }
    return larger | {
        tables.name: upscaling.upscale(small, scale, tables, engine, threads) for tables in models
    }


def window(picture: Image.Image, side_px: int = WINDOW_PX) -> Image.Image:
    """The part of a picture with most to see, at most `side_px` wide and high."""
    (box,) = busiest(picture, side_px, 1)
    return picture.crop(box)


def busiest(picture: Image.Image, side_px: int, count: int) -> list[tuple[int, int, int, int]]:
    """Up to `count` squares (or less, at the borders) that do not overlap, the one with the strongest edges first."""
    gray = np.asarray(picture.convert("L"), np.float64)
    edges = np.zeros_like(gray)
    edges[:, 1:] += np.abs(np.diff(gray, axis=1))
    edges[1:] += np.abs(np.diff(gray, axis=0))
    height, width = min(side_px, gray.shape[0]), min(side_px, gray.shape[1])
    sums = np.pad(edges.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    sums = (
        sums[height:, width:]
        - sums[:-height, width:]
        - sums[height:, :-width]
        + sums[:-height, :-width]
    )
    found = []
    while len(found) < count and sums.max() >= 0:
        top, left = (int(place) for place in np.unravel_index(sums.argmax(), sums.shape))
        found.append((left, top, left + width, top + height))
        sums[max(top - height + 1, 0) : top + height, max(left - width + 1, 0) : left + width] = -1
    return found


def sheet(small: Image.Image, larger: Mapping[str, Image.Image]) -> Image.Image:
    """A column for each way: its name, the whole, and zoomed parts."""
    scale = next(iter(larger.values())).width // small.width
    boxes = [
        (scale * a, scale * b, scale * c, scale * d)
        for a, b, c, d in busiest(small, _CROP_PX, _CROPS)
    ]
    parts = [(0, 0, scale * small.width, scale * small.height), *boxes]
    rows = [[_fitted(image.crop(part)) for image in larger.values()] for part in parts]
    width = len(larger) * (_PANEL_PX + _GAP_PX) + _GAP_PX
    heights = [max(panel.height for panel in row) + _GAP_PX for row in rows]
    paper = Image.new("RGB", (width, _TITLE_PX + sum(heights)), _PAPER)
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default(_FONT_PX)
    for column, name in enumerate(larger):
        left = _GAP_PX + column * (_PANEL_PX + _GAP_PX)
        draw.text((left + 2, 4), name, fill=_INK, font=font)
        top = _TITLE_PX
        for row, height in zip(rows, heights, strict=True):
            paper.paste(row[column], (left, top))
            top += height
    return paper


def _fitted(image: Image.Image) -> Image.Image:
    """As wide as a panel: zoomed by a whole number, or shrunk."""
    zoom = _PANEL_PX // max(image.size)
    if zoom:
        return image.resize((image.width * zoom, image.height * zoom), Image.Resampling.NEAREST)
    factor = _PANEL_PX / max(image.size)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.LANCZOS)


def page(title: str, larger: Mapping[str, Image.Image]) -> str:
    """A page of HTML that needs nothing else: any two of the ways, and a slider between them."""
    pictures = [{"name": name, "source": _as_url(image)} for name, image in larger.items()]
    data = json.dumps(pictures).replace("</", "<\\/")
    return (
        _PAGE.read_text(encoding="utf-8")
        .replace("{{title}}", html.escape(title))
        .replace("{{pictures}}", data)
    )


def _as_url(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
