"""A picture as an output format can hold it: colour mode, colour profile and metadata."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from iqlut.pictures import colour_spaces, icc_profiles, jpeg
from iqlut.pictures.formats import FORMATS
from iqlut.pictures.picture import Picture, Pixels

# What each key of `Picture.extras` is called in a note. `colour_spaces` names the others.
_NAMES = {
    "icc_profile": "the colour profile",
    "exif": "EXIF",
    "xmp": "XMP",
    "dpi": "the resolution",
    "photoshop": "the IPTC data (Photoshop)",
    "xmp_extension": "the extended XMP",
    "comments": "the comment",
    "texts": "the PNG texts",
}


def fitted(picture: Picture, format_name: str) -> Picture:
    """The picture with the pixels and the metadata that a file of this format holds.

    Opaque alpha is dropped, and CMYK is converted to RGB, where the format does not support them.
    `lost` names everything that is left out.
    """
    limits, lost = FORMATS[format_name], list(picture.lost)
    extras, more = colour_spaces.fitted(picture.extras, limits.extras, format_name == "JPEG")
    profile = extras.get("icc_profile")
    frames = [_without_opaque_alpha(frame, limits.alpha) for frame in picture.frames]
    if _space(frames[0]) == icc_profiles.CMYK and not limits.inks:
        frames = [_from_cmyk(frame, profile) for frame in frames]
        profile = None  # it describes CMYK
    elif profile is not None and "icc_profile" in limits.extras:
        profile, frames = _with_fitting_profile(profile, frames, limits.gray)
        if profile is None:
            more.append("the colour profile, which does not fit the pixels")
    if profile is None:
        extras.pop("icc_profile", None)
    else:
        extras["icc_profile"] = profile
    lost += [*more, *(_NAMES[key] for key in extras if key not in limits.extras)]
    held = {key: value for key, value in extras.items() if key in limits.extras}
    if format_name == "JPEG":
        for key in [key for key, value in held.items() if not jpeg.holds(key, value)]:
            lost.append(f"{_NAMES[key]} of {len(held.pop(key)):,} bytes")
    return replace(picture, frames=tuple(frames), extras=held, lost=tuple(dict.fromkeys(lost)))


def name_of(key: str) -> str:
    """What a key of `Picture.extras` is called in a note."""
    return _NAMES.get(key, "the colour space")


def _space(pixels: Pixels) -> str:
    """The colour space of pixels as profiles name it."""
    if isinstance(pixels, Image.Image):
        channels = {"L": 1, "LA": 2, "CMYK": 5}.get(pixels.mode, 3)
    else:
        channels = pixels.shape[2] if pixels.ndim == 3 else 1
    return {1: icc_profiles.GRAY, 2: icc_profiles.GRAY, 5: icc_profiles.CMYK}.get(
        channels, icc_profiles.RGB
    )


def _with_fitting_profile(
    profile: bytes, frames: list[Pixels], has_gray: bool
) -> tuple[bytes | None, list[Pixels]]:
    """A profile for the pixels as they are written, or None, and the pixels that it fits."""
    stated, written = icc_profiles.space(profile), _space(frames[0])
    if written == icc_profiles.GRAY and not has_gray:
        written = icc_profiles.RGB  # the encoder writes gray pixels as RGB
    if stated == written:
        return profile, frames
    if (stated, written) == (icc_profiles.GRAY, icc_profiles.RGB):
        return icc_profiles.for_rgb(profile), frames
    if (stated, written) == (icc_profiles.RGB, icc_profiles.GRAY):
        gray = icc_profiles.for_gray(profile)
        return (gray, frames) if gray else (profile, [_gray_as_rgb(frame) for frame in frames])
    return None, frames


def _gray_as_rgb(pixels: Pixels) -> Pixels:
    """Gray pixels as RGB pixels that look the same."""
    if isinstance(pixels, Image.Image):
        return pixels.convert("RGBA" if pixels.mode == "LA" else "RGB")
    planes = pixels[:, :, None] if pixels.ndim == 2 else pixels
    return np.concatenate([planes[:, :, :1]] * 3 + [planes[:, :, 1:]], axis=2)


def _without_opaque_alpha(pixels: Pixels, has_alpha: bool) -> Pixels:
    """The pixels without alpha if the format has none; `formats` has refused any that is seen."""
    if has_alpha:
        return pixels
    if isinstance(pixels, Image.Image):
        return pixels.convert(pixels.mode[:-1]) if pixels.mode in ("LA", "RGBA") else pixels
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        return pixels[:, :, 0] if pixels.shape[2] == 2 else pixels[:, :, :3]
    return pixels


def _from_cmyk(pixels: Pixels, profile: Any) -> Pixels:
    """Convert a CMYK image to RGB, with its ICC profile if that is usable."""
    assert isinstance(pixels, Image.Image)
    if profile:
        try:
            cmyk = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(pixels, cmyk, srgb, outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError):
            pass
    return pixels.convert("RGB")
