"""Encoding of a picture as the bytes of a file."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from iqlut.errors import PictureError
from iqlut.pictures import (
    animation,
    exif,
    fitting,
    gif,
    heif_boxes,
    jpeg,
    metadata,
    png,
    png_metadata,
    sixteen_bit_files,
    tiff,
    webp,
)
from iqlut.pictures.formats import FORMATS
from iqlut.pictures.picture import Picture, Pixels

_LOSSLESS_WEBP = {"lossless": True, "exact": True}


@dataclass(frozen=True)
class Encoded:
    """The bytes of a file, and phrases for what it could not keep of its source."""

    data: bytes
    lost: tuple[str, ...] = ()


def encode(name: str, format_name: str, picture: Picture, quality: int | None = None) -> Encoded:
    """Encode a picture as a file of a format in `FORMATS`.

    `name` stands for the file in messages. `quality`, 1 to 100, is ignored if the format has no
    such option. Metadata that the format or its encoder cannot store is left out, as it must not
    prevent the picture from being written. Raises PictureError if encoding fails.
    """
    picture = fitting.fitted(picture, format_name)
    extras, lost = metadata.resized(picture.extras, picture.size), picture.lost
    try:
        return Encoded(_encoded(name, format_name, picture, quality, extras), lost)
    except Exception:
        refused = [key for key in extras if not _stores(format_name, key, extras[key])]
    intact = {key: value for key, value in extras.items() if key not in refused}
    try:
        data = _encoded(name, format_name, picture, quality, intact)
    except (OSError, ValueError, RuntimeError) as error:  # the last by pillow-heif
        raise PictureError(
            f"{name} cannot be written as {format_name} ({error}); choose another format with "
            "--format png"
        ) from None
    return Encoded(data, (*lost, *map(fitting.name_of, refused)))


def _stores(format_name: str, key: str, value: Any) -> bool:
    """Whether a picture of one pixel can be saved with this piece of metadata."""
    pixel = Picture((Image.new("RGB", (1, 1)),), format=format_name)
    try:
        _encoded("", format_name, pixel, None, {key: value})
    except Exception:
        return False
    return True


def _encoded(
    name: str, format_name: str, picture: Picture, quality: int | None, extras: dict[str, Any]
) -> bytes:
    first = picture.frames[0]
    if format_name == "TIFF":
        inks = isinstance(first, Image.Image) and first.mode == "CMYK"
        return tiff.encode(np.asarray(first), inks, extras)
    if picture.motion:
        return _animation(format_name, picture, quality, extras)
    if format_name == "PNG":
        pixels = (
            sixteen_bit_files.encode_png(name, np.asarray(first))
            if picture.bits > 8
            else png.saved(_as_image(first))
        )
        return png.with_metadata(pixels, png_metadata.metadata_chunks(extras))
    options = _options(format_name, picture, quality)
    if format_name == "JPEG":
        return jpeg.encoded(np.asarray(first), options, extras)
    return _by_pillow(format_name, _as_image(first), options, extras)


def _as_image(pixels: Pixels) -> Image.Image:
    return pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)


def _by_pillow(
    format_name: str, image: Image.Image, options: dict[str, Any], extras: dict[str, Any]
) -> bytes:
    file = io.BytesIO()
    if format_name == "GIF":
        options |= {"comment": b"\n".join(extras["comments"])} if "comments" in extras else {}
        if image.mode != "L":
            image, transparent = gif.in_palette(image)
            options |= {} if transparent is None else {"transparency": transparent}
    image.save(file, format_name, **options, **_extras_of(format_name, extras))
    if "cicp" in extras:
        return heif_boxes.with_colour_space(file.getvalue(), extras["cicp"])
    return file.getvalue()


def _options(format_name: str, picture: Picture, quality: int | None) -> dict[str, Any]:
    if format_name == "WEBP" and not picture.lossy and quality is None:
        return dict(_LOSSLESS_WEBP)
    options = dict(FORMATS[format_name].options)
    return (
        options | {"quality": quality}
        if quality is not None and FORMATS[format_name].quality
        else options
    )


def _extras_of(format_name: str, extras: dict[str, Any]) -> dict[str, Any]:
    """The metadata as Pillow takes it.

    WebP, AVIF and HEIF can store the resolution only in the EXIF block.
    """
    given = {key: extras[key] for key in ("icc_profile", "exif", "xmp", "dpi") if key in extras}
    if format_name in ("WEBP", "AVIF", "HEIF") and "dpi" in given:
        given["exif"] = exif.with_dpi(given.get("exif", b""), given.pop("dpi"))
    return given


def _animation(
    format_name: str, picture: Picture, quality: int | None, extras: dict[str, Any]
) -> bytes:
    motion = picture.motion
    assert motion is not None
    images = [_as_image(frame) for frame in picture.frames]
    cover, moving = (images[0], images[1:]) if motion.cover else (None, images)
    disposals = gif.drawable(moving, motion.disposals) if format_name == "GIF" else motion.disposals
    boxes = animation.boxes(moving, disposals, even=format_name == "WEBP")
    frames = list(zip(moving, boxes, motion.durations_ms, disposals, strict=True))
    if format_name == "GIF":
        return gif.animation(frames, motion.plays, extras.get("comments", ()))
    if format_name == "WEBP":
        options = _options(format_name, picture, quality)
        return webp.animation(frames, motion.plays, options, _extras_of(format_name, extras))
    return png.animation(frames, motion.plays, cover, png_metadata.metadata_chunks(extras))
