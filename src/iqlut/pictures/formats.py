"""What each file format can hold, and how we save it."""

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
    """What a file format can hold; `options` is what Pillow's `save` is told."""

    alpha: bool
    side_max: int = 2**31 - 1
    options: dict[str, Any] = field(default_factory=dict)
    extras: frozenset[str] = frozenset()
    inks: bool = False  # CMYK
    motion: bool = False
    deep: bool = False  # 16 bits per sample
    quality: bool = False  # takes a number from 1 to 100


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
    """The format that the ending of a name stands for, if we write it."""
    name = Image.registered_extensions().get(path.suffix.lower())
    return name if name in FORMATS else None


def format_named(name: str) -> str:
    """The format that a word stands for, as in `--format jpg`; ValueError names them all."""
    upper = name.upper().removeprefix(".")
    found = _NICKNAMES.get(upper, upper)
    if found not in FORMATS:
        raise ValueError(
            f"there is no format {name!r} here; expected one of {', '.join(FORMATS).lower()}"
        )
    return found


def check_holds(name: str, format_name: str, picture: Picture, size: tuple[int, int]) -> None:
    """PictureError if a file of that format cannot hold the picture, upscaled to `size`."""
    if format_name not in FORMATS:
        raise PictureError(
            f"{name} cannot be written in the format {format_name}; name another with --format"
        )
    limits = FORMATS[format_name]
    if max(size) > limits.side_max:
        longest = f"{max(size)} pixels long, {format_name} holds {limits.side_max}"
        raise PictureError(f"{name} would be {longest}; take another with --format png")
    if picture.motion and not limits.motion:
        frames = f"the {len(picture.frames)} frames of its source ({format_name})"
        raise PictureError(f"{name} cannot keep {frames}; name a .png or .webp")
    if picture.bits > 8 and not limits.deep:
        raise PictureError(
            f"{name} cannot keep 16 bits per sample ({format_name}); name a .png or .tif"
        )
    if not limits.alpha and not picture.is_opaque:
        raise PictureError(
            f"{name} cannot keep the transparency of its source ({format_name}); name a .png or .webp"
        )
