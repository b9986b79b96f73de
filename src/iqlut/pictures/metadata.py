"""Metadata of picture files of any format.

EXIF, XMP and profiles are carried as bytes. Only what upscaling changes is edited: orientation,
sizes and thumbnail. Whatever cannot be kept is named by a phrase, for one note to the user.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from PIL import Image

from iqlut.errors import PictureError
from iqlut.file_kinds import BIG_TIFF_SIGNATURES, START_BYTES, kind_of_bytes
from iqlut.pictures import (
    exif,
    heif_boxes,
    icc_profiles,
    jpeg,
    png_metadata,
    tiff_contents,
    tiff_directories,
    webp,
)
from iqlut.pictures.contents import PIXEL_ASPECT, Contents
from iqlut.pictures.orientation import is_transposed

_ORIENTATION = re.compile(
    rb"\s*tiff:Orientation\s*=\s*[\"']([0-9])[\"']"
    rb"|<tiff:Orientation>\s*([0-9])\s*</tiff:Orientation>"
)
_TAKEN_APART = ("PNG", "JPEG", "WEBP", "TIFF", "AVIF", "HEIF")
_XMP_SIZES = (
    (rb"tiff:ImageWidth|exif:PixelXDimension", 0),
    (rb"tiff:ImageLength|exif:PixelYDimension", 1),
)


def take_apart(name: str, data: bytes) -> Contents:
    """The pixels and the metadata of a picture file, upright.

    `name` stands for the file in messages. The metadata has no orientation any more; the
    orientation of the pixels is `Contents.orientation`. Raises PictureError for a TIFF file of
    several pictures, or of values that overlap.
    """
    kind = kind_of_bytes(data[:START_BYTES])
    if kind is not None and kind.name == "TIFF":
        try:
            tiff_directories.check_overlaps(data)
        except ValueError as error:
            raise PictureError(
                f"{name} is damaged ({error}), expected a file without overlaps; obtain it again"
            ) from None
    if data.startswith(BIG_TIFF_SIGNATURES):
        return Contents(data, lost=("the descriptive tags (BigTIFF)",))
    try:
        found = _by_format(kind.name if kind else "", name, data)
    except ValueError:
        found = Contents(data)
    return _checked(found)


def _by_format(kind: str, name: str, data: bytes) -> Contents:
    if kind == "TIFF":
        return tiff_contents.contents(name, data)
    if kind in ("AVIF", "HEIF"):
        return heif_boxes.contents(data)
    readers = {"PNG": png_metadata.contents, "JPEG": jpeg.contents, "WEBP": webp.contents}
    return readers[kind](data) if kind in readers else Contents(data)


def of_opened(image: Image.Image, contents: Contents) -> Contents:
    """The metadata together with what only the decoder of an opened file knows."""
    extras, stated = dict(contents.extras), image.info.get("dpi")
    if image.format not in _TAKEN_APART or contents.pixels.startswith(BIG_TIFF_SIGNATURES):
        for key in ("icc_profile", "exif", "xmp"):
            if isinstance(value := image.info.get(key), bytes) and value:
                extras.setdefault(key, value)
        if isinstance(comment := image.info.get("comment"), bytes) and comment:
            extras["comments"] = (comment,)
    if stated and image.format != "TIFF":
        x, y = (float(value) for value in stated)
        if x > 0 and y > 0:
            extras["dpi"] = (x, y)
    found = _checked(replace(contents, extras=extras, lost=(*contents.lost, *_aspect(image))))
    if image.format == "AVIF":  # the decoder leaves the rotation of the container to us
        return replace(found, orientation=int(image.getexif().get(exif.ORIENTATION, 1)))
    return replace(found, orientation=1) if image.format == "HEIF" else found


def _aspect(image: Image.Image) -> tuple[str, ...]:
    """What is lost of a JPEG file that states a shape of its pixels and no resolution."""
    across, up = image.info.get("jfif_density", (1, 1))
    return (PIXEL_ASPECT,) if image.info.get("jfif_unit") == 0 and across != up else ()


def _checked(contents: Contents) -> Contents:
    """The contents without damaged metadata and without orientation."""
    extras, lost = dict(contents.extras), list(contents.lost)
    orientation = contents.orientation
    if "exif" in extras:
        try:
            block = exif.normal(extras["exif"])
            orientation = orientation or (exif.orientation(block) if block else None)
            if block and "dpi" not in extras and (dots := exif.dpi(block)):
                extras["dpi"] = dots
            extras["exif"] = exif.upright(block) if block else b""
        except ValueError:
            extras["exif"] = b""
            lost.append("the damaged EXIF")
    if "xmp" in extras:
        if orientation is None and (found := _ORIENTATION.search(extras["xmp"])):
            orientation = int(found[1] or found[2])
        extras["xmp"] = _ORIENTATION.sub(b"", extras["xmp"])
    if "icc_profile" in extras and icc_profiles.space(extras["icc_profile"]) is None:
        extras["icc_profile"] = b""
        lost.append("the damaged colour profile")
    if "dpi" in extras and not all(0 < value < 1e6 for value in extras["dpi"]):
        del extras["dpi"]
    kept = {key: value for key, value in extras.items() if value not in (b"", ())}
    return Contents(contents.pixels, kept, tuple(dict.fromkeys(lost)), orientation)


def upright(contents: Contents) -> dict[str, Any]:
    """The metadata for the pixels when they are upright: resolutions of the other axes."""
    edited = dict(contents.extras)
    if is_transposed(contents.orientation):
        if "dpi" in edited:
            edited["dpi"] = edited["dpi"][::-1]
        if "exif" in edited:
            edited["exif"] = exif.transposed(edited["exif"])
    return edited


def resized(extras: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    """The metadata of a picture of `size`, (width, height)."""
    edited = dict(extras)
    if "exif" in edited:
        edited["exif"] = exif.resized(edited["exif"], size)
    if "xmp" in edited:
        for names, side in _XMP_SIZES:
            pattern = rb"((?:" + names + rb")(?:\s*=\s*[\"']|>))\s*[0-9]+"
            edited["xmp"] = re.sub(pattern, rb"\g<1>%d" % size[side], edited["xmp"])
    return edited
