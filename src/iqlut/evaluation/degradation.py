"""Degradations that make a small, damaged image from a large one: downscaling, blur, noise, JPEG.

Evaluation uses them by name (`parse`, `Degradation`), and training combines the functions. Planes
are uint8 (h, w). Random numbers come from the generator that is passed, so that the same seed gives
the same samples. The samples of a JPEG also depend on the version of libjpeg.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from iqlut.errors import InvalidArgument
from iqlut.planes import resize
from iqlut.planes.downscaler_names import DOWNSCALERS

FILTERS = {name: Image.Resampling[name.upper()] for name in DOWNSCALERS if name != "bicubic"}
SUBSAMPLINGS = {"4:4:4": 0, "4:2:0": 2}  # as numbered by Pillow
NOISE_SIGMA_MAX = 100.0
_ENCODED = ("JPEG",)


def downscale(plane: np.ndarray, scale: int, how: str = "bicubic") -> np.ndarray:
    """Downscale a plane, whose sides are multiples of `scale`, by one of DOWNSCALERS."""
    h, w = plane.shape[0] // scale, plane.shape[1] // scale
    if how == "bicubic":
        return resize.resize(plane, h, w)
    return np.asarray(Image.fromarray(plane).resize((w, h), FILTERS[how]))


def blur(plane: np.ndarray, sigma_px: float) -> np.ndarray:
    """Blur a plane by Pillow's approximation of a Gaussian, which is three box filters."""
    return np.asarray(Image.fromarray(plane).filter(ImageFilter.GaussianBlur(sigma_px)))


def add_noise(
    plane: np.ndarray, sigma: float, rng: np.random.Generator, signal_part: float = 0.0
) -> np.ndarray:  # fmt: skip
    """Add Gaussian noise of the standard deviation `sigma`, in gray levels, then round and clip.

    The fraction `signal_part` (0 to 1) of the variance is proportional to luma, as photon noise is.
    At luma 128 the variance is `sigma**2` for any fraction.
    """
    noise = rng.standard_normal(plane.shape, dtype=np.float32) * np.float32(sigma)
    if signal_part:
        noise *= np.sqrt(1 - signal_part + signal_part / 128 * plane.astype(np.float32))
    return (plane + noise + 0.5).clip(0, 255).astype(np.uint8)


def jpeg(plane: np.ndarray, quality: int) -> np.ndarray:
    """Encode a plane as a gray JPEG and decode it. `quality` is that of libjpeg, 1 to 100."""
    file = io.BytesIO()
    Image.fromarray(plane).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file, formats=_ENCODED))


def colour_jpeg(planes: np.ndarray, quality: int, subsampling: str) -> np.ndarray:
    """Encode Y, Cb and Cr, uint8 (3, h, w), as a JPEG and return its luma, uint8 (h, w).

    The JPEG is decoded to RGB, from which luma is computed.
    """
    file = io.BytesIO()
    colours = Image.merge("YCbCr", [Image.fromarray(plane) for plane in planes])
    colours.save(file, "JPEG", quality=quality, subsampling=SUBSAMPLINGS[subsampling])
    return np.asarray(Image.open(file, formats=_ENCODED).convert("RGB").convert("L"))


@dataclass(frozen=True)
class Degradation:
    """The degradation of an image in evaluation: a downscaler, then noise, then JPEG.

    name        the text that `parse` reads
    downscaler  one of DOWNSCALERS
    sigma       the standard deviation of the noise in gray levels; 0 is no noise
    quality     the JPEG quality, 1 to 100; 0 is no JPEG
    """

    name: str
    downscaler: str = "bicubic"
    sigma: float = 0.0
    quality: int = 0

    def apply(self, luma: np.ndarray, scale: int, seed: int) -> np.ndarray:
        """Downscale and damage a plane whose sides are multiples of `scale`."""
        low = downscale(luma, scale, self.downscaler)
        if self.sigma:
            low = add_noise(low, self.sigma, np.random.default_rng(seed))
        return jpeg(low, self.quality) if self.quality else low


CLEAN = Degradation("clean")


def parse(name: str) -> Degradation:
    """Parse the name of a degradation.

    This is "clean", or parts joined by "+", each of which is a downscaler, `noise:SIGMA` or
    `jpeg:QUALITY`. Raises InvalidArgument for an unknown part, a value out of range, or two parts
    of one kind.
    """
    values: dict[str, str | float | int] = {}
    for part in name.split("+") if name != CLEAN.name else ():
        kind, _, value = part.partition(":")
        if kind in DOWNSCALERS and not value:
            key, parsed = "downscaler", kind
        elif kind == "noise":
            key, parsed = "sigma", _number(part, value, 0, NOISE_SIGMA_MAX)
        elif kind == "jpeg":
            key, parsed = "quality", round(_number(part, value, 1, 100))
        else:
            known = ", ".join(("clean", *DOWNSCALERS, "noise:SIGMA", "jpeg:QUALITY"))
            raise InvalidArgument(
                f"there is no degradation {part!r}, expected one of {known}; "
                "join several of them with +"
            )
        if key in values:
            raise InvalidArgument(
                f"the degradation {name!r} has two downscalers, two noises or two jpegs, expected "
                "each kind once; leave one of them out"
            )
        values[key] = parsed
    return Degradation(name, **values)  # type: ignore[arg-type]


def _number(part: str, value: str, least: float, most: float) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise InvalidArgument(
            f"the degradation {part!r} has no valid value, expected a number from {least:g} to "
            f"{most:g}; change the value after the colon"
        )
    return number
