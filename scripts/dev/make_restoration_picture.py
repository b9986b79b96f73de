"""Makes docs/images/restoration.png, damaged pictures of every kind by bicubic, Lanczos, strength 0
and `auto`; and docs/images/everyday.png for the README, a JPEG by bicubic and by the everyday
model.

The photo is samples/budgie.png; the page, the screenshot and the drawing are drawn here. Needs
matplotlib, for fonts.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import iqlut
from iqlut.evaluation import degradation
from iqlut.planes import resize
from iqlut.restoration import choose_strength
from iqlut.tables import file_format as files
from iqlut.tables.restoration_tables import RestorationTables
from scripts.shared.labelled_pictures import side_by_side

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
SCALE, SIDE = 4, 72  # of the small crops
_EVERYDAY = (18, 6, 76)  # left, top and side of the README's crop, in small pixels
_FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSerif.ttf"
_SANS = _FONT.with_name("DejaVuSans.ttf")
_GAP_PX = 8
_TEXT = (
    "A scanned page",
    "has noise, and",
    "is kept as a",
    "JPEG; letters",
    "are thin and",
    "gray on paper",
    "not quite white",
)


def main(model: str) -> None:
    restoration_tables = files.read(model) if Path(model).suffix else iqlut.load(model)
    assert isinstance(restoration_tables, RestorationTables)
    rows = [_row(name, made(), restoration_tables) for name, made in KINDS.items()]
    height = sum(row.height + _GAP_PX for row in rows) - _GAP_PX
    sheet = Image.new("RGB", (rows[0].width, height), "white")
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height + _GAP_PX
    sheet.save(IMAGES / "restoration.png", optimize=True)
    everyday(restoration_tables).save(IMAGES / "everyday.png", optimize=True)


def _row(name: str, small: Image.Image, restoration_tables: RestorationTables) -> Image.Image:
    size = (small.width * SCALE, small.height * SCALE)
    choice = choose_strength.choose([small])
    return side_by_side(
        {
            f"{name}: bicubic": small.resize(size, Image.Resampling.BICUBIC),
            "Lanczos": small.resize(size, Image.Resampling.LANCZOS),
            "strength 0": iqlut.upscale(small, SCALE, restoration_tables, restore=0),
            f"auto: {choice.strength:g}": iqlut.upscale(
                small, SCALE, restoration_tables, restore=choice.strength
            ),
        }
    )


def everyday(restoration_tables: RestorationTables) -> Image.Image:
    """Return a JPEG of quality 50 upscaled by bicubic, by l8c8-x4 and by the everyday model."""
    small, table = _jpeg(_photo(), 50)
    left, top, side = _EVERYDAY
    window = tuple(SCALE * place for place in (left, top, left + side, top + side))
    size = (small.width * SCALE, small.height * SCALE)
    strength = choose_strength.choose([small], table).strength
    panels = {
        "a JPEG of quality 50, bicubic x4": small.resize(size, Image.Resampling.BICUBIC),
        "tables for clean input (l8c8-x4)": iqlut.upscale(small, SCALE, "l8c8-x4"),
        f"{restoration_tables.name}, auto chose {strength:g}": iqlut.upscale(
            small, SCALE, restoration_tables, restore=strength
        ),
    }
    return side_by_side({title: picture.crop(window) for title, picture in panels.items()})


def _photo() -> Image.Image:
    original = np.array(Image.open(ROOT / "samples" / "budgie.png").convert("RGB"))
    return Image.fromarray(resize.shrink(original, SCALE))


def _jpeg(picture: Image.Image, quality: int) -> tuple[Image.Image, tuple[int, ...]]:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    opened = Image.open(file)
    return opened.convert("RGB"), tuple(opened.quantization[0])  # type: ignore[attr-defined]


def _noisy(picture: Image.Image, sigma: float) -> Image.Image:
    rng = np.random.default_rng(1)
    planes = [degradation.add_noise(np.asarray(band), sigma, rng) for band in picture.split()]
    return Image.merge(picture.mode, [Image.fromarray(plane) for plane in planes])


def _crop(picture: Image.Image, left: int, top: int) -> Image.Image:
    return picture.crop((left, top, left + SIDE, top + SIDE))


def _page() -> Image.Image:
    """Text drawn large and downscaled, as a scanner sees it."""
    large = Image.new("L", (SIDE * 8, SIDE * 8), 243)
    draw, font = ImageDraw.Draw(large), ImageFont.truetype(str(_FONT), 60)
    for number, line in enumerate(_TEXT):
        draw.text((20, 14 + 79 * number), line, fill=40, font=font)
    return large.resize((SIDE, SIDE), Image.Resampling.BOX)


def _screenshot() -> Image.Image:
    """Boxes and letters at the size of the screen."""
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    draw, small = ImageDraw.Draw(picture), ImageFont.truetype(str(_SANS), 7)
    draw.rectangle((0, 0, SIDE, 11), fill=(52, 101, 164))
    draw.text((4, 0), "File  Edit", fill="white", font=ImageFont.truetype(str(_SANS), 9))
    draw.rectangle((8, 20, 40, 34), fill=(160, 160, 160))
    draw.text((12, 21), "Save", fill="black", font=ImageFont.truetype(str(_SANS), 10))
    draw.rectangle((44, 20, 66, 34), outline=(90, 90, 90))
    draw.text((49, 21), "No", fill="black", font=ImageFont.truetype(str(_SANS), 10))
    for row in range(3):
        draw.line((8, 44 + 9 * row, 64, 44 + 9 * row), fill=(200, 200, 200))
        draw.text(
            (9, 44 + 9 * row), f"row {row + 1}   {7 * row + 3}", fill=(30, 30, 30), font=small
        )
    return picture


def _drawing() -> Image.Image:
    """Ink on paper, downscaled."""
    large = Image.new("L", (SIDE * 8, SIDE * 8), 255)
    draw = ImageDraw.Draw(large)
    for turn in range(0, 360, 15):
        x, y = (
            SIDE * 4 + SIDE * 3.6 * part
            for part in (np.cos(np.radians(turn)), np.sin(np.radians(turn)))
        )
        draw.line((SIDE * 4, SIDE * 4, x, y), fill=0, width=9)
    for radius in (70, 150, 230):
        box = (SIDE * 4 - radius, SIDE * 4 - radius, SIDE * 4 + radius, SIDE * 4 + radius)
        draw.ellipse(box, outline=0, width=11)
    return large.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


KINDS: dict[str, Callable[[], Image.Image]] = {
    "photo": lambda: _crop(_photo(), 14, 6),
    "JPEG 50": lambda: _crop(_jpeg(_photo(), 50)[0], 16, 8),
    "noise 10": lambda: _crop(_noisy(_photo(), 10), 14, 6),
    "scan": lambda: _jpeg(_noisy(_page(), 5), 60)[0].convert("L"),
    "screenshot": _screenshot,
    "JPEG 40": lambda: _jpeg(_drawing(), 40)[0].convert("L"),
}


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "everyday-x4")
