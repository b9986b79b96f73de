"""The capabilities of each picture format, and the options with which it is saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from iqlut.errors import PictureError
from iqlut.pictures.picture import Picture

_ALL = frozenset({"icc_profile", "exif", "xmp", "dpi"})


@dataclass(frozen=True)
class Format:
    """The capabilities of a file format.

    alpha     whether it can store transparency
    side_max  the longest side, in pixels
    options   the options for Pillow's `save`
    extras    the metadata that it can store, as keys of `Picture.extras`
    inks      whether it can store CMYK
    motion    whether it can store animations
    deep      whether it can store 16 bits per sample
    quality   whether it takes a quality from 1 to 100
    """

    alpha: bool
    side_max: int = 2**31 - 1
    options: dict[str, Any] = field(default_factory=dict)
    extras: frozenset[str] = frozenset()
    inks: bool = False
    motion: bool = False
    deep: bool = False
    quality: bool = False


FORMATS = {
    "PNG": Format(True, extras=_ALL, motion=True, deep=True),
    "JPEG": Format(False, 65535, {"quality": 95, "subsampling": 0}, _ALL, inks=True, quality=True),
    "WEBP": Format(True, 16383, {"quality": 95}, _ALL, motion=True, quality=True),
    "TIFF": Format(True, extras=_ALL, inks=True, deep=True),
    "AVIF": Format(True, 65535, {"quality": 95, "subsampling": "4:4:4"}, _ALL, quality=True),
    "JPEG2000": Format(True),
    "GIF": Format(True, 65535, motion=True),
    "TGA": Format(True, 65535),
    "BMP": Format(False, extras=frozenset({"dpi"})),
    "PPM": Format(False),
}
ENDINGS = {
    "PNG": ".png",
    "JPEG": ".jpg",
    "WEBP": ".webp",
    "TIFF": ".tif",
    "AVIF": ".avif",
    "BMP": ".bmp",
}
ENDINGS |= {"GIF": ".gif", "JPEG2000": ".jp2", "TGA": ".tga", "PPM": ".ppm"}
_NICKNAMES = {"JPG": "JPEG", "TIF": "TIFF", "JP2": "JPEG2000"}


def format_of(path: Path) -> str | None:
    """The format that the suffix of a file name denotes, or None if it cannot be written."""
    name = Image.registered_extensions().get(path.suffix.lower())
    return name if name in FORMATS else None


def format_named(name: str) -> str:
    """The format that a word denotes, as in `--format jpg`.

    Raises ValueError for an unknown word.
    """
    upper = name.upper().removeprefix(".")
    found = _NICKNAMES.get(upper, upper)
    if found not in FORMATS:
        raise ValueError(
            f"the format {name!r} is unknown, expected one of {', '.join(FORMATS).lower()}"
        )
    return found


def check_holds(name: str, format_name: str, picture: Picture, size: tuple[int, int]) -> None:
    """Raise PictureError if a file of this format cannot store the picture, upscaled to `size`.

    `size` is (width, height) in pixels. `name` stands for the file in messages.
    """
    if format_name not in FORMATS:
        raise PictureError(
            f"{name} cannot be written in the format {format_name}; choose another with --format"
        )
    limits = FORMATS[format_name]
    if max(size) > limits.side_max:
        raise PictureError(
            f"{name} would be {max(size)} pixels long, {format_name} allows at most "
            f"{limits.side_max}; choose another format with --format png"
        )
    if picture.motion and not limits.motion:
        raise PictureError(
            f"{name} cannot keep the {len(picture.frames)} frames of its source, because "
            f"{format_name} stores only one; write a .png or .webp file"
        )
    if picture.bits > 8 and not limits.deep:
        raise PictureError(
            f"{name} cannot keep 16 bits per sample, because {format_name} stores only 8; "
            "write a .png or .tif file"
        )
    if not limits.alpha and not picture.is_opaque:
        raise PictureError(
            f"{name} cannot keep the transparency of its source, because {format_name} has none; "
            "write a .png or .webp file"
        )
