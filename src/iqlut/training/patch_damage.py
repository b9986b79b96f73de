"""The damage of training patches (`[degrade]` of a configuration), drawn anew for each patch.

The damage of a patch depends only on the seed, the step and the position in the batch, so that a
resumed run repeats it exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iqlut.evaluation import degradation
from iqlut.network.configuration import DegradeConfig
from iqlut.tables.strengths import STRENGTH_MAX

JPEG_BLOCK_PX = 8
_SIGNAL_PART = (0.4, 1.0)  # range of the share of the noise variance that grows with the signal
_CODECS = ("h264", "hevc")
_HEVC_SHARE = 0.08  # of the patches of codecs; small because the encoder is slow
_MOTION_PX = 3.0  # the largest motion between two frames of a clip, in each direction
_BLUR_SIGMA = (0.1, 0.45)  # range, in low-resolution pixels


@dataclass(frozen=True)
class PatchDamage:
    """The damage of one patch. A value of 0, or an empty one, means that this damage is absent.

    `filter` is the index of a filter in `DegradeConfig.filters`.
    """

    filter: int
    sigma: float = 0.0
    signal_part: float = 0.0
    qualities: tuple[int, ...] = ()  # of the JPEG encodings, one after the other
    subsampling: str = ""  # of a JPEG in colour; empty for a grey one
    codec: str = ""
    crf: float = 0.0
    grid: tuple[int, int] = (0, 0)  # pixels above and left of the patch where a JPEG block begins
    second_grid: tuple[int, int] = (0, 0)
    motion: tuple[int, int] = (0, 0)  # pixels downwards and to the right between two frames


def draw(config: DegradeConfig, strength: float, rng: np.random.Generator) -> PatchDamage:
    """Draw the damage of a patch for a restoration strength."""
    filter_number = int(rng.choice(len(config.filters), p=config.filter_shares))
    shares = (config.noise_share, config.jpeg_share, config.noise_jpeg_share, config.codec_share)
    kind = np.searchsorted(np.cumsum(shares), rng.random())
    if strength == 0 or kind == 4:
        return PatchDamage(filter_number)
    severity = float(
        min(strength * rng.uniform(1 - config.spread, 1 + config.spread), STRENGTH_MAX)
    )
    if kind == 0:
        return PatchDamage(filter_number, *_noise(config, severity, rng))
    if kind == 1:
        return PatchDamage(filter_number, **_jpeg(config, severity, rng))
    noise = _noise(config, severity * float(rng.uniform(0.3, 1)), rng)
    if kind == 2:
        return PatchDamage(
            filter_number, *noise, **_jpeg(config, severity * float(rng.uniform(0.3, 1)), rng)
        )
    motion = rng.uniform(-_MOTION_PX, _MOTION_PX, 2).round().astype(int).tolist()
    sigma, signal_part = noise if rng.random() < 0.5 else (0.0, 0.0)
    crf = at_strength(config.codec_crf, severity)
    codec = _CODECS[int(rng.random() < _HEVC_SHARE)]
    return PatchDamage(
        filter_number, sigma, signal_part, codec=codec, crf=crf, motion=(motion[0], motion[1])
    )


def at_strength(four: Sequence[float], strength: float) -> float:
    """Interpolate a severity that is given for the strengths 0, 1, 2 and 3."""
    return float(np.interp(strength, range(4), four))


def _noise(config: DegradeConfig, severity: float, rng: np.random.Generator) -> tuple[float, float]:
    """The sigma of the noise, and the share of its variance that grows with the signal."""
    signal_part = (
        float(rng.uniform(*_SIGNAL_PART)) if rng.random() < config.signal_noise_share else 0.0
    )
    return at_strength(config.noise_sigma, severity), signal_part


def _jpeg(config: DegradeConfig, severity: float, rng: np.random.Generator) -> dict:
    """Draw the fields of `PatchDamage` that describe JPEG."""
    quality = round(at_strength(config.jpeg_quality, severity))
    qualities = (quality,)
    if rng.random() < config.twice_share:
        qualities = (min(quality + int(rng.integers(0, 30)), 98), quality)
    subsampling = (
        str(rng.choice(tuple(degradation.SUBSAMPLINGS)))
        if rng.random() < config.colour_share
        else ""
    )
    grids = rng.integers(0, JPEG_BLOCK_PX, 4).tolist()
    return {
        "qualities": qualities,
        "subsampling": subsampling,
        "grid": tuple(grids[:2]),
        "second_grid": tuple(grids[2:]),
    }


@dataclass(frozen=True)
class PatchPlace:
    """The place of a patch: its planes, its top left corner and its side, in pixels.

    `planes` is uint8 (1, h, w) or (3, h, w): luma, downscaled by the filter of the patch, and Cb
    and Cr if there are any.
    """

    planes: np.ndarray
    y: int
    x: int
    side: int


def apply(damage: PatchDamage, place: PatchPlace, rng: np.random.Generator) -> np.ndarray:
    """The luma of a patch after noise and JPEG, uint8 (side, side).

    The codec is not applied here: `codec_damage.encoded` does so for all patches of a step.
    """
    if not damage.sigma and not damage.qualities:
        return place.planes[0, place.y : place.y + place.side, place.x : place.x + place.side]
    around = JPEG_BLOCK_PX if damage.qualities else 0
    top, left = max(0, place.y - damage.grid[0]), max(0, place.x - damage.grid[1])
    y, x = place.y - top, place.x - left
    region = place.planes[
        :, top : place.y + place.side + around, left : place.x + place.side + around
    ]
    luma = region[0]
    if damage.sigma:
        luma = degradation.add_noise(luma, damage.sigma, rng, damage.signal_part)
    for number, quality in enumerate(damage.qualities):
        if number:  # the image is cropped a little between two encodings
            dy, dx = (min(a, b) for a, b in zip(damage.second_grid, (y, x), strict=True))
            luma, region, y, x = luma[dy:, dx:], region[:, dy:, dx:], y - dy, x - dx
        if damage.subsampling:
            luma = degradation.colour_jpeg(
                np.stack([luma, *region[1:]]), quality, damage.subsampling
            )
        else:
            luma = degradation.jpeg(np.ascontiguousarray(luma), quality)
    return luma[y : y + place.side, x : x + place.side]


def low_resolution(plane: np.ndarray, scale: int, how: str, rng: np.random.Generator) -> np.ndarray:
    """Downscale a plane by the filter `how`, one of `configuration.FILTERS`.

    "blurred" draws a blur and then another filter to follow it.
    """
    if how != "blurred":
        return degradation.downscale(plane, scale, how)
    sigma_px = scale * float(rng.uniform(*_BLUR_SIGMA))
    return degradation.downscale(
        degradation.blur(plane, sigma_px), scale, str(rng.choice(degradation.DOWNSCALERS))
    )
