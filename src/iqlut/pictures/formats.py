"""The capabilities of each picture format, and the options with which it is saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from iqlut.errors import PictureError
from iqlut.pictures import heif_plugin
from iqlut.pictures.picture import Outline, Picture

_ALL = frozenset({"icc_profile", "exif", "xmp", "dpi"})
_CHUNKS = frozenset({"cicp", "srgb", "gamma", "chromaticities", "hdr", "texts"})


@dataclass(frozen=True)
class Format:
    """The capabilities of a file format.

    alpha       whether it can store transparency
    side_max    the longest side, in pixels
    pixels_max  the largest number of pixels that common decoders open
    bytes_max   the largest number of bytes of uncompressed samples
    options     the options for Pillow's `save`
    extras      the metadata that it can store, as keys of `Picture.extras`
    gray        whether gray pixels stay gray, and do not become RGB
    inks        whether it can store CMYK
    motion      whether it can store animations
    deep        whether it can store 16 bits per sample
    quality     whether it takes a quality from 1 to 100
    """

    alpha: bool
    side_max: int = 2**31 - 1
    pixels_max: int | None = None
    bytes_max: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    extras: frozenset[str] = frozenset()
    gray: bool = True
    inks: bool = False
    motion: bool = False
    deep: bool = False
    quality: bool = False


FORMATS = {
    "PNG": Format(True, extras=_ALL | _CHUNKS, motion=True, deep=True),
    "JPEG": Format(  # libjpeg writes no longer side
        False,
        65500,
        options={"quality": 95, "subsampling": 0},
        extras=_ALL | {"photoshop", "xmp_extension", "comments"},
        inks=True,
        quality=True,
    ),
    "WEBP": Format(
        True,
        16383,
        options={"quality": 95},
        extras=_ALL,
        gray=False,
        motion=True,
        quality=True,
    ),
    "TIFF": Format(
        True, bytes_max=2**32 - 2**20, extras=_ALL | {"photoshop"}, inks=True, deep=True
    ),
    "AVIF": Format(  # the limits of libavif, which browsers use
        True,
        32768,
        2**28,
        options={"quality": 95, "subsampling": "4:4:4"},
        extras=_ALL | {"cicp"},
        gray=False,
        quality=True,
    ),
    "HEIF": Format(
        True,
        16384,
        options={"quality": 95, "subsampling": "4:4:4"},
        extras=_ALL | {"cicp"},
        quality=True,
    ),
    "JPEG2000": Format(True),
    "GIF": Format(True, 65535, extras=frozenset({"comments"}), motion=True),
    "TGA": Format(True, 65535),
    "BMP": Format(False, bytes_max=2**32 - 2**10, extras=frozenset({"dpi"})),
    "PPM": Format(False),
}
ENDINGS = {
    "PNG": ".png",
    "JPEG": ".jpg",
    "WEBP": ".webp",
    "TIFF": ".tif",
    "AVIF": ".avif",
    "HEIF": ".heic",
    "BMP": ".bmp",
}
ENDINGS |= {"GIF": ".gif", "JPEG2000": ".jp2", "TGA": ".tga", "PPM": ".ppm"}
_NICKNAMES = {"JPG": "JPEG", "TIF": "TIFF", "JP2": "JPEG2000", "HEIC": "HEIF"}
_SUGGESTED = ("PNG", "TIFF", "WEBP", "AVIF", "JPEG")


def format_of(path: Path) -> str | None:
    """The format that the suffix of a file name denotes, or None if it cannot be written."""
    suffix = path.suffix.lower()
    if suffix in heif_plugin.ENDINGS:
        return "HEIF"
    name = Image.registered_extensions().get(suffix)
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


def check_holds(
    name: str, format_name: str, picture: Picture | Outline, size: tuple[int, int]
) -> None:
    """Raise PictureError if a file of this format cannot store the picture, upscaled to `size`.

    `size` is (width, height) in pixels. `name` stands for the file in messages.
    """
    if format_name not in FORMATS:
        raise PictureError(
            f"{name} cannot be written in the format {format_name}; choose another with --format"
        )
    if format_name == "HEIF":
        heif_plugin.register(name)
    problem = _problem(FORMATS[format_name], format_name, picture, size)
    if problem:
        able = [one for one in _SUGGESTED if _problem(FORMATS[one], one, picture, size) is None]
        advice = (
            f"write one of {' '.join(ENDINGS[one] for one in able)}, for example with "
            f"--format {able[0].lower()}"
            if able
            else "choose a smaller size"
        )
        raise PictureError(f"{name} {problem}; {advice}")


def _problem(
    limits: Format, format_name: str, picture: Picture | Outline, size: tuple[int, int]
) -> str | None:
    """The reason why a format cannot store a picture, as the rest of a sentence, or None."""
    pixels = size[0] * size[1]
    if max(size) > limits.side_max:
        return f"would be {max(size)} pixels long, {format_name} allows at most {limits.side_max}"
    if limits.pixels_max and pixels > limits.pixels_max:
        return (
            f"would have {pixels / 1e6:.0f} million pixels, of which decoders of {format_name} "
            f"accept at most {limits.pixels_max / 1e6:.0f} million"
        )
    samples = pixels * picture.channels * picture.bits // 8
    if limits.bytes_max and samples > limits.bytes_max:
        return (
            f"would hold {samples / 1e9:.1f} GB of samples, {format_name} allows at most "
            f"{limits.bytes_max / 1e9:.1f} GB"
        )
    if picture.is_moving and not limits.motion:
        return (
            f"cannot keep the {picture.frame_count} frames of its source, because {format_name} "
            "stores only one"
        )
    if picture.bits > 8 and not limits.deep:
        return f"cannot keep 16 bits per sample, because {format_name} stores only 8"
    if not limits.alpha and not picture.is_opaque:
        return f"cannot keep the transparency of its source, because {format_name} has none"
    return None
