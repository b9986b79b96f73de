"""Places pictures side by side, each with its title above."""

from __future__ import annotations

from collections.abc import Mapping

from PIL import Image, ImageDraw, ImageFont

_GAP_PX, _TITLE_PX, _FONT_PX = 8, 26, 16
_PAPER, _INK = (255, 255, 255), (30, 30, 30)


def side_by_side(pictures: Mapping[str, Image.Image]) -> Image.Image:
    """Return the pictures, all of one size, in one row in the order given."""
    first = next(iter(pictures.values()))
    width = len(pictures) * (first.width + _GAP_PX) - _GAP_PX
    sheet = Image.new("RGB", (width, first.height + _TITLE_PX), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT_PX)
    for index, (title, picture) in enumerate(pictures.items()):
        left = index * (first.width + _GAP_PX)
        draw.text((left + 2, 3), title, fill=_INK, font=font)
        sheet.paste(picture, (left, _TITLE_PX))
    return sheet
