"""Degradations: how a small, damaged picture comes about. Downscaling by several filters, noise, JPEG.

For evaluation (`parse`, `Degradation`) and as the parts that training damages patches with (`train/degrade.py`).
Planes are uint8 (h, w). Randomness comes from the generator that is passed in, so the same seed gives the same samples
(JPEG: with the same libjpeg).
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from iqlut.planes import resize
from iqlut.planes.downscaler_names import DOWNSCALERS

FILTERS = {name: Image.Resampling[name.upper()] for name in DOWNSCALERS if name != "bicubic"}
SUBSAMPLINGS = {"4:4:4": 0, "4:2:0": 2}  # Pillow's numbers
NOISE_SIGMA_MAX = 100.0


def downscale(plane: np.ndarray, scale: int, how: str = "bicubic") -> np.ndarray:
    """A plane, sides multiples of `scale`, made `scale` times smaller by one of DOWNSCALERS."""
    h, w = plane.shape[0] // scale, plane.shape[1] // scale
    if how == "bicubic":
        return resize.resize(plane, h, w)
    return np.asarray(Image.fromarray(plane).resize((w, h), FILTERS[how]))


def blur(plane: np.ndarray, sigma_px: float) -> np.ndarray:
    """A plane after a Gaussian blur (Pillow's, three box filters)."""
    return np.asarray(Image.fromarray(plane).filter(ImageFilter.GaussianBlur(sigma_px)))


def add_noise(
    plane: np.ndarray, sigma: float, rng: np.random.Generator, signal_part: float = 0.0
) -> np.ndarray:  # fmt: skip
    """A plane with Gaussian noise of standard deviation `sigma`, in grey levels, rounded and clipped.

    `signal_part` (0 to 1) of the variance grows with the luma (photon noise), so that it is the same at luma 128.
    """
    noise = rng.standard_normal(plane.shape, dtype=np.float32) * np.float32(sigma)
    if signal_part:
        noise *= np.sqrt(1 - signal_part + signal_part / 128 * plane.astype(np.float32))
    return (plane + noise + 0.5).clip(0, 255).astype(np.uint8)


def jpeg(plane: np.ndarray, quality: int) -> np.ndarray:
    """A plane after a gray JPEG of this quality (libjpeg's scale)."""
    file = io.BytesIO()
    Image.fromarray(plane).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def colour_jpeg(planes: np.ndarray, quality: int, subsampling: str) -> np.ndarray:
    """The luma of a colour JPEG: Y, Cb and Cr, uint8 (3, h, w), to uint8 (h, w) by way of RGB."""
    file = io.BytesIO()
    colours = Image.merge("YCbCr", [Image.fromarray(plane) for plane in planes])
    colours.save(file, "JPEG", quality=quality, subsampling=SUBSAMPLINGS[subsampling])
    return np.asarray(Image.open(file).convert("RGB").convert("L"))


@dataclass(frozen=True)
class Degradation:
    """What is done to an image in evaluation: a downscaler, then noise, then JPEG; `sigma` 0 and `quality` 0: none.

    `name` is what `parse` made it of.
    """

    name: str
    downscaler: str = "bicubic"
    sigma: float = 0.0
    quality: int = 0

    def apply(self, luma: np.ndarray, scale: int, seed: int) -> np.ndarray:
        """The small damaged plane of a plane whose sides are multiples of `scale`."""
        low = downscale(luma, scale, self.downscaler)
        if self.sigma:
            low = add_noise(low, self.sigma, np.random.default_rng(seed))
        return jpeg(low, self.quality) if self.quality else low


CLEAN = Degradation("clean")


def parse(name: str) -> Degradation:
    """The degradation of a name: parts joined by "+", each a downscaler, `noise:SIGMA` or `jpeg:QUALITY`, or "clean".

    ValueError for an unknown part, a value out of range, a part said twice.
    """
    values: dict[str, str | float | int] = {}
    for part in name.split("+") if name != CLEAN.name else ():
        word, _, value = part.partition(":")
        if word in DOWNSCALERS and not value:
            key, parsed = "downscaler", word
        elif word == "noise":
            key, parsed = "sigma", _number(part, value, 0, NOISE_SIGMA_MAX)
        elif word == "jpeg":
            key, parsed = "quality", round(_number(part, value, 1, 100))
        else:
            known = ", ".join(("clean", *DOWNSCALERS, "noise:SIGMA", "jpeg:QUALITY"))
            raise ValueError(
                f"there is no degradation {part!r}; expected {known}, or several joined by +"
            )
        if key in values:
            raise ValueError(
                f"{name!r} says {word} twice or two downscalers; expected each kind once"
            )
        values[key] = parsed
    return Degradation(name, **values)  # type: ignore[arg-type]


def _number(part: str, value: str, least: float, most: float) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise ValueError(
            f"the degradation {part!r} has no legal value; expected a number from {least:g} to {most:g}"
        )
    return number
