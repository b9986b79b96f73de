"""Metadata of picture files: colour profile, EXIF, XMP and resolution.

Damaged metadata is dropped and never prevents a picture from being read.
"""

from __future__ import annotations

import re
from typing import Any

from PIL import Image, ImageOps
from PIL.ExifTags import IFD, Base

# The tags that describe the picture and not the layout of the original file.
_KEPT = (
    Base.ImageDescription, Base.Make, Base.Model, Base.Software, Base.DateTime, Base.Artist,
    Base.Copyright, Base.Rating, Base.RatingPercent, Base.XPTitle, Base.XPComment, Base.XPAuthor,
    Base.XPKeywords, Base.XPSubject,
)  # fmt: skip
_RESOLUTION = (Base.XResolution, Base.YResolution, Base.ResolutionUnit)
_FOLDERS = (IFD.Exif, IFD.GPSInfo)
_SIZES = (Base.ExifImageWidth, Base.ExifImageHeight)  # wrong for the upscaled picture
_ORIENTATION = re.compile(
    rb'\s*tiff:Orientation="[0-9]"|<tiff:Orientation>[0-9]</tiff:Orientation>'
)
_NO_UNIT, _INCHES, _CENTIMETRES = 1, 2, 3  # values of ResolutionUnit


def upright(image: Image.Image) -> tuple[Image.Image, dict[str, Any]]:
    """The image rotated as its orientation tag demands, and its metadata without that tag.

    The metadata is as in `Picture.extras`.
    """
    try:
        is_upright = image.getexif().get(Base.Orientation, 1) == 1
        rotated = image if is_upright else ImageOps.exif_transpose(image)
    except Exception:  # a damaged EXIF block must not prevent reading
        rotated = image
    extras = {}
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and profile:
        extras["icc_profile"] = profile
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if xmp:
        extras["xmp"] = _ORIENTATION.sub(b"", xmp.encode() if isinstance(xmp, str) else bytes(xmp))
    try:
        exif, dpi = _described(image), _dpi(image)
    except Exception:
        exif, dpi = b"", None
    if exif:
        extras["exif"] = exif
    if dpi:
        extras["dpi"] = dpi
    return rotated, extras


def _described(image: Image.Image) -> bytes:
    """The descriptive part of the EXIF block, or b"" if there is none.

    The layout of the original file, the orientation and the thumbnail are dropped.
    """
    old, new = image.getexif(), Image.Exif()
    for tag in (*_KEPT, *_RESOLUTION):
        if tag in old:
            new[tag] = old[tag]
    for folder in _FOLDERS:
        content = {tag: value for tag, value in old.get_ifd(folder).items() if tag not in _SIZES}
        if content:
            new.get_ifd(folder).update(content)
    described = any(tag not in _RESOLUTION for tag in new) or any(
        new.get_ifd(folder) for folder in _FOLDERS
    )
    return new.tobytes() if described else b""


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    """The resolution in dots per inch, (x, y), from the file or its EXIF block."""
    stated = image.info.get("dpi")
    if not stated:
        exif = image.getexif()
        if Base.XResolution not in exif or exif.get(Base.ResolutionUnit, _INCHES) == _NO_UNIT:
            return None
        factor = 2.54 if exif.get(Base.ResolutionUnit) == _CENTIMETRES else 1.0
        across = exif[Base.XResolution]
        stated = (float(across) * factor, float(exif.get(Base.YResolution, across)) * factor)
    x, y = (float(value) for value in stated)
    # Pillow reports a resolution of 1 for TIFF files that state none.
    return (x, y) if x > 0 and y > 0 and (x, y) != (1, 1) else None


def exif_with_dpi(extras: dict[str, Any]) -> bytes:
    """The EXIF block including the resolution, or b"" if there is neither.

    This is for formats that can store the resolution only there.
    """
    if "dpi" not in extras:
        return extras.get("exif", b"")
    exif = Image.Exif()
    exif.load(extras.get("exif", b""))
    exif[Base.XResolution], exif[Base.YResolution] = extras["dpi"]
    exif[Base.ResolutionUnit] = _INCHES
    return exif.tobytes()
