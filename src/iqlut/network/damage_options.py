"""The options of `[degrade]`: how low-resolution patches are made and damaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from iqlut.network.option_types import BadConfig, Filter, Share
from iqlut.tables import strengths

_FourNoises = tuple[Annotated[float, Meta(ge=0, le=100), "gray levels"], ...]
_FourQualities = tuple[Annotated[float, Meta(ge=1, le=100), "libjpeg quality"], ...]
_FourFactors = tuple[Annotated[float, Meta(ge=0, le=51), "constant rate factor"], ...]


@dataclass(frozen=True)
class DegradeConfig:
    """How low-resolution patches are made and damaged (`training/patch_damage.py`).

    A severity is given by four numbers, for the strengths 0, 1, 2 and 3, and interpolated linearly
    between them. A model with `model.strengths` is trained at all of its strengths, any other one
    at `strength`. By default a patch is made by MATLAB's bicubic filter and is not damaged.
    """

    filters: tuple[Filter, ...] = ("bicubic",)
    """Filters that make low-resolution planes. "blurred" blurs slightly, then applies one of the
    others.
    """

    filter_shares: tuple[Share, ...] = (1.0,)
    """Share of the patches for each filter; the sum is 1."""

    strength: Annotated[float, Meta(ge=0, le=strengths.STRENGTH_MAX)] = 0.0
    """Restoration strength of a model without model.strengths."""

    spread: Share = 0.3
    """Share of the strength by which that of a single patch may be lower or higher."""

    noise_share: Share = 0.0
    """Share of the patches that get noise only."""

    jpeg_share: Share = 0.0
    """Share of the patches that are JPEG-compressed only."""

    noise_jpeg_share: Share = 0.0
    """Share of the patches that get noise and are then JPEG-compressed."""

    codec_share: Share = 0.0
    """Share of the patches that are frames of H.264 or H.265 (needs PyAV). Half of them get noise
    before they are encoded.
    """

    noise_sigma: _FourNoises = (0.0, 5.0, 11.0, 20.0)
    """Standard deviation of the noise at the strengths 0 to 3."""

    jpeg_quality: _FourQualities = (97.0, 70.0, 35.0, 10.0)
    """JPEG quality at the strengths 0 to 3."""

    codec_crf: _FourFactors = (14.0, 22.0, 29.0, 37.0)
    """Constant rate factor of x264 and x265 at the strengths 0 to 3."""

    signal_noise_share: Share = 0.3
    """Share of the noise whose variance grows with the signal, as a sensor's does."""

    colour_share: Share = 0.3
    """Share of the JPEGs that are in colour, half 4:2:0 and half 4:4:4. The others are gray."""

    twice_share: Share = 0.15
    """Share of the JPEGs that are encoded a second time, with the blocks in another position."""

    graphics_share: Share = 0.0
    """Share of all patches that are drawn graphics: text, boxes, lines and charts."""

    graphics: Annotated[int, Meta(ge=1, le=100_000), "pictures"] = 600
    """How many pictures of graphics are drawn."""

    def __post_init__(self) -> None:
        total = self.noise_share + self.jpeg_share + self.noise_jpeg_share + self.codec_share
        if total > 1 + 1e-9:
            raise BadConfig(
                f"degrade: the shares of damage sum to {total:g}, expected a sum of at most 1; "
                "lower one of them"
            )
        if len(self.filters) != len(self.filter_shares) or abs(sum(self.filter_shares) - 1) > 1e-6:
            raise BadConfig(
                f"degrade.filter_shares is {list(self.filter_shares)} for {len(self.filters)} "
                "filters, expected one share for each of degrade.filters, with the sum 1; correct "
                "the list"
            )
        for name in ("noise_sigma", "jpeg_quality", "codec_crf"):
            if len(getattr(self, name)) != 4:
                raise BadConfig(
                    f"degrade.{name} has {len(getattr(self, name))} values, expected four numbers, "
                    "for the strengths 0 to 3; correct the list"
                )
