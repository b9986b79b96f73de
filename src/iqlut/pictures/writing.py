"""Encoding of a picture as the bytes of a file."""

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
    """The bytes of a file, and the names of the metadata that it could not keep."""

    data: bytes
    lost: tuple[str, ...] = ()


def encode(name: str, format_name: str, picture: Picture, quality: int | None = None) -> Encoded:
    """Encode a picture as a file of a format in `FORMATS`.

    `name` stands for the file in messages. `quality`, 1 to 100, is ignored if the format has no
    such option. Metadata that is damaged or that the format cannot store is left out, as it must
    not prevent the picture from being written. Raises PictureError if encoding fails.
    """
    limits, picture = FORMATS[format_name], _fitting(format_name, picture)
    extras = {key: value for key, value in picture.extras.items() if key in limits.extras}
    lost = [key for key in picture.extras if key not in limits.extras]
    try:
        return Encoded(_encoded(name, format_name, picture, quality, extras), tuple(lost))
    except Exception:
        damaged = [key for key in extras if not _stores(format_name, key, extras[key])]
    intact = {key: value for key, value in extras.items() if key not in damaged}
    try:
        return Encoded(_encoded(name, format_name, picture, quality, intact), (*lost, *damaged))
    except (OSError, ValueError) as error:
        raise PictureError(
            f"{name} cannot be written as {format_name} ({error}); choose another format with "
            "--format png"
        ) from None


def _stores(format_name: str, key: str, value: Any) -> bool:
    """Whether a picture of one pixel can be saved with this piece of metadata."""
    pixel = Picture((Image.new("RGB", (1, 1)),), format=format_name)
    try:
        _encoded("", format_name, pixel, None, {key: value})
    except Exception:
        return False
    return True


def _fitting(format_name: str, picture: Picture) -> Picture:
    """The picture in a colour mode that the format supports.

    Opaque alpha is dropped, and CMYK is converted to RGB, where the format does not support them.
    """
    limits, extras = FORMATS[format_name], dict(picture.extras)
    frames = []
    for frame in picture.frames:
        fitting = frame
        if isinstance(fitting, Image.Image):
            if not limits.alpha and fitting.mode in ("LA", "RGBA"):
                fitting = fitting.convert(fitting.mode[:-1])
            if not limits.inks and fitting.mode == "CMYK":
                fitting = _from_cmyk(fitting, picture.extras.get("icc_profile"))
                extras.pop("icc_profile", None)  # it describes CMYK
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
    """The metadata as Pillow takes it.

    WebP and AVIF can store the resolution only in the EXIF block.
    """
    if format_name not in ("WEBP", "AVIF"):
        return extras
    exif = metadata.exif_with_dpi(extras)
    others = {key: value for key, value in extras.items() if key not in ("dpi", "exif")}
    return others | ({"exif": exif} if exif else {})


def _animation(
    format_name: str, picture: Picture, quality: int | None, extras: dict[str, Any]
) -> bytes:
    motion = picture.motion
    assert motion is not None
    images = [frame for frame in picture.frames if isinstance(frame, Image.Image)]
    cover, moving = (images[0], images[1:]) if motion.cover else (None, images)
    disposals = gif.drawable(moving, motion.disposals) if format_name == "GIF" else motion.disposals
    boxes = animation.boxes(moving, disposals, even=format_name == "WEBP")
    frames = list(zip(moving, boxes, motion.durations_ms, disposals, strict=True))
    if format_name == "GIF":
        return gif.animation(frames, motion.plays)
    if format_name == "WEBP":
        options = _options(format_name, picture, quality)
        return webp.animation(frames, motion.plays, options, _extras_of(format_name, extras))
    return png.animation(frames, motion.plays, cover, extras)


def _from_cmyk(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert a CMYK image to RGB, with its ICC profile if that is usable."""
    if profile:
        try:
            cmyk = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, cmyk, srgb, outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError):
            pass
    return image.convert("RGB")
