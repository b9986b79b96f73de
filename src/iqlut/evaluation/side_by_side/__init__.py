"""Comparison of several methods to upscale a picture, as one picture or as a page with a slider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from iqlut import upscaling
from iqlut.printable_names import escaped
from iqlut.tables import shipped_models

ORIGINAL = "original"
WINDOW_PX = 320  # the largest side of the small picture that is shown
_CROP_PX = 48  # the side of a zoomed crop in the small picture
_CROPS, _ZOOM = 2, 2
_PANEL_PX = _CROP_PX * 4 * _ZOOM
_GAP_PX, _TITLE_PX, _FONT_PX = 8, 30, 18
_PAPER, _INK = (255, 255, 255), (30, 30, 30)


def variants(
    small: Image.Image, models: Sequence[shipped_models.Model], engine: str, threads: int | None
) -> dict[str, Image.Image]:
    """Upscale an RGB picture by each method, and return the results by the name of the method.

    The original, whose pixels become squares, comes first, then Pillow's filters, and then the
    models, which must have the same scale.
    """
    scale = models[0].scale
    size = (small.width * scale, small.height * scale)
    larger = {
        ORIGINAL: small.resize(size, Image.Resampling.NEAREST),
        "bicubic": small.resize(size, Image.Resampling.BICUBIC),
        "Lanczos": small.resize(size, Image.Resampling.LANCZOS),
    }
    return larger | {
        tables.name: upscaling.upscale(small, scale, tables, engine, threads) for tables in models
    }


def window(picture: Image.Image, side_px: int = WINDOW_PX) -> Image.Image:
    """The crop of a picture with the most detail, at most `side_px` wide and high."""
    (box,) = busiest(picture, side_px, 1)
    return picture.crop(box)


def busiest(picture: Image.Image, side_px: int, count: int) -> list[tuple[int, int, int, int]]:
    """Up to `count` boxes with the most detail that do not overlap, in descending order.

    Each is (left, top, right, bottom) in pixels, with sides of `side_px` or those of the picture if
    they are smaller. The sum of the gradients measures the detail.
    """
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
        top, left = map(int, np.unravel_index(sums.argmax(), sums.shape))
        found.append((left, top, left + width, top + height))
        sums[max(top - height + 1, 0) : top + height, max(left - width + 1, 0) : left + width] = -1
    return found


def sheet(small: Image.Image, larger: Mapping[str, Image.Image]) -> Image.Image:
    """Draw a column for each method: its name, the whole picture and zoomed crops."""
    scale = next(iter(larger.values())).width // small.width
    boxes = [
        (scale * a, scale * b, scale * c, scale * d)
        for a, b, c, d in busiest(small, _CROP_PX, _CROPS)
    ]
    boxes.insert(0, (0, 0, scale * small.width, scale * small.height))
    rows = [[_fitted(image.crop(box)) for image in larger.values()] for box in boxes]
    width = len(larger) * (_PANEL_PX + _GAP_PX) + _GAP_PX
    heights = [max(panel.height for panel in row) + _GAP_PX for row in rows]
    paper = Image.new("RGB", (width, _TITLE_PX + sum(heights)), _PAPER)
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default(_FONT_PX)
    for column, name in enumerate(larger):
        left = _GAP_PX + column * (_PANEL_PX + _GAP_PX)
        draw.text((left + 2, 4), escaped(name), fill=_INK, font=font)
        top = _TITLE_PX
        for row, height in zip(rows, heights, strict=True):
            paper.paste(row[column], (left, top))
            top += height
    return paper


def _fitted(image: Image.Image) -> Image.Image:
    """Resize an image to the size of a panel: magnified by a whole number, or downscaled."""
    zoom = _PANEL_PX // max(image.size)
    if zoom:
        return image.resize((image.width * zoom, image.height * zoom), Image.Resampling.NEAREST)
    factor = _PANEL_PX / max(image.size)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.LANCZOS)
