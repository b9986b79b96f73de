"""A page with a slider that compares upscaled pictures, small enough to be sent by mail.

The page needs no other file. Where the pictures are too large without loss, they become WebP files
of the best quality that fits, and after that smaller parts; the page says which.
"""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from iqlut.evaluation.side_by_side import ORIGINAL, busiest
from iqlut.printable_names import escaped

BYTES_MAX = 2_000_000
_QUALITIES = (None, 95, 90, 85, 75)  # of WebP; None means without loss
_PAGE = Path(__file__).with_name("page.html")


def page(title: str, part: str, larger: Mapping[str, Image.Image]) -> str:
    """The page as HTML, of fewer than `BYTES_MAX` bytes.

    `part` says which part of the input is compared. Title and names are shown as text, whatever
    they contain.
    """
    shown = dict(larger)
    while True:
        for quality in _QUALITIES:
            made = _page_of(title, shown, f"{part}{_encoding(quality)}", quality)
            if made is not None:
                return made
        shown = _busiest_half(shown)
        width, height = next(iter(shown.values())).size
        part = f"The part with the most detail, {width}x{height} pixels of the results. "


def _encoding(quality: int | None) -> str:
    """How the pictures are stored, in words."""
    if quality is None:
        return "All pictures are stored without loss."
    return (
        f"The upscaled pictures are stored as WebP of quality {quality}, the original without loss."
    )


def _page_of(
    title: str, larger: Mapping[str, Image.Image], note: str, quality: int | None
) -> str | None:
    """The page with pictures of this quality, or None if it would be too large."""
    pictures, size_bytes = [], 0
    for name, image in larger.items():
        source = _as_url(image, None if name == ORIGINAL else quality)
        size_bytes += len(source)
        if size_bytes >= BYTES_MAX:
            return None
        pictures.append({"name": escaped(name), "source": source})
    values = {
        "title": html.escape(escaped(title)),
        "note": html.escape(escaped(note)),
        "pictures": json.dumps(pictures).replace("<", "\\u003c"),  # no tag ends the script
    }
    template = _PAGE.read_text(encoding="utf-8")
    # in one pass, so that a value is not searched for the marks of other values
    made = re.sub(r"\{\{(\w+)\}\}", lambda mark: values[mark[1]], template)
    return made if len(made.encode()) < BYTES_MAX else None


def _as_url(image: Image.Image, quality: int | None) -> str:
    file = io.BytesIO()
    if quality is None:
        image.save(file, "WEBP", lossless=True, quality=50, method=2)  # quality: of compression
    else:
        image.save(file, "WEBP", quality=quality, method=4, use_sharp_yuv=True)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


def _busiest_half(larger: Mapping[str, Image.Image]) -> dict[str, Image.Image]:
    """The same part of all pictures, with half of the longest side."""
    first = next(iter(larger.values()))
    (box,) = busiest(first, max(first.size) // 2, 1)
    return {name: image.crop(box) for name, image in larger.items()}
