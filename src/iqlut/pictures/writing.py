"""A picture to the bytes of a file."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from iqlut.errors import PictureError
from iqlut.pictures import animation, gif, metadata, png, sixteen_bit_files, tiff, webp
from iqlut.pictures.formats import FORMATS
from iqlut.pictures.picture import Picture

_LOSSLESS_WEBP = {"lossless": True, "exact": True}


@dataclass(frozen=True)
class Encoded:
    """The bytes of a file, and the names of what it could not keep besides the pixels."""

    data: bytes
    lost: tuple[str, ...] = ()


def encode(name: str, format_name: str, picture: Picture, quality: int | None = None) -> Encoded:
    """The bytes of a file of that format; `quality` counts only where the format has one.

    Metadata that the format cannot hold, or that is damaged, is left out: it never costs the picture.
    """
    limits, picture = FORMATS[format_name], _fitting(format_name, picture)
    extras = {key: value for key, value in picture.extras.items() if key in limits.extras}
    lost = [key for key in picture.extras if key not in limits.extras]
    try:
        return Encoded(_encoded(name, format_name, picture, quality, extras), tuple(lost))
    except Exception:
        damaged = [key for key in extras if not _stores(format_name, key, extras[key])]
    sound = {key: value for key, value in extras.items() if key not in damaged}
    try:
        return Encoded(_encoded(name, format_name, picture, quality, sound), (*lost, *damaged))
    except (OSError, ValueError) as error:
        sentence = (
            f"{name} cannot be written as {format_name} ({error}); take another with --format png"
        )
        raise PictureError(sentence) from None


def _stores(format_name: str, key: str, value: Any) -> bool:
    """Whether one picture, of a pixel, can be saved with this part of the metadata."""
    pixel = Picture((Image.new("RGB", (1, 1)),), format=format_name)
    try:
        _encoded("", format_name, pixel, None, {key: value})
    except Exception:
        return False
    return True


def _fitting(format_name: str, picture: Picture) -> Picture:
    """The picture in a mode that the format has: without opaque alpha, without inks."""
    limits, extras = FORMATS[format_name], dict(picture.extras)
    frames = []
    for frame in picture.frames:
        fitting = frame
        if isinstance(fitting, Image.Image):
            if not limits.alpha and fitting.mode in ("LA", "RGBA"):
                fitting = fitting.convert(fitting.mode[:-1])
            if not limits.inks and fitting.mode == "CMYK":
                fitting = _from_cmyk(fitting, picture.extras.get("icc_profile"))
                extras.pop("icc_profile", None)  # it speaks of inks
        frames.append(fitting)
    return Picture(tuple(frames), extras, picture.format, picture.lossy, picture.motion)


def _encoded(
    name: str, format_name: str, picture: Picture, quality: int | None, extras: dict[str, Any]
) -> bytes:
    first = picture.frames[0]
    if format_name == "TIFF":
        inks = isinstance(first, Image.Image) and first.mode == "CMYK"
        return tiff.encode(np.array(first), inks, extras)
    if picture.motion:
        return _animation(format_name, picture, quality, extras)
    if not isinstance(first, Image.Image):
        return png.with_metadata(sixteen_bit_files.encode_png(name, first), extras)
    if format_name == "PNG":
        return png.saved(first, extras)
    file, options = io.BytesIO(), _options(format_name, picture, quality)
    if format_name == "GIF" and first.mode != "L":
        first, transparent = gif.in_palette(first)
        options |= {} if transparent is None else {"transparency": transparent}
    first.save(file, format_name, **options, **_extras_of(format_name, extras))
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
    """As Pillow wants them; WebP and AVIF have no place for the resolution but EXIF."""
    if format_name not in ("WEBP", "AVIF"):
        return extras
    exif = metadata.exif_with_dpi(extras)
    others = {key: value for key, value in extras.items() if key not in ("dpi", "exif")}
    return others | ({"exif": exif} if exif else {})


def _animation(
    format_name: str, picture: Picture, quality: int | None, extras: dict[str, Any]
) -> bytes:
    how = picture.motion
    assert how is not None
    images = [frame for frame in picture.frames if isinstance(frame, Image.Image)]
    cover, moving = (images[0], images[1:]) if how.cover else (None, images)
    disposals = gif.drawable(moving, how.disposals) if format_name == "GIF" else how.disposals
    boxes = animation.boxes(moving, disposals, even=format_name == "WEBP")
    frames = list(zip(moving, boxes, how.durations_ms, disposals, strict=True))
    if format_name == "GIF":
        return gif.animation(frames, how.plays)
    if format_name == "WEBP":
        options = _options(format_name, picture, quality)
        return webp.animation(frames, how.plays, options, _extras_of(format_name, extras))
    return png.animation(frames, how.plays, cover, extras)


def _from_cmyk(image: Image.Image, profile: bytes | None) -> Image.Image:
    """CMYK to RGB, by its profile where that works."""
    if profile:
        try:
            inks, screen = (
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
            )
            converted = ImageCms.profileToProfile(image, inks, screen, outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError):
            pass
    return image.convert("RGB")
